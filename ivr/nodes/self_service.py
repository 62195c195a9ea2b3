"""What the caller does without an officer: a report, its status, what is owed, a question answered."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from config.languages import FIRST
from config.schema import menu as shapes
from ivr.instructions import Fragment
from ivr.nodes.going import entering, go
from ivr.nodes.outage import say_outage
from ivr.turn import (
    Effect,
    Flow,
    Intent,
    Lookup,
    Note,
    Turn,
    asked_reports,
    compensation,
    outage_in,
    reserved_number,
)
from tickets.outages.phrases import time_pieces
from tickets.scripts import Said
from tickets.views import ReportView

_G = "G"


@entering(shapes.ReportNode)
def _enter_report(turn: Turn, node: shapes.ReportNode) -> Flow:
    state = turn.state
    located = state.premises is not None or (node.needs == "area" and bool(state.area))
    if not located:
        state.after = state.node
        return (yield from go(turn, node.identify))
    if node.subscribe and not turn.caller.ani:
        return (yield from go(turn, node.withheld))
    faults = [] if state.filed else [one for one in (yield from asked_reports(state.premises)) if one.kind == _G]
    finished = next((one for one in faults if not one.open), None)
    existing = next((one for one in faults if one.open), None)
    if node.finished and finished and not existing and finished.number != state.finished:
        state.only_me = node.only_me
        yield from _tell_finished(turn, node.closed, finished)
        return (yield from go(turn, node.finished))
    reported = yield from _file(turn, node, existing)
    if reported and node.existing:
        return (yield from go(turn, node.existing))
    if node.subscribe and state.outage is not None:
        wish = {"kind": "subscribe", "key": turn.key("subscribe"), "outage": state.outage}
        yield Intent({**wish, "phone": turn.caller.ani})
    turn.say(node.number if state.number else node.number_follows, **_number(state.number))
    return (yield from go(turn, node.then))


def _file(
    turn: Turn, node: shapes.ReportNode, existing: ReportView | None
) -> Generator[Effect, Any, ReportView | None]:
    """The report, once a call. Answers the open report that says the same already: asking again is not a second
    report (decision C12), so the intent carries no number of its own then and becomes a line in that one's history.
    """
    state = turn.state
    if state.filed:
        return None
    reserved = "" if existing else (yield from reserved_number(state.area))
    intent = {"kind": "report", "key": turn.key("report"), "number": reserved, "premises": state.premises}
    where = {"area": state.area, "beside": state.beside, "phone": turn.caller.ani}
    only_me = node.only_me or state.only_me
    yield Intent({**intent, **where, "trouble": "padam", "only_me": only_me})
    state.number, state.filed = existing.number if existing else reserved, True
    return existing


def _number(number: str) -> dict[str, list[str]]:
    """Digit by digit; the star of a re-opened report is not spoken."""
    return {"number": list(number.rstrip("*"))} if number else {}


@entering(shapes.StatusNode)
def _enter_status(turn: Turn, node: shapes.StatusNode) -> Flow:
    state = turn.state
    if state.premises is None:
        state.after = state.node
        return (yield from go(turn, node.identify))
    outage = yield from outage_in(state)
    if outage and outage.id != state.outage:
        state.outage = outage.id
        yield from say_outage(turn, outage, state.area)
    reports: list[ReportView] | None = yield Lookup("asked", str(state.premises))
    if reports is None:  # not that there is none
        turn.say(node.unread or node.none)
        return (yield from go(turn, node.none_then or node.then))
    told = [one for one in reports if one.open][: node.most]
    for report in told:
        yield Note({"what": "status", "report": report.id})
        _tell(turn, node, report, attached=outage is not None and report.outage_id == outage.id)
    finished = next((one for one in reports if one.kind == _G and not one.open), None)
    if finished and node.closed_then and not any(one.kind == _G for one in told):
        yield from _tell_finished(turn, node.closed, finished)
        return (yield from go(turn, node.closed_then))
    if not told:
        turn.say(node.none)
        return (yield from go(turn, node.none_then or node.then))
    late = next((one for one in told if _late(turn, one)), None) if node.late_then else None
    if late is not None and not (outage and late.outage_id == outage.id):
        state.finished, state.only_me = late.number, False
        return (yield from go(turn, node.late_then))
    return (yield from go(turn, node.then))


def _late(turn: Turn, report: ReportView) -> bool:
    """Whether it was just offered that this report is repeated."""
    return report.kind == _G and any(one.name == "S3" for one in _words(turn, report))


def _tell(turn: Turn, node: shapes.StatusNode, report: ReportView, *, attached: bool) -> None:
    """One open report: how far it is, where its crew is, and what the CSO would say of it."""
    number = _number(report.number)
    if report.kind != _G:
        turn.say(node.other_kinds.get("K" if report.kind == "K" else "P", node.otherwise), **number)
        return
    if attached and node.attached:  # the statement has said when it will be over, which "± 3 jam" would contradict
        turn.say(node.attached, **number)
        return
    words = _words(turn, report)
    if any(one.name == "S2" for one in words) and not report.street:  # its sound is not there yet
        words = ()
    if any(one.name == "S2" for one in words) and node.moving:
        turn.say(node.moving, **number)
    else:
        statuses = (report.work_order_status or "", report.status)
        turn.say(next((node.by_status[one] for one in statuses if one in node.by_status), node.otherwise), **number)
        if report.street and node.position:
            turn.say(node.position, name=report.street)
    _say(turn, report, words)


def _words(turn: Turn, report: ReportView) -> Sequence[Said]:
    return report.said.get(turn.state.language, ())


def _say(turn: Turn, report: ReportView, words: Sequence[Said]) -> None:
    """Names of streets are said by the Indonesian voice in every language."""
    for one in words:
        for piece in _cut(one):
            language = FIRST if piece == report.street else turn.state.language
            turn.said.append(Fragment(f"script.{one.name}", piece, language))


def _cut(said: Said) -> list[str]:
    """What differs is cut until each piece has a sound; what stays the same is one piece."""
    return [part for piece in said.pieces for part in (time_pieces(piece) if said.name == "completed" else [piece])]


def _tell_finished(turn: Turn, before: Sequence[str], report: ReportView) -> Generator[Effect, Any, None]:
    yield Note({"what": "finished", "report": report.id})
    turn.state.finished = report.number
    turn.say(before, **_number(report.number))
    _say(turn, report, _words(turn, report))


@entering(shapes.StillDarkNode)
def _enter_still_dark(turn: Turn, node: shapes.StillDarkNode) -> Flow:
    state = turn.state
    if not state.finished:
        return (yield from go(turn, node.fresh))
    known = yield from asked_reports(state.premises)
    report = next((one for one in known if one.number == state.finished), None)
    wish = {"kind": "still-dark", "key": turn.key("still-dark"), "number": state.finished}
    yield Intent({**wish, "only_me": state.only_me})
    yield Note({"what": "still-dark"})
    turn.say(node.number, **_number(state.finished))
    if report is not None and not report.open:
        _say(turn, report, report.again.get(state.language, ()))
    return (yield from go(turn, node.then))


@entering(shapes.InformationNode)
def _enter_information(turn: Turn, node: shapes.InformationNode) -> Flow:
    yield Note({"what": "information", "node": turn.state.node})
    turn.say(node.say)
    return (yield from go(turn, node.then))


@entering(shapes.CompensationNode)
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
    else:
        turn.say(node.unread)
    return (yield from go(turn, node.then))
