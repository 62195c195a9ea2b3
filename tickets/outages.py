"""Outages and what is officially said about them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, func, insert, literal, select, update
from sqlalchemy.orm import Session

from config.errors import Invalid, NotFound, Refused
from config.operator import operator
from tickets import outbox, phrases
from tickets.kinds import CauseKind, CompletionCode, HistoryKind, ReportingKind
from tickets.models import Outage, Report, ReportHistory, Statement
from tickets.once import insert_once
from tickets.states import (
    LIVE,
    OUTAGE,
    REPORT,
    STATEMENT,
    OutageEvent,
    OutageStatus,
    ReportEvent,
    ReportStatus,
    StatementEvent,
    StatementStatus,
)


def confirm_outage(
    session: Session,
    *,
    area: str,
    cause: str,
    etr: datetime | None,
    by: str,
    now: datetime,
    reported_start: datetime | None = None,
    cause_kind: CauseKind | None = None,
) -> Outage:
    """An outage is known to be real; its holding sentence is live from here on. A predicted one of the same area is
    confirmed. Raises Invalid (`unknown-area`, `start-in-future`, `etr-before-start`) and Refused (`outage-exists`).
    """
    if area not in operator().areas.areas:
        raise Invalid("Wilayah itu tidak dikenal.", slug="unknown-area", field="area")
    since = reported_start or now
    if since > now:
        raise Invalid("Awal padam belum tiba.", slug="start-in-future", field="reportedStartTime")
    if etr is not None and etr <= since:
        raise Invalid("Perkiraan nyala mendahului awal padam.", slug="etr-before-start", field="etr")
    live = select(Outage).where(Outage.area == area, Outage.status_kind.in_(LIVE)).limit(1).with_for_update()
    fresh = Outage(
        area=area, status_kind=OutageStatus.CONFIRMED, cause="", reported_start=since, created_at=now, created_by=by
    )
    outage, is_new = insert_once(session, fresh, lambda: session.scalar(live))
    if not is_new:
        if not OUTAGE.allows(outage.status_kind, OutageEvent.CONFIRM):
            raise Refused("Wilayah itu sudah tercatat padam.", slug="outage-exists", field="area")
        outage.status_kind = OUTAGE.next(outage.status_kind, OutageEvent.CONFIRM)
    outage.cause, outage.cause_kind, outage.etr = phrases.speakable(cause), cause_kind, etr
    session.flush()
    outbox.put(session, "render", f"holding:{outage.id}", {"texts": [phrases.holding(area)], "statement": None})
    return outage


def restore_outage(session: Session, outage_id: int, *, by: str, now: datetime) -> Outage:
    """Power is back: nothing is announced any more, and every attached report is finished."""
    outage = _outage(session, outage_id)
    outage.status_kind = OUTAGE.next(outage.status_kind, OutageEvent.RESTORE)
    outage.restored_at = now
    session.flush()
    _resolve_attached(session, outage.id, by=by, now=now)
    return outage


def publish_statement(session: Session, outage_id: int, *, text: str | None, by: str, now: datetime) -> Statement:
    """A new version of the official word, replacing the last. Composed from the outage's facts when `text` is None.

    Author and approver are the same person here. Callers on Asterisk hear it as soon as its sound is made.
    """
    outage = _outage(session, outage_id)
    if outage.status_kind not in LIVE:
        raise Refused("Padam itu sudah berakhir.", slug="outage-over")
    words = phrases.speakable(text) if text is not None else _composed(outage, now)
    if not words:
        raise Invalid("Pernyataan kosong.", slug="statement-empty", field="text")
    for old in session.scalars(
        select(Statement).where(Statement.outage_id == outage_id, Statement.status == StatementStatus.PUBLISHED)
    ):
        old.status = STATEMENT.next(old.status, StatementEvent.REPLACE)
        old.replaced_at = now
    last = session.scalar(select(func.max(Statement.version)).where(Statement.outage_id == outage_id)) or 0
    statement = Statement(
        outage_id=outage_id,
        version=last + 1,
        text=words,
        status=StatementStatus.DRAFT,
        author=by,
        approver=by,
        created_at=now,
        published_at=now,
    )
    for event in (StatementEvent.APPROVE, StatementEvent.PUBLISH):
        statement.status = STATEMENT.next(statement.status, event)
    session.add(statement)
    session.flush()
    outbox.put(session, "render", f"statement:{statement.id}", {"texts": [statement.text], "statement": statement.id})
    return statement


def mark_rendered(session: Session, statement_id: int, *, now: datetime) -> None:
    """The sound of a statement exists. Called by the render job; a second time changes nothing."""
    unheard = (Statement.id == statement_id, Statement.rendered_at.is_(None))
    session.execute(update(Statement).where(*unheard).values(rendered_at=now))


def list_outages(session: Session, *, live_only: bool = True, limit: int = 100) -> list[Outage]:
    """Outages, the newest first."""
    rows = select(Outage).order_by(Outage.id.desc()).limit(limit)
    return list(session.scalars(rows.where(Outage.status_kind.in_(LIVE)) if live_only else rows))


def statements(session: Session, outage_id: int) -> list[Statement]:
    """Every version of an outage's statement, the newest first."""
    rows = select(Statement).where(Statement.outage_id == outage_id)
    return list(session.scalars(rows.order_by(Statement.version.desc())))


def _outage(session: Session, outage_id: int) -> Outage:
    outage = session.get(Outage, outage_id, with_for_update=True)
    if outage is None:
        raise NotFound("Padam itu tidak ada.", slug="unknown-outage")
    return outage


def _composed(outage: Outage, now: datetime) -> str:
    return phrases.announcement(outage.area, since=outage.reported_start, cause=outage.cause, etr=outage.etr, as_of=now)


def _resolve_attached(session: Session, outage_id: int, *, by: str, now: datetime) -> None:
    """Two statements whatever their number: there may be sixty thousand."""
    done = REPORT.next(ReportStatus.BELUM_SELESAI, ReportEvent.RESOLVE)
    still_open = (Report.outage_id == outage_id, Report.status == ReportStatus.BELUM_SELESAI)
    history = ReportHistory.__table__.c
    told = select(
        Report.id,
        literal(now, history.at.type),
        literal(by, history.by.type),
        literal(ReportingKind.OTHER, history.channel.type),
        literal(HistoryKind.TRANSITION, history.kind.type),
        literal("Padam meluas teratasi.", history.note.type),
        literal({"status": ReportStatus.BELUM_SELESAI.value}, history.old.type),
        literal({"status": done.value}, history.new.type),
    ).where(*still_open)
    session.execute(
        insert(ReportHistory).from_select(["report_id", "at", "by", "channel", "kind", "note", "old", "new"], told)
    )
    session.execute(
        update(Report)
        .where(*still_open)
        .values(
            status=done,
            resolved_at=now,
            completion_code=CompletionCode.DONE,
            # As workorders.finish: whoever waited for an answer has it.
            responded_at=case((Report.respond_by.is_not(None), func.coalesce(Report.responded_at, now))),
        )
        .execution_options(synchronize_session="fetch")
    )
