"""What each number heard last about an outage, so that who calls again hears what is new (ADR 62)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from config.operator import operator
from tickets.models import Arrival, OutageHeard
from tickets.once import insert_once
from tickets.outages.changes import Facts


@dataclass(frozen=True)
class Told:
    """That a call heard of an outage, at the instant it was said. `version` of the statement; 0 = the holding one."""

    call: str
    at: datetime
    outage: int
    version: int
    facts: Facts


def record(session: Session, told: Sequence[Told]) -> None:
    """Keep the last of them for each number and outage; whatever the order in which they come, the newest stays. Whose
    number is withheld, or not known any more, is told everything each time.
    """
    if not told:
        return
    calls = (Arrival.call.in_({one.call for one in told}), Arrival.phone != "")
    phones = dict(session.execute(select(Arrival.call, Arrival.phone).where(*calls)).all())
    newest = {
        (one.outage, phones[one.call]): one
        for one in sorted(told, key=lambda one: (one.at, one.version))
        if one.call in phones
    }
    for (outage, phone), one in newest.items():
        _keep(session, outage, phone, one)


def _keep(session: Session, outage: int, phone: str, one: Told) -> None:
    mine = (OutageHeard.outage_id == outage, OutageHeard.phone == phone)
    values = {"at": one.at, "version": one.version, "facts": one.facts.dumps()}
    row = OutageHeard(outage_id=outage, phone=phone, **values)
    _, is_new = insert_once(session, row, lambda: session.scalar(select(OutageHeard).where(*mine)))
    if not is_new:
        # In the statement itself: another follower may have written a newer one since this row was read.
        older = and_(OutageHeard.at == one.at, OutageHeard.version <= one.version)
        session.execute(update(OutageHeard).where(*mine, or_(OutageHeard.at < one.at, older)).values(**values))


def lately(phone: str, *, now: datetime) -> list[ColumnElement[bool]]:
    """What makes a row count for who calls now."""
    since = now - timedelta(hours=operator().statements.repeat_hours)
    return [OutageHeard.phone == phone, OutageHeard.at > since]


def forget(session: Session, *, now: datetime) -> int:
    """Removes what does not count any more; answers how many rows."""
    before = now - timedelta(hours=operator().statements.repeat_hours)
    gone = session.execute(delete(OutageHeard).where(OutageHeard.at <= before))
    return cast(int, cast(Any, gone).rowcount)
