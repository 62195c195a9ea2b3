"""An emergency goes on until somebody has spoken with it, whatever else is away."""

from __future__ import annotations

import pytest

from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey


def test_nobody_answers_outside_at_level_four_and_a_cso_of_ours_does(line: Line) -> None:
    """The telephone outside is not even registered; the dialplan alone had served the call until the key."""
    telephone = line.telephone("cso1")
    caller = line.caller("no_outage")
    line.ask(lambda acd: acd.set_level(4, reason="uji", by="spv1"))
    try:
        until(lambda: "SUAR_LEVEL_main=4" in line.console("dialplan show globals"), 10, "level 4", every=0.1)
        caller.dial("123")
        caller.wait("CALL_ESTABLISHED")
        until(lambda: caller.heard().loud_seconds() > 1, 10, "the announcement", every=0.2)
        caller.press("9")
        call = line.wait_call(caller, CallState.WAITING)
        until(lambda: line.place(caller) == "wait", 10, "in our own line", every=0.1)
        assert (call.emergency, call.queue) == (True, "darurat")
        line.until_ready("cso1")
        telephone.wait("CALL_INCOMING", 30)
        telephone.answer()
        until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)
    finally:
        line.ask(lambda acd: acd.set_level(0, reason="uji", by="spv1"))
        until(lambda: "SUAR_LEVEL_main=0" in line.console("dialplan show globals"), 10, "calm again", every=0.1)


def test_a_living_channel_whose_call_was_ended_goes_on(line: Line) -> None:
    telephone = line.telephone("cso1")
    caller = line.caller("no_outage")
    call = line.to_an_officer(caller)
    until(lambda: line.place(caller) == "wait", 10, "in the wait loop", every=0.1)
    line.ask(lambda acd: acd.ended(call, by="reconciliation"))
    again = line.wait_call(caller, CallState.WAITING, seconds=60)
    assert again.id == f"{call}b"
    line.until_ready("cso1")
    telephone.wait("CALL_INCOMING", 30)
    telephone.answer()
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)
    caller.hang_up()
    assert line.record(again.id)["outcome"] == "answered"
