"""Who does not know yet that it is finished is somebody's to tell (seed 004 L234); whoever knows and says nothing more
has his report closed after a while.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.operator import operator
from tickets import timers
from tickets.incidents import alerts, incidents
from tickets.kinds import AlertKind, ReportingKind
from tickets.models import Outage, Report

TIMER = incidents.TOLD
SWEEP = "incident-close"  # timer: closes what is told; one for all
EVERY = timedelta(minutes=15)


def remind(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """The timer of a report or of an outage: who is not told by now? Whoever left no way to be reached cannot be."""
    kind, _, number = key.partition("-")
    if kind == "outage":
        outage = session.get(Outage, int(number), with_for_update=ROW_LOCK)
        if outage is None:
            return
        mine, unit = Report.outage_id == outage.id, operator().unit_of(outage.area)[0]
        about: dict[str, Any] = {"outage_id": outage.id}
    else:
        report = session.get(Report, int(number))
        if report is None:
            return
        mine, unit, about = Report.id == report.id, report.unit, {"report_id": report.id}
    wanted = (mine, incidents.FINISHED, Report.told_at.is_(None))
    silent = session.scalars(select(Report.id).where(*wanted, incidents.nobody_to_tell())).all()
    incidents.told(session, silent, by="system", how=ReportingKind.OTHER, now=now, note="Tidak ada kontak pelapor.")
    left = session.scalar(select(func.count()).where(*wanted)) or 0
    if not left:
        alerts.end(session, AlertKind.NOT_TOLD, key, now=now)
        return
    text = (
        "Pelanggan belum tahu laporannya selesai."
        if kind == "report"
        else f"{left} pelapor belum tahu listrik menyala."
    )
    alerts.put(session, AlertKind.NOT_TOLD, key, unit=unit, text=text, now=now, **about)
    # Asked again for as long as the alert stands: it ends by itself when everybody is told.
    timers.arm(session, TIMER, key, now + EVERY)


def sweep(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Closes what was told long enough ago, some thousands at a time."""
    last = now - timedelta(hours=operator().incidents.close_hours)
    wanted: tuple[ColumnElement[bool], ...] = (incidents.FINISHED, Report.told_at <= last, Report.closed_at.is_(None))
    ids = session.scalars(select(Report.id).where(*wanted).order_by(Report.told_at).limit(incidents.AT_ONCE)).all()
    incidents.close(session, ids, by="system", now=now)
    more = len(ids) == incidents.AT_ONCE
    timers.arm(session, SWEEP, "", now + (timedelta(seconds=1) if more else EVERY))


def start(session: Session, now: datetime) -> None:
    """The worker begins (clockwork.STANDING)."""
    if not timers.armed(session, SWEEP, ""):
        timers.arm(session, SWEEP, "", now + EVERY)
