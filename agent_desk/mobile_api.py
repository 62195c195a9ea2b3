"""HTTP for customers' applications (PLN Mobile): follow a report, rate the crew, say whether it is finished.

A report is named by IDPEL or meter number and report number (R04). Every pair that does not fit gets the same answer
after the same work, and few attempts are allowed for each of the two numbers: nothing can be found out by trying.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from sqlalchemy.orm import Session

from agent_desk import accounts, words
from agent_desk.accounts import Principal
from agent_desk.security import clock, database, principal_of
from config.errors import Invalid, NotFound, Refused
from config.openapi import faults
from config.operator import operator
from tickets import completion, repeats, reports, tracking
from tickets.api import Number
from tickets.contact_schemas import RungOut
from tickets.contacts import Contact
from tickets.idempotency import Write
from tickets.incidents import told
from tickets.kinds import ReportingKind, ReportKind
from tickets.models import Report
from tickets.outages import lookup
from tickets.outages.scopes import place_of
from tickets.reports_api import why
from tickets.rules import Action
from tickets.schemas import E164, Changes, Email, Idpel, Meter, Mobile, ReportOut, Text
from tickets.states import ReportStatus

router = APIRouter(prefix="/api/v1", tags=["reports"])

Me = Annotated[Principal, Depends(principal_of)]


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class _Place(_Body):
    """Where the report is about; an application must say it."""

    idpel: Idpel | None = None
    meter: Meter | None = None

    @property
    def place(self) -> str:
        return self.idpel or self.meter or ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.idpel and self.meter:
            raise ValueError("idpel or meter")
        return self


class TrackingIn(_Place):
    """Both numbers."""

    number: str = Field(pattern=r"^[0-9]{11}\*?$", examples=["54100000001"])


class RatingIn(_Place):
    """One to five stars."""

    stars: int = Field(ge=1, le=5)
    comment: Text = Field(default="", max_length=1000)


class ConfirmationIn(_Place):
    """`finished` answers "Laporan sudah selesai?"."""

    finished: bool
    comment: Text = Field(default="", max_length=1000)


class ContactIn(_Place):
    """The customer is back about a report that is open: why (`intent`), whether it is urgent (the reason), what he
    says, and the data that have changed.
    """

    intent: str | None = None
    urgent: str | None = None
    note: Text = Field(min_length=1, max_length=1000, pattern=r"[^\s\x00]")
    reporter: Text = Field(default="", max_length=120)
    phone: E164 = ""
    mobile: Mobile = ""
    email: Email = ""
    address: Text = Field(default="", max_length=240)

    @property
    def changes(self) -> Changes:
        return Changes(**self.model_dump(include=set(Changes.model_fields) - {"comment"}))


class ContactOut(_Body):
    """The report now in force and the steps of the decision table that were taken."""

    report: ReportOut
    steps: list[Action]


class CrewOut(_Body):
    """Whoever is on the way. Without the crew's mobile application there is no position (R06)."""

    plate: str
    lat: float | None
    lon: float | None
    street: str
    position_at: datetime | None
    mobile_application: bool
    note: str = Field(description="Where the crew is, as a sentence; or why that cannot be said.")


class TrackedOutageOut(_Body):
    """The outage that the report is part of, and the official word on it."""

    area_name: str
    text: str
    estimated_restoration_time: datetime | None


class TrackingOut(_Body):
    """How far a report is, without anything personal. `mayAnswer`: it is finished and waits for the customer's word."""

    number: str
    kind: ReportKind
    status: ReportStatus
    starred: bool
    word: str
    date_time_of_report: datetime
    resolved_date_time: datetime | None
    ladder: list[RungOut]
    crew: CrewOut | None
    outage: TrackedOutageOut | None
    may_answer: bool


class RatingOut(_Body):
    """As it is kept."""

    number: str
    stars: int
    comment: str
    at: datetime


PAIR = {404: "unknown-pair", 422: "premises-by-number", 429: "too-many-attempts"}


@router.post("/tracking", responses=faults(PAIR))
def track(body: TrackingIn, request: Request, me: Me) -> TrackingOut:
    """Follow a report by IDPEL or meter number and report number. By POST, since addresses end in logs."""
    _prove(request, me, body.place, body.number)
    now = clock(request).now()
    with database(request).reading() as session:
        return _tracking(session, reports.by_number(session, body.number), now)


@router.post("/reports/{number}/rating", status_code=201, responses=faults(PAIR | {409: "not-finished already-rated"}))
def rate(number: Number, body: RatingIn, request: Request, me: Me, write: Write) -> RatingOut:
    """Rate the crew that came, once each time the report was finished."""
    _prove_if_application(request, me, body, number)
    now, channel = clock(request).now(), me.channel or ReportingKind.CALL

    def rated(session: Session) -> RatingOut:
        row = completion.rate(
            session, number, stars=body.stars, comment=body.comment, by=me.login, channel=channel, now=now
        )
        return RatingOut(number=number.removesuffix("*"), stars=row.stars, comment=row.comment, at=row.at)

    return write(rated)


