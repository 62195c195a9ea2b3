"""SIPp as a crowd of callers: how many calls it finished, and how long it waited for an answer."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from simulation.bench.exchange import Exchange, end, free_ports, start
from simulation.bench.ground import BenchFailed
from simulation.bench.report import Report

CALLERS = "callers.csv"  # the numbers that call, in the exchange's folder
READ_SECONDS = 15.0
NEVER_MS = 60_000.0  # nobody was answered

Arm = TypeVar("Arm")


async def side_by_side(
    report: Report, arms: Sequence[str], measure: Callable[[str], Awaitable[Arm]]
) -> dict[str, list[Arm]]:
    """As many runs as the report wants, each of all arms; who goes first alternates, for a machine grows slower."""
    found: dict[str, list[Arm]] = {arm: [] for arm in arms}
    for run in range(report.runs):
        for arm in sorted(found, reverse=bool(run % 2)):
            found[arm].append(await measure(arm))
    return found


@dataclass(frozen=True)
class Tally:
    """What a crowd counted so far."""

    seconds: float  # since it began
    done: int
    failed: int
    repeated: int  # messages that had to be sent again: somebody was too slow
    present: int  # calls now


@dataclass
class Crowd:
    """Callers who are calling now."""

    process: asyncio.subprocess.Process
    file: Path

    async def tally(self) -> Tally:
        """The newest line of its statistics (one a second)."""
        async with asyncio.timeout(READ_SECONDS):
            while True:
                lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
                if len(lines) > 1 and lines[-1].count(";") >= lines[0].count(";"):
                    return _tally(dict(zip(lines[0].split(";"), lines[-1].split(";"), strict=False)))
                await asyncio.sleep(0.1)

    async def after(self, seconds: float) -> Tally:
        """The first statistics at least so many seconds after it began."""
        while (now := await self.tally()).seconds < seconds:
            if self.process.returncode is not None:
                raise BenchFailed("SIPp ended before its time.")
            await asyncio.sleep(0.1)
        return now

    async def enough(self) -> None:
        """Nobody new calls."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGUSR1)


@contextlib.asynccontextmanager
async def crowd(at: Exchange, scenario: str, dialled: str, *words: str) -> AsyncIterator[Crowd]:
    """Callers from the file of numbers until the block ends; then every call of Asterisk is ended."""
    (port,) = free_ports(1, socket.SOCK_DGRAM)
    file = at.folder / f"{scenario}-{port}.csv"
    process = await start(
        scenario, at.server, at.folder, "-s", dialled, "-p", str(port), "-inf", str(at.folder / CALLERS),
        "-trace_stat", "-stf", str(file), "-fd", "1", *words,
    )  # fmt: skip
    try:
        yield Crowd(process, file)
    finally:
        await end(process)
        await at.hang_up_all()


def response_times(folder: Path) -> list[float]:
    """Milliseconds of each answer that SIPp waited for (-trace_rtt), smallest first; the files are taken away."""
    found = []
    for file in folder.glob("*_rtt.csv"):
        with file.open(encoding="utf-8") as lines:
            found += [float(row[1]) for row in csv.reader(lines, delimiter=";") if len(row) > 1 and _number(row[1])]
        file.unlink()
    return sorted(found)


def share(times: Sequence[float], part: float) -> float:
    """The time within which this part of all was answered; at least 1 ms, which is as fine as SIPp measures."""
    return max(1.0, times[min(len(times) - 1, int(len(times) * part))]) if times else NEVER_MS


def _number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _tally(line: dict[str, str]) -> Tally:
    try:
        now, begun = (float(line[name].split("\t")[-1]) for name in ("CurrentTime", "StartTime"))
        return Tally(
            now - begun,
            int(line["SuccessfulCall(C)"]),
            int(line["FailedCall(C)"]),
            int(line["Retransmissions(C)"]),
            int(line["CurrentCall"]),
        )
    except (KeyError, ValueError) as fault:
        raise BenchFailed("SIPp's statistics have another form than expected.") from fault
