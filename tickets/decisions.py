"""The rule table and its sentences, asked about a report as it is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from config.operator import operator
from config.schema.rules import Rules
from tickets.kinds import Intent, ReportKind, UrgentReason
from tickets.models import Report, SpecialNeed
from tickets.outages.phrases import spoken_time
from tickets.rules import Decision, clock_start, decide, elapsed
from tickets.scripts import EITHER, Facts
from tickets.states import WorkOrderStatus
from tickets.workorders import newest


def decision_of(report: Report, intent: Intent, urgent: UrgentReason | None, *, now: datetime) -> Decision:
    """What the table says about a contact at `now`, on the clock the operator has chosen (C6)."""
    start = clock_start(report.reported_at, report.reopened_at, operator().rules.rule_clock)
    return decide(report.kind, report.status, intent, elapsed(start, now), urgent is not None)


def urgent_place(session: Session, premises_id: int | None) -> UrgentReason | None:
    """Who must not stay dark is urgent whether or not it is said (C5): for channels without a CSO."""
    need = session.get(SpecialNeed, premises_id) if premises_id is not None else None
    if need is not None and need.life_support:
        return UrgentReason.LIFE_SUPPORT
    return UrgentReason.PUBLIC_SERVICE if need is not None and need.public_service else None


def facts_of(session: Session, report: Report, *, by: str, now: datetime, salutation: str = EITHER) -> Facts:
    """What the sentences about a report depend on; `by` is the name of who says them."""
    rules, unit = operator().rules, operator().areas.units[report.unit]
    order, crew = newest(session, report)
    fresh = crew is not None and crew.position_at is not None and now - crew.position_at <= rules.position_age
    return Facts(
        salutation=salutation,
        one_building=_one_building(report, rules),
        crew_mobile=crew.has_mobile if crew else None,
        en_route=order is not None and order.status is WorkOrderStatus.ENROUTE,
        street=crew.street if crew and fresh else "",
        completion=report.completion_code,
        resolved=spoken_time(report.resolved_at, unit.zone, now) if report.resolved_at else "",
        note=report.completion_note,
        number=report.number,
        prefix=unit.prefix,
        cso=by,
    )


def _one_building(report: Report, rules: Rules) -> bool:
    """R08; what an outage explains, or the caller says of the neighbours too, is not one building."""
    return (
        report.kind is ReportKind.GANGGUAN
        and report.trouble_code in rules.one_building
        and report.outage_id is None
        and not report.multiple_premises
    )
