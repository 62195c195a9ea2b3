"""A place of the fault is mended: power is on behind it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tickets.incidents import alerts
from tickets.kinds import AlertKind
from tickets.models import FaultLocation

ALL_LIT = "Semua titik gangguan sudah menyala: periksa apakah padam ini selesai."


def cleared(session: Session, fault_location_id: int, *, now: datetime) -> None:
    """Once for each place; the last one of an outage asks somebody to look whether power is back."""
    place = session.get(FaultLocation, fault_location_id, with_for_update=True, populate_existing=True)
    if place is None or place.cleared_at is not None:
        return
    place.cleared_at = now
    session.flush()
    dark = (FaultLocation.outage_id == place.outage_id, FaultLocation.cleared_at.is_(None))
    if not session.scalar(select(func.count()).where(*dark)):
        alerts.put(
            session,
            AlertKind.ALL_LIT,
            str(place.outage_id),
            unit=place.unit,
            text=ALL_LIT,
            now=now,
            outage_id=place.outage_id,
        )
