"""What nobody will ask for again: logins that are over, pauses that have passed, answers and recordings kept long
enough.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute, Session

from agent_desk.models import Throttle, WebSession
from config.clock import Clock
from config.database import Database
from tickets import idempotency, recordings

log = logging.getLogger(__name__)

EVERY_S = 3600.0
BATCH = 1000  # rows of one transaction: on SQLite nobody else writes meanwhile


def _sessions(session: Session, *, now: datetime) -> int:
    return _gone(session, WebSession.id, WebSession.expires_at, now)


def _throttles(session: Session, *, now: datetime) -> int:
    return _gone(session, Throttle.key, Throttle.until, now)


def _gone(
    session: Session, key: InstrumentedAttribute[Any], until: InstrumentedAttribute[datetime], now: datetime
) -> int:
    some = select(key).where(until <= now).limit(BATCH).scalar_subquery()
    return cast(int, cast(Any, session.execute(delete(key.class_).where(key.in_(some)))).rowcount)


KINDS: tuple[Callable[..., int], ...] = (_sessions, _throttles, idempotency.forget, recordings.forget)


def tidy(db: Database, *, now: datetime) -> int:
    """Removes all of it; answers how many rows. Each batch is a transaction of its own."""
    total = 0
    for kind in KINDS:
        removed = BATCH
        while removed >= BATCH:
            with db.transaction() as session:
                removed = kind(session, now=now)
            total += removed
    return total


async def forever(db: Database, clock: Clock, *, every_s: float = EVERY_S) -> None:
    """Now, and every hour. A database that is away is asked again the next time."""
    while True:
        try:
            await asyncio.to_thread(tidy, db, now=clock.now())
        except (SQLAlchemyError, OSError) as fault:
            log.warning("what is over stays a while longer (%s)", type(fault).__name__)
        await asyncio.sleep(every_s)
