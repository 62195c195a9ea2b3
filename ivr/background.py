"""What a process looks after between steps: the current menu, and the newest announcement for the fallback."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from sqlalchemy.exc import SQLAlchemyError

from config.clock import Clock
from config.database import Database
from config.logging import told
from config.operator import operator
from ivr import recordings
from ivr.menu import Menus
from tickets.outages import lookup

log = logging.getLogger(__name__)
EVERY = 1.0  # seconds


class Background:
    """One task beside the steps. Nothing a caller waits for happens in it."""

    def __init__(self, db: Database, menus: Menus, clock: Clock) -> None:
        self._db, self._menus, self._clock = db, menus, clock
        self._task: asyncio.Task[None] | None = None
        self._troubled = False
        self.announcement = ""
        self.recording: frozenset[str] = frozenset()  # the queues whose conversations can be recorded now

    async def start(self) -> None:
        """Look once, then go on looking."""
        await asyncio.to_thread(self.look)
        self._task = asyncio.create_task(self._forever())

    async def stop(self) -> None:
        """End at once."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _forever(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take up a changed menu; find the newest announcement. A database that is away changes nothing."""
        self._menus.refresh()
        wanted = frozenset(name for name, queue in operator().queues.queues.items() if queue.record)
        self.recording = wanted if wanted and recordings.possible() else frozenset()
        try:
            with self._db.reading() as session:
                outages = lookup.live_outages(session, now=self._clock.now())
        except (SQLAlchemyError, LookupError) as fault:  # LookupError: an area that the operator has taken out
            if not self._troubled:
                log.warning("the announcements cannot be read: %s", told(fault))
            self._troubled = True
            return
        self._troubled = False
        dated = [outage for outage in outages if outage.published_at]
        newest = max(dated, key=lambda outage: outage.published_at or self._clock.now(), default=None)
        self.announcement = newest.spoken if newest else next((outage.spoken for outage in outages), "")
