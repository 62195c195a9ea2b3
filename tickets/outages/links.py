"""One report and the outage that it belongs to, by hand: linked, unlinked, listed (ADR 61)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.errors import Refused
from config.schema.messages import HAZARD
from tickets import history, reports, workorders
from tickets.incidents import clocks, priorities
from tickets.kinds import HistoryKind, ReportingKind, ReportKind, UrgentReason
from tickets.models import Report
from tickets.outages import attached, scopes
from tickets.outages import moves as outage_moves
from tickets.states import WORK_ORDER, ReportStatus, WorkOrderEvent


def link(session: Session, number: str, outage_id: int, *, by: str, now: datetime) -> Report:
    """The report belongs to this live outage, whatever it belonged to: its own order is cancelled. It says no longer
    that only this building is dark. Linked already, nothing changes.

    Raises NotFound (`unknown-report`, `unknown-outage`), Refused (`outage-over`, `not-a-fault`, `hazard-apart`,
    `report-finished`, `power-is-on`).
    """
    seen = reports.by_number(session, number)
    outage = attached.live(session, outage_id)
    report = _locked(session, seen)
    if report.kind is not ReportKind.GANGGUAN:
        raise Refused("Hanya laporan gangguan bagian dari padam.", slug="not-a-fault")
    if report.trouble_code == HAZARD or report.urgent is UrgentReason.HAZARD:
        raise Refused("Laporan bahaya selalu punya regu sendiri.", slug="hazard-apart")
    if report.outage_id == outage.id:
        return report
    order = workorders.open_order(session, report.id)
    if order is not None:
        if not WORK_ORDER.allows(order.status, WorkOrderEvent.CANCEL):
            raise Refused("Regu sudah menyalakan listrik di sini.", slug="power-is-on")
        note = f"Bagian dari padam meluas: {scopes.name(outage)}."
        workorders.advance(session, order.id, WorkOrderEvent.CANCEL, by=by, now=now, note=note)
    _change(session, report, outage.id, None, by=by, now=now)
    return report


def unlink(session: Session, number: str, *, by: str, now: datetime) -> Report:
    """The report is about this building alone: it has an order of its own, and no marking takes it back.

    Raises NotFound (`unknown-report`), Refused (`not-attached`, `report-finished`).
    """
    report = _locked(session, reports.by_number(session, number))
    if report.outage_id is None:
        raise Refused("Laporan itu bukan bagian dari padam meluas.", slug="not-attached")
    _change(session, report, None, False, by=by, now=now)
    workorders.ensure(session, report, now=now)
    return report


def of(
    session: Session, outage_id: int, *, open_only: bool = True, before: str | None = None, limit: int = 50
) -> list[Report]:
    """The reports of an outage, the newest first. `before` is the number of the last one of the page before.

    Raises NotFound (`unknown-outage`, `unknown-report`).
    """
    outage_moves.found(session, outage_id)
    rows = select(Report).where(Report.outage_id == outage_id).order_by(Report.id.desc()).limit(limit)
    if before is not None:
        rows = rows.where(Report.id < reports.by_number(session, before).id)
    wanted = [ReportStatus.BELUM_SELESAI] if open_only else list(ReportStatus)
    # One short walk along the index for each status, however many there are.
    found = [row for status in wanted for row in session.scalars(rows.where(Report.status == status))]
    return sorted(found, key=lambda row: row.id, reverse=True)[:limit]


def count(session: Session, outage_ids: Collection[int]) -> dict[int, int]:
    """Outage → its open reports; one without stands with 0. Read from an index."""
    rows = select(Report.outage_id, func.count()).group_by(Report.outage_id)
    mine = (Report.outage_id.in_(outage_ids), Report.status == ReportStatus.BELUM_SELESAI)
    found = {one: number for one, number in session.execute(rows.where(*mine)) if one is not None}
    return {**dict.fromkeys(outage_ids, 0), **found}


def _locked(session: Session, seen: Report) -> Report:
    """Crews first, then the report. Raises Refused (`report-finished`)."""
    workorders.lock_crews(session, seen.unit)
    report = session.get_one(Report, seen.id, with_for_update=True, populate_existing=True)
    if report.status is not ReportStatus.BELUM_SELESAI:
        raise Refused("Laporan itu sudah selesai.", slug="report-finished")
    return report


def _change(
    session: Session, report: Report, outage_id: int | None, multiple: bool | None, *, by: str, now: datetime
) -> None:
    old = {"outage": report.outage_id, "multiplePremises": report.multiple_premises}
    report.outage_id, report.multiple_premises = outage_id, multiple
    priorities.put(session, report)
    clocks.follow_report(session, report, now=now)
    history.write(
        session,
        report.id,
        HistoryKind.CHANGE,
        by=by,
        channel=ReportingKind.OTHER,
        now=now,
        note="Bagian dari padam meluas." if outage_id else "Bukan bagian dari padam meluas.",
        old=old,
        new={"outage": outage_id, "multiplePremises": multiple},
    )
