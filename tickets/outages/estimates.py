"""The estimated restoration time in versions: who said it, when, and why it moved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.errors import Invalid
from tickets.kinds import NoticeEvent
from tickets.models import Outage, OutageEstimate
from tickets.notices import notices
from tickets.outages import phrases, spoken, statements
from tickets.outages.moves import locked, remember
from tickets.states import OutageStatus


def check(etr: datetime | None, *, since: datetime, now: datetime) -> None:
    """Raises Invalid (`etr-before-start`, `etr-past`)."""
    if etr is not None and etr <= since:
        raise Invalid("Perkiraan nyala mendahului awal padam.", slug="etr-before-start", field="etr")
    if etr is not None and etr <= now:
        raise Invalid("Perkiraan nyala itu sudah lewat.", slug="etr-past", field="etr")


def revise(
    session: Session, outage_id: int, etr: datetime | None, *, reason: str, by: str, now: datetime
) -> OutageEstimate:
    """The time moves, or is not known any more (None); what was said of the old one is said no more, and the new word
    names both. Raises NotFound (`unknown-outage`), Refused (`outage-over`), Invalid (`etr-before-start`, `etr-past`,
    `reason-missing`, `estimate-same`).
    """
    why = phrases.speakable(reason)
    if not why:
        raise Invalid("Tulis alasan perubahan perkiraan.", slug="reason-missing", field="reason")
    outage = locked(session, outage_id)
    statements.check_lasting(outage)
    check(etr, since=outage.reported_start, now=now)
    if etr == outage.etr:
        raise Invalid("Perkiraan itu sama dengan yang sekarang.", slug="estimate-same", field="etr")
    row = record(session, outage, etr, reason=why, by=by, now=now)
    remember(session, outage, "estimate", by=by, now=now, note=why)
    statements.renew(session, outage, by=by, now=now)
    spoken.prepare_holding(session, outage, now=now)
    # Nobody is in the dark yet: who is told of the work is told when it begins, and of its end as it is now.
    event = NoticeEvent.PLANNED if outage.status_kind is OutageStatus.SCHEDULED else NoticeEvent.ESTIMATE
    notices.announce(session, outage, event, by=by, now=now)
    return row


def record(
    session: Session, outage: Outage, etr: datetime | None, *, reason: str, by: str, now: datetime
) -> OutageEstimate:
    """One more version, of an outage that is locked."""
    last = session.scalar(select(func.max(OutageEstimate.version)).where(OutageEstimate.outage_id == outage.id)) or 0
    row = OutageEstimate(outage_id=outage.id, version=last + 1, etr=etr, reason=reason[:240], by=by, at=now)
    outage.etr = etr
    session.add(row)
    session.flush()
    return row


def versions(session: Session, outage_id: int) -> list[OutageEstimate]:
    """All of an outage, the newest first."""
    rows = select(OutageEstimate).where(OutageEstimate.outage_id == outage_id)
    return list(session.scalars(rows.order_by(OutageEstimate.version.desc())))
