"""Crews and their work orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.models.columns import LOGIN, choice
from tickets.states import WorkOrderStatus

_WAITING = text("status = 'waiting'")


class Crew(Base):
    """A Yantek crew. It serves the whole UP3, `unit`, its one commander; `ulp` are those it is nearest to."""

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
    skills: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")  # dispatch.yaml
    base_lat: Mapped[float | None]  # its posko: where it is while it says nothing
    base_lon: Mapped[float | None]
    home_unit: Mapped[str] = mapped_column(String(32), server_default="")  # "" = `unit`; else `unit` has borrowed it
    silent_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # it let an order lapse: no new ones until heard


class Command(Base):
    """The command of a UP3: who locks this row decides about its crews and what they are given, and nobody else."""

    __tablename__ = "command"
    unit: Mapped[str] = mapped_column(String(32), primary_key=True)


class CrewHistory(Base):
    """Who changed what about a crew: above all who commands it."""

    __tablename__ = "crew_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    crew_id: Mapped[int] = mapped_column(ForeignKey("crew.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(LOGIN)
    event: Mapped[str] = mapped_column(String(24))  # lend, take_back, change
    unit: Mapped[str] = mapped_column(String(32))  # its commander after it
    new: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # of a change: what it says now


class WorkOrder(Base):
    """A crew's task: for one report, or for a fault location of an outage."""

    __tablename__ = "work_order"
    __table_args__ = (
        Index("ix_work_order_board", "unit", "status"),
        # Who is next: read in its order by every batch, however many wait.
        Index(
            "ix_work_order_waiting",
            *("unit", "priority", "reported_at", "id"),
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_work_order_reported", "unit", "reported_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outage.id"), index=True)
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"), index=True)
    unit: Mapped[str] = mapped_column(String(32))
    ulp: Mapped[str] = mapped_column(String(32))
    status: Mapped[WorkOrderStatus] = mapped_column(choice(WorkOrderStatus))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    fault_location_id: Mapped[int | None] = mapped_column(ForeignKey("fault_location.id"), index=True)
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="3")  # 1 is the highest
    skill: Mapped[str] = mapped_column(String(24), server_default="")  # "" = any crew can
    lat: Mapped[float | None]  # where the work is
    lon: Mapped[float | None]
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the clocks of response and promise start here
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the clock of recovery starts here
    power_on_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WorkOrderHistory(Base):
    """Every move of a work order; response and recovery time are read from here."""

    __tablename__ = "work_order_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    work_order_id: Mapped[int] = mapped_column(ForeignKey("work_order.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(LOGIN)
    event: Mapped[str] = mapped_column(String(24))
    status: Mapped[WorkOrderStatus] = mapped_column(choice(WorkOrderStatus))  # after the move
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))  # who had it
    note: Mapped[str] = mapped_column(String(500))
