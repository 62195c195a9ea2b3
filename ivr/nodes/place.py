"""Who calls and from where: by the telephone's number, by a number that is keyed, or from a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from typing import Any

from config.schema import menu as shapes
from ivr.instructions import Instruction
from ivr.nodes.going import IDPEL, METER, answering, entering, go, missed, question, repeating
from ivr.nodes.outage import announce, tell_region
from ivr.turn import (
    Choice,
    Effect,
    Flow,
    Note,
    Turn,
    outage_in,
    outages_near,
    phone,
    premises_number,
    several_reported,
)
from tickets.views import PremisesView


@entering(shapes.Locate)
def _enter_locate(turn: Turn, node: shapes.Locate) -> Flow:
    known = (yield from phone(turn.caller.ani)) if node.by_phone else []
    left = turn.state.outage
    if not node.by_phone:
        yield from _elsewhere(turn)
    if len(known) == 1:
        yield from _at(turn, known[0], "phone")
        turn.state.by_phone = True
        turn.say(node.here, name=known[0].area_name)
        return (yield from _at_area(turn, node))
    if known:
        turn.state.choices = _named(turn, known)
        return _list(turn, node)
    near = yield from outages_near(turn.caller.region)
    affected = [one for one in near if one.id != left]
    if affected:
        yield from tell_region(turn, affected, node.announcements)
        turn.state.choices = [Choice([one.area_name], one.area, beside=[*one.codes]) for one in affected]
        return _list(turn, node)
    return (yield from go(turn, node.clear))


def _elsewhere(turn: Turn) -> Generator[Effect, Any, None]:
    """Not there: what was taken from the telephone's number is forgotten."""
    state = turn.state
    yield Note({"what": "elsewhere", "area": state.area})
    state.area, state.beside, state.premises, state.outage = "", [], None, None
    state.priority, state.by_phone, state.others, state.moved = state.floor, False, False, state.moved + 1
    state.filed, state.number, state.finished, state.only_me = False, "", "", False


@repeating(shapes.Locate)
def _list_again(turn: Turn, node: shapes.Locate, full: bool) -> Flow:
    yield from ()
    return _list(turn, node)


def _list(turn: Turn, node: shapes.Locate) -> Instruction:
    choices = turn.state.choices
    head = node.several if any(choice.premises for choice in choices) else node.affected
    rest = turn.text(head)
    for key, choice in enumerate(choices, start=1):
        rest += turn.text([node.item], name=choice.name, key=str(key))
    return turn.ask(node.say, [*rest, *turn.text(node.elsewhere)])


@answering(shapes.Locate)
def _keyed_locate(turn: Turn, node: shapes.Locate, digits: str) -> Flow:
    choices = turn.state.choices
    if not digits.isdecimal() or not 1 <= int(digits) <= len(choices):
        return (yield from missed(turn, node, digits))
    yield from located(turn, choices[int(digits) - 1], "list")
    return (yield from _at_area(turn, node))


def _at_area(turn: Turn, node: shapes.Locate) -> Flow:
    outage = yield from outage_in(turn.state)
    if outage:
        return (yield from announce(turn, node.outage, outage))
    yield from _tell_others(turn, node)
    return (yield from go(turn, node.clear))


def _tell_others(turn: Turn, node: shapes.Locate | shapes.Identify) -> Generator[Effect, Any, None]:
    """Nothing is known yet where the caller is. Never that all is well: perhaps he is the first who tells; and he
    hears it when he is not.
    """
    if node.reported and (yield from several_reported(turn.state)):
        yield Note({"what": "others", "area": turn.state.area})
        turn.say(node.reported)


def _at(turn: Turn, premises: PremisesView, how: str) -> Generator[Effect, Any, None]:
    choice = _choice(turn, [premises.area_name], premises)
    yield from located(turn, choice, how)


def located(turn: Turn, choice: Choice, how: str) -> Generator[Effect, Any, None]:
    state = turn.state
    state.area, state.premises, state.beside = choice.area, choice.premises, choice.beside
    state.priority, state.by_phone = max(choice.priority, state.floor), False
    found = {"premises": choice.premises, "area": choice.area, "beside": choice.beside}
    yield Note({"what": "located", **found, "from": how})


def _choice(turn: Turn, name: list[str], premises: PremisesView) -> Choice:
    return Choice(name, premises.area, premises.id, _priority(turn, premises), [*premises.beside])


def _priority(turn: Turn, premises: PremisesView) -> int:
    shape = turn.menu.shape
    life = shape.life_support_priority if premises.life_support else 0
    return max(life, shape.public_service_priority if premises.public_service else 0)


def _named(turn: Turn, known: Sequence[PremisesView]) -> list[Choice]:
    """Areas tell premises apart; streets where areas do not; the last digits where streets do not either."""
    areas = Counter(premises.area_name for premises in known)
    streets = Counter((premises.area_name, premises.street) for premises in known)
    choices = []
    for premises in known:
        name = [premises.area_name]
        if areas[premises.area_name] > 1:
            name = [premises.street]
        if streets[premises.area_name, premises.street] > 1:
            name += list(premises.idpel[-4:])
        choices.append(_choice(turn, name, premises))
    return choices


@answering(shapes.Identify)
def _keyed_identify(turn: Turn, node: shapes.Identify, digits: str) -> Flow:
    if not digits:
        return (yield from missed(turn, node, digits))
    found = (yield from premises_number(digits)) if len(digits) in (IDPEL, METER) and digits.isdecimal() else []
    if found is None:
        turn.say(node.unread)
        return (yield from go(turn, node.invalid))
    if not found:
        turn.state.tries += 1
        turn.say(node.unknown)
        if turn.state.tries >= node.tries:
            return (yield from go(turn, node.invalid))
        return question(turn, node)
    yield from _at(turn, found[0], "idpel" if len(digits) == IDPEL else "meter")
    onward, turn.state.after = turn.state.after or node.then, ""
    outage = yield from outage_in(turn.state)
    if outage and outage.id != turn.state.outage and turn.menu.shape.nodes[onward].kind != "status":
        return (yield from announce(turn, node.outage, outage))
    if outage is None:
        yield from _tell_others(turn, node)
    return (yield from go(turn, onward))
