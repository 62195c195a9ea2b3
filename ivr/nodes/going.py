"""From node to node: the tables of what each kind does, and what all kinds that ask have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.schema import menu as shapes
from ivr.instructions import Instruction
from ivr.turn import Flow, Note, Turn

IDPEL, METER = 12, 11  # digits (facts: domain 3.1)

Enter = Callable[[Turn, Any], Flow]
Answer = Callable[[Turn, Any, str], Flow]
Again = Callable[[Turn, Any, bool], Flow]
_ENTER: dict[type, Enter] = {}
_ANSWER: dict[type, Answer] = {}
_AGAIN: dict[type, Again] = {}


def entering(kind: type[shapes.Node]) -> Callable[[Enter], Enter]:
    """The function that is run when a node of this kind is entered."""

    def put(function: Enter) -> Enter:
        _ENTER[kind] = function
        return function

    return put


def answering(kind: type[shapes.Asking]) -> Callable[[Answer], Answer]:
    """The function for what is keyed there and is none of the node's own `keys`; without one it is a wrong key."""

    def put(function: Answer) -> Answer:
        _ANSWER[kind] = function
        return function

    return put


def repeating(kind: type[shapes.Asking]) -> Callable[[Again], Again]:
    """The function that asks once more, `full` with what was announced before; without one it is `say` alone."""

    def put(function: Again) -> Again:
        _AGAIN[kind] = function
        return function

    return put


def go(turn: Turn, name: str) -> Flow:
    """Enter a node, or the one that is entered instead of it at this surge level."""
    node = enter_node(turn, name, affected=turn.state.outage is not None)
    return (yield from enter(turn, node))


def enter(turn: Turn, node: shapes.Node) -> Flow:
    """What the kind of this node does first."""
    return (yield from _ENTER[type(node)](turn, node))


def enter_node(turn: Turn, name: str, *, affected: bool) -> shapes.Node:
    """Now the caller is at this node, or the one that stands in for it at this surge level or hour."""
    state, shape = turn.state, turn.menu.shape
    # Who depends on power to live keeps the officer, however many callers the area has.
    affected = affected and not state.priority
    closed = shape.closed(turn.caller.now, turn.caller.zone)
    state.node = shape.entered(name, turn.caller.level, affected=affected, closed=closed)
    state.tries, state.choices = 0, []
    return shape.nodes[state.node]


def keyed(turn: Turn, digits: str) -> Flow:
    """Something was keyed ("" = nothing) at the node that asked."""
    node = turn.menu.shape.nodes[turn.state.node]
    if not isinstance(node, shapes.Asking):
        return (yield from enter(turn, node))
    if digits:
        # What is longer than one key is a customer's number: the desk gets the premises it belongs to instead.
        key = {"key": digits} if len(digits) == 1 else {}
        yield Note({"what": "keyed", "node": turn.state.node, "keys": len(digits), **key})
    if digits == turn.menu.shape.repeat_key:
        return (yield from once_more(turn))
    if digits in node.keys:
        return (yield from go(turn, node.keys[digits]))
    return (yield from _ANSWER.get(type(node), missed)(turn, node, digits))


def once_more(turn: Turn) -> Flow:
    """What was heard last, from its beginning; it counts as no try."""
    node, tries = turn.menu.shape.nodes[turn.state.node], turn.state.tries
    if not isinstance(node, shapes.Asking):
        return (yield from enter(turn, node))
    instruction = yield from again(turn, node, full=True)
    turn.state.tries = tries
    return instruction


def missed(turn: Turn, node: shapes.Asking, digits: str) -> Flow:
    """Silence, or a key that is not offered: asked again, then on."""
    turn.state.tries += 1
    if turn.state.tries >= node.tries:
        return (yield from go(turn, node.invalid if digits else node.silent))
    turn.say(turn.menu.shape.again_invalid if digits else turn.menu.shape.again_silent)
    return (yield from again(turn, node, full=False))


def again(turn: Turn, node: shapes.Asking, *, full: bool) -> Flow:
    """The question once more; `full` with what was announced before it."""
    asked = _AGAIN.get(type(node))
    if asked is None:
        return question(turn, node)
    return (yield from asked(turn, node, full))


def question(turn: Turn, node: shapes.Asking) -> Instruction:
    """The node's own sentences, and as many keys as its kind takes."""
    # One more than the longest number: the hash that callers are asked for ends this answer, not the next question.
    rest = turn.text(node.another) if turn.state.by_phone else []
    return turn.ask(node.say, rest, digits=IDPEL + 1 if isinstance(node, shapes.Identify) else 1)


@entering(shapes.Choice)
def _enter_choice(turn: Turn, node: shapes.Choice) -> Flow:
    if node.withheld and not turn.caller.ani:
        return (yield from go(turn, node.withheld))
    return question(turn, node)


@entering(shapes.Identify)
def _enter_asking(turn: Turn, node: shapes.Asking) -> Flow:
    yield from ()
    return question(turn, node)
