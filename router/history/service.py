"""What is known of a call, and what is going on now: rows and snapshots as views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.errors import NotFound
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from router.history import repository
from router.history.fold import moment
from router.history.models import CallEvent, CallRecord
from router.history.schemas import AgentView, CallEventView, CallRecordView, LevelEntryView, QueueView
from router.store.types import Cso, Snapshot
from router.store.verbs_callback import LostCallback


def call_record(session: Session, call: str) -> CallRecordView:
    """The record of a call with its events; raises NotFound (slug unknown-call)."""
    record = repository.record(session, call)
    if record is None:
        raise NotFound("Panggilan itu tidak dikenal.", slug="unknown-call")
    view = CallRecordView.model_validate(record, from_attributes=True)
    found = repository.events(session, record.pool, call)
    view.events = [CallEventView.model_validate(event, from_attributes=True) for event in found]
    return view


def ended(session: Session, pool: str, calls: Sequence[str]) -> set[str]:
    """Those of these calls whose end is written down."""
    return repository.ended(session, pool, calls)


def is_behind(session: Session, pool: str, entry: str) -> bool:
    """Whether this entry of the journal is not in the history yet."""
    return _order(repository.position(session, pool)) < _order(entry)


def _order(entry: str) -> tuple[int, int]:
    ms, _, n = entry.partition("-")
    return int(ms), int(n or 0)


def queues(snapshot: Snapshot, titles: Mapping[str, str]) -> list[QueueView]:
    """Every configured queue, in the order of the configuration."""
    return [_queue(snapshot, name, title) for name, title in titles.items()]


def _queue(snapshot: Snapshot, name: str, title: str) -> QueueView:
    calls = [call for call in snapshot.calls if call.queue == name]
    waiting = [call for call in calls if call.state in (CallState.WAITING, CallState.OFFERED)]
    serving = [cso for cso in snapshot.csos if name in cso.queues and cso.state is not CsoState.LOGGED_OUT]
    return QueueView(
        name=name,
        title=title,
        waiting=len(waiting),
        longest_wait_s=max((snapshot.at - call.queued for call in waiting), default=0) / 1000,
        talking=sum(call.state is CallState.TALKING for call in calls),
        ready=sum(cso.state is CsoState.READY and cso.telephone for cso in serving),
        serving=len(serving),
    )


def agents(snapshot: Snapshot) -> list[AgentView]:
    """Every CSO who is logged in."""
    return [agent(cso) for cso in snapshot.csos]


def agent(cso: Cso) -> AgentView:
    """One CSO."""
    return AgentView(
        id=cso.id,
        state=cso.state.value,
        since=moment(cso.since),
        reason=cso.reason,
        next=cso.next,
        queues=list(cso.queues),
        levels=cso.levels,
        skills=cso.skills,
        call=cso.call,
        carrier=cso.carrier,
        telephone=cso.telephone,
        wrap_until=moment(cso.wrap_until) if cso.wrap_until else None,
    )


def level_log(session: Session, pool: str, limit: int) -> list[LevelEntryView]:
    """Who changed the surge level or a gap, why, until when; newest first."""
    found = repository.pool_events(session, pool, (Event.LEVEL, Event.GAP), limit)
    return [
        LevelEntryView(
            at=row.at,
            event=row.event,
            by=row.data.get("by", ""),
            reason=row.data.get("reason", ""),
            hand=bool(row.data.get("hand", row.event == Event.GAP)),
            until=moment(row.data["until"]) if row.data.get("until") else None,
            level=row.data.get("level"),
            area=row.data.get("area"),
            per_s=row.data.get("per_s"),
            burst=row.data.get("burst"),
        )
        for row in found
    ]


def open_callbacks(session: Session, pool: str) -> list[LostCallback]:
    """The callbacks of a pool as its history knows them: for a store that lost them."""
    records = repository.open_callbacks(session, pool)
    found = [(record, repository.events(session, pool, record.id)) for record in records]
    return [_lost(record, events) for record, events in found if not _reached(events)]


def _reached(events: Sequence[CallEvent]) -> bool:
    """Whether they talked since the callback was asked for: that may have been after a conversation."""
    asked = max((n for n, event in enumerate(events) if event.event == Event.CALL_CALLBACK), default=0)
    return any(event.event == Event.CALL_REACHED for event in events[asked:])


def _lost(record: CallRecord, events: Sequence[CallEvent]) -> LostCallback:
    scores = [event.data["score"] for event in events if "score" in event.data]
    put_off = [event.data["until"] for event in events if event.event == Event.CALL_SCHEDULED]
    return LostCallback(
        id=record.id,
        carrier=record.carrier,
        ani=record.ani,
        trunk=record.trunk,
        region=record.region,
        number=record.callback_number,
        queue=record.queue,
        score=int(float(scores[-1])),
        priority=record.priority,
        arrived=_ms(record.arrived_at),
        queued=_ms(record.queued_at),
        asked=_ms(record.callback_at),
        until=int(put_off[-1]) if put_off else 0,
        attempts=record.callback_attempts,
        skills=record.skills,
    )


def _ms(instant: datetime | None) -> int:
    return round(instant.timestamp() * 1000) if instant else 0
