"""What it costs that an acknowledged call is on the disk, and what a killed store loses."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from router.store.acd import StoreUnavailable
from router.store.wire import Wire
from simulation.bench.crowd import TOGETHER, BenchAcd, open_pool
from simulation.bench.ground import OwnStore, own_store
from simulation.bench.life import admit
from simulation.bench.report import Report

POOL = "durable"


@dataclass(frozen=True)
class Mode:
    """A way of keeping what was acknowledged."""

    name: str
    what: str
    lines: tuple[str, ...] = ()
    wait: bool = False  # what is acknowledged is on the disk: one WAITAOF for all that are in flight together


MODES = (
    Mode("everysec", "as installed: written before it is answered, synced every second"),
    Mode("always", "appendfsync always", ("appendfsync always",)),
    Mode("waitaof", "everysec, then WAITAOF, one for all in flight", ("appendfsync everysec",), wait=True),
)


@dataclass
class Keeper:
    """Admission and completion on a connection of their own; `acknowledged` are the calls the store has promised."""

    acd: BenchAcd
    mode: Mode
    acknowledged: list[str] = field(default_factory=list)

    async def batch(self, calls: list[str], *, end: bool) -> None:
        """So many calls at once: admitted, and ended too if asked."""
        await asyncio.gather(*(admit(self.acd, call) for call in calls))
        await self._on_disk()
        self.acknowledged += calls
        if end:
            await asyncio.gather(*(self.acd.ended(call, by="ami") for call in calls))
            await self._on_disk()

    async def _on_disk(self) -> None:
        if self.mode.wait:
            await self.acd.on_disk()


async def measure(report: Report, *, quick: bool) -> None:
    """Rates side by side, then kills."""
    rounds, trials = (2, 1) if quick else (100, 5)
    report.section(
        "Durability",
        f"Calls admitted and ended, {TOGETHER} in flight on one connection; then kill -9 in the middle of admitting,",
        "a new start, and every call that was acknowledged is asked for. A killed process leaves the kernel's pages:",
        "this says nothing of a machine that loses its power, except where the answer waits for the disk.",
    )
    rates: dict[str, list[float]] = {mode.name: [] for mode in MODES}
    for run in range(report.runs):
        for mode in MODES:
            rates[mode.name].append(await _rate(mode, rounds=max(1, rounds // 20) if mode.wait else rounds, run=run))
    for mode in MODES:
        report.row(f"lives_{mode.name}", rates[mode.name], "1/s", label=mode.what)
    for mode in MODES[1:]:
        values = [mine / plain for mine, plain in zip(rates[mode.name], rates["everysec"], strict=True)]
        report.row(f"durable_{mode.name}", values, "", label=f"{mode.name} / everysec")
    for mode in MODES:
        told = [await _killed(mode, after=0.1 + 0.15 * trial) for trial in range(trials)]
        acknowledged, lost = sum(a for a, _ in told), sum(b for _, b in told)
        report.row(f"lost_{mode.name}", [lost], "calls", label=f"{mode.name}: lost of {acknowledged:,}, {trials} kills")


async def _rate(mode: Mode, *, rounds: int, run: int) -> float:
    async with own_store(lines=mode.lines) as store:
        keeper = Keeper(await open_pool(store.url, POOL), mode)
        started = time.perf_counter()
        for turn in range(rounds):
            await keeper.batch([f"d{run}-{turn}-{one}" for one in range(TOGETHER)], end=True)
        took = time.perf_counter() - started
        await keeper.acd.close()
    return rounds * TOGETHER / took


async def _killed(mode: Mode, *, after: float) -> tuple[int, int]:
    # → calls acknowledged, and those of them that the restarted store does not know.
    async with own_store(lines=mode.lines) as store:
        keeper = Keeper(await open_pool(store.url, POOL, patience=0.5), mode)
        writing = asyncio.create_task(_write(keeper))
        await asyncio.sleep(after)
        store.kill()
        with contextlib.suppress(StoreUnavailable):
            await writing
        await keeper.acd.close()
        return len(keeper.acknowledged), await _lost(store, keeper.acknowledged)


async def _write(keeper: Keeper) -> None:
    # Few in flight: each acknowledgement is a promise by itself.
    async def one_after_the_other(line: int) -> None:
        for number in range(1_000_000):
            await keeper.batch([f"k{line}-{number}"], end=False)

    await asyncio.gather(*(one_after_the_other(line) for line in range(1 if keeper.mode.wait else 4)))


async def _lost(store: OwnStore, calls: list[str]) -> int:
    await store.start()
    wire = Wire(store.url, timeout=60.0)
    known = await asyncio.gather(*(wire.call("EXISTS", f"suar:{{{POOL}}}:call:{call}") for call in calls))
    wire.close()
    return known.count(0)
