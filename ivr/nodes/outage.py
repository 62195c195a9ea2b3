"""What is known where the caller is, and what he may do about it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from config.languages import FIRST
from config.schema import menu as shapes
from ivr.instructions import Fragment
from ivr.nodes.going import enter, enter_node, entering, go, repeating
from ivr.turn import Effect, Flow, Note, Turn, outage_in
from tickets.views import KnownOutage


def announce(turn: Turn, name: str, outage: KnownOutage) -> Flow:
    """Enter an outage node with an outage already at hand: one lookup less while the caller listens to nothing."""
    node = enter_node(turn, name, affected=True)
    if not isinstance(node, shapes.OutageNode):
        return (yield from enter(turn, node))
    return (yield from _tell(turn, node, outage))


@entering(shapes.OutageNode)
def _enter_outage(turn: Turn, node: shapes.OutageNode) -> Flow:
    return (yield from _look_and_tell(turn, node))


def _look_and_tell(turn: Turn, node: shapes.OutageNode, *, full: bool = False) -> Flow:
    outage = yield from outage_in(turn.state)
    if outage is None:
        turn.state.outage = None
        return (yield from go(turn, node.over))
    return (yield from _tell(turn, node, outage, full=full))


@repeating(shapes.OutageNode)
def _asked_again(turn: Turn, node: shapes.OutageNode, full: bool) -> Flow:
    return (yield from _look_and_tell(turn, node, full=True) if full else options(turn, node))


def _tell(turn: Turn, node: shapes.OutageNode, outage: KnownOutage, *, full: bool = False) -> Flow:
    turn.state.outage = outage.id
    instead = turn.menu.shape.nodes[node.withheld] if node.withheld and not turn.caller.ani else None
    # Not through `go`: at this level it may stand in for that very node.
    if isinstance(instead, shapes.OutageNode):
        turn.state.node, node = node.withheld, instead
    yield from say_outage(turn, outage, turn.state.area, full=full)
    return (yield from options(turn, node))


def say_outage(turn: Turn, outage: KnownOutage, area: str, *, full: bool = False) -> Generator[Effect, Any, None]:
    """The announcement once a call, and on record which one was heard: to who called about it before what has changed,
    or `full`.
    """
    if outage.id in turn.state.told and not full:
        return
    turn.state.told = [*(one for one in turn.state.told if one != outage.id), outage.id]
    language = turn.state.language
    news = () if full else outage.news.get(language, ())
    told = {"what": "told", "outage": outage.id, "statement": outage.statement_id, "holding": outage.holding}
    heard = {"version": outage.version, "news": bool(news), "facts": dict(outage.facts)}
    yield Note({**told, **heard, "area": area})
    key = "outage.news" if news else "outage.holding" if outage.holding else "outage.announcement"
    voice = language if news or outage.said.get(language) else FIRST
    turn.said += [Fragment(key, text, voice) for text in news or outage.pieces(language)]


def tell_region(
    turn: Turn, outages: Sequence[KnownOutage], count: int, *, full: bool = False
) -> Generator[Effect, Any, None]:
    """The official words of a region for who is not located yet; those of the widest areas first."""
    for outage in sorted(outages, key=lambda one: one.area.count("."))[:count]:
        yield from say_outage(turn, outage, outage.area, full=full)


def options(turn: Turn, node: shapes.OutageNode) -> Flow:
    """What may be keyed after it."""
    yield from ()
    return turn.ask(node.say, turn.text([*node.options, *(node.another if turn.state.by_phone else [])]))
