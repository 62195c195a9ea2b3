"""What somebody must look at. One row per reason (`key`); it goes when the reason is gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.operator import operator
from tickets import timers
from tickets.kinds import AlertKind, AlertLevel
from tickets.models import Alert, Report, WorkOrder
from tickets.once import insert_once

REMIND = "alert"  # kind of timer


def put(
    session: Session,
    kind: AlertKind,
    key: str,
    *,
    unit: str,
    text: str,
    now: datetime,
    level: AlertLevel = AlertLevel.OPERATOR,
    outage_id: int | None = None,
    report_id: int | None = None,
    work_order_id: int | None = None,
) -> Alert:
    """Ask for attention, once per kind and key; an alert that had ended begins again. Its words are the last ones.
    Until it is taken it is asked for again (escalation.py).
    """
    name = f"{kind.value}:{key}"

    def known() -> Alert | None:
        return session.scalar(select(Alert).where(Alert.key == name).with_for_update())

    fresh = Alert(
        kind=kind,
        key=name,
        level=level,
        unit=unit,
        text=text,
        outage_id=outage_id,
        report_id=report_id,
        work_order_id=work_order_id,
        at=now,
        reminders=0,
    )
    alert, is_new = insert_once(session, fresh, known)
    begins = is_new or alert.ended_at is not None
    if not is_new and begins:
        alert.level, alert.at, alert.reminders = level, now, 0
        alert.reminded_at = alert.taken_at = alert.taken_by = alert.ended_at = None
    alert.text = text
    session.flush()
    if begins:
        timers.arm(session, REMIND, str(alert.id), now + interval(session, alert))
    return alert


def interval(session: Session, alert: Alert) -> timedelta:
    """How long until it is asked for again: what is of the highest priority more often."""
    rules = operator().incidents.escalation
    order = session.get(WorkOrder, alert.work_order_id) if alert.work_order_id else None
    report = session.get(Report, alert.report_id) if alert.report_id else None
    first = 1 in (order.priority if order else None, report.priority if report else None)
    return timedelta(minutes=rules.remind_first if first else rules.remind)


def says(session: Session, kind: AlertKind, key: str) -> str | None:
    """The words of one that is not over."""
    return session.scalar(select(Alert.text).where(Alert.key == f"{kind.value}:{key}", Alert.ended_at.is_(None)))


def end(session: Session, kind: AlertKind, key: str, *, now: datetime) -> None:
    """Its reason is gone; one that is not there changes nothing."""
    end_all(session, kind, [key], now=now)


def end_all(session: Session, kind: AlertKind, keys: Sequence[str], *, now: datetime) -> None:
    """The same for many."""
    mine = (Alert.key.in_([f"{kind.value}:{key}" for key in keys]), Alert.ended_at.is_(None))
    session.execute(update(Alert).where(*mine).values(ended_at=now))


def open_alerts(session: Session, *, unit: str | None = None, limit: int = 100) -> list[Alert]:
    """What is not over, the newest first."""
    rows = select(Alert).where(Alert.ended_at.is_(None))
    if unit is not None:
        rows = rows.where(Alert.unit == unit)
    return list(session.scalars(rows.order_by(Alert.id.desc()).limit(limit)))
