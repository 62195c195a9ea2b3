"""Follows the journal and makes it durable: rows and position commit together, the journal is trimmed behind them."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from config.database import Database
from config.errors import Problem
from router.events import Entry
from router.history import repository
from router.store.acd import Acd

log = logging.getLogger(__name__)

NAME = "history"
BATCH = 500
BLOCK_MS = 500
RETRY_S = 1.0
# Between two transactions, unless a whole batch waits. A call tells its dozen entries one by one, and a commit for each
# would keep the dispatcher, whose process this is, from its next decision. Nobody waits for the history.
LINGER_S = 0.2
RETAINED_MS = 3_600_000  # a desk or a connector that was away for less resumes without a gap
TRIM_EVERY_S = 30.0


class Follower:
    """One per pool is enough; a second one does no harm (the position is guarded)."""

    def __init__(self, acd: Acd, db: Database, *, batch: int = BATCH, retained_ms: int = RETAINED_MS) -> None:
        self._acd, self._db = acd, db
        self._batch, self._retained_ms = batch, retained_ms
        self._position: str | None = None
        self._trimmed = 0.0
        self._troubled = False

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop; an outage of the store or of the database is said once."""
        while not stop.is_set():
            try:
                written = await self.once(block_ms=BLOCK_MS)
                await self._trim_now_and_then()
            except (Problem, SQLAlchemyError, repository.PositionMoved) as error:
                self._position = None
                if not self._troubled:
                    log.warning("history is waiting: %s", type(error).__name__)
                self._troubled = True
                await _pause(stop, RETRY_S)
            else:
                if self._troubled:
                    log.info("history goes on")
                self._troubled = False
                if 0 < written < self._batch:
                    await _pause(stop, LINGER_S)

    async def once(self, *, block_ms: int = 0) -> int:
        """Write at most one batch; answers how many entries."""
        if self._position is None:
            self._position = await asyncio.to_thread(self._read_position)
        entries = await self._acd.journal(self._position, count=self._batch, block_ms=block_ms)
        if entries:
            await asyncio.to_thread(self._write, self._position, entries)
            self._position = entries[-1].id
            await self._acd.committed(NAME, self._position)
        return len(entries)

    async def trim(self) -> None:
        """Drop what is older than the retained time; never what some durable follower has not committed (R8)."""
        if self._position is not None:
            ms = int(self._position.partition("-")[0])
            await self._acd.trim(f"{max(0, ms - self._retained_ms)}-0")

    async def _trim_now_and_then(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._trimmed >= TRIM_EVERY_S:
            self._trimmed = now
            await self.trim()

    def _read_position(self) -> str:
        with self._db.reading() as session:
            return repository.position(session, self._acd.pool)

    def _write(self, expected: str, entries: list[Entry]) -> None:
        with self._db.transaction() as session:
            repository.append(session, self._acd.pool, expected, entries)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
