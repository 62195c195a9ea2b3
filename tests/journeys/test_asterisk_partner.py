"""Nobody of ours is free for too long: a partner centre takes over, within its cap."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.phones import Phone
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey


def test_overflow_to_a_partner_within_its_cap(line: Line) -> None:
    centre = line.reachable_partner(tone=600)
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

    until(lambda: centre.heard().seconds > 6, 15, "they talk for longer than a short while", every=0.2)
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


def killed_while_ringing(centre: Phone, _caller: Phone) -> str:
    centre.process.kill()
    return "no-answer"


def killed_while_talking(centre: Phone, caller: Phone) -> str:
    centre.answer()
    until(lambda: caller.hears(600) and centre.hears(1000), 10, "both hear each other", every=0.2)
    centre.process.kill()
    return "dropped"


def slow(_centre: Phone, _caller: Phone) -> str:
    return "no-answer"


def full(centre: Phone, _caller: Phone) -> str:
    centre.hang_up()
    return "busy"


def accepting_then_dropping(centre: Phone, _caller: Phone) -> str:
    centre.answer()
    centre.hang_up()
    return "dropped"


TROUBLES = (killed_while_ringing, killed_while_talking, slow, full, accepting_then_dropping)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda one: one.__name__)
def test_whatever_a_partner_does_the_caller_talks_to_somebody(
    line: Line, trouble: Callable[[Phone, Phone], str]
) -> None:
    talks_to_somebody(line, trouble)


def test_a_partner_whose_end_is_told_a_second_late_costs_no_caller(line: Line) -> None:
    """As on a busy machine: the thread that knows why the partner's channel ended comes after the caller's own."""
    # The keeper would put back what is changed here.
    with line.product.without("asterisk-keeper"), told_late(line):
        talks_to_somebody(line, killed_while_talking)


@contextlib.contextmanager
def told_late(line: Line) -> Iterator[None]:
    """The hang-up handler of a partner's channel goes in circles for a second before it says anything."""
    file = line.product.data / "asterisk" / "etc" / "extensions.conf"
    before, handler = file.read_text(encoding="utf-8"), "[partnergone]\nexten => s,1,"
    assert handler in before
    circles = "Set(LATE=$[${STRFTIME(,,%s%3q)}+1000])\n same => n(on),GotoIf($[${STRFTIME(,,%s%3q)}<${LATE}]?on)\n"
    try:
        file.write_text(before.replace(handler, f"{handler}{circles} same => n,"), encoding="utf-8")
        line.console("dialplan reload")
        assert "${LATE}" in line.console("dialplan show s@partnergone")
        yield
    finally:
        file.write_text(before, encoding="utf-8")
        line.console("dialplan reload")


def talks_to_somebody(line: Line, trouble: Callable[[Phone, Phone], str]) -> None:
    """A caller whom a partner fails is back in line with the old score, and a CSO takes the call."""
    centre, caller = line.reachable_partner(tone=600), line.caller("no_outage", tone=1000)
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().seconds > 0.5, 10, "the menu speaks")
    caller.press("3")
    handed = line.wait_call(caller, CallState.PARTNER)
    centre.wait("CALL_INCOMING", 20)
    result = trouble(centre, caller)
    back = line.wait_call(caller, CallState.WAITING, seconds=30)
    assert (back.id, back.score, back.partner) == (handed.id, handed.score, "")
    until(lambda: caller.heard().tail(1).loud_seconds() > 0.3, 15, "the caller hears that the line goes on", every=0.2)
    telephone = line.telephone("cso1", tone=700)
    line.ready("cso1")
    telephone.wait("CALL_INCOMING", 20)
    telephone.answer()
    until(lambda: caller.hears(700) and telephone.hears(1000), 10, "both hear each other", every=0.2)
    telephone.hang_up()
    record = line.record(handed.id)
    assert (record["outcome"], record["cso"]) == ("answered", "cso1")
    query = "SELECT partner, reason, result FROM partner_handover WHERE call = :call"
    assert [dict(row) for row in line.rows(query, call=handed.id)] == [
        {"partner": "mitra", "reason": "max-wait", "result": result}
    ]


def test_an_emergency_that_nobody_takes_reaches_the_telephone_outside_at_the_second_attempt(line: Line) -> None:
    outside, caller = line.outside(tone=900), line.caller("no_outage", tone=1000)
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().seconds > 0.5, 10, "the menu speaks")
    caller.press("9")
    waiting = line.wait_call(caller, CallState.WAITING)
    assert waiting.emergency
    outside.wait("CALL_INCOMING", 30)
    outside.hang_up()  # nobody there wants it
    back = line.wait_call(caller, CallState.WAITING)
    assert (back.id, back.score) == (waiting.id, waiting.score)
    outside.wait("CALL_INCOMING", 30, times=2)
    outside.answer()
    until(lambda: caller.hears(900) and outside.hears(1000), 10, "both hear each other", every=0.2)
    until(lambda: outside.heard().seconds > 6, 15, "they talk", every=0.2)
    outside.hang_up()
    assert line.record(waiting.id)["outcome"] == "partner_answered"
    query = "SELECT partner, reason, result FROM partner_handover WHERE call = :call ORDER BY id"
    found = [tuple(row.values()) for row in line.rows(query, call=waiting.id)]
    assert found == [("darurat-luar", "outside", "busy"), ("darurat-luar", "outside", "answered")]
