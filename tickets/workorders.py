"""Work orders: which crew is sent, and each step on its way. One commander per crew is kept by row locks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import Session, aliased

from config.errors import NotFound, Refused
from tickets import history
from tickets.kinds import CompletionCode, HistoryKind, ReportingKind
from tickets.models import Crew, Premises, Report, WorkOrder, WorkOrderHistory
from tickets.states import REPORT, WITH_CREW, WORK_ORDER, ReportEvent, WorkOrderEvent, WorkOrderStatus
from tickets.views import WorkOrderView

MOST_ORDERS = 3  # per crew (SOP Autodispatch APKT v1.3)
_GIVEN_BACK = (WorkOrderEvent.DECLINE, WorkOrderEvent.RETURN)
_NOT_FOR_CREWS = (WorkOrderEvent.ASSIGN, WorkOrderEvent.CANCEL)


def assign(session: Session, report: Report, *, now: datetime) -> WorkOrder:
    """A work order for a report: given to a crew of its UP3 at once, or waiting when none is free."""
    order = WorkOrder(
        report_id=report.id,
        unit=report.unit,
        ulp=report.ulp,
        status=WorkOrderStatus.WAITING,
        created_at=now,
        changed_at=now,
    )
    session.add(order)
    session.flush()
    _give(session, order, now=now)
    return order


def ensure(session: Session, report: Report, *, now: datetime) -> None:
    """A report that nobody is working on gets a work order; the crews of its UP3 are locked already."""
    if open_order(session, report.id) is None:
        assign(session, report, now=now)


def open_order(session: Session, report_id: int) -> WorkOrder | None:
    """The work order of a report that is not done or cancelled."""
    unfinished = WorkOrder.status.in_((WorkOrderStatus.WAITING, *WITH_CREW))
    return session.scalar(select(WorkOrder).where(WorkOrder.report_id == report_id, unfinished).limit(1))


def finish(
    session: Session,
    report: Report,
    code: CompletionCode,
    note: str,
    *,
    by: str,
    channel: ReportingKind,
    now: datetime,
) -> None:
    """The report, locked, is finished; raises IllegalMove when it was. That answers whoever waited for an answer."""
    old, report.status = report.status, REPORT.next(report.status, ReportEvent.RESOLVE)
    report.resolved_at, report.completion_code, report.completion_note = now, code, note
    report.responded_at = report.responded_at or (now if report.respond_by else None)
    session.flush()
    history.write(
        session,
        report.id,
        HistoryKind.TRANSITION,
        by=by,
        channel=channel,
        now=now,
        note=note,
        old={"status": old.value},
        new={"status": report.status.value, "completionCode": code.value},
    )


def advance(
    session: Session,
    work_order_id: int,
    event: WorkOrderEvent,
    *,
    by: str,
    now: datetime,
    note: str = "",
    code: CompletionCode = CompletionCode.DONE,
) -> WorkOrder:
    """One step by a crew, an operator or the system. What a crew gives back goes to another one; who finishes gets
    the oldest waiting order of the UP3, an urgent one first.
    """
    order = _locked(session, work_order_id)
    _check_crew(session, order, event, by)
    if event is WorkOrderEvent.ASSIGN:
        WORK_ORDER.next(order.status, event)
        if not _give(session, order, now=now, by=by):
            raise Refused("Belum ada regu yang longgar.", slug="no-crew-free")
        return order
    _move(session, order, event, by=by, now=now, note=note)
    if event in _GIVEN_BACK:
        order.crew_id = None
        _give(session, order, now=now)
    elif event is WorkOrderEvent.COMPLETE:
        _resolve(session, order, code, by=by, now=now, note=note)
    if event in (*_GIVEN_BACK, WorkOrderEvent.COMPLETE, WorkOrderEvent.CANCEL):
        _give_waiting(session, order.unit, now=now)
    session.flush()
    return order


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
    """Work orders with what a crew and the command centre need to see, the oldest report first."""
    rows = _rows()
    if unit is not None:
        rows = rows.where(WorkOrder.unit == unit)
    if crew_id is not None:
        rows = rows.where(WorkOrder.crew_id == crew_id)
    if open_only:
        rows = rows.where(WorkOrder.status.in_((WorkOrderStatus.WAITING, *WITH_CREW)))
    found = session.execute(rows.order_by(WorkOrder.created_at, WorkOrder.id).limit(limit))
    return [_view(*row) for row in found]


def view(session: Session, work_order_id: int) -> WorkOrderView:
    """One work order."""
    row = session.execute(_rows().where(WorkOrder.id == work_order_id)).first()
    if row is None:
        raise NotFound("Perintah kerja itu tidak ada.", slug="unknown-work-order")
    return _view(*row)


def of_report(session: Session, report_id: int) -> WorkOrderView | None:
    """The present work order of a report; a cancelled one too, for nobody has another."""
    row = session.execute(_rows().where(Report.id == report_id, WorkOrder.id == present())).first()
    return _view(*row) if row else None


def lock_crews(session: Session, unit: str) -> Sequence[Crew]:
    """The crews on duty of a UP3, locked: counting and giving become one step, so that no crew gets a fourth order.
    Whoever locks one of its work orders or reports as well takes this first.
    """
    on_duty = select(Crew).where(Crew.unit == unit, Crew.on_duty.is_(True)).order_by(Crew.id).with_for_update()
    return session.scalars(on_duty).all()


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
        raise NotFound("Perintah kerja itu tidak ada.", slug="unknown-work-order")
    if row[1] != login:
        raise Refused("Perintah kerja ini bukan milik regu Anda.", slug="not-your-work-order", status=403)
    return str(row[0])


def _rows() -> Select[WorkOrder, Report, Crew, Premises]:
    return (
        select(WorkOrder, Report, Crew, Premises)
        .outerjoin(Report, Report.id == WorkOrder.report_id)
        .outerjoin(Crew, Crew.id == WorkOrder.crew_id)
        .outerjoin(Premises, Premises.id == Report.premises_id)
    )


def _view(order: WorkOrder, report: Report | None, crew: Crew | None, premises: Premises | None) -> WorkOrderView:
    return WorkOrderView(
        id=order.id,
        status=order.status.value,
        created_at=order.created_at,
        changed_at=order.changed_at,
        ulp=order.ulp,
        crew=crew.name if crew else None,
        plate=crew.plate if crew else None,
        report_id=order.report_id,
        outage_id=order.outage_id,
        number=report.number if report else None,
        starred=bool(report and report.starred),
        reported_at=report.reported_at if report else None,
        trouble_code=report.trouble_code if report else "",
        comment=report.comment if report else "",
        area=report.area if report else "",
        address=premises.address if premises else "",
        phone=report.phone if report else "",
        next_events=tuple(event.value for event in WORK_ORDER.moves[order.status]),
    )


def _locked(session: Session, work_order_id: int) -> WorkOrder:
    # Crews first, then orders, as everywhere: two that take the same locks in another order would wait for ever.
    unit = session.scalar(select(WorkOrder.unit).where(WorkOrder.id == work_order_id))
    if unit is None:
        raise NotFound("Perintah kerja itu tidak ada.", slug="unknown-work-order")
    lock_crews(session, unit)
    return session.get_one(WorkOrder, work_order_id, with_for_update=True)


def _check_crew(session: Session, order: WorkOrder, event: WorkOrderEvent, by: str) -> None:
    crew = crew_of(session, by)
    if crew is None:
        return
    if event in _NOT_FOR_CREWS:
        raise Refused("Ini diputuskan pusat komando.", slug="not-for-crews", status=403)
    if order.crew_id != crew.id:
        raise Refused("Perintah kerja ini bukan milik regu Anda.", slug="not-your-work-order", status=403)


def _move(session: Session, order: WorkOrder, event: WorkOrderEvent, *, by: str, now: datetime, note: str = "") -> None:
    order.status = WORK_ORDER.next(order.status, event)
    order.changed_at = now
    session.add(
        WorkOrderHistory(
            work_order_id=order.id,
            at=now,
            by=by,
            event=event.value,
            status=order.status,
            crew_id=order.crew_id,
            note=note,
        )
    )
    session.flush()


def _give(session: Session, order: WorkOrder, *, now: datetime, by: str = "system") -> bool:
    """Assign the order to the best free crew; False, and still waiting, when there is none."""
    crew = _free_crew(session, order.unit, order.ulp, exclude=_refusers(session, order))
    if crew is None:
        return False
    order.crew_id = crew.id
    _move(session, order, WorkOrderEvent.ASSIGN, by=by, now=now)
    return True


def _refusers(session: Session, order: WorkOrder) -> set[int]:
    given_back = [event.value for event in _GIVEN_BACK]
    rows = select(WorkOrderHistory.crew_id).where(
        WorkOrderHistory.work_order_id == order.id, WorkOrderHistory.event.in_(given_back)
    )
    return {crew for crew in session.scalars(rows) if crew is not None}


def _free_crew(session: Session, unit: str, ulp: str, *, exclude: Collection[int]) -> Crew | None:
    crews = lock_crews(session, unit)
    counted = (
        select(WorkOrder.crew_id, func.count())
        .where(WorkOrder.unit == unit, WorkOrder.status.in_(WITH_CREW))
        .group_by(WorkOrder.crew_id)
    )
    load = {row[0]: row[1] for row in session.execute(counted)}
    free = [crew for crew in crews if load.get(crew.id, 0) < MOST_ORDERS and crew.id not in exclude]
    return min(free, key=lambda crew: (ulp not in crew.ulp, load.get(crew.id, 0), crew.id), default=None)


def _give_waiting(session: Session, unit: str, *, now: datetime) -> None:
    """Urgent ones first, then the oldest."""
    rows = select(WorkOrder).outerjoin(Report, Report.id == WorkOrder.report_id)
    rows = rows.where(WorkOrder.unit == unit, WorkOrder.status == WorkOrderStatus.WAITING)
    first = rows.order_by(Report.urgent.is_(None), WorkOrder.id).limit(MOST_ORDERS)
    for order in session.scalars(first.with_for_update(of=WorkOrder)):
        _give(session, order, now=now)


def _resolve(session: Session, order: WorkOrder, code: CompletionCode, *, by: str, now: datetime, note: str) -> None:
    report = None
    if order.report_id:
        report = session.get(Report, order.report_id, with_for_update=True, populate_existing=True)
    if report is not None and REPORT.allows(report.status, ReportEvent.RESOLVE):
        finish(session, report, code, note, by=by, channel=ReportingKind.OTHER, now=now)
