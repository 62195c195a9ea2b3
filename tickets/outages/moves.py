"""One step of an outage: its status, its history, and what must keep step with both."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.errors import NotFound
from tickets.incidents import clocks
from tickets.models import Outage, OutageHistory
from tickets.outages import scopes
from tickets.states import DARK, LIVE, OUTAGE, OutageEvent


def locked(session: Session, outage_id: int) -> Outage:
    """An outage, locked. Raises NotFound (`unknown-outage`)."""
    outage = session.get(Outage, outage_id, with_for_update=ROW_LOCK, populate_existing=True)
    if outage is None:
        raise NotFound("Padam itu tidak ada.", slug="unknown-outage")
    return outage


def found(session: Session, outage_id: int) -> Outage:
    """An outage, to be read. Raises NotFound (`unknown-outage`)."""
    outage = session.get(Outage, outage_id)
    if outage is None:
        raise NotFound("Padam itu tidak ada.", slug="unknown-outage")
    return outage


def move(session: Session, outage: Outage, event: OutageEvent, *, by: str, now: datetime, note: str = "") -> None:
    """The outage, locked, goes on. Where it ends nobody hears of it, and where power is back no time without power
    counts; where either begins, says who calls (scopes.py). Raises IllegalMove.
    """
    outage.status_kind = OUTAGE.next(outage.status_kind, event)
    if outage.status_kind not in LIVE:
        scopes.hush(session, outage)
    if outage.status_kind not in DARK:
        scopes.light(session, outage, at=now)
    remember(session, outage, event.value, by=by, now=now, note=note)


def remember(session: Session, outage: Outage, what: str, *, by: str, now: datetime, note: str = "") -> None:
    """An entry of its history: a move, or what somebody did to it. Its clock follows."""
    session.add(
        OutageHistory(outage_id=outage.id, at=now, by=by, event=what, status=outage.status_kind, note=note[:500])
    )
    session.flush()
    clocks.follow_outage(session, outage, now=now)
