"""What falls due: rows read on the injected clock (DESIGN §5). What each kind does stands in tickets/clockwork.py.

A timer is armed in the transaction that wants it and goes with the one that does it, so that none is lost and none is
done twice. Arming the same kind and key again moves it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from config.database import Database
from config.errors import Problem
from tickets.models import Timer
from tickets.once import insert_once

log = logging.getLogger(__name__)

Handler = Callable[[Session, str, dict[str, Any], datetime], None]  # session, key, payload, now
AGAIN = timedelta(minutes=1)  # one whose handler was refused
PATIENCE = timedelta(seconds=60)  # one whose job has not done it by then is enqueued again


class _Elsewhere(Exception):
    """Another process did it, or moved it, in the meantime: what this one did is undone."""


def arm(session: Session, kind: str, key: str, due_at: datetime, payload: dict[str, Any] | None = None) -> None:
    """Fall due at `due_at`; armed before, it is moved."""

    def known() -> Timer | None:
        return session.scalar(select(Timer).where(Timer.kind == kind, Timer.key == key).with_for_update())

    timer, is_new = insert_once(session, Timer(kind=kind, key=key, due_at=due_at, payload=payload or {}), known)
    if not is_new:
        timer.due_at, timer.payload, timer.enqueued_at = due_at, payload or {}, None
        session.flush()


def arm_all(session: Session, kind: str, due_at: Mapping[str, datetime]) -> None:
    """Many at once: key → when. Who arms them holds what the keys name, so nobody else arms the same meanwhile."""
    rows = select(Timer).where(Timer.kind == kind, Timer.key.in_(due_at)).order_by(Timer.id).with_for_update()
    known = {timer.key: timer for timer in session.scalars(rows)}
    for key, instant in due_at.items():
        if key in known:
            known[key].due_at, known[key].payload, known[key].enqueued_at = instant, {}, None
        else:
            session.add(Timer(kind=kind, key=key, due_at=instant, payload={}))
    session.flush()


def armed(session: Session, kind: str, key: str) -> bool:
    """Whether it is to fall due."""
    return session.scalar(select(Timer.id).where(Timer.kind == kind, Timer.key == key)) is not None


def payload(session: Session, kind: str, key: str) -> dict[str, Any]:
    """What it was armed with; nothing when it is not to fall due."""
    return session.scalar(select(Timer.payload).where(Timer.kind == kind, Timer.key == key)) or {}


def disarm(session: Session, kind: str, *keys: str) -> None:
    """It is not wanted any more; one that is not armed changes nothing."""
    session.execute(delete(Timer).where(Timer.kind == kind, Timer.key.in_(keys)))


def due(session: Session, *, now: datetime, limit: int = 100) -> list[Timer]:
    """The timers that have fallen due and that no job is at, the longest ago first."""
    waiting = or_(Timer.enqueued_at.is_(None), Timer.enqueued_at <= now - PATIENCE)
    rows = select(Timer).where(Timer.due_at <= now, waiting).order_by(Timer.due_at, Timer.id).limit(limit)
    return list(session.scalars(rows))


def mark_enqueued(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """The queue has these timers' jobs; one that was done and armed again in the meantime is not meant."""
    session.execute(update(Timer).where(Timer.id.in_(ids), Timer.due_at <= now).values(enqueued_at=now))


def next_due(session: Session) -> datetime | None:
    """When the next one falls due (virtual time jumps there)."""
    return session.scalar(select(Timer.due_at).order_by(Timer.due_at).limit(1))


def run(db: Database, timer: int, handlers: Mapping[str, Handler], *, now: datetime) -> bool:
    """Do one, if it is still due; False when somebody else did or moved it. What its handler refuses (Problem) changes
    nothing and comes again in a minute.
    """
    try:
        with db.transaction() as session:
            row = session.get(Timer, timer)
            if row is None or row.due_at > now:
                return False
            handlers[row.kind](session, row.key, row.payload, now)
            # The last lock that is taken, as by everybody who arms one: two who wait for each other would wait for
            # ever. Armed again by its own handler it stays, for then it falls due later.
            this = (Timer.id == timer, Timer.due_at <= now)
            if row.due_at <= now and not cast(Any, session.execute(delete(Timer).where(*this))).rowcount:
                raise _Elsewhere
    except (_Elsewhere, StaleDataError):
        return False
    except Problem as fault:
        log.warning("timer %s was refused: %s", timer, fault.slug)
        with db.transaction() as session:
            mine = (Timer.id == timer, Timer.due_at <= now)
            session.execute(update(Timer).where(*mine).values(due_at=now + AGAIN, enqueued_at=None))
        return False
    return True


def run_due(db: Database, handlers: Mapping[str, Handler], *, now: datetime) -> int:
    """Do all that have fallen due, those they arm included; answers how many (tests, simulation)."""
    done = 0
    while True:
        with db.reading() as session:
            ids = [timer.id for timer in due(session, now=now)]
        ran = sum(run(db, timer, handlers, now=now) for timer in ids)
        done += ran
        if not ran:
            return done
