"""One process of `suar up`: in a session of its own, gone when the supervisor is gone, its words kept in a file."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOG_LIMIT = 20_000_000  # bytes; a larger log is set aside, and replaces the one set aside before

# Bound before any fork: between fork and exec only simple calls are safe.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """What to run and how it is stopped and watched."""

    name: str
    argv: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    on_orphaned: signal.Signals = signal.SIGKILL  # sent by the kernel when the supervisor dies
    keep_open: tuple[int, ...] = ()  # file descriptors it inherits (a lock lives as long as it does)
    watched: bool = True  # gives a heartbeat


def _die_with(parent: int, how: signal.Signals) -> Callable[[], None]:
    def before_exec() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, int(how))
            if os.getppid() != parent:  # it died before the request was made
                os._exit(1)

    return before_exec


class Child:
    """A running process. `run` holds NAME.pid and NAME.beat, `logs` holds NAME.log."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process, run: Path, logs: Path) -> None:
        self.program = program
        self.beat = run / f"{program.name}.beat"
        self._process = process
        self._pid_file = run / f"{program.name}.pid"
        self._pid_file.write_text(f"{self.pid}\n", encoding="utf-8")
        self._copying = asyncio.create_task(_copy(process.stdout, logs / f"{program.name}.log"))

    @classmethod
    async def start(cls, program: Program, run: Path, logs: Path) -> Child:
        """Start it; raises OSError when its program cannot be run."""
        beat = run / f"{program.name}.beat"
        beat.unlink(missing_ok=True)
        # Must run in the supervisor's main thread: the kernel's notice is about the thread that forked.
        process = await asyncio.create_subprocess_exec(
            *program.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **program.environ, "SUAR_HEARTBEAT": str(beat)},
            start_new_session=True,
            pass_fds=program.keep_open,
            preexec_fn=_die_with(os.getpid(), program.on_orphaned),
        )
        return cls(program, process, run, logs)

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self._process.pid

    async def wait(self) -> int:
        """Its exit code (negative: that signal), once it and everything it started have ended."""
        code = await self._process.wait()
        self.signal_group(signal.SIGKILL)
        await asyncio.wait([self._copying], timeout=1)
        self._copying.cancel()
        self._pid_file.unlink(missing_ok=True)
        return code

    def terminate(self) -> None:
        """Ask it to stop (its group's other members follow when it has ended)."""
        if self._process.returncode is None:
            self._process.terminate()

    def signal_group(self, how: signal.Signals) -> None:
        """Send a signal to it and to everything it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, how)


async def once(argv: list[str]) -> tuple[int, str]:
    """Run a command to its end: its exit code and what it printed; its stderr is ours. Cancelled: it is killed."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid(), signal.SIGKILL),
    )
    try:
        said, _ = await process.communicate()
        return await process.wait(), said.decode(errors="replace")
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _open_log(path: Path) -> FileIO:
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab", buffering=0)


async def _copy(words: asyncio.StreamReader | None, path: Path) -> None:
    """To the log and to our own stderr. A full disk or a terminal that is gone stops neither this nor the process,
    which would wait for ever for somebody to read its words.
    """
    while words and (chunk := await words.read(65536)):
        with suppress(OSError), _open_log(path) as file:
            file.write(chunk)
        with suppress(OSError):
            sys.stderr.buffer.write(chunk)
            sys.stderr.buffer.flush()


def describe(code: int) -> str:
    """An exit code as a person says it."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
