"""Called back on a real Asterisk: the caller hangs up, the CSO is first on the line, both hear each other."""

from __future__ import annotations

import pytest

from router.agents import CsoState
from router.calls import CallState
from router.store.types import Call
from tests.fixtures.asterisk import OFFER_SECONDS, Line
from tests.fixtures.phones import Phone
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey


def callback(line: Line, call: str) -> Call:
    found = line.ask(lambda acd: acd.call(call))
    assert found is not None
    return found


def wait_for(line: Line, call: str, state: CallState, seconds: float = 20) -> Call:
    def there() -> Call | None:
        now = callback(line, call)
        return now if now.state is state else None

    return until(there, seconds, f"{call} is {state}; it is {callback(line, call).state}", every=0.1)


def asks_to_be_called_back(line: Line, caller: Phone) -> str:
    """In line, the key, and the goodbye that ends the call; answers the call."""
    call = line.to_an_officer(caller)
    until(lambda: line.place(caller) == "wait", 10, "in the wait loop", every=0.1)
    caller.press("1")
    caller.wait("CALL_CLOSED", 25)
    until(lambda: line.channels() == 0, 10, "nobody is on the line", every=0.1)
    assert callback(line, call).state is CallState.WAITING
    return call


def test_the_turn_comes_and_both_hear_each_other(line: Line) -> None:
    caller = line.called("no_outage", tone=1000)
    call = asks_to_be_called_back(line, caller)
    telephone = line.telephone("cso1", tone=700)
    line.ready("cso1")
    telephone.wait("CALL_INCOMING")
    assert caller.count("CALL_INCOMING") == 0, "the CSO first: nobody who is called back waits again"
    telephone.answer()
    caller.wait("CALL_INCOMING")
    wait_for(line, call, CallState.CALLING)
    established = caller.count("CALL_ESTABLISHED")
    caller.command("accept")
    caller.wait("CALL_ESTABLISHED", times=established + 1)
    wait_for(line, call, CallState.TALKING)
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)

    colleague = line.telephone("cso2", tone=1300)
    line.beside("cso2")
    token = callback(line, call).token
    line.ask(lambda acd: acd.transfer(call, token, cso="cso2", cmd=token))
    colleague.wait("CALL_INCOMING")
    telephone.wait("CALL_CLOSED")
    colleague.answer()
    until(lambda: caller.hears(1300) and colleague.hears(1000), 10, "both hear each other", every=0.2)
    token = wait_for(line, call, CallState.TALKING).token
    line.ask(lambda acd: acd.hold(call, token))
    until(lambda: colleague.heard().tail(0.5).loud_seconds() < 0.1, 10, "the colleague hears nothing", every=0.2)
    assert caller.heard().tail(0.5).loud_seconds() > 0.2, "music"
    line.ask(lambda acd: acd.resume(call, token))
    until(lambda: caller.hears(1300) and colleague.hears(1000), 10, "both hear each other", every=0.2)

    colleague.hang_up()
    line.wait_cso("cso2", CsoState.WRAP_UP, 5)
    caller.wait("CALL_CLOSED", 20, times=2)
    record = line.record(call)
    assert (record["outcome"], record["cso"], record["callback"]) == ("answered", "cso2", 1)
    order = ["call.callback", "call.dialled", "call.reached", "call.transferred", "call.held", "call.ended"]
    assert [event for event in line.events(call) if event in order] == order


def test_they_talk_also_when_the_connector_died_while_the_cso_was_rung(line: Line) -> None:
    caller = line.called("no_outage", tone=1000)
    call = asks_to_be_called_back(line, caller)
    telephone = line.telephone("cso1", tone=700)
    line.ready("cso1")
    telephone.wait("CALL_INCOMING")
    before = line.product.kill("connector")
    telephone.answer()
    caller.wait("CALL_INCOMING")
    established = caller.count("CALL_ESTABLISHED")
    caller.command("accept")
    caller.wait("CALL_ESTABLISHED", times=established + 1)
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)
    line.product.restarted("connector", before)
    token = wait_for(line, call, CallState.TALKING).token
    line.ask(lambda acd: acd.hold(call, token))
    until(lambda: telephone.heard().tail(0.5).loud_seconds() < 0.1, 10, "silence for the CSO", every=0.2)
    line.ask(lambda acd: acd.resume(call, token))
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)
    caller.hang_up()
    telephone.wait("CALL_CLOSED")
    assert line.record(call)["outcome"] == "answered"


def test_a_cso_who_does_not_answer_costs_no_place(line: Line) -> None:
    caller = line.called("no_outage")
    call = asks_to_be_called_back(line, caller)
    score = callback(line, call).score
    first = line.telephone("cso1")
    line.ready("cso1")
    first.wait("CALL_INCOMING")
    line.wait_cso("cso1", CsoState.NOT_ANSWERING, OFFER_SECONDS + 6)
    now = wait_for(line, call, CallState.WAITING)
    assert (now.score, now.attempts) == (score, 0)
    assert caller.count("CALL_INCOMING") == 0
    until(lambda: line.channels() == 0, 10, "no ghost channel", every=0.1)


def test_nobody_answers_and_is_rung_again(line: Line) -> None:
    caller = line.called("no_outage")
    call = asks_to_be_called_back(line, caller)
    telephone = line.telephone("cso1")
    line.ready("cso1")
    telephone.wait("CALL_INCOMING")
    telephone.answer()
    caller.wait("CALL_INCOMING")
    now = wait_for(line, call, CallState.SCHEDULED, 12)
    assert now.attempts == 1
    telephone.wait("CALL_CLOSED")
    line.wait_cso("cso1", CsoState.READY, 5)
    telephone.wait("CALL_INCOMING", 25, times=2)
    telephone.command("accept")
    caller.wait("CALL_INCOMING", times=2)
    caller.hang_up()  # refuses it
    assert line.record(call)["outcome"] == "unreached"
    line.wait_cso("cso1", CsoState.READY, 5)


def test_a_cso_who_hangs_up_first_was_no_attempt(line: Line) -> None:
    caller = line.called("no_outage")
    call = asks_to_be_called_back(line, caller)
    telephone = line.telephone("cso1")
    line.ready("cso1")
    telephone.wait("CALL_INCOMING")
    telephone.answer()
    caller.wait("CALL_INCOMING")
    telephone.hang_up()
    until(lambda: callback(line, call).state is not CallState.CALLING, 5, "given back", every=0.1)
    assert callback(line, call).attempts == 0
