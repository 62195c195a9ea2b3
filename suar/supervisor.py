"""Keeps processes alive: starts them in order, kills those that hang, restarts those that end, stops them in reverse.

Two signs of life: a heartbeat file that only the process's own main loop touches, or a question that it must answer
(the store's PING). Silence means SIGKILL of the whole group: a process stopped by SIGSTOP hears nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from suar.child import Child, Program, describe

log = logging.getLogger(__name__)

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Patience:
    """Seconds."""

    silence: float = 6.0  # without a sign of life
    start: float = 60.0  # until the first sign of life; after a power cut a whole host starts at once
    look: float = 0.25  # between two looks
    stop: float = 5.0  # between SIGTERM and SIGKILL
    first_pause: float = 0.2  # before a restart; doubles …
    longest_pause: float = 5.0  # … up to this
    healthy: float = 10.0  # having lived so long, the next pause is the first again


class Silence:
    """How long a process has given no sign of life."""

    def __init__(self, patience: Patience, now: float) -> None:
        self._patience = patience
        self._deadline = now + patience.start
        self._looked = now

    def alive(self, now: float) -> None:
        """A sign of life was seen."""
        self._deadline = now + self._patience.silence

    def too_long(self, now: float) -> bool:
        """Whether to give it up; time in which the supervisor itself did not run is not counted."""
        own = now - self._looked - 4 * self._patience.look
        self._looked = now
        if own > 0:
            self._deadline += own
        return now > self._deadline


class Supervisor:
    """The running children of one data folder."""

    def __init__(self, run: Path, logs: Path, patience: Patience) -> None:
        self._run, self._logs, self._patience = run, logs, patience
        self._kept: dict[str, asyncio.Task[None]] = {}
        self._children: dict[str, Child] = {}
        self._stopping = asyncio.Event()

    def start(self, program: Program, probe: Probe | None = None) -> None:
        """Keep `program` alive from now on; `probe` replaces its heartbeat."""
        self._kept[program.name] = asyncio.create_task(self._keep(program, probe), name=f"keep {program.name}")

    def child(self, name: str) -> Child | None:
        """The present life of a program, if it lives."""
        return self._children.get(name)

    def all_beat(self) -> bool:
        """Whether every watched program has given its first sign of life."""
        return all(
            (child := self._children.get(name)) is not None and (not child.program.watched or child.beat.exists())
            for name in self._kept
        )

    async def stop(self, *, last: str = "") -> None:
        """Stop everything, newest first, `last` alone at the end; whoever does not go in time is killed."""
        self._stopping.set()
        await self._stop([name for name in reversed(self._kept) if name != last])
        await self._stop([last] if last in self._kept else [])

    async def _stop(self, names: list[str]) -> None:
        for name in names:
            if child := self._children.get(name):
                child.terminate()
        tasks = [self._kept[name] for name in names]
        if not tasks:
            return
        _, slow = await asyncio.wait(tasks, timeout=self._patience.stop)
        if slow:
            self.kill([name for name in names if self._kept[name] in slow])
            await asyncio.wait(tasks)

    def kill(self, names: list[str] | None = None) -> None:
        """SIGKILL to these, or to all."""
        for name in list(self._children) if names is None else names:
            if child := self._children.get(name):
                log.warning("%s does not stop; killed", name)
                child.signal_group(signal.SIGKILL)

    async def _keep(self, program: Program, probe: Probe | None) -> None:
        pause = self._patience.first_pause
        while not self._stopping.is_set():
            began = time.monotonic()
            ended = await self._live(program, probe)
            if self._stopping.is_set():
                return
            if time.monotonic() - began >= self._patience.healthy:
                pause = self._patience.first_pause
            log.warning("%s: %s; started again in %.1f s", program.name, ended, pause)
            await self._pause(pause)
            pause = min(2 * pause, self._patience.longest_pause)

    async def _live(self, program: Program, probe: Probe | None) -> str:
        """One life, from start to end; answers how it ended."""
        try:
            child = await Child.start(program, self._run, self._logs)
        except OSError as fault:
            return f"cannot be started ({fault.strerror})"
        self._children[program.name] = child
        if self._stopping.is_set():  # asked to stop while it was being started
            child.terminate()
        end = asyncio.create_task(child.wait())
        silent = asyncio.create_task(self._silent(child, probe))
        try:
            await asyncio.wait([end, silent], return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                return describe(end.result())
            child.signal_group(signal.SIGKILL)
            await end
            return "gave no sign of life and was killed"
        finally:
            silent.cancel()
            self._children.pop(program.name, None)

    async def _silent(self, child: Child, probe: Probe | None) -> None:
        """Returns when the child has been silent for too long."""
        if probe is None and not child.program.watched:
            await asyncio.Event().wait()
        silence = Silence(self._patience, time.monotonic())
        seen = 0
        while not silence.too_long(time.monotonic()):
            if probe is not None:
                if await probe():
                    silence.alive(time.monotonic())
            elif (beat := _touched(child.beat)) != seen:
                seen = beat
                silence.alive(time.monotonic())
            await asyncio.sleep(self._patience.look)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _touched(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
