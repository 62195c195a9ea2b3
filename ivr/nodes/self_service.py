"""What the caller does without an officer: a report, its status, what is owed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from config.schema import menu as shapes
from ivr.nodes.going import entering, go
from ivr.turn import Effect, Flow, Intent, Note, Turn, compensation, open_reports, reserved_number
from tickets.views import ReportView


@entering(shapes.ReportNode)
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


@entering(shapes.StatusNode)
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
    return (yield from go(turn, node.then))
