"""The process that gives callers to CSOs and to partners, lets time pass, and has history written.

It holds nothing: everything it does is asked of the store, so a second one beside it does no harm and one that was
killed leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from config.database import Database, database
from config.errors import Problem
from config.heartbeat import Heartbeat
from config.logging import told
from config.operator import Operator, operator
from config.settings import Settings, settings
from router.callbacks import Callbacks
from router.events import Entry, Event
from router.handover import Handover
from router.history.follower import Follower
from router.partners import OpeningHours, overflow_rules, partner_rules
from router.pools import Pools, named
from router.store.acd import Acd
from router.store.types import QueueRules, Strategy, TrunkRules
from router.store.wire import StoreUnavailable
from router.surge import SurgeLadder, ladder_rules, level_gaps

log = logging.getLogger(__name__)

TICK_MS = 200
SWEEP_S = 0.25
BOOT_S = 1.0
# What is told of callers in the menu; with a queue or a CSO, of others.
OF_THE_MENU = frozenset(
    {
        Event.CALL_ARRIVED,
        Event.CALL_REFUSED,
        Event.CALL_NOTED,
        Event.CALL_INTENT,
        Event.CALL_LOCATED,
        Event.CALL_ENDED,
    }
)
ROUND = 200  # offers in a row before time is let pass


def queue_rules(rules: Operator) -> list[QueueRules]:
    """queues.yaml as the store wants it."""
    return [
        QueueRules(
            name=name,
            offer_ms=int(queue.offer_timeout * 1000),
            wrap_up_ms=int(queue.wrap_up * 1000),
            strategy=Strategy(queue.strategy),
            max_waiting=queue.max_waiting,
            wrap_up_max_ms=int(queue.wrap_up_max * 1000),
            callback_attempts=rules.queues.callback_of(name).attempts,
            callback_retry_ms=int(rules.queues.callback_of(name).retry_after * 1000),
            callback_ring_ms=int(rules.queues.callback_of(name).ring * 1000),
            **overflow_rules(queue, rules.surge.partners_from),
        )
        for name, queue in rules.queues.queues.items()
    ]


def trunk_rules(rules: Operator) -> list[TrunkRules]:
    """The trunks of areas.yaml as the store wants them."""
    return [
        TrunkRules(name, lines=trunk.lines or 0, emergency_lines=trunk.emergency_lines)
        for name, trunk in rules.areas.trunks.items()
    ]


async def configure(acd: Acd, rules: Operator) -> None:
    """Give the store the operator's rules."""
    await acd.configure(
        queues=queue_rules(rules),
        partners=partner_rules(rules),
        lines=rules.areas.lines,
        emergency_lines=rules.areas.emergency_lines,
        priority_step_ms=int(rules.queues.priority_step * 1000),
        trunks=trunk_rules(rules),
        gaps=level_gaps(rules),
        legs_per_second=legs_per_second(settings()),
        skills=rules.queues.skills,
    )


def legs_per_second(now: Settings) -> dict[str, float]:
    """The carriers that begin no more than so many legs a second."""
    return {"twilio": now.twilio_calls_per_second} if now.twilio_account_sid else {}


class Part(Protocol):
    """Something the loop does beside matching, at its own pace."""

    async def turn(self, epoch: str) -> None:
        """Called once a round, before the matching; comes back soon."""
        ...


