"""Callers beyond every line, 721 a second: refused before they are answered, with nobody of ours asked."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.bench.exchange import DIALLED, POOL, Exchange, until
from simulation.bench.load import crowd, response_times, share, side_by_side
from simulation.bench.report import Report

PLAIN = "132"  # dialled: refused by the first line
OFFERED = 721  # calls a second: the caller of 4 August 2019 who found 720 lines taken
SECONDS = 8.0
LEVEL = f"SUAR_LEVEL_{POOL}"


@dataclass(frozen=True)
class Arm:
    """One arm of one run."""

    p50_ms: float
    p99_ms: float
    slowest_ms: float
    kept_up: bool
    cpu_ms: float


async def measure(at: Exchange, report: Report, *, quick: bool) -> None:
    """`refuse_721_p99`."""
    await at.number(PLAIN, "Hangup(34)")
    seconds = 2.0 if quick else SECONDS
    await level(at, 4)
    found = await side_by_side(report, [PLAIN, DIALLED], lambda dialled: arm(at, dialled, seconds))
    await level(at, 0)
    report.section(
        f"{OFFERED} calls a second refused",
        f"Offered evenly for {seconds:.0f} s; from INVITE to 503. Plain: Hangup. Suar: its dialplan at surge",
        "level 4, no line left for announcements (`front: 0`). Kept up: every call answered, none a second late.",
    )
    for dialled, arms in found.items():
        who = "plain" if dialled == PLAIN else "suar"
        report.row(f"refuse_{who}_p50_ms", [one.p50_ms for one in arms], "ms", label=f"{who}: p50")
        report.row(f"refuse_{who}_p99_ms", [one.p99_ms for one in arms], "ms", label=f"{who}: p99")
        report.row(f"refuse_{who}_slowest_ms", [one.slowest_ms for one in arms], "ms", label=f"{who}: slowest")
        report.row(f"refuse_{who}_cpu_ms", [one.cpu_ms for one in arms], "ms", label=f"{who}: processor time of a call")
        report.row(f"refuse_{who}_kept_up", [float(one.kept_up) for one in arms], "", label=f"{who}: kept up (1)")
    pairs = zip(found[DIALLED], found[PLAIN], strict=True)
    report.ratio("refuse_721_p99", [a.p99_ms / b.p99_ms for a, b in pairs], "≤ 3", label="p99: suar / plain")


async def level(at: Exchange, wanted: int) -> None:
    """As a supervisor sets it: what is only written on Asterisk is put right by the connector within seconds."""
    async with at.store() as acd:
        await acd.set_level(wanted, reason="bench", by="bench")

    async def there() -> bool:
        return f"{LEVEL}={wanted}" in await at.manager.console("dialplan show globals")

    await until(there, 30, "the level did not reach Asterisk")


async def arm(at: Exchange, dialled: str, seconds: float) -> Arm:
    """So many calls a second for so long."""
    count = round(OFFERED * seconds)
    response_times(at.folder)
    words = ("-r", str(OFFERED), "-m", str(count), "-l", str(4 * OFFERED), "-trace_rtt", "-rtt_freq", "1")
    before = at.cpu()
    async with crowd(at, "refused", dialled, *words) as callers:

        async def over() -> bool:
            return callers.process.returncode is not None

        await until(over, seconds + 60, "SIPp's callers were not refused")
        last = await callers.tally()
    spent = {name: now - before.get(name, 0.0) for name, now in at.cpu().items()}
    used = sum(spent.values()) if dialled == DIALLED else spent["asterisk"]
    times = response_times(at.folder)
    late = not times or times[-1] >= 1000 or last.failed or last.done < count
    return Arm(share(times, 0.5), share(times, 0.99), share(times, 1), not late, used * 1e3 / count)
