"""The shell of the flow: what a process answers, what survives its death, what is done once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from config.errors import NotFound
from config.operator import operator
from ivr import line
from ivr.instructions import Ask, Bye, Instruction, Reject, Wait
from ivr.service import StepFailed
from ivr.signals import Arrival, Step
from ivr.turn import Enqueue
from router.calls import CallState, Outcome
from router.events import Event
from router.store.types import TrunkRules
from tests.fixtures.ivr_service import AT_MENTENG, AT_TEBET, TEBET, Ivr

pytestmark = [pytest.mark.anyio, pytest.mark.store]
CALL = "ccall0001"
TEXT = "Area Menteng, padam sejak pukul 11 lewat 48 WIB."
Said = Callable[[Instruction], str]


async def intents(ivr: Ivr) -> list[dict[str, Any]]:
    return [entry.data for entry in await ivr.pool.told() if entry.event is Event.CALL_INTENT]


async def test_told_reported_subscribed(ivr: Ivr, sentence: Said) -> None:
    outage = ivr.menteng_is_dark(text=TEXT)
    assert TEXT in sentence(await ivr.arrives(ani=AT_MENTENG))
    goodbye = await ivr.keys("1")
    assert isinstance(goodbye, Bye)
    await ivr.service.hung_up(CALL)
    assert (await ivr.pool.call(CALL)).outcome == Outcome.ANNOUNCED

    await ivr.wishes_done()
    (report,) = ivr.reports()
    assert (report.reporting_kind, report.outage_id) == ("ivr", outage)
    assert " ".join(report.number) in sentence(goodbye)  # the number that was spoken is the number that is kept
    assert report.reported_at == ivr.clock.now()
    (subscription,) = ivr.subscriptions()
    assert (subscription.outage_id, subscription.phone) == (outage, AT_MENTENG)


async def test_the_same_step_asked_twice_is_one_step(ivr: Ivr) -> None:
    ivr.menteng_is_dark(text=TEXT)
    first = await ivr.arrives(ani=AT_MENTENG)
    assert await ivr.arrives(ani=AT_MENTENG) == first
    answers = [await ivr.keys("2", token="t-same") for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(await intents(ivr)) == 1


async def test_the_same_step_asked_of_two_processes_at_once_is_one_step(ivr: Ivr) -> None:
    other = ivr.another()
    await other.start()
    await ivr.arrives(ani=AT_TEBET)
    step = Step(CALL, "t-race", "next", "0")
    first, second = await asyncio.gather(ivr.service.step(step), other.step(step))
    assert first == second
    events = [entry.event for entry in await ivr.pool.told()]
    assert events.count(Event.CALL_QUEUED) == 1
    await other.stop()


async def test_any_process_answers_the_next_step(ivr: Ivr) -> None:
    await ivr.arrives(ani="")
    other = ivr.another()
    assert isinstance(await other.step(Step(CALL, "a", "next", "1")), Ask)
    answer = await ivr.service.step(Step(CALL, "b", "next", "540000000002"))
    assert any(piece.key.startswith("report.") for piece in answer.say)  # type: ignore[union-attr]


async def test_a_statement_is_heard_on_asterisk_once_its_sound_exists(ivr: Ivr, sentence: Said) -> None:
    ivr.menteng_is_dark(text=TEXT, rendered=False)
    assert "Perkiraan waktu nyala menyusul" in sentence(await ivr.arrives(ani=AT_MENTENG))
    assert TEXT in sentence(await ivr.arrives("ccall0002", AT_MENTENG, carrier="twilio"))


async def test_lines_full_is_refused_before_answering(ivr: Ivr) -> None:
    ivr.pool.emergency_lines = 0
    await ivr.pool.configure(lines=1)
    assert isinstance(await ivr.arrives("ccall0001"), Ask)
    assert await ivr.arrives("ccall0002") == Reject()


async def test_the_last_lines_are_for_emergencies(ivr: Ivr) -> None:
    ivr.pool.emergency_lines = 1
    await ivr.pool.configure(lines=2)
    await ivr.arrives("ccall0001")
    triage = await ivr.arrives("ccall0002")
    assert [piece.key for piece in triage.say] == ["greeting", "emergency", "triage.others"]  # type: ignore[union-attr]
    assert isinstance(await ivr.keys("9", "ccall0002"), Wait)
    assert (await ivr.pool.call("ccall0002")).emergency


async def test_a_trunk_the_store_does_not_know_costs_nobody_the_call(ivr: Ivr) -> None:
    await ivr.pool.configure(trunks=[TrunkRules("another")])
    assert isinstance(await ivr.arrives(), Ask)
    call = await ivr.pool.call(CALL)
    assert (call.trunk, call.region) == ("", "31")


# --- gapped


async def test_a_region_that_is_gapped_gets_the_triage_and_is_called_back(ivr: Ivr) -> None:
    await ivr.pool.acd.set_gap("31", per_s=0.001, burst=1, by="spv1", reason="uji")
    await ivr.arrives("ccall0001", AT_TEBET)
    triage = await ivr.arrives("ccall0002", AT_MENTENG)
    assert [piece.key for piece in triage.say] == ["greeting", "emergency", "triage.others"]  # type: ignore[union-attr]
    assert isinstance(await ivr.keys("", "ccall0002"), Bye)
    await ivr.service.hung_up("ccall0002")
    assert [one.number for one in await ivr.pool.acd.refused()] == [AT_MENTENG]


async def test_where_a_caller_is_located_is_counted_once_and_no_officer_is_given_beyond_the_gap(ivr: Ivr) -> None:
    await ivr.pool.acd.set_gap("31.74", per_s=0.001, burst=1, by="spv1", reason="uji")
    for call in ("ccall0001", "ccall0002"):
        await ivr.arrives(call, AT_TEBET)
    assert (await ivr.pool.acd.gauges()).areas[TEBET].minute == 2
    assert isinstance(await ivr.keys("0", "ccall0001"), Wait)
    refused = await ivr.keys("0", "ccall0002")
    assert "triage.others" in [piece.key for piece in refused.say]  # type: ignore[union-attr]
    assert isinstance(await ivr.keys("", "ccall0002"), Bye)
    await ivr.service.hung_up("ccall0002")
    assert [one.number for one in await ivr.pool.acd.refused()] == [AT_TEBET]


async def test_a_gapped_caller_in_danger_reaches_an_officer(ivr: Ivr) -> None:
    await ivr.pool.acd.set_gap("31.74", per_s=0.001, burst=1, by="spv1", reason="uji")
    for call in ("ccall0001", "ccall0002"):
        await ivr.arrives(call, AT_TEBET)
    await ivr.keys("0", "ccall0002")
    assert isinstance(await ivr.keys("9", "ccall0002"), Wait)
    await ivr.service.hung_up("ccall0002")
    assert await ivr.pool.acd.refused() == []


# --- in line


async def test_the_priority_of_a_queue_is_a_head_start(ivr: Ivr, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = operator().queues
    ahead = rules.queues["keluhan"].model_copy(update={"priority": 2})
    urgent = rules.model_copy(update={"queues": {**rules.queues, "keluhan": ahead}})
    monkeypatch.setattr(line, "operator", lambda: replace(operator(), queues=urgent))
    await ivr.arrives("ccall0001", AT_TEBET)
    await ivr.keys("3")
    assert (await ivr.pool.call("ccall0001")).priority == 2


async def test_a_skill_that_was_taken_out_of_the_rules_costs_nobody_the_place(
    ivr: Ivr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The menu of a call is that of its arrival; a caller is not turned away for a word in it."""
    await ivr.pool.configure(skills=["prabayar"])
    await ivr.pool.arrives("ccall0001")
    standing = await line.enqueue(
        ivr.pool.acd, await ivr.pool.call("ccall0001"), "t", Enqueue("gangguan", 0, skills={"en": 3})
    )
    assert standing is not None
    assert (await ivr.pool.call("ccall0001")).state is CallState.WAITING