class Dispatcher:
    """The loop. Woken by the journal, or by itself every 200 ms."""

    def __init__(
        self, acd: Acd, rules: Operator, heartbeat: Heartbeat | None = None, parts: Sequence[Part] = ()
    ) -> None:
        self._parts = parts
        self._acd, self._rules = acd, rules
        self._heartbeat = heartbeat or Heartbeat()
        self._ladder = SurgeLadder(acd, ladder_rules(rules))
        self._pools = Pools(acd, named(rules.queues, acd.pool))
        self._handover = Handover(self._pools, queue_rules(rules))
        self._after = ""
        self._epoch = ""
        self._swept = self._booted = 0.0
        self._away = False
        self._faults: dict[str, str] = {}  # where → the last one told

    async def run(self, stop: asyncio.Event) -> None:
        """Dispatch until told to stop."""
        while not stop.is_set():
            self._heartbeat.beat()
            try:
                await self.turn()
                self._faults.pop("matching", None)
            except StoreUnavailable:
                self._epoch = ""
                if not self._away:
                    log.warning("the store does not answer; callers wait where they are")
                self._away = True
                await _pause(stop, TICK_MS / 1000)
            except Problem as problem:  # a fault in one pair of call and CSO must not stop the others for ever
                self._tell("matching", problem)
                await _pause(stop, TICK_MS / 1000)
        await self._pools.close()

    async def turn(self) -> None:
        """One round: what is due by time, then every match there is, then wait for something to happen."""
        now = asyncio.get_running_loop().time()
        if not self._epoch or now - self._booted >= BOOT_S:
            self._booted = now
            await self._check_epoch()
        if now - self._swept >= SWEEP_S:
            self._swept = now
            await self._beside("sweep", self._acd.sweep)
            await self._beside("moves", self._handover.resume)
        for part in (self._ladder, *self._parts):
            await self._beside(type(part).__name__, partial(part.turn, self._epoch))
        await self._beside("relief", self._handover.relieve)  # before a partner has them
        await self.match()
        await self._until_something_matters()

    async def _until_something_matters(self) -> None:
        """Until an entry of the journal can make a pair, or a tick is over: who listens to the menu makes none."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TICK_MS / 1000
        while (left := until - loop.time()) > 0:
            entries = await self._acd.journal(self._after, block_ms=max(1, int(left * 1000)), bell=True)
            if not entries:
                return
            self._after = entries[-1].id
            if any(_matters(entry) for entry in entries):
                return

    async def _beside(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
            self._faults.pop(name, None)
        except StoreUnavailable:
            raise
        except Exception as fault:  # whatever fails beside it, callers are still given to CSOs
            self._tell(name, fault)

    def _tell(self, name: str, fault: Exception) -> None:
        slug = fault.slug if isinstance(fault, Problem) else told(fault)
        if self._faults.get(name) != slug:
            log.error("dispatching, %s: %s", name, slug)
        self._faults[name] = slug

    async def match(self) -> None:
        """Offers until there is no pair, then back from partners whom somebody of ours can take, then hand-overs until
        nobody is due or no partner has room.
        """
        for _ in range(ROUND):
            if await self._acd.offer_next() is None and await self._acd.drain_next() is None:
                break
        for _ in range(ROUND):
            if await self._acd.overflow_next() is None:
                break

    async def _check_epoch(self) -> None:
        epoch = await self._acd.boot()
        if epoch == self._epoch:
            return
        self._epoch = epoch
        await configure(self._acd, self._rules)
        self._after = (await self._acd.snapshot()).journal
        log.info("dispatching for pool %s, epoch %s", self._acd.pool, epoch)
        self._away = False


def _matters(entry: Entry) -> bool:
    """Whether anybody may be free, or in line, by it."""
    return bool(entry.queue or entry.cso) or entry.event not in OF_THE_MENU


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def run(acd: Acd, rules: Operator, db: Database, stop: asyncio.Event) -> None:
    """Dispatcher and history follower side by side; the first to fail ends both."""
    async with asyncio.TaskGroup() as group:
        group.create_task(Dispatcher(acd, rules, parts=[Callbacks(acd, rules, db), OpeningHours(acd, rules)]).run(stop))
        group.create_task(Follower(acd, db).run(stop))


async def serve() -> None:
    """The process: until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    acd = Acd.from_settings()
    try:
        await run(acd, operator(), database(), stop)
    finally:
        await acd.close()
