"""A report as a customer's application tells it, and the pair of numbers by which a customer proves that one is his."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Invalid, NotFound
from tickets import numbers, reports, workorders
from tickets.decisions import decision_of
from tickets.kinds import Intent, ReportingKind, ReportKind
from tickets.models import Premises, Report
from tickets.outages import lookup
from tickets.reports import ReportOpen
from tickets.schemas import NewReport, ReportIn, ReportOut, WorkOrderOut


def file_told(
    session: Session, body: ReportIn, *, key: str, by: str, channel: ReportingKind | None, now: datetime
) -> Report:
    """File what a request tells. `channel` is that of an application, None for staff.

    Raises what filing raises, NotFound (`unknown-premises`) and Invalid (`premises-twice`; of an application also
    `reporting-kind`, `premises-by-number`, `phone-missing`). ReportOpen says what the decision table gives for each
    intent.
    """
    if channel is not None:
        _check_application(body, channel)
    premises = body.premises
    if body.idpel or body.meter:
        if premises is not None or (body.idpel and body.meter):
            raise Invalid("Sebutkan persil dengan satu cara.", slug="premises-twice", field="premises")
        premises = _premises(session, body)
    new = body.new(key=key, by=by).model_copy(update={"premises_id": premises})
    if channel is not None:
        new = new.model_copy(update={"reporting_kind": channel})
    return file(session, new, now=now)


def file(session: Session, new: NewReport, *, now: datetime) -> Report:
    """As reports.file_report; ReportOpen also has what may be done instead, `actions`: intent → the table's steps."""
    try:
        return reports.file_report(session, new, now=now)
    except ReportOpen as fault:
        report = session.get_one(Report, fault.report_id)
        steps = {intent: decision_of(report, intent, None, now=now).required for intent in Intent}
        fault.extra["actions"] = {intent.value: [step.value for step in steps[intent]] for intent in Intent}
        raise


def by_pair(session: Session, place: str, number: str) -> Report | None:
    """The report with this number at the premises with this IDPEL or meter number (R04). One query, whatever is wrong:
    number, premises, or that they belong together.
    """
    rows = (
        select(Report)
        .join(Premises, Premises.id == Report.premises_id)
        .where(numbers.names(number), (Premises.idpel == place) | (Premises.meter == place))
    )
    return session.scalar(rows)


def answer(session: Session, report: Report) -> ReportOut:
    """A report with its newest work order."""
    order = workorders.of_report(session, report.id)
    return ReportOut.of(report, WorkOrderOut.of(order) if order else None)


def _check_application(body: ReportIn, channel: ReportingKind) -> None:
    if body.reporting_kind not in (None, channel):
        raise Invalid("Kanal aplikasi ini sudah ditetapkan.", slug="reporting-kind", field="reportingKind")
    if body.premises is not None:
        raise Invalid("Sebutkan IDPEL atau nomor meter.", slug="premises-by-number", field="premises")
    if body.kind is ReportKind.GANGGUAN and not (body.idpel or body.meter):
        raise Invalid("Gangguan memerlukan IDPEL atau nomor meter.", slug="premises-by-number", field="idpel")
    if not body.phone:
        raise Invalid("Isi nomor telepon pelapor.", slug="phone-missing", field="phone")


def _premises(session: Session, body: ReportIn) -> int:
    field = "idpel" if body.idpel else "meter"
    found = lookup.premises_by_number(session, body.idpel or body.meter or "")
    if found is None:
        raise NotFound("IDPEL atau nomor meter itu tidak dikenal.", slug="unknown-premises", field=field)
    return found.id
