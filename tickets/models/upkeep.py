"""What keeps promises between processes: outbox, timers, alerts, kept answers, positions, conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.kinds import AlertKind, AlertLevel, ReportingKind
from tickets.models.columns import LOGIN, choice

_LIVE = text("ended_at IS NULL")


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


class Timer(Base):
    """Something that falls due: read on the injected clock (tickets/timers.py), gone when it was done."""

    __tablename__ = "timer"
    __table_args__ = (UniqueConstraint("kind", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    key: Mapped[str] = mapped_column(String(120))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    enqueued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a job was asked to do it

    # Whoever moves it must have seen when it was due: of two who do it at the same time one is undone.
    __mapper_args__ = {"version_id_col": due_at, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's form


class Alert(Base):
    """What somebody must look at: a clock that runs out, a crew that is silent, a statement that is no longer true. It
    is repeated until it is taken, and passed on when it is not.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_open", "unit", "ended_at"),
        Index("ix_alert_live", "at", sqlite_where=_LIVE, postgresql_where=_LIVE),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[AlertKind] = mapped_column(choice(AlertKind))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    level: Mapped[AlertLevel] = mapped_column(choice(AlertLevel))  # whom it has reached
    unit: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(String(240))  # as it stands on the screen; no names, no numbers of telephones
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outage.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)
    work_order_id: Mapped[int | None] = mapped_column(ForeignKey("work_order.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reminders: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_by: Mapped[str | None] = mapped_column(LOGIN)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its reason is gone


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


class FollowerPosition(Base):
    """How far a follower of the journal has come; committed together with what it wrote."""

    __tablename__ = "follower_position"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    pool: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[str] = mapped_column(String(40))


class Conversation(Base):
    """What a sender of a written channel was asked last (tickets/dialogue/dialogue.py); forgotten after a silence."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("channel", "sender", "thread"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[ReportingKind] = mapped_column(choice(ReportingKind))
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
    channel: Mapped[ReportingKind] = mapped_column(choice(ReportingKind))
    sender: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    reply: Mapped[str] = mapped_column(String(8000))
