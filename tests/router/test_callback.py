"""Virtual hold: the caller hangs up, the place stays, the CSO is on the line first."""

from __future__ import annotations

import pytest

from config.errors import Problem
from router.agents import CsoState
from router.calls import CallState, Outcome
from router.events import Event
from router.store.types import Call, Offer
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

NUMBER = "+628110000099"
FIRST, SECOND, THIRD = "c0000000001", "c0000000002", "c0000000003"


async def hangs_up(pool: Pool, call: str = FIRST, number: str = NUMBER, **extra: object) -> None:
    """A caller who waits (or listens, with a queue) asks to be called back and puts the receiver down."""
    await pool.acd.call_back(call, number=number, cmd=f"back-{call}", **extra)  # type: ignore[arg-type]
    await pool.acd.ended(call, by="caller")


async def is_dialled(pool: Pool, call: str = FIRST) -> Offer:
    """The turn has come and the CSO answered: the caller's telephone is being rung."""
    offer = await pool.offered()
    assert offer.call == call
    assert await pool.acd.answered(call, offer.token, leg="PJSIP/cso-leg") is CallState.CALLING
    return offer


async def lines(pool: Pool) -> set[str]:
    return {call.id for call in (await pool.acd.snapshot()).calls}


async def open_callbacks(pool: Pool) -> dict[str, Call]:
    return {call.id: call for call in (await pool.acd.snapshot()).callbacks}


async def test_the_place_stays_and_the_line_is_free(pool: Pool) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    before = await pool.call(FIRST)
    await pool.told()
    place = await pool.acd.call_back(FIRST, number=NUMBER, cmd="b1")
    assert place is not None
    assert place.place == 1
    told = (await pool.told())[-1]
    assert (told.event, told.data["number"], told.data["score"], told.data["place"]) == (
        Event.CALL_CALLBACK, NUMBER, str(int(before.score)), 1,
    )  # fmt: skip
    call = await pool.call(FIRST)
    assert (call.state, call.score, call.virtual, call.dial) == (CallState.WAITING, before.score, True, NUMBER)
    assert await lines(pool) == {SECOND}
    assert set(await open_callbacks(pool)) == {FIRST}
    assert await pool.acd.call_back(FIRST, number=NUMBER, cmd="b1") == place, "a lost reply"
    assert await pool.told() == []


async def test_who_hung_up_comes_before_who_stayed_and_came_later(pool: Pool) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    await hangs_up(pool)
    await pool.ready("cso1")
    assert (await pool.offered()).call == FIRST


async def test_from_the_menu_without_ever_waiting(pool: Pool) -> None:
    await pool.arrives(FIRST)
    pool.later(30)
    await pool.waits(SECOND)
    await hangs_up(pool, queue="gangguan", skills={"en": 2})
    await pool.ready("cso1", skills={"en": 3})
    assert (await pool.offered()).call == FIRST, "the arrival counts, not the key"


async def test_a_full_queue_takes_callbacks(pool: Pool) -> None:
    for n in (1, 2, 3):
        await pool.waits(f"c000000000{n}", "permintaan")
    await pool.arrives("c0000000004")
    with pytest.raises(Problem, match="penuh"):
        await pool.enqueue("c0000000004", "permintaan")
    await hangs_up(pool, "c0000000004", queue="permintaan")
    assert set(await open_callbacks(pool)) == {"c0000000004"}


async def test_the_whole_way(pool: Pool) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.ready("cso1")
    await pool.told()
    offer = await pool.offered()
    offered = (await pool.told())[0]
    assert (offered.event, offered.data["virtual"], offered.data["channel"]) == (Event.CALL_OFFERED, True, "")
    assert await lines(pool) == {FIRST}, "from now on it needs a line"
    await pool.acd.ringing(FIRST, offer.token)
    assert await pool.acd.answered(FIRST, offer.token, leg="PJSIP/cso1-1") is CallState.CALLING
    assert (call := await pool.call(FIRST)).leg == "PJSIP/cso1-1"
    assert await pool.acd.answered(FIRST, offer.token, leg="PJSIP/cso1-1") is CallState.CALLING
    assert await pool.call(FIRST) == call
    dialled = next(one for one in await pool.told() if one.event is Event.CALL_DIALLED)
    assert (dialled.data["number"], dialled.data["leg"], dialled.token) == (NUMBER, "PJSIP/cso1-1", offer.token)
    assert (await pool.cso("cso1")).state is CsoState.TALKING
    pool.later(8)
    call = await pool.acd.reached(FIRST, offer.token, channel="PJSIP/trunk-7")
    assert (call.state, call.channel, call.answered, call.virtual) == (
        CallState.TALKING, "PJSIP/trunk-7", pool.clock.ms(), False,
    )  # fmt: skip
    assert await pool.acd.reached(FIRST, offer.token, channel="PJSIP/trunk-7") == call
    assert [one.event for one in await pool.told()] == [Event.CALL_REACHED, Event.CSO_STATE]
    assert await pool.acd.ended(FIRST, by="caller") is Outcome.ANSWERED
    cso = await pool.cso("cso1")
    assert (cso.state, cso.calls) == (CsoState.WRAP_UP, 1)


