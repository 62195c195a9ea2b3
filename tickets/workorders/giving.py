"""Orders get crews: one when it is made, all that wait when somebody has a free hand (ADR 48).

The choice itself is dispatch.py. The command of a UP3 is locked first, so that counting and giving are one
step; the loads, places and skills of its crews are read once for all orders of a batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config.errors import Refused
from config.operator import operator
from tickets import timers
from tickets.incidents import alerts, clocks, incidents
from tickets.kinds import AlertKind, IncidentStep
from tickets.models import (
    Alert,
    Command,
    Crew,
    FaultLocation,
    OutagePeriod,
    Premises,
    Report,
    WorkOrder,
    WorkOrderHistory,
)
from tickets.once import insert_once
from tickets.states import UNFINISHED, WITH_CREW, WORK_ORDER, WorkOrderEvent, WorkOrderStatus
from tickets.workorders import dispatch
from tickets.workorders.dispatch import Candidate, Place, Task
from tickets.workorders.reading import TURN, open_order, reported_at

SILENT, RETRY = "crew-silent", "dispatch"  # kinds of timers: an order's crew says nothing; orders of a UP3 wait
URGENT, ORDINARY = 1, 3
PLACE_OF_OUTAGE = 2  # many customers wait for it, danger comes before it
_GIVEN_BACK = (WorkOrderEvent.DECLINE.value, WorkOrderEvent.RETURN.value)
_PAGE = 500
NO_CREW = "Tidak ada regu yang dapat dikirim; ada pekerjaan menunggu."
NO_CREW_URGENT = "Pekerjaan mendesak menunggu: tidak ada regu yang dapat dikirim."


def assign(session: Session, report: Report, *, now: datetime) -> WorkOrder:
    """A work order for a report: given to a crew of its UP3 at once, or waiting when none is free."""
    premises = session.get(Premises, report.premises_id) if report.premises_id else None
    place = _place(premises.lat, premises.lon) if premises else None
    return _made(session, _for(report, place), now=now)


def assign_place(session: Session, location: FaultLocation, *, now: datetime) -> WorkOrder:
    """A work order for a place of an outage, given like a report's. Its clocks start when the power went."""
    dark = select(func.max(OutagePeriod.dark_from)).where(OutagePeriod.outage_id == location.outage_id)
    return _made(
        session,
        WorkOrder(
            outage_id=location.outage_id,
            fault_location_id=location.id,
            unit=location.unit,
            ulp=location.ulp,
            priority=PLACE_OF_OUTAGE,
            skill=operator().dispatch.fault_location,
            lat=location.lat,
            lon=location.lon,
            reported_at=session.scalar(dark) or location.created_at,
        ),
        now=now,
    )


def ensure(session: Session, report: Report, *, now: datetime) -> None:
    """A report that nobody is working on gets a work order; the crews of its UP3 are locked already."""
    if open_order(session, report.id) is None:
        assign(session, report, now=now)
    else:
        prioritise(session, report)


def ensure_all(session: Session, reports: Sequence[Report], *, now: datetime) -> None:
    """The same for many, who get their crews in one batch for each UP3; its crews are locked already."""
    ids = [report.id for report in reports]
    taken = select(WorkOrder.report_id).where(WorkOrder.report_id.in_(ids), WorkOrder.status.in_(UNFINISHED))
    served = set(session.scalars(taken))
    at = [report.premises_id for report in reports if report.premises_id]
    found = session.execute(select(Premises.id, Premises.lat, Premises.lon).where(Premises.id.in_(at)))
    places = {premises: _place(lat, lon) for premises, lat, lon in found}
    left = [report for report in reports if report.id not in served]
    orders = [_fresh(_for(one, places.get(one.premises_id or 0)), now) for one in left]
    session.add_all(orders)
    session.flush()
    clocks.follow_orders(session, orders, now=now)
    for unit in sorted({report.unit for report in left}):
        give_waiting(session, unit, now=now)


def prioritise(session: Session, report: Report) -> None:
    """The report has become more, or less, important: so has its order. The crews of its UP3 are locked already."""
    order = open_order(session, report.id)
    if order is not None:
        order.priority = _priority(report)
        session.flush()


def lock_crews(session: Session, *units: str) -> None:
    """The crews of these UP3 are nobody else's to give: counting and giving become one step, so that no crew gets a
    fourth order. Whoever locks one of their work orders or reports as well takes this first.

    A row for each UP3 and not the crews themselves: which crews it has changes when one is lent, and two who lock a
    changing set wait for each other.
    """
    for unit in sorted(set(units)):
        held = select(Command).where(Command.unit == unit).with_for_update()
        insert_once(session, Command(unit=unit), partial(session.scalar, held))


