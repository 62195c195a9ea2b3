"""The HTTP face of work orders and crews."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field
from sqlalchemy.orm import Session

from config.openapi import faults
from tickets import schemas as base
from tickets import tracking, workorders
from tickets.api import Db, Id, Limit, Login, Now, Unit
from tickets.contact_schemas import PositionOut
from tickets.idempotency import Write
from tickets.kinds import CompletionCode
from tickets.models import CrewHistory, WorkOrderHistory
from tickets.schemas import RowId, Text, WorkOrderOut
from tickets.states import WorkOrderEvent, WorkOrderStatus
from tickets.workorders import crews
from tickets.workorders.crews import CrewView

router = APIRouter(prefix="/api/v1")

Skill = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,24}$")]


class StepIn(base.Body):
    """What is said with a step. An operator who assigns may name the crew; `completionCode` belongs to `complete`."""

    note: Text = Field(default="", max_length=500)
    crew: RowId | None = None
    completion_code: CompletionCode = CompletionCode.DONE


class StepOut(base.Body):
    """One move of a work order; `crew` had it."""

    at: datetime
    by: str
    event: WorkOrderEvent
    status: WorkOrderStatus
    crew: str | None
    note: str

    @classmethod
    def of(cls, row: WorkOrderHistory, crew: str | None) -> StepOut:
        event = WorkOrderEvent(row.event)
        return cls(at=row.at, by=row.by, event=event, status=row.status, crew=crew, note=row.note)


class CrewStateOut(base.Body):
    """A Yantek crew; `unit` is its one commander, `homeUnit` the UP3 that has lent it (else empty)."""

    id: int
    name: str
    plate: str
    unit: str
    home_unit: str
    ulp: list[str]
    skills: list[str] = Field(description="Empty: the usual ones.")
    mobile_application: bool
    on_duty: bool
    silent_since: datetime | None = Field(description="It let an order lapse and gets none until it is heard of.")
    work_orders: int
    position: PositionOut | None

    @classmethod
    def of(cls, view: CrewView) -> CrewStateOut:
        crew = view.crew
        position = tracking.position_of(crew)
        same = {name: getattr(crew, name) for name in ("id", "name", "plate", "unit", "home_unit", "on_duty")}
        return cls(
            **same,
            ulp=list(crew.ulp),
            skills=list(crew.skills),
            mobile_application=crew.has_mobile,
            silent_since=crew.silent_since,
            work_orders=view.orders,
            position=PositionOut.of(position) if position else None,
        )


class Posko(base.Body):
    """Degrees, WGS 84."""

    lat: float = Field(allow_inf_nan=False)
    lon: float = Field(allow_inf_nan=False)


class CrewIn(base.Body):
    """What is left out stays."""

    on_duty: bool | None = None
    mobile_application: bool | None = None
    skills: list[Skill] | None = Field(default=None, max_length=20, description="dispatch.yaml; [] = the usual ones.")
    base: Posko | None = Field(default=None, description="Its posko: where it is while it says nothing.")


class LendIn(base.Body):
    """The UP3 that commands the crew from now on."""

    unit: str = Field(pattern=r"^[a-z0-9-]{1,32}$")


class CommandOut(base.Body):
    """Who changed what about a crew; `unit` commanded it from then on."""

    at: datetime
    by: str
    event: str = Field(description="lend, take_back or change")
    unit: str

    @classmethod
    def of(cls, row: CrewHistory) -> CommandOut:
        return cls(at=row.at, by=row.by, event=row.event, unit=row.unit)


_STEP = {
    403: "not-for-crews not-your-work-order not-for-people",
    404: "unknown-work-order",
    409: "illegal-move no-crew-free crew-not-free",
    422: "crew-only-assign",
}
_CREW = {404: "unknown-crew"}
_MOVED = {**_CREW, 409: "crew-moved"}


@router.get("/work-orders", tags=["work orders"])
def list_work_orders(db: Db, unit: Unit = None, open: bool = True, limit: Limit = 100) -> list[WorkOrderOut]:
    """Work orders in the order in which they get a crew: priority 1 first, then the oldest."""
    with db.reading() as session:
        found = workorders.list_orders(session, unit=unit, open_only=open, limit=limit)
        return [WorkOrderOut.of(view) for view in found]


@router.get("/work-orders/{order}/history", tags=["work orders"], responses=faults({404: "unknown-work-order"}))
def work_order_history(order: Id, db: Db) -> list[StepOut]:
    """Every move of a work order, the oldest first: who had it, who let it lapse, when somebody arrived."""
    with db.reading() as session:
        return [StepOut.of(*row) for row in workorders.history_of(session, order)]


@router.post("/work-orders/{order}/{event}", tags=["work orders"], responses=faults(_STEP))
def advance_work_order(
    *,
    order: Id,
    event: WorkOrderEvent,
    write: Write,
    now: Now,
    by: Login,
    body: Annotated[StepIn | None, Body()] = None,
) -> WorkOrderOut:
    """One step of a work order. `lapse` is the clock's own."""
    told = body or StepIn()

    def step(session: Session) -> WorkOrderOut:
        workorders.advance(
            session, order, event, by=by, now=now, note=told.note, code=told.completion_code, crew_id=told.crew
        )
        return WorkOrderOut.of(workorders.view(session, order))

    return write(step)


