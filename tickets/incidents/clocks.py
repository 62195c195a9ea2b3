"""The clocks of orders, outages and reports (incidents.yaml): when somebody is warned, when it is late (ADR 53).

Response: report → a crew has arrived. Recovery: start of work → power is on. Promise: the "± 3 jam" from the first
report; what belongs to an outage has the outage's instead, and that is its estimate where it has one. Answer: 1×24 h.

A clock is one timer, whose key is `clock:what-id`; whether it still runs is read from the rows when it strikes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import ROW_LOCK, Base
from config.operator import operator
from config.schema.incidents import Threshold
from tickets import timers
from tickets.incidents import alerts, escalation, incidents
from tickets.kinds import AlertKind, Clock
from tickets.models import Outage, OutagePeriod, Report, WorkOrder
from tickets.outages import phrases
from tickets.states import DARK, UNFINISHED, OutageStatus, ReportStatus

TIMER = "clock"
LATE = {
    Clock.RESPONSE: AlertKind.RESPONSE_LATE,
    Clock.RECOVERY: AlertKind.RECOVERY_LATE,
    Clock.PROMISE: AlertKind.PROMISE_LATE,
    Clock.ANSWER: AlertKind.ANSWER_LATE,
}
WORDS = {
    Clock.RESPONSE: "Regu belum tiba",
    Clock.RECOVERY: "Pekerjaan belum menyala",
    Clock.PROMISE: "Listrik belum menyala",
    Clock.ANSWER: "Pelanggan belum dijawab",
}
OF_ORDERS = (Clock.RESPONSE, Clock.RECOVERY, Clock.PROMISE)
_TABLES: dict[str, type[Base]] = {"order": WorkOrder, "outage": Outage, "report": Report}


@dataclass(frozen=True)
class Running:
    """A clock that runs."""

    started: datetime
    warn: datetime
    late: datetime

    def state(self, now: datetime) -> Literal["running", "warned", "late"]:
        """How far it has run."""
        return "late" if now >= self.late else "warned" if now >= self.warn else "running"

    def next(self, now: datetime) -> datetime | None:
        """When it strikes next; None: it has struck late."""
        return next((at for at in (self.warn, self.late) if now < at), None)


def running(started: datetime, threshold: Threshold, late: datetime | None = None) -> Running:
    """`late` = the instant that was promised, instead of the usual one."""
    end = late or started + threshold.late_after
    return Running(started, max(started, end - (threshold.late_after - threshold.warn_after)), end)


def of_order(order: WorkOrder, clock: Clock) -> Running | None:
    """A clock of an order, if it runs. An order of an outage's place makes no promise: its outage does."""
    rules = operator().incidents.clocks
    if order.status not in UNFINISHED or order.power_on_at is not None:
        return None
    first = order.reported_at or order.created_at
    if clock is Clock.RESPONSE:
        return running(first, rules.response) if order.arrived_at is None else None
    if clock is Clock.RECOVERY:
        return running(order.started_at, rules.recovery) if order.started_at is not None else None
    return running(first, rules.promise) if order.report_id is not None else None


def of_outage(session: Session, outage: Outage) -> Running | None:
    """What was promised to everybody inside, if the power is off: the estimate, else three hours."""
    if outage.status_kind not in DARK:
        return None
    dark = select(func.min(OutagePeriod.dark_from)).where(
        OutagePeriod.outage_id == outage.id, OutagePeriod.lit_at.is_(None)
    )
    return running(session.scalar(dark) or outage.reported_start, operator().incidents.clocks.promise, outage.etr)


def of_report(report: Report) -> Running | None:
    """The 1×24 h, if somebody waits for an answer; who belongs to an outage is answered with it."""
    waits = report.respond_by is not None and report.responded_at is None and report.outage_id is None
    if not waits or report.respond_by is None or report.status is not ReportStatus.BELUM_SELESAI:
        return None
    return running(report.reported_at, operator().incidents.clocks.answer, report.respond_by)


def of_incident(session: Session, report: Report) -> dict[Clock, Running]:
    """What runs for a report now: its order's clocks, or its outage's; and its own."""
    found: dict[Clock, Running | None] = {Clock.ANSWER: of_report(report)}
    if report.outage_id is not None:
        found[Clock.PROMISE] = of_outage(session, session.get_one(Outage, report.outage_id))
    else:
        rows = select(WorkOrder).where(WorkOrder.report_id == report.id, WorkOrder.status.in_(UNFINISHED))
        order = session.scalar(rows.order_by(WorkOrder.id.desc()).limit(1))
        found |= {clock: of_order(order, clock) for clock in OF_ORDERS} if order is not None else {}
    if report.resolved_at is not None and report.told_at is None:
        found[Clock.TOLD] = running(report.resolved_at, operator().incidents.clocks.told)
    return {clock: one for clock in Clock if (one := found.get(clock)) is not None}


