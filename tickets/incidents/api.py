"""The HTTP face of incidents (ITIL's ten steps, priority, clocks) and of alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session

from config.openapi import faults
from tickets import schemas as base
from tickets.api import Db, Id, Limit, Login, Now, Number, Unit
from tickets.idempotency import Write
from tickets.incidents import clocks, escalation, incidents, itil, priorities
from tickets.incidents.itil import Actor
from tickets.kinds import AlertKind, AlertLevel, Clock, IncidentStep, ReportingKind
from tickets.models import Alert, Report
from tickets.schemas import Text
from tickets.states import ReportStatus

router = APIRouter(prefix="/api/v1")

Degree = Annotated[int, Field(ge=1, le=3, description="1 is the highest.")]


class NoteIn(base.Body):
    """What was found, why the management is asked, how it ended."""

    note: Text = Field(default="", max_length=400)


class ToldIn(NoteIn):
    """By which channel the customer was told that it is finished; `other` needs a note: how, or why it was in vain."""

    channel: ReportingKind = ReportingKind.CALL


class ToldOut(base.Body):
    """How many reports know it now that did not."""

    reports: int


class PriorityIn(NoteIn):
    """A person's judgement; the priority follows from the matrix (incidents.yaml)."""

    impact: Degree
    urgency: Degree


class StepDoneOut(base.Body):
    """A step that was done."""

    step: IncidentStep
    at: datetime
    by: str
    note: str


class StepOut(base.Body):
    """A step that may be done now: by whom and by which clock; `byHand`: a person says so, else it is seen by what
    happens.
    """

    step: IncidentStep
    actors: list[Actor]
    clock: Clock | None
    by_hand: bool


class ClockOut(base.Body):
    """A clock that runs."""

    clock: Clock
    started_date_time: datetime
    due_date_time: datetime
    state: Literal["running", "warned", "late"]


class IncidentOut(base.Body):
    """A report as an incident. `priority` is null for reports from before the matrix."""

    number: str
    status: ReportStatus
    impact: int | None
    urgency: int | None
    priority: int | None
    step: IncidentStep | None
    told_date_time: datetime | None
    closed_date_time: datetime | None
    steps: list[StepDoneOut]
    possible: list[StepOut]
    clocks: list[ClockOut]


class AlertOut(base.Body):
    """What somebody must look at, and whom it has reached."""

    id: int
    kind: AlertKind
    level: AlertLevel
    unit: str
    text: str
    outage: int | None
    report: str | None = Field(description="Its number.")
    work_order: int | None
    at: datetime
    reminders: int
    taken_by: str | None
    taken_at: datetime | None

    @classmethod
    def of(cls, row: Alert, number: str | None) -> AlertOut:
        same = ("id", "kind", "level", "unit", "text", "at", "reminders", "taken_by", "taken_at")
        return cls(
            **{name: getattr(row, name) for name in same},
            outage=row.outage_id,
            report=number,
            work_order=row.work_order_id,
        )


_TAKEN = {409: "step-done step-not-now already-finished", 422: "note-missing"}


@router.get("/reports/{number}/incident", tags=["incidents"])
def incident(number: Number, db: Db, now: Now) -> IncidentOut:
    """How far an incident is in ITIL's ten steps, what may come next, which clocks run."""
    with db.reading() as session:
        return _out(session, incidents.seen(session, number), now)


@router.post("/reports/{number}/incident/diagnosis", tags=["incidents"], responses=faults(_TAKEN))
def diagnose(number: Number, body: NoteIn, write: Write, now: Now, by: Login) -> IncidentOut:
    """The first line has found out what it is; the note says what."""
    return write(lambda session: _take(session, number, IncidentStep.DIAGNOSED, note=body.note, by=by, now=now))


@router.post("/reports/{number}/incident/forwarding", tags=["incidents"], responses=faults(_TAKEN))
def forward(number: Number, body: NoteIn, write: Write, now: Now, by: Login) -> IncidentOut:
    """Who can solve it has it now: a department, a vendor; the note says who. A crew is given a fault by itself."""
    step = IncidentStep.FUNCTIONALLY_ESCALATED
    return write(lambda session: _take(session, number, step, note=body.note, by=by, now=now))


@router.post("/reports/{number}/incident/investigation", tags=["incidents"], responses=faults(_TAKEN))
def investigate(number: Number, body: NoteIn, write: Write, now: Now, by: Login) -> IncidentOut:
    """They have looked into it; the note says what they found. Of a fault the crew's arrival says so."""
    return write(lambda session: _take(session, number, IncidentStep.INVESTIGATED, note=body.note, by=by, now=now))


