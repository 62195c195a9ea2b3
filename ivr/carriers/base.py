"""What the connectors of both carriers share: following the journal, one lane per call, reconciliation (R10).

A connector compares first (live calls of the store with live legs of the carrier), then goes on from the journal
position of that very snapshot. Entries of one call are handled in order, entries of different calls side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

import phonenumbers
from prometheus_client import Counter

from config.errors import Problem
from config.logging import told
from router.events import Entry, Event
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Snapshot

log = logging.getLogger(__name__)

MOVES_NOBODY = frozenset(
    {Event.CALL_ARRIVED, Event.CALL_REFUSED, Event.CALL_NOTED, Event.CALL_INTENT, Event.CALL_LOCATED}
)
BLOCK_MS = 400  # shorter than the socket time-out of config.redis
SILENT_SECONDS = 4.0  # no sign of a loop for longer: no sign of life from us either
BACK_OFF = (0.2, 0.5, 1.0, 2.0)  # seconds
PATIENCE = 10.0  # seconds without the other side before an operator is told: at a start it comes up too

REPAIRS = Counter("suar_repairs_total", "Differences between live legs and live calls that were mended.", ["kind"])


def repaired(kind: str, call: str) -> None:
    """Count and tell one repair; a call id is no personal datum."""
    REPAIRS.labels(kind).inc()
    log.warning("repaired %s: call %s", kind, call)


def e164(number: str, country: str = "ID") -> str:
    """A number as the trunk gives it (08…, 62…, +62…) in E.164; "" when withheld or not a number."""
    if not any(c.isdigit() for c in number):
        return ""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class Lanes:
    """Runs jobs of the same key one after the other and of different keys side by side."""

    def __init__(self) -> None:
        self._tail: dict[str, asyncio.Task[None]] = {}  # the last job of each key
        self._tasks: set[asyncio.Task[None]] = set()  # all that have not ended

    def put(self, key: str, job: Callable[[], Awaitable[None]]) -> None:
        """Run `job` after every earlier job of `key`; a job that raises is told and does not stop its lane."""
        before = self._tail.get(key)
        task = asyncio.create_task(self._run(key, before, job))
        self._tail[key] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._forget(key, done))

    async def _run(self, key: str, before: asyncio.Task[None] | None, job: Callable[[], Awaitable[None]]) -> None:
        if before is not None:
            await asyncio.wait({before})
        try:
            await job()
        except Problem as problem:
            log.warning("call %s: %s", key, problem.slug)
        except Exception as fault:  # the lane of a call must not end with one wrong entry
            log.error("call %s: %s", key, told(fault))

    def _forget(self, key: str, done: asyncio.Task[None]) -> None:
        self._tasks.discard(done)
        if self._tail.get(key) is done:
            del self._tail[key]

    async def close(self) -> None:
        """Cancel what still runs or waits for its turn."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Connector(ABC):
    """Moves the live calls of one carrier as the journal tells."""

    carrier: str = ""

    def __init__(self, acd: Acd) -> None:
        self.acd = acd
        self.lanes = Lanes()
        self.alive = time.monotonic()  # last sign of the following loop

    def living(self) -> bool:
        """Whether the loops that matter gave a sign lately."""
        return time.monotonic() - self.alive < SILENT_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Everything this carrier needs, until `stop`."""
        await self.follow(stop)

    @abstractmethod
    async def on_entry(self, entry: Entry) -> None:
        """Do what one journal entry of this carrier asks for. Runs in the lane of its call."""

    @abstractmethod
    async def resync(self, snapshot: Snapshot) -> None:
        """Compare live legs with the live calls of `snapshot` and repair both ways."""

    async def on_pool_entry(self, entry: Entry) -> None:  # noqa: B027 - a hook, not a duty
        """An entry about no call (level, CSO state); most carriers have nothing to do."""

    async def follow(self, stop: asyncio.Event) -> None:
        """Resync, then follow the journal; starts again from a snapshot whenever the store was away."""
        failures = 0
        while not stop.is_set():
            try:
                snapshot = await self.acd.snapshot()
                await self.resync(snapshot)
                failures = 0
                await self._entries(snapshot.journal, stop)
            except StoreUnavailable:
                self.alive = time.monotonic()
                await _pause(stop, BACK_OFF[min(failures, len(BACK_OFF) - 1)])
                failures += 1
        await self.lanes.close()

    async def _entries(self, after: str, stop: asyncio.Event) -> None:
        while not stop.is_set():
            entries = await self.acd.journal(after, block_ms=BLOCK_MS, bell=True)
            self.alive = time.monotonic()
            for entry in entries:
                after = entry.id
                if entry.call and entry.carrier == self.carrier:
                    self._dispatch(entry)
                elif not entry.call:
                    await self.on_pool_entry(entry)

    def _dispatch(self, entry: Entry) -> None:
        if entry.event not in MOVES_NOBODY:
            self.lanes.put(entry.call, lambda: self.on_entry(entry))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
