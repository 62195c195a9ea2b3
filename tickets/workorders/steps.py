"""Each move of a work order, by a crew, an operator or the system, and what follows from it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Invalid, Refused
from config.operator import operator
from tickets import history, timers
from tickets.incidents import alerts, clocks, incidents
from tickets.kinds import AlertKind, CompletionCode, HistoryKind, IncidentStep, ReportingKind
from tickets.models import Crew, Report, WorkOrder
from tickets.notices import notices
from tickets.outages import all_lit
from tickets.states import REPORT, WORK_ORDER, ReportEvent, WorkOrderEvent
from tickets.workorders import dispatch, giving
from tickets.workorders.reading import crew_of, not_yours, unknown

_GIVEN_BACK = (WorkOrderEvent.DECLINE, WorkOrderEvent.RETURN)
_NOT_FOR_CREWS = (WorkOrderEvent.ASSIGN, WorkOrderEvent.CANCEL)
_ENDS_A_PLACE = (WorkOrderEvent.POWER_ON, WorkOrderEvent.CANCEL)
# What starts or stops a clock.
_TIMED = tuple(WorkOrderEvent[name] for name in ("ARRIVE", "START", "POWER_ON", "COMPLETE", "CANCEL"))
_REACHED = {
    WorkOrderEvent.ARRIVE: "arrived_at",
    WorkOrderEvent.START: "started_at",
    WorkOrderEvent.POWER_ON: "power_on_at",
}


def advance(
    session: Session,
    work_order_id: int,
    event: WorkOrderEvent,
    *,
    by: str,
    now: datetime,
    note: str = "",
    code: CompletionCode = CompletionCode.DONE,
    crew_id: int | None = None,
) -> WorkOrder:
    """One step by a crew or an operator. What a crew gives back goes to another one; who finishes gets what waits in
    the UP3, priority 1 first, then the oldest. An operator who assigns may name the crew (`crew_id`).

    Raises NotFound (`unknown-work-order`), IllegalMove, Invalid (`crew-only-assign`) and Refused: `not-for-people`
    (LAPSE is the clock's), `not-for-crews`, `not-your-work-order`, `no-crew-free`, `crew-not-free`.
    """
    if event is WorkOrderEvent.LAPSE:
        raise Refused("Itu dilakukan sistem bila regu tidak memberi kabar.", slug="not-for-people", status=403)
    if crew_id is not None and event is not WorkOrderEvent.ASSIGN:
        raise Invalid("Regu hanya disebut saat menugaskan.", slug="crew-only-assign", field="crew")
    if event in _ENDS_A_PLACE:
        all_lit.hold(session, work_order_id)
    order = locked(session, work_order_id)
    _check_crew(session, order, event, by)
    if event is WorkOrderEvent.ASSIGN:
        WORK_ORDER.next(order.status, event)
        if not giving.give(session, order, now=now, by=by, crew_id=crew_id):
            raise Refused("Belum ada regu yang longgar.", slug="no-crew-free")
        giving.settle(session, order.unit, now=now)
        return order
    crew = session.get(Crew, order.crew_id, populate_existing=True) if order.crew_id else None
    move(session, order, event, by=by, now=now, note=note)
    if event is WorkOrderEvent.COMPLETE:
        _resolve(session, order, code, by=by, now=now, note=note)
    elif event is WorkOrderEvent.POWER_ON and order.fault_location_id:
        all_lit.cleared(session, order.fault_location_id, now=now)
    elif event is WorkOrderEvent.CANCEL:
        all_lit.cancelled(session, order, now=now)
    _watch(session, order, crew, now=now)
    # What the command centre cancels is no word from the crew.
    back = crew is not None and event is not WorkOrderEvent.CANCEL and heard(session, crew)
    if back or event in (*_GIVEN_BACK, WorkOrderEvent.COMPLETE, WorkOrderEvent.CANCEL):
        giving.give_waiting(session, order.unit, now=now)
    session.flush()
    return order


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
    """The report, locked, is finished, and its reporter is to be told; raises IllegalMove when it was. That answers
    whoever waited for an answer.
    """
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
    incidents.write(session, report, IncidentStep.RESOLVED, by=by, now=now, note=note)
    clocks.follow_report(session, report, now=now)
    incidents.decided(session, [report.id], now=now)
    notices.finished(session, report, by=by, now=now)


def locked(session: Session, work_order_id: int) -> WorkOrder:
    """An order, locked after the crews of its UP3. Raises NotFound."""
    # Crews first, then orders, as everywhere: two that take the same locks in another order would wait for ever.
    unit = session.scalar(select(WorkOrder.unit).where(WorkOrder.id == work_order_id))
    if unit is None:
        raise unknown()
    giving.lock_crews(session, unit)
    return session.get_one(WorkOrder, work_order_id, with_for_update=True, populate_existing=True)


def move(session: Session, order: WorkOrder, event: WorkOrderEvent, *, by: str, now: datetime, note: str = "") -> None:
    """The order, locked, goes on, and its clocks with it. Raises IllegalMove and has changed nothing. Who arrived or
    began first did so for good; an order that is given back is nobody's.
    """
    giving.go(session, order, event, by=by, now=now, note=note)
    if event in _REACHED and getattr(order, _REACHED[event]) is None:
        setattr(order, _REACHED[event], now)
    if event in (*_GIVEN_BACK, WorkOrderEvent.LAPSE):
        order.crew_id = None
    session.flush()
    if event in _TIMED:
        clocks.follow_orders(session, [order], now=now)
    if event is WorkOrderEvent.ARRIVE and order.report_id:
        incidents.write_all(session, [order.report_id], IncidentStep.INVESTIGATED, by=by, now=now)


def silent_at(order: WorkOrder, crew: Crew) -> dispatch.Silence | None:
    """When this crew counts as silent about its order if it says no more."""
    return dispatch.silence(
        order.status,
        order.changed_at,
        mobile=crew.has_mobile,
        position_at=crew.position_at,
        rules=operator().dispatch.silent,
    )


def heard(session: Session, crew: Crew) -> bool:
    """The crew has said something; whether it had been silent, and gets orders again."""
    if crew.silent_since is None:
        return False
    crew.silent_since = None
    session.flush()
    return True


def _check_crew(session: Session, order: WorkOrder, event: WorkOrderEvent, by: str) -> None:
    crew = crew_of(session, by)
    if crew is None:
        return
    if event in _NOT_FOR_CREWS:
        raise Refused("Ini diputuskan pusat komando.", slug="not-for-crews", status=403)
    if order.crew_id != crew.id:
        raise not_yours()


def _watch(session: Session, order: WorkOrder, crew: Crew | None, *, now: datetime) -> None:
    """After a step the crew's silence is measured anew, and what was told about the last one is over."""
    key = str(order.id)
    alerts.end(session, AlertKind.CREW_SILENT, key, now=now)
    silent = silent_at(order, crew) if crew is not None and order.crew_id == crew.id else None
    if silent is None:
        timers.disarm(session, giving.SILENT, key)
    else:
        timers.arm(session, giving.SILENT, key, silent.at)


def _resolve(session: Session, order: WorkOrder, code: CompletionCode, *, by: str, now: datetime, note: str) -> None:
    report = None
    if order.report_id:
        report = session.get(Report, order.report_id, with_for_update=True, populate_existing=True)
    if report is not None and REPORT.allows(report.status, ReportEvent.RESOLVE):
        finish(session, report, code, note, by=by, channel=ReportingKind.OTHER, now=now)