def follow_orders(session: Session, orders: Sequence[WorkOrder], *, now: datetime) -> None:
    """Orders were made, or moved: what runs is armed, what does not is over."""
    found = {f"{clock}:order-{order.id}": of_order(order, clock) for order in orders for clock in OF_ORDERS}
    _follow(session, found, now=now)


def follow_outage(session: Session, outage: Outage, *, now: datetime) -> None:
    """The outage has changed, or its estimate. Once power is back, those who reported must be told in time."""
    _follow(session, {f"{Clock.PROMISE}:outage-{outage.id}": of_outage(session, outage)}, now=now)
    if outage.status_kind is OutageStatus.RESTORED:
        told = operator().incidents.clocks.told
        timers.arm(session, incidents.TOLD, f"outage-{outage.id}", now + told.warn_after)


def follow_report(session: Session, report: Report, *, now: datetime) -> None:
    """The report was filed, answered, finished, told again, or left its outage. Finished, its customer must be told in
    time.
    """
    _follow(session, {f"{Clock.ANSWER}:report-{report.id}": of_report(report)}, now=now)
    if report.status is ReportStatus.SELESAI and report.told_at is None and report.outage_id is None:
        told = operator().incidents.clocks.told
        timers.arm(session, incidents.TOLD, f"report-{report.id}", now + told.warn_after)


def over(session: Session, order_ids: Iterable[int], *, now: datetime) -> None:
    """These orders are cancelled, all at once."""
    for part in incidents.parts([*order_ids]):
        _follow(session, {f"{clock}:order-{one}": None for one in part for clock in OF_ORDERS}, now=now)


def strike(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """The timer of a clock."""
    name, _, what = key.partition(":")
    clock = Clock(name)
    found, about = _read(session, clock, what)
    if found is None:
        alerts.end(session, LATE[clock], what, now=now)
        return
    if now >= found.warn:
        late = now >= found.late
        minutes = round((found.late - (found.started if late else now)) / timedelta(minutes=1))
        # What was promised may lie before the start.
        said = phrases.duration(timedelta(minutes=max(0, minutes)))
        text = f"{WORDS[clock]} sesudah {said}." if late else f"{WORDS[clock]}; sisa {said}."
        # Late, it strikes again whenever what it is about moves; that is no news.
        if text != alerts.says(session, LATE[clock], what):
            alert = alerts.put(session, LATE[clock], what, text=text, now=now, **about)
            escalation.tell(session, alert, text, by="system", now=now)
    following = found.next(now)
    if following is not None:
        timers.arm(session, TIMER, key, following)


def _follow(session: Session, found: dict[str, Running | None], *, now: datetime) -> None:
    armed = {key: clock.next(now) or now for key, clock in found.items() if clock is not None}
    if armed:
        timers.arm_all(session, TIMER, armed)
    gone = [key for key in found if key not in armed]
    if gone:
        timers.disarm(session, TIMER, *gone)
    # A promise that was moved is not broken any more.
    calm = {key for key, clock in found.items() if clock is None or now < clock.warn}
    for clock, kind in LATE.items():
        about = [what for name, _, what in (key.partition(":") for key in calm) if name == clock]
        if about:
            alerts.end_all(session, kind, sorted(about), now=now)


def _read(session: Session, clock: Clock, what: str) -> tuple[Running | None, dict[str, Any]]:
    """The clock as it is now, its row locked: who stops it at this moment goes first or finds the alert."""
    kind, _, number = what.partition("-")
    row = session.get(_TABLES[kind], int(number), with_for_update=ROW_LOCK, populate_existing=True)
    if isinstance(row, WorkOrder):
        about = {"unit": row.unit, "work_order_id": row.id, "report_id": row.report_id, "outage_id": row.outage_id}
        return of_order(row, clock), about
    if isinstance(row, Outage):
        return of_outage(session, row), {"unit": operator().unit_of(row.area)[0], "outage_id": row.id}
    if isinstance(row, Report):
        return of_report(row), {"unit": row.unit, "report_id": row.id}
    return None, {}