def give(session: Session, order: WorkOrder, *, now: datetime, by: str = "system", crew_id: int | None = None) -> bool:
    """The order goes to the best crew, or to this one, whatever its skill and way; False, and still waiting, when there
    is none. The crews are locked already. Raises Refused (`crew-not-free`).
    """
    crews = _free(session, order.unit, now=now)
    if crew_id is None:
        match = dict(dispatch.match(_tasks(session, [order]), crews, operator().dispatch))
    elif any(crew.id == crew_id for crew in crews):
        match = {order.id: crew_id}
    else:
        raise Refused("Regu itu tidak bertugas di UP3 ini, penuh, atau tidak memberi kabar.", slug="crew-not-free")
    _hand_over(session, [order], match, now=now, by=by)
    if not match:
        settle(session, order.unit, now=now)
    return bool(match)


def give_waiting(session: Session, unit: str, *, now: datetime) -> int:
    """Whatever waits in a UP3 and finds a crew gets it, priority 1 first, then the oldest; answers how many. Takes the
    lock of its crews.
    """
    lock_crews(session, unit)
    crews, rules = _free(session, unit, now=now), operator().dispatch
    given = 0
    for orders in _pages(session, unit) if crews else ():
        match = dict(dispatch.match(_tasks(session, orders), crews, rules))
        _hand_over(session, [order for order in orders if order.id in match], match, now=now)
        given += len(match)
        if not any(crew.load < rules.most_orders for crew in crews):
            break
    settle(session, unit, now=now)
    return given


