"""The dispatcher's part: hours of the caller's own clock, refused numbers, callbacks that a lost store forgot."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from typing import Any

import pytest

from config.clock import VirtualClock
from config.database import Database
from config.operator import operator
from config.schema.callback import Callback
from router.callbacks import Callbacks, opening
from router.calls import CallState
from router.dispatcher import configure
from router.history.follower import Follower
from router.history.service import call_record, open_callbacks
from router.store.acd import Acd
from router.store.types import QueueRules
from tests.fixtures.router import RULES, Pool
from tests.fixtures.store_proxy import MortalStore
from tests.fixtures.wait import PATIENT
from tests.router.test_callback import FIRST, NUMBER, SECOND, THIRD, hangs_up, is_dialled

anyio = pytest.mark.anyio
store = pytest.mark.store
DAY = Callback(hours=("07:00", "21:00"))
NIGHT = Callback(hours=("20:00", "06:00"))


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("now", "rules", "zone", "opens"),
    [
        ("2019-08-04T00:00", DAY, "WIB", None),  # 07:00 there
        ("2019-08-03T23:59", DAY, "WIB", "2019-08-04T00:00"),
        ("2019-08-03T23:59", DAY, "WITA", None),  # one hour later there
        ("2019-08-04T12:00", DAY, "WIT", "2019-08-04T22:00"),  # 21:00 there
        ("2019-08-04T14:00", DAY, "WIB", "2019-08-05T00:00"),
        ("2019-08-04T14:00", NIGHT, "WIB", None),
        ("2019-08-04T22:59", NIGHT, "WIB", None),  # 05:59
        ("2019-08-04T23:00", NIGHT, "WIB", "2019-08-05T13:00"),
        ("2019-08-04T14:00", Callback(hours=("00:00", "24:00")), "WIB", None),
    ],
)
def test_when_somebody_may_be_rung(now: str, rules: Callback, zone: str, opens: str | None) -> None:
    assert opening(ms(now), rules.hours, zone) == (ms(opens) if opens else 0)


def part(pool: Pool, db: Database) -> Callbacks:
    return Callbacks(pool.acd, operator(), db, every=0)


async def at(pool: Pool, text: str) -> None:
    """The clock is turned on to an instant (UTC) of the test's day."""
    pool.clock.advance(ms=ms(text) - pool.clock.ms())


async def turn(part: Callbacks) -> None:
    await part.turn(await part._acd.boot())


@store
@anyio
async def test_at_closing_time_callbacks_wait_for_the_morning(pool: Pool, db: Database) -> None:
    await configure(pool.acd, operator())
    await at(pool, "2019-08-04T13:59")  # 20:59 WIB
    await pool.waits(FIRST)
    await hangs_up(pool)
    dispatcher = part(pool, db)
    await turn(dispatcher)
    assert (await pool.call(FIRST)).state is CallState.WAITING
    pool.later(60)
    await turn(dispatcher)
    call = await pool.call(FIRST)
    assert (call.state, call.until) == (CallState.SCHEDULED, ms("2019-08-05T00:00"))
    await pool.told()
    await turn(dispatcher)
    assert await pool.told() == [], "once is enough"
    await at(pool, "2019-08-05T00:00")
    await pool.acd.sweep()
    await turn(dispatcher)
    assert (await pool.call(FIRST)).state is CallState.WAITING


