"""A fault told a second time by whoever cannot be asked back, or is merged by a CSO: it belongs to the first report."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from config.schema.messages import HAZARD
from tickets import repeats, reports, workorders
from tickets.contacts import Contact
from tickets.incidents import clocks, priorities
from tickets.kinds import Intent, UrgentReason
from tickets.models import Report
from tickets.reports import ReportOpen
from tickets.schemas import NewReport
from tickets.states import ReportStatus

ASKS = "Pelapor menghubungi lagi; laporan masih berjalan."
ONLY_HERE = "Pelapor: hanya bangunan ini yang padam, atau masih padam."
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
    if new.only_me and report.outage_id is not None:
        report.outage_id, report.multiple_premises = None, False
        priorities.put(session, report)
        clocks.follow_report(session, report, now=now)
        workorders.ensure(session, report, now=now)
    contact = Contact(by=new.by, channel=new.reporting_kind, key=f"again:{new.key}"[:100], call=new.call)
    urgent = UrgentReason.HAZARD if new.trouble == HAZARD else None
    intent = Intent.PLN_SIDE if urgent or new.only_me else Intent.ENQUIRY
    note = new.comment.strip() or (DANGER if urgent else ONLY_HERE if new.only_me else ASKS)
    repeats.apply(session, report.number, intent=intent, urgent=urgent, note=note, contact=contact, now=now)
    return report
