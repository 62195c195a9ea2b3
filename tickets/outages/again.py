"""A fault told a second time by whoever cannot be asked back, or is merged by a CSO: it belongs to the first report."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from config.schema.messages import HAZARD
from tickets import decisions, numbers, repeats, reports, workorders
from tickets.contacts import Contact
from tickets.customers import register
from tickets.incidents import clocks, priorities
from tickets.kinds import Intent, UrgentReason
from tickets.models import Report
from tickets.reports import ReportOpen
from tickets.schemas import NewReport
from tickets.states import ReportStatus

ASKS = "Pelapor menghubungi lagi; laporan masih berjalan."
ONLY_HERE = "Pelapor: hanya bangunan ini yang padam, atau masih padam."
STILL_DARK = "Pelapor: masih padam sesudah laporan dinyatakan selesai."
OVERDUE = "Pelapor: masih padam sesudah lebih dari tiga jam."
DANGER = "Pelapor: ada bahaya."


def file_or_apply(session: Session, new: NewReport, *, now: datetime) -> Report:
    """File a G; where its premises has an open one, the rule table says what this contact means for that (C12).

    Told again, it is an enquiry. Who says that only this building is dark, or that it is still dark, or tells of
    danger, says that something is wrong on PLN's side, and is believed: the first report leaves its outage and gets a
    crew. Raises what filing raises.
    """
    try:
        return reports.file_report(session, new, now=now)
    except ReportOpen as fault:
        report = repeats.held(session, fault.number)
    if report.status is ReportStatus.SELESAI:  # finished while we waited for it
        return reports.file_report(session, new, now=now)
    if new.number and numbers.also(session, report, new.number):  # the caller has written it down
        register.reports(session, [report.id])
    if new.only_me:
        _alone(session, report, now=now)
    contact = Contact(by=new.by, channel=new.reporting_kind, key=f"again:{new.key}"[:100], call=new.call)
    danger = UrgentReason.HAZARD if new.trouble == HAZARD else None
    urgent = danger or decisions.urgent_place(session, report.premises_id)
    intent = Intent.PLN_SIDE if danger or new.only_me else Intent.ENQUIRY
    note = new.comment.strip() or (DANGER if danger else ONLY_HERE if new.only_me else ASKS)
    repeats.apply(session, report.number, intent=intent, urgent=urgent, note=note, contact=contact, now=now)
    return report


def still_dark(session: Session, number: str, *, only_me: bool, contact: Contact, now: datetime) -> Report:
    """A caller says of a finished fault, or of one that takes longer than three hours, that it is not over: the rule
    table, as for a CSO (C2, C8, C12). Where another G of
    the premises is open by now, his word belongs to that one. Answers the report now in force.

    Raises NotFound (`unknown-report`), Refused (`rule-…`).
    """
    report = repeats.held(session, number)
    if only_me and not repeats.before(session, report, contact):
        _alone(session, report, now=now)
    told: dict[str, Any] = {
        "urgent": decisions.urgent_place(session, report.premises_id),
        "note": STILL_DARK if report.status is ReportStatus.SELESAI else OVERDUE,
        "contact": contact,
    }
    try:
        with session.begin_nested():
            return repeats.apply(session, report.number, intent=Intent.PLN_SIDE, **told, now=now).report
    except ReportOpen as fault:
        other = repeats.held(session, fault.number)
        if only_me:
            _alone(session, other, now=now)
        return repeats.apply(session, other.number, intent=Intent.PLN_SIDE, **told, now=now).report


def _alone(session: Session, report: Report, *, now: datetime) -> None:
    """Only this building: no outage explains it, and it gets a crew."""
    finished = report.status is ReportStatus.SELESAI
    if report.outage_id is None and not finished:
        return
    report.multiple_premises = False
    if not finished:
        report.outage_id = None
        priorities.put(session, report)
        clocks.follow_report(session, report, now=now)
        workorders.ensure(session, report, now=now)
