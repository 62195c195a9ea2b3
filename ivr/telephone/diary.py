"""What happened on a leg, in order: read by the page of the demo telephone and by tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Happening:
    """One thing. `kind` is one of: state say play barge ask record key fetch dial meet hold fault."""

    number: int  # from 0
    at: int  # ms since the epoch
    kind: str
    data: dict[str, Any]


class Diary:
    """Grows until its leg is forgotten; any number of readers."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self.closed = False
        self._news = asyncio.Event()

    def write(self, kind: str, **data: Any) -> None:
        """Add one thing and wake the readers."""
        self.happenings.append(Happening(len(self.happenings), time.time_ns() // 1_000_000, kind, data))
        self._wake()

    def close(self) -> None:
        """Nothing more will happen."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def follow(self, start: int = 0) -> AsyncIterator[Happening]:
        """Everything from number `start` on, then what comes, until closed."""
        while True:
            news = self._news
            for happening in self.happenings[start:]:
                start = happening.number + 1
                yield happening
            if self.closed and start >= len(self.happenings):
                return
            if start >= len(self.happenings):
                await news.wait()

    async def until(self, wanted: Callable[[Happening], bool], *, start: int = 0, seconds: float = 10) -> Happening:
        """The first that is wanted, already written or to come; raises TimeoutError, LookupError when closed."""
        async with asyncio.timeout(seconds):
            async for happening in self.follow(start):
                if wanted(happening):
                    return happening
        raise LookupError("the leg ended without it")

    def said(self) -> list[str]:
        """The texts spoken so far."""
        return [h.data["text"] for h in self.happenings if h.kind == "say"]
