"""What people reported, by category and month: the table a monthly report begins with (seed 004 L195-L203)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.operator import operator
from tickets.figures.facts import Period, units_of
from tickets.kinds import ReportKind
from tickets.models import Report


@dataclass(frozen=True)
class Count:
    """So many reports of a category came in during a month, or the part of it that was asked for."""

    unit: str
    month: str  # 2026-11
    kind: ReportKind
    category: str
    label: str
    reports: int


def counts(session: Session, period: Period, unit: str | None) -> Iterator[Count]:
    """By UP3, month, kind and category; what nobody reported is left out. Raises NotFound (`unknown-unit`)."""
    for code in units_of(unit):
        zone = operator().areas.units[code].zone
        for month in _months(period):
            begin, end = month.instants(zone)
            rows = select(Report.kind, Report.trouble_code, func.count())
            rows = rows.where(Report.unit == code, Report.reported_at >= begin, Report.reported_at < end)
            grouped = rows.group_by(Report.kind, Report.trouble_code).order_by(Report.kind, Report.trouble_code)
            for kind, category, reports in session.execute(grouped):
                known = operator().reports.of(kind.value).get(category)
                label = known.label if known else category  # one that is no longer asked for
                yield Count(code, f"{month.since:%Y-%m}", kind, category, label, reports)


def _months(period: Period) -> Iterator[Period]:
    begin = period.since
    while begin < period.until:
        year, month = divmod(begin.year * 12 + begin.month, 12)
        end = min(date(year, month + 1, 1), period.until)
        yield Period(begin, end)
        begin = end
