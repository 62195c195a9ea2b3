"""Reads how long premises were dark: the times of the outages that covered them, and of their own reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from config.operator import operator
from config.schema.compensation import Regulation
from tickets.compensation import darkness, exemptions, rules
from tickets.compensation.darkness import Month, Move, Span
from tickets.compensation.rules import Assessment
from tickets.kinds import HistoryKind, ReportKind
from tickets.models import OutagePeriod, Premises, Report, ReportHistory, WorkOrder, WorkOrderHistory
from tickets.outages import scopes
from tickets.outages.scopes import Place
from tickets.states import ReportStatus, WorkOrderStatus

# Power is on, if only by other means.
_LIT = (WorkOrderStatus.TEMPORARY, WorkOrderStatus.POWER_ON)


@dataclass(frozen=True)
class Home:
    """What of a premises bears on its compensation."""

    id: int
    idpel: str
    unit: str
    ulp: str
    area: str
    feeder: str
    tariff: str
    power_va: int
    tariff_adjusted: bool | None
    minimum_bill: int | None

    @property
    def codes(self) -> list[str]:
        """Every code of an outage that covers it."""
        return Place(self.area, scopes.beside(self.ulp, self.feeder)).codes()


@dataclass
class _Times:
    """Of one premises; `exempt` are not held against the utility."""

    counted: list[Span]
    exempt: list[Span]


def homes(session: Session, *wanted: ColumnElement[bool], limit: int) -> list[Home]:
    """In the order of their ids."""
    names = ("id", "idpel", "unit", "ulp", "area", "feeder", "tariff", "power_va", "tariff_adjusted", "minimum_bill")
    rows = select(*(getattr(Premises, name) for name in names)).where(*wanted).order_by(Premises.id).limit(limit)
    return [Home(*row) for row in session.execute(rows)]


def assess(
    session: Session, wanted: Sequence[Home], month: Month, *, now: datetime
) -> Iterator[tuple[Home, Assessment]]:
    """What each of these is owed for a month of its own clock."""
    table = operator().compensation
    regulation = table.in_force(month.first_day)
    outages = _outages(session, regulation, {code for home in wanted for code in home.codes}, month, now=now)
    reported = _reported(session, regulation, [home.id for home in wanted], month, now=now)
    for home in wanted:
        times = reported.get(home.id, _Times([], []))
        for code in home.codes:
            of_code = outages.get(code)
            if of_code:
                times.counted += of_code.counted
                times.exempt += of_code.exempt
        dark = darkness.within(times.counted, month, now=now)
        everything = darkness.within([*times.counted, *times.exempt], month, now=now) if times.exempt else dark
        yield (
            home,
            rules.assess(
                table,
                rules.Customer(home.unit, home.ulp, home.tariff_adjusted, home.minimum_bill),
                month,
                dark,
                exempt=everything.time - dark.time,
                final=now >= month.end and not everything.lasting,
            ),
        )


def _outages(
    session: Session, regulation: Regulation | None, codes: Collection[str], month: Month, *, now: datetime
) -> dict[str, _Times]:
    """Of these codes the times without power that touch the month.

    Only theirs: a CSO's screen and a caller wait for one premises, while a storm has made thousands.
    """
    touch = (
        OutagePeriod.code.in_(codes),
        OutagePeriod.dark_from < min(month.end, now),
        or_(OutagePeriod.lit_at.is_(None), OutagePeriod.lit_at > month.begin),
    )
    rows = select(OutagePeriod.outage_id, OutagePeriod.code, OutagePeriod.dark_from, OutagePeriod.lit_at).where(*touch)
    periods = session.execute(rows).all()
    ids = sorted({row.outage_id for row in periods})
    exempt = exemptions.outages_exempt(session, regulation, ids) if regulation else {}
    found: dict[str, _Times] = defaultdict(lambda: _Times([], []))
    for row in periods:
        times = found[row.code]
        (times.exempt if row.outage_id in exempt else times.counted).append(Span(row.dark_from, row.lit_at))
    return found


def _reported(
    session: Session, regulation: Regulation | None, ids: Sequence[int], month: Month, *, now: datetime
) -> dict[int, _Times]:
    """Premises → how long it was dark by its own reports."""
    told = (Report.id, Report.premises_id, Report.reported_at, Report.outage_id)
    rows = select(*told, Report.resolved_at, Report.completion_code).where(
        Report.premises_id.in_(ids),
        Report.kind == ReportKind.GANGGUAN,
        Report.trouble_code.in_(operator().compensation.dark_faults),
        Report.reported_at < min(month.end, now),
        or_(Report.resolved_at.is_(None), Report.resolved_at > month.begin),
    )
    reports = session.execute(rows).all()
    if not reports:
        return {}
    of = [row.id for row in reports]
    moves, lit = _moves(session, of), _lit(session, of)
    exempt = set[int]()
    if regulation:
        own = exemptions.reports_exempt(session, regulation, of)
        whole = exemptions.outages_exempt(session, regulation, [row.outage_id for row in reports if row.outage_id])
        exempt = {row.id for row in reports if row.id in own or row.outage_id in whole}
    found: dict[int, _Times] = defaultdict(lambda: _Times([], []))
    for row in reports:
        mine = moves[row.id]
        if row.resolved_at is not None:
            # Of an outage's report: when power was on. Its entry in the history was written when its turn came.
            mine[-1:] = [Move(row.resolved_at, ReportStatus.SELESAI, row.completion_code or "")]
        spans = darkness.of_report(row.reported_at, mine, lit[row.id])
        times = found[row.premises_id]
        (times.exempt if row.id in exempt else times.counted).extend(spans)
    return found


def _moves(session: Session, ids: Sequence[int]) -> dict[int, list[Move]]:
    """Each report's ends and re-openings, in their order."""
    rows = select(ReportHistory.report_id, ReportHistory.at, ReportHistory.new).where(
        ReportHistory.report_id.in_(ids), ReportHistory.kind == HistoryKind.TRANSITION
    )
    found: dict[int, list[Move]] = defaultdict(list)
    for report, at, new in session.execute(rows.order_by(ReportHistory.at, ReportHistory.id)):
        if new and "status" in new:
            found[report].append(Move(at, ReportStatus(new["status"]), new.get("completionCode") or ""))
    return found


def _lit(session: Session, ids: Sequence[int]) -> dict[int, list[datetime]]:
    """When a crew said of each report that power is on."""
    rows = select(WorkOrder.report_id, WorkOrderHistory.at).join(
        WorkOrderHistory, WorkOrderHistory.work_order_id == WorkOrder.id
    )
    found: dict[int, list[datetime]] = defaultdict(list)
    for report, at in session.execute(rows.where(WorkOrder.report_id.in_(ids), WorkOrderHistory.status.in_(_LIT))):
        if report is not None:
            found[report].append(at)
    return found
