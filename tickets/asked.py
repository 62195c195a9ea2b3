"""What a caller without a CSO is told of the reports of a place: those that are open, else what was finished lately.

The words are those of the CSO (tickets/scripts.py, chosen by the rule table), in the languages of the menu. What a unit
wrote by hand is left to people: nobody has looked whether it names somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from config.operator import operator
from tickets import completion, decisions, scripts, tracking, workorders
from tickets.kinds import Intent, ReportKind
from tickets.models import Crew, Report, WorkOrder
from tickets.outages.lookup import report_view
from tickets.outages.phrases import time_in_pieces
from tickets.scripts import Said
from tickets.states import ReportStatus
from tickets.views import ReportView

LATELY = timedelta(hours=72)  # a finished report may still be what somebody calls or writes about
MOST = 5


def reports_of(session: Session, premises_id: int, *, now: datetime) -> list[ReportView]:
    """Faults first, then the newest. Of finished ones only a fault whose customer has not said yet that it is."""
    lately = or_(Report.status == ReportStatus.BELUM_SELESAI, Report.resolved_at > now - LATELY)
    rows = select(Report).where(Report.premises_id == premises_id, lately)
    newest = session.scalars(rows.order_by(Report.reported_at.desc(), Report.id.desc()).limit(MOST * 2))
    told = [report for report in newest if _is_told(session, report)]
    told.sort(key=lambda report: (report.kind is not ReportKind.GANGGUAN, report.status is ReportStatus.SELESAI))
    return [_view(session, report, now) for report in told[:MOST]]


def _is_told(session: Session, report: Report) -> bool:
    if report.status is ReportStatus.BELUM_SELESAI:
        return True
    return report.kind is ReportKind.GANGGUAN and completion.waits_for_the_customer(session, report)


def _view(session: Session, report: Report, now: datetime) -> ReportView:
    order, crew = workorders.newest(session, report)
    fault = report.kind is ReportKind.GANGGUAN
    closed = report.status is ReportStatus.SELESAI
    return report_view(
        report,
        order.status if order else None,
        street=_street(order, crew, now) if fault and not closed else "",
        said=_said(session, report, Intent.ENQUIRY, now),
        again=_said(session, report, Intent.PLN_SIDE, now) if closed else {},
    )


def _street(order: WorkOrder | None, crew: Crew | None, now: datetime) -> str:
    position, _ = tracking.whereabouts(order, crew, now=now)
    return position.street if position else ""


def _said(session: Session, report: Report, intent: Intent, now: datetime) -> Mapping[str, tuple[Said, ...]]:
    decision = decisions.decision_of(report, intent, None, now=now)
    facts = decisions.facts_of(session, report, by="", now=now, salutation=scripts.ALOUD)
    told: dict[str, tuple[Said, ...]] = {}
    for language in operator().menu.languages:
        zone = operator().areas.units[report.unit].zone
        resolved = time_in_pieces(report.resolved_at, zone, now, language) if report.resolved_at else ""
        known = replace(facts, note="", resolved=resolved)
        told[language] = scripts.told(decision, known, operator().scripts.of(language))
    return told
