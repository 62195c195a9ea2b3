"""Processes die and hang while callers wait: nobody is dropped, and an emergency still reaches a telephone."""

from __future__ import annotations

import signal

import pytest

from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.phones import Phone
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]
KILLED, HUNG = signal.SIGKILL, signal.SIGSTOP


@pytest.mark.parametrize("how", [KILLED, HUNG], ids=["killed", "hung"])
@pytest.mark.parametrize("name", ["agi", "dispatcher", "connector", "store"])
def test_a_waiting_caller_stays_and_is_answered_afterwards(line: Line, name: str, how: signal.Signals) -> None:
    telephone = line.telephone("cso1")
    caller = line.caller("no_outage")
    call = line.to_an_officer(caller)
    until(lambda: line.place(caller) == "wait", 10, "the caller is in the wait loop", every=0.1)

    before = line.product.kill(name, how)
    line.product.restarted(name, before)
    assert caller.in_call
    line.until_ready("cso1")
    telephone.wait("CALL_INCOMING", 30)
    telephone.answer()
    assert line.wait_call(caller, CallState.TALKING).id == call
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)


@pytest.mark.parametrize("how", [KILLED, HUNG], ids=["down", "hung"])
def test_without_the_step_server_an_emergency_reaches_a_telephone(line: Line, how: signal.Signals) -> None:
    outside = line.telephone("darurat", tone=900)
    caller = line.caller("no_outage")
    before = line.product.kill("agi", how)
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().loud_seconds() > 0.5, 10, "the fallback speaks", every=0.1)
    caller.press("9")
    outside.wait("CALL_INCOMING", 10)
    outside.answer()
    until(lambda: caller.hears(900) and outside.hears(1000), 10, "both hear each other", every=0.2)
    line.product.restarted("agi", before)
    assert caller.in_call
    assert outside.in_call


def test_who_came_and_went_while_we_were_dead_has_an_outcome_and_is_called_back(line: Line) -> None:
    caller = line.caller("+628112230001")
    before = {name: line.product.kill(name, HUNG) for name in ("connector", "agi")}
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().loud_seconds() > 0.5, 10, "the fallback speaks", every=0.1)
    caller.hang_up()
    until(lambda: line.channels() == 0, 10, "the caller is gone", every=0.1)
    for name, pid in before.items():
        line.product.kill(name, KILLED)
        line.product.restarted(name, pid)
    record = "SELECT id, outcome, ended_by FROM call_record WHERE ani = '+628112230001' AND outcome <> ''"
    (found,) = until(lambda: line.rows(record), 20, "the history knows of it", every=0.2)
    assert (found["outcome"], found["ended_by"]) == ("lost", "cel")
    recalled = "SELECT id FROM call_record WHERE recalled_from = :of"
    until(lambda: line.rows(recalled, of=found["id"]), 20, "the number is in line to be called back", every=0.2)
    assert line.events(found["id"]) == ["call.arrived", "call.ended"]


def test_killed_in_the_middle_of_a_step_the_fallback_leads_into_the_line(line: Line) -> None:
    telephone = line.telephone("cso1")
    caller = line.caller("no_outage")
    before = line.product.kill("agi", HUNG)
    caller.dial("123")
    until(lambda: line.place(caller) == "step", 10, "the step hangs", every=0.05)
    line.product.kill("agi", KILLED)
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().loud_seconds() > 1, 10, "the fallback speaks", every=0.2)
    line.product.restarted("agi", before)
    line.wait_call(caller, CallState.WAITING, seconds=40)
    line.until_ready("cso1")
    telephone.wait("CALL_INCOMING", 30)
    telephone.answer()
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)


def test_a_store_that_lost_everything_is_rebuilt_from_the_channels(line: Line) -> None:
    telephone = line.telephone("cso1")
    caller = line.caller("no_outage")
    call = line.to_an_officer(caller)
    until(lambda: line.place(caller) == "wait", 10, "the caller is in the wait loop", every=0.1)
    arrived = line.wait_call(caller, CallState.WAITING).arrived

    before = line.product.kill("store", HUNG)  # so that it writes nothing more
    for file in sorted((line.product.data / "store").rglob("*"), reverse=True):
        if file.is_file() and file.suffix != ".conf":
            file.unlink()
    line.product.kill("store", KILLED)
    line.product.restarted("store", before)
    rebuilt = line.wait_call(caller, CallState.WAITING, seconds=30)
    assert rebuilt.id == call
    assert abs(rebuilt.arrived - arrived) < 1000  # what the channel carries
    line.until_ready("cso1")
    telephone.wait("CALL_INCOMING", 30)
    telephone.answer()
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)


def test_asterisk_dies_and_a_caller_in_line_is_called_back(line: Line) -> None:
    caller = line.called("no_outage", tone=1000)
    call = line.to_an_officer(caller)
    before = line.product.kill("asterisk", KILLED)
    line.product.restarted("asterisk", before)
    telephone = line.telephone("cso1", tone=700)
    _is_called_back(line, call, caller, telephone)
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)
    _is_over(line, call, telephone)


def test_asterisk_dies_and_a_caller_who_talked_is_called_back(line: Line) -> None:
    telephone = line.telephone("cso1", tone=700)
    caller = line.called("no_outage", tone=1000)
    call = line.to_an_officer(caller)
    line.until_ready("cso1")
    telephone.wait("CALL_INCOMING", 30)
    telephone.answer()
    line.wait_call(caller, CallState.TALKING)
    before = line.product.kill("asterisk", KILLED)
    line.product.restarted("asterisk", before)
    _is_called_back(line, call, caller, telephone)
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)
    _is_over(line, call, telephone)


def _is_called_back(line: Line, call: str, caller: Phone, telephone: Phone) -> None:
    """Lost with Asterisk, then rung as soon as a CSO is ready."""
    assert line.record(call, 40)["outcome"] == "lost"
    for phone in (caller, telephone):  # they would learn of it by silence; nobody waits for that here
        if phone.in_call:
            phone.hang_up()
            phone.wait("CALL_CLOSED")
    rung, established = telephone.count("CALL_INCOMING"), caller.count("CALL_ESTABLISHED")
    line.log_out_all()
    line.until_ready("cso1")
    telephone.wait("CALL_INCOMING", 60, times=rung + 1)
    telephone.command("accept")
    caller.wait("CALL_INCOMING", 20)
    caller.command("accept")
    caller.wait("CALL_ESTABLISHED", times=established + 1)
    line.wait_call(caller, CallState.TALKING)


def _is_over(line: Line, call: str, telephone: Phone) -> None:
    telephone.hang_up()
    record = line.record(f"{call}r")
    assert (record["outcome"], record["recalled_from"]) == ("answered", call)