@router.post(
    "/reports/{number}/confirmation", responses=faults(PAIR | {409: "not-finished already-confirmed report-open"})
)
def confirm(number: Number, body: ConfirmationIn, request: Request, me: Me, write: Write) -> ReportOut:
    """Is it finished? The answer is the report now in force: after a no by PLN Mobile a new one, linked to it (C9)."""
    _prove_if_application(request, me, body, number)
    now, channel = clock(request).now(), me.channel or ReportingKind.CALL

    def confirmed(session: Session) -> ReportOut:
        contact = Contact(me.login, channel, write.key, name=me.name)
        answer = completion.confirm(
            session, number, finished=body.finished, note=body.comment, contact=contact, now=now
        )
        return told.answer(session, answer)

    return write(confirmed)


@router.post("/reports/{number}/contacts", responses=faults(PAIR | {403: "supervisor-only", 409: "not-open"}))
def contact(number: Number, body: ContactIn, request: Request, me: Me, write: Write) -> ContactOut:
    """The customer is back about an open report: what the decision table requires for it is done (docs/rules.md). What
    is finished is answered by a confirmation instead.
    """
    _prove_if_application(request, me, body, number)
    intent, urgent = why(body.intent, body.urgent, me.role)
    now, channel = clock(request).now(), me.channel or ReportingKind.CALL

    def applied(session: Session) -> ContactOut:
        if repeats.held(session, number).status is not ReportStatus.BELUM_SELESAI:
            raise Refused("Laporan itu sudah selesai; jawab apakah memang sudah selesai.", slug="not-open")
        found = repeats.apply(
            session,
            number,
            intent=intent,
            urgent=urgent,
            note=body.note,
            changes=body.changes,
            contact=Contact(me.login, channel, write.key, name=me.name),
            now=now,
        )
        return ContactOut(report=told.answer(session, found.report), steps=list(found.steps))

    return write(applied)


def _prove(request: Request, me: Principal, place: str, number: str) -> None:
    """The two numbers belong together, or NotFound (`unknown-pair`), whatever is wrong; TooManyAttempts after five
    wrong pairs with one of the two.
    """
    if not place:
        raise Invalid("Sebutkan IDPEL atau nomor meter.", slug="premises-by-number", field="idpel")
    now, db = clock(request).now(), database(request)
    keys = [f"tracking:{me.login}:{one}" for one in (place, number.removesuffix("*"))]
    with db.reading() as session:
        for key in keys:
            accounts.check_throttle(session, key, now=now)
        found = told.by_pair(session, place, number)
    if found is None:
        with db.transaction() as session:
            for key in sorted(keys):
                accounts.count_failure(session, key, now=now)
        raise NotFound("Pasangan nomor itu tidak kami temukan.", slug="unknown-pair")


def _prove_if_application(request: Request, me: Principal, body: _Place, number: str) -> None:
    if body.place or not me.account:
        _prove(request, me, body.place, number)


def _tracking(session: Session, report: Report, now: datetime) -> TrackingOut:
    seen = tracking.view(session, report, now=now) if report.kind is ReportKind.GANGGUAN else None
    finished = report.status is ReportStatus.SELESAI
    word = words.REPORT_STATUS[report.status]
    if seen is not None and not finished:
        word = words.PART_OF_OUTAGE if seen.outage else words.WORK_ORDER.get(seen.order_status, words.NO_CREW)
    return TrackingOut(
        number=report.number,
        kind=report.kind,
        status=report.status,
        starred=report.starred,
        word=word,
        date_time_of_report=report.reported_at,
        resolved_date_time=report.resolved_at,
        ladder=[RungOut.of(rung) for rung in seen.rungs] if seen and not seen.outage else [],
        crew=_crew(seen, now) if seen and seen.order_status in tracking.UNDER_WAY else None,
        outage=_outage(session, report, now) if seen and seen.outage else None,
        may_answer=completion.waits_for_the_customer(session, report),
    )


def _crew(seen: tracking.TrackingView, now: datetime) -> CrewOut | None:
    if seen.crew is None:
        return None
    there = seen.position
    return CrewOut(
        plate=seen.crew.plate,
        lat=there.lat if there else None,
        lon=there.lon if there else None,
        street=there.street if there else "",
        position_at=there.at if there else None,
        mobile_application=seen.crew.has_mobile,
        note=words.whereabouts(there, seen.seen, now, operator().areas.units[seen.report.unit].zone),
    )


def _outage(session: Session, report: Report, now: datetime) -> TrackedOutageOut | None:
    place = place_of(session, report.area, report.premises_id)
    known = lookup.known_outage(session, place, now=now, need_audio=False)
    if known is None:
        return None
    return TrackedOutageOut(area_name=known.area_name, text=known.spoken, estimated_restoration_time=known.etr)
