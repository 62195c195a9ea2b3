"""The history of a report (Issue History, "Buku Biru"): written here, and only ever added to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Refused
from tickets.kinds import HistoryKind, ReportingKind
from tickets.models import ReportHistory
from tickets.once import insert_once


def write(
    session: Session,
    report_id: int,
    kind: HistoryKind,
    *,
    by: str,
    channel: ReportingKind,
    now: datetime,
    note: str = "",
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    key: str | None = None,
    call: str = "",
) -> None:
    """One entry; with a key it is written once. Raises Refused (`key-reused`: it stands on another report)."""
    row = ReportHistory(
        report_id=report_id, key=key, at=now, by=by, channel=channel, call=call, kind=kind, note=note, old=old, new=new
    )
    if key is None:
        session.add(row)
        session.flush()
        return
    _, is_new = insert_once(session, row, lambda: by_key(session, key))
    if not is_new:
        done(session, report_id, key)


def by_key(session: Session, key: str) -> ReportHistory | None:
    """The entry that was written with this key."""
    return session.scalar(select(ReportHistory).where(ReportHistory.key == key))


def done(session: Session, report_id: int, key: str) -> bool:
    """Whether the entry with this key stands. Raises Refused (`key-reused`: on another report)."""
    row = by_key(session, key)
    if row is not None and row.report_id != report_id:
        raise Refused("Kunci permintaan itu sudah dipakai untuk laporan lain.", slug="key-reused", field="key")
    return row is not None


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
    write(session, report_id, HistoryKind.COMMENT, by=by, channel=channel, now=now, note=text, key=key)


def of(
    session: Session, report_id: int, kinds: Collection[HistoryKind] = (), *, limit: int = 200
) -> list[ReportHistory]:
    """The entries of a report, of some kinds or of all, the newest first."""
    rows = select(ReportHistory).where(ReportHistory.report_id == report_id)
    if kinds:
        rows = rows.where(ReportHistory.kind.in_(kinds))
    return list(session.scalars(rows.order_by(ReportHistory.at.desc(), ReportHistory.id.desc()).limit(limit)))
