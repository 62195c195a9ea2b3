"""Time in a pool never runs backwards, and a jump of the store's clock ends nobody's call."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from config.clock import VirtualClock
from config.errors import Refused
from router.agents import CsoState
from router.events import Event
from router.store.acd import Acd
from router.store.audit import audit
from router.store.wire import Wire
from tests.fixtures.clock import START
from tests.fixtures.router import RULES, Pool
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def put_right(real: Pool, first: str) -> int:
    """The verb that comes first after the jump, then a sweep; answers the instant after it."""
    if first == "arrival":
        await real.arrives("c0000000777", ani="+628110000777")
    elif first == "boot":
        wire = Wire(real.acd._url)
        await wire.call("HDEL", f"suar:{{{real.acd.pool}}}:pool", "run")
        wire.close()
        await real.acd.boot()
    await real.acd.sweep()
    await real.acd.sweep()
    return (await real.acd.snapshot()).at


async def instants(pool: Pool, suffix: str) -> dict[str, float]:
    wire = Wire(pool.acd._url)
    flat = await wire.call("ZRANGE", f"suar:{{{pool.acd.pool}}}{suffix}", 0, -1, "WITHSCORES")
    wire.close()
    return {str(name): float(at) for name, at in zip(flat[::2], flat[1::2], strict=True)}


FIRST = pytest.mark.parametrize("first", ["sweep", "arrival", "boot"])


@FIRST
async def test_nothing_stays_an_hour_away_whichever_verb_comes_first(real: Pool, ahead: Pool, first: str) -> None:
    """Offers, wrap-ups, consultations, callbacks to be tried again, partners and the telephone outside."""
    await ahead.talks("c0000000001", "cso1")
    await ahead.acd.ended("c0000000001", by="caller")
    ahead.later(10)
    talk = await ahead.talks("c0000000002", "cso2")
    await ahead.ready("cso3")
    await ahead.acd.consult("c0000000002", talk.token, cso="cso3", cmd="consult")
    await ahead.waits("c0000000003")
    await ahead.acd.call_back("c0000000003", number="+6281100000003", cmd="cb")
    await ahead.ready("cso4")
    offer = await ahead.offered()
    await ahead.acd.answered(offer.call, offer.token, leg="leg4")
    await ahead.acd.unreached(offer.call, offer.token, reason="busy")
    await ahead.waits("c0000000005", "keluhan")
    await ahead.ready("cso5", "keluhan")
    await ahead.offered()
    await ahead.acd.ask_state("cso4", CsoState.PAUSED)
    ahead.later(5)
    await ahead.waits("c0000000006")
    await ahead.waits("c0000000007", "darurat", emergency=True)
    await ahead.acd.promise("c0000000006", low_ms=60_000, high_ms=120_000, cmd="promise")
    await ahead.acd.sweep()
    await real.told()
    now = await put_right(real, first)
    assert set(await instants(real, ":offers")) == {"c0000000005"}
    for suffix in (":offers", ":guests"):
        assert max((await instants(real, suffix)).values()) <= now + 6_000
    assert 0 < (await instants(real, ":wrapups"))["cso1"] - now <= 30_000, "it begins again"
    retry = (await instants(real, ":scheduled"))["c0000000003"] - now
    assert 240_000 < retry <= 295_100, "five minutes, of which five seconds have passed"
    assert 0 < (await instants(real, ":due:gangguan@asterisk"))["c0000000006"] - now <= 180_000
    assert 0 < (await instants(real, ":due:darurat@asterisk"))["c0000000007"] - now <= 20_000
    waiting = await real.call("c0000000006")
    assert waiting.arrived <= now
    assert waiting.promised_until - now <= 120_000
    assert await audit(real.acd._url, real.acd.pool) == []
    assert Event.CLOCK in await real.events() or first == "boot"


@FIRST
async def test_who_waited_when_the_clock_was_put_right_is_not_behind_who_comes_now(
    real: Pool, ahead: Pool, first: str
) -> None:
    await ahead.ready("cso1")
    await ahead.ready("cso2")
    await ahead.acd.ask_state("cso1", CsoState.PAUSED)
    await ahead.acd.ask_state("cso1", CsoState.READY)
    ahead.later(20)
    await ahead.waits("c0000000001", "keluhan")
    await ahead.waits("c0000000002")
    await ahead.acd.sweep()
    await put_right(real, first)
    await real.arrives("c0000000003")
    await real.acd.enqueue("c0000000003", queue="gangguan", cmd="now")
    await real.ready("cso3")
    offers = [await real.offered() for _ in range(2)]
    assert [(offer.call, offer.cso) for offer in offers] == [("c0000000002", "cso2"), ("c0000000003", "cso1")]
    assert await audit(real.acd._url, real.acd.pool) == []


async def test_a_move_to_another_pool_goes_on_after_the_clock_was_put_right(real: Pool, ahead: Pool) -> None:
    await ahead.configure(queues=[replace(rule, pools=("timur",)) for rule in RULES])
    await ahead.waits("c0000000001")
    await ahead.acd.depart("c0000000001", "timur")
    await put_right(real, "arrival")
    assert [move.call for move in await real.acd.moving()] == ["c0000000001"]


async def test_the_means_of_a_queue_are_none_of_a_clock_that_was_wrong(real: Pool, ahead: Pool) -> None:
    """Calls that began before the jump and end after it took no minus 60 minutes."""
    offer = await ahead.talks("c0000000001")
    await ahead.waits("c0000000002")
    await real.acd.ended(offer.call, by="caller")
    await put_right(real, "sweep")
    await real.acd.ask_state("cso1", CsoState.READY)
    await real.acd.ended("c0000000002", by="caller")
    pace = (await real.acd.outlook("gangguan", carrier="asterisk", skills={}, priority=0)).pace
    assert min(pace.busy, pace.wrap, pace.waited, pace.spread) >= 0
    assert pace.waited < 60


async def set_field(pool: Pool, field: str, delta_ms: int) -> None:
    """As if the store's clock had shown something else until now."""
    wire = Wire(pool.acd._url)
    key = f"suar:{{{pool.acd.pool}}}:pool"
    now = int((await pool.acd.snapshot()).at)
    await wire.call("HSET", key, field, now + delta_ms)
    wire.close()


