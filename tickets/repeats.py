"""What a contact about a report that exists may do (CSO instruction L115–L245): Lapor Ulang, Update Laporan, a comment,
a new report after a finished complaint. What is allowed is decided by tickets/rules.py alone.

Locks are taken in one order, as everywhere: premises, outage, crews, work orders, report, the numbers of a unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.errors import Invalid
from config.operator import operator
from tickets import history, reports, rules, workorders
from tickets.contacts import Contact, step_key
from tickets.customers import register
from tickets.decisions import decision_of
from tickets.incidents import clocks, incidents, priorities
from tickets.kinds import HistoryKind, Intent, ReportKind, UrgentReason
from tickets.models import Premises, Report, ReportHistory
from tickets.outages import lookup
from tickets.outages.scopes import place_of
from tickets.rules import Action
from tickets.schemas import Changes, NewReport
from tickets.scripts import related
from tickets.states import REPORT, ReportEvent, ReportStatus

LONGEST_COMMENT = 2000  # characters of *keterangan* and of a note


@dataclass(frozen=True)
class Applied:
    """What a contact has led to: the report now in force and the steps that were taken, in their order."""

    report: Report
    steps: tuple[Action, ...]
    reopened: bool = False


def lapor_ulang(
    session: Session,
    number: str,
    *,
    intent: Intent,
    urgent: UrgentReason | None,
    note: str,
    changes: Changes | None = None,
    contact: Contact,
    now: datetime,
) -> Report:
    """The report is told again. A finished G is open again under its number, gets its star (once) and a crew, unless a
    live outage explains it; data that came with it are entered as well (L153). The first instant stays.

    Raises Invalid (`note-missing`), NotFound (`unknown-report`), Refused (`rule-…`), ReportOpen (the premises has
    another open G, which this contact belongs to).
    """
    if not note.strip():
        raise Invalid("Isi keterangan lapor ulang.", slug="note-missing", field="note")
    report = held(session, number)
    key = step_key("repeat", contact)
    if history.done(session, report.id, key):
        return report
    decision = decision_of(report, intent, urgent, now=now)
    rules.forbid(decision, Action.LAPOR_ULANG)
    if changes:
        rules.forbid(decision, Action.UPDATE_LAPORAN, after_repeat=True)
    told: dict[str, Any] = {"intent": intent.value, "urgent": urgent.value if urgent else None}
    history.write(session, report.id, HistoryKind.REPEAT, **contact.told, now=now, note=note.strip(), new=told, key=key)
    report.repeats += 1
    report.last_repeat_at = now
    _urge(session, report, urgent)
    if report.responded_at is not None:
        # Who comes back has not been answered well enough: the 1×24 h run again.
        report.respond_by, report.responded_at = reports.respond_by(report.kind, contact.channel, now), None
    if report.status is ReportStatus.SELESAI:
        _reopen(session, report, contact, now)
    elif report.kind is ReportKind.GANGGUAN and report.outage_id is None:
        workorders.ensure(session, report, now=now)
    if changes:
        _change(session, report, changes, contact, now)
    clocks.follow_report(session, report, now=now)
    return report


def update(
    session: Session,
    number: str,
    *,
    intent: Intent,
    urgent: UrgentReason | None,
    changes: Changes,
    contact: Contact,
    now: datetime,
) -> Report:
    """Data are added or replaced; the history keeps both values. Where the table wants a Lapor Ulang as well, that one
    comes first in the same contact (R21).

    Raises Invalid (`changes-missing`), NotFound (`unknown-report`), Refused (`rule-…`).
    """
    if not changes:
        raise Invalid("Isi data yang berubah.", slug="changes-missing", field="changes")
    report = (held if urgent else locked)(session, number)
    if history.done(session, report.id, step_key("update", contact)):
        return report
    decision = decision_of(report, intent, urgent, now=now)
    rules.forbid(decision, Action.UPDATE_LAPORAN, after_repeat=_repeated(session, report.id, contact))
    _urge(session, report, urgent)
    if urgent and report.kind is ReportKind.GANGGUAN and report.outage_id is None:
        workorders.ensure(session, report, now=now)
    _change(session, report, changes, contact, now)
    clocks.follow_report(session, report, now=now)
    return report


def comment(
    session: Session, number: str, *, note: str, changes: Changes | None = None, contact: Contact, now: datetime
) -> Report:
    """A sentence in the history that changes nothing: what a caller adds to a finished complaint (C3), or staff note.
    Data told with it stand in the entry. Raises Invalid (`note-missing`), NotFound (`unknown-report`).
    """
    report = reports.by_number(session, number)
    told = changes.model_dump(exclude_defaults=True) if changes else None
    if not note.strip() and not told:
        raise Invalid("Isi komentarnya.", slug="note-missing", field="note")
    history.write(
        session,
        report.id,
        HistoryKind.COMMENT,
        **contact.told,
        now=now,
        note=note.strip(),
        new=told,
        key=step_key("comment", contact),
    )
    return report


def follow_up(
    session: Session,
    number: str,
    *,
    intent: Intent,
    urgent: UrgentReason | None,
    note: str,
    trouble: str = "",
    details: dict[str, Any] | None = None,
    changes: Changes | None = None,
    contact: Contact,
    now: datetime,
) -> Report:
    """A new report after a finished complaint or request, linked to it, with the CSO's tag and the number in words
    (L138, C4). Category and answers are the old one's unless told.

    Raises Invalid (`note-missing`, what filing raises), NotFound (`unknown-report`), Refused (`rule-…`), ReportOpen
    (one that goes on from it is open).
    """
    if not note.strip():
        raise Invalid("Isi permasalahannya.", slug="note-missing", field="note")
    old = held(session, number)
    if not history.done(session, old.id, step_key("follow", contact)):
        rules.forbid(decision_of(old, intent, urgent, now=now), Action.TICKET_BARU)
    return goes_on(session, old, note=note, trouble=trouble, details=details, changes=changes, contact=contact, now=now)


def goes_on(
    session: Session,
    old: Report,
    *,
    note: str,
    trouble: str = "",
    details: dict[str, Any] | None = None,
    changes: Changes | None = None,
    contact: Contact,
    now: datetime,
) -> Report:
    """The new report after `old`, once per contact; no rule is asked. `old` is held (`held`)."""
    if not history.done(session, old.id, step_key("follow", contact)) and (other := open_after(session, old)):
        raise reports.ReportOpen(other)
    prefix = operator().areas.units[old.unit].prefix
    who = related(operator().scripts, number=old.number, prefix=prefix, cso=contact.name or contact.by)
    told = changes or Changes()
    words = "\n".join(filter(None, (who, note.strip(), told.comment)))
    new = NewReport(
        kind=old.kind,
        key=step_key("follow", contact),
        reporting_kind=contact.channel,
        by=contact.by,
        premises_id=old.premises_id,
        area=old.area,
        trouble=trouble or old.trouble_code,
        comment=words[:LONGEST_COMMENT],
        phone=told.phone or old.phone,
        call=contact.call,
        only_me=old.multiple_premises is False,
        reporter=told.reporter or old.reporter,
        mobile=told.mobile or old.mobile,
        email=told.email or old.email,
        address=told.address or old.address,
        details=old.details if details is None and trouble in ("", old.trouble_code) else details or {},
        related_id=old.id,
    )
    report = reports.file_report(session, new, now=now)
    history.write(
        session,
        old.id,
        HistoryKind.COMMENT,
        **contact.told,
        now=now,
        note=f"Dilanjutkan dengan laporan {report.number}.",
        new={"related": report.number},
        key=step_key("follow", contact),
    )
    return report


def apply(
    session: Session,
    number: str,
    *,
    intent: Intent,
    urgent: UrgentReason | None,
    note: str,
    changes: Changes | None = None,
    contact: Contact,
    now: datetime,
) -> Applied:
    """Everything the table requires for this contact, in its order: for channels without a CSO (IVR, WhatsApp, e-mail,
    web, application). `note` is what was said, or what the channel knows of it; it is never empty. A contact that was
    worked off before changes nothing.
    """
    note = note.strip()[:LONGEST_COMMENT]
    if not note:
        raise Invalid("Isi keterangannya.", slug="note-missing", field="note")
    report = held(session, number)
    if known := before(session, report, contact):
        return known
    decision = decision_of(report, intent, urgent, now=now)
    steps = decision.required
    common: dict[str, Any] = {"intent": intent, "urgent": urgent, "contact": contact, "now": now}
    for step in steps:
        match step:
            case Action.LAPOR_ULANG:
                # Data go into the Lapor Ulang itself where no Update follows (L153).
                extra = None if Action.UPDATE_LAPORAN in steps else changes
                lapor_ulang(session, number, note=note, changes=extra, **common)
            case Action.UPDATE_LAPORAN:
                update(session, number, changes=_with_note(changes, note, steps), **common)
            case Action.TICKET_BARU:
                report = follow_up(session, number, note=note, changes=changes, **common)
            case Action.COMMENT:
                comment(session, number, note=note, changes=changes, contact=contact, now=now)
            case _:
                pass  # reading
    if set(steps) <= {Action.DETAIL, Action.TRACKING}:
        if changes:
            rules.forbid(decision, Action.UPDATE_LAPORAN)
        comment(session, number, note=note, contact=contact, now=now)
    return Applied(report, steps, reopened=decision.sets_star)


def _with_note(changes: Changes | None, note: str, steps: tuple[Action, ...]) -> Changes:
    """What was said goes to the *keterangan* (L122) unless a Lapor Ulang has it already."""
    told = changes or Changes()
    has_it = told and (told.comment or Action.LAPOR_ULANG in steps)
    return told if has_it else told.model_copy(update={"comment": note[:1000]})


def held(session: Session, number: str) -> Report:
    """The report, locked after everything that a step of its own may need."""
    seen = reports.by_number(session, number)
    if seen.premises_id is not None:
        session.get(Premises, seen.premises_id, with_for_update=ROW_LOCK)
    if seen.kind is ReportKind.GANGGUAN:
        lookup.covering_outage(session, place_of(session, seen.area, seen.premises_id), hold=True)
        workorders.lock_crews(session, seen.unit)
    return locked(session, number)


def locked(session: Session, number: str) -> Report:
    seen = reports.by_number(session, number).id
    return session.get_one(Report, seen, with_for_update=True, populate_existing=True)


def open_after(session: Session, old: Report) -> Report | None:
    """What goes on from a finished report already."""
    after = select(Report).where(Report.related_id == old.id, Report.status == ReportStatus.BELUM_SELESAI)
    return session.scalar(after.limit(1))


def _repeated(session: Session, report_id: int, contact: Contact) -> bool:
    """Whether this contact has told the report again already."""
    same = ReportHistory.key == step_key("repeat", contact)
    if contact.call:
        same = or_(same, ReportHistory.call == contact.call)
    found = select(ReportHistory.id).where(
        ReportHistory.report_id == report_id, ReportHistory.kind == HistoryKind.REPEAT, same
    )
    return session.scalar(found.limit(1)) is not None


def before(session: Session, report: Report, contact: Contact) -> Applied | None:
    """What this contact has led to when it came the first time."""
    steps = {
        "repeat": Action.LAPOR_ULANG,
        "update": Action.UPDATE_LAPORAN,
        "follow": Action.TICKET_BARU,
        "comment": Action.COMMENT,
    }
    taken = [step for step in steps if history.done(session, report.id, step_key(step, contact))]
    if "follow" in taken:
        row = history.by_key(session, step_key("follow", contact))
        report = reports.by_number(session, (row.new or {})["related"] if row else "")
    return Applied(report, tuple(steps[step] for step in taken)) if taken else None


def _urge(session: Session, report: Report, urgent: UrgentReason | None) -> None:
    """Danger is no part of a power cut, and no reason that is told later takes its place."""
    if report.urgent is not UrgentReason.HAZARD:
        report.urgent = urgent or report.urgent
    if report.urgent is UrgentReason.HAZARD:
        report.outage_id = None
    priorities.put(session, report)


def _reopen(session: Session, report: Report, contact: Contact, now: datetime) -> None:
    """A finished G is open again: same number, same first instant (C6), one star for good (C7)."""
    if other := reports.open_fault(session, report.premises_id):
        raise reports.ReportOpen(other)
    old = {
        "status": report.status.value,
        "completionCode": report.completion_code.value if report.completion_code else None,
        "completionNote": report.completion_note,
    }
    report.status = REPORT.next(report.status, ReportEvent.REOPEN)
    report.resolved_at, report.completion_code, report.completion_note = None, None, ""
    report.reopened_at = now
    report.starred, report.starred_at = True, report.starred_at or now
    only_here = report.multiple_premises is False or report.urgent is UrgentReason.HAZARD
    place = place_of(session, report.area, report.premises_id)
    outage = None if only_here else lookup.covering_outage(session, place, hold=True)
    report.outage_id = outage.id if outage else None
    priorities.put(session, report)
    incidents.reopen(session, report, by=contact.by, now=now)
    new = {"status": report.status.value}
    history.write(session, report.id, HistoryKind.TRANSITION, **contact.told, now=now, old=old, new=new)
    if outage is None:
        workorders.ensure(session, report, now=now)


def _change(session: Session, report: Report, changes: Changes, contact: Contact, now: datetime) -> None:
    told = changes.model_dump(exclude_defaults=True, exclude={"comment"})
    new = {name: value for name, value in told.items() if getattr(report, name) != value}
    old = {name: getattr(report, name) for name in new}
    for name, value in new.items():
        setattr(report, name, value)
    if changes.comment:
        report.comment = _added(report.comment, changes.comment)
    if new or changes.comment:
        history.write(
            session,
            report.id,
            HistoryKind.CHANGE,
            **contact.told,
            now=now,
            note=changes.comment,
            old=old,
            new=new,
            key=step_key("update", contact),
        )
    if new:
        register.reports(session, [report.id])


def _added(comment: str, words: str) -> str:
    """The newest words stand at the end, for the crew; when the column is full the oldest are left to the history."""
    both = f"{comment}\n{words}" if comment else words
    return both if len(both) <= LONGEST_COMMENT else "…" + both[-(LONGEST_COMMENT - 1) :]
