"""Planned work: announced, begun by its timer, and from then on an outage like any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Invalid
from config.operator import operator
from tickets import timers
from tickets.kinds import NoticeEvent, OutageKind
from tickets.models import LIVE_SCOPE, Outage, OutageScope
from tickets.notices import notices
from tickets.outages import attached, estimates, outages, phrases, scopes, spoken, statements
from tickets.outages.moves import locked, move, remember
from tickets.outages.outages import BEGINS
from tickets.states import OutageEvent, OutageStatus, StatementStatus

CLOCKWORK = "timer"  # who begins it, in the history


def schedule(
    session: Session,
    *,
    covers: Sequence[str],
    area: str = "",
    community: str = "",
    cause: str,
    starts: datetime,
    ends: datetime,
    by: str,
    now: datetime,
) -> Outage:
    """Work that will cut the power. A statement may be written and approved beforehand: it is said when the work
    begins. Those concerned are told in time (tickets/notices/notices.py).

    Raises Invalid (`scopes-missing`, `unknown-…`, `start-past`, `etr-before-start`, `cause-missing`).
    """
    codes = scopes.checked(session, covers or ([area] if area else []))
    if area and area not in operator().areas.areas:
        raise Invalid("Wilayah itu tidak dikenal.", slug="unknown-area", field="area")
    if starts <= now:
        raise Invalid("Awal pekerjaan itu sudah lewat.", slug="start-past", field="reportedStartTime")
    estimates.check(ends, since=starts, now=now)
    work = phrases.speakable(cause)
    if not work:
        raise Invalid("Sebutkan pekerjaannya.", slug="cause-missing", field="cause")
    outage = outages.new(
        session,
        codes,
        area=area,
        status=OutageStatus.SCHEDULED,
        kind=OutageKind.PLANNED,
        since=starts,
        by=by,
        now=now,
    )
    outage.community, outage.cause = phrases.speakable(community) or scopes.spoken(codes, outage.area), work
    estimates.record(session, outage, ends, reason="", by=by, now=now)
    remember(session, outage, "schedule", by=by, now=now)
    timers.arm(session, BEGINS, str(outage.id), starts)
    spoken.prepare_holding(session, outage, now=now)
    notices.announce(session, outage, NoticeEvent.PLANNED, by=by, now=now)
    return outage


def begin(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Timer: the power is off from the hour that was announced. What was approved for it is said, else the holding
    sentence of planned work. A proposal of just these places is explained by it: what was reported and who wanted to
    be told go with it, and what lies outside has its crew.
    """
    outage = locked(session, int(key))
    if outage.status_kind is not OutageStatus.SCHEDULED:
        return
    codes = scopes.of(session, outage.id)
    explained: set[str] = set()
    for proposal in _proposals(session, codes):
        explained.update(scopes.of(session, locked(session, proposal).id))
        attached.hand_over(session, proposal, outage.id, by=CLOCKWORK, now=now)
        outages.dismiss_outage(session, proposal, note="Pekerjaan terencana.", by=CLOCKWORK, now=now)
    move(session, outage, OutageEvent.BEGIN, by=CLOCKWORK, now=now)
    outage.confirmed_at, outage.confirmed_by = now, outage.created_by
    # Where another outage has just this code, its word is heard and this one's time counts all the same.
    scopes.announce(session, outage, scopes.free(session, codes))
    scopes.darken(session, outage, codes, since=outage.reported_start)
    attached.follow(session, outage.id, by=CLOCKWORK, now=now, gone=sorted(explained))
    approved = [one for one in statements.versions(session, outage.id) if one.status is StatementStatus.APPROVED]
    if approved and approved[0].etr == spoken.may_promise(outage, now):
        statements.release(session, outage.id, approved[0].version, now=now)
    notices.announce(session, outage, NoticeEvent.START, by=CLOCKWORK, now=now)


def _proposals(session: Session, codes: Sequence[str]) -> list[int]:
    rows = select(Outage.id).join(OutageScope, OutageScope.outage_id == Outage.id)
    here = rows.where(OutageScope.code.in_(codes), LIVE_SCOPE, Outage.status_kind == OutageStatus.PREDICTED)
    return list(session.scalars(here.distinct().order_by(Outage.id)))