@router.post("/reports/{number}/incident/escalation", tags=["incidents"], responses=faults(_TAKEN))
def escalate(number: Number, body: NoteIn, write: Write, now: Now, by: Login) -> IncidentOut:
    """The management is asked to decide; the note says what about."""
    return write(
        lambda session: _take(session, number, IncidentStep.MANAGEMENT_ESCALATED, note=body.note, by=by, now=now)
    )


@router.post(
    "/reports/{number}/incident/told",
    tags=["incidents"],
    responses=faults({409: "not-finished", 422: "note-missing"}),
)
def tell(number: Number, body: ToldIn, write: Write, now: Now, by: Login) -> IncidentOut:
    """The customer knows that it is finished."""

    def told(session: Session) -> IncidentOut:
        return _out(session, incidents.tell(session, number, by=by, how=body.channel, note=body.note, now=now), now)

    return write(told)


@router.post(
    "/reports/{number}/incident/closure",
    tags=["incidents"],
    responses=faults({409: "not-finished not-told step-done"}),
)
def close(number: Number, body: NoteIn, write: Write, now: Now, by: Login) -> IncidentOut:
    """The incident is closed; refused (`not-told`) while its customer does not know that it is finished."""
    return write(lambda session: _take(session, number, IncidentStep.CLOSED, note=body.note, by=by, now=now))


@router.put(
    "/reports/{number}/incident/priority",
    tags=["incidents"],
    responses=faults({409: "already-finished", 422: "note-missing"}),
)
def prioritise(number: Number, body: PriorityIn, write: Write, now: Now, by: Login) -> IncidentOut:
    """Another impact or urgency than the rules say; the crew's work order follows."""

    def change(session: Session) -> IncidentOut:
        report = priorities.change(
            session, number, impact=body.impact, urgency=body.urgency, note=body.note, by=by, now=now
        )
        return _out(session, report, now)

    return write(change)


@router.post("/outages/{outage}/told", tags=["incidents"], responses=faults({422: "note-missing"}))
def tell_all(outage: Id, body: NoteIn, write: Write, now: Now, by: Login) -> ToldOut:
    """Those whom no notice of power restored has reached are told otherwise: the note says how."""
    return write(lambda session: ToldOut(reports=incidents.tell_all(session, outage, by=by, note=body.note, now=now)))


@router.get("/alerts", tags=["alerts"])
def list_alerts(db: Db, unit: Unit = None, level: AlertLevel | None = None, limit: Limit = 100) -> list[AlertOut]:
    """What is not over: what nobody has taken first, then the highest level, then the longest. With `level` what has
    reached it or gone past it.
    """
    with db.reading() as session:
        return _alerts(session, escalation.waiting(session, unit=unit, level=level, limit=limit))


@router.post(
    "/alerts/{alert}/take",
    tags=["alerts"],
    responses=faults({404: "unknown-alert", 409: "alert-over alert-taken"}),
)
def take_alert(alert: Id, write: Write, now: Now, by: Login) -> AlertOut:
    """Look after an alert: it is left alone for a while, then asked for again if its reason still stands."""
    return write(lambda session: _alerts(session, [escalation.take(session, alert, by=by, now=now)])[0])


def _take(session: Session, number: str, step: IncidentStep, *, note: str, by: str, now: datetime) -> IncidentOut:
    return _out(session, incidents.take(session, number, step, by=by, note=note, now=now), now)


def _alerts(session: Session, rows: list[Alert]) -> list[AlertOut]:
    numbers = escalation.numbers(session, rows)
    return [AlertOut.of(row, numbers.get(row.report_id or 0)) for row in rows]


def _out(session: Session, report: Report, now: datetime) -> IncidentOut:
    finished, told = report.status is ReportStatus.SELESAI, report.told_at is not None
    can = itil.possible(incidents.done(session, report), finished=finished, told=told)
    running = clocks.of_incident(session, report)
    same = ("number", "status", "impact", "urgency", "priority", "step")
    return IncidentOut(
        **{name: getattr(report, name) for name in same},
        told_date_time=report.told_at,
        closed_date_time=report.closed_at,
        steps=[StepDoneOut.model_validate(row, from_attributes=True) for row in incidents.steps_of(session, report)],
        possible=[
            StepOut(step=one, actors=list(row.actors), clock=row.clock, by_hand=row.by_hand)
            for one, row in ((one, itil.STEPS[one]) for one in can)
        ],
        clocks=[
            ClockOut(clock=name, started_date_time=one.started, due_date_time=one.late, state=one.state(now))
            for name, one in running.items()
        ],
    )
