"""Reads and writes of the history's tables. The only place that folds entries into rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import String, insert, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from config.database import Base
from router.agents import CsoState
from router.calls import Outcome
from router.events import Entry, Event
from router.history import handovers
from router.history.fold import FOLDS, moment
from router.history.models import CallEvent, CallRecord, CsoActivity, JournalPosition

START = "0-0"


class PositionMoved(Exception):
    """Somebody else has written history since the position was read; nothing of this batch is kept."""


def position(session: Session, pool: str) -> str:
    """The id of the last entry that is in the history."""
    row = session.get(JournalPosition, pool)
    return row.entry if row else START


def ended(session: Session, pool: str, calls: Sequence[str]) -> set[str]:
    """Those of these calls that have an outcome."""
    rows = select(CallRecord.id).where(CallRecord.pool == pool, CallRecord.id.in_([*calls]), CallRecord.outcome != "")
    return set(session.scalars(rows))


def append(session: Session, pool: str, expected: str, entries: Sequence[Entry]) -> None:
    """Write a batch and move the position, in the caller's one transaction: both or neither (R7).

    Raises PositionMoved when the position is no longer `expected`.
    """
    row = session.get(JournalPosition, pool, with_for_update=True)
    if row is None:
        row = JournalPosition(pool=pool, entry=START)
        session.add(row)
        session.flush()  # of two first writers one fails here, on the primary key
    if row.entry != expected:
        raise PositionMoved
    row.entry = entries[-1].id
    session.execute(insert(CallEvent), [_event(pool, entry) for entry in entries])
    _fold_calls(session, pool, entries)
    _fold_csos(session, pool, entries)
    handovers.fold(session, pool, entries)


def _event(pool: str, entry: Entry) -> dict[str, Any]:
    values = {
        "pool": pool,
        "epoch": entry.epoch,
        "entry": entry.id,
        "event": entry.event.value,
        "at": moment(entry.at),
        "call": entry.call,
        "cso": entry.cso,
        "queue": entry.queue,
        "carrier": entry.carrier,
        "data": entry.data,
    }
    return _clipped(CallEvent, values)


def _clipped(model: type[Base], values: dict[str, Any]) -> dict[str, Any]:
    """Words cut to the length of their column: what a carrier sends must not stop the history of everybody."""
    return {name: _cut(value, model.__table__.columns[name].type) for name, value in values.items()}


def _cut(value: Any, kind: TypeEngine[Any]) -> Any:
    if not isinstance(value, str) or not isinstance(kind, String):
        return value
    return value.replace("\x00", "")[: kind.length]  # PostgreSQL refuses the zero character


def _fold_calls(session: Session, pool: str, entries: Iterable[Entry]) -> None:
    about = [entry for entry in entries if entry.call and entry.event in FOLDS]
    names = {entry.call for entry in about}
    found = session.scalars(select(CallRecord).where(CallRecord.pool == pool, CallRecord.id.in_(names)))
    records = {record.id: record for record in found}
    for entry in about:
        if entry.call not in records:
            records[entry.call] = CallRecord(pool=pool, id=entry.call, offers=0, emergency=False, priority=0)
            session.add(records[entry.call])
        record = records[entry.call]
        for name, value in _clipped(CallRecord, FOLDS[entry.event](record, entry)).items():
            setattr(record, name, value)


def _fold_csos(session: Session, pool: str, entries: Iterable[Entry]) -> None:
    about = [entry for entry in entries if entry.event is Event.CSO_STATE]
    names = {entry.cso for entry in about}
    found = session.scalars(
        select(CsoActivity).where(CsoActivity.pool == pool, CsoActivity.cso.in_(names), CsoActivity.until.is_(None))
    )
    last = {row.cso: row for row in found}
    for entry in about:
        state, reason = entry.data.get("state", ""), entry.data.get("reason", "")
        before = last.get(entry.cso)
        if before and (before.state, before.reason) == (state, reason):
            continue  # only a wish or the telephone changed
        if before:
            before.until = moment(entry.at)
            del last[entry.cso]
        if state != CsoState.LOGGED_OUT:
            values = {"pool": pool, "cso": entry.cso, "state": state, "reason": reason, "call": entry.call}
            last[entry.cso] = CsoActivity(**_clipped(CsoActivity, values), since=moment(entry.at))
            session.add(last[entry.cso])


def record(session: Session, call: str) -> CallRecord | None:
    """The record of a call; when it was moved, that of the pool which had it last."""
    moved = CallRecord.outcome == Outcome.MOVED.value
    return session.scalars(
        select(CallRecord).where(CallRecord.id == call).order_by(moved, CallRecord.arrived_at.desc()).limit(1)
    ).first()


def events(session: Session, pool: str, call: str) -> Sequence[CallEvent]:
    """Everything the journal told of a call, in order."""
    return session.scalars(
        select(CallEvent).where(CallEvent.pool == pool, CallEvent.call == call).order_by(CallEvent.id)
    ).all()


def activities(session: Session, pool: str, cso: str, since: datetime) -> Sequence[CsoActivity]:
    """What a CSO did since an instant, in order."""
    return session.scalars(
        select(CsoActivity)
        .where(CsoActivity.pool == pool, CsoActivity.cso == cso, CsoActivity.since >= since.astimezone(UTC))
        .order_by(CsoActivity.since, CsoActivity.id)
    ).all()


def pool_events(session: Session, pool: str, names: Iterable[Event], limit: int) -> Sequence[CallEvent]:
    """What was told of the pool itself, newest first."""
    return session.scalars(
        select(CallEvent)
        .where(CallEvent.pool == pool, CallEvent.call == "", CallEvent.event.in_([name.value for name in names]))
        .order_by(CallEvent.id.desc())
        .limit(limit)
    ).all()


def open_callbacks(session: Session, pool: str) -> Sequence[CallRecord]:
    """The calls that were asked to be called back and are not over, the oldest arrival first."""
    return session.scalars(
        select(CallRecord)
        .where(CallRecord.pool == pool, CallRecord.callback, CallRecord.outcome == "")
        .order_by(CallRecord.arrived_at, CallRecord.id)
    ).all()
