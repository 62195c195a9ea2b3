"""The counters counted again: SQL up to the history's position, and the journal's tail behind it (R8)."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select

from config.database import Database
from router.events import Event
from router.history import repository
from router.history.models import CallEvent
from router.store.acd import Acd


async def differences(acd: Acd, db: Database) -> list[str]:
    """What the store's counters say of this epoch against what was told in it; empty when they agree.

    Counters that began in the middle of the epoch (the store was upgraded while running) are not judged.
    """
    position, durable = _durable(db, acd.pool, acd.epoch)
    epoch, newest, counts = await acd.counted()
    if Event.STORE_STARTED.value not in counts:
        return []
    if epoch != acd.epoch:
        return ["the store was started again while it was counted: ask once more"]
    told = durable + await _tail(acd, position, newest, epoch)
    return [
        f"{event}: the store counts {counts.get(event, 0)}, told were {told[event]}"
        for event in sorted({*counts, *told})
        if counts.get(event, 0) != told[event]
    ]


def _durable(db: Database, pool: str, epoch: str) -> tuple[str, Counter[str]]:
    """The position, and what is in SQL up to it (a batch that commits meanwhile is not)."""
    with db.reading() as session:
        position = repository.position(session, pool)
        upto = select(func.max(CallEvent.id)).where(CallEvent.pool == pool, CallEvent.entry == position)
        here = (CallEvent.pool == pool, CallEvent.epoch == epoch, CallEvent.id <= upto.scalar_subquery())
        rows = session.execute(select(CallEvent.event, func.count()).where(*here).group_by(CallEvent.event))
        found = Counter({event: count for event, count in rows if event != Event.UNKNOWN})
        newer = session.scalars(select(CallEvent.data).where(*here, CallEvent.event == Event.UNKNOWN.value))
        return position, found + Counter(str(data["event"]) for data in newer)


async def _tail(acd: Acd, after: str, newest: str, epoch: str) -> Counter[str]:
    found: Counter[str] = Counter()
    while after != newest:
        entries = await acd.journal(after, count=5000)
        for entry in entries:
            if entry.epoch == epoch:
                found[entry.data["event"] if entry.event is Event.UNKNOWN else entry.event.value] += 1
            after = entry.id
            if after == newest:
                break
        if not entries:
            break
    return found
