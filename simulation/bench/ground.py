"""What a measurement stands on: a store of its own in a temporary folder, and what processes cost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.errors import Problem
from router.store.embedded import Embedded, embedded, ready
from router.store.wire import Wire

TICK = os.sysconf("SC_CLK_TCK")
PATIENT = 30.0  # seconds a bench waits for one reply: a busy machine must not end it


class BenchFailed(Problem):
    """A measurement could not be made; the text says why."""

    slug = "bench-failed"
    status = 500


@dataclass
class OwnStore:
    """A server that only this measurement uses."""

    made: Embedded
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """Where it listens: a socket in the temporary folder."""
        return self.made.url

    async def start(self) -> float:
        """Start it; answers the seconds until it served."""
        self.made.write()
        self.made.log.parent.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        self.process = subprocess.Popen(self.made.argv, start_new_session=True)  # noqa: ASYNC220 - at once
        while not await ready(self.url):
            if self.process.poll() is not None or time.monotonic() - started > PATIENT:
                raise BenchFailed(f"The store of the bench did not start; see {self.made.log}.")
            await asyncio.sleep(0.005)
        return time.monotonic() - started

    def kill(self) -> None:
        """As the kernel does when memory is short: no last words."""
        self.process.kill()
        self.process.wait()

    def cpu(self) -> float:
        """Seconds of processor time so far, user and system."""
        return cpu_of(self.process.pid)

    def fine_cpu(self) -> float:
        """The same, for short measurements."""
        return fine_cpu_of(self.process.pid)


@contextlib.asynccontextmanager
async def own_store(*, lines: tuple[str, ...] = (), durability: str = "everysec") -> AsyncIterator[OwnStore]:
    """A fresh store as `suar up` starts it; `lines` are added to its configuration. Killed at the end."""
    with tempfile.TemporaryDirectory(prefix="suar-bench-", ignore_cleanup_errors=True) as folder:
        made = embedded(Path(folder), durability)
        config = made.config + "\n".join((*lines, ""))
        store = OwnStore(Embedded(made.argv, config, made.folder, made.socket, made.log))
        try:
            await store.start()
            yield store
        finally:
            store.kill()


def cpu_of(pid: int) -> float:
    """Seconds of processor time of another process (/proc/<pid>/stat, in ticks of 10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def fine_cpu_of(pid: int) -> float:
    """The same as the scheduler counts it, in nanoseconds: for what takes less than some ticks."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in tasks) / 1e9


def own_cpu() -> float:
    """Seconds of processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Gauge:
    """The server's own count of what its functions cost, over a connection of its own."""

    def __init__(self, url: str) -> None:
        self._wire = Wire(url, timeout=PATIENT)

    async def ask(self, *command: str | int) -> Any:
        """One command of the server's keeper (CONFIG, INFO, XTRIM, FUNCTION)."""
        return await self._wire.call(*command)

    async def reset(self) -> None:
        """Count from nought again."""
        await self.ask("CONFIG", "RESETSTAT")

    async def function_us(self) -> tuple[int, float]:
        """Since then: FCALLs, and microseconds of each inside the server."""
        said: str = await self.ask("INFO", "commandstats")
        found = re.search(r"cmdstat_fcall:calls=(\d+),usec=(\d+)", said)
        if not found:
            return 0, 0.0
        calls, used = int(found[1]), int(found[2])
        return calls, used / calls

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()
