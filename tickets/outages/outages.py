"""The life of an outage from what is proposed or known until it is closed. Planned work: planned.py; power that
comes back in part or goes again: supply.py; what is said: statements.py; the reports that belong:
attached.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Invalid, Refused
from config.operator import operator, prefixes
from tickets import timers
from tickets.incidents import alerts, clocks
from tickets.kinds import AlertKind, CauseKind, NoticeEvent, OutageKind
from tickets.models import LIVE_SCOPE, Outage, OutageScope
from tickets.notices import notices
from tickets.outages import all_lit, attached, estimates, fault_locations, phrases, scopes, spoken, statements
from tickets.outages.moves import locked, move, remember
from tickets.states import LIVE, OUTAGE, OutageEvent, OutageStatus

BEGINS = "outage-begins"  # timer of planned work (planned.py); its key is the outage's id


@dataclass(frozen=True)
class Facts:
    """What is known of an outage that is real. `covers`: its codes; `community`: the place as it is to be spoken, "" =
    by its codes.
    """

    covers: Sequence[str] = ()
    community: str = ""
    cause: str = ""
    cause_kind: CauseKind | None = None
    etr: datetime | None = None
    reported_start: datetime | None = None


def confirm_outage(
    session: Session,
    *,
    area: str = "",
    covers: Sequence[str] = (),
    community: str = "",
    cause: str,
    etr: datetime | None,
    by: str,
    now: datetime,
    reported_start: datetime | None = None,
    cause_kind: CauseKind | None = None,
) -> Outage:
    """An outage is known to be real; its holding sentence is live from here on. It covers `covers`, or all of `area`. A
    predicted one of the same place is confirmed.

    Raises Invalid (`scopes-missing`, `unknown-area`, `unknown-ulp`, `unknown-feeder`, `start-in-future`,
    `etr-before-start`, `etr-past`) and Refused (`outage-exists`).
    """
    codes = scopes.checked(session, covers or ([area] if area else []))
    if area and area not in operator().areas.areas:
        raise Invalid("Wilayah itu tidak dikenal.", slug="unknown-area", field="area")
    facts = Facts(codes, community, cause, cause_kind, etr, reported_start)
    _check_times(facts, reported_start or now, now)
    live = _live_on(session, codes)
    if len(live) > 1 or any(not OUTAGE.allows(one.status_kind, OutageEvent.CONFIRM) for one in live):
        raise Refused("Wilayah itu sudah tercatat padam.", slug="outage-exists", field="area")
    outage = live[0] if live else None
    if outage is None:
        outage = new(session, codes, area=area, status=OutageStatus.PREDICTED, since=now, by=by, now=now)
    return _confirm(session, outage, facts, by=by, now=now)


def confirm_proposal(session: Session, outage_id: int, facts: Facts, *, by: str, now: datetime) -> Outage:
    """A proposal is right; with `covers` it is larger or smaller than was thought. Raises NotFound (`unknown-outage`),
    IllegalMove and what confirm_outage raises.
    """
    outage = locked(session, outage_id)
    OUTAGE.next(outage.status_kind, OutageEvent.CONFIRM)
    codes = scopes.checked(session, facts.covers) if facts.covers else scopes.of(session, outage_id)
    _check_times(facts, facts.reported_start or outage.reported_start, now)
    known = Facts(codes, facts.community, facts.cause, facts.cause_kind, facts.etr, facts.reported_start)
    return _confirm(session, outage, known, by=by, now=now)


def _check_times(facts: Facts, since: datetime, now: datetime) -> None:
    if since > now:
        raise Invalid("Awal padam belum tiba.", slug="start-in-future", field="reportedStartTime")
    estimates.check(facts.etr, since=since, now=now)


def _confirm(session: Session, outage: Outage, facts: Facts, *, by: str, now: datetime) -> Outage:
    gone = sorted(set(scopes.of(session, outage.id)) - set(facts.covers))
    scopes.replace(session, outage, facts.covers)
    move(session, outage, OutageEvent.CONFIRM, by=by, now=now)
    outage.reported_start = facts.reported_start or outage.reported_start
    scopes.darken(session, outage, facts.covers, since=outage.reported_start)
    outage.community = phrases.speakable(facts.community) or scopes.spoken(facts.covers, outage.area)
    outage.cause, outage.cause_kind = phrases.speakable(facts.cause), facts.cause_kind
    outage.confirmed_at, outage.confirmed_by = now, by
    if facts.etr is not None:
        estimates.record(session, outage, facts.etr, reason="", by=by, now=now)
    session.flush()
    clocks.follow_outage(session, outage, now=now)
    attached.follow(session, outage.id, by=by, now=now, gone=gone)
    all_lit.wanted(session, outage, now=now)
    alerts.end(session, AlertKind.OUTAGE_PROPOSED, str(outage.id), now=now)
    spoken.prepare_holding(session, outage, now=now)
    notices.announce(session, outage, NoticeEvent.START, by=by, now=now)
    return outage


def propose_outage(
    session: Session,
    *,
    area: str = "",
    covers: Sequence[str] = (),
    since: datetime,
    evidence: dict[str, Any],
    by: str,
    now: datetime,
) -> Outage | None:
    """Many calls from a place say that it is dark: callers hear its holding sentence, a supervisor confirms or
    dismisses. None when an outage of it, or of an area around it, is live already. Raises Refused (`outage-exists`: one
    has begun at this moment).
    """
    codes = scopes.checked(session, covers or [area])
    if _live_on(session, [around for code in codes for around in prefixes(code)]):
        return None
    outage = new(session, codes, area=area, status=OutageStatus.PREDICTED, since=since, by=by, now=now)
    scopes.announce(session, outage)
    outage.evidence, outage.community = evidence, scopes.spoken(codes, outage.area)
    remember(session, outage, OutageEvent.PROPOSE.value, by=by, now=now)
    spoken.prepare_holding(session, outage, now=now)
    return outage


def dismiss_outage(session: Session, outage_id: int, *, note: str, by: str, now: datetime) -> Outage:
    """A proposal was wrong, or planned work is called off. Raises NotFound (`unknown-outage`), IllegalMove."""
    outage = locked(session, outage_id)
    move(session, outage, OutageEvent.DISMISS, by=by, now=now, note=note)
    outage.closed_at = now
    session.flush()
    fault_locations.called_off(session, outage.id, by=by, now=now)
    attached.follow(session, outage.id, by=by, now=now)
    statements.withdraw_all(session, outage, now=now)
    alerts.end(session, AlertKind.OUTAGE_PROPOSED, str(outage.id), now=now)
    if outage.kind is OutageKind.PLANNED:
        timers.disarm(session, BEGINS, str(outage.id))
        notices.announce(session, outage, NoticeEvent.CALLED_OFF, by=by, now=now)
    return outage


def restore_outage(session: Session, outage_id: int, *, by: str, now: datetime) -> Outage:
    """Power is back: nothing is announced any more, and every attached report is finished."""
    outage = locked(session, outage_id)
    move(session, outage, OutageEvent.RESTORE, by=by, now=now)
    outage.restored_at = now
    session.flush()
    fault_locations.called_off(session, outage.id, by=by, now=now)
    attached.follow(session, outage.id, by=by, now=now)
    statements.withdraw_all(session, outage, now=now)
    notices.announce(session, outage, NoticeEvent.RESTORED, by=by, now=now)
    return outage


def close_outage(session: Session, outage_id: int, *, by: str, now: datetime) -> Outage:
    """SELESAI: it stays as it is. Power that goes again is another outage. Raises NotFound, IllegalMove."""
    outage = locked(session, outage_id)
    move(session, outage, OutageEvent.CLOSE, by=by, now=now)
    outage.closed_at = now
    session.flush()
    return outage


def list_outages(
    session: Session, *, live_only: bool = True, status: OutageStatus | None = None, limit: int = 100
) -> list[Outage]:
    """Outages, the newest first: the live ones, or all; with `status` those in this state."""
    rows = select(Outage).order_by(Outage.id.desc()).limit(limit)
    if status is not None:
        rows = rows.where(Outage.status_kind == status)
    elif live_only:
        rows = rows.where(Outage.status_kind.in_(LIVE))
    return list(session.scalars(rows))


def new(
    session: Session,
    codes: Sequence[str],
    *,
    area: str = "",
    status: OutageStatus,
    kind: OutageKind = OutageKind.UNPLANNED,
    since: datetime,
    by: str,
    now: datetime,
) -> Outage:
    """A row with its scopes, of which nobody hears yet."""
    outage = Outage(
        kind=kind,
        area=area or scopes.area_of(session, codes),
        community="",
        status_kind=status,
        cause="",
        reported_start=since,
        created_at=now,
        created_by=by,
    )
    session.add(outage)
    session.flush()
    scopes.add(session, outage, codes)
    return outage


def _live_on(session: Session, codes: Sequence[str]) -> list[Outage]:
    """The live outages of these codes, locked in the order of their ids."""
    mine = select(OutageScope.outage_id).where(OutageScope.code.in_(codes), LIVE_SCOPE)
    rows = select(Outage).where(Outage.id.in_(mine)).order_by(Outage.id).with_for_update(key_share=True)
    return list(session.scalars(rows.execution_options(populate_existing=True)))
