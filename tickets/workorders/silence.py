"""Crews that say nothing (ADR 49): until one has arrived, its order goes to another crew; after that somebody is
warned. A crew that let an order lapse gets no new ones until it is heard of.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import timers
from tickets.incidents import alerts
from tickets.kinds import AlertKind
from tickets.models import Crew, WorkOrder
from tickets.states import WORK_ORDER, WorkOrderEvent
from tickets.workorders import giving, steps
from tickets.workorders.dispatch import Silence

SILENT = giving.SILENT
_WHAT = {
    "accept": "tidak menerima tugas",
    "step": "tidak memberi kabar kemajuan",
    "position": "tidak mengirim posisi",
}


def fell_silent(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """The timer of an order: is its crew silent by now? A position told since has moved the instant."""
    if session.scalar(select(WorkOrder.id).where(WorkOrder.id == int(key))) is None:
        return
    order = steps.locked(session, int(key))
    crew = session.get(Crew, order.crew_id, populate_existing=True) if order.crew_id else None
    silent = steps.silent_at(order, crew) if crew is not None else None
    if crew is None or silent is None:
        return
    if silent.at > now:
        timers.arm(session, SILENT, key, silent.at)
        return
    said = f"{crew.name} {_why(silent, order, crew)}"
    if not WORK_ORDER.allows(order.status, WorkOrderEvent.LAPSE):
        _warn(session, order, f"{said}; perintah kerja {order.id} perlu ditanyakan.", now)
        return
    steps.move(session, order, WorkOrderEvent.LAPSE, by="system", now=now, note=f"{said}.")
    crew.silent_since = crew.silent_since or now
    session.flush()
    giving.give_waiting(session, order.unit, now=now)
    then = "diberikan ke regu lain" if order.crew_id else "menunggu regu lain"
    _warn(session, order, f"{said}; perintah kerja {order.id} {then}.", now)


def _why(silent: Silence, order: WorkOrder, crew: Crew) -> str:
    """What it has not done, and for how long it could have."""
    since = order.changed_at
    if silent.what == "position" and crew.position_at is not None:
        since = max(since, crew.position_at)
    return f"{_WHAT[silent.what]} selama {_minutes(silent.at - since)} menit"


def _minutes(time: timedelta) -> int:
    return round(time.total_seconds() / 60)


def _warn(session: Session, order: WorkOrder, text: str, now: datetime) -> None:
    alerts.put(
        session,
        AlertKind.CREW_SILENT,
        str(order.id),
        unit=order.unit,
        text=text,
        now=now,
        report_id=order.report_id,
        outage_id=order.outage_id,
        work_order_id=order.id,
    )
