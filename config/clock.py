"""The time, injected everywhere so that tests and simulations can turn it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time in UTC."""

    def now(self) -> datetime:
        """The present instant, timezone-aware, UTC."""
        ...

    def ms(self) -> int:
        """The present instant in milliseconds since the epoch."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def ms(self) -> int:
        return time.time_ns() // 1_000_000


class VirtualClock:
    """A clock that moves only when it is told to (tests, simulation)."""

    def __init__(self, start: datetime) -> None:
        self._ms = int(start.timestamp() * 1000)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._ms / 1000, UTC)

    def ms(self) -> int:
        return self._ms

    def advance(self, *, ms: int = 0, seconds: float = 0) -> None:
        """Move forward; never backward."""
        step = ms + int(seconds * 1000)
        if step < 0:
            raise ValueError("a clock does not run backward")
        self._ms += step
