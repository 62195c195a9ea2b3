"""The HTTP face of what belongs to an outage: its reports, linked and unlinked by hand, and the places to be mended."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.orm import Session

from config.openapi import faults
from tickets.api import Db, Id, Limit, Login, Now, Number
from tickets.idempotency import Write
from tickets.incidents import told
from tickets.models import FaultLocation, WorkOrder
from tickets.outages import fault_locations, links
from tickets.outages.fault_locations import Where
from tickets.schemas import Body, ReportOut, RowId, Text
from tickets.states import CREW_STATUS

router = APIRouter(prefix="/api/v1")


class LinkIn(Body):
    """The outage that a report belongs to."""

    outage: RowId


class FaultLocationIn(Body):
    """A place to be mended; degrees WGS 84, both or neither."""

    place: Text = Field(max_length=160, description="For the crew: pole, substation, street.")
    ulp: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    lat: float | None = Field(default=None, allow_inf_nan=False)
    lon: float | None = Field(default=None, allow_inf_nan=False)


class FaultLocationOut(Body):
    """A place to be mended, and how far its work order is."""

    id: int
    outage: int
    place: str
    unit: str
    ulp: str
    lat: float | None
    lon: float | None
    created_date_time: datetime
    author_name: str
    cleared_date_time: datetime | None = Field(description="Power is on behind it.")
    work_order: int | None
    crew_status: str | None

    @classmethod
    def of(cls, row: FaultLocation, order: WorkOrder | None) -> FaultLocationOut:
        return cls(
            id=row.id,
            outage=row.outage_id,
            place=row.place,
            unit=row.unit,
            ulp=row.ulp,
            lat=row.lat,
            lon=row.lon,
            created_date_time=row.created_at,
            author_name=row.created_by,
            cleared_date_time=row.cleared_at,
            work_order=order.id if order else None,
            crew_status=CREW_STATUS[order.status] if order else None,
        )


@router.put(
    "/reports/{number}/outage",
    tags=["reports"],
    responses=faults({404: "unknown-outage", 409: "outage-over not-a-fault hazard-apart report-finished power-is-on"}),
)
def link_report(number: Number, body: LinkIn, write: Write, now: Now, by: Login) -> ReportOut:
    """The report is part of this outage: its own work order is cancelled."""
    return write(lambda session: told.answer(session, links.link(session, number, body.outage, by=by, now=now)))


@router.delete("/reports/{number}/outage", tags=["reports"], responses=faults({409: "not-attached report-finished"}))
def unlink_report(number: Number, write: Write, now: Now, by: Login) -> ReportOut:
    """The report is about one building alone: it gets a work order of its own."""
    return write(lambda session: told.answer(session, links.unlink(session, number, by=by, now=now)))


@router.get("/outages/{outage}/reports", tags=["outages"], responses=faults({404: "unknown-report"}))
def list_attached(
    outage: Id,
    db: Db,
    *,
    open: bool = True,
    before: Annotated[
        str | None, Query(pattern=r"^[0-9]{11}\*?$", description="The last number of the page before this one.")
    ] = None,
    limit: Limit = 50,
) -> list[ReportOut]:
    """The reports that belong to an outage, the newest first."""
    with db.reading() as session:
        found = links.of(session, outage, open_only=open, before=before, limit=limit)
        return [ReportOut.of(row) for row in found]


@router.get("/outages/{outage}/fault-locations", tags=["outages"])
def list_fault_locations(outage: Id, db: Db) -> list[FaultLocationOut]:
    """Where an outage must be mended, in the order the places were found."""
    with db.reading() as session:
        return [FaultLocationOut.of(*row) for row in fault_locations.of(session, outage)]


@router.post(
    "/outages/{outage}/fault-locations",
    status_code=201,
    tags=["outages"],
    responses=faults({409: "outage-over", 422: "place-missing unknown-ulp position"}),
)
def add_fault_location(outage: Id, body: FaultLocationIn, write: Write, now: Now, by: Login) -> FaultLocationOut:
    """A place to be mended: one work order, and a crew as soon as one is free."""

    def add(session: Session) -> FaultLocationOut:
        where = Where(body.place, body.ulp, body.lat, body.lon)
        location = fault_locations.add(session, outage, where, by=by, now=now)
        return next(FaultLocationOut.of(*row) for row in fault_locations.of(session, outage) if row[0] is location)

    return write(add)
