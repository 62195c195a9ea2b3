"""Reports: the promise that someone keeps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.kinds import CompletionCode, HistoryKind, IncidentStep, ReportingKind, ReportKind, UrgentReason
from tickets.models.columns import AREA, CALL, LOGIN, PHONE, PLAIN, choice
from tickets.states import ReportStatus

_STARRED = text("starred_at IS NOT NULL")
_TOLD = text("told_at IS NOT NULL AND closed_at IS NULL")


class ToldNumber(Base):
    """A second number of a report: two callers of one premises were told one each before either report was written."""

    __tablename__ = "told_number"
    number: Mapped[str] = mapped_column(String(11), primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)


class Report(Base):
    """CIM TroubleTicket; PLN's *laporan*. The star is a flag, never part of the number."""

    __tablename__ = "report"
    __table_args__ = (
        Index("ix_report_outage", "outage_id", "status", "id"),  # lists and counts of sixty thousand
        Index("ix_report_board", "unit", "status", "reported_at"),
        Index("ix_report_ulp", "ulp", "reported_at"),
        Index("ix_report_starred_at", "starred_at", sqlite_where=_STARRED, postgresql_where=_STARRED),
        Index("ix_report_told_at", "told_at", sqlite_where=_TOLD, postgresql_where=_TOLD),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(11), unique=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)  # idempotency
    kind: Mapped[ReportKind] = mapped_column(choice(ReportKind))
    status: Mapped[ReportStatus] = mapped_column(choice(ReportStatus))
    starred: Mapped[bool]
    # The clock of Lama Gangguan (Permen ESDM 2/2025) starts here; a trigger refuses whoever would change it.
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reporting_kind: Mapped[ReportingKind] = mapped_column(choice(ReportingKind))
    trouble_code: Mapped[str] = mapped_column(String(40))
    comment: Mapped[str] = mapped_column(String(2000))
    multiple_premises: Mapped[bool | None]  # False: the caller says it is only this building
    premises_id: Mapped[int | None] = mapped_column(ForeignKey("premises.id"), index=True)
    area: Mapped[str] = mapped_column(AREA)
    unit: Mapped[str] = mapped_column(String(32))
    ulp: Mapped[str] = mapped_column(String(32))
    phone: Mapped[str] = mapped_column(PHONE, index=True)  # "" when withheld
    created_by: Mapped[str] = mapped_column(LOGIN)
    call: Mapped[str] = mapped_column(CALL, index=True)  # "" when not by telephone
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outage.id"))
    related_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)  # a new K after this closed one
    # Who reported, as told; the contract's own data stand with the premises.
    reporter: Mapped[str] = mapped_column(String(120), server_default="")
    mobile: Mapped[str] = mapped_column(PHONE, index=True, server_default="")  # a second number
    email: Mapped[str] = mapped_column(String(254), server_default="")
    address: Mapped[str] = mapped_column(String(240), server_default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # reports.yaml: fields
    starred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the clock of "perlu diperhatikan"
    reopened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    repeats: Mapped[int] = mapped_column(default=0, server_default="0")  # Lapor Ulang, all of them
    urgent: Mapped[UrgentReason | None] = mapped_column(choice(UrgentReason))  # its crew comes first
    last_repeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The 1×24 h clock of written channels, complaints and requests (seed 004 L164): when somebody must have answered.
    respond_by: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    responded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completion_code: Mapped[CompletionCode | None] = mapped_column(choice(CompletionCode))
    completion_note: Mapped[str] = mapped_column(String(500), server_default="")
    # ITIL's incident (seed 004): impact × urgency, how far it is, and that its customer was told before it was closed.
    impact: Mapped[int | None] = mapped_column(SmallInteger)
    urgency: Mapped[int | None] = mapped_column(SmallInteger)
    priority: Mapped[int | None] = mapped_column(SmallInteger)  # 1 is the highest
    step: Mapped[IncidentStep | None] = mapped_column(choice(IncidentStep))  # the last that was done
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def display_number(self) -> str:
        """The number as people see it: with a star for "data laporan yang perlu diperhatikan" (L133)."""
        return f"{self.number}*" if self.starred else self.number


class Rating(Base):
    """What a customer thinks of the crew that came: once for each time the report was finished."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("report_id", "resolved_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"))
    resolved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"), index=True)
    stars: Mapped[int]  # 1 to 5
    comment: Mapped[str] = mapped_column(String(1000))
    channel: Mapped[ReportingKind] = mapped_column(choice(ReportingKind))
    by: Mapped[str] = mapped_column(LOGIN)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ReportHistory(Base):
    """Everything that happened to a report: who, when, by which channel, old and new value."""

    __tablename__ = "report_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    key: Mapped[str | None] = mapped_column(String(120), unique=True)  # idempotency, where one is needed
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(LOGIN)
    channel: Mapped[ReportingKind] = mapped_column(choice(ReportingKind))
    call: Mapped[str] = mapped_column(CALL, server_default="")  # the contact in which it happened
    kind: Mapped[HistoryKind] = mapped_column(choice(HistoryKind))
    note: Mapped[str] = mapped_column(String(2000))
    old: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    new: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class IncidentEntry(Base):
    """One of ITIL's ten steps, done: the life of an incident with who did what."""

    __tablename__ = "incident_step"
    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    step: Mapped[IncidentStep] = mapped_column(choice(IncidentStep))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(LOGIN)
    note: Mapped[str] = mapped_column(String(500))


class ReportEntry(Base):
    """The same for a report: its own words and numbers and those of its premises."""

    __tablename__ = "report_entry"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's form
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # EntryKind
    text: Mapped[str] = mapped_column(PLAIN, primary_key=True)
    owner: Mapped[int] = mapped_column("report_id", primary_key=True, autoincrement=False, index=True)


class NumberSequence(Base):
    """The next free report number of a unit prefix (nine digits)."""

    __tablename__ = "number_sequence"
    prefix: Mapped[str] = mapped_column(String(2), primary_key=True)
    next: Mapped[int]
