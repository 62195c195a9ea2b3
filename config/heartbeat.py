"""A sign of life that only a working main loop can give; `suar up` restarts a process that stops giving it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

INTERVAL = 1.0  # seconds


class Heartbeat:
    """Touches the file named by SUAR_HEARTBEAT, or does nothing under another supervisor."""

    def __init__(self) -> None:
        name = os.environ.get("SUAR_HEARTBEAT", "")
        self._path = Path(name) if name else None

    def beat(self) -> None:
        """Call it from the loop whose health matters."""
        if self._path:
            self._path.touch()

    async def forever(self) -> None:
        """Beat from this event loop until cancelled."""
        while True:
            self.beat()
            await asyncio.sleep(INTERVAL)
