"""What the dispatcher does for callbacks: their hours, the refused numbers, and those that a lost store forgot.

Nothing is held here but when it was done last: a second dispatcher beside it asks the store for the same things.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from config.database import Database
from config.errors import Problem
from config.operator import Operator
from config.zones import OFFSET_HOURS
from router.calls import CallState
from router.history import service
from router.store.acd import Acd
from router.store.types import Call, Gauges, Snapshot
from router.store.verbs_callback import LostCallback
from router.store.wire import StoreUnavailable

log = logging.getLogger(__name__)

EVERY_S = 1.0
SELDOM_S = 10  # between two looks at all callbacks while none of them is in line
ROUND = 1000  # calls put off in one turn
OUT_OF_THE_LINE = frozenset({CallState.WAITING, CallState.SCHEDULED})


def opening(now: int, hours: tuple[str, str], zone: str) -> int:
    """0 while somebody may be rung there, else the instant of the next opening. All in ms since the epoch."""
    local = datetime.fromtimestamp(now / 1000, UTC) + timedelta(hours=OFFSET_HOURS[zone])
    minute = local.hour * 60 + local.minute
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in hours)
    opened = start <= minute < end if start < end else minute >= start or minute < end
    if opened:
        return 0
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = midnight + timedelta(minutes=start, days=1 if minute >= start else 0)
    return int((begins - timedelta(hours=OFFSET_HOURS[zone])).timestamp() * 1000)


def may_ring(rules: Operator, region: str, queue: str, now: int) -> int:
    """When a caller of this region may be rung: 0 = now, else when. Of an unknown region: the default trunk's."""
    try:
        _, unit = rules.unit_of(region)
    except KeyError:
        _, unit = rules.unit_of(rules.areas.trunks[rules.areas.default_trunk].region)
    return opening(now, rules.queues.callback_of(queue).hours, unit.zone)


class Callbacks:
    """A part of the dispatcher's loop. Time is the store's, or the virtual clock's."""

    def __init__(self, acd: Acd, rules: Operator, db: Database, *, every: float = EVERY_S) -> None:
        self._acd, self._rules, self._db, self._every = acd, rules, db, every
        self._done = self._looked = float("-inf")
        self._recalled = 0
        self._epoch = ""
        self._until = ""  # history must have come so far before the lost callbacks are looked for; "" = nothing to do

    async def turn(self, epoch: str) -> None:
        """Once a second. In a blackout callbacks are counted in tens of thousands: all of them are read only when some
        must be put off.
        """
        now = asyncio.get_running_loop().time()
        if now - self._done < self._every:
            return
        self._done = now
        gauges = await self._acd.gauges()
        if epoch != self._epoch:
            self._epoch, self._until = epoch, (await self._acd.snapshot()).journal
        await self._hours(gauges, now)
        await self._recall(gauges)
        await self._find_lost()

    async def _hours(self, gauges: Gauges, now: float) -> None:
        """Whoever would be rung at night waits for the morning, with the place of today."""
        waiting = any(queue.callbacks for queue in gauges.queues.values())
        if not self._shut_soon(gauges.at) or (not waiting and now - self._looked < SELDOM_S * self._every):
            return
        self._looked = now
        await self._put_off(await self._acd.snapshot())

    def _shut_soon(self, now: int) -> bool:
        """Whether anybody may not be rung now, or at the next attempt that is made from now."""
        return any(
            opening(at, rules.hours, unit.zone)
            for rules in map(self._rules.queues.callback_of, self._rules.queues.queues)
            for unit in self._rules.areas.units.values()
            for at in (now, now + int(1000 * (rules.retry_after + SELDOM_S)))
        )

    async def _put_off(self, snapshot: Snapshot) -> None:
        put_off = 0
        for call in snapshot.callbacks:
            until = self._too_early(call, snapshot.at)
            if until and put_off < ROUND:
                put_off += 1
                await self._schedule(call.id, until)

    def _too_early(self, call: Call, now: int) -> int:
        if call.state not in OUT_OF_THE_LINE:
            return 0
        return may_ring(self._rules, call.region, call.queue, max(now, call.until))

    async def _schedule(self, call: str, until: int) -> None:
        try:
            await self._acd.schedule(call, until=until, reason="hours")
        except StoreUnavailable:
            raise
        except Problem as problem:  # offered, reached or over since the snapshot
            log.debug("call %s is not put off: %s", call, problem.slug)

    async def _recall(self, gauges: Gauges) -> None:
        """One refused number at a time, while there is room."""
        recall = self._rules.queues.recall
        queue = recall.queue or self._rules.queues.last_resort
        full = gauges.lines >= recall.lines * gauges.capacity
        if full or gauges.level > recall.level or gauges.at - self._recalled < recall.every * 1000:
            return
        oldest = await self._acd.refused(1)
        if not oldest or may_ring(self._rules, oldest[0].region, queue, gauges.at):
            return
        self._recalled = gauges.at
        await self._acd.recall_next(queue, priority=self._rules.queues.queues[queue].priority)

    async def _find_lost(self) -> None:
        """After a new epoch: the callbacks that the history knows and the store does not."""
        if not self._until:
            return
        found = await asyncio.to_thread(self._open)
        if found is None:
            return
        self._until = ""
        queues = self._rules.queues
        for lost in found:
            if lost.queue not in queues.queues:  # taken out of the rules meanwhile; what was promised stands
                lost = replace(lost, queue=queues.last_resort)  # noqa: PLW2901
            if await self._acd.adopt_callback(lost):
                log.warning("the store had lost a callback: call %s is back in its place", lost.id)

    def _open(self) -> list[LostCallback] | None:
        """None while the history has not written yet what the store told before."""
        with self._db.reading() as session:
            if service.is_behind(session, self._acd.pool, self._until):
                return None
            return service.open_callbacks(session, self._acd.pool)
