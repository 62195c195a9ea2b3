"""Who is sent to the places of an outage, and what somebody is asked once nobody is: a place whose order is cancelled
has nobody, as one that was never found.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.operator import operator
from tickets.incidents import alerts
from tickets.kinds import AlertKind
from tickets.models import FaultLocation, Outage, WorkOrder
from tickets.outages.moves import locked
from tickets.states import DARK, WorkOrderStatus

ALL_LIT = "Semua titik gangguan sudah menyala: periksa apakah padam ini selesai."
NOBODY_SENT = "Padam ini belum punya titik gangguan: belum ada regu yang dikirim."


def key(outage_id: int) -> str:
    """Of the alert that nobody is sent to an outage."""
    return f"outage:{outage_id}"


def hold(session: Session, work_order_id: int) -> None:
    """Locks the outage of a place's order, before the crews: of two that end at the same time, each in its UP3, the
    second sees the first.
    """
    place = (WorkOrder.id == work_order_id, WorkOrder.fault_location_id.is_not(None))
    outage = session.scalar(select(WorkOrder.outage_id).where(*place))
    if outage is not None:
        locked(session, outage)


def wanted(session: Session, outage: Outage, *, now: datetime) -> None:
    """Reports that belong to an outage have no order of their own: while nobody mends a place of it either, somebody
    must know that nobody is sent. For an outage that begins, or begins again.
    """
    alerts.end(session, AlertKind.ALL_LIT, str(outage.id), now=now)
    if not _mended(session, outage.id):
        _nobody_sent(session, outage, now=now)


def cleared(session: Session, fault_location_id: int, *, now: datetime) -> None:
    """A place is mended, power is on behind it. Once for each place; the last one of an outage asks somebody to look
    whether power is back.
    """
    place = session.get(FaultLocation, fault_location_id, with_for_update=True, populate_existing=True)
    if place is None or place.cleared_at is not None:
        return
    place.cleared_at = now
    session.flush()
    if not _mended(session, place.outage_id):
        _ask(session, place.outage_id, place.unit, now=now)


def cancelled(session: Session, order: WorkOrder, *, now: datetime) -> None:
    """The order of a place is cancelled. Where nobody mends another one and it is still dark: has power come on behind
    one since it went, that may have been all; else nobody is sent.
    """
    outage = session.get(Outage, order.outage_id) if order.fault_location_id else None
    if outage is None or outage.status_kind not in DARK or _mended(session, outage.id):
        return
    since = outage.reopened_at or outage.reported_start
    lit = (FaultLocation.outage_id == outage.id, FaultLocation.cleared_at >= since)
    if session.scalar(select(FaultLocation.id).where(*lit).limit(1)) is None:
        _nobody_sent(session, outage, now=now)
    else:
        _ask(session, outage.id, order.unit, now=now)


def _mended(session: Session, outage_id: int) -> bool:
    """Whether somebody still mends a place of it, or is to."""
    rows = select(FaultLocation.id).join(WorkOrder, WorkOrder.fault_location_id == FaultLocation.id)
    dark = (FaultLocation.outage_id == outage_id, FaultLocation.cleared_at.is_(None))
    return session.scalar(rows.where(*dark, WorkOrder.status != WorkOrderStatus.CANCELLED).limit(1)) is not None


def _nobody_sent(session: Session, outage: Outage, *, now: datetime) -> None:
    unit = operator().unit_of(outage.area)[0]
    name = key(outage.id)
    alerts.put(session, AlertKind.NO_CREW, name, unit=unit, text=NOBODY_SENT, now=now, outage_id=outage.id)


def _ask(session: Session, outage_id: int, unit: str, *, now: datetime) -> None:
    name = str(outage_id)
    alerts.put(session, AlertKind.ALL_LIT, name, unit=unit, text=ALL_LIT, now=now, outage_id=outage_id)
