"""What it costs that an acknowledged call is on the disk, and what a killed store loses."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from router.store.acd import StoreUnavailable
from router.store.wire import Wire
from simulation.bench.crowd import TOGETHER, BenchAcd, open_pool
from simulation.bench.ground import OwnStore, own_store
from simulation.bench.life import admit
from simulation.bench.report import Report

POOL = "durable"
SYNC_SECONDS = 1.0  # as `suar up`
PATIENCE = 10.0  # seconds for one reply; a WAITAOF on a busy disk takes its time
SHORT = 1.0  # the same where the store is killed: the product's own


@dataclass(frozen=True)
class Mode:
    """A way of keeping what was acknowledged. `setting`: a value of SUAR_STORE_DURABILITY, as the product runs it."""

    name: str
    what: str
    setting: str
    lines: tuple[str, ...] = ()

    @property
    def synced(self) -> bool:
        """Whether `suar up` brings the file to the disk, every second."""
        return self.setting == "everysec" and not self.lines


MODES = (
    Mode("everysec", "everysec: appendfsync no, fdatasync by `suar up` each second", "everysec"),
    Mode("always", "always: appendfsync always", "always"),
    Mode("waitaof", "waitaof: arrivals and ends wait on a connection of its own", "waitaof"),
    Mode("server", "contrast: appendfsync everysec, the server's own", "everysec", ("appendfsync everysec",)),
)


@contextlib.asynccontextmanager
async def _kept(mode: Mode) -> AsyncIterator[OwnStore]:
    async with own_store(lines=mode.lines, durability=mode.setting) as store:
        syncing = asyncio.create_task(_sync(store)) if mode.synced else None
        try:
            yield store
        finally:
            if syncing:
                syncing.cancel()


async def _sync(store: OwnStore) -> None:
    while True:
        await asyncio.sleep(SYNC_SECONDS)
        await asyncio.to_thread(store.made.sync)


async def _open(mode: Mode, store: OwnStore, patience: float) -> BenchAcd:
    return await open_pool(store.url, POOL, patience=patience, durable=mode.setting == "waitaof")


async def measure(report: Report, *, quick: bool) -> None:
    """Rates side by side, then kills."""
    rounds, trials = (2, 1) if quick else (100, 5)
    report.section(
        "Durability",
        f"Calls admitted and ended, {TOGETHER} in flight; each way as SUAR_STORE_DURABILITY sets it up. Then kill -9",
        "in the middle of admitting, a new start, and every call that was acknowledged is asked for. A killed process",
        "leaves the kernel's pages: only what waits for the disk says anything of a machine that loses its power.",
    )
    rates: dict[str, list[float]] = {mode.name: [] for mode in MODES}
    for run in range(report.runs):
        for mode in MODES:
            rates[mode.name].append(await _rate(mode, rounds=rounds, run=run))
    for mode in MODES:
        report.row(f"lives_{mode.name}", rates[mode.name], "1/s", label=mode.what)
    for mode in MODES[1:]:
        values = [mine / plain for mine, plain in zip(rates[mode.name], rates["everysec"], strict=True)]
        report.row(f"durable_{mode.name}", values, "", label=f"{mode.name} / everysec")
    told: dict[str, list[tuple[int, int]]] = {mode.name: [] for mode in MODES}
    for trial in range(trials):
        for mode in MODES:
            told[mode.name].append(await _killed(mode, after=0.1 + 0.5 * trial))
    for name, each in told.items():
        acknowledged, lost = sum(a for a, _ in each), sum(b for _, b in each)
        report.row(f"acknowledged_{name}", [acknowledged], "calls", label=f"{name}: acknowledged before {trials} kills")
        report.row(f"lost_{name}", [lost], "calls", label=f"{name}: of those lost")


async def _rate(mode: Mode, *, rounds: int, run: int) -> float:
    async with _kept(mode) as store:
        acd = await _open(mode, store, PATIENCE)
        started = time.perf_counter()
        for turn in range(rounds):
            calls = [f"d{run}-{turn}-{one}" for one in range(TOGETHER)]
            await asyncio.gather(*(admit(acd, call) for call in calls))
            await asyncio.gather(*(acd.ended(call, by="ami") for call in calls))
        took = time.perf_counter() - started
        await acd.close()
    return rounds * TOGETHER / took


async def _killed(mode: Mode, *, after: float) -> tuple[int, int]:
    # → calls acknowledged, and those of them that the restarted store does not know.
    async with _kept(mode) as store:
        acd = await _open(mode, store, SHORT)
        acknowledged: list[str] = []

        async def one_after_the_other(line: int) -> None:
            with contextlib.suppress(StoreUnavailable):
                for number in range(1_000_000):
                    await admit(acd, f"k{line}-{number}")
                    acknowledged.append(f"k{line}-{number}")

        writing = [asyncio.create_task(one_after_the_other(line)) for line in range(TOGETHER)]
        await asyncio.sleep(after)
        store.kill()
        await asyncio.gather(*writing)
        await acd.close()
        return len(acknowledged), await _lost(store, acknowledged)


async def _lost(store: OwnStore, calls: list[str]) -> int:
    await store.start()
    wire = Wire(store.url, timeout=60.0)
    known = await asyncio.gather(*(wire.call("EXISTS", f"suar:{{{POOL}}}:call:{call}") for call in calls))
    wire.close()
    return known.count(0)
