"""The journal made durable: one row per call, per event, per stretch of a CSO's day. Instants are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime

CALL = String(41)
CSO = String(64)
POOL = String(32)
NAME = String(64)  # queue, partner, trunk


class CallRecord(Base):
    """One call from ring to end. An instant that never came is NULL; `answered_at` is the first conversation's."""

    __tablename__ = "call_record"
    __table_args__ = (
        Index("ix_call_record_arrived_at", "pool", "arrived_at"),
        Index("ix_call_record_ani", "ani"),
    )
    pool: Mapped[str] = mapped_column(POOL, primary_key=True)
    id: Mapped[str] = mapped_column(CALL, primary_key=True)
    carrier: Mapped[str] = mapped_column(String(16), default="")
    ani: Mapped[str] = mapped_column(String(32), default="")
    trunk: Mapped[str] = mapped_column(NAME, default="")
    region: Mapped[str] = mapped_column(String(13), default="")
    dialled: Mapped[str] = mapped_column(String(32), default="")
    menu: Mapped[str] = mapped_column(NAME, default="")
    queue: Mapped[str] = mapped_column(NAME, default="")
    priority: Mapped[int] = mapped_column(default=0)
    emergency: Mapped[bool] = mapped_column(default=False)
    cso: Mapped[str] = mapped_column(CSO, default="")  # who talked last
    partner: Mapped[str] = mapped_column(NAME, default="")  # where it was handed last
    offers: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str] = mapped_column(String(24), default="")  # router.calls.Outcome; "" while it lives
    ended_by: Mapped[str] = mapped_column(String(32), default="")
    reason: Mapped[str] = mapped_column(String(32), default="")  # why refused
    skills: Mapped[str] = mapped_column(String(200), default="")  # asked for: `en:3 prabayar:1`
    callback: Mapped[bool] = mapped_column(default=False)
    callback_number: Mapped[str] = mapped_column(String(32), default="")
    callback_attempts: Mapped[int] = mapped_column(default=0)
    recalled_from: Mapped[str] = mapped_column(CALL, default="")  # the refused call whose number this is
    moved_to: Mapped[str] = mapped_column(POOL, default="")
    transfers: Mapped[int] = mapped_column(default=0)
    held_s: Mapped[float] = mapped_column(default=0.0)
    promised_low_s: Mapped[float | None] = mapped_column()  # the first range that was told, seconds from then
    promised_high_s: Mapped[float | None] = mapped_column()
    promises_broken: Mapped[int] = mapped_column(default=0)
    promised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    callback_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it was asked for
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handed_over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    partner_answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PartnerHandover(Base):
    """One call handed to a partner centre once, and what became of it."""

    __tablename__ = "partner_handover"
    __table_args__ = (
        UniqueConstraint("pool", "token"),
        Index("ix_partner_handover_partner", "pool", "partner", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    pool: Mapped[str] = mapped_column(POOL)
    token: Mapped[str] = mapped_column(String(64))
    call: Mapped[str] = mapped_column(CALL)
    partner: Mapped[str] = mapped_column(NAME)
    reason: Mapped[str] = mapped_column(String(32), default="")  # why it was handed over
    result: Mapped[str] = mapped_column(String(32), default="")  # "" while there; answered, or why it came back
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CallEvent(Base):
    """One entry of the journal that is about a call (or about the pool: `call` is then empty)."""

    __tablename__ = "call_event"
    __table_args__ = (
        UniqueConstraint("pool", "epoch", "entry"),
        Index("ix_call_event_call", "pool", "call"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    pool: Mapped[str] = mapped_column(POOL)
    epoch: Mapped[str] = mapped_column(String(32))
    entry: Mapped[str] = mapped_column(String(40))  # id in the stream
    event: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    call: Mapped[str] = mapped_column(CALL, default="")
    cso: Mapped[str] = mapped_column(CSO, default="")
    queue: Mapped[str] = mapped_column(NAME, default="")
    carrier: Mapped[str] = mapped_column(String(16), default="")
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class CsoActivity(Base):
    """A CSO in one state for a while; `until` is NULL while it lasts."""

    __tablename__ = "cso_activity"
    __table_args__ = (Index("ix_cso_activity_cso", "pool", "cso", "since"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    pool: Mapped[str] = mapped_column(POOL)
    cso: Mapped[str] = mapped_column(CSO)
    state: Mapped[str] = mapped_column(String(16))  # router.agents.CsoState
    reason: Mapped[str] = mapped_column(NAME, default="")
    call: Mapped[str] = mapped_column(CALL, default="")
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class JournalPosition(Base):
    """Up to where the journal of a pool is in the tables above; written in the same transaction as the rows (R7)."""

    __tablename__ = "journal_position"
    pool: Mapped[str] = mapped_column(POOL, primary_key=True)
    entry: Mapped[str] = mapped_column(String(40))