async def test_the_end_of_the_old_line_does_not_end_it(pool: Pool) -> None:
    await pool.waits(FIRST)
    await pool.acd.call_back(FIRST, number=NUMBER, cmd="b1")
    for by in ("caller", "list", "carrier", "cel"):
        assert await pool.acd.ended(FIRST, by=by) is None
    assert await pool.acd.ended(FIRST, by="list", outcome=Outcome.LOST) is None
    assert await pool.acd.ended(FIRST, by="caller", outcome=Outcome.ANNOUNCED) is None
    await pool.ready("cso1")
    offer = await is_dialled(pool)
    assert await pool.acd.ended(FIRST, by="caller") is None, "the new line tells by reached and unreached"
    await pool.acd.reached(FIRST, offer.token, channel="x")
    assert await pool.acd.ended(FIRST, by="list", outcome=Outcome.LOST) is Outcome.LOST, "now it is one like any other"


@pytest.mark.parametrize("by", ["desk", "supervisor"])
async def test_who_means_the_callback_ends_it(pool: Pool, by: str) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    assert await pool.acd.ended(FIRST, by=by) is Outcome.ABANDONED
    assert await open_callbacks(pool) == {}


async def test_nobody_answers(pool: Pool) -> None:
    await pool.waits(FIRST)
    score = (await pool.call(FIRST)).score
    await hangs_up(pool)
    for attempt in (1, 2):
        await pool.ready(f"cso{attempt}")
        offer = await is_dialled(pool)
        await pool.acd.unreached(FIRST, offer.token, reason="no-answer")
        await pool.acd.unreached(FIRST, offer.token, reason="no-answer")  # a second witness
        call = await pool.call(FIRST)
        assert (call.state, call.score, call.attempts) == (CallState.SCHEDULED, score, attempt)
        assert await lines(pool) == set()
        assert (await pool.cso(f"cso{attempt}")).state is CsoState.READY, "no fault of the CSO"
        assert await pool.acd.offer_next() is None, "its hour has not come"
        await pool.acd.ask_state(f"cso{attempt}", CsoState.PAUSED)
        pool.later(299)
        await pool.acd.heartbeat(f"cso{attempt}")
        await pool.acd.sweep()
        assert (await pool.call(FIRST)).state is CallState.SCHEDULED
        pool.later(1)
        await pool.acd.sweep()
        assert (await pool.call(FIRST)).state is CallState.WAITING
    await pool.ready("cso3")
    offer = await is_dialled(pool)
    await pool.told()
    await pool.acd.unreached(FIRST, offer.token, reason="busy")
    assert await pool.events() == [Event.CALL_UNREACHED, Event.CALL_ENDED, Event.CSO_STATE]
    call = await pool.call(FIRST)
    assert (call.state, call.outcome, call.attempts) == (CallState.ENDED, Outcome.UNREACHED, 3)


async def test_a_state_asked_for_meanwhile_is_taken(pool: Pool) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.ready("cso1")
    offer = await is_dialled(pool)
    await pool.acd.ask_state("cso1", CsoState.PAUSED, reason="istirahat")
    await pool.acd.unreached(FIRST, offer.token, reason="no-answer")
    cso = await pool.cso("cso1")
    assert (cso.state, cso.reason, cso.call) == (CsoState.PAUSED, "istirahat", "")


