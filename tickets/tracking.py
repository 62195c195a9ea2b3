"""Tracking: how far a fault has come, and where its crew is (CSO instruction L181–L201). Of a fault only (R23), and
after completion its final status alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.operator import operator
from tickets import rules, workorders
from tickets.decisions import decision_of
from tickets.kinds import Intent
from tickets.models import Crew, Outage, Report, WorkOrder, WorkOrderHistory
from tickets.states import WITH_CREW, ReportStatus, WorkOrderStatus

# The ladder as people see it (PLN Mobile): work-order states that stand on each rung.
LADDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Lapor", ("waiting",)),
    ("Penugasan regu", ("assigned", "accepted")),
    ("Dalam perjalanan", ("enroute",)),
    ("Dalam pengerjaan", ("arrived", "working")),
    ("Nyala", ("temporary", "power_on")),
    ("Selesai", ("done",)),
)
UNDER_WAY = (
    WorkOrderStatus.ENROUTE,
    WorkOrderStatus.ARRIVED,
    WorkOrderStatus.WORKING,
    WorkOrderStatus.TEMPORARY,
    WorkOrderStatus.POWER_ON,
)


@dataclass(frozen=True)
class Rung:
    """One step of a report's ladder."""

    word: str
    at: datetime | None
    state: str  # "done" | "cur" | ""


class Seen(StrEnum):
    """Whether there is a position to tell."""

    YES = "yes"
    NO_CREW = "no-crew"
    NO_MOBILE = "no-mobile"  # the crew does not use APKT Mobile: the rule of before holds (R06)
    NOT_UNDER_WAY = "not-under-way"  # the crew may be at somebody else's still
    NOT_YET = "not-yet"
    OLD = "old"  # older than rules.yaml, position_minutes


WHY: dict[Seen, str] = {
    Seen.YES: "",
    Seen.NO_CREW: "Belum ada regu.",
    Seen.NO_MOBILE: "Regu ini tidak memakai APKT Mobile; posisinya tidak tampil.",
    Seen.NOT_UNDER_WAY: "Regu belum berangkat.",
    Seen.NOT_YET: "Regu belum mengirim posisinya.",
    Seen.OLD: "Posisi regu sudah terlalu lama.",
}


@dataclass(frozen=True)
class Position:
    """Where a crew was at an instant; degrees, WGS 84."""

    lat: float
    lon: float
    street: str  # "" when it is not known
    at: datetime


@dataclass(frozen=True)
class TrackingView:
    """A fault as it may be told. Finished: no ladder and no crew any more."""

    report: Report
    order_status: str  # WorkOrderStatus value; "" without a work order
    rungs: tuple[Rung, ...]
    crew: Crew | None
    position: Position | None
    seen: Seen
    outage: Outage | None  # the live one that explains it


def view(session: Session, report: Report, *, now: datetime) -> TrackingView:
    """Raises RuleForbids (`rule-r23`) for complaints and requests."""
    rules.forbid(decision_of(report, Intent.ENQUIRY, None, now=now), rules.Action.TRACKING)
    if report.status is ReportStatus.SELESAI:
        return TrackingView(report, "", (), None, None, Seen.NO_CREW, None)
    order, crew = workorders.newest(session, report)
    outage = session.get(Outage, report.outage_id) if report.outage_id and order is None else None
    position, seen = whereabouts(order, crew, now=now)
    status = order.status.value if order is not None else ""
    return TrackingView(report, status, rungs(session, report, order), crew, position, seen, outage)


def rungs(session: Session, report: Report, order: WorkOrder | None) -> tuple[Rung, ...]:
    """The ladder with the instant of each step that was taken; the first is that of the first report, for good."""
    moves: Sequence[WorkOrderHistory] = ()
    if order is not None:
        mine = select(WorkOrderHistory).where(WorkOrderHistory.work_order_id == order.id)
        moves = session.scalars(mine.order_by(WorkOrderHistory.id)).all()
    at = {move.status.value: move.at for move in moves}
    status = order.status.value if order is not None else "waiting"
    current = next((n for n, (_, states) in enumerate(LADDER) if status in states), 0)
    ladder = []
    for n, (word, states) in enumerate(LADDER):
        instant = report.reported_at if n == 0 else next((at[s] for s in states if s in at), None)
        state = "done" if n < current else "cur" if n == current else ""
        ladder.append(Rung(word, instant if n <= current else None, state))
    return tuple(ladder)


def whereabouts(order: WorkOrder | None, crew: Crew | None, *, now: datetime) -> tuple[Position | None, Seen]:
    """Where the crew of an order may be said to be, or why that cannot be said."""
    if order is None or crew is None:
        return None, Seen.NO_CREW
    if not crew.has_mobile:
        return None, Seen.NO_MOBILE
    if order.status not in UNDER_WAY:
        return None, Seen.NOT_UNDER_WAY
    position = position_of(crew)
    if position is None:
        return None, Seen.NOT_YET
    if now - position.at > operator().rules.position_age:
        return None, Seen.OLD
    return position, Seen.YES


def position_of(crew: Crew) -> Position | None:
    """Where a crew was last, however long ago."""
    if crew.lat is None or crew.lon is None or crew.position_at is None:
        return None
    return Position(crew.lat, crew.lon, crew.street, crew.position_at)


def crews_of(session: Session, outage_id: int) -> WorkOrderStatus | None:
    """How far the foremost crew of an outage is; None when nobody has been sent."""
    sent = select(WorkOrder.status).where(WorkOrder.outage_id == outage_id, WorkOrder.status.in_(WITH_CREW)).distinct()
    return max(session.scalars(sent), key=WITH_CREW.index, default=None)
