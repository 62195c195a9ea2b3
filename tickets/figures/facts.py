"""Reads what figures are counted from. Days are those of each UP3's own clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import zones
from config.errors import Invalid, NotFound
from config.operator import operator
from tickets.figures.sample import Filed, Order, Sample, jobs
from tickets.models import OutagePeriod, Rating, Report, WorkOrder
from tickets.states import WorkOrderStatus

LONGEST = timedelta(days=366)
YEARS = (2000, 3000)


class By(StrEnum):
    """Of what there is one figure each."""

    ULP = "ulp"
    UP3 = "up3"
    ALL = "all"


@dataclass(frozen=True)
class Period:
    """Whole days; `until` is the first that does not count."""

    since: date
    until: date

    def __post_init__(self) -> None:
        # Further back or ahead no clock of ours can count.
        if not (timedelta(0) < self.until - self.since <= LONGEST and YEARS[0] <= self.since.year < YEARS[1]):
            raise Invalid("Masa harus satu hari sampai satu tahun.", slug="period", field="until")

    def instants(self, zone: str) -> tuple[datetime, datetime]:
        """Its beginning and end on the clocks of WIB, WITA or WIT."""
        own = zones.clock(zone)
        begin, end = (datetime.combine(day, time(), own).astimezone(UTC) for day in (self.since, self.until))
        return begin, end

    def days(self, zone: str, now: datetime) -> int:
        """How many of them have begun."""
        today = now.astimezone(zones.clock(zone)).date()
        return max(0, (min(self.until, today + timedelta(days=1)) - self.since).days)


@dataclass(frozen=True)
class Scope:
    """A ULP, a UP3 (with an empty ULP) or everything (both empty)."""

    unit: str
    ulp: str
    name: str
    sample: Sample


@dataclass
class _Read:
    """Of one UP3."""

    orders: list[Order] = field(default_factory=list)
    reports: list[Filed] = field(default_factory=list)
    stars: list[tuple[str, int]] = field(default_factory=list)  # ULP, stars
    days: int = 0

    def of(self, ulp: str) -> _Read:
        """The part of a ULP."""
        return _Read(
            [order for order in self.orders if order.ulp == ulp],
            [report for report in self.reports if report.ulp == ulp],
            [one for one in self.stars if one[0] == ulp],
            self.days,
        )


def scopes(session: Session, period: Period, by: By, unit: str | None, *, now: datetime) -> Iterator[Scope]:
    """One sample each, in the order of areas.yaml; of `unit` (a UP3) only where it is given.

    Raises NotFound (`unknown-unit`).
    """
    units = operator().areas.units
    found = {code: _read(session, code, period, now=now) for code in units_of(unit)}
    if by is By.ALL:
        name = units[unit].name if unit else "Semua UP3"
        yield Scope(unit or "", "", name, _sample(found.values(), now))
        return
    for code, read in found.items():
        if by is By.UP3:
            yield Scope(code, "", units[code].name, _sample([read], now))
            continue
        for ulp, name in units[code].ulp.items():
            yield Scope(code, ulp, name, _sample([read.of(ulp)], now))


def units_of(unit: str | None) -> list[str]:
    """The UP3 that is asked for, or all of them. Raises NotFound (`unknown-unit`)."""
    units = operator().areas.units
    if unit is not None and unit not in units:
        raise NotFound("UP3 itu tidak dikenal.", slug="unknown-unit", field="unit")
    return list(units) if unit is None else [unit]


def _sample(parts: Iterable[_Read], now: datetime) -> Sample:
    parts = list(parts)
    return Sample(
        jobs=tuple(jobs([order for part in parts for order in part.orders])),
        reports=tuple(report for part in parts for report in part.reports),
        stars=tuple(stars for part in parts for _, stars in part.stars),
        days=max(part.days for part in parts),
        now=now,
    )


def _read(session: Session, unit: str, period: Period, *, now: datetime) -> _Read:
    zone = operator().areas.units[unit].zone
    begin, end = period.instants(zone)
    rated = select(Report.ulp, Rating.stars).join(Report, Report.id == Rating.report_id)
    rated = rated.where(Report.unit == unit, Rating.at >= begin, Rating.at < end)
    return _Read(
        list(_orders(session, unit, begin, end)),
        list(_reports(session, unit, begin, end)),
        [(ulp, stars) for ulp, stars in session.execute(rated)],
        period.days(zone, now),
    )


def _reports(session: Session, unit: str, begin: datetime, end: datetime) -> Iterator[Filed]:
    answer = timedelta(hours=operator().reports.response_hours)
    told = (Report.kind, Report.ulp, Report.reported_at, Report.resolved_at, Report.repeats)
    rows = select(*told, Report.respond_by, Report.responded_at, Report.completion_note != "")
    rows = rows.where(Report.unit == unit, Report.reported_at >= begin, Report.reported_at < end)
    for kind, ulp, reported_at, resolved_at, repeats, respond_by, responded_at, has_note in session.execute(rows):
        # Told again after it was answered, it must be answered again: the clock runs from there.
        respond_from = max(reported_at, respond_by - answer) if respond_by else None
        yield Filed(
            kind, ulp, reported_at, resolved_at, repeats, respond_by, respond_from, responded_at, bool(has_note)
        )


def _orders(session: Session, unit: str, begin: datetime, end: datetime) -> Iterator[Order]:
    within = (WorkOrder.unit == unit, WorkOrder.reported_at >= begin, WorkOrder.reported_at < end)
    dark: dict[int, set[datetime]] = defaultdict(set)  # a scope of an outage has its own row of the same time
    ids = select(WorkOrder.outage_id).where(*within, WorkOrder.outage_id.is_not(None))
    periods = select(OutagePeriod.outage_id, OutagePeriod.dark_from).where(OutagePeriod.outage_id.in_(ids))
    for outage_id, since in session.execute(periods):
        dark[outage_id].add(since)
    own = (WorkOrder.report_id, WorkOrder.outage_id, WorkOrder.ulp, WorkOrder.status, WorkOrder.created_at)
    steps = (WorkOrder.reported_at, WorkOrder.arrived_at, WorkOrder.started_at, WorkOrder.power_on_at)
    for report, outage, ulp, status, created, reported, arrived, started, lit in session.execute(
        select(*own, *steps).where(*within)
    ):
        assert reported is not None  # noqa: S101 - it is within
        period = sum(since <= created for since in dark[outage]) if outage else 0
        cancelled = status is WorkOrderStatus.CANCELLED
        yield Order(report, outage, period, ulp, cancelled, reported, arrived, started, lit)
