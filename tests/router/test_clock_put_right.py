"""The store's clock was an hour ahead and is right again: what moves with it, and what stays where it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.errors import Refused
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from router.store.audit import audit
from router.store.types import Breaker, PartnerRules
from router.store.wire import Wire
from tests.fixtures.router import RULES, Pool, an_hour_ahead
from tests.router.test_clock import instants, put_right, set_field

pytestmark = [pytest.mark.store, pytest.mark.anyio]
ONE, TWO, THREE, FOUR = (f"c000000000{n}" for n in range(1, 5))
NUMBER = "+6281100000001"
MITRA = PartnerRules("mitra", cap=9, addresses={"asterisk": "sip:mitra@mitra.example"}, failures=1)


async def of_call(pool: Pool, call: str, *names: str) -> list[float]:
    wire = Wire(pool.acd._url)
    values = await wire.call("HMGET", f"suar:{{{pool.acd.pool}}}:call:{call}", *names)
    wire.close()
    return [float(value or 0) for value in values]


async def test_what_happened_before_it_went_wrong_stays_where_it_was(real: Pool) -> None:
    """A caller in line, a place kept for a callback, a number that was refused, a pause that had begun."""
    await real.ready("cso1")
    await real.acd.ask_state("cso1", CsoState.PAUSED, reason="salat")
    await real.waits(ONE)
    await real.waits(TWO)
    await real.acd.call_back(TWO, number=NUMBER, cmd="cb")
    await real.configure(lines=0)
    await real.arrives(THREE, ani="+6281100000003")
    await real.configure()
    due, place = await instants(real, ":due:gangguan@asterisk"), (await real.call(TWO)).score
    before = await real.call(ONE), await real.acd.refused(), (await real.cso("cso1")).since
    async with an_hour_ahead(real, swept=False) as ahead:
        await ahead.arrives(FOUR, ani=NUMBER)
        await ahead.enqueue(FOUR)
        await put_right(real, "sweep")
    assert (await real.call(ONE), await real.acd.refused(), (await real.cso("cso1")).since) == before
    assert (await instants(real, ":due:gangguan@asterisk"))[ONE] == due[ONE]
    kept = await real.call(FOUR)
    assert kept.score == place, "who calls again has the place that was kept"
    assert kept.arrived <= (await real.acd.snapshot()).at
    assert await audit(real.acd._url, real.acd.pool) == []


async def test_who_took_over_a_place_while_the_clock_was_wrong_is_not_behind_who_comes_now(
    real: Pool, ahead: Pool
) -> None:
    await ahead.waits(ONE)
    await ahead.acd.call_back(ONE, number=NUMBER, cmd="cb")
    ahead.later(5)
    await ahead.arrives(TWO, ani=NUMBER)
    await ahead.enqueue(TWO)
    ahead.later(5)
    await ahead.acd.sweep()
    await put_right(real, "sweep")
    await real.waits(THREE)
    await real.ready("cso1")
    assert (await real.offered()).call == TWO
    now = (await real.acd.snapshot()).at
    assert max(await of_call(real, TWO, "score", "stands", "arrived", "queued", "offered")) <= now


async def test_every_instant_of_a_call_is_in_the_past_again(real: Pool, ahead: Pool) -> None:
    """In conversation, held, consulting; with a partner who answered."""
    await ahead.waits(ONE)
    ahead.later(181)
    there = await ahead.acd.overflow_next()
    assert there
    await ahead.acd.partner_answered(ONE, there.token)
    talk = await ahead.talks(TWO, "cso1")
    await ahead.acd.hold(TWO, talk.token)
    await put_right(real, "sweep")
    now = (await real.acd.snapshot()).at
    names = ("arrived", "queued", "score", "offered", "answered", "held", "handed", "partner_answered")
    for call in (ONE, TWO):
        assert max(await of_call(real, call, *names)) <= now
    held = await real.call(TWO)
    assert now - 60_000 < held.held <= now, "what lay close together still does"
    assert now - 300_000 < held.arrived <= held.answered <= held.held


async def test_who_rings_at_a_partner_comes_back_for_a_free_cso_before_who_went_there_now(
    real: Pool, ahead: Pool
) -> None:
    await ahead.configure(queues=[replace(RULES[0], max_wait_ms=1, drain_after_ms=1)], partners=[MITRA])
    await ahead.waits(ONE)
    ahead.later(1)
    assert await ahead.acd.overflow_next()
    await put_right(real, "sweep")
    await real.waits(TWO)
    real_now = (await real.acd.snapshot()).at
    assert await real.acd.mark_due(TWO)
    assert await real.acd.overflow_next()
    leaving = await instants(real, ":leaving")
    assert sorted(leaving, key=leaving.__getitem__) == sorted(leaving), "in the order in which they arrived"
    assert max(leaving.values()) <= real_now
    assert await audit(real.acd._url, real.acd.pool) == []


async def test_one_who_is_to_be_called_back_asked_for_it_in_the_past(real: Pool, ahead: Pool) -> None:
    await ahead.waits(ONE)
    await ahead.acd.call_back(ONE, number=NUMBER, cmd="cb")
    await put_right(real, "sweep")
    now = (await real.acd.snapshot()).at
    assert 0 < (await instants(real, ":callbacks"))[ONE] <= now
    assert 0 < (await instants(real, ":heads"))["gangguan@asterisk!"] <= now
    assert await audit(real.acd._url, real.acd.pool) == []


async def test_a_callback_that_is_due_soon_is_not_brought_forward_to_now(real: Pool, ahead: Pool) -> None:
    """First somebody must be able to look whether people may be rung at this hour."""
    await ahead.waits(ONE)
    await ahead.acd.call_back(ONE, number=NUMBER, until=ahead.clock.ms() + 5_000, cmd="cb")
    await put_right(real, "sweep")
    left = (await instants(real, ":scheduled"))[ONE] - (await real.acd.snapshot()).at
    assert 50_000 < left <= 60_000
    told = [entry for entry in await real.told() if entry.event is Event.CALL_SCHEDULED]
    assert told[-1].data["reason"] == "clock"


async def test_a_callback_whose_hour_comes_soon_anyway_keeps_it(real: Pool, ahead: Pool) -> None:
    """It was put off by the right clock."""
    await ahead.waits(ONE)
    soon = (await real.acd.snapshot()).at + 30_000
    await ahead.acd.call_back(ONE, number=NUMBER, until=ahead.clock.ms() + 5_000, cmd="cb")
    wire = Wire(real.acd._url)
    await wire.call("ZADD", f"suar:{{{real.acd.pool}}}:scheduled", soon, ONE)
    wire.close()
    await put_right(real, "sweep")
    assert (await instants(real, ":scheduled"))[ONE] == soon


async def test_who_waits_for_a_partner_by_the_place_in_line_may_go_at_once(real: Pool, ahead: Pool) -> None:
    rules = replace(RULES[0], max_wait_ms=0, over_place=1)
    await ahead.configure(queues=[rules], partners=[MITRA])
    await ahead.waits(ONE)
    await ahead.waits(TWO)
    await put_right(real, "sweep")
    assert (await instants(real, ":due:gangguan@asterisk"))[TWO] <= (await real.acd.snapshot()).at
    handed = await real.acd.overflow_next()
    assert handed
    assert handed.call == TWO


async def test_who_was_due_by_the_wait_goes_when_that_is_over_and_not_at_once(real: Pool, ahead: Pool) -> None:
    await ahead.waits(ONE)
    ahead.later(20)
    await ahead.acd.sweep()
    await ahead.waits(TWO)
    await put_right(real, "sweep")
    now, due = (await real.acd.snapshot()).at, await instants(real, ":due:gangguan@asterisk")
    assert 150_000 < due[ONE] - now <= 160_100, "twenty seconds have passed"
    assert 170_000 < due[TWO] - now <= 180_000


async def test_a_pause_that_began_while_it_was_wrong_began_in_the_past(real: Pool, ahead: Pool) -> None:
    await ahead.ready("cso1")
    await ahead.acd.ask_state("cso1", CsoState.PAUSED, reason="makan")
    ahead.later(30)
    await ahead.acd.sweep()
    await ahead.ready("cso2")
    await put_right(real, "sweep")
    now = (await real.acd.snapshot()).at
    assert now - 60_000 < (await real.cso("cso1")).since <= now - 30_000 + 1_000
    assert now - 30_000 < (await real.cso("cso2")).since <= now


async def test_a_wrap_up_that_begins_again_may_be_extended_as_far_as_ever(real: Pool, ahead: Pool) -> None:
    await ahead.talks(ONE, "cso1")
    await ahead.acd.ended(ONE, by="caller")
    ahead.later(10)
    await ahead.acd.sweep()
    await put_right(real, "sweep")
    cso = await real.cso("cso1")
    assert 29_000 < cso.wrap_until - cso.since <= 30_000
    assert 0 < cso.wrap_until - (await real.acd.snapshot()).at <= 30_000
    cso = await real.acd.extend_wrap_up("cso1", 270_000, cmd="more")
    assert cso.wrap_until - cso.since == 300_000, "the most there is, counted from now"
    with pytest.raises(Refused):
        await real.acd.extend_wrap_up("cso1", 1, cmd="even more")
    await real.acd.ask_state("cso1", CsoState.READY)
    await real.waits(TWO)
    assert (await real.offered()).cso == "cso1"


async def test_a_number_refused_while_it_was_wrong_is_called_back_before_who_is_refused_now(
    real: Pool, ahead: Pool
) -> None:
    await ahead.configure(lines=0)
    await ahead.arrives(ONE, ani="+6281100000001")
    await put_right(real, "sweep")
    await real.configure(lines=0)
    await real.arrives(TWO, ani="+6281100000002")
    refused = await real.acd.refused()
    assert [one.call for one in refused] == [ONE, TWO]
    assert refused[0].at <= refused[1].at <= (await real.acd.snapshot()).at


async def test_calls_counted_by_the_wrong_clock_fade_away_from_now(real: Pool, ahead: Pool) -> None:
    """Else the rate of arrivals would stand still for an hour."""
    await ahead.arrives(ONE)
    await ahead.arrives(TWO)
    await put_right(real, "sweep")
    wire = Wire(real.acd._url)
    one, five, at = (await wire.call("HGET", f"suar:{{{real.acd.pool}}}:rates", "all")).split()
    wire.close()
    now = (await real.acd.snapshot()).at
    assert now - 60_000 < float(at) <= now
    assert 1.9 < float(one) <= float(five) <= 2


async def test_a_partner_that_failed_is_tried_at_once_and_one_that_is_paced_takes_a_call(
    real: Pool, ahead: Pool
) -> None:
    paced = PartnerRules("cadangan", cap=9, addresses=MITRA.addresses, rate=0.01)
    await ahead.configure(
        queues=[replace(RULES[0], max_wait_ms=1, partners=("mitra", "cadangan"))], partners=[MITRA, paced]
    )
    for call in (ONE, TWO):
        await ahead.waits(call)
    ahead.later(1)
    there = await ahead.acd.overflow_next()
    assert there
    await ahead.acd.hand_back(there.call, there.token, reason="unreachable")
    assert await ahead.acd.overflow_next()
    await put_right(real, "sweep")
    await real.waits(THREE)
    await real.waits(FOUR)
    now = (await real.acd.snapshot()).at
    mitra = next(one for one in await real.acd.partners() if one.name == "mitra")
    assert (mitra.breaker, mitra.until <= now) == (Breaker.OPEN, True)
    for call in (THREE, FOUR):
        assert await real.acd.mark_due(call)
    went = [await real.acd.overflow_next() for _ in range(2)]
    assert sorted(one.partner for one in went if one) == ["cadangan", "mitra"]


async def test_the_ladder_begins_to_look_again(real: Pool, ahead: Pool) -> None:
    """What it remembers are instants of the wrong clock."""
    turn = (await ahead.acd.gauges()).ladder_turn
    assert await ahead.acd.climb(2, reason="lines", turn=turn, state='{"since":1}')
    await put_right(real, "sweep")
    gauges = await real.acd.gauges()
    assert (gauges.ladder, gauges.level) == ("", 2), "the level stays"


async def away_for_a_day(real: Pool) -> None:
    """The store was away: nobody swept, renewed or beat; its clock is right."""
    await set_field(real, "swept", -86_400_000)
    await set_field(real, "clock", -86_400_000)


async def test_who_rang_when_the_store_went_away_has_time_to_answer(real: Pool) -> None:
    """An offer, and a consultation: the telephones may ring still."""
    talk = await real.talks(ONE, "cso1")
    await real.ready("cso2")
    await real.acd.consult(ONE, talk.token, cso="cso2", cmd="consult")
    await real.ready("cso3")
    await real.waits(TWO)
    offer = await real.offered()
    wire, root = Wire(real.acd._url), f"suar:{{{real.acd.pool}}}"
    await wire.call("ZADD", f"{root}:offers", 1, TWO)
    await wire.call("ZADD", f"{root}:guests", 1, ONE)
    wire.close()
    await away_for_a_day(real)
    assert await real.acd.sweep() == 0
    now = (await real.acd.snapshot()).at
    for suffix in (":offers", ":guests"):
        (deadline,) = (await instants(real, suffix)).values()
        assert 0 < deadline - now <= 5_000
    assert await real.acd.sweep() == 0
    await real.acd.answered(TWO, offer.token)
    assert (await real.call(TWO)).state is CallState.TALKING


async def test_who_wrapped_up_while_the_store_was_away_is_free_and_the_ladder_remembers(real: Pool) -> None:
    """The clock was right all the time: only what expired by silence begins again."""
    await real.talks(ONE, "cso1")
    await real.acd.ended(ONE, by="caller")
    turn = (await real.acd.gauges()).ladder_turn
    assert await real.acd.climb(1, reason="lines", turn=turn, state='{"since":1}')
    wire, root = Wire(real.acd._url), f"suar:{{{real.acd.pool}}}"
    await wire.call("ZADD", f"{root}:wrapups", 1, "cso1")
    wire.close()
    await away_for_a_day(real)
    await real.acd.sweep()
    assert (await real.acd.gauges()).ladder == '{"since":1}'
    await real.acd.sweep()
    assert (await real.cso("cso1")).state is CsoState.READY


async def test_a_desk_and_a_line_have_their_whole_time_again(real: Pool) -> None:
    await real.talks(ONE, "cso1")
    wire, root = Wire(real.acd._url), f"suar:{{{real.acd.pool}}}"
    for suffix, member in ((":lines", ONE), (":alive", "cso1")):
        await wire.call("ZADD", root + suffix, 1, member)
    wire.close()
    await away_for_a_day(real)
    await real.acd.sweep()
    now = (await real.acd.snapshot()).at
    assert 890_000 < (await instants(real, ":lines"))[ONE] - now <= 900_000
    assert now - 5_000 < (await instants(real, ":alive"))["cso1"] <= now


async def test_the_jump_is_told_with_its_length_and_once(real: Pool, ahead: Pool) -> None:
    await ahead.waits(ONE)
    await real.told()
    await real.acd.sweep()
    await real.acd.sweep()
    (told,) = [entry for entry in await real.told() if entry.event is Event.CLOCK]
    assert -3_700_000 < float(told.data["gap"]) < -3_500_000


async def test_a_clock_that_was_ahead_by_less_than_a_minute_is_waited_for(real: Pool) -> None:
    """Nothing is moved; the pool's time stands still until the clock has caught up."""
    await real.waits(ONE)
    await set_field(real, "clock", 59_000)
    before = await real.call(ONE)
    await real.told()
    await real.acd.sweep()
    assert await real.call(ONE) == before
    assert Event.CLOCK not in await real.events()
