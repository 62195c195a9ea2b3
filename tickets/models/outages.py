"""Outages: what they cover, how long they lasted, what is said about them, who wants to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    literal_column,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.kinds import CauseKind, OutageKind
from tickets.models.columns import AREA, CALL, LOGIN, PHONE, choice
from tickets.states import OutageStatus, StatementStatus

_IS_LIVE = text("live")


class Outage(Base):
    """CIM Outage. Covers what its scopes say; `area` is where it is, and names it. One for each time the power went:
    power that comes and goes again within the same cause are its periods.
    """

    __tablename__ = "outage"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[OutageKind] = mapped_column(choice(OutageKind), server_default="unplanned")
    area: Mapped[str] = mapped_column(AREA, index=True)
    community: Mapped[str] = mapped_column(String(160), server_default="")  # as it is said; "" = the area's name
    status_kind: Mapped[OutageStatus] = mapped_column(choice(OutageStatus), index=True)
    cause: Mapped[str] = mapped_column(String(160))  # as it is spoken; "" = not known
    cause_kind: Mapped[CauseKind | None] = mapped_column(choice(CauseKind))
    reported_start: Mapped[datetime] = mapped_column(UtcDateTime)  # planned ones: when the work begins
    etr: Mapped[datetime | None] = mapped_column(UtcDateTime)  # estimated restoration time: the last of its estimates
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(LOGIN)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str | None] = mapped_column(LOGIN)
    restored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reopened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # why the detection proposed it


class OutageScope(Base):
    """What an outage covers: an area with all below it (`31.71.06`), a ULP (`ulp:menteng`) or a feeder
    (`feeder:MTG-03`). Of one code, one outage is live.
    """

    __tablename__ = "outage_scope"
    __table_args__ = (
        Index("uq_outage_scope_live", "code", unique=True, sqlite_where=_IS_LIVE, postgresql_where=_IS_LIVE),
    )
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(48), primary_key=True)
    live: Mapped[bool]  # the outage's status is one of states.LIVE


# As it stands in the index: SQLite uses a partial index only for a condition that is spelt the same.
LIVE_SCOPE: ColumnElement[Any] = literal_column("outage_scope.live")


class OutagePeriod(Base):
    """One time without power of one scope (flapping supply has several): what Lama Gangguan and compensation add up
    for each customer, over the codes that cover him.
    """

    __tablename__ = "outage_period"
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"), index=True)
    code: Mapped[str] = mapped_column(String(48), server_default="")
    dark_from: Mapped[datetime] = mapped_column(UtcDateTime)
    lit_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class OutageEstimate(Base):
    """One version of the estimated restoration time: who said it, when, and why it moved."""

    __tablename__ = "outage_estimate"
    __table_args__ = (UniqueConstraint("outage_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"))
    version: Mapped[int]
    etr: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(240))
    by: Mapped[str] = mapped_column(LOGIN)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class OutageHistory(Base):
    """Every move of an outage and every hand that touched it."""

    __tablename__ = "outage_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(LOGIN)
    event: Mapped[str] = mapped_column(String(24))
    status: Mapped[OutageStatus] = mapped_column(choice(OutageStatus))  # after it
    note: Mapped[str] = mapped_column(String(500))


class FaultLocation(Base):
    """A place in the network where an outage must be mended: each has one work order."""

    __tablename__ = "fault_location"
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"), index=True)
    unit: Mapped[str] = mapped_column(String(32))
    ulp: Mapped[str] = mapped_column(String(32))
    place: Mapped[str] = mapped_column(String(160))  # for the crew: pole, substation, street
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(LOGIN)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # power is on behind it


class Statement(Base):
    """One version of the approved word on an outage; every announcement and every script uses its exact text."""

    __tablename__ = "outage_statement"
    __table_args__ = (UniqueConstraint("outage_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_id: Mapped[int] = mapped_column(ForeignKey("outage.id"))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(String(1000))
    status: Mapped[StatementStatus] = mapped_column(choice(StatementStatus))
    author: Mapped[str] = mapped_column(LOGIN)
    approver: Mapped[str | None] = mapped_column(LOGIN)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rendered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its sound can be played from here on
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    etr: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the time it promises: past it, it is withdrawn
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # phrases.Told: what was known when it was written
    own: Mapped[bool] = mapped_column(server_default=true())  # in the author's own words, not composed from the facts


class OutageHeard(Base):
    """What a number heard last about an outage (changes.py says what of it is new). Kept for hours (statements.yaml:
    `repeat_hours`), as who called is. No foreign key: the journal may be older than this database.
    """

    __tablename__ = "outage_heard"
    outage_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    phone: Mapped[str] = mapped_column(PHONE, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    version: Mapped[int]  # of the statement; 0 = the holding sentence
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)  # changes.Facts


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
    by_call: Mapped[bool] = mapped_column(server_default=false())  # wants to be called, not written to
