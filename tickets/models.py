"""The tables of the durable state. Column names follow CIM where it has a word; instants are UTC."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Enum, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.kinds import CauseKind, CompletionCode, HistoryKind, ReportingKind, ReportKind, UrgentReason
from tickets.states import OutageStatus, ReportStatus, StatementStatus, WorkOrderStatus


def _choice(kind: type[StrEnum]) -> Enum:
    """A StrEnum kept by its value in a plain text column: a new member needs no migration."""
    return Enum(
        kind, native_enum=False, create_constraint=False, length=24, values_callable=lambda k: [m.value for m in k]
    )


AREA = String(13)  # Kemendagri code
PHONE = String(16)  # E.164
LOGIN = String(64)  # who did it; "ivr" and "system" are not people
CALL = String(41)
# In the order of its bytes, so that a range is a beginning; SQLite's own order is that one.
PLAIN = Text().with_variant(Text(collation="C"), "postgresql")
_LIVE = text("status_kind IN ('predicted', 'confirmed', 'partiallyRestored')")  # states.LIVE, for the index
_STARRED = text("starred_at IS NOT NULL")


class Customer(Base):
    """Who has the contract."""

    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), index=True)


class Premises(Base):
    """One persil: the place a meter hangs. `idpel` has 12 digits, `meter` 11."""

    __tablename__ = "premises"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    idpel: Mapped[str] = mapped_column(String(12), unique=True)
    meter: Mapped[str | None] = mapped_column(String(11), unique=True)
    area: Mapped[str] = mapped_column(AREA, index=True)
    unit: Mapped[str] = mapped_column(String(32))  # UP3
    ulp: Mapped[str] = mapped_column(String(32))
    street: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(240))
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    tariff: Mapped[str] = mapped_column(String(8))
    power_va: Mapped[int]


class SpecialNeed(Base):
    """Who must not stay dark. Life support is health data (UU 27/2022): a table of its own, so that access to it can
    be granted apart from the rest.
    """

    __tablename__ = "special_need"
    premises_id: Mapped[int] = mapped_column(ForeignKey("premises.id"), primary_key=True)
    life_support: Mapped[bool]
    public_service: Mapped[bool]


class Phone(Base):
    """A telephone number we know; several premises per number and several numbers per premises."""

    __tablename__ = "phone"
    id: Mapped[int] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(PHONE, unique=True)


class PremisesPhone(Base):
    """Which number belongs to which premises."""

    __tablename__ = "premises_phone"
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), primary_key=True)
    premises_id: Mapped[int] = mapped_column(ForeignKey("premises.id"), primary_key=True, index=True)


class Outage(Base):
    """CIM UnplannedOutage. Covers its area and every area below it; one at a time is live for an area."""

    __tablename__ = "outage"
    __table_args__ = (Index("uq_outage_live_area", "area", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),)
    id: Mapped[int] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(AREA, index=True)
    status_kind: Mapped[OutageStatus] = mapped_column(_choice(OutageStatus), index=True)
    cause: Mapped[str] = mapped_column(String(160))  # as it is spoken; "" = not known
    cause_kind: Mapped[CauseKind | None] = mapped_column(_choice(CauseKind))
    reported_start: Mapped[datetime] = mapped_column(UtcDateTime)
    etr: Mapped[datetime | None] = mapped_column(UtcDateTime)  # estimated restoration time
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(LOGIN)
    restored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Statement(Base):
    """One version of the approved word on an outage; every announcement and every script uses its exact text."""

    __tablename__ = "outage_statement"
    __table_args__ = (UniqueConstraint("outage_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(String(1000))
    status: Mapped[StatementStatus] = mapped_column(_choice(StatementStatus))
    author: Mapped[str] = mapped_column(LOGIN)
    approver: Mapped[str | None] = mapped_column(LOGIN)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rendered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its sound can be played from here on
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Report(Base):
    """CIM TroubleTicket; PLN's *laporan*. The star is a flag, never part of the number."""

    __tablename__ = "report"
    __table_args__ = (
        Index("ix_report_board", "unit", "status", "reported_at"),
        Index("ix_report_starred_at", "starred_at", sqlite_where=_STARRED, postgresql_where=_STARRED),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(11), unique=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)  # idempotency
    kind: Mapped[ReportKind] = mapped_column(_choice(ReportKind))
    status: Mapped[ReportStatus] = mapped_column(_choice(ReportStatus))
    starred: Mapped[bool]
    # The clock of Lama Gangguan (Permen ESDM 2/2025) starts here; a trigger refuses whoever would change it.
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reporting_kind: Mapped[ReportingKind] = mapped_column(_choice(ReportingKind))
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
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outage.id"), index=True)
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
    urgent: Mapped[UrgentReason | None] = mapped_column(_choice(UrgentReason))  # its crew comes first
    last_repeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The 1×24 h clock of written channels, complaints and requests (seed 004 L164): when somebody must have answered.
    respond_by: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    responded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completion_code: Mapped[CompletionCode | None] = mapped_column(_choice(CompletionCode))
    completion_note: Mapped[str] = mapped_column(String(500), server_default="")

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
    channel: Mapped[ReportingKind] = mapped_column(_choice(ReportingKind))
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
    channel: Mapped[ReportingKind] = mapped_column(_choice(ReportingKind))
    call: Mapped[str] = mapped_column(CALL, server_default="")  # the contact in which it happened
    kind: Mapped[HistoryKind] = mapped_column(_choice(HistoryKind))
    note: Mapped[str] = mapped_column(String(2000))
    old: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    new: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Subscription(Base):
    """Someone who wants to be told when power is back."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("outage_id", "phone"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"))
    phone: Mapped[str] = mapped_column(PHONE)
    call: Mapped[str] = mapped_column(CALL)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Crew(Base):
    """A Yantek crew. It serves the whole UP3; `ulp` are those it is nearest to."""

    __tablename__ = "crew"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    unit: Mapped[str] = mapped_column(String(32), index=True)
    ulp: Mapped[list[str]] = mapped_column(JSON)
    plate: Mapped[str] = mapped_column(String(16))
    has_mobile: Mapped[bool]  # without the mobile application there is no position to tell
    on_duty: Mapped[bool]
    login: Mapped[str | None] = mapped_column(LOGIN, unique=True)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    street: Mapped[str] = mapped_column(String(120), server_default="")  # where that is, as it is told
    position_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WorkOrder(Base):
    """A crew's task: for one report, or for a fault location of an outage."""

    __tablename__ = "work_order"
    __table_args__ = (Index("ix_work_order_board", "unit", "status"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outage.id"), index=True)
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"), index=True)
    unit: Mapped[str] = mapped_column(String(32))
    ulp: Mapped[str] = mapped_column(String(32))
    status: Mapped[WorkOrderStatus] = mapped_column(_choice(WorkOrderStatus))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WorkOrderHistory(Base):
    """Every move of a work order; response and recovery time are read from here."""

    __tablename__ = "work_order_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    work_order_id: Mapped[int] = mapped_column(ForeignKey("work_order.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(LOGIN)
    event: Mapped[str] = mapped_column(String(24))
    status: Mapped[WorkOrderStatus] = mapped_column(_choice(WorkOrderStatus))  # after the move
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))  # who had it
    note: Mapped[str] = mapped_column(String(500))


