"""Where an outage must be mended: each place has one work order, however many reports belong to the outage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Invalid
from config.operator import operator
from tickets import workorders
from tickets.incidents import alerts
from tickets.kinds import AlertKind
from tickets.models import FaultLocation, WorkOrder
from tickets.outages import all_lit, attached, phrases
from tickets.outages import moves as outage_moves
from tickets.states import WORK_ORDER, WorkOrderEvent
from tickets.workorders import positions

OVER = "Padam ini sudah berakhir."


@dataclass(frozen=True)
class Where:
    """A place in the network, in words for the crew; degrees WGS 84 where they are known."""

    place: str
    ulp: str
    lat: float | None = None
    lon: float | None = None


def add(session: Session, outage_id: int, where: Where, *, by: str, now: datetime) -> FaultLocation:
    """A place that must be mended; a crew is sent at once, or as soon as one is free.

    Raises NotFound (`unknown-outage`), Refused (`outage-over`), Invalid (`place-missing`, `unknown-ulp`, `position`).
    """
    place = phrases.speakable(where.place)
    if not place:
        raise Invalid("Sebutkan tempatnya.", slug="place-missing", field="place")
    unit = next((code for code, unit in operator().areas.units.items() if where.ulp in unit.ulp), None)
    if unit is None:
        raise Invalid("ULP itu tidak dikenal.", slug="unknown-ulp", field="ulp")
    if where.lat is not None and where.lon is not None:
        positions.check(where.lat, where.lon)
    elif where.lat is not None or where.lon is not None:
        raise Invalid("Posisi itu perlu lintang dan bujur.", slug="position", field="lat")
    outage = attached.live(session, outage_id)
    location = FaultLocation(
        outage_id=outage.id,
        unit=unit,
        ulp=where.ulp,
        place=place,
        lat=where.lat,
        lon=where.lon,
        created_at=now,
        created_by=by,
    )
    session.add(location)
    session.flush()
    workorders.assign_place(session, location, now=now)
    for kind, key in ((AlertKind.NO_CREW, all_lit.key(outage.id)), (AlertKind.ALL_LIT, str(outage.id))):
        alerts.end(session, kind, key, now=now)
    return location


def of(session: Session, outage_id: int) -> list[tuple[FaultLocation, WorkOrder | None]]:
    """The places of an outage with their orders, in the order they were found. Raises NotFound (`unknown-outage`)."""
    rows = select(FaultLocation, WorkOrder).outerjoin(WorkOrder, WorkOrder.fault_location_id == FaultLocation.id)
    outage_moves.found(session, outage_id)
    found = session.execute(rows.where(FaultLocation.outage_id == outage_id).order_by(FaultLocation.id))
    return [(row[0], row[1]) for row in found]


def called_off(session: Session, outage_id: int, *, by: str, now: datetime) -> None:
    """The outage is over: orders that no crew has begun are cancelled, whoever is at work goes on; nothing is asked of
    anybody any more. Takes the locks of crews and orders.
    """
    mine = (WorkOrder.outage_id == outage_id, WorkOrder.status.in_(attached.NOT_BEGUN))
    workorders.lock_crews(session, *session.scalars(select(WorkOrder.unit).where(*mine).distinct()))
    rows = select(WorkOrder.id).where(*mine)
    for order in session.scalars(rows.order_by(WorkOrder.id)).all():
        row = session.get_one(WorkOrder, order)
        if WORK_ORDER.allows(row.status, WorkOrderEvent.CANCEL):
            workorders.advance(session, order, WorkOrderEvent.CANCEL, by=by, now=now, note=OVER)
    for kind, key in ((AlertKind.NO_CREW, all_lit.key(outage_id)), (AlertKind.ALL_LIT, str(outage_id))):
        alerts.end(session, kind, key, now=now)
