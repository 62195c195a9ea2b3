"""What is not held against the utility: decided by a person, or planned work that was announced in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from config.errors import Invalid
from config.schema.compensation import Exempt, Regulation
from tickets import reports
from tickets.kinds import NoticeEvent, OutageKind
from tickets.models import Exemption, Notice, Outage
from tickets.outages import moves as outage_moves


def of_outage(
    session: Session, outage_id: int, reason: Exempt | None, *, note: str, by: str, now: datetime
) -> Exemption:
    """An outage is exempt from now on, or counts again (None). Raises NotFound (`unknown-outage`), Invalid
    (`note-missing`, `exempt-planned`: that is known from the notice, not decided).
    """
    outage_moves.found(session, outage_id)
    return _put(session, Exemption(outage_id=outage_id), reason, note=note, by=by, now=now)


def of_report(session: Session, number: str, reason: Exempt | None, *, note: str, by: str, now: datetime) -> Exemption:
    """The same of the fault of one report, such as one in the customer's own installation. Raises NotFound
    (`unknown-report`), Invalid (`note-missing`, `exempt-planned`).
    """
    report = reports.by_number(session, number)
    return _put(session, Exemption(report_id=report.id), reason, note=note, by=by, now=now)


def _put(session: Session, row: Exemption, reason: Exempt | None, *, note: str, by: str, now: datetime) -> Exemption:
    if reason is Exempt.PLANNED:
        raise Invalid("Pekerjaan terencana dikenali dari pemberitahuannya.", slug="exempt-planned", field="reason")
    if not note.strip():
        raise Invalid("Isi alasannya.", slug="note-missing", field="note")
    row.reason, row.note, row.by, row.at = reason, note.strip(), by, now
    session.add(row)
    session.flush()
    return row


def outages_exempt(session: Session, regulation: Regulation, ids: Sequence[int]) -> dict[int, Exempt]:
    """Those of these outages that the regulation lets pass, each with its reason."""
    found = _decided(session, Exemption.outage_id, ids)
    if Exempt.PLANNED in regulation.exempt:
        found |= dict.fromkeys(_announced(session, regulation, ids), Exempt.PLANNED)
    return {one: reason for one, reason in found.items() if reason in regulation.exempt}


def reports_exempt(session: Session, regulation: Regulation, ids: Sequence[int]) -> dict[int, Exempt]:
    """The same of the faults of reports."""
    found = _decided(session, Exemption.report_id, ids)
    return {one: reason for one, reason in found.items() if reason in regulation.exempt}


def _decided(session: Session, whose: InstrumentedAttribute[int | None], ids: Sequence[int]) -> dict[int, Exempt]:
    newest = select(func.max(Exemption.id)).where(whose.in_(ids)).group_by(whose)
    rows = select(whose, Exemption.reason).where(Exemption.id.in_(newest), Exemption.reason.is_not(None))
    return {one: reason for one, reason in session.execute(rows) if one is not None and reason is not None}


def _announced(session: Session, regulation: Regulation, ids: Sequence[int]) -> list[int]:
    """Planned work of which customers were told so long before as they must be (Pasal 7 ayat 2)."""
    told = (Notice.event == NoticeEvent.PLANNED, Notice.outage_id == Outage.id)
    rows = select(Outage.id, Outage.reported_start, func.min(Notice.begins_at)).join(Notice, told[1]).where(told[0])
    rows = rows.where(Outage.id.in_(ids), Outage.kind == OutageKind.PLANNED).group_by(Outage.id, Outage.reported_start)
    before = timedelta(hours=regulation.notice_hours)
    return [one for one, begin, since in session.execute(rows) if since <= begin - before]
