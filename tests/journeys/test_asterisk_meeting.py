"""Real conversations of two and three: hold, consult, conference, attended transfer, judged by what each one hears."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from router.agents import CsoState
from router.calls import CallState
from router.store.types import Call
from tests.fixtures.asterisk import OFFER_SECONDS, Line
from tests.fixtures.phones import Phone
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
CALLER, FIRST, SECOND = 1000, 700, 1300  # what each one says all the time


@dataclass
class Talk:
    """A caller with cso1; cso2 has a telephone and is ready."""

    line: Line
    caller: Phone
    first: Phone
    second: Phone
    call: str

    @property
    def now(self) -> Call:
        found = self.line.ask(lambda acd: acd.call(self.call))
        assert found is not None
        return found

    def hold(self) -> None:
        token = self.now.token
        self.line.ask(lambda acd: acd.hold(self.call, token))

    def resume(self) -> None:
        token = self.now.token
        self.line.ask(lambda acd: acd.resume(self.call, token))

    def consult(self) -> None:
        token, rung = self.now.token, self.second.count("CALL_INCOMING")
        self.line.ask(lambda acd: acd.consult(self.call, token, cso="cso2", cmd=f"{token}:{rung}"))
        self.second.wait("CALL_INCOMING", times=rung + 1)

    def answers(self) -> None:
        established = self.second.count("CALL_ESTABLISHED")
        self.second.command("accept")
        self.second.wait("CALL_ESTABLISHED", times=established + 1)

    def music(self) -> bool:
        """Whether the caller hears something that no CSO says."""
        heard = self.caller.heard().tail(0.4)
        return heard.loud_seconds() > 0.2 and not heard.has(FIRST) and not heard.has(SECOND)

    def both_hear(self, one: Phone, tone: int, other: Phone, other_tone: int) -> None:
        until(lambda: one.hears(other_tone) and other.hears(tone), 10, f"{one.name} and {other.name} talk", every=0.2)

    def silent(self, phone: Phone) -> bool:
        return phone.heard().tail(1).loud_seconds() < 0.1


@pytest.fixture
def talk(line: Line) -> Talk:
    first, second = line.telephone("cso1", tone=FIRST), line.telephone("cso2", tone=SECOND)
    line.ready("cso1")
    caller = line.caller("no_outage", tone=CALLER)
    call = line.to_an_officer(caller)
    first.wait("CALL_INCOMING")
    first.answer()
    line.wait_call(caller, CallState.TALKING)
    line.beside("cso2")
    made = Talk(line, caller, first, second, call)
    made.both_hear(caller, CALLER, first, FIRST)
    return made


def test_hold_consult_conference_and_the_colleague_goes_on(talk: Talk) -> None:
    talk.hold()
    until(talk.music, 10, "music for the caller", every=0.2)
    until(lambda: talk.silent(talk.first), 10, "silence for the CSO", every=0.2)

    talk.consult()
    talk.answers()
    talk.both_hear(talk.first, FIRST, talk.second, SECOND)
    assert talk.music()
    assert not talk.first.hears(CALLER)
    assert not talk.second.hears(CALLER)

    talk.resume()
    for phone, tones in (
        (talk.caller, (FIRST, SECOND)),
        (talk.first, (CALLER, SECOND)),
        (talk.second, (CALLER, FIRST)),
    ):
        until(lambda phone=phone, tones=tones: all(phone.hears(tone, 1) for tone in tones), 10, "three", every=0.2)

    token = talk.now.token
    talk.line.ask(lambda acd: acd.complete(talk.call, token, cmd=f"{token}:complete"))
    talk.first.wait("CALL_CLOSED")
    talk.line.wait_cso("cso1", CsoState.WRAP_UP, 5)
    talk.both_hear(talk.caller, CALLER, talk.second, SECOND)
    assert (talk.now.cso, talk.now.state) == ("cso2", CallState.TALKING)

    talk.second.hang_up()
    talk.line.wait_cso("cso2", CsoState.WRAP_UP, 5)
    talk.caller.wait("CALL_CLOSED", 20)
    record = talk.line.record(talk.call)
    assert (record["outcome"], record["cso"], record["transfers"]) == ("answered", "cso2", 1)
    assert record["held_s"] > 0


def test_a_colleague_who_does_not_come_or_is_let_go_and_a_caller_who_gives_up(talk: Talk) -> None:
    talk.hold()
    talk.consult()
    talk.second.hang_up()  # declines
    until(lambda: not talk.now.guest, 5, "nobody is consulted", every=0.1)
    talk.line.wait_cso("cso2", CsoState.NOT_ANSWERING, 5)
    assert (talk.now.state, talk.now.cso, talk.now.held > 0) == (CallState.TALKING, "cso1", True)

    talk.line.beside("cso2")
    talk.consult()
    until(lambda: not talk.now.guest, OFFER_SECONDS + 6, "rung long enough", every=0.1)
    talk.line.wait_cso("cso2", CsoState.NOT_ANSWERING, 5)

    talk.line.beside("cso2")
    talk.consult()
    closed = talk.second.count("CALL_CLOSED")
    talk.answers()
    talk.both_hear(talk.first, FIRST, talk.second, SECOND)
    token = talk.now.guest_token
    talk.line.ask(lambda acd: acd.guest_left(talk.call, token, reason="cancelled"))
    talk.second.wait("CALL_CLOSED", times=closed + 1)
    talk.line.wait_cso("cso2", CsoState.READY, 5)
    talk.resume()
    talk.both_hear(talk.caller, CALLER, talk.first, FIRST)

    talk.hold()
    talk.consult()
    talk.answers()
    talk.both_hear(talk.first, FIRST, talk.second, SECOND)
    talk.caller.hang_up()
    talk.first.wait("CALL_CLOSED")
    talk.second.wait("CALL_CLOSED", times=closed + 2)
    talk.line.wait_cso("cso2", CsoState.READY, 5)
    assert talk.line.record(talk.call)["outcome"] == "answered"
    until(lambda: talk.line.channels() == 0, 10, "no ghost channel", every=0.1)


def test_a_cso_who_hangs_up_leaves_nobody_alone(talk: Talk) -> None:
    talk.hold()
    until(talk.music, 10, "music for the caller", every=0.2)
    talk.first.hang_up()  # without having said goodbye
    talk.line.wait_cso("cso1", CsoState.WRAP_UP, 5)
    talk.second.wait("CALL_INCOMING")
    talk.answers()
    talk.both_hear(talk.caller, CALLER, talk.second, SECOND)

    talk.line.wait_cso("cso1", CsoState.READY, 10)
    talk.hold()
    token = talk.now.token
    talk.line.ask(lambda acd: acd.consult(talk.call, token, cso="cso1", cmd=token))
    talk.first.wait("CALL_INCOMING", times=2)
    talk.first.command("accept")
    talk.both_hear(talk.first, FIRST, talk.second, SECOND)
    talk.second.hang_up()
    talk.both_hear(talk.caller, CALLER, talk.first, FIRST)
    assert talk.now.cso == "cso1"


def test_what_was_asked_for_while_the_connector_was_away_is_done_when_it_is_back(talk: Talk) -> None:
    before = talk.line.product.kill("connector")
    talk.hold()
    talk.line.product.restarted("connector", before)
    until(talk.music, 15, "music for the caller", every=0.2)
    talk.consult()
    talk.answers()
    talk.both_hear(talk.first, FIRST, talk.second, SECOND)

    before = talk.line.product.kill("connector")
    talk.first.hang_up()  # in the middle of the consultation: the colleague goes on
    talk.line.product.restarted("connector", before)
    talk.both_hear(talk.caller, CALLER, talk.second, SECOND)
    assert talk.now.cso == "cso2"

    for cso in ("cso1", "cso2"):  # an offer that nobody carries out for long goes to somebody else
        talk.line.ask(lambda acd, cso=cso: acd.ask_state(cso, CsoState.PAUSED, reason="istirahat"))
    before = talk.line.product.kill("connector")
    talk.hold()
    talk.line.ask(lambda acd: acd.enqueue(talk.call, queue="keluhan", cmd=f"{talk.call}:to-queue"))
    talk.line.product.restarted("connector", before)
    talk.second.wait("CALL_CLOSED")
    talk.line.ready("cso1")
    talk.first.wait("CALL_INCOMING", times=2)
    talk.first.command("accept")
    talk.both_hear(talk.caller, CALLER, talk.first, FIRST)
    assert talk.now.queue == "keluhan"
