"""The journal, read once per web process and fanned out to every open page.

`Live` holds the pool as it is now: one snapshot, then every entry folded into it. A page subscribes first, reads the
pool (its first event), and then gets the entries after the pool's journal id; so nothing is missed between the two.
A reader that cannot keep up loses its queue and is told to read the pool again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum

from agent_desk.pool import Pool
from router.events import Entry, Event
from router.store.acd import Acd

log = logging.getLogger(__name__)

QUEUE = 256  # entries a page may lag behind before it reads the pool anew
REFRESH = 60.0  # seconds after which the pool is read again, should an entry ever have said less than the state
NEWS = 2.0  # seconds between looks at the published statements
RETRY = 0.5
LAG_MS = 200  # how late a page may learn what only callers in the menu did


class Sign(StrEnum):
    """What a page is told besides entries."""

    RESYNC = "resync"  # read the pool again
    LOST = "lost"  # the store does not answer; the page's data stand still
    NEWS = "news"  # a statement or an outage changed
    ALERTS = "alerts"  # so did what somebody must look at; of the board alone
    STOP = "stop"  # the process ends


class Subscription:
    """One open page's queue, bounded."""

    def __init__(self, wants: Callable[[Entry], bool]) -> None:
        self._wants = wants
        self._items: deque[Entry | Sign] = deque()
        self._ready = asyncio.Event()

    def put(self, item: Entry | Sign) -> None:
        """Called by the one reader; never waits."""
        if isinstance(item, Entry) and not self._wants(item):
            return
        if item is Sign.STOP:
            self._items = deque([item])
        elif item is Sign.RESYNC or len(self._items) >= QUEUE:
            # Reading the pool anew makes up for entries, not for the other signs.
            signs = (one for one in (*self._items, Sign.RESYNC, item) if isinstance(one, Sign))
            self._items = deque(dict.fromkeys(signs))
        else:
            self._items.append(item)
        self._ready.set()

    async def get(self, seconds: float) -> Entry | Sign | None:
        """The next item, or None when so many seconds passed without one."""
        if not self._items:
            self._ready.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._ready.wait()
            except TimeoutError:
                return None
        return self._items.popleft() if self._items else None

    def drain(self) -> list[Entry | Sign]:
        """Everything that is there now."""
        items = list(self._items)
        self._items.clear()
        return items


class Live:
    """One per web process; `run` is a task of the lifespan."""

    def __init__(self, *, news: Callable[[], str] = lambda: "", alerts: Callable[[], str] = lambda: "") -> None:
        self.pool: Pool | None = None  # None until the store has answered for the first time
        self.lost = True
        self.version = 0  # counts changes of the pool, for pages that coalesce
        self._looks = {Sign.NEWS: news, Sign.ALERTS: alerts}
        self._subscriptions: set[Subscription] = set()
        self._stopped = False

    @property
    def listeners(self) -> int:
        """How many pages are open."""
        return len(self._subscriptions)

    @asynccontextmanager
    async def subscribe(self, wants: Callable[[Entry], bool]) -> AsyncIterator[Subscription]:
        """A queue for as long as the block runs. Use it in a yield-dependency: a generator's own `finally` is not
        reached in time when a hundred browsers leave at once.
        """
        subscription = Subscription(wants)
        self._subscriptions.add(subscription)
        if self._stopped:
            subscription.put(Sign.STOP)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def stop(self) -> None:
        """Ends every open stream, so that the server can stop at once."""
        self._stopped = True
        self._tell(Sign.STOP)

    async def run(self, acd: Acd) -> None:
        """Follows the journal until cancelled; after a loss of the store it starts from a new snapshot."""
        told: type[Exception] | None = None  # what the log knows of this loss: another fault may hide behind the first
        while True:
            try:
                await self._follow(acd)
            except Exception as error:  # also an entry that cannot be folded: screens must never stand still for good
                if not self.lost or type(error) is not told:
                    told = type(error)
                    log.warning("the journal cannot be followed (%s); pages stand still", told.__name__)
                if not self.lost:
                    self.lost = True
                    self._tell(Sign.LOST)
                await asyncio.sleep(RETRY)

    async def _follow(self, acd: Acd) -> None:
        loop = asyncio.get_running_loop()
        while True:
            pool = Pool.of(await acd.snapshot(), before=self.pool)
            pool.partners = {partner.name: partner for partner in await acd.partners()}
            self.pool = pool
            self.lost = False
            self.version += 1
            self._tell(Sign.RESYNC)
            until = loop.time() + REFRESH
            while loop.time() < until:
                entries = await acd.journal(self.pool.journal, count=500, block_ms=LAG_MS, bell=True)
                if self._fold(self.pool, entries):
                    break

    def _fold(self, pool: Pool, entries: list[Entry]) -> bool:
        """Folds and fans out; answers whether the pool should be read anew."""
        again = False
        for entry in entries:
            # A CSO that just logged in: its queues stand in the store only. A new start of the store, or of
            # its clock: everything does.
            again |= entry.event in (Event.STORE_STARTED, Event.CLOCK) or bool(entry.cso and entry.cso not in pool.csos)
            pool.fold(entry)
            self.version += 1
            self._tell(entry)
        return again

    async def watch_news(self) -> None:
        """Statements and alerts live in SQL, written by any process: a cheap look every few seconds finds a new one."""
        last: dict[Sign, str] = {}
        while True:
            try:
                found = {sign: await asyncio.to_thread(look) for sign, look in self._looks.items()}
            except Exception as error:  # the database may be away; the next look tells
                log.warning("statements cannot be read (%s)", type(error).__name__)
                found = last
            for sign in (sign for sign in found if found[sign] != last.get(sign, "")):
                self.version += 1
                self._tell(sign)
            last = found
            await asyncio.sleep(NEWS)

    def _tell(self, item: Entry | Sign) -> None:
        for subscription in self._subscriptions:
            subscription.put(item)
