"""Real calls that a CSO passes on unasked: to a colleague, to a queue."""

from __future__ import annotations

import pytest

from router.agents import CsoState
from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.phones import Phone
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey


def talking(line: Line) -> tuple[Phone, Phone, Phone, str]:
    """cso1 talks with a caller, cso2 has a telephone."""
    first, second = line.telephone("cso1", tone=700), line.telephone("cso2", tone=800)
    line.ready("cso1")
    caller = line.caller("no_outage", tone=1000)
    call = line.to_an_officer(caller)
    first.wait("CALL_INCOMING")
    first.answer()
    line.wait_call(caller, CallState.TALKING)
    return caller, first, second, call


def test_a_blind_transfer_rings_the_colleague_and_frees_the_cso(line: Line) -> None:
    caller, first, second, call = talking(line)
    line.ready("cso2")
    token = line.wait_call(caller, CallState.TALKING).token
    line.ask(lambda acd: acd.transfer(call, token, cso="cso2", cmd=f"transfer-{call}"))
    second.wait("CALL_INCOMING")
    first.wait("CALL_CLOSED", 10)
    second.answer()
    until(lambda: caller.hears(800) and second.hears(1000), 15, "they hear each other", every=0.2)
    shown = line.wait_call(caller, CallState.TALKING)
    assert (shown.cso, shown.id) == ("cso2", call)
    line.wait_cso("cso1", CsoState.WRAP_UP, 5)
    second.hang_up()
    line.wait_cso("cso2", CsoState.WRAP_UP, 5)
    record = line.record(call)
    assert (record["outcome"], record["cso"], record["transfers"]) == ("answered", "cso2", 1)


def test_a_transfer_to_a_queue_puts_the_caller_in_line(line: Line) -> None:
    caller, first, second, call = talking(line)
    line.ask(lambda acd: acd.enqueue(call, queue="keluhan", cmd=f"to-queue-{call}"))
    first.wait("CALL_CLOSED", 10)
    line.wait_call(caller, CallState.WAITING)
    line.ready("cso2", queues=("keluhan",))
    second.wait("CALL_INCOMING")
    second.answer()
    until(lambda: caller.hears(800) and second.hears(1000), 15, "they hear each other", every=0.2)
    assert line.wait_call(caller, CallState.TALKING).cso == "cso2"
