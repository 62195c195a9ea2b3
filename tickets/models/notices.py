"""Notices: who is told what about an outage, and how that went."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.kinds import NoticeAnswer, NoticeChannel, NoticeEvent, RecipientStatus
from tickets.models.columns import LOGIN, PHONE, choice


class Notice(Base):
    """One event of an outage, or of one report, of which people are told (CIM CustomerNotification). `occasion` tells
    the third estimate from the second: of one occasion there is one notice, however often it is asked for.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("outage_id", "event", "occasion"),
        UniqueConstraint("report_id", "event", "occasion"),
        CheckConstraint("(outage_id IS NULL) <> (report_id IS NULL)", name="about"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outage.id"))
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"))
    event: Mapped[NoticeEvent] = mapped_column(choice(NoticeEvent))
    occasion: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(JSON)  # whose premises are told
    partial: Mapped[bool]  # only of those scopes: reporters elsewhere are not told
    text: Mapped[str] = mapped_column(Text)  # of the short message; "" = none is sent
    spoken: Mapped[str] = mapped_column(Text)  # of the call; "" = nobody is called
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(LOGIN)
    begins_at: Mapped[datetime] = mapped_column(UtcDateTime)  # nobody is told before
    source: Mapped[int]  # whom it is being collected from (tickets/notices/recipients.py), and behind whom it goes on
    after: Mapped[list[str | int]] = mapped_column(JSON)
    batches: Mapped[int]
    collected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # everybody to be told is known
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # no longer true: who waits is not told


class NoticeRecipient(Base):
    """One number that is told: once per notice, by its primary key."""

    __tablename__ = "notice_recipient"
    __table_args__ = (Index("ix_notice_recipient_batch", "notice_id", "batch", "channel", "status"),)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), primary_key=True)
    phone: Mapped[str] = mapped_column(PHONE, primary_key=True, index=True)
    batch: Mapped[int]
    channel: Mapped[NoticeChannel] = mapped_column(choice(NoticeChannel))
    status: Mapped[RecipientStatus] = mapped_column(choice(RecipientStatus))
    attempts: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)  # of its status
    reason: Mapped[str] = mapped_column(String(40), server_default="")  # why not
    reference: Mapped[str | None] = mapped_column(String(64), unique=True)  # the carrier's own name of it
    answer: Mapped[NoticeAnswer | None] = mapped_column(choice(NoticeAnswer))


class NoticeRefusal(Base):
    """A number that wants no notices, except of an outage that it asks about."""

    __tablename__ = "notice_refusal"
    phone: Mapped[str] = mapped_column(PHONE, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(LOGIN)


class CarrierPace(Base):
    """Until when the turns of a carrier are given out: what all processes together send keeps its pace."""

    __tablename__ = "carrier_pace"
    carrier: Mapped[str] = mapped_column(String(24), primary_key=True)
    free_at: Mapped[datetime] = mapped_column(UtcDateTime)
