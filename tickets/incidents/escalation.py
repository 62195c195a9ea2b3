"""An alert that nobody takes: asked for again and again, passed on to the supervisor and then to the director (seed 004
L234, L244–L249, ADR 52). Each step stands in the history of what it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.errors import NotFound, Refused
from config.operator import operator
from config.schema.incidents import Escalation
from tickets import history, timers
from tickets.incidents import alerts, incidents
from tickets.kinds import AlertKind, AlertLevel, IncidentStep, ReportingKind
from tickets.models import Alert, Outage, OutageHistory, Report
from tickets.states import ReportStatus

LIVE = Alert.ended_at.is_(None)
LEVELS = list(AlertLevel)
WORDS = {AlertLevel.OPERATOR: "operator", AlertLevel.SUPERVISOR: "supervisor", AlertLevel.DIRECTOR: "direktur"}


def level_after(waited: timedelta, rules: Escalation) -> AlertLevel:
    """Whom an alert has reached that nobody has taken for so long."""
    if waited >= timedelta(minutes=rules.director):
        return AlertLevel.DIRECTOR
    return AlertLevel.SUPERVISOR if waited >= timedelta(minutes=rules.supervisor) else AlertLevel.OPERATOR


def remind(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """The timer of an alert: once more, and to the next level when it is time. Taken, it is left alone for a while and
    then asked for again; over, it is forgotten.
    """
    alert = _locked(session, int(key))
    if alert is None or alert.ended_at is not None:
        return
    rules = operator().incidents.escalation
    if alert.taken_at is not None:
        again = alert.taken_at + timedelta(minutes=rules.taken)
        if now < again:
            timers.arm(session, alerts.REMIND, key, again)
            return
        alert.taken_at = alert.taken_by = None
    alert.reminders += 1
    alert.reminded_at = now
    level = level_after(now - alert.at, rules)
    if LEVELS.index(level) > LEVELS.index(alert.level):
        alert.level = level
        tell(session, alert, f"Eskalasi ke {WORDS[level]}: {alert.text}", by="system", now=now, escalated=True)
    session.flush()
    timers.arm(session, alerts.REMIND, key, now + alerts.interval(session, alert))


def take(session: Session, alert_id: int, *, by: str, now: datetime) -> Alert:
    """Somebody looks after it: no more reminders for a while. Raises NotFound (`unknown-alert`) and Refused
    (`alert-over`, `alert-taken`).
    """
    alert = _locked(session, alert_id)
    if alert is None:
        raise NotFound("Peringatan itu tidak ada.", slug="unknown-alert")
    if alert.ended_at is not None:
        raise Refused("Peringatan itu sudah selesai.", slug="alert-over")
    if alert.taken_by not in (None, by):
        raise Refused("Peringatan itu sudah ditangani rekan lain.", slug="alert-taken")
    if alert.taken_by is None:
        alert.taken_at, alert.taken_by = now, by
        tell(session, alert, f"Ditangani: {alert.text}", by=by, now=now)
        again = now + timedelta(minutes=operator().incidents.escalation.taken)
        timers.arm(session, alerts.REMIND, str(alert.id), again)
    return alert


def _locked(session: Session, alert_id: int) -> Alert | None:
    """An alert, locked after the report that it is about, as everywhere."""
    report = session.scalar(select(Alert.report_id).where(Alert.id == alert_id))
    if report is not None:
        session.get(Report, report, with_for_update=ROW_LOCK, populate_existing=True)
    return session.get(Alert, alert_id, with_for_update=ROW_LOCK, populate_existing=True)


def tell(session: Session, alert: Alert, note: str, *, by: str, now: datetime, escalated: bool = False) -> None:
    """In the history of the report and of the outage that the alert is about."""
    report = session.get(Report, alert.report_id) if alert.report_id else None
    if report is not None:
        history.comment(session, report.id, note, by=by, channel=ReportingKind.OTHER, now=now)
        if escalated and report.status is ReportStatus.BELUM_SELESAI:
            incidents.write(session, report, IncidentStep.MANAGEMENT_ESCALATED, by=by, now=now, note=note)
    outage = session.get(Outage, alert.outage_id) if alert.outage_id else None
    if outage is not None:
        event = "escalated" if escalated else "alert"
        session.add(
            OutageHistory(outage_id=outage.id, at=now, by=by, event=event, status=outage.status_kind, note=note)
        )
    session.flush()


def untold(session: Session, alert_id: int) -> Alert:
    """An alert about customers who do not know. Raises NotFound (`unknown-alert`: there is none, or another one)."""
    alert = session.get(Alert, alert_id)
    if alert is None or alert.kind is not AlertKind.NOT_TOLD:
        raise NotFound("Peringatan itu tidak ada, atau bukan tentang pelanggan yang belum tahu.", slug="unknown-alert")
    return alert


def numbers(session: Session, rows: Sequence[Alert]) -> dict[int, str]:
    """The numbers of the reports that these are about."""
    ids = {row.report_id for row in rows if row.report_id is not None}
    found = session.execute(select(Report.id, Report.number).where(Report.id.in_(ids)))
    return {row.id: row.number for row in found}


def count(session: Session) -> int:
    """How many are not over."""
    return session.scalar(select(func.count()).select_from(Alert).where(LIVE)) or 0


def fingerprint(session: Session) -> str:
    """Differs whenever an alert begins, is asked for again, goes up, is taken or ends."""
    newest = (func.max(column) for column in (Alert.id, Alert.at, Alert.reminded_at, Alert.taken_at))
    return str(tuple(session.execute(select(func.count(), *newest).where(LIVE)).one()))


def waiting(session: Session, *, unit: str | None, level: AlertLevel | None, limit: int) -> list[Alert]:
    """What is not over: nobody's first, the highest level and the longest first."""
    rows = select(Alert).where(LIVE)
    if unit is not None:
        rows = rows.where(Alert.unit == unit)
    if level is not None:
        rows = rows.where(Alert.level.in_(LEVELS[LEVELS.index(level) :]))
    highest = case({one: at for at, one in enumerate(reversed(LEVELS))}, value=Alert.level)
    order = (Alert.taken_at.is_not(None), highest, Alert.at, Alert.id)
    return list(session.scalars(rows.order_by(*order).limit(limit)))
