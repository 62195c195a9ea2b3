"""What figures are counted from: plain values, read by tickets/figures/facts.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tickets.kinds import ReportKind


@dataclass(frozen=True, slots=True)
class Order:
    """A work order of a report, or of a fault location of an outage."""

    report_id: int | None
    outage_id: int | None
    period: int  # which of the outage's times without power it belongs to
    ulp: str
    cancelled: bool
    reported_at: datetime
    arrived_at: datetime | None
    started_at: datetime | None
    power_on_at: datetime | None


@dataclass(frozen=True, slots=True)
class Job:
    """One errand as a customer sees it: however many crews had it, however many places had to be mended."""

    reported_at: datetime
    arrived_at: datetime | None
    started_at: datetime | None
    power_on_at: datetime | None
    given_up: bool  # nobody is on it any more, and nobody arrived


@dataclass(frozen=True, slots=True)
class Filed:
    """A report of the period."""

    kind: ReportKind
    ulp: str
    reported_at: datetime
    resolved_at: datetime | None
    repeats: int
    respond_by: datetime | None
    respond_from: datetime | None  # from when the clock of the answer runs
    responded_at: datetime | None
    has_note: bool  # how it was finished is written down


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything of one unit and period. `now`: what is not over yet counts as missed once its time has passed."""

    jobs: tuple[Job, ...]
    reports: tuple[Filed, ...]
    stars: tuple[int, ...]
    days: int
    now: datetime


def jobs(orders: Iterable[Order]) -> list[Job]:
    """Orders made to errands: those of one report since it was made or opened again are one, and so are those of an
    outage's fault locations in one time without power. Power is on when it is on at all of them.
    """
    together: dict[tuple[object, ...], list[Order]] = {}
    for order in orders:
        whose = (order.report_id, None, order.reported_at) if order.report_id else (None, order.outage_id, order.period)
        together.setdefault(whose, []).append(order)
    return [_job(group) for group in together.values()]


def _job(orders: list[Order]) -> Job:
    live = [order for order in orders if not order.cancelled]
    lit = [order.power_on_at for order in live]
    arrived = [order.arrived_at for order in orders if order.arrived_at]
    return Job(
        reported_at=min(order.reported_at for order in orders),
        arrived_at=min(arrived, default=None),
        started_at=min((order.started_at for order in live if order.started_at), default=None),
        power_on_at=max((at for at in lit if at), default=None) if all(lit) else None,
        given_up=not live and not arrived,
    )
