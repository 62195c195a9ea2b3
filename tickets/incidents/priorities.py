"""How important a report is: impact × urgency (incidents.yaml), not how long it has lain about (seed 004 L238,
ADR 51).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import case
from sqlalchemy.orm import Session

from config.errors import Invalid
from config.operator import operator
from config.schema.incidents import Incidents
from tickets import history, workorders
from tickets.incidents import incidents, itil
from tickets.kinds import HistoryKind, IncidentStep, ReportingKind, ReportKind
from tickets.models import Report, SpecialNeed
from tickets.states import ReportStatus

WIDE, SEVERAL, ONE = 1, 2, 3  # impact
AT_ONCE, LATER = 1, 3  # urgency


def judge(report: Report, *, life_support: bool, public_service: bool, rules: Incidents) -> tuple[int, int, int]:
    """Impact, urgency and priority. Whom it concerns: everybody in an outage, several (neighbours, a hospital), one.
    How long it may take: danger and those who must not stay dark come at once.
    """
    if report.outage_id is not None:
        impact = WIDE
    elif public_service or report.multiple_premises:
        impact = SEVERAL
    else:
        impact = rules.impact.get(report.trouble_code, ONE)
    needs = report.kind is ReportKind.GANGGUAN and (life_support or public_service)
    urgency = AT_ONCE if report.urgent or needs else rules.urgency.get(report.trouble_code, LATER)
    return impact, urgency, rules.matrix[impact][urgency - 1]


def put(session: Session, report: Report) -> None:
    """What the report's facts say now; whoever changes one of them calls this, before it gets its order."""
    need = session.get(SpecialNeed, report.premises_id) if report.premises_id else None
    report.impact, report.urgency, report.priority = judge(
        report,
        life_support=bool(need and need.life_support),
        public_service=bool(need and need.public_service),
        rules=operator().incidents,
    )
    session.flush()


def of_an_outage() -> dict[str, Any]:
    """For an UPDATE of many: what belonging to an outage makes of each, whatever its urgency."""
    row = operator().incidents.matrix[WIDE]
    priority = case(*((Report.urgency == at, row[at - 1]) for at in (1, 2)), else_=row[LATER - 1])
    return {"impact": WIDE, "priority": priority}


def change(session: Session, number: str, *, impact: int, urgency: int, note: str, by: str, now: datetime) -> Report:
    """A person judges otherwise; the crew's order follows. Raises Invalid (`note-missing`), NotFound
    (`unknown-report`), Refused (`already-finished`).
    """
    if not note.strip():
        raise Invalid("Isi alasan perubahan prioritas.", slug="note-missing", field="note")
    workorders.lock_crews(session, incidents.seen(session, number).unit)
    report = incidents.locked(session, number)
    finished = report.status is ReportStatus.SELESAI
    itil.check(IncidentStep.PRIORITISED, itil.BEGUN, finished=finished, told=False)
    old = {"impact": report.impact, "urgency": report.urgency, "priority": report.priority}
    report.impact, report.urgency = impact, urgency
    report.priority = operator().incidents.matrix[impact][urgency - 1]
    new = {"impact": impact, "urgency": urgency, "priority": report.priority}
    session.flush()
    workorders.prioritise(session, report)
    incidents.write(
        session, report, IncidentStep.PRIORITISED, by=by, now=now, note=f"prioritas {report.priority}. {note.strip()}"
    )
    history.write(
        session,
        report.id,
        HistoryKind.CHANGE,
        by=by,
        channel=ReportingKind.OTHER,
        now=now,
        note=note.strip(),
        old=old,
        new=new,
    )
    return report
