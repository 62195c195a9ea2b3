"""Conversations recorded by a real Asterisk: told before, both sides on it, through hold, consult and transfer."""

from __future__ import annotations

from typing import Any

import pytest

from config.operator import operator
from router.calls import CallState
from router.store.types import Call
from tests.fixtures.asterisk import Line
from tests.fixtures.phones import Phone, Sound
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
CALLER, FIRST, SECOND = 1000, 700, 1300  # what each one says all the time
RECORDED = "4"  # the key of the queue that these journeys record (tests/fixtures/asterisk.py)
NOTICE = operator().prompts.prompts["recording.notice"].id


def talks(line: Line, caller: Phone, key: str, telephone: Phone) -> str:
    """Through the menu to a CSO; answers the call's id."""
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().seconds > 0.5, 10, "the menu speaks")
    caller.press(key)
    call = line.wait_call(caller, CallState.WAITING, CallState.OFFERED, CallState.TALKING, seconds=40).id
    telephone.wait("CALL_INCOMING", 20)
    telephone.answer()
    line.wait_call(caller, CallState.TALKING)
    until(lambda: caller.hears(FIRST) and telephone.hears(CALLER), 15, "they hear each other", every=0.2)
    return call


def recording(line: Line, call: str) -> tuple[dict[str, Any], Sound]:
    """The row and the sound, once the call is over."""
    query = "SELECT * FROM recording WHERE call = :call AND kind = 'call'"
    row = until(lambda: line.rows(query, call=call), 60, "the recording is kept", every=0.2)[0]
    return row, Sound.read(line.product.data / "recordings" / "calls" / row["file"])


def test_told_first_then_both_sides_through_hold_consult_and_transfer(line: Line) -> None:
    first, second = line.telephone("cso1", tone=FIRST), line.telephone("cso2", tone=SECOND)
    line.ready("cso1")
    caller = line.caller("no_outage", tone=CALLER)
    call = talks(line, caller, RECORDED, first)
    assert line.notes(call, "recording-notice") == [{"what": "recording-notice"}]
    events = line.events(call)
    assert "call.noted" in events[: events.index("call.queued")], "heard before the line"
    assert caller.heard().seconds > line.prompt(NOTICE), "all of it"
    began = caller.heard().seconds

    def now() -> Call:
        found = line.ask(lambda acd: acd.call(call))
        assert found is not None
        return found

    file = line.product.data / "recordings" / "incoming" / "calls" / f"{call}.wav"

    def grows(seconds: float = 4) -> None:
        before = until(lambda: file.exists() and file.stat().st_size, 15, "the file is there", every=0.2)
        until(lambda: file.stat().st_size > before + seconds * 16000, seconds + 15, "it is recorded", every=0.2)

    grows()
    line.beside("cso2")
    token = now().token
    line.ask(lambda acd: acd.hold(call, token))
    until(lambda: not caller.hears(FIRST), 10, "music", every=0.2)
    line.ask(lambda acd: acd.consult(call, token, cso="cso2", cmd=f"{token}:consult"))
    second.wait("CALL_INCOMING")
    second.answer()
    until(lambda: first.hears(SECOND) and second.hears(FIRST), 15, "the CSOs talk", every=0.2)
    line.ask(lambda acd: acd.resume(call, token))
    until(lambda: caller.hears(SECOND, 1), 15, "three talk", every=0.2)
    line.ask(lambda acd: acd.complete(call, token, cmd=f"{token}:complete"))
    first.wait("CALL_CLOSED")
    until(lambda: caller.hears(SECOND) and second.hears(CALLER), 15, "the colleague goes on", every=0.2)
    grows()
    talked = caller.heard().seconds - began
    second.hang_up()
    caller.wait("CALL_CLOSED", 20)

    row, sound = recording(line, call)
    assert sound.seconds == pytest.approx(row["seconds"], abs=0.1)
    assert talked - 2 < sound.seconds < talked + 6
    strength = {tone: sound.power(tone) for tone in (CALLER, FIRST, SECOND)}
    assert all(power > 0.02 for power in strength.values()), strength
    assert sound.tail(2).power(SECOND) > 0.1, "also after the transfer"

    supervisor = line.desk("spv1")
    assert f'href="/papan/rekaman/{row["id"]}"' in supervisor.page("/papan/panggilan?hasil=semua").text
    heard = supervisor.http.get(f"/rekaman/panggilan/{row['id']}")
    assert len(heard.content) == row["seconds"] * 16000 + 44


def test_who_is_in_danger_keys_it_during_the_notice(line: Line) -> None:
    caller = line.caller("no_outage", tone=CALLER)
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().seconds > 0.5, 10, "the menu speaks")
    caller.press(RECORDED)
    before = caller.heard().seconds
    until(lambda: caller.heard().seconds > before + 2, 15, "the notice is said", every=0.1)
    caller.press("9")
    call = line.wait_call(caller, CallState.WAITING, CallState.OFFERED, CallState.TALKING, seconds=40)
    assert (call.queue, call.emergency) == ("darurat", True)


def test_a_queue_that_is_not_recorded_has_no_notice_and_no_file(line: Line) -> None:
    telephone = line.telephone("cso1", tone=FIRST)
    line.ready("cso1")
    caller = line.caller("no_outage", tone=CALLER)
    call = talks(line, caller, "0", telephone)
    caller.hang_up()
    line.record(call)
    assert line.notes(call, "recording-notice") == []
    assert not list((line.product.data / "recordings").rglob(f"{call}*"))


def test_an_emergency_is_told_nothing_and_not_recorded(line: Line) -> None:
    telephone = line.telephone("cso1", tone=FIRST)
    line.ready("cso1")
    caller = line.caller("no_outage", tone=CALLER)
    call = talks(line, caller, "9", telephone)
    caller.hang_up()
    line.record(call)
    assert line.notes(call, "recording-notice") == []
    assert not list((line.product.data / "recordings").rglob(f"{call}*"))


def test_without_the_folder_the_conversation_goes_on(line: Line) -> None:
    incoming = line.product.data / "recordings" / "incoming"
    away = incoming.with_name("away")
    telephone = line.telephone("cso1", tone=FIRST)
    line.ready("cso1")
    caller = line.caller("no_outage", tone=CALLER)
    incoming.rename(away)
    try:
        call = talks(line, caller, RECORDED, telephone)
        assert caller.in_call
        caller.hang_up()
        assert line.record(call)["outcome"] == "answered"
    finally:
        incoming.exists() or away.rename(incoming)
