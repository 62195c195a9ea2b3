"""The process that writes history through the product's own follower, and what must be in the database afterwards."""

from __future__ import annotations

import asyncio
import signal
import zlib
from pathlib import Path

from sqlalchemy import select

from config.database import Database
from config.errors import Problem
from router.history.follower import Follower
from router.history.models import CallEvent
from router.history.repository import PositionMoved
from router.store.acd import Acd
from simulation.torture.bound import end_with_parent
from simulation.torture.house import POOLS
from simulation.torture.shared import Shared
from simulation.torture.substitute import substitute

RETAINED_MS = 1500  # so that the journal is trimmed all the time
IDLE_S, TRIM_S = 0.05, 0.5


def database(folder: Path) -> Database:
    """The run's SQLite."""
    return Database(f"sqlite:///{folder / 'history.db'}")


async def _follow_all(folder: Path) -> None:
    db = database(folder)
    async with asyncio.TaskGroup() as group:
        for pool in POOLS:
            group.create_task(_follow(folder, pool, db))
    db.dispose()


async def _follow(folder: Path, pool: str, db: Database) -> None:
    shared = Shared(folder / "shared")
    acd = Acd(f"unix://{folder / 'p.sock'}", pool, clock=shared, timeout=5.0)
    follower = Follower(acd, db, retained_ms=RETAINED_MS)
    loop = asyncio.get_running_loop()
    trimmed = loop.time()
    while not shared.stopping:
        try:
            written = await follower.once()
            if loop.time() - trimmed > TRIM_S:
                trimmed = loop.time()
                await follower.trim()
        except (Problem, PositionMoved):
            follower = Follower(acd, db, retained_ms=RETAINED_MS)
            continue
        if not written:
            await asyncio.sleep(IDLE_S)
    await acd.close()


def main(folder: str, text: str) -> None:
    """The process; ends when the run stops."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    substitute(text)
    asyncio.run(_follow_all(Path(folder)))


async def catch_up(folder: Path, acd: Acd) -> None:
    """What the follower had not written when it was stopped."""
    db = database(folder)
    follower = Follower(acd, db)
    while await follower.once():
        pass
    db.dispose()


def mark(entry: str, before: int) -> int:
    """A running check sum of entry ids in their order."""
    return zlib.crc32(entry.encode(), before)


def written(folder: Path, pool: str) -> tuple[int, int]:
    """How many entries are in the history, and the check sum of their ids in the order they were written."""
    db = database(folder)
    count = total = 0
    with db.reading() as session:
        asked = select(CallEvent.entry).where(CallEvent.pool == pool).order_by(CallEvent.id)
        for entry in session.scalars(asked.execution_options(yield_per=5000)):
            count, total = count + 1, mark(entry, total)
    db.dispose()
    return count, total
