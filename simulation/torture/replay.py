"""A recorded run again: its commands in their order, one after the other, on a fresh store; replies are compared and
the checkers look again, so that a violation can be followed with one process and as often as wanted.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from router.store import answers, library
from router.store.audit import load, violations
from router.store.wire import Wire
from simulation.torture import run as conductor
from simulation.torture.house import POOLS, rules
from simulation.torture.journal import check
from simulation.torture.trace import BULKY, plain, rows, same

BATCH = 200
# What speaks of stream ids: those are the store's own clock, other ones each time.
NOT_AGAIN = ("acd_v1_trim",)
NOT_COMPARED = (*BULKY, "acd_v1_build", "acd_v1_committed", "acd_v1_counted")


class Player:
    """Plays a trace on a store."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._batch: list[list[Any]] = []
        self.played = 0
        self.found: list[str] = []

    async def play(self, row: list[Any]) -> None:
        """One line of the trace."""
        if row[0] == "do" and row[3][1] not in NOT_AGAIN:
            self._batch.append(row)
            if len(self._batch) >= BATCH:
                await self.flush()
        elif row[0] == "audit":
            await self.flush()
            for pool in POOLS:
                found = violations(await load(self._wire, pool))
                self.found += [f"{pool}: after {self.played} commands: {one}" for one in found]

    async def flush(self) -> None:
        """What has been gathered."""
        batch, self._batch = self._batch, []
        replies = await asyncio.gather(*(self._wire.call(*row[3]) for row in batch), return_exceptions=True)
        for (_, number, _, command, told, mark), reply in zip(batch, replies, strict=True):
            self.played += 1
            if mark != "unknown" and command[1] not in NOT_COMPARED and not same(told, plain(reply)):
                self.found.append(f"command {number} {command[1]} was answered otherwise")


async def replay(trace: Path) -> tuple[list[str], dict[str, Any]]:
    """Everything that is wrong, and a summary."""
    with tempfile.TemporaryDirectory(prefix="suar-", ignore_cleanup_errors=True) as name:
        store = conductor.Store(Path(name))
        await store.start()
        wire = Wire(store.url, timeout=conductor.PATIENT_S)
        try:
            await wire.call("FUNCTION", "LOAD", "REPLACE", library.source())
            player = Player(wire)
            for row in rows(trace):
                await player.play(row)
            await player.flush()
            found, told = player.found, 0
            for pool in POOLS:
                live = await load(wire, pool)
                entries = await wire.call("XRANGE", f"suar:{{{pool}}}:journal", "-", "+")
                told += len(entries)
                wrong = check((answers.entry(ident, flat) for ident, flat in entries), rules(), live)
                found += [f"{pool}: {one}" for one in (*violations(live), *wrong)]
        finally:
            wire.close()
            store.kill()
    return found, {"replayed": player.played, "violations": len(found), "entries": told, "trace": trace.name}
