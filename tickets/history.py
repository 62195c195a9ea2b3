"""The history of a report (Issue History, "Buku Biru"): written here, and only ever added to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets.kinds import HistoryKind, ReportingKind
from tickets.models import Report, ReportHistory
from tickets.once import insert_once
from tickets.states import ReportStatus


def transition(
    session: Session,
    report: Report,
    old: ReportStatus | None,
    *,
    by: str,
    channel: ReportingKind,
    now: datetime,
    note: str = "",
) -> None:
    """The report has come from `old` (None: it was made) to its present status."""
    session.add(
        ReportHistory(
            report_id=report.id,
            at=now,
            by=by,
            channel=channel,
            kind=HistoryKind.TRANSITION,
            note=note,
            old={"status": old.value} if old else None,
            new={"status": report.status.value},
        )
    )
    session.flush()


def comment(
    session: Session,
    report_id: int,
    text: str,
    *,
    by: str,
    channel: ReportingKind,
    now: datetime,
    key: str | None = None,
) -> None:
    """Something worth knowing that changes nothing. With a key it is written once."""
    row = ReportHistory(
        report_id=report_id, key=key, at=now, by=by, channel=channel, kind=HistoryKind.COMMENT, note=text
    )

    def known() -> ReportHistory | None:
        return session.scalar(select(ReportHistory).where(ReportHistory.key == key)) if key else None

    insert_once(session, row, known)


def of(session: Session, report_id: int, *, limit: int = 200) -> list[ReportHistory]:
    """The entries of a report, the newest first."""
    rows = select(ReportHistory).where(ReportHistory.report_id == report_id)
    return list(session.scalars(rows.order_by(ReportHistory.at.desc(), ReportHistory.id.desc()).limit(limit)))
