"""Nobody on the line is said goodbye to: an emergency until somebody spoke with it, a call ended by mistake."""

from __future__ import annotations

import pytest

from ivr.carriers.asterisk_ami import Channel
from ivr.carriers.asterisk_answer import variables
from ivr.carriers.asterisk_connector import AsteriskConnector
from ivr.carriers.asterisk_pyst2 import Message
from ivr.instructions import Ask, Bye, Play, Renamed, Wait
from router.calls import CallState, Outcome
from tests.fixtures.ivr_service import AT_TEBET, Ivr
from tests.fixtures.manager import Link
from tests.fixtures.wait import until_async

pytestmark = [pytest.mark.anyio, pytest.mark.store]
CALL, AGAIN = "ccall0001", "ccall0001b"


class Outside:
    """The dialplan's own emergency telephone, as its manager tells of it."""

    def __init__(self, ivr: Ivr) -> None:
        self.link = Link()
        self.connector = AsteriskConnector(ivr.pool.acd, ivr.service.hung_up)
        made = self.connector
        made.link = made.moves._link = made._reconciler._link = self.link  # type: ignore[assignment]
        carried = {"SUAR_CALL": CALL, "SUAR_EMG": "1", "SUAR_POOL": ivr.pool.acd.pool, "SUAR_ARR": "1763794347123"}
        self.link.rows = [Channel("PJSIP/caller", "emergency", "s", "Dial", carried)]
        self.link.variables = {"CHANNEL(context)": "emergency"}

    async def tells(self, at: str) -> None:
        """`ringing` or `answered`; what was told is done."""
        if at == "answered":
            self.link.variables["SUAR_BUSY"] = "emergency"
        lines = ("Event: UserEvent", "UserEvent: SuarEmergency", f"call: {CALL}", f"at: {at}")
        self.connector._on_event(Message([f"{line}\r\n" for line in lines]))
        await until_async(lambda: not self.connector.lanes._tail, 5)


async def pressed_nine_while_we_were_away(ivr: Ivr) -> Outside:
    """In line; the step server is dead, so the dialplan alone rings outside."""
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    outside = Outside(ivr)
    await outside.tells("ringing")
    return outside


async def test_a_telephone_that_rings_outside_is_no_conversation(ivr: Ivr) -> None:
    outside = await pressed_nine_while_we_were_away(ivr)
    call = await ivr.pool.call(CALL)
    assert (call.state, call.queue, call.emergency) == (CallState.WAITING, "darurat", True)
    await ivr.pool.ready("cso1", "darurat")
    offer = await ivr.pool.offered()
    outside.link.arrives = [True]
    outside.link.moves = outside.connector.moves
    outside.connector.moves.arrived(offer.token)
    assert not await outside.connector.moves._nothing_to_do(await ivr.pool.call(CALL), offer.token, "offer")
    assert (await ivr.pool.call(CALL)).state is CallState.OFFERED, "a CSO of ours may take the caller"


async def test_nobody_answers_outside_and_the_emergency_goes_on_in_our_line(ivr: Ivr) -> None:
    await pressed_nine_while_we_were_away(ivr)
    answer = await ivr.step("resume", digits="9", queue="darurat", emergency="1", channel="PJSIP/caller", ani=AT_TEBET)
    assert isinstance(answer, Wait)
    assert (await ivr.pool.call(CALL)).emergency


async def test_whoever_spoke_outside_is_offered_to_nobody(ivr: Ivr) -> None:
    outside = await pressed_nine_while_we_were_away(ivr)
    await outside.tells("answered")
    assert (await ivr.pool.call(CALL)).state is CallState.ENDED


async def test_an_emergency_at_level_four_is_a_call_of_ours_at_once(ivr: Ivr) -> None:
    """The dialplan asked nobody; only a caller who hung up in the announcement is told as served (SuarFull)."""
    await Outside(ivr).tells("ringing")
    call = await ivr.pool.call(CALL)
    assert (call.state, call.queue, call.emergency) == (CallState.WAITING, "darurat", True)


@pytest.mark.parametrize("by", ["reconciliation", "lease", "unseen-answer", "emergency-telephone", "level"])
async def test_who_was_in_line_stands_there_again(ivr: Ivr, by: str) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    before = await ivr.pool.call(CALL)
    ivr.clock.advance(seconds=60)
    await ivr.pool.acd.ended(CALL, by=by)
    answer = await ivr.step("waiting")
    assert isinstance(answer, Renamed)
    assert isinstance(answer.then, Wait)
    now = await ivr.pool.call(answer.call)
    assert (now.id, now.state, now.queue, now.arrived, now.score) == (
        AGAIN, CallState.WAITING, before.queue, before.arrived, before.score,
    )  # fmt: skip
    assert isinstance(await ivr.step("waiting", AGAIN), Wait)


async def test_who_was_in_the_menu_begins_with_it(ivr: Ivr) -> None:
    first = await ivr.arrives(ani=AT_TEBET)
    await ivr.pool.acd.ended(CALL, by="reconciliation", outcome=Outcome.LOST)
    answer = await ivr.keys("1")
    assert isinstance(answer, Renamed)
    assert isinstance(answer.then, Ask | Play)
    assert answer.then == first
    assert (await ivr.pool.call(AGAIN)).state is CallState.IVR


async def test_an_emergency_goes_before_everyone(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.pool.acd.ended(CALL, by="lease", outcome=Outcome.LOST)
    answer = await ivr.step("key", digits="9")
    assert isinstance(answer, Renamed)
    call = await ivr.pool.call(AGAIN)
    assert (call.queue, call.emergency, call.state) == ("darurat", True, CallState.WAITING)


async def test_the_same_question_makes_one_call(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    await ivr.pool.acd.ended(CALL, by="reconciliation")
    assert await ivr.keys("", token="t") == await ivr.keys("", token="t")
    assert await ivr.pool.lines_in_use() == {AGAIN}


async def test_a_telephone_that_nobody_answered_leads_back_into_the_line(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    await ivr.pool.ready("cso1")
    offer = await ivr.pool.offered()
    await ivr.pool.acd.ended(CALL, by="reconciliation")
    told = {"token": offer.token, "ringtime_ms": "6000"}
    answer = await ivr.step("after-offer", dialstatus="NOANSWER", **told)
    assert isinstance(answer, Renamed)
    assert (await ivr.pool.call(AGAIN)).state is CallState.WAITING


async def test_a_conversation_that_is_over_is_over(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    await ivr.pool.acd.ended(CALL, by="unseen-answer")
    assert isinstance(await ivr.step("after-offer", dialstatus="ANSWER", token="x", answeredtime_ms="9000"), Bye)


@pytest.mark.parametrize("by", ["caller", "channel-gone", "cso", "supervisor", "desk"])
async def test_an_end_that_was_seen_or_meant_is_one(ivr: Ivr, by: str) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    await ivr.pool.acd.ended(CALL, by=by)
    assert isinstance(await ivr.step("waiting"), Bye)


def test_the_channel_takes_the_new_name_before_it_does_anything() -> None:
    answer = Renamed(AGAIN, Wait((), "gangguan"))
    told = variables(answer, sounds=lambda _: [], emergency_key="9", emergency_queue="darurat")
    assert (told["SUAR_CALL"], told["SUAR_DO"]) == (AGAIN, "wait")