@store
@anyio
async def test_by_day_nobody_reads_all_callbacks(pool: Pool, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a blackout they are tens of thousands, and this runs every second."""
    await configure(pool.acd, operator())
    await at(pool, "2019-08-04T05:00")
    dispatcher = part(pool, db)
    await turn(dispatcher)  # the first turn finds the journal's end
    await pool.waits(FIRST)
    await hangs_up(pool)
    asked: list[str] = []
    do = pool.acd._do

    async def listen(verb: str, *args: Any) -> Any:
        asked.append(verb)
        return await do(verb, *args)

    monkeypatch.setattr(pool.acd, "_do", listen)
    await turn(dispatcher)
    assert "gauges" in asked
    assert "snapshot" not in asked


@store
@anyio
async def test_another_attempt_is_not_made_at_night(pool: Pool, db: Database) -> None:
    await configure(pool.acd, operator())
    await at(pool, "2019-08-04T13:58")
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.ready("cso1")
    offer = await is_dialled(pool)
    await pool.acd.unreached(FIRST, offer.token, reason="no-answer")
    await turn(part(pool, db))
    assert (await pool.call(FIRST)).until == ms("2019-08-05T00:00"), "the retry would come at 21:03"


@store
@anyio
async def test_refused_numbers_are_called_back_one_by_one_while_there_is_room(pool: Pool, db: Database) -> None:
    await pool.configure(lines=0)
    await pool.arrives(FIRST, ani=NUMBER)
    pool.later(1)
    await pool.arrives(SECOND, ani="+628110000098")
    await configure(pool.acd, operator())
    await pool.acd.set_level(2, reason="ramai", by="test")
    dispatcher = part(pool, db)
    await turn(dispatcher)
    assert (await pool.acd.snapshot()).callbacks == (), "not in a surge"
    await pool.acd.set_level(1, reason="reda", by="test")
    await turn(dispatcher)
    await turn(dispatcher)
    assert [call.id for call in (await pool.acd.snapshot()).callbacks] == [FIRST + "r"], "paced"
    pool.later(5)
    await turn(dispatcher)
    assert len((await pool.acd.snapshot()).callbacks) == 2


@store
@anyio
async def test_no_refused_number_is_rung_while_the_lines_are_full(pool: Pool, db: Database) -> None:
    await pool.configure(lines=0)
    await pool.arrives(FIRST, ani=NUMBER)
    await pool.configure(lines=5)
    for n in range(4, 8):
        await pool.waits(f"c000000000{n}")
    await turn(part(pool, db))
    assert (await pool.acd.snapshot()).callbacks == ()
    await pool.acd.ended("c0000000004", by="caller")
    await turn(part(pool, db))
    assert len((await pool.acd.snapshot()).callbacks) == 1


@store
@anyio
async def test_nobody_is_recalled_at_night(pool: Pool, db: Database) -> None:
    await configure(pool.acd, operator())
    await pool.configure(lines=0)
    await pool.arrives(FIRST, ani=NUMBER)
    await configure(pool.acd, operator())
    await at(pool, "2019-08-04T16:00")
    await turn(part(pool, db))
    assert (await pool.acd.snapshot()).callbacks == ()


@store
@anyio
async def test_the_history_of_a_callback(pool: Pool, db: Database) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    asked = pool.clock.now()
    await pool.ready("cso1")
    offer = await is_dialled(pool)
    await pool.acd.unreached(FIRST, offer.token, reason="busy")
    pool.later(300)
    await pool.acd.sweep()
    follower = Follower(pool.acd, db)
    await follower.once()
    with db.reading() as session:
        (lost,) = open_callbacks(session, pool.acd.pool)
    call = await pool.call(FIRST)
    assert (lost.id, lost.number, lost.score, lost.arrived, lost.attempts) == (
        FIRST, NUMBER, int(call.score), call.arrived, 1,
    )  # fmt: skip
    await pool.ready("cso1")
    offer = await is_dialled(pool)
    await pool.acd.reached(FIRST, offer.token, channel="x")
    await pool.acd.ended(FIRST, by="caller")
    await follower.once()
    with db.reading() as session:
        view = call_record(session, FIRST)
        assert open_callbacks(session, pool.acd.pool) == []
    assert (view.callback, view.callback_number, view.callback_attempts, view.outcome, view.cso) == (
        True, NUMBER, 1, "answered", "cso1",
    )  # fmt: skip
    assert view.callback_at == asked
    assert view.answered_at is not None


@store
@anyio
async def test_the_store_is_lost_with_everything_in_it(pool: Pool, db: Database) -> None:
    """The callbacks come back from the history: the places they had, the hours they were put off to."""
    for call, number in ((FIRST, NUMBER), (SECOND, "+628110000098"), (THIRD, "+628110000097")):
        await pool.waits(call)
        await hangs_up(pool, call, number)
    tomorrow = pool.clock.ms() + 86_400_000
    await pool.acd.schedule(SECOND, until=tomorrow, reason="hours")
    await pool.acd.cancel(THIRD, by="desk")
    before = {call.id: call for call in (await pool.acd.snapshot()).callbacks}
    follower = Follower(pool.acd, db)
    await follower.once()
    await pool.acd._wire.call("FLUSHALL")
    await configure(pool.acd, operator())
    dispatcher = part(pool, db)
    await turn(dispatcher)
    assert (await pool.acd.snapshot()).callbacks == (), "first the history writes what it knows"
    pool.later(1)
    await pool.waits("c0000000009")
    await follower.once()
    await turn(dispatcher)
    after = {call.id: call for call in (await pool.acd.snapshot()).callbacks}
    assert {name: (call.state, call.score, call.dial, call.until, call.arrived) for name, call in after.items()} == {
        name: (call.state, call.score, call.dial, call.until, call.arrived) for name, call in before.items()
    }
    assert set(after) == {FIRST, SECOND}
    await pool.ready("cso1")
    await is_dialled(pool)
    await follower.once()
    with db.reading() as session:
        assert call_record(session, FIRST).callback_number == NUMBER


async def lost_callbacks(pool: Pool, db: Database) -> list[str]:
    """Those that the history would give back to a store that lost them."""
    follower = Follower(pool.acd, db)
    while await follower.once():
        pass
    with db.reading() as session:
        return [lost.id for lost in open_callbacks(session, pool.acd.pool)]


@store
@anyio
@pytest.mark.parametrize("again", [False, True], ids=["asked once", "asked again after being called back"])
async def test_a_callback_asked_for_after_a_conversation_is_found_again(pool: Pool, db: Database, again: bool) -> None:
    """Passed on to a colleague who does not answer, the caller asks to be called back."""
    await pool.talks(FIRST)
    for turn_, cso in enumerate(("cso2", "cso4") if again else ("cso2",)):
        await pool.ready(cso)
        await pool.acd.transfer(FIRST, (await pool.call(FIRST)).token, cso=cso, cmd=f"transfer{turn_}")
        await pool.acd.returned(FIRST, (await pool.call(FIRST)).token, reason="failed")
        await pool.acd.call_back(FIRST, number=NUMBER, cmd=f"cb{turn_}")
        if again and turn_ == 0:
            offer = await pool.offered()
            await pool.acd.answered(FIRST, offer.token, leg="leg")
            await pool.acd.reached(FIRST, offer.token, channel="PJSIP/trunk-2")
            await pool.ready("cso3")
            await pool.acd.transfer(FIRST, offer.token, cso="cso3", cmd="to3")
            offered = await pool.call(FIRST)
            await pool.acd.answered(FIRST, offered.token, leg="leg3")
            assert await lost_callbacks(pool, db) == [], "they talk"
    assert await lost_callbacks(pool, db) == [FIRST]


@store
@anyio
async def test_a_lost_callback_whose_queue_is_gone_from_the_rules_holds_nobody_up(pool: Pool, db: Database) -> None:
    await pool.configure(queues=[*RULES, QueueRules("lama", offer_ms=15_000, wrap_up_ms=0)])
    for call, number, queue in ((FIRST, NUMBER, "lama"), (SECOND, "+628110000098", "gangguan")):
        await pool.waits(call, queue)
        await hangs_up(pool, call, number)
    await Follower(pool.acd, db).once()
    await pool.acd._wire.call("FLUSHALL")
    await configure(pool.acd, operator())
    dispatcher = part(pool, db)
    await turn(dispatcher)
    await pool.waits("c0000000009")
    await Follower(pool.acd, db).once()
    await turn(dispatcher)
    queues = {call.id: call.queue for call in (await pool.acd.snapshot()).callbacks}
    assert queues == {FIRST: operator().queues.last_resort, SECOND: "gangguan"}


@store
@anyio
async def test_a_store_that_is_killed_keeps_every_place(mortal_store: MortalStore, clock: VirtualClock) -> None:
    acd = await Acd.open(mortal_store.url, "mati", clock=clock, timeout=PATIENT)
    pool = Pool(acd, clock)
    await pool.configure()
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    await hangs_up(pool)
    await pool.acd.call_back(SECOND, number="+628110000098", until=clock.ms() + 60_000, cmd="b2")
    before = (await acd.snapshot()).callbacks
    await acd._wire.call("WAITAOF", 1, 0, 5000)
    mortal_store.send(signal.SIGKILL)
    mortal_store.start()
    await asyncio.to_thread(mortal_store.answers)
    assert (await acd.snapshot()).callbacks == before
    with pytest.raises(Exception, match="sudah menunggu"):
        await pool.acd.call_back(await pool.waits(THIRD), number=NUMBER, cmd="b3")
    await pool.ready("cso1")
    await is_dialled(pool)
    await acd.close()
