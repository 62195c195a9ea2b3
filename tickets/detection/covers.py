"""Whom an outage explains: those who were heard from inside it, and for a while after it, are no news."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from config.operator import operator
from tickets.detection.judge import codes_of
from tickets.detection.people import Heard
from tickets.kinds import OutageKind
from tickets.models import Outage, OutagePeriod, OutageScope
from tickets.outages.scopes import ULP
from tickets.states import LIVE, OutageStatus

EVER = timedelta(days=36500)
LAPSED = "lapsed"  # in the evidence of a proposal that ended by itself: nobody said that it was wrong


@dataclass(frozen=True)
class Cover:
    """One scope of an outage: since when it is dark there, until when it explains who is heard."""

    code: str
    outage: int
    since: datetime
    until: datetime
    proposed: bool = False  # by nobody confirmed
    dismissed: bool = False


def covers(session: Session, *, since: datetime, now: datetime) -> list[Cover]:
    """The scopes that explain anybody heard after `since`."""
    quiet = operator().detection.quiet
    restored, dismissed = timedelta(minutes=quiet.restored_minutes), timedelta(minutes=quiet.dismissed_minutes)
    ended = or_(Outage.restored_at > since - restored, Outage.closed_at > since - dismissed)
    rows = (
        select(OutageScope.code, OutageScope.live, Outage)
        .join(Outage, Outage.id == OutageScope.outage_id)
        .where(or_(Outage.status_kind.in_(LIVE), ended), Outage.status_kind != OutageStatus.SCHEDULED)
    )
    found = []
    for code, live, outage in session.execute(rows):
        is_proposal, end = outage.status_kind is OutageStatus.PREDICTED, now + EVER
        dismissed_at = None if outage.confirmed_at else outage.closed_at
        if dismissed_at is not None:
            # Called off, it never began; lapsed, nobody has looked at it.
            if outage.kind is OutageKind.PLANNED or (outage.evidence or {}).get(LAPSED):
                continue
            end = dismissed_at + dismissed
        elif not live:
            end = (_lit(session, outage, code) or outage.restored_at or now) + restored
        found.append(Cover(code, outage.id, outage.reported_start, end, is_proposal, dismissed_at is not None))
    return found


def unexplained(heard: Iterable[Heard], by: Iterable[Cover]) -> list[Heard]:
    """Whom none of these explains."""
    until: dict[str, datetime] = {}
    for one in by:
        until[one.code] = max(one.until, until.get(one.code, one.until))
    return [one for one in heard if not any(code in until and one.at <= until[code] for code in codes_of(one))]


def dark_codes(by: Iterable[Cover], start: datetime, end: datetime, areas: Mapping[str, Collection[str]]) -> set[str]:
    """ULPs and feeders that were dark at some time between two instants."""
    found: set[str] = set()
    for one in by:
        if not one.dismissed and one.since < end and one.until > start:
            found |= {one.code, *(ULP + ulp for ulp in areas.get(one.code, ()))}
    return found


def _lit(session: Session, outage: Outage, code: str) -> datetime | None:
    """When a scope had power again."""
    mine = (OutagePeriod.outage_id == outage.id, OutagePeriod.code == code)
    return session.scalar(select(OutagePeriod.lit_at).where(*mine).order_by(OutagePeriod.dark_from.desc()).limit(1))
