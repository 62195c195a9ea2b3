"""A voice note on a report: asked for before it is spoken, so that what is said is kept however the call ends."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from config.schema import menu as shapes
from ivr.instructions import Record
from ivr.nodes.going import enter, entering, go
from ivr.turn import Effect, Flow, Intent, Turn, asked_reports


@entering(shapes.VoiceNoteNode)
def _enter_voice_note(turn: Turn, node: shapes.VoiceNoteNode) -> Flow:
    state = turn.state
    if state.noted:
        return (yield from go(turn, node.then))
    if not (yield from _has_report(turn)):
        turn.say(node.none)
        return (yield from go(turn, node.then))
    wish = {"kind": "voice-note", "key": turn.key("note"), "number": state.number, "report": turn.key("report")}
    yield Intent({**wish, "seconds": node.seconds})
    return Record((*turn.greeting(), *turn.said, *turn.text(node.say)), node.seconds, node.silence)


def recorded(turn: Turn, seconds: float) -> Flow:
    """What the caller has said is there, `seconds` long."""
    node = turn.menu.shape.nodes[turn.state.node]
    if not isinstance(node, shapes.VoiceNoteNode):  # asked for by a menu that is no longer this call's
        return (yield from enter(turn, node))
    yield Intent({"kind": "voice-note-over", "key": turn.key("note")})
    if seconds < node.shortest:
        turn.say(node.nothing)
        return (yield from go(turn, node.retry or node.then))
    turn.state.noted = True
    turn.say(node.thanks)
    return (yield from go(turn, node.then))


def _has_report(turn: Turn) -> Generator[Effect, Any, bool]:
    """That of this call, else the newest open one of the premises."""
    state = turn.state
    if not state.filed:
        reports = yield from asked_reports(state.premises)
        state.number = next((one.number for one in reports if one.open), "")
    return state.filed or bool(state.number)
