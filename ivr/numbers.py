"""Report numbers that may be spoken before the report is written: reserved in blocks, off the caller's path."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

from sqlalchemy.exc import SQLAlchemyError

from config.database import Database
from tickets import numbers

log = logging.getLogger(__name__)
BLOCK = 20
LOW = 8  # a new block is fetched when fewer are left


class Numbers:
    """A few numbers per unit prefix, of this process alone. What it does not speak is lost, as a gap in the series."""

    def __init__(self, reserve: Callable[[str, int], list[str]]) -> None:
        self._reserve = reserve
        self._kept: dict[str, deque[str]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def start(self, prefixes: Iterable[str]) -> None:
        """Fetch the first blocks."""
        await asyncio.gather(*(self._refill(prefix) for prefix in prefixes))

    def take(self, prefix: str) -> str:
        """A number, or "" when none is left. Never waits."""
        kept = self._kept.setdefault(prefix, deque())
        number = kept.popleft() if kept else ""
        if len(kept) < LOW and prefix not in self._running:
            task = asyncio.create_task(self._refill(prefix))
            self._running[prefix] = task
            task.add_done_callback(lambda _: self._running.pop(prefix, None))
        return number

    async def settled(self) -> None:
        """Wait until no block is being fetched."""
        await asyncio.gather(*self._running.values())

    async def _refill(self, prefix: str) -> None:
        try:
            block = await asyncio.to_thread(self._reserve, prefix, BLOCK)
        except SQLAlchemyError as fault:
            log.error("no report numbers could be reserved (%s)", type(fault).__name__)
            return
        self._kept.setdefault(prefix, deque()).extend(block)


def from_database(db: Database) -> Numbers:
    """Numbers out of the series in SQL."""

    def reserve(prefix: str, count: int) -> list[str]:
        with db.transaction() as session:
            return numbers.reserve(session, prefix, count)

    return Numbers(reserve)
