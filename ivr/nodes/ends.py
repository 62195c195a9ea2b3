"""Where the dialogue ends: a line, a callback, goodbye, and the few words of the last lines."""

from __future__ import annotations

from config.schema import menu as shapes
from ivr.callback import agreed, full
from ivr.instructions import Play
from ivr.nodes.going import enter, entering
from ivr.nodes.outage import tell_region
from ivr.turn import CallBack, Enqueue, Flow, Note, Turn, outages_near

TRIAGE = "(triage)"  # not a node of the file: a few words, the emergency key, goodbye
FRONT = 4  # surge level from which nobody new gets further than the triage


def triage(turn: Turn, *, again: bool = False) -> Flow:
    """A few words and the emergency key, then released; the number is kept for calling back.

    What is known of the region is said while that costs nobody a line of the last ones.
    """
    rules = turn.menu.shape.triage
    turn.state.node, turn.state.offered_language = TRIAGE, True  # no words to spare
    if not again:
        yield Note({"what": "triage"})
    if turn.caller.gapped or turn.caller.level >= FRONT:
        outages = yield from outages_near(turn.caller.region)
        yield from tell_region(turn, outages, rules.announcements, full=again)
    return turn.ask(rules.say, ())


def _gapped(turn: Turn) -> bool:
    """Who must not stay dark keeps the officer, however many callers the area has."""
    return turn.caller.gapped and not turn.state.priority


@entering(shapes.QueueNode)
def _enter_queue(turn: Turn, node: shapes.QueueNode) -> Flow:
    if _gapped(turn) and node.queue != turn.menu.shape.emergency.queue:
        return (yield from triage(turn))
    if notice := _notice(turn, node.queue):
        return notice
    if turn.state.recorded == "said":
        turn.state.recorded = "heard"
        yield Note({"what": "recording-notice"})
    standing = yield Enqueue(node.queue, turn.state.priority, skills=node.skills or None)
    if standing is None:
        return (yield from full(turn, node.queue, node.skills))
    turn.join(node.queue)
    if turn.caller.kept and turn.menu.shape.waiting.callback:
        turn.say(turn.menu.shape.waiting.callback.kept)
    turn.say(node.say)
    return (yield from turn.wait(standing))


def _notice(turn: Turn, queue: str) -> Play | None:
    """That the conversation will be recorded, heard whole before the line: whoever is in it may be taken at once. Once
    a call; where it cannot be said nothing is recorded.
    """
    state, sentences = turn.state, turn.known_text(turn.menu.shape.recording)
    if state.recorded or not sentences or queue not in turn.caller.recording:
        return None
    state.recorded = "said"
    return Play((*turn.greeting(), *turn.said, *sentences))


@entering(shapes.CallbackNode)
def _enter_callback(turn: Turn, node: shapes.CallbackNode) -> Flow:
    if _gapped(turn):
        return (yield from triage(turn))
    rules, state = turn.menu.shape.waiting.callback, turn.state
    if rules is not None and turn.callback_key():
        answer: str = yield CallBack(node.queue, state.priority)
        if answer in ("agreed", "later"):
            return (yield from agreed(turn, node.queue, answer))
        if answer == "callback-exists":
            return turn.bye(rules.exists_bye)
    # Not through `go`: what stands there now may be this very node.
    state.node = node.unable
    other = turn.menu.shape.nodes[node.unable]
    return (yield from enter(turn, other))


@entering(shapes.ByeNode)
def _enter_bye(turn: Turn, node: shapes.ByeNode) -> Flow:
    yield from ()
    return turn.bye(node.say)
