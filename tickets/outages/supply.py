"""Power comes back in part, and goes again (4 August 2019: on at 21, off at 2, on at dawn, off at 5.40): one outage as
long as it is the same cause, each time without power a period of each scope.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Refused
from tickets.incidents import clocks
from tickets.kinds import NoticeEvent
from tickets.models import Outage, OutagePeriod
from tickets.notices import notices
from tickets.outages import all_lit, attached, estimates, scopes, spoken, statements
from tickets.outages.moves import locked, move, remember
from tickets.states import OUTAGE, OutageEvent, OutageStatus


def restore_partially(session: Session, outage_id: int, parts: Sequence[str], *, by: str, now: datetime) -> Outage:
    """These parts have power again: codes of the outage, or areas inside one, which is then taken apart. Callers there
    hear of it no more, the others what is left.

    Raises NotFound (`unknown-outage`), IllegalMove, Invalid (`scopes-missing`, `unknown-…`, `scope-not-dark`) and
    Refused (`nothing-left`: that is all of it, which is said by restoring it).
    """
    lit = scopes.checked(session, parts)
    outage = locked(session, outage_id)
    if outage.status_kind is not OutageStatus.PARTIALLY_RESTORED:
        OUTAGE.next(outage.status_kind, OutageEvent.RESTORE_PARTIALLY)
    was = scopes.of(session, outage.id, live=True)
    now_covered = list(was)
    for part in lit:
        now_covered = scopes.split(session, now_covered, part)
    dark = [code for code in now_covered if code not in lit]
    if not dark:
        raise Refused("Itu semuanya: catat sebagai sudah nyala.", slug="nothing-left", field="scopes")
    own_name = outage.community != scopes.spoken(was, outage.area)
    known = scopes.of(session, outage.id)
    scopes.add(session, outage, [code for code in now_covered if code not in known])
    _dark_now(session, outage, was, dark, now=now)
    note = f"nyala: {', '.join(lit)}"
    if outage.status_kind is OutageStatus.CONFIRMED:
        move(session, outage, OutageEvent.RESTORE_PARTIALLY, by=by, now=now, note=note)
    else:
        remember(session, outage, OutageEvent.RESTORE_PARTIALLY.value, by=by, now=now, note=note)
    attached.follow(session, outage.id, by=by, now=now)
    _renamed(session, outage, dark, own_name, now)
    statements.renew(session, outage, by=by, now=now)
    notices.announce(session, outage, NoticeEvent.RESTORED, by=by, now=now, parts=lit)
    return outage


def reopen(
    session: Session, outage_id: int, parts: Sequence[str] = (), *, note: str = "", by: str, now: datetime
) -> Outage:
    """Power went again, in these parts or in all of it. What was promised before is promised no more: the estimate
    begins anew, and what is said tells that power came and went.

    Raises NotFound (`unknown-outage`), IllegalMove, Invalid (`unknown-…`, `scope-not-dark`: it never covered that) and
    Refused (`outage-exists`: another one is live there by now).
    """
    wanted = scopes.checked(session, parts) if parts else []
    outage = locked(session, outage_id)
    known = scopes.of(session, outage.id)
    whole, pieces = scopes.largest(known), known
    for part in wanted:
        pieces = scopes.split(session, pieces, part)
    OUTAGE.next(outage.status_kind, OutageEvent.REOPEN)
    was = scopes.of(session, outage.id, live=True)
    lit_last = (OutagePeriod.outage_id == outage.id, OutagePeriod.lit_at == outage.restored_at)
    named = was or sorted(session.scalars(select(OutagePeriod.code).where(*lit_last))) or whole
    own_name = outage.community != scopes.spoken(named, outage.area)
    dark = scopes.largest({*was, *(wanted or whole)})
    if scopes.largest({*dark, *scopes.smallest(pieces)}) == dark:
        dark = whole  # piece by piece all of it
    move(session, outage, OutageEvent.REOPEN, by=by, now=now, note=note)
    outage.reopened_at, outage.restored_at = now, None
    scopes.add(session, outage, [code for code in pieces if code not in known])
    _dark_now(session, outage, was, dark, now=now)
    if dark != whole:
        move(session, outage, OutageEvent.RESTORE_PARTIALLY, by=by, now=now, note=note)
    if outage.etr is not None:
        estimates.record(session, outage, None, reason="Padam lagi.", by=by, now=now)
    clocks.follow_outage(session, outage, now=now)
    attached.follow(session, outage.id, by=by, now=now)
    all_lit.wanted(session, outage, now=now)
    _renamed(session, outage, dark, own_name, now)
    statements.renew(session, outage, by=by, now=now)
    news = None if dark == whole else [code for code in dark if code not in was]
    notices.announce(session, outage, NoticeEvent.START, by=by, now=now, parts=news)
    return outage


def _dark_now(session: Session, outage: Outage, was: Collection[str], dark: Collection[str], *, now: datetime) -> None:
    """From `was` to `dark`: who stays without power has no gap between two periods. A piece is dark since that was of
    which it is one: what nobody has mended does not begin anew.
    """
    gone, begun = [code for code in was if code not in dark], [code for code in dark if code not in was]
    since = scopes.dark(session, outage.id)
    scopes.hush(session, outage, gone)
    scopes.light(session, outage, gone, at=now)
    # Where another outage has just this code, its word is heard and this one's time counts all the same.
    free = scopes.free(session, begun)
    if begun and not free and len(gone) == len(was):
        raise Refused("Wilayah itu sudah tercatat padam.", slug="outage-exists", field="area")
    scopes.announce(session, outage, free)
    for code in begun:
        around = next((one for one in gone if code.startswith(f"{one}.")), None)
        scopes.darken(session, outage, [code], since=since[around] if around else now)


def _renamed(session: Session, outage: Outage, dark: Sequence[str], own_name: bool, now: datetime) -> None:
    if not own_name:
        outage.community = scopes.spoken(dark, outage.area)
        session.flush()
        spoken.prepare_holding(session, outage, now=now)
