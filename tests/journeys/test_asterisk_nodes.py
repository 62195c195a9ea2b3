"""Several Asterisks: a telephone of one takes calls of the other; one that dies takes only its own calls with it."""

from __future__ import annotations

import signal

import pytest

from router.agents import CsoState
from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.asterisk_nodes import TwoNodes
from tests.fixtures.phones import Phone
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


def _talk(line: Line, caller: Phone, telephone: Phone, tones: tuple[int, int]) -> str:
    """The CSO's telephone rings and is answered; both hear each other."""
    rung = telephone.count("CALL_INCOMING")
    call = line.to_an_officer(caller)
    telephone.wait("CALL_INCOMING", 30, times=rung + 1)
    telephone.answer()
    line.wait_call(caller, CallState.TALKING)
    _hear(caller, telephone, tones)
    return call


def _hear(caller: Phone, telephone: Phone, tones: tuple[int, int]) -> None:
    until(lambda: caller.hears(tones[1]) and telephone.hears(tones[0]), 15, "both hear each other", every=0.2)


def test_one_of_two_nodes_dies_and_comes_back(two_nodes: TwoNodes) -> None:
    first, second = two_nodes.a.telephone("cso1", tone=700), two_nodes.b.telephone("cso2", tone=500)
    stays, falls = two_nodes.a.caller("no_outage", tone=1000), two_nodes.b.called("has_open_report", tone=1200)
    two_nodes.a.beside("cso1")
    _talk(two_nodes.a, stays, first, (1000, 700))
    two_nodes.a.beside("cso2")
    lost = _talk(two_nodes.b, falls, second, (1200, 500))
    assert two_nodes.a.live(stays).channel.startswith("a:PJSIP/")  # type: ignore[union-attr]
    assert two_nodes.a.live(falls).channel.startswith("b:PJSIP/")  # type: ignore[union-attr]

    two_nodes.beside.kill()
    assert two_nodes.a.record(lost, 40)["outcome"] == "lost"
    two_nodes.until_up("b", up=False)
    until(lambda: not two_nodes.a.cso("cso2").telephone, 15, "nobody is offered a telephone of b")  # type: ignore[union-attr]
    assert two_nodes.a.wait_call(stays, CallState.TALKING).cso == "cso1"
    _hear(stays, first, (1000, 700))
    falls.hang_up()  # it would learn of it by silence

    # Whom the dead node lost is called back through the other one, and new callers are served there.
    stays.hang_up()
    rung = first.count("CALL_INCOMING")
    first.wait("CALL_INCOMING", 60, times=rung + 1)
    first.command("accept")
    falls.wait("CALL_INCOMING", 20)
    falls.command("accept")
    two_nodes.a.wait_call(falls, CallState.TALKING)
    _hear(falls, first, (1200, 700))
    first.hang_up()
    assert two_nodes.a.record(f"{lost}r")["outcome"] == "answered"
    two_nodes.a.wait_cso("cso1", CsoState.READY)
    served = _talk(two_nodes.a, stays, first, (1000, 700))
    first.hang_up()
    assert two_nodes.a.record(served)["outcome"] == "answered"

    # Back in service: its caller rings a telephone that is registered at the other node.
    two_nodes.beside.start()
    two_nodes.until_up("b")
    two_nodes.a.wait_cso("cso1", CsoState.READY)
    back = _talk(two_nodes.b, falls, first, (1200, 700))
    first.hang_up()
    assert two_nodes.a.record(back)["outcome"] == "answered"


def test_a_cso_at_another_node_dies_with_it_and_the_caller_is_answered_by_somebody_else(two_nodes: TwoNodes) -> None:
    far, near = two_nodes.b.telephone("cso2", tone=500), two_nodes.a.telephone("cso1", tone=700)
    caller = two_nodes.a.caller("no_outage", tone=1000)
    two_nodes.a.beside("cso2")
    call = _talk(two_nodes.a, caller, far, (1000, 500))
    two_nodes.beside.kill()
    two_nodes.a.beside("cso1")
    near.wait("CALL_INCOMING", 40)
    near.answer()
    assert two_nodes.a.wait_call(caller, CallState.TALKING).id == call
    _hear(caller, near, (1000, 700))


def test_what_a_telephone_at_another_node_says_is_understood(two_nodes: TwoNodes) -> None:
    """Busy and a telephone that is silent reach the call's node as if they were registered there."""
    far = two_nodes.b.telephone("cso2", tone=500)
    caller = two_nodes.a.caller("no_outage", tone=1000)
    two_nodes.a.beside("cso2")
    call = two_nodes.a.to_an_officer(caller)
    far.wait("CALL_INCOMING", 20)
    far.hang_up()  # refused
    returned = "SELECT data FROM call_event WHERE call = :call AND event = 'call.returned' ORDER BY id"
    first = until(lambda: two_nodes.a.rows(returned, call=call), 10, "it is in the history", every=0.2)
    assert '"busy"' in first[0]["data"]
    assert two_nodes.a.wait_call(caller, CallState.WAITING).id == call
    two_nodes.a.wait_cso("cso2", CsoState.NOT_ANSWERING)
    two_nodes.a.ready("cso2")
    far.wait("CALL_INCOMING", 20, times=2)  # it rings and nobody takes it
    until(lambda: len(two_nodes.a.rows(returned, call=call)) == 2, 20, "both are in the history", every=0.2)
    assert '"no-answer"' in two_nodes.a.rows(returned, call=call)[1]["data"]


def test_an_emergency_reaches_the_telephone_at_another_node_with_nobody_of_ours_alive(two_nodes: TwoNodes) -> None:
    outside = two_nodes.b.telephone("darurat", tone=900)
    caller = two_nodes.a.caller("no_outage", tone=1000)
    before = two_nodes.a.product.kill("agi", signal.SIGSTOP)
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().loud_seconds() > 0.5, 10, "the fallback speaks", every=0.1)
    caller.press("9")
    outside.wait("CALL_INCOMING", 15)
    outside.answer()
    _hear(caller, outside, (1000, 900))
    two_nodes.a.product.restarted("agi", before)