async def test_a_ringing_that_nobody_reports_expires(pool: Pool) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.ready("cso1")
    offer = await is_dialled(pool)
    pool.later(36)
    assert await pool.acd.sweep() == 0
    pool.later(2)
    assert await pool.acd.sweep() == 1
    call = await pool.call(FIRST)
    assert (call.state, call.attempts, call.token) == (CallState.SCHEDULED, 1, "")
    for late in (pool.acd.reached(FIRST, offer.token, channel="x"), pool.acd.answered(FIRST, offer.token)):
        with pytest.raises(Problem) as told:
            await late
        assert told.value.slug == "stale-token"


async def test_a_cso_who_hangs_up_first_was_no_attempt(pool: Pool) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    await hangs_up(pool)
    await pool.ready("cso1")
    offer = await is_dialled(pool)
    await pool.acd.unreached(FIRST, offer.token, reason="cso-gone")
    await pool.acd.sweep()
    assert (await pool.call(FIRST)).attempts == 0
    assert (await pool.offered()).call == FIRST, "still the first in line"


async def test_no_answer_of_the_cso_puts_it_back_without_a_line(pool: Pool) -> None:
    await pool.waits(FIRST)
    score = (await pool.call(FIRST)).score
    await hangs_up(pool)
    await pool.ready("cso1")
    offer = await pool.offered()
    await pool.acd.returned(FIRST, offer.token, reason="no-answer")
    call = (await open_callbacks(pool))[FIRST]
    assert (call.state, call.score) == (CallState.WAITING, score)
    assert await lines(pool) == set()


async def test_it_waits_for_a_line_of_its_own_beside_the_emergencies(pool: Pool) -> None:
    await pool.configure(lines=4)  # two of them for emergencies
    await pool.waits(FIRST, "keluhan")
    await hangs_up(pool)
    await pool.waits(SECOND, "darurat")
    await pool.waits(THIRD, "darurat")
    await pool.ready("cso1", "keluhan")
    assert await pool.acd.offer_next() is None
    await pool.acd.ended(SECOND, by="caller")
    assert (await pool.offered()).call == FIRST


async def test_an_emergency_keyed_just_before_hanging_up_has_the_last_line(pool: Pool) -> None:
    """The key overtook nothing: the call is a callback already when it is heard."""
    await pool.configure(lines=4)  # two of them for emergencies
    await pool.waits(FIRST)
    await hangs_up(pool)
    for call in (SECOND, THIRD):
        await pool.waits(call, "keluhan")
    await pool.enqueue(FIRST, "darurat", emergency=True)
    await pool.ready("cso1", "darurat")
    assert (await pool.offered()).call == FIRST


async def test_a_partner_never_has_it(pool: Pool) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    await hangs_up(pool)
    pool.later(181)
    given = await pool.acd.overflow_next()
    assert given is not None
    assert given.call == SECOND
    assert await pool.acd.overflow_next() is None


async def test_an_emergency_is_not_sent_away(pool: Pool) -> None:
    await pool.waits(FIRST, "darurat", emergency=True)
    with pytest.raises(Problem) as told:
        await pool.acd.call_back(FIRST, number=NUMBER, cmd="b1")
    assert told.value.slug == "emergency-no-callback"
    assert await lines(pool) == {FIRST}


@pytest.mark.parametrize(
    "number", ["", "0811000", "+0811000000", "+62811", "+6281100000000099", "62811000000", "+62 811"]
)
async def test_a_number_that_is_none(pool: Pool, number: str) -> None:
    await pool.waits(FIRST)
    for refused in (
        pool.acd.call_back(FIRST, number=number, cmd="b1"),
        pool.acd._do("call_back", "b1", FIRST, number, "", 0, 0, ""),
    ):
        with pytest.raises(Problem) as told:
            await refused
        assert told.value.slug == "number-invalid"
        assert not number or number not in str(told.value)
    assert await lines(pool) == {FIRST}


async def test_one_callback_for_one_number(pool: Pool) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    await hangs_up(pool)
    with pytest.raises(Problem) as told:
        await pool.acd.call_back(SECOND, number=NUMBER, cmd="b2")
    assert told.value.slug == "callback-exists"
    await pool.acd.cancel(FIRST, by="desk")
    await pool.acd.call_back(SECOND, number=NUMBER, cmd="b2")