@router.get("/crews", tags=["crews"])
def list_crews(db: Db, unit: Unit = None, limit: Limit = 200) -> list[CrewStateOut]:
    """Crews with what they have in hand; of a UP3 those it commands and those it has lent."""
    with db.reading() as session:
        return [CrewStateOut.of(view) for view in crews.list_crews(session, unit=unit, limit=limit)]


@router.get("/crews/{crew}/history", tags=["crews"], responses=faults(_CREW))
def crew_history(crew: Id, db: Db) -> list[CommandOut]:
    """Who changed what about a crew, the newest first."""
    with db.reading() as session:
        return [CommandOut.of(row) for row in crews.history_of(session, crew)]


@router.patch(
    "/crews/{crew}", tags=["crews"], responses=faults({**_CREW, 409: "crew-moved", 422: "unknown-skill position"})
)
def change_crew(crew: Id, body: CrewIn, write: Write, now: Now, by: Login) -> CrewStateOut:
    """Duty, mobile application, skills, posko."""
    base_at = (body.base.lat, body.base.lon) if body.base else None

    def change(session: Session) -> CrewStateOut:
        crews.change(
            session,
            crew,
            on_duty=body.on_duty,
            has_mobile=body.mobile_application,
            skills=body.skills,
            base=base_at,
            by=by,
            now=now,
        )
        return CrewStateOut.of(crews.view(session, crew))

    return write(change)


@router.post(
    "/crews/{crew}/lend",
    tags=["crews"],
    responses=faults({**_CREW, 409: "same-unit crew-busy crew-moved", 422: "unknown-unit"}),
)
def lend_crew(crew: Id, body: LendIn, write: Write, now: Now, by: Login) -> CrewStateOut:
    """Another UP3 commands the crew; refused while it has work in hand."""

    def lend(session: Session) -> CrewStateOut:
        crews.lend(session, crew, to=body.unit, by=by, now=now)
        return CrewStateOut.of(crews.view(session, crew))

    return write(lend)


@router.post(
    "/crews/{crew}/take-back", tags=["crews"], responses=faults({**_CREW, 409: "not-lent crew-busy crew-moved"})
)
def take_back_crew(crew: Id, write: Write, now: Now, by: Login) -> CrewStateOut:
    """Its own UP3 commands the crew again."""

    def take_back(session: Session) -> CrewStateOut:
        crews.take_back(session, crew, by=by, now=now)
        return CrewStateOut.of(crews.view(session, crew))

    return write(take_back)
