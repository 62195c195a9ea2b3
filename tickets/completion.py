"""The end of a report: finished by whom and how, what the customer says to that, what the crew is worth to him."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Invalid, Refused
from tickets import history, repeats, reports, workorders
from tickets.contacts import Contact, step_key
from tickets.incidents import clocks, incidents
from tickets.kinds import CompletionCode, HistoryKind, Intent, ReportingKind, ReportKind
from tickets.models import Rating, Report, ReportHistory, WorkOrder
from tickets.states import WORK_ORDER, ReportStatus, WorkOrderEvent

MOST_STARS = 5
AT_THE_CREW = ReportingKind.OTHER  # entered on the crew's telephone


def resolve(
    session: Session, number: str, *, code: CompletionCode, note: str, contact: Contact, now: datetime
) -> Report:
    """Staff finish a report; a work order that is still open ends with it. `note` is what a CSO reads to a customer who
    asks, so it is mandatory. Raises Invalid (`note-missing`), NotFound (`unknown-report`), IllegalMove.
    """
    if not note.strip():
        raise Invalid("Isi keterangan penyelesaian.", slug="note-missing", field="note")
    seen = reports.by_number(session, number)
    done = False
    if seen.kind is ReportKind.GANGGUAN:
        workorders.lock_crews(session, seen.unit)
        order = workorders.open_order(session, seen.id)
        if order is not None:
            done = WORK_ORDER.allows(order.status, WorkOrderEvent.COMPLETE)
            event = WorkOrderEvent.COMPLETE if done else WorkOrderEvent.CANCEL
            workorders.advance(session, order.id, event, by=contact.by, now=now, note=note.strip(), code=code)
    report = repeats.locked(session, number)
    if not done:
        workorders.finish(session, report, code, note.strip(), by=contact.by, channel=contact.channel, now=now)
    return report


def respond(session: Session, number: str, *, note: str, contact: Contact, now: datetime) -> Report:
    """The customer has been answered: the 1×24 h clock stops; the report may go on. Raises Invalid (`note-missing`),
    NotFound (`unknown-report`).
    """
    report = repeats.locked(session, number)
    repeats.comment(session, number, note=note, contact=contact, now=now)
    report.responded_at = report.responded_at or now
    session.flush()
    clocks.follow_report(session, report, now=now)
    return report


def rate(
    session: Session, number: str, *, stars: int, comment: str, by: str, channel: ReportingKind, now: datetime
) -> Rating:
    """What the customer thinks of the crew that came (L245): once each time the report was finished. What was entered
    on the crew's own telephone gives way to what the customer says without the crew.

    Raises Invalid (`stars`: 1 to 5), NotFound (`unknown-report`), Refused (`not-finished`, `already-rated`).
    """
    if not 1 <= stars <= MOST_STARS:
        raise Invalid("Nilai adalah satu sampai lima bintang.", slug="stars", field="stars")
    report = repeats.locked(session, number)
    finished_at = _finished(report)
    rated = select(Rating).where(Rating.report_id == report.id, Rating.resolved_at == finished_at)
    rating = session.scalar(rated)
    if rating is None:
        rating = Rating(report_id=report.id, resolved_at=finished_at, crew_id=_crew_that_came(session, report))
        session.add(rating)
        before = None
    elif rating.channel is not AT_THE_CREW or channel is AT_THE_CREW:
        raise Refused("Penyelesaian ini sudah dinilai.", slug="already-rated")
    else:
        before = {"stars": rating.stars}
    rating.stars, rating.comment, rating.channel, rating.by, rating.at = stars, comment.strip(), channel, by, now
    session.flush()
    history.write(
        session,
        report.id,
        HistoryKind.RATING,
        by=by,
        channel=channel,
        now=now,
        note=rating.comment,
        old=before,
        new={"stars": stars},
    )
    incidents.told(session, [report.id], by=by, how=channel, now=now)
    return rating


def confirm(
    session: Session, number: str, *, finished: bool, note: str = "", contact: Contact, now: datetime
) -> Report:
    """Is it finished? The answer is the report now in force: after a no from PLN Mobile a new one that is linked to
    this, by any other channel this one, open again with its star (C9); of a complaint or request always a new one.

    A yes stands until the report is open again: repeated it changes nothing, and a no after it is another matter.

    Raises NotFound (`unknown-report`), Refused (`not-finished`, `already-confirmed`), ReportOpen (the premises has
    another open G).
    """
    report = repeats.held(session, number)
    key = step_key("confirm", contact)
    if known := repeats.before(session, report, contact):
        return known.report
    if history.done(session, report.id, key):
        return report
    since = _finished(report)
    if _said_yes(session, report, since):
        if finished:
            return report
        said = "Penyelesaian ini sudah dinyatakan selesai. Bila ada masalah lagi, buat laporan baru."
        raise Refused(said, slug="already-confirmed")
    if finished:
        words = note.strip() or "Pelanggan: laporan sudah selesai."
        yes = {"finished": True}
        history.write(session, report.id, HistoryKind.COMMENT, **contact.told, now=now, note=words, new=yes, key=key)
        incidents.told(session, [report.id], by=contact.by, how=contact.channel, now=now)
        incidents.close(session, [report.id], by=contact.by, now=now, note="Pelanggan: sudah selesai.")
        return report
    words = note.strip() or "Pelanggan: laporan belum selesai."
    if report.kind is not ReportKind.GANGGUAN or contact.channel is ReportingKind.APP:
        return repeats.goes_on(session, report, note=words, contact=contact, now=now)
    return repeats.lapor_ulang(
        session, number, intent=Intent.PLN_SIDE, urgent=None, note=words, contact=contact, now=now
    )


def waits_for_the_customer(session: Session, report: Report) -> bool:
    """Whether it is finished and the customer has not said yet whether it is."""
    if report.status is not ReportStatus.SELESAI or report.resolved_at is None:
        return False
    return not _said_yes(session, report, report.resolved_at) and repeats.open_after(session, report) is None


def _said_yes(session: Session, report: Report, since: datetime) -> bool:
    told = select(ReportHistory.new).where(
        ReportHistory.report_id == report.id, ReportHistory.kind == HistoryKind.COMMENT, ReportHistory.at >= since
    )
    return any(new is not None and new.get("finished") for new in session.scalars(told))


def _finished(report: Report) -> datetime:
    if report.status is not ReportStatus.SELESAI or report.resolved_at is None:
        raise Refused("Laporan itu belum selesai.", slug="not-finished")
    return report.resolved_at


def _crew_that_came(session: Session, report: Report) -> int | None:
    """The crew of the last work order since the report was (re)opened."""
    since = report.reopened_at or report.reported_at
    orders = select(WorkOrder.crew_id).where(
        WorkOrder.report_id == report.id, WorkOrder.crew_id.is_not(None), WorkOrder.created_at >= since
    )
    return session.scalar(orders.order_by(WorkOrder.id.desc()).limit(1))