async def test_an_hour_that_has_not_come(pool: Pool) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    score = (await pool.call(FIRST)).score
    until = pool.clock.ms() + 60_000
    assert await pool.acd.call_back(FIRST, number=NUMBER, until=until, cmd="b1") is None
    call = (await open_callbacks(pool))[FIRST]
    assert (call.state, call.until, call.score) == (CallState.SCHEDULED, until, score)
    assert await pool.acd.ended(FIRST, by="caller") is None
    pool.later(60)
    await pool.told()
    assert await pool.acd.sweep() == 1
    due = (await pool.told())[0]
    assert (due.event, due.data["place"]) == (Event.CALL_DUE, 1), "with the place it had"


async def test_out_of_the_line_until_the_morning(pool: Pool) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    await hangs_up(pool)
    until = pool.clock.ms() + 3_600_000
    await pool.acd.schedule(FIRST, until=until, reason="hours")
    await pool.told()
    await pool.acd.schedule(FIRST, until=until, reason="hours")
    assert await pool.told() == []
    await pool.ready("cso1")
    assert (await pool.offered()).call == SECOND
    with pytest.raises(Problem) as told:
        await pool.acd.schedule(SECOND, until=until, reason="hours")
    assert told.value.slug == "not-callback"


@pytest.mark.parametrize("scheduled", [False, True])
async def test_calling_again_takes_the_place(pool: Pool, scheduled: bool) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    before = await pool.call(FIRST)
    await hangs_up(pool, until=pool.clock.ms() + 60_000 if scheduled else 0)
    pool.later(40)
    await pool.told()
    admission = await pool.arrives(THIRD, ani=NUMBER)
    assert admission.kept
    assert await pool.arrives(THIRD, ani=NUMBER) == admission
    ended, arrived = await pool.told()
    assert (ended.call, ended.data["outcome"], ended.data["by"]) == (FIRST, "cancelled", "called-again")
    assert (arrived.call, arrived.data["kept"]) == (THIRD, FIRST)
    await pool.enqueue(THIRD)
    after = await pool.call(THIRD)
    assert (after.score, after.queued, after.kept) == (before.score, before.queued, "")
    await pool.ready("cso1")
    assert (await pool.offered()).call == THIRD


async def test_calling_again_while_it_rings_changes_nothing(pool: Pool) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.ready("cso1")
    await is_dialled(pool)
    assert not (await pool.arrives(SECOND, ani=NUMBER)).kept
    assert (await pool.call(FIRST)).state is CallState.CALLING


async def test_on_the_last_lines_the_callback_stays(pool: Pool) -> None:
    """There is only a triage on them: whoever is no emergency must not lose the place to it."""
    await pool.configure(lines=3)
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.arrives(SECOND)
    admission = await pool.arrives(THIRD, ani=NUMBER)
    assert (admission.reserve, admission.kept) == (True, False)
    assert set(await open_callbacks(pool)) == {FIRST}


async def test_a_cso_who_hangs_up_first_is_not_the_next_one_at_once(pool: Pool) -> None:
    """A telephone that answers and drops would take every callback in turn."""
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.ready("cso1")
    await pool.ready("cso2")
    offer = await is_dialled(pool)
    pool.later(1)
    await pool.acd.unreached(FIRST, offer.token, reason="cso-gone")
    await pool.acd.sweep()
    assert (await pool.offered()).cso == "cso2"


async def test_taken_back(pool: Pool) -> None:
    await pool.waits(FIRST)
    with pytest.raises(Problem) as told:
        await pool.acd.cancel(FIRST, by="desk")
    assert told.value.slug == "not-callback"
    await hangs_up(pool)
    await pool.ready("cso1")
    await is_dialled(pool)
    assert await pool.acd.cancel(FIRST, by="desk") is Outcome.CANCELLED
    assert await pool.acd.cancel(FIRST, by="desk") is Outcome.CANCELLED
    assert (await pool.cso("cso1")).state is CsoState.READY


async def test_after_the_conversation_began_it_is_transferred_like_any_other(pool: Pool) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.ready("cso1")
    offer = await is_dialled(pool)
    await pool.acd.reached(FIRST, offer.token, channel="PJSIP/trunk-7")
    await pool.enqueue(FIRST, "keluhan")
    assert await lines(pool) == {FIRST}
    assert (await pool.call(FIRST)).channel == "PJSIP/trunk-7"
