"""The few numbers that every process of a run sees: a file in memory. Each is written by one process alone."""

from __future__ import annotations

import mmap
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

START = datetime(2019, 8, 4, 4, 50, tzinfo=UTC)  # half of Java is about to go dark


class Number(IntEnum):
    """Which number."""

    CLOCK = 0  # ms since the epoch; the conductor turns it
    EVENTS = 1  # verbs executed by the store; the proxy counts
    LOST = 2  # replies thrown away; the proxy counts
    STOP = 3  # 1: no new work


class Shared:
    """The file; also the clock of all processes (config.clock.Clock)."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8 * len(Number)))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8 * len(Number))
        self._numbers = memoryview(self._map).cast("q")

    def __getitem__(self, number: Number) -> int:
        return self._numbers[number]

    def __setitem__(self, number: Number, value: int) -> None:
        self._numbers[number] = value

    def ms(self) -> int:
        """The virtual instant in milliseconds."""
        return self._numbers[Number.CLOCK]

    def now(self) -> datetime:
        """The virtual instant."""
        return datetime.fromtimestamp(self.ms() / 1000, UTC)

    @property
    def stopping(self) -> bool:
        """No new work."""
        return bool(self._numbers[Number.STOP])
