"""Being called back instead of waiting: by a key in line, and when a queue takes no more callers. Pure, as the flow."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.instructions import Instruction
from ivr.turn import CallBack, Flow, Note, Turn, Where

FULL = "(full)"  # not a node of the file: the queue takes no more callers, a callback is offered


def called_back(turn: Turn) -> Flow:
    """The key in line: the place stays, the caller hangs up."""
    rules = turn.menu.shape.waiting.callback
    if rules is None or not turn.callback_key():
        turn.say(rules.no_number if rules else [])
        return (yield from turn.wait((yield Where())))
    answer: str = yield CallBack(turn.state.queue)
    if answer in ("agreed", "later"):
        return (yield from agreed(turn, turn.state.queue, answer))
    turn.say(rules.exists if answer == "callback-exists" else rules.failed)
    return (yield from turn.wait((yield Where())))


def full(turn: Turn, queue: str, skills: Mapping[str, int] | None = None) -> Flow:
    """The queue is full: said, and a callback offered; never silence."""
    yield Note({"what": "queue-full", "queue": queue})
    rules, waiting = turn.menu.shape.waiting.callback, turn.menu.shape.waiting
    if rules is None or not turn.callback_key():
        return turn.bye([*waiting.full, *(rules.no_number_full if rules else waiting.full_bye)])
    turn.state.node, turn.state.full, turn.state.skills, turn.state.tries = FULL, queue, dict(skills or {}), 0
    return ask_full(turn)


def ask_full(turn: Turn) -> Instruction:
    """The queue is full: the question."""
    rules, waiting = turn.menu.shape.waiting.callback, turn.menu.shape.waiting
    return turn.ask([waiting.opening, *waiting.full, *(rules.offer if rules else ())], ())


def answered_full(turn: Turn, digits: str) -> Flow:
    """What was keyed when the queue was full."""
    rules, waiting = turn.menu.shape.waiting.callback, turn.menu.shape.waiting
    if digits == turn.menu.shape.repeat_key:
        return ask_full(turn)
    if rules is None or digits != rules.key:
        turn.state.tries += 1
        return ask_full(turn) if digits and turn.state.tries == 1 else turn.bye(waiting.full_bye)
    wish = CallBack(turn.state.full, turn.state.priority, turn.state.skills)
    answer: str = yield wish
    if answer in ("agreed", "later"):
        return (yield from agreed(turn, turn.state.full, answer))
    return turn.bye(rules.exists_bye if answer == "callback-exists" else waiting.full_bye)


def agreed(turn: Turn, queue: str, answer: str) -> Flow:
    """The callback is on record, `agreed` for its turn or for `later`: goodbye."""
    rules = turn.menu.shape.waiting.callback
    assert rules is not None  # noqa: S101 - nobody agrees to what is not offered
    yield Note({"what": "callback", "queue": queue})
    turn.state.queue = turn.state.full = ""
    return turn.bye(rules.later if answer == "later" else rules.agreed)