class NumberSequence(Base):
    """The next free report number of a unit prefix (nine digits)."""

    __tablename__ = "number_sequence"
    prefix: Mapped[str] = mapped_column(String(2), primary_key=True)
    next: Mapped[int]


class Outbox(Base):
    """What must still happen outside the database, written in the transaction that wants it."""

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("kind", "key"), Index("ix_outbox_open", "done_at", "id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    key: Mapped[str] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    enqueued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KeptAnswer(Base):
    """What a writing request was answered, for when it is sent again (tickets/idempotency.py); kept for two days."""

    __tablename__ = "kept_answer"
    principal: Mapped[str] = mapped_column(LOGIN, primary_key=True)
    route: Mapped[str] = mapped_column(String(120), primary_key=True)  # method and path with its parameters' names
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))  # SHA-256 of address and body
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)  # JSON
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PremisesEntry(Base):
    """What a premises is found by: the search register (tickets/register.py writes it, ADR 38). No foreign key: it
    would be asked nine times for each premises that is imported, and an entry of nobody is never shown.
    """

    __tablename__ = "premises_entry"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's form
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # EntryKind
    text: Mapped[str] = mapped_column(PLAIN, primary_key=True)
    owner: Mapped[int] = mapped_column("premises_id", primary_key=True, autoincrement=False, index=True)


class ReportEntry(Base):
    """The same for a report: its own words and numbers and those of its premises."""

    __tablename__ = "report_entry"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's form
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # EntryKind
    text: Mapped[str] = mapped_column(PLAIN, primary_key=True)
    owner: Mapped[int] = mapped_column("report_id", primary_key=True, autoincrement=False, index=True)


class ImportRun(Base):
    """How far a file of customers has come; committed together with the lines before that place (ADR 39)."""

    __tablename__ = "import_run"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)  # of the file: another content is another run
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    position: Mapped[int] = mapped_column(BigInteger)  # bytes of the file that are dealt with
    line: Mapped[int]  # number of the line that begins there
    rejects_size: Mapped[int] = mapped_column(BigInteger)  # bytes of the file of rejects that belong to them
    added: Mapped[int]
    changed: Mapped[int]
    same: Mapped[int]
    bad: Mapped[int]


class FollowerPosition(Base):
    """How far a follower of the journal has come; committed together with what it wrote."""

    __tablename__ = "follower_position"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    pool: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[str] = mapped_column(String(40))


class Conversation(Base):
    """What a sender of a written channel was asked last (tickets/dialogue.py); forgotten after a silence."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("channel", "sender", "thread"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[ReportingKind] = mapped_column(_choice(ReportingKind))
    sender: Mapped[str] = mapped_column(String(254))  # E.164, or an address
    thread: Mapped[str] = mapped_column(String(32))  # of letters; "" where a sender has one conversation
    version: Mapped[int]  # of the state
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class InboundMessage(Base):
    """A written message that was answered: a repeated one gets the same words and does nothing."""

    __tablename__ = "inbound_message"
    __table_args__ = (Index("ix_inbound_message_sender", "sender", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)  # hash of the channel's own id of the message
    channel: Mapped[ReportingKind] = mapped_column(_choice(ReportingKind))
    sender: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    reply: Mapped[str] = mapped_column(String(8000))
