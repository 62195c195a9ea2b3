"""Recordings: a caller's voice note on a report, a conversation with a CSO; and who has listened to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.kinds import RecordingKind, RecordingState
from tickets.models.columns import CALL, LOGIN, choice


class Recording(Base):
    """One sound. Its file is called by the call alone: no number and no name stands in it."""

    __tablename__ = "recording"
    __table_args__ = (
        Index("ix_recording_due", "state", "due_at"),
        Index("ix_recording_age", "kind", "state", "asked_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)  # idempotency
    kind: Mapped[RecordingKind] = mapped_column(choice(RecordingKind))
    state: Mapped[RecordingState] = mapped_column(choice(RecordingState))
    call: Mapped[str] = mapped_column(CALL, index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)  # of a note
    file: Mapped[str] = mapped_column(String(120))  # its name in the folder of its kind
    source: Mapped[str] = mapped_column(String(34))  # the carrier's own name of it while it must be fetched; "" = none
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when its sound is looked for
    seconds: Mapped[float]
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_by: Mapped[str] = mapped_column(LOGIN)  # "system": it was too old


class RecordingAccess(Base):
    """Somebody has listened. Kept for longer than the sound."""

    __tablename__ = "recording_access"
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), index=True)
    by: Mapped[str] = mapped_column(LOGIN)
    role: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