async def test_a_clock_that_jumps_back_is_refused_by_name_and_changes_nothing(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.told()
    behind = Acd(pool.acd._url, pool.acd.pool, clock=VirtualClock(START), timeout=PATIENT)
    pool.later(60)
    await pool.waits("c0000000002")
    told = len(await pool.told())
    with pytest.raises(Refused) as fault:
        await behind.offer_next()
    assert fault.value.slug == "clock-back"
    assert told
    assert await pool.told() == []
    await behind.close()


async def test_a_clock_a_little_behind_is_taken_as_the_pools(pool: Pool) -> None:
    pool.later(1)
    await pool.waits("c0000000001")
    behind = Acd(pool.acd._url, pool.acd.pool, clock=VirtualClock(START), timeout=PATIENT)
    await behind.enqueue("c0000000001", queue="keluhan", cmd="again")
    assert [entry.at for entry in await pool.told()] == sorted(entry.at for entry in await pool.acd.journal("0-0"))
    await behind.close()


async def test_the_stores_clock_jumped_back_by_an_hour(real: Pool) -> None:
    """Deadlines set by the wrong hour would hold a CSO for an hour."""
    await real.ready("cso1")
    await real.waits("c0000000001")
    offer = await real.offered()
    await set_field(real, "clock", 3_600_000)
    await real.acd.sweep()
    assert Event.CLOCK in await real.events()
    await real.acd.returned(offer.call, offer.token, reason="failed")
    assert (await real.offered()).call == "c0000000001"


async def test_what_rang_when_the_clock_jumped_back_does_not_ring_for_an_hour(real: Pool) -> None:
    await real.ready("cso1")
    await real.waits("c0000000001")
    await real.offered()
    wire, deadlines = Wire(real.acd._url), f"suar:{{{real.acd.pool}}}:offers"
    await wire.call("ZINCRBY", deadlines, 3_600_000, "c0000000001")
    await set_field(real, "clock", 3_600_000)
    await real.acd.sweep()
    assert float(await wire.call("ZSCORE", deadlines, "c0000000001")) < (await real.acd.snapshot()).at + 6_000
    wire.close()


async def test_the_stores_clock_jumped_forward_and_nobody_is_lost(real: Pool) -> None:
    """Leases and heartbeats of everybody would be over at once."""
    await real.talks("c0000000001")
    await real.acd.sweep()
    await set_field(real, "swept", -86_400_000)
    wire = Wire(real.acd._url)
    root = f"suar:{{{real.acd.pool}}}"
    for key, member in ((":lines", "c0000000001"), (":alive", "cso1")):
        await wire.call("ZADD", root + key, 1, member)
    wire.close()
    assert await real.acd.sweep() == 0
    assert (await real.cso("cso1")).state is CsoState.TALKING


async def test_the_next_turn_of_a_carrier_does_not_stay_an_hour_away(real: Pool, ahead: Pool) -> None:
    await ahead.configure(legs_per_second={"asterisk": 0.1})
    for number in range(2):
        await ahead.waits(f"c000000000{number}")
        await ahead.ready(f"cso{number}")
    await ahead.offered()
    assert await ahead.acd.offer_next() is None
    await put_right(real, "sweep")
    assert await real.acd.offer_next() is not None


async def test_since_when_somebody_pauses_or_was_free_stays_if_it_was_before_the_clock_went_wrong(
    real: Pool, ahead: Pool
) -> None:
    await ahead.acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    since = (await real.acd.snapshot()).at - 600_000
    wire = Wire(real.acd._url)
    key = f"suar:{{{real.acd.pool}}}:cso:cso1"
    await wire.call("HSET", key, "since", since, "free", since)
    await put_right(real, "sweep")
    assert await wire.call("HMGET", key, "since", "free") == [str(since)] * 2
    wire.close()


@pytest.mark.parametrize("index", [":lines", ":callbacks", ":scheduled", ":csos"])
async def test_an_entry_without_its_call_or_cso_keeps_no_clock_from_being_put_right(
    real: Pool, ahead: Pool, index: str
) -> None:
    await ahead.waits("c0000000001")
    wire, key = Wire(real.acd._url), f"suar:{{{real.acd.pool}}}{index}"
    await (wire.call("SADD", key, "ghost") if index == ":csos" else wire.call("ZADD", key, 9e15, "c0000000099"))
    wire.close()
    now = await put_right(real, "sweep")
    assert (await real.call("c0000000001")).arrived <= now


async def test_the_pools_time_is_that_of_the_clock_on_the_wall(real: Pool) -> None:
    """To the millisecond: what the store says lies between two looks at the same machine's clock."""
    for _ in range(20):
        before = time.time_ns() // 1_000_000
        now = (await real.acd.snapshot()).at
        assert before <= now <= time.time_ns() // 1_000_000
