"""Work that must happen outside the database, kept in the transaction that wants it until its job has closed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from tickets.models import Outbox
from tickets.once import insert_once

# A row whose job has not closed it by then is enqueued again; jobs are idempotent.
PATIENCE = timedelta(seconds=60)


def put(session: Session, kind: str, key: str, payload: dict[str, Any]) -> None:
    """Ask for one piece of work. The same kind and key a second time is the same piece of work."""

    def known() -> Outbox | None:
        return session.scalar(select(Outbox).where(Outbox.kind == kind, Outbox.key == key))

    insert_once(session, Outbox(kind=kind, key=key, payload=payload), known)


def due(session: Session, kinds: Sequence[str], *, now: datetime, limit: int = 100) -> list[Outbox]:
    """Open rows that are not enqueued, or were so long ago that their job may be lost; oldest first."""
    waiting = or_(Outbox.enqueued_at.is_(None), Outbox.enqueued_at <= now - PATIENCE)
    rows = select(Outbox).where(Outbox.done_at.is_(None), Outbox.kind.in_(kinds), waiting)
    return list(session.scalars(rows.order_by(Outbox.id).limit(limit)))


def mark_enqueued(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """The queue has these rows' jobs."""
    session.execute(update(Outbox).where(Outbox.id.in_(ids)).values(enqueued_at=now))


def close(session: Session, kind: str, key: str, *, now: datetime) -> None:
    """The work is done. Called by the job itself; a second time changes nothing."""
    row = (Outbox.kind == kind, Outbox.key == key, Outbox.done_at.is_(None))
    session.execute(update(Outbox).where(*row).values(done_at=now))


def open_count(session: Session) -> int:
    """How many pieces of work are not done (a metric)."""
    return session.scalar(select(func.count()).select_from(Outbox).where(Outbox.done_at.is_(None))) or 0
