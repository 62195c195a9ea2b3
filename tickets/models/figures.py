"""What people enter for figures that nothing here can count, and for the compensation. Rows are only ever added: the
newest counts, and who said what before stays known.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from config.schema.compensation import Exempt
from tickets.models.columns import LOGIN, choice


class ScoreEntry(Base):
    """A value of the score card that was entered by hand; the newest of a line, unit and period counts."""

    __tablename__ = "score_entry"
    __table_args__ = (Index("ix_score_entry_period", "since", "until", "unit"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[str] = mapped_column(String(40))  # kpi.yaml: card
    unit: Mapped[str] = mapped_column(String(32))  # UP3; "" = all
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)  # the first day that does not count
    value: Mapped[float]
    note: Mapped[str] = mapped_column(String(240))
    by: Mapped[str] = mapped_column(LOGIN)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Exemption(Base):
    """Somebody decided that an outage, or the fault of one report, is not held against the utility (TMP), or that it
    is after all.
    """

    __tablename__ = "exemption"
    __table_args__ = (CheckConstraint("(outage_id IS NULL) <> (report_id IS NULL)", name="one"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outage.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)
    reason: Mapped[Exempt | None] = mapped_column(choice(Exempt))  # None: it counts
    note: Mapped[str] = mapped_column(String(500))
    by: Mapped[str] = mapped_column(LOGIN)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
