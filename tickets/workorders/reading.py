"""Work orders as crews, the command centre and trackers read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, ScalarSelect, Select, func, select
from sqlalchemy.orm import Session, aliased

from config.errors import NotFound, Refused
from tickets.models import Crew, FaultLocation, Outage, Premises, Report, WorkOrder, WorkOrderHistory
from tickets.states import UNFINISHED, WORK_ORDER, WorkOrderEvent, WorkOrderStatus
from tickets.views import WorkOrderView

# The order in which orders get a crew: priority 1 first, then who has waited longest.
TURN = (WorkOrder.priority, WorkOrder.reported_at, WorkOrder.id)


def unknown() -> NotFound:
    """There is no such order."""
    return NotFound("Perintah kerja itu tidak ada.", slug="unknown-work-order")


def not_yours() -> Refused:
    """The order is another crew's."""
    return Refused("Perintah kerja ini bukan milik regu Anda.", slug="not-your-work-order", status=403)


def open_order(session: Session, report_id: int) -> WorkOrder | None:
    """The work order of a report that is not done or cancelled."""
    unfinished = WorkOrder.status.in_(UNFINISHED)
    return session.scalar(select(WorkOrder).where(WorkOrder.report_id == report_id, unfinished).limit(1))


def crew_of(session: Session, login: str) -> Crew | None:
    """The crew that logs in by this name."""
    return session.scalar(select(Crew).where(Crew.login == login))


def list_orders(
    session: Session,
    *,
    unit: str | None = None,
    crew_id: int | None = None,
    open_only: bool = True,
    limit: int = 100,
) -> list[WorkOrderView]:
    """Work orders with what a crew and the command centre need to see, in the order in which they get a crew: priority,
    then the oldest report.
    """
    rows = _rows()
    if unit is not None:
        rows = rows.where(WorkOrder.unit == unit)
    if crew_id is not None:
        rows = rows.where(WorkOrder.crew_id == crew_id)
    if open_only:
        rows = rows.where(WorkOrder.status.in_(UNFINISHED))
    found = session.execute(rows.order_by(*TURN).limit(limit))
    return [_view(row) for row in found]


def view(session: Session, work_order_id: int) -> WorkOrderView:
    """One work order."""
    row = session.execute(_rows().where(WorkOrder.id == work_order_id)).first()
    if row is None:
        raise unknown()
    return _view(row)


def of_report(session: Session, report_id: int) -> WorkOrderView | None:
    """The present work order of a report; a cancelled one too, for nobody has another."""
    row = session.execute(_rows().where(Report.id == report_id, WorkOrder.id == present())).first()
    return _view(row) if row else None


def newest(session: Session, report: Report) -> tuple[WorkOrder | None, Crew | None]:
    """The present work order of a report and who has it; a cancelled one is nobody's."""
    rows = select(WorkOrder, Crew).select_from(Report).join(WorkOrder, WorkOrder.id == present())
    mine = (Report.id == report.id, WorkOrder.status != WorkOrderStatus.CANCELLED)
    row = session.execute(rows.outerjoin(Crew, Crew.id == WorkOrder.crew_id).where(*mine)).first()
    return (row[0], row[1]) if row else (None, None)


def present() -> ScalarSelect[int]:
    """In a query about reports the id of each one's work order now: the newest since it was made or opened again. What
    a crew did before that is over.
    """
    later = aliased(WorkOrder)
    since = func.coalesce(Report.reopened_at, Report.reported_at)
    ids = select(func.max(later.id)).where(later.report_id == Report.id, later.created_at >= since)
    return ids.correlate(Report).scalar_subquery()


def number_of(session: Session, work_order_id: int, *, login: str) -> str:
    """The number of the report behind an order of this crew. Raises Refused (`not-your-work-order`), NotFound
    (`unknown-work-order`: it has no report, or there is none).
    """
    rows = select(Report.number, Crew.login).join(WorkOrder, WorkOrder.report_id == Report.id)
    row = session.execute(
        rows.outerjoin(Crew, Crew.id == WorkOrder.crew_id).where(WorkOrder.id == work_order_id)
    ).first()
    if row is None:
        raise unknown()
    if row[1] != login:
        raise not_yours()
    return str(row[0])


def rateable(session: Session, work_order_id: int, crew: Crew) -> int | None:
    """The order, if this crew has just finished it and it was a report's: an outage has no one customer."""
    order = session.get(WorkOrder, work_order_id)
    done = order is not None and order.status is WorkOrderStatus.DONE and order.crew_id == crew.id
    return work_order_id if done and order is not None and order.report_id is not None else None


def history_of(session: Session, work_order_id: int) -> Sequence[tuple[WorkOrderHistory, str | None]]:
    """Every move of an order with the name of the crew that had it, the oldest first. Raises NotFound."""
    if session.get(WorkOrder, work_order_id) is None:
        raise unknown()
    rows = select(WorkOrderHistory, Crew.name).outerjoin(Crew, Crew.id == WorkOrderHistory.crew_id)
    mine = rows.where(WorkOrderHistory.work_order_id == work_order_id).order_by(WorkOrderHistory.id)
    return [(row[0], row[1]) for row in session.execute(mine)]


def reported_at(report: Report) -> datetime:
    """When the clocks of an order for this report start: the first report, or the last time it was opened again."""
    return report.reopened_at or report.reported_at


def _rows() -> Select[WorkOrder, Report, Crew, Premises, FaultLocation, str]:
    return (
        select(WorkOrder, Report, Crew, Premises, FaultLocation, Outage.area)
        .outerjoin(Report, Report.id == WorkOrder.report_id)
        .outerjoin(Crew, Crew.id == WorkOrder.crew_id)
        .outerjoin(Premises, Premises.id == Report.premises_id)
        .outerjoin(FaultLocation, FaultLocation.id == WorkOrder.fault_location_id)
        .outerjoin(Outage, Outage.id == WorkOrder.outage_id)
    )


def _view(row: Row[WorkOrder, Report | None, Crew | None, Premises | None, FaultLocation | None, str]) -> WorkOrderView:
    order, report, crew, premises, place, outage_area = row
    return WorkOrderView(
        id=order.id,
        status=order.status.value,
        created_at=order.created_at,
        changed_at=order.changed_at,
        unit=order.unit,
        ulp=order.ulp,
        priority=order.priority,
        skill=order.skill,
        crew=crew.name if crew else None,
        plate=crew.plate if crew else None,
        crew_mobile=crew.has_mobile if crew else None,
        report_id=order.report_id,
        outage_id=order.outage_id,
        number=report.number if report else None,
        starred=bool(report and report.starred),
        urgent=bool(report and report.urgent),
        reported_at=report.reported_at if report else order.reported_at,
        trouble_code=report.trouble_code if report else "",
        comment=report.comment if report else "",
        area=report.area if report else outage_area or "",
        address=place.place if place else premises.address if premises else "",
        lat=order.lat,
        lon=order.lon,
        phone=report.phone if report else "",
        arrived_at=order.arrived_at,
        started_at=order.started_at,
        power_on_at=order.power_on_at,
        next_events=tuple(e.value for e in WORK_ORDER.moves[order.status] if e is not WorkOrderEvent.LAPSE),
    )