def retry(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """The timer of a UP3 in which orders waited: crews may have come nearer since."""
    give_waiting(session, key, now=now)
    if _waits(session, key):
        timers.arm(session, RETRY, key, now + operator().dispatch.retry)


def _for(report: Report, place: Place | None) -> WorkOrder:
    return WorkOrder(
        report_id=report.id,
        unit=report.unit,
        ulp=report.ulp,
        priority=_priority(report),
        skill=operator().dispatch.faults.get(report.trouble_code, ""),
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        reported_at=reported_at(report),
    )


def _fresh(order: WorkOrder, now: datetime) -> WorkOrder:
    order.status, order.created_at, order.changed_at = WorkOrderStatus.WAITING, now, now
    return order


def _made(session: Session, order: WorkOrder, *, now: datetime) -> WorkOrder:
    lock_crews(session, order.unit)
    session.add(_fresh(order, now))
    session.flush()
    clocks.follow_orders(session, [order], now=now)
    give(session, order, now=now)
    return order


def _priority(report: Report) -> int:
    return URGENT if report.urgent else report.priority or ORDINARY


def _pages(session: Session, unit: str) -> Iterator[Sequence[WorkOrder]]:
    """What waits, as many at a time as one batch takes; those that were given meanwhile are not seen again."""
    waiting = select(WorkOrder).where(WorkOrder.unit == unit, WorkOrder.status == WorkOrderStatus.WAITING)
    skipped = 0
    while orders := session.scalars(waiting.order_by(*TURN).offset(skipped).limit(_PAGE).with_for_update()).all():
        yield orders
        skipped += sum(order.status is WorkOrderStatus.WAITING for order in orders)
        if len(orders) < _PAGE:
            return


def _tasks(session: Session, orders: Sequence[WorkOrder]) -> list[Task]:
    """As the choice sees them. A crew that gave an order back does not get it again."""
    back = select(WorkOrderHistory.work_order_id, WorkOrderHistory.crew_id).where(
        WorkOrderHistory.work_order_id.in_([order.id for order in orders]),
        WorkOrderHistory.event.in_(_GIVEN_BACK),
        WorkOrderHistory.crew_id.is_not(None),
    )
    refused: dict[int, set[int]] = defaultdict(set)
    for order_id, crew_id in session.execute(back):
        refused[order_id].add(crew_id or 0)
    return [
        Task(order.id, order.ulp, order.skill, _place(order.lat, order.lon), frozenset(refused.get(order.id, ())))
        for order in orders
    ]


def _free(session: Session, unit: str, *, now: datetime) -> list[Candidate]:
    """The crews on duty that have a free hand and are not silent, with what they have already."""
    rules = operator().dispatch
    loads = (
        select(WorkOrder.crew_id, func.count().label("load"))
        .where(WorkOrder.unit == unit, WorkOrder.status.in_(WITH_CREW))
        .group_by(WorkOrder.crew_id)
        .subquery()
    )
    load = func.coalesce(loads.c.load, 0)
    rows = (
        select(Crew.id, Crew.ulp, Crew.skills, load, Crew.lat, Crew.lon, Crew.position_at, Crew.base_lat, Crew.base_lon)
        .outerjoin(loads, loads.c.crew_id == Crew.id)
        .where(Crew.unit == unit, Crew.on_duty.is_(True), Crew.silent_since.is_(None), load < rules.most_orders)
        .order_by(Crew.id)
    )
    oldest = now - operator().rules.position_age
    usual = frozenset(rules.usual_skills)
    return [
        Candidate(
            crew,
            frozenset(ulp),
            frozenset(skills) or usual,
            count,
            (_place(lat, lon) if at is not None and at >= oldest else None) or _place(base_lat, base_lon),
        )
        for crew, ulp, skills, count, lat, lon, at, base_lat, base_lon in session.execute(rows)
    ]


def _place(lat: float | None, lon: float | None) -> Place | None:
    return None if lat is None or lon is None else Place(lat, lon)


def _hand_over(
    session: Session, orders: Iterable[WorkOrder], match: dict[int, int], *, now: datetime, by: str = "system"
) -> None:
    """Each matched order is its crew's, in the history too, and its crew's silence is measured from now on."""
    given = [order for order in orders if order.id in match]
    for order in given:
        order.crew_id = match[order.id]
        go(session, order, WorkOrderEvent.ASSIGN, by=by, now=now)
    session.flush()
    silent = dispatch.silence(
        WorkOrderStatus.ASSIGNED, now, mobile=False, position_at=None, rules=operator().dispatch.silent
    )
    if silent is not None:
        timers.arm_all(session, SILENT, {str(order.id): silent.at for order in given})
    reports = sorted(order.report_id for order in given if order.report_id)
    incidents.write_all(session, reports, IncidentStep.FUNCTIONALLY_ESCALATED, by=by, now=now)


def go(session: Session, order: WorkOrder, event: WorkOrderEvent, *, by: str, now: datetime, note: str = "") -> None:
    """One step of an order, with its entry in the history. Raises IllegalMove and has changed nothing."""
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


def settle(session: Session, unit: str, *, now: datetime) -> None:
    """Somebody must know of orders that find no crew: of each urgent one, and once of all the others of a UP3. What was
    told of others is over.
    """
    waits = select(WorkOrder.id).where(WorkOrder.id == Alert.work_order_id, WorkOrder.status == WorkOrderStatus.WAITING)
    about_one = (Alert.kind == AlertKind.NO_CREW, Alert.unit == unit, Alert.ended_at.is_(None), Alert.work_order_id > 0)
    over = update(Alert).where(*about_one, ~waits.exists()).values(ended_at=now)
    session.execute(over.execution_options(synchronize_session="fetch"))
    if not _waits(session, unit):
        alerts.end(session, AlertKind.NO_CREW, f"unit:{unit}", now=now)
        return
    told = select(Alert.id).where(
        Alert.work_order_id == WorkOrder.id, Alert.kind == AlertKind.NO_CREW, Alert.ended_at.is_(None)
    )
    waiting = (WorkOrder.unit == unit, WorkOrder.status == WorkOrderStatus.WAITING, WorkOrder.priority == URGENT)
    for order in session.scalars(select(WorkOrder).where(*waiting, ~told.exists()).order_by(*TURN).limit(_PAGE)):
        alerts.put(
            session,
            AlertKind.NO_CREW,
            f"order:{order.id}",
            unit=unit,
            text=NO_CREW_URGENT,
            now=now,
            report_id=order.report_id,
            outage_id=order.outage_id,
            work_order_id=order.id,
        )
    alerts.put(session, AlertKind.NO_CREW, f"unit:{unit}", unit=unit, text=NO_CREW, now=now)
    if not timers.armed(session, RETRY, unit):
        timers.arm(session, RETRY, unit, now + operator().dispatch.retry)


def _waits(session: Session, unit: str) -> bool:
    waiting = select(WorkOrder.id).where(WorkOrder.unit == unit, WorkOrder.status == WorkOrderStatus.WAITING)
    return session.scalar(waiting.limit(1)) is not None
