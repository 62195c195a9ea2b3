"""How soon a telephone rings: Suar beside app_queue on one Asterisk, seen by one observer."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from simulation.bench.exchange import asterisk_root
from simulation.bench.ground import BenchFailed
from simulation.bench.hotline import CSOS, PEER, SUAR, TALK_MS, Hotline, hotline
from simulation.bench.observer import Waits, pair
from simulation.bench.report import Report

RATES = (1, 5, 10, 20)  # calls a second
SECONDS = 8.0  # of arrivals in one arm
FEWEST = 10
ARMS = {"app_queue": PEER, "suar": SUAR}
LIMIT_SECONDS = 3600.0
SINCE = (attrgetter("waits.from_joining"), attrgetter("waits.from_arrival"))


async def measure(report: Report, *, quick: bool) -> None:
    """Fill `ring_p50_at_N` and `ring_p95_at_N`: from being in line to the first ring, Suar's time by app_queue's."""
    if not shutil.which("sipp"):
        raise BenchFailed("The telephones of this bench are SIPp's; it is not installed (Debian: sip-tester).")
    rates = (5,) if quick else RATES
    found: dict[tuple[str, int], list[One]] = {(arm, rate): [] for arm in ARMS for rate in rates}
    async with asyncio.timeout(LIMIT_SECONDS), hotline(asterisk_root()) as line:
        for dialled in ARMS.values():
            await line.calls(dialled, rate=5, count=5)  # what happens at a first call only
        for run in range(report.runs):
            for rate in rates:
                # Who begins takes turns too.
                for arm in sorted(ARMS, reverse=bool(run % 2)):
                    found[arm, rate].append(await _one(line, ARMS[arm], rate, quick=quick))
    report.section(
        "Until the telephone rings",
        f"One Asterisk, {CSOS} CSOs at SIP telephones (SIPp: ring, answered after 0.2 s, talk {TALK_MS / 1000:.0f} s,",
        f"no wrap-up), callers over a SIP trunk straight into line. app_queue: {CSOS} dynamic members, leastrecent,",
        "autofill. Suar: its dialplan, AGI server, store, dispatcher and connector, longest idle. One manager",
        "connection sees both: from the first line of the dialplan (arrived), and from being in line",
        "(QueueCallerJoin; first line of [wait]) to the first ringing, by Asterisk's clock. Who begins varies.",
    )
    for rate in rates:
        _tell(report, rate, {arm: found[arm, rate] for arm in ARMS})


@dataclass(frozen=True)
class One:
    """One arm at one rate."""

    waits: Waits
    never: int  # callers for whom no telephone rang, whatever became of them
    asterisk_ms: float  # processor time for one call
    suar_ms: float  # the same of all processes of the product and of its store


async def _one(line: Hotline, dialled: str, rate: int, *, quick: bool) -> One:
    count = 10 if quick else max(FEWEST, int(rate * SECONDS))
    line.manager.marks.clear()
    before = line.cpu()
    await line.calls(dialled, rate=rate, count=count)
    used = {name: (now - before[name]) * 1e3 / count for name, now in line.cpu().items()}
    waits = pair(line.manager.marks)
    if not waits.from_joining:
        raise BenchFailed(f"No telephone rang for {dialled}; {waits.never} callers arrived.")
    asterisk = used.pop("asterisk")
    return One(waits, count - len(waits.from_arrival), asterisk, sum(used.values()))


def _tell(report: Report, rate: int, found: dict[str, list[One]]) -> None:
    for share in (0.5, 0.95):
        name = f"p{share * 100:.0f}"
        joined, arrived = (
            {arm: [_at(how(one), share) for one in runs] for arm, runs in found.items()} for how in SINCE
        )
        for arm in found:
            report.row(
                f"{arm}_{name}_at_{rate}_ms", joined[arm], "ms", label=f"{rate}/s {arm}: in line → rings, {name}"
            )
        report.ratio(f"ring_{name}_at_{rate}", _ratios(joined), label=f"{rate}/s, {name}: suar / app_queue")
        for arm in found:
            label = f"{rate}/s {arm}: arrived → rings, {name}"
            report.row(f"{arm}_arrived_{name}_at_{rate}_ms", arrived[arm], "ms", label=label)
    for arm, runs in found.items():
        said = f"{rate}/s {arm}: "
        report.row(f"{arm}_never_at_{rate}", [one.never for one in runs], "calls", label=said + "never rang")
        report.row(
            f"{arm}_asterisk_at_{rate}_ms", [one.asterisk_ms for one in runs], "ms", label=said + "Asterisk, a call"
        )
        if arm == "suar":
            report.row(
                f"suar_own_at_{rate}_ms", [one.suar_ms for one in runs], "ms", label=said + "its own processes, a call"
            )


def _ratios(values: dict[str, list[float]]) -> list[float]:
    return [mine / peers for mine, peers in zip(values["suar"], values["app_queue"], strict=True)]


def _at(values: Sequence[float], share: float) -> float:
    # → milliseconds
    return values[min(len(values) - 1, int(len(values) * share))] * 1e3
