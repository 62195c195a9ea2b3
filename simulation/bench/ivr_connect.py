"""How many callers a second reach a CSO, and how soon a telephone rings when many come: Suar beside app_queue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulation.bench.hotline import CSOS, PEER, SUAR, Hotline, hotline
from simulation.bench.load import CALLERS, NEVER_MS, crowd
from simulation.bench.observer import pair
from simulation.bench.report import Report

TALK_MS = 500
AT_ONCE = 400
WARM_SECONDS, SECONDS = 5.0, 15.0
RATES = (20, 50, 100)
RATE_SECONDS = 8.0
ARMS = {"app_queue": PEER, "suar": SUAR}


@dataclass(frozen=True)
class Rings:
    """Milliseconds from being in line to the first ring."""

    p50: float
    p99: float
    never: int


async def measure(root: Path, report: Report, *, quick: bool) -> None:
    """`connect_vs_app_queue`, and `ring_p50_at_N`, `ring_p99_at_N`."""
    async with hotline(root, talk_ms=TALK_MS) as line:
        numbers = [f"0811{number:07}" for number in range(2000)]
        (line.at.folder / CALLERS).write_text("\n".join(["SEQUENTIAL", *numbers, ""]), encoding="utf-8")
        for dialled in ARMS.values():
            await line.calls(dialled, rate=5, count=5)  # what happens at a first call only
        connected: dict[str, list[float]] = {arm: [] for arm in ARMS}
        for run in range(report.runs):
            for arm in sorted(ARMS, reverse=bool(run % 2)):
                connected[arm].append(await _served(line, ARMS[arm], 3.0 if quick else SECONDS))
        rates = (20,) if quick else RATES
        rings: dict[tuple[str, int], list[Rings]] = {(arm, rate): [] for arm in ARMS for rate in rates}
        for run in range(report.runs):
            for rate in rates:
                for arm in sorted(ARMS, reverse=bool(run % 2)):
                    rings[arm, rate].append(await _rings(line, ARMS[arm], rate, 1.0 if quick else RATE_SECONDS))
    report.section(
        f"Callers served by {CSOS} CSOs",
        f"{AT_ONCE} callers at once, whoever is served calls again; the telephone rings 0.2 s, talk {TALK_MS} ms,",
        "no wrap-up.",
    )
    for arm in ARMS:
        report.row(f"connect_{arm}_per_s", connected[arm], "calls/s", label=f"{arm}: served")
    pairs = zip(connected["suar"], connected["app_queue"], strict=True)
    report.ratio("connect_vs_app_queue", [a / b for a, b in pairs], "≥ 1.0", label="served: suar / app_queue")
    report.section("Until the telephone rings", "From being in line to the first ring, callers evenly at a rate.")
    for rate in rates:
        _tell(report, rate, {arm: rings[arm, rate] for arm in ARMS})


def _tell(report: Report, rate: int, found: dict[str, list[Rings]]) -> None:
    for name, goal in (("p50", "≤ 3"), ("p99", "≤ 2")):
        values = {arm: [float(getattr(one, name)) for one in arms] for arm, arms in found.items()}
        for arm, times in values.items():
            report.row(f"{arm}_{name}_at_{rate}_ms", times, "ms", label=f"{rate}/s {arm}: in line → rings, {name}")
        ratios = [a / b for a, b in zip(values["suar"], values["app_queue"], strict=True)]
        report.ratio(f"ring_{name}_at_{rate}", ratios, goal, label=f"{rate}/s, {name}: suar / app_queue")
    for arm, arms in found.items():
        report.row(f"{arm}_never_at_{rate}", [one.never for one in arms], "calls", label=f"{rate}/s {arm}: never rang")


async def _served(line: Hotline, dialled: str, seconds: float) -> float:
    async with crowd(line.at, "listener", dialled, "-l", str(AT_ONCE), "-r", "200", "-m", "1000000") as callers:
        first = await callers.after(WARM_SECONDS)
        last = await callers.after(first.seconds + seconds)
    await line.free()
    return (last.done - first.done) / (last.seconds - first.seconds)


async def _rings(line: Hotline, dialled: str, rate: int, seconds: float) -> Rings:
    line.manager.marks.clear()
    count = round(rate * seconds)
    await line.calls(dialled, rate=rate, count=count)
    waits = pair(line.manager.marks)
    times = waits.from_joining or [NEVER_MS / 1e3]

    def at(share: float) -> float:
        return times[min(len(times) - 1, int(len(times) * share))] * 1e3

    return Rings(at(0.5), at(0.99), count - len(waits.from_arrival))
