"""A voice note on a report: each test is one telephone call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.instructions import Ask, Record, Wait
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import IN_OUTAGE, NO_OUTAGE, report

pytestmark = pytest.mark.unit
Dial = Callable[..., ScriptedCaller]


# --- what the caller meets
def test_after_the_report_one_key_and_twenty_seconds(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("1")
    assert caller.keys[-1:] == ["after.note"]
    recording = caller.presses("1")
    assert isinstance(recording, Record)
    assert (recording.seconds, caller.keys) == (20, ["note.speak"])
    asked = caller.intents[-1]
    assert asked["kind"] == "voice-note", "told before it is spoken: whoever hangs up has spoken"
    assert (asked["number"], asked["report"]) == (caller.state.number, "csimulated1:report")

    assert isinstance(caller.speaks(12.3), Ask)
    assert caller.keys == ["emergency.short", "note.thanks", "after.report"]
    assert caller.intents[-1] == {"kind": "voice-note-over", "key": "csimulated1:note"}


@pytest.mark.parametrize("seconds", [0, 0.9])
def test_of_whom_nothing_was_heard_is_told_so_and_may_try_again(call: Dial, seconds: float) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("1")
    caller.presses("1")
    caller.speaks(seconds)
    assert caller.keys == ["emergency.short", "note.nothing", "after.note"]
    assert isinstance(caller.presses("1"), Record)
    caller.speaks(5)
    assert "note.thanks" in caller.keys


def test_who_asked_for_the_status_adds_to_the_open_report(call: Dial, world: World) -> None:
    world.reports.append(report(2))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert isinstance(caller.presses("1"), Record)
    assert caller.intents[-1]["number"] == "54100000777"


def test_an_emergency_keyed_while_speaking_goes_before_everything(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("1")
    caller.presses("1")
    assert isinstance(caller.presses("9"), Wait)
    assert caller.queues[-1].emergency


def test_in_a_surge_no_line_is_held_for_a_voice_note(call: Dial, world: World) -> None:
    world.level = 2
    caller = call(IN_OUTAGE)
    caller.presses("2")
    assert "after.note" not in caller.keys
