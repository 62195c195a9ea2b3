"""What happened on Asterisk alone and reaches the store late: conversations, and callers of level 4 (real store)."""

from __future__ import annotations

import pytest

from config.database import Database
from ivr.carriers.asterisk_connector import AsteriskConnector, pause
from ivr.carriers.asterisk_pyst2 import Message
from router.calls import CallState, Outcome
from router.history import repository
from router.history.follower import Follower
from tests.fixtures.manager import Link
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]
CALL, LATER, NUMBER = "c0000000001", "c0000000077", "+6281100000077"


def connector(pool: Pool) -> AsteriskConnector:
    made = AsteriskConnector(pool.acd, pool.acd.ended)
    made.link = made.moves._link = Link()  # type: ignore[assignment]
    return made


async def served_alone(pool: Pool, call: str = LATER) -> None:
    """The dialplan, which believes that level 4 is in force, tells of a caller whom it serves."""
    header = ["Event: UserEvent\r\n", "UserEvent: SuarFull\r\n", f"call: {call}\r\n", f"ani: {NUMBER}\r\n"]
    await connector(pool)._full(Message([*header, "dialled: 021123\r\n", "Channel: PJSIP/x\r\n"]))


@pytest.mark.parametrize("level", [0, 4])
async def test_the_number_of_a_caller_of_level_4_is_kept_whatever_the_level_is_by_then(pool: Pool, level: int) -> None:
    await pool.acd.override_level(level, reason="uji", by="spv1")
    await served_alone(pool)
    assert [(one.call, one.number) for one in await pool.acd.refused()] == [(LATER, NUMBER)]
    assert (await pool.call(LATER)).outcome == Outcome.ANNOUNCED


async def test_a_caller_of_level_4_who_was_refused_before_keeps_the_earlier_turn(pool: Pool) -> None:
    await pool.configure(lines=0)
    await pool.arrives(CALL, ani=NUMBER)
    (before,) = await pool.acd.refused()
    await pool.configure()
    pool.later(60)
    await served_alone(pool)
    assert await pool.acd.refused() == [before]


async def test_a_callback_of_that_number_stays_as_it_is(pool: Pool) -> None:
    await pool.arrives(CALL, ani=NUMBER)
    await pool.enqueue(CALL)
    await pool.acd.call_back(CALL, number=NUMBER, cmd="cb")
    await served_alone(pool)
    assert [call.id for call in (await pool.acd.snapshot()).callbacks] == [CALL]
    assert (await pool.call(CALL)).state is CallState.WAITING


@pytest.mark.parametrize(("busy", "outcome"), [("talking", Outcome.ANSWERED), ("emergency", Outcome.ANSWERED)])
async def test_a_conversation_that_began_after_the_deadline_was_answered(
    pool: Pool, db: Database, busy: str, outcome: Outcome
) -> None:
    await pool.ready("cso1")
    await pool.waits(CALL)
    offer = await pool.offered()
    pool.later(60)
    await pool.acd.sweep()
    if busy == "talking":
        await connector(pool)._answered(CALL, offer.token, "leg")
    else:
        await connector(pool).moves.speaks(CALL, busy)
    assert (await pool.call(CALL)).outcome == outcome
    await Follower(pool.acd, db).once()
    with db.reading() as session:
        record = repository.record(session, CALL)
    assert record is not None
    assert (record.outcome, record.answered_at) == (outcome, record.ended_at)


async def test_a_conversation_at_a_partner_that_nobody_told_of_was_answered_there(pool: Pool) -> None:
    await pool.waits(CALL)
    await connector(pool).moves.speaks(CALL, "partner")
    assert (await pool.call(CALL)).outcome == Outcome.PARTNER_ANSWERED


@pytest.mark.parametrize(
    ("channels", "doubt", "seconds"),
    [(0, False, 5.0), (200, False, 5.0), (720, False, 18.0), (2000, False, 30.0), (2000, True, 5.0)],
)
def test_a_full_house_is_compared_more_rarely_unless_something_was_amiss(
    channels: int, doubt: bool, seconds: float
) -> None:
    """An end that nobody told is doubted after half a minute at most, and mended five seconds later."""
    assert pause(channels, doubt=doubt) == seconds
