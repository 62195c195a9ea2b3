"""HTTP: the icons of MONITORING TIKET (CSO instruction L115–L245), lists of reports and their end."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Refused
from config.operator import operator
from tickets import categories, completion, history, repeats, reports, tracking, worklists
from tickets.api import Db, Limit, Login, Now, Number, Unit, Words, narrowed
from tickets.contact_schemas import (
    CategoryOut,
    CommentIn,
    ContactIn,
    FaultTrackingOut,
    FieldOut,
    FollowUpIn,
    LaporUlangIn,
    LogOut,
    ReportDetailOut,
    ResolveIn,
    UpdateIn,
)
from tickets.contacts import Contact
from tickets.customers import search
from tickets.idempotency import Write
from tickets.incidents import told
from tickets.kinds import HistoryKind, Intent, ReportingKind, ReportKind, UrgentReason
from tickets.models import Report
from tickets.rules import asked
from tickets.schemas import HistoryOut, ReportOut
from tickets.states import ReportStatus
from tickets.worklists import Wanted

router = APIRouter(prefix="/api/v1", tags=["reports"])

SUPERVISOR = "supervisor"  # the role (agent_desk/permissions.py)
# The tabs of Issue History (L244); a Lapor Ulang has its own log and stands under ALL.
Tab = Literal["all", "comments", "changed", "transition", "rating"]
TABS: dict[str, tuple[HistoryKind, ...]] = {
    "all": (),
    "comments": (HistoryKind.COMMENT,),
    "changed": (HistoryKind.CHANGE,),
    "transition": (HistoryKind.TRANSITION,),
    "rating": (HistoryKind.RATING,),
}


def _wanted(
    *,
    kind: ReportKind | None = None,
    status: ReportStatus | None = None,
    category: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,40}$")] = None,
    channel: ReportingKind | None = None,
    unit: Unit = None,
    ulp: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,32}$")] = None,
) -> Wanted:
    return Wanted(kind, status, category, channel, unit, ulp)


Filter = Annotated[Wanted, Depends(_wanted)]


def why(intent: str | None, urgent: str | bool | None, role: str) -> tuple[Intent, UrgentReason | None]:
    """Intent and reason of a contact. Raises what rules.asked raises; Refused (`supervisor-only`)."""
    told = asked(intent, urgent)
    if told[1] is UrgentReason.SUPERVISOR and role != SUPERVISOR:
        raise Refused("Alasan itu hanya untuk supervisor.", slug="supervisor-only", status=403, field="urgent")
    return told


class _Contacts:
    """Who the history names: an application with its own channel, staff with that of the caller."""

    def __init__(self, request: Request) -> None:
        self._who = request.state.principal

    def why(self, body: ContactIn) -> tuple[Intent, UrgentReason | None]:
        return why(body.intent, body.urgent, self._who.role)

    def __call__(self, body: ContactIn | CommentIn, key: str) -> Contact:
        return Contact(self._who.login, self._who.channel or body.channel, key, call=body.call, name=self._who.name)


Who = Annotated[_Contacts, Depends(_Contacts)]


@router.get("/report-categories")
def list_categories() -> list[CategoryOut]:
    """What may be reported (G), complained about (K) and asked for (P), and what is asked about each."""
    return [
        CategoryOut(
            kind=kind.value,
            code=code,
            label=one.label,
            premises=one.premises,
            fields=[FieldOut(**field.model_dump()) for field in one.fields],
        )
        for kind in ReportKind
        for code, one in operator().reports.of(kind.value).items()
    ]


@router.get("/reports")
def list_reports(
    db: Db,
    response: Response,
    wanted: Filter,
    *,
    before: Annotated[
        str | None, Query(pattern=r"^[0-9]{11}\*?$", description="The last number of the page before this one.")
    ] = None,
    q: Words | None = None,
    limit: Limit = 50,
) -> list[ReportOut]:
    """The newest reports; with `q` those that are found, the best first."""
    with db.reading() as session:
        if q is not None:
            found = search.reports(session, q, wanted.columns(), limit=limit)
            narrowed(response, found.narrow)
            return [ReportOut.of(row) for row in found.rows]
        return [ReportOut.of(row) for row in worklists.newest(session, wanted, before=before, limit=limit)]


@router.get("/reports/starred")
def list_starred(db: Db, wanted: Filter, limit: Limit = 50) -> list[ReportOut]:
    """Open reports with a star (*perlu diperhatikan*), the longest first by `starredDateTime`."""
    with db.reading() as session:
        return [ReportOut.of(row) for row in worklists.starred(session, wanted, limit=limit)]


@router.get("/reports/overdue")
def list_overdue(db: Db, now: Now, wanted: Filter, limit: Limit = 50) -> list[ReportOut]:
    """Open reports that nobody has answered within 1×24 h, the longest first by `respondBy`."""
    with db.reading() as session:
        return [ReportOut.of(row) for row in worklists.overdue(session, wanted, now=now, limit=limit)]


@router.get("/reports/{number}")
def one_report(number: Number, db: Db) -> ReportDetailOut:
    """Detail Laporan, of any kind and status: with its work order, every Lapor Ulang and who took it."""
    with db.reading() as session:
        return _detail(session, reports.by_number(session, number))


@router.get("/reports/{number}/log")
def repeat_log(number: Number, db: Db) -> list[LogOut]:
    """Log Lapor Ulang, the newest first."""
    with db.reading() as session:
        return _log(session, reports.by_number(session, number))


@router.get("/reports/{number}/history")
def report_history(number: Number, db: Db, tab: Tab = "all") -> list[HistoryOut]:
    """Issue History (Buku Biru), one tab of it, the newest first."""
    with db.reading() as session:
        found = history.of(session, reports.by_number(session, number).id, TABS[tab])
        return [HistoryOut.of(row) for row in found]


@router.get("/reports/{number}/tracking")
def report_tracking(number: Number, db: Db, now: Now) -> FaultTrackingOut:
    """Where the crew is and how far it has come, of a fault; when that is finished its final status alone."""
    with db.reading() as session:
        return FaultTrackingOut.of(tracking.view(session, reports.by_number(session, number), now=now))


@router.post("/reports/{number}/lapor-ulang")
def lapor_ulang(number: Number, body: LaporUlangIn, write: Write, now: Now, contact: Who) -> ReportOut:
    """The report is told again; a finished fault is open again under its number, with a star. Refused by the rule's
    name (`rule-r09`, `rule-r10`, `rule-r11`, `rule-r12`, `rule-r16`), or because the premises has another open fault
    (`report-open`).
    """
    intent, urgent = contact.why(body)

    def effect(session: Session) -> ReportOut:
        report = repeats.lapor_ulang(
            session,
            number,
            intent=intent,
            urgent=urgent,
            note=body.note,
            changes=body.changes,
            contact=contact(body, write.key),
            now=now,
        )
        return told.answer(session, report)

    return write(effect)


@router.post("/reports/{number}/update")
def update_report(number: Number, body: UpdateIn, write: Write, now: Now, contact: Who) -> ReportOut:
    """Data of an open report are added or replaced. In one contact (`call`) a Lapor Ulang that the table wants comes
    first. Refused by the rule's name (`rule-r18`, `rule-r19`, `rule-r21`).
    """
    intent, urgent = contact.why(body)

    def effect(session: Session) -> ReportOut:
        report = repeats.update(
            session,
            number,
            intent=intent,
            urgent=urgent,
            changes=body.changes,
            contact=contact(body, write.key),
            now=now,
        )
        return told.answer(session, report)

    return write(effect)


@router.post("/reports/{number}/follow-up", status_code=201)
def follow_up(number: Number, body: FollowUpIn, write: Write, now: Now, contact: Who) -> ReportOut:
    """A new number after a finished complaint or request that is not solved. Refused by the rule's name (`rule-r14`,
    `rule-r16`).
    """
    intent, urgent = contact.why(body)

    def effect(session: Session) -> ReportOut:
        report = repeats.follow_up(
            session,
            number,
            intent=intent,
            urgent=urgent,
            note=body.note,
            trouble=body.trouble_code,
            details=body.details,
            changes=body.changes,
            contact=contact(body, write.key),
            now=now,
        )
        return told.answer(session, report)

    return write(effect)


@router.post("/reports/{number}/comments", status_code=201)
def add_comment(number: Number, body: CommentIn, write: Write, now: Now, contact: Who) -> ReportOut:
    """A sentence for the history, of any kind and status; it changes nothing but, when `answered`, the 1×24 h clock."""
    say = completion.respond if body.answered else repeats.comment

    def effect(session: Session) -> ReportOut:
        return told.answer(session, say(session, number, note=body.note, contact=contact(body, write.key), now=now))

    return write(effect)


@router.post("/reports/{number}/resolve")
def resolve_report(number: Number, body: ResolveIn, write: Write, now: Now, by: Login) -> ReportOut:
    """Staff finish a report. Refused: `illegal-move` when it was finished already."""

    def effect(session: Session) -> ReportOut:
        report = completion.resolve(
            session,
            number,
            code=body.completion_code,
            note=body.note,
            contact=Contact(by, ReportingKind.OTHER, write.key),
            now=now,
        )
        return told.answer(session, report)

    return write(effect)


def _log(session: Session, report: Report) -> list[LogOut]:
    return [LogOut.of(row) for row in history.of(session, report.id, (HistoryKind.REPEAT,))]


def _detail(session: Session, report: Report) -> ReportDetailOut:
    after = select(Report.number).where(Report.related_id == report.id).order_by(Report.id)
    before = session.get(Report, report.related_id) if report.related_id else None
    return ReportDetailOut(
        **dict(told.answer(session, report)),
        category=categories.label(report.kind, report.trouble_code),
        related=before.number if before else None,
        follow_ups=list(session.scalars(after)),
        log=_log(session, report),
    )
