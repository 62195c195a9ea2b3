"""How time passes for a telephone: as for a person, or as a test wants it."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Pace(Protocol):
    """`kind` is "speech", "music", "pause", "silence" (waiting for keys), "ring" or "talk"."""

    async def spend(self, seconds: float, kind: str, until: asyncio.Event) -> bool:
        """Let time pass; True when `until` was set before it was over."""
        ...


class RealPace:
    """Seconds are seconds."""

    async def spend(self, seconds: float, kind: str, until: asyncio.Event) -> bool:
        """Wait as long as it takes."""
        try:
            async with asyncio.timeout(seconds):
                await until.wait()
        except TimeoutError:
            return False
        return True


class ScriptedPace:
    """Speech takes no time; music, silence, ringing and talking last until the script lets them pass.

    So a test never waits for a prompt, and never races with a time-out.
    """

    def __init__(self) -> None:
        self._passing: dict[str, asyncio.Event] = {}
        self._waiters: dict[str, int] = {}

    async def spend(self, seconds: float, kind: str, until: asyncio.Event) -> bool:
        """Return at once for speech; else wait for `until` or for `let_pass`."""
        if kind in ("speech", "pause"):
            await asyncio.sleep(0)
            return until.is_set()
        over = self._passing.setdefault(kind, asyncio.Event())
        self._waiters[kind] = self._waiters.get(kind, 0) + 1
        waits = [asyncio.create_task(until.wait()), asyncio.create_task(over.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self._waiters[kind] -= 1
            if not self._waiters[kind]:
                self._passing.pop(kind, None)
                del self._waiters[kind]
        return until.is_set()

    @property
    def waiting(self) -> set[str]:
        """The kinds that somebody waits for now."""
        return set(self._waiters)

    def let_pass(self, kind: str) -> None:
        """Whoever waits for `kind` now has waited long enough."""
        self._passing.pop(kind, asyncio.Event()).set()
