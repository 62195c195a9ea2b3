"""Waiting until what the store has acknowledged is on its disk (SUAR_STORE_DURABILITY=waitaof).

WAITAOF speaks of the writes of its own connection and holds back whatever follows on it. So one connection does
nothing else: a write of its own, which comes after everything acknowledged before it, and the wait for that write.
All who ask while one wait is under way share the next one.
"""

from __future__ import annotations

import asyncio

import hiredis

from config.errors import Problem
from router.store.wire import StoreUnavailable, Wire

# Arrivals, and what ends the store's duty for a call or passes it on. In between its channel can rebuild it.
HELD = frozenset(
    {"admit", "adopt", "answered", "partner_answered", "ended", "receive", "refuse", "departed", "stay", "call_back"}
)


class NoWaitAof(Problem):
    """The store is too old for this setting."""

    slug = "no-waitaof"
    status = 503

    def __init__(self) -> None:
        super().__init__("SUAR_STORE_DURABILITY=waitaof needs Valkey or Redis 7.2 with an append-only file.")


class Disk:
    """The disk behind one pool's store."""

    def __init__(self, url: str, root: str, *, timeout: float) -> None:
        self._wire = Wire(url, timeout=timeout)
        self._key, self._timeout = root + ":pool", timeout
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def has_it(self) -> None:
        """Everything that was acknowledged before this is on disk; raises StoreUnavailable, NoWaitAof."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running))
            self._next.add_done_callback(_heard)
        await asyncio.shield(self._next)

    async def _after(self, running: asyncio.Task[None] | None) -> None:
        if running is not None:
            await asyncio.wait({running})
        self._running, self._next = self._next, None
        wait = int(self._timeout * 1000)
        try:
            _, (here, _) = await self._wire.together(
                ("HINCRBY", self._key, "waits", 1), ("WAITAOF", 1, 0, wait), block=self._timeout
            )
        except hiredis.ReplyError:
            raise NoWaitAof from None
        if here < 1:
            raise StoreUnavailable

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()


def _heard(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()  # told to everyone who waited; they may have gone
