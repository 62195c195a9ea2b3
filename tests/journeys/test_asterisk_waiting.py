"""Who waits hears the place in line and then music; who hangs up unheard is found missing from the list of channels."""

from __future__ import annotations

import signal

import pytest

from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.phones import Phone
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


def _plays(line: Line, caller: Phone) -> tuple[str, str]:
    """The application that a caller's channel is in, and what it was given."""
    for row in line.console("core show channels concise").splitlines():
        fields = row.split("!")
        if len(fields) > 8 and fields[7] == caller.name:
            return fields[5], fields[6]
    return "", ""


def test_who_waits_hears_the_place_and_then_music(line: Line) -> None:
    caller = line.caller("no_outage")
    call = line.to_an_officer(caller)
    place = line.sound_name("Anda di urutan").removesuffix(".wav")
    until(lambda: _plays(line, caller)[0] == "BackGround", 10, "an announcement is played", every=0.05)
    assert place in _plays(line, caller)[1]
    until(lambda: _plays(line, caller)[0] == "WaitExten", 30, "it is over", every=0.1)
    until(lambda: caller.heard().tail(0.4).loud_seconds() > 0.2, 10, "music", every=0.1)
    assert _plays(line, caller)[0] == "WaitExten"
    assert line.wait_call(caller, CallState.WAITING).id == call


def test_a_hang_up_that_nobody_told_is_found_in_the_list_of_channels(line: Line) -> None:
    caller = line.caller("no_outage")
    call = line.to_an_officer(caller)
    with line.product.without("asterisk-keeper"):  # who reads what Asterisk writes down would find it, too
        before = line.product.kill("connector", signal.SIGSTOP)
        caller.hang_up()
        until(lambda: line.channels() == 0, 10, "the channel is gone", every=0.1)
        line.product.restarted("connector", before)  # what Asterisk told the hung one died with it
        assert line.record(call, 40)["outcome"] == "lost"