async def test_queue_offer_no_answer_and_emergency_keep_one_place(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    waiting = await ivr.keys("0")
    assert isinstance(waiting, Wait)
    assert waiting.queue == "gangguan"
    before = await ivr.pool.call(CALL)

    await ivr.pool.ready("cso1")
    offer = await ivr.pool.offered()
    again = await ivr.step("after-offer", dialstatus="NOANSWER", token=offer.token, ringtime_ms="15000")
    assert isinstance(again, Wait)
    after = await ivr.pool.call(CALL)
    assert (after.state, after.score) == (CallState.WAITING, before.score)

    emergency = await ivr.step("key", digits="9")
    assert isinstance(emergency, Wait)
    assert emergency.queue == "darurat"
    call = await ivr.pool.call(CALL)
    assert (call.state, call.queue, call.emergency) == (CallState.WAITING, "darurat", True)


@pytest.mark.parametrize("told_before", [True, False], ids=["connector-was-first", "nobody-told"])
async def test_the_conversation_is_over(ivr: Ivr, told_before: bool) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    await ivr.pool.ready("cso1")
    offer = await ivr.pool.offered()
    if told_before:
        await ivr.pool.acd.answered(CALL, offer.token)
    assert isinstance(await ivr.step("after-offer", dialstatus="ANSWER", token=offer.token), Bye)
    call = await ivr.pool.call(CALL)
    assert (call.state, call.outcome) == (CallState.ENDED, Outcome.ANSWERED)
    await ivr.service.hung_up(CALL)  # the next witness changes nothing
    assert (await ivr.pool.call(CALL)).outcome == Outcome.ANSWERED


async def test_an_offer_returned_by_the_connector_first(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    await ivr.pool.ready("cso1")
    offer = await ivr.pool.offered()
    await ivr.pool.acd.returned(CALL, offer.token, reason="no-answer")
    assert isinstance(await ivr.step("after-offer", dialstatus="NOANSWER", token=offer.token), Wait)


async def test_a_caller_handed_to_a_partner(ivr: Ivr) -> None:
    for call, status in (("ccall0001", "ANSWER"), ("ccall0002", "BUSY")):
        await ivr.arrives(call, AT_TEBET)
        await ivr.keys("0", call)
        ivr.clock.advance(seconds=200)
        over = await ivr.pool.acd.overflow_next()
        assert over is not None
        answer = await ivr.step("after-partner", call, dialstatus=status, token=over.token, answeredtime_ms="90000")
        assert isinstance(answer, Bye if status == "ANSWER" else Wait)
    assert (await ivr.pool.call("ccall0001")).outcome == Outcome.PARTNER_ANSWERED
    assert (await ivr.pool.call("ccall0002")).state is CallState.WAITING


async def test_hanging_up_while_listening_and_after_goodbye_are_told_apart(ivr: Ivr) -> None:
    ivr.menteng_is_dark(text=TEXT)
    await ivr.arrives("ccall0001", AT_MENTENG)
    await ivr.service.hung_up("ccall0001")
    await ivr.arrives("ccall0002", AT_MENTENG)
    await ivr.keys("", "ccall0002")
    await ivr.keys("", "ccall0002")
    await ivr.service.hung_up("ccall0002")
    outcomes = [(await ivr.pool.call(call)).outcome for call in ("ccall0001", "ccall0002")]
    assert outcomes == [Outcome.LEFT_IVR, Outcome.ANNOUNCED]
    await ivr.service.hung_up("cnobody01")


# --- when something dies


async def test_killed_between_the_queue_and_the_answer(ivr: Ivr) -> None:
    """The call is in line but no state was saved: the next step finds it waiting."""
    await ivr.arrives(ani=AT_TEBET)
    await ivr.pool.enqueue(CALL)
    waiting = await ivr.step("waiting")
    assert isinstance(waiting, Wait)
    assert waiting.queue == "gangguan"


@pytest.mark.parametrize(("digits", "queue"), [("", "gangguan"), ("5", "darurat")], ids=["silent", "any key"])
async def test_out_of_the_fallback(ivr: Ivr, digits: str, queue: str) -> None:
    """Nobody knows the call; what its channel carries rebuilds it."""
    arrived = ivr.clock.ms() - 60_000
    extra = {"carrier": "asterisk", "channel": "PJSIP/x-1", "ani": AT_TEBET, "arrived": str(arrived), "queue": "gone"}
    waiting = await ivr.step("resume", digits=digits, **extra)
    assert isinstance(waiting, Wait)
    call = await ivr.pool.call(CALL)
    assert (call.state, call.queue, call.ani, call.arrived) == (CallState.WAITING, queue, AT_TEBET, arrived)
    assert call.emergency is bool(digits)
    assert not any(piece.key == "greeting" for piece in waiting.say)


async def test_out_of_the_fallback_a_known_call_gets_in_line(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    assert isinstance(await ivr.step("resume"), Wait)
    assert (await ivr.pool.call(CALL)).queue == "gangguan"


async def test_an_unknown_call_is_told_as_such(ivr: Ivr) -> None:
    with pytest.raises(NotFound) as caught:
        await ivr.step("next", "cnobody01")
    assert caught.value.slug == "unknown-call"


async def test_a_step_after_the_end_says_goodbye(ivr: Ivr) -> None:
    await ivr.arrives()
    await ivr.service.hung_up(CALL)
    assert await ivr.keys("1") == Bye()


async def test_a_call_of_a_menu_nobody_knows_still_reaches_a_person(ivr: Ivr) -> None:
    await ivr.pool.arrives(CALL, menu="0123456789abcdef")
    waiting = await ivr.keys("1")
    assert isinstance(waiting, Wait)
    assert waiting.queue == "gangguan"


async def test_a_database_that_is_away_costs_the_announcement_and_not_the_call(
    ivr: Ivr, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception())

    monkeypatch.setattr("ivr.facts.lookup.premises_by_phone", away)
    monkeypatch.setattr("ivr.facts.lookup.outages_in_region", away)
    answer = await ivr.arrives(ani=AT_MENTENG)
    assert isinstance(answer, Ask)
    assert answer.say[-1].key == "menu.main"


async def test_an_emergency_keyed_on_the_way_to_a_partner_is_not_diverted(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    ivr.clock.advance(seconds=200)
    assert await ivr.pool.acd.overflow_next() is not None
    waiting = await ivr.step("waiting")
    assert isinstance(waiting, Wait)
    assert waiting.keys == "9", "the redirect may be long in coming: the key means something until then"
    await ivr.step("key", digits="5")
    assert (await ivr.pool.call(CALL)).state is CallState.PARTNER
    assert isinstance(await ivr.step("key", digits="9"), Wait)
    call = await ivr.pool.call(CALL)
    assert (call.state, call.queue, call.emergency) == (CallState.WAITING, "darurat", True)


async def test_an_emergency_that_the_fallback_heard_is_one_when_a_step_can_be_answered_again(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    await ivr.step("resume", carrier="twilio", emergency="1", queue="gangguan")
    call = await ivr.pool.call(CALL)
    assert (call.state, call.queue, call.emergency) == (CallState.WAITING, "darurat", True)


async def test_a_database_that_hangs_costs_the_announcement_and_not_the_call(
    ivr: Ivr, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr("ivr.facts.lookup.premises_by_phone", lambda *_: released.wait(20))
    service = ivr.another(deadline_ms=400)
    answer = await service.arrived(Arrival(CALL, "asterisk", "PJSIP/x", AT_MENTENG, "021123", ""), "t0")
    released.set()
    assert isinstance(answer, Ask)


async def test_however_many_facts_hang_the_caller_is_asked_in_time(ivr: Ivr, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    for name in ("premises_by_phone", "outages_in_region", "known_outage", "open_reports"):
        monkeypatch.setattr(f"ivr.facts.lookup.{name}", lambda *_, **__: released.wait(20))
    service = ivr.another(deadline_ms=500)
    answer = await service.arrived(Arrival(CALL, "asterisk", "PJSIP/x", AT_MENTENG, "021123", ""), "t0")
    released.set()
    assert isinstance(answer, Ask)


async def test_a_fact_about_an_area_that_was_taken_out_costs_the_fact_and_not_the_call(
    ivr: Ivr, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise KeyError("31.71.06")

    monkeypatch.setattr("ivr.facts.lookup.premises_by_phone", gone)
    assert isinstance(await ivr.arrives(ani=AT_MENTENG), Ask)
    assert "31.71.06" not in caplog.text


async def test_a_store_that_hangs_is_no_answer(ivr: Ivr, monkeypatch: pytest.MonkeyPatch) -> None:
    await ivr.arrives()

    async def hangs(_: str) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(ivr.pool.acd, "call", hangs)
    service = ivr.another(deadline_ms=100)
    with pytest.raises(StepFailed):
        await service.step(Step(CALL, "t", "next", "1"))


async def test_the_newest_announcement_is_kept_for_the_fallback(ivr: Ivr) -> None:
    assert ivr.service.last_announcement() == ""
    ivr.menteng_is_dark(text=TEXT)
    other = ivr.another()
    await other.start()
    assert other.last_announcement() == TEXT
    await other.stop()
