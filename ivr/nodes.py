"""What each kind of node does: when it is entered, and when something was keyed there (two tables at the end)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from typing import Any

from config.schema import menu as shapes
from ivr.callback import agreed, full
from ivr.instructions import Fragment, Instruction
from ivr.turn import (
    CallBack,
    Choice,
    Effect,
    Enqueue,
    Flow,
    Intent,
    Note,
    Turn,
    compensation,
    open_reports,
    outage_in,
    outages_near,
    phone,
    premises_number,
    reserved_number,
    several_reported,
)
from tickets.views import KnownOutage, PremisesView, ReportView

TRIAGE = "(triage)"  # not a node of the file: a few words, the emergency key, goodbye
FRONT = 4  # surge level from which nobody new gets further than the triage
IDPEL, METER = 12, 11  # digits (facts: domain 3.1)


def go(turn: Turn, name: str) -> Flow:
    """Enter a node, or the one that is entered instead of it at this surge level."""
    node = _enter(turn, name, affected=turn.state.outage is not None)
    return (yield from _ENTER[type(node)](turn, node))


def _enter(turn: Turn, name: str, *, affected: bool) -> shapes.Node:
    state, shape = turn.state, turn.menu.shape
    # Who depends on power to live keeps the officer, however many callers the area has.
    affected = affected and not state.priority
    state.node = shape.entered(name, turn.caller.level, affected=affected)
    state.tries, state.choices = 0, []
    return shape.nodes[state.node]


def keyed(turn: Turn, digits: str) -> Flow:
    """Something was keyed ("" = nothing) at the node that asked."""
    node = turn.menu.shape.nodes[turn.state.node]
    if not isinstance(node, shapes.Asking):
        return (yield from _ENTER[type(node)](turn, node))
    if digits:
        # What is longer than one key is a customer's number: the desk gets the premises it belongs to instead.
        key = {"key": digits} if len(digits) == 1 else {}
        yield Note({"what": "keyed", "node": turn.state.node, "keys": len(digits), **key})
    if digits == turn.menu.shape.repeat_key:
        tries = turn.state.tries
        instruction = yield from _again(turn, node, full=True)
        turn.state.tries = tries
        return instruction
    if digits in node.keys:
        return (yield from go(turn, node.keys[digits]))
    return (yield from _KEYED[type(node)](turn, node, digits))


# --- asking


def _missed(turn: Turn, node: shapes.Asking, digits: str) -> Flow:
    """Silence, or a key that is not offered: asked again, then on."""
    turn.state.tries += 1
    if turn.state.tries >= node.tries:
        return (yield from go(turn, node.invalid if digits else node.silent))
    turn.say(turn.menu.shape.again_invalid if digits else turn.menu.shape.again_silent)
    return (yield from _again(turn, node, full=False))


def _again(turn: Turn, node: shapes.Asking, *, full: bool) -> Flow:
    """The question once more; `full` with what was announced before it."""
    if isinstance(node, shapes.OutageNode):
        return (yield from _enter_outage(turn, node) if full else _options(turn, node))
    if isinstance(node, shapes.Locate):
        return _list(turn, node)
    return _question(turn, node)


def _question(turn: Turn, node: shapes.Asking) -> Instruction:
    # One more than the longest number: the hash that callers are asked for ends this answer, not the next question.
    return turn.ask(node.say, (), digits=IDPEL + 1 if isinstance(node, shapes.Identify) else 1)


def _enter_asking(turn: Turn, node: shapes.Asking) -> Flow:
    yield from ()
    return _question(turn, node)


# --- who and where


def _enter_locate(turn: Turn, node: shapes.Locate) -> Flow:
    known = yield from phone(turn.caller.ani)
    if len(known) == 1:
        yield from _at(turn, known[0], "phone")
        return (yield from _at_area(turn, node))
    if known:
        turn.state.choices = _named(turn, known)
        return _list(turn, node)
    affected = yield from outages_near(turn.caller.region)
    if affected:
        yield from _tell_region(turn, affected, node.announcements)
        turn.state.choices = [Choice([one.area_name], one.area, beside=[*one.codes]) for one in affected]
        return _list(turn, node)
    return (yield from go(turn, node.clear))


def _list(turn: Turn, node: shapes.Locate) -> Instruction:
    choices = turn.state.choices
    head = node.several if any(choice.premises for choice in choices) else node.affected
    rest = turn.text(head)
    for key, choice in enumerate(choices, start=1):
        rest += turn.text([node.item], name=choice.name, key=str(key))
    return turn.ask(node.say, [*rest, *turn.text(node.elsewhere)])


def _keyed_locate(turn: Turn, node: shapes.Locate, digits: str) -> Flow:
    choices = turn.state.choices
    if not digits.isdecimal() or not 1 <= int(digits) <= len(choices):
        return (yield from _missed(turn, node, digits))
    yield from _located(turn, choices[int(digits) - 1], "list")
    return (yield from _at_area(turn, node))


def _at_area(turn: Turn, node: shapes.Locate) -> Flow:
    outage = yield from outage_in(turn.state)
    if outage:
        return (yield from _announce(turn, node.outage, outage))
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
    yield from _located(turn, choice, how)


def _located(turn: Turn, choice: Choice, how: str) -> Generator[Effect, Any, None]:
    turn.state.area, turn.state.premises, turn.state.priority = choice.area, choice.premises, choice.priority
    turn.state.beside = choice.beside
    found = {"premises": choice.premises, "area": choice.area, "beside": choice.beside}
    yield Note({"what": "located", **found, "from": how})


def _choice(turn: Turn, name: list[str], premises: PremisesView) -> Choice:
    return Choice(name, premises.area, premises.id, _priority(turn, premises), [*premises.beside])


def _priority(turn: Turn, premises: PremisesView) -> int:
    return turn.menu.shape.life_support_priority if premises.life_support else 0


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


def _keyed_identify(turn: Turn, node: shapes.Identify, digits: str) -> Flow:
    if not digits:
        return (yield from _missed(turn, node, digits))
    found = (yield from premises_number(digits)) if len(digits) in (IDPEL, METER) and digits.isdecimal() else None
    if found is None:
        turn.state.tries += 1
        turn.say(node.unknown)
        if turn.state.tries >= node.tries:
            return (yield from go(turn, node.invalid))
        return _question(turn, node)
    yield from _at(turn, found, "idpel" if len(digits) == IDPEL else "meter")
    onward, turn.state.after = turn.state.after or node.then, ""
    outage = yield from outage_in(turn.state)
    if outage and outage.id != turn.state.outage:
        return (yield from _announce(turn, node.outage, outage))
    if outage is None:
        yield from _tell_others(turn, node)
    return (yield from go(turn, onward))


# --- what is known


def _announce(turn: Turn, name: str, outage: KnownOutage) -> Flow:
    """Enter an outage node with an outage already at hand: one lookup less while the caller listens to nothing."""
    node = _enter(turn, name, affected=True)
    if not isinstance(node, shapes.OutageNode):
        return (yield from _ENTER[type(node)](turn, node))
    return (yield from _tell(turn, node, outage))


def _enter_outage(turn: Turn, node: shapes.OutageNode) -> Flow:
    outage = yield from outage_in(turn.state)
    if outage is None:
        turn.state.outage = None
        return (yield from go(turn, node.over))
    return (yield from _tell(turn, node, outage))


def _tell(turn: Turn, node: shapes.OutageNode, outage: KnownOutage) -> Flow:
    turn.state.outage = outage.id
    yield from _say_outage(turn, outage, turn.state.area)
    return (yield from _options(turn, node))


def _say_outage(turn: Turn, outage: KnownOutage, area: str) -> Generator[Effect, Any, None]:
    told = {"what": "told", "outage": outage.id, "statement": outage.statement_id, "holding": outage.holding}
    yield Note({**told, "area": area})
    turn.said.append(Fragment("outage.holding" if outage.holding else "outage.announcement", outage.spoken))


def _tell_region(turn: Turn, outages: Sequence[KnownOutage], count: int) -> Generator[Effect, Any, None]:
    """The official words of a region for who is not located yet; those of the widest areas first."""
    for outage in sorted(outages, key=lambda one: one.area.count("."))[:count]:
        yield from _say_outage(turn, outage, outage.area)


def _options(turn: Turn, node: shapes.OutageNode) -> Flow:
    yield from ()
    return turn.ask(node.say, turn.text(node.options))


# --- self-service


def _enter_report(turn: Turn, node: shapes.ReportNode) -> Flow:
    state = turn.state
    located = state.premises is not None or (node.needs == "area" and bool(state.area))
    if not located:
        state.after = state.node
        return (yield from go(turn, node.identify))
    if node.subscribe and not turn.caller.ani:
        return (yield from go(turn, node.withheld))
    reported = yield from _file(turn, node)
    if reported and node.existing:
        return (yield from go(turn, node.existing))
    if node.subscribe and state.outage is not None:
        wish = {"kind": "subscribe", "key": f"{turn.caller.call}:subscribe", "outage": state.outage}
        yield Intent({**wish, "phone": turn.caller.ani})
    turn.say(node.number if state.number else node.number_follows, **_number(state.number))
    return (yield from go(turn, node.then))


def _file(turn: Turn, node: shapes.ReportNode) -> Generator[Effect, Any, ReportView | None]:
    """The report, once a call. Answers the open report that says the same already: asking again is not a second
    report (decision C12), so the intent carries no number of its own then and becomes a line in that one's history.
    """
    state = turn.state
    if state.filed:
        return None
    reports = yield from open_reports(state.premises)
    existing = next((report for report in reports if report.kind == "G"), None)
    reserved = "" if existing else (yield from reserved_number(state.area))
    intent = {"kind": "report", "key": f"{turn.caller.call}:report", "number": reserved, "premises": state.premises}
    where = {"area": state.area, "beside": state.beside, "phone": turn.caller.ani}
    yield Intent({**intent, **where, "trouble": "padam", "only_me": node.only_me})
    state.number, state.filed = existing.number if existing else reserved, True
    return existing


def _number(number: str) -> dict[str, list[str]]:
    """Digit by digit; the star of a re-opened report is not spoken."""
    return {"number": list(number.rstrip("*"))} if number else {}


def _enter_status(turn: Turn, node: shapes.StatusNode) -> Flow:
    if turn.state.premises is None:
        turn.state.after = turn.state.node
        return (yield from go(turn, node.identify))
    reports = yield from open_reports(turn.state.premises)
    if not reports:
        turn.say(node.none)
        return (yield from go(turn, node.none_then or node.then))
    newest = reports[0]
    statuses = (newest.work_order_status or "", newest.status)
    said = next((node.by_status[status] for status in statuses if status in node.by_status), node.otherwise)
    yield Note({"what": "status", "report": newest.id})
    turn.say(said, **_number(newest.number))
    return (yield from go(turn, node.then))


def _enter_compensation(turn: Turn, node: shapes.CompensationNode) -> Flow:
    if turn.state.premises is None:
        turn.state.after = turn.state.node
        return (yield from go(turn, node.identify))
    found = yield from compensation(turn.state.premises)
    if found is not None:
        yield Note({"what": "compensation", "percent": found.percent})
        if found.percent:
            told = {"percent": str(found.percent), "regulation": found.regulation, "month": found.month}
            turn.say(node.owed, **told)
        else:
            turn.say(node.uncertain if found.percent is None else node.nothing, month=found.month)
    return (yield from go(turn, node.then))


# --- the ends


def triage(turn: Turn) -> Flow:
    """A few words and the emergency key, then released; the number is kept for calling back.

    What is known of the region is said while that costs nobody a line of the last ones.
    """
    rules = turn.menu.shape.triage
    turn.state.node = TRIAGE
    yield Note({"what": "triage"})
    if turn.caller.gapped or turn.caller.level >= FRONT:
        outages = yield from outages_near(turn.caller.region)
        yield from _tell_region(turn, outages, rules.announcements)
    return turn.ask(rules.say, ())


def _enter_queue(turn: Turn, node: shapes.QueueNode) -> Flow:
    if turn.caller.gapped and node.queue != turn.menu.shape.emergency.queue:
        return (yield from triage(turn))
    standing = yield Enqueue(node.queue, turn.state.priority, skills=node.skills or None)
    if standing is None:
        return (yield from full(turn, node.queue, node.skills))
    turn.join(node.queue)
    if turn.caller.kept and turn.menu.shape.waiting.callback:
        turn.say(turn.menu.shape.waiting.callback.kept)
    turn.say(node.say)
    return (yield from turn.wait(standing))


def _enter_callback(turn: Turn, node: shapes.CallbackNode) -> Flow:
    if turn.caller.gapped:
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
    return (yield from _ENTER[type(other)](turn, other))


def _enter_bye(turn: Turn, node: shapes.ByeNode) -> Flow:
    yield from ()
    return turn.bye(node.say)


_Enter = Callable[[Turn, Any], Flow]
_ENTER: dict[type, _Enter] = {
    shapes.Locate: _enter_locate,
    shapes.Choice: _enter_asking,
    shapes.OutageNode: _enter_outage,
    shapes.Identify: _enter_asking,
    shapes.ReportNode: _enter_report,
    shapes.StatusNode: _enter_status,
    shapes.CompensationNode: _enter_compensation,
    shapes.QueueNode: _enter_queue,
    shapes.CallbackNode: _enter_callback,
    shapes.ByeNode: _enter_bye,
}
_KEYED: dict[type, Callable[[Turn, Any, str], Flow]] = {
    shapes.Locate: _keyed_locate,
    shapes.Choice: _missed,
    shapes.OutageNode: _missed,
    shapes.Identify: _keyed_identify,
}
