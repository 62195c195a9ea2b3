"""Lists of reports: the newest, those that need attention, those whose answer is overdue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from tickets import reports
from tickets.kinds import ReportingKind, ReportKind
from tickets.models import Report
from tickets.states import ReportStatus


@dataclass(frozen=True)
class Wanted:
    """Which reports; None = any."""

    kind: ReportKind | None = None
    status: ReportStatus | None = None
    category: str | None = None
    channel: ReportingKind | None = None
    unit: str | None = None
    ulp: str | None = None

    def columns(self) -> dict[str, str]:
        """Column → value, as the search takes them."""
        asked = {
            "kind": self.kind,
            "status": self.status,
            "trouble_code": self.category,
            "reporting_kind": self.channel,
            "unit": self.unit,
            "ulp": self.ulp,
        }
        return {name: str(value) for name, value in asked.items() if value is not None}

    def conditions(self) -> list[ColumnElement[bool]]:
        """As the database takes them."""
        return [getattr(Report, name) == value for name, value in self.columns().items()]


_OPEN = Report.status == ReportStatus.BELUM_SELESAI


def newest(session: Session, wanted: Wanted, *, before: str | None = None, limit: int = 50) -> list[Report]:
    """The newest first. `before` is the number of the last one of the page before; raises NotFound
    (`unknown-report`).
    """
    rows = select(Report).where(*wanted.conditions())
    if before is not None:
        last = reports.by_number(session, before)
        older = and_(Report.reported_at == last.reported_at, Report.id < last.id)
        rows = rows.where(or_(Report.reported_at < last.reported_at, older))
    return _some(session, rows.order_by(Report.reported_at.desc(), Report.id.desc()), limit)


def starred(session: Session, wanted: Wanted, *, limit: int = 50) -> list[Report]:
    """*Perlu diperhatikan*: open again after they had been finished, the longest first (CSO instruction L133)."""
    rows = select(Report).where(Report.starred_at.is_not(None), _OPEN, *wanted.conditions())
    return _some(session, rows.order_by(Report.starred_at, Report.id), limit)


def overdue(session: Session, wanted: Wanted, *, now: datetime, limit: int = 50) -> list[Report]:
    """Nobody has answered within 1×24 h, the longest first."""
    late = (Report.respond_by <= now, Report.responded_at.is_(None), _OPEN)
    rows = select(Report).where(*late, *wanted.conditions())
    return _some(session, rows.order_by(Report.respond_by, Report.id), limit)


def _some(session: Session, rows: Select[Report], limit: int) -> list[Report]:
    return list(session.scalars(rows.limit(limit)))
