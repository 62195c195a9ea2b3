"""Nobody of ours is free for too long: a partner centre takes over, within its cap."""

from __future__ import annotations

import pytest

from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey


def test_overflow_to_a_partner_within_its_cap(line: Line) -> None:
    centre = line.partner(tone=600)
    early, late = line.caller("no_outage", tone=1000), line.caller("has_open_report", tone=1200)
    for caller in (early, late):
        caller.dial("123")
        caller.wait("CALL_ESTABLISHED")
        until(lambda caller=caller: caller.heard().seconds > 0.5, 10, "the menu speaks")
        caller.press("3")  # complaints: the one queue that overflows after three seconds
        line.wait_call(caller, CallState.WAITING, CallState.PARTNER)
    centre.wait("CALL_INCOMING", 20)
    handed = line.wait_call(early, CallState.PARTNER)
    centre.answer()
    until(lambda: early.hears(600) and centre.hears(1000), 10, "both hear each other", every=0.2)
    waiting = line.live(late)
    assert waiting is not None
    assert waiting.state is CallState.WAITING  # the cap is one
    assert centre.count("CALL_INCOMING") == 1

    centre.hang_up()
    early.wait("CALL_CLOSED", 20)
    record = line.record(handed.id)
    assert (record["partner"], record["outcome"]) == ("mitra", "partner_answered")
    assert record["handed_over_at"] <= record["partner_answered_at"] <= record["ended_at"]

    centre.wait("CALL_INCOMING", 20, times=2)  # now there is room
    line.wait_call(late, CallState.PARTNER)
    centre.hang_up()  # refused: back in line, not lost
    back = line.wait_call(late, CallState.WAITING, CallState.PARTNER)
    assert "call.handed_back" in until(lambda: set(line.events(back.id)) & {"call.handed_back"}, 10, "handed back")
