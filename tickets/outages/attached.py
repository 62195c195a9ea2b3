"""The reports follow their outage: there may be sixty thousand, and none has an order of its own (ADR 61).

`follow` looks at the outage and at its reports and does what is missing, a few thousand in one transaction; a timer
goes on with the rest, so that nobody waits for it. One report by hand: links.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, func, insert, literal, not_, or_, select, update
from sqlalchemy.orm import Session, aliased

from config.errors import NotFound, Refused
from config.operator import operator
from config.schema.messages import HAZARD
from tickets import timers, workorders
from tickets.incidents import clocks, incidents, priorities
from tickets.kinds import CompletionCode, HistoryKind, IncidentStep, ReportingKind, ReportKind, UrgentReason
from tickets.models import (
    Alert,
    Outage,
    OutagePeriod,
    Premises,
    Report,
    ReportHistory,
    Subscription,
    WorkOrder,
    WorkOrderHistory,
)
from tickets.outages import scopes
from tickets.outages.moves import locked
from tickets.states import (
    DARK,
    LIVE,
    REPORT,
    WITH_CREW,
    WORK_ORDER,
    OutageStatus,
    ReportEvent,
    ReportStatus,
    WorkOrderEvent,
    WorkOrderStatus,
)

GO_ON = "attached"  # kind of the timer; its key is the outage's id
AT_ONCE = 5_000  # reports in one transaction: half a second
ORPHANS_AT_ONCE = 500  # each of these is given to a crew
SOON = timedelta(seconds=1)
# Who filed in the very instant of the confirmation did not see the outage, and was not seen by it.
ONCE_MORE = timedelta(minutes=1)
# The start that is told is rounded, and often the instant of the confirmation: who reported in the hour before it
# reported this outage.
EARLIER = timedelta(hours=1)
# Orders that nobody has begun: the crew has not accepted yet.
NOT_BEGUN = (WorkOrderStatus.WAITING, WorkOrderStatus.ASSIGNED)
BEGUN = tuple(status for status in WITH_CREW if status not in NOT_BEGUN)
_OPEN = Report.status == ReportStatus.BELUM_SELESAI
_FAULT = Report.kind == ReportKind.GANGGUAN
_Wanted = Sequence[ColumnElement[bool]]


def follow(session: Session, outage_id: int, *, by: str, now: datetime, gone: Sequence[str] = ()) -> None:
    """After whatever has happened to an outage, whose row is locked: its reports are as it is.

    Dark: those inside that were told before it was known are marked, "INFO PADAM MELUAS", and what a return of power
    had finished is open again. Lit, all of it or in part: finished. Dismissed, or in scopes that were never part of it
    (`gone`): each has its crew. Done twice it is done once; what the timer has not done yet of `gone` goes on.
    """
    gone = sorted({*gone, *timers.payload(session, GO_ON, str(outage_id)).get("gone", ())})
    if _round(session, outage_id, by=by, now=now, gone=gone):
        timers.arm(session, GO_ON, str(outage_id), now + SOON, {"by": by, "gone": gone})
    elif session.get_one(Outage, outage_id).status_kind in DARK:
        timers.arm(session, GO_ON, str(outage_id), now + ONCE_MORE, {"by": by})


def go_on(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """The timer: the next few thousand."""
    locked(session, int(key))
    if _round(session, int(key), by=payload["by"], now=now, gone=payload.get("gone", ())):
        timers.arm(session, GO_ON, key, now + SOON, payload)


def hand_over(session: Session, outage_id: int, to: int, *, by: str, now: datetime) -> None:
    """A proposal has turned out to be part of another outage, both locked: its reports are that one's, and who wanted
    to be told is told of that one. None of the reports has an order of its own, and none gets one.
    """
    known = select(Subscription.phone).where(Subscription.outage_id == to)
    moved = (Subscription.outage_id == outage_id, Subscription.phone.not_in(known))
    session.execute(update(Subscription).where(*moved).values(outage_id=to))
    while ids := _ids(session, (Report.outage_id == outage_id,)):
        _write(session, ids, "Bagian dari padam yang lebih luas.", {"outage": outage_id}, {"outage": to}, by=by, at=now)
        _set(session, ids, outage_id=to)


def live(session: Session, outage_id: int) -> Outage:
    """A live outage that cannot end before this transaction does; others may hold it too. Raises NotFound
    (`unknown-outage`), Refused (`outage-over`).
    """
    outage = session.get(Outage, outage_id, with_for_update={"read": True}, populate_existing=True)
    if outage is None:
        raise NotFound("Padam itu tidak ada.", slug="unknown-outage", field="outage")
    if outage.status_kind not in LIVE:
        raise Refused("Padam itu sudah berakhir.", slug="outage-over", field="outage")
    return outage


def inside(codes: Collection[str]) -> ColumnElement[bool]:
    """Whether a report lies in one of these scopes. Of a known premises its own ULP and feeder count."""
    here = exists().where(Premises.id == Report.premises_id)
    found: list[ColumnElement[bool]] = []
    for code in codes:
        kind, _, name = code.partition(":")
        if kind == "ulp":
            found += [here.where(Premises.ulp == name), and_(Report.premises_id.is_(None), Report.ulp == name)]
        elif kind == "feeder":
            found.append(here.where(Premises.feeder == name))
        else:
            found += [Report.area == code, Report.area.startswith(f"{code}.", autoescape=True)]
    return or_(false(), *found)


def _round(session: Session, outage_id: int, *, by: str, now: datetime, gone: Sequence[str]) -> bool:
    """Whether there may be more."""
    session.flush()
    outage = session.get_one(Outage, outage_id)
    told: dict[str, Any] = {"by": by, "now": now}
    outside = (inside(gone), not_(inside(scopes.of(session, outage.id))))
    if outage.status_kind in DARK:
        more = bool(gone) and _orphan(session, outage, outside, **told) == ORPHANS_AT_ONCE
        done = [_finish_lit(session, outage, **told), _open_again(session, outage, **told)]
        return AT_ONCE in (*done, _mark(session, outage, **told)) or more
    if outage.status_kind is OutageStatus.CLOSED and outage.restored_at is None:
        return _orphan(session, outage, (), **told) == ORPHANS_AT_ONCE
    if outage.restored_at is not None:
        # Whose power was never part of it does not have it back: first these, then all others are finished.
        if gone and _orphan(session, outage, outside, **told) == ORPHANS_AT_ONCE:
            return True
        return _finish(session, outage, (), at=outage.restored_at, **told) == AT_ONCE
    return False


def _mark(session: Session, outage: Outage, *, by: str, now: datetime) -> int:
    """Left alone: danger, "only my building", what a crew is on its way to, what was told more than an hour before the
    power went (this time: before it had come back), what belongs to another outage.
    """
    since = _went(session, outage) - EARLIER
    begun = aliased(WorkOrder)
    wanted = (
        # All of them: the index of the board begins with the unit.
        Report.unit.in_(list(operator().areas.units)),
        _OPEN,
        _FAULT,
        Report.outage_id.is_(None),
        func.coalesce(Report.reopened_at, Report.reported_at) >= since,
        Report.multiple_premises.is_not(False),
        Report.trouble_code != HAZARD,
        func.coalesce(Report.urgent, "") != UrgentReason.HAZARD,
        inside(scopes.of(session, outage.id, live=True)),
        ~exists().where(begun.report_id == Report.id, begun.status.in_(BEGUN)),
    )
    few = session.scalars(select(Report.id).where(*wanted).order_by(Report.id).limit(AT_ONCE)).all()
    units = _lock_crews(session, few)
    unbegun = select(WorkOrder.id, WorkOrder.report_id).where(WorkOrder.report_id.in_(few))
    found = session.execute(unbegun.where(WorkOrder.status.in_(NOT_BEGUN)).order_by(WorkOrder.id).with_for_update())
    of = {row.id: row.report_id for row in found}
    ids = _ids(session, (Report.id.in_(few), *wanted))
    theirs, name = set(ids), scopes.name(outage)
    orders = [order for order, report in of.items() if report in theirs]
    _write(session, ids, f"INFO PADAM MELUAS: {name}.", {"outage": None}, {"outage": outage.id}, by=by, at=now)
    _set(session, ids, outage_id=outage.id, **priorities.of_an_outage())
    _cancel(session, orders, f"Bagian dari padam meluas: {name}.", by=by, at=now)
    if orders:
        for unit in units:
            workorders.give_waiting(session, unit, now=now)
    return len(ids)


def _went(session: Session, outage: Outage) -> datetime:
    """When the power went; after it has come and gone, when it was last said to be back: who called since then that it
    was dark was right, as is known now.
    """
    return scopes.lit_before(session, outage) or outage.reopened_at or outage.reported_start


def _finish_lit(session: Session, outage: Outage, *, by: str, now: datetime) -> int:
    """The parts that have power again; what was told after that is another matter. Of whom no more is known than that
    he lives in what was taken apart, nobody knows that he is lit.
    """
    at = session.scalar(select(func.max(OutagePeriod.lit_at)).where(OutagePeriod.outage_id == outage.id))
    if at is None:
        return 0
    pieces, dark = scopes.smallest(scopes.of(session, outage.id)), scopes.dark(session, outage.id)
    before = func.coalesce(Report.reopened_at, Report.reported_at) <= at
    return _finish(session, outage, (inside(pieces), not_(inside(dark)), before), at=at, by=by, now=now)


def _finish(session: Session, outage: Outage, wanted: _Wanted, *, at: datetime, by: str, now: datetime) -> int:
    """Power came back at that instant."""
    ids = _ids(session, (Report.outage_id == outage.id, _OPEN, *wanted))
    done = REPORT.next(ReportStatus.BELUM_SELESAI, ReportEvent.RESOLVE)
    old: dict[str, Any] = {"status": ReportStatus.BELUM_SELESAI.value}
    _write(session, ids, "Padam meluas teratasi.", old, {"status": done.value}, by=by, at=now)
    incidents.enter(session, ids, IncidentStep.RESOLVED, by=by, now=now, note="padam meluas teratasi")
    _set(
        session,
        ids,
        status=done,
        step=IncidentStep.RESOLVED,
        resolved_at=at,
        completion_code=CompletionCode.DONE,
        # As workorders.finish: whoever waited for an answer has it.
        responded_at=case((Report.respond_by.is_not(None), func.coalesce(Report.responded_at, now))),
    )
    incidents.decided(session, ids, now=now)
    return len(ids)


def _open_again(session: Session, outage: Outage, *, by: str, now: datetime) -> int:
    """Power went again: same number, same first instant, no star, for nobody has called.

    A report stays finished where its customer has said that it is, where a newer or open report of the premises takes
    its place, and in the parts that are lit.
    """
    at = outage.reopened_at
    if at is None:
        return 0
    lit_at = select(OutagePeriod.lit_at).where(OutagePeriod.outage_id == outage.id, OutagePeriod.lit_at.is_not(None))
    other, yes = aliased(Report), aliased(ReportHistory)
    same = (other.premises_id == Report.premises_id, other.kind == ReportKind.GANGGUAN, other.id != Report.id)
    wanted = (
        Report.outage_id == outage.id,
        Report.status == ReportStatus.SELESAI,
        _FAULT,
        Report.resolved_at.in_(lit_at),
        or_(inside(scopes.dark(session, outage.id)), not_(inside(scopes.of(session, outage.id)))),
        ~exists().where(*same, or_(other.status == ReportStatus.BELUM_SELESAI, other.id > Report.id)),
        ~exists().where(other.related_id == Report.id),
        ~exists().where(
            yes.report_id == Report.id,
            yes.kind == HistoryKind.COMMENT,
            yes.at >= Report.resolved_at,
            yes.new["finished"].as_boolean(),
        ),
    )
    ids = _ids(session, wanted)
    again = REPORT.next(ReportStatus.SELESAI, ReportEvent.REOPEN)
    old: dict[str, Any] = {"status": ReportStatus.SELESAI.value}
    _write(session, ids, "Listrik padam lagi.", old, {"status": again.value}, by=by, at=now)
    incidents.enter(session, ids, IncidentStep.IDENTIFIED, by=by, now=now, note="listrik padam lagi")
    _set(
        session,
        ids,
        status=again,
        step=IncidentStep.PRIORITISED,
        reopened_at=at,
        resolved_at=None,
        completion_code=None,
        completion_note="",
        told_at=None,
        closed_at=None,
    )
    return len(ids)


def _orphan(session: Session, outage: Outage, wanted: _Wanted, *, by: str, now: datetime) -> int:
    """It was none, or none there: its open reports belong to another one that covers them, else each to a crew."""
    # One that somebody changes at this moment is not waited for: two would wait for each other.
    dark = select(Outage).where(Outage.status_kind.in_(DARK), Outage.id != outage.id).order_by(Outage.id.desc())
    others = session.scalars(dark.with_for_update(read=True, skip_locked=True)).all()
    mine = (Report.outage_id == outage.id, _OPEN, *wanted)
    few = session.scalars(select(Report.id).where(*mine).order_by(Report.id).limit(ORPHANS_AT_ONCE)).all()
    _lock_crews(session, few)
    ids = _ids(session, (Report.id.in_(few), *mine))
    said = "Ternyata di luar padam meluas." if wanted else "Ternyata bukan padam meluas."
    _write(session, ids, said, {"outage": outage.id}, {"outage": None}, by=by, at=now)
    _set(session, ids, outage_id=None)
    for other in others:
        _mark(session, other, by=by, now=now)
    alone = select(Report).where(Report.id.in_(ids), Report.outage_id.is_(None)).order_by(Report.id)
    left = session.scalars(alone).all()
    for report in left:
        priorities.put(session, report)
        clocks.follow_report(session, report, now=now)
    workorders.ensure_all(session, left, now=now)
    return len(ids)


def _lock_crews(session: Session, ids: Sequence[int]) -> list[str]:
    """The crews of every UP3 that has such a report; answers these."""
    units = sorted(session.scalars(select(Report.unit).where(Report.id.in_(ids)).distinct()))
    workorders.lock_crews(session, *units)
    return units


def _ids(session: Session, wanted: _Wanted) -> Sequence[int]:
    """The first of these reports, locked: each statement after this is about the same ones."""
    rows = select(Report.id).where(*wanted).order_by(Report.id).limit(AT_ONCE)
    return session.scalars(rows.with_for_update(of=Report)).all()


def _write(
    session: Session, ids: Sequence[int], note: str, old: dict[str, Any], new: dict[str, Any], **told: Any
) -> None:
    """One entry in the history of each: a transition where the status is told, else a change."""
    kind = HistoryKind.TRANSITION if "status" in new else HistoryKind.CHANGE
    same = {"channel": ReportingKind.OTHER, "call": "", "kind": kind, "note": note, "old": old, "new": new, **told}
    columns = ReportHistory.__table__.c
    values = [literal(value, columns[name].type) for name, value in same.items()]
    rows = select(Report.id, *values).where(Report.id.in_(ids))
    session.execute(insert(ReportHistory).from_select(["report_id", *same], rows))


def _set(session: Session, ids: Sequence[int], **values: Any) -> None:
    session.execute(update(Report).where(Report.id.in_(ids)).values(**values))


def _cancel(session: Session, orders: Sequence[int], note: str, **told: Any) -> None:
    """Orders that nobody has begun; their history says why, and nobody is asked to look at them."""
    event, now = WorkOrderEvent.CANCEL, told["at"]
    (gone,) = {WORK_ORDER.next(status, event) for status in NOT_BEGUN}
    same = {"event": event.value, "status": gone, "note": note, **told}
    columns = WorkOrderHistory.__table__.c
    values = [literal(value, columns[name].type) for name, value in same.items()]
    rows = select(WorkOrder.id, WorkOrder.crew_id, *values).where(WorkOrder.id.in_(orders))
    session.execute(insert(WorkOrderHistory).from_select(["work_order_id", "crew_id", *same], rows))
    session.execute(update(WorkOrder).where(WorkOrder.id.in_(orders)).values(status=gone, changed_at=now))
    asked = (Alert.work_order_id.in_(orders), Alert.ended_at.is_(None))
    session.execute(update(Alert).where(*asked).values(ended_at=now))
    clocks.over(session, orders, now=now)
