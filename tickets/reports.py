"""Filing a report: the promise that someone keeps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.errors import Invalid, NotFound, Refused
from config.operator import operator
from config.schema.messages import HAZARD
from tickets import categories, history, numbers, workorders
from tickets.customers import register
from tickets.incidents import clocks, incidents, priorities
from tickets.kinds import WRITTEN, HistoryKind, ReportingKind, ReportKind, UrgentReason
from tickets.models import Premises, Report
from tickets.once import insert_once
from tickets.outages import lookup
from tickets.outages.scopes import place_of
from tickets.rules import excludes_second, needs_work_order
from tickets.schemas import NewReport
from tickets.states import ReportStatus


class ReportOpen(Refused):
    """There is an open report already, which this one belongs to: another G of the premises, or what goes on from this
    K or P. `extra` (its number) is for the problem document, never for a log.
    """

    slug = "report-open"

    def __init__(self, report: Report) -> None:
        super().__init__(
            "Persil ini masih punya laporan gangguan yang belum selesai."
            if report.kind is ReportKind.GANGGUAN
            else "Laporan ini sudah dilanjutkan dengan nomor lain yang belum selesai."
        )
        self.number, self.report_id = report.number, report.id
        self.extra = {"number": report.number, "report": report.id}


def file_report(session: Session, new: NewReport, *, now: datetime) -> Report:
    """Write one report, once per `new.key`.

    A G is attached to the live outage that covers it, unless the caller says only this building is dark; attached, it
    gets no work order of its own. Where the premises is known it says the area. Raises ReportOpen, Invalid
    (`area-missing`, `unknown-area`, `premises-missing`, what categories.py raises), NotFound (`unknown-premises`) and
    Refused (`key-reused`: the key belongs to another report).
    """
    found = _by_key(session, new.key)
    if found is not None:
        return _same(found, new)
    about = _about(new)
    premises = _premises(session, new.premises_id)
    area = premises.area if premises else new.area
    if area is None:
        raise Invalid("Laporan memerlukan persil atau wilayah.", slug="area-missing", field="area")
    if excludes_second(new.kind) and (other := open_fault(session, new.premises_id)):
        raise ReportOpen(other)
    row = _row(session, new, area, about, now)
    report, is_new = insert_once(session, row, lambda: _by_key(session, new.key))
    if not is_new:
        return _same(report, new)
    history.write(
        session,
        report.id,
        HistoryKind.TRANSITION,
        by=new.by,
        channel=new.reporting_kind,
        now=now,
        new={"status": report.status.value},
        call=new.call,
    )
    register.reports(session, [report.id])
    priorities.put(session, report)
    incidents.begin(session, report, now=now)
    if report.respond_by is not None:
        clocks.follow_report(session, report, now=now)
    if needs_work_order(report.kind, attached=report.outage_id is not None):
        workorders.assign(session, report, now=now)
    return report


def respond_by(kind: ReportKind, channel: ReportingKind, now: datetime) -> datetime | None:
    """When somebody must have answered: 1×24 h for complaints, requests and whatever comes in writing; a fault told by
    voice has the crew's clocks instead.
    """
    if kind is ReportKind.GANGGUAN and channel not in WRITTEN:
        return None
    return now + timedelta(hours=operator().reports.response_hours)


def by_number(session: Session, number: str) -> Report:
    """The report of a number, written with or without its star (C10)."""
    return incidents.seen(session, number)


def _by_key(session: Session, key: str) -> Report | None:
    return session.scalar(select(Report).where(Report.key == key))


def _same(report: Report, new: NewReport) -> Report:
    if (report.kind, report.premises_id, report.related_id) != (new.kind, new.premises_id, new.related_id):
        raise Refused("Kunci permintaan itu sudah dipakai untuk laporan lain.", slug="key-reused", field="key")
    return report


def _premises(session: Session, premises_id: int | None) -> Premises | None:
    """Locked, so that two reports of one premises are filed one after the other."""
    if premises_id is None:
        return None
    premises = session.get(Premises, premises_id, with_for_update=ROW_LOCK)
    if premises is None:
        raise NotFound("Persil itu tidak ada.", slug="unknown-premises", field="premises")
    return premises


def open_fault(session: Session, premises_id: int | None) -> Report | None:
    """The open G of a premises, if it has one."""
    if premises_id is None:
        return None
    still_open = select(Report).where(
        Report.premises_id == premises_id,
        Report.kind == ReportKind.GANGGUAN,
        Report.status == ReportStatus.BELUM_SELESAI,
    )
    return session.scalar(still_open.limit(1))


def _about(new: NewReport) -> tuple[str, dict[str, Any]]:
    """The category's code and the answers that belong to it, as they are kept."""
    code, wanted = categories.category(new.kind, new.trouble)
    details = categories.details(wanted, new.details)
    if wanted.premises and new.premises_id is None:
        raise Invalid("Jenis laporan ini memerlukan IDPEL atau nomor meter.", slug="premises-missing", field="premises")
    return code, details


def _row(session: Session, new: NewReport, area: str, about: tuple[str, dict[str, Any]], now: datetime) -> Report:
    try:
        (unit, owner), ulp = operator().unit_of(area), operator().ulp_of(area)
    except KeyError:
        raise Invalid("Wilayah itu tidak dikenal.", slug="unknown-area", field="area") from None
    # Danger is no part of a power cut: it gets a crew of its own.
    hazard = new.kind is ReportKind.GANGGUAN and about[0] == HAZARD
    attach = new.kind is ReportKind.GANGGUAN and not new.only_me and not hazard
    place = place_of(session, area, new.premises_id, new.beside)
    outage = lookup.covering_outage(session, place, hold=True) if attach else None
    if needs_work_order(new.kind, attached=outage is not None):
        workorders.lock_crews(session, unit)  # before a number: who goes on from a report has locked them already
    return Report(
        number=new.number or numbers.reserve(session, owner.prefix, 1)[0],
        key=new.key,
        kind=new.kind,
        status=ReportStatus.BELUM_SELESAI,
        starred=False,
        reported_at=now,
        reporting_kind=new.reporting_kind,
        trouble_code=about[0],
        details=about[1],
        comment=new.comment,
        multiple_premises=False if new.only_me else None,
        premises_id=new.premises_id,
        area=area,
        unit=unit,
        ulp=ulp,
        phone=new.phone,
        created_by=new.by,
        call=new.call,
        outage_id=outage.id if outage else None,
        related_id=new.related_id,
        respond_by=respond_by(new.kind, new.reporting_kind, now),
        urgent=UrgentReason.HAZARD if hazard else None,
        reporter=new.reporter,
        mobile=new.mobile,
        email=new.email,
        address=new.address,
    )
