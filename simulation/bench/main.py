"""The benches by their names."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

from config.errors import Invalid
from simulation.bench import detection, durable, growth, ivr, life, outages, peers, rate, search
from simulation.bench.ground import BenchFailed
from simulation.bench.report import Report


async def router(report: Report, *, quick: bool) -> None:
    """Requests in flight, growth, whole lives, durability."""
    await rate.measure(report, quick=quick)
    await growth.measure(report, quick=quick)
    await life.measure(report, quick=quick)
    await durable.measure(report, quick=quick)


BENCHES: dict[str, Callable[..., Awaitable[None]]] = {
    "router": router,
    "ivr": ivr.measure,
    "peers": peers.measure,
    "search": search.measure,
    "outages": outages.measure,
    "detection": detection.measure,
}


async def run(name: str, runs: int, quick: bool) -> Report:
    """Measure; raises Invalid for a name that does not exist."""
    if name not in BENCHES:
        raise Invalid(f"There is no bench {name!r}; there is: {', '.join(BENCHES)}.", field="name")
    report = Report(name, runs)
    # SIGTERM, too, must stop the servers that were started.
    work = asyncio.ensure_future(BENCHES[name](report, quick=quick))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        _told(report)
        raise BenchFailed("The bench was stopped; nothing of it runs any more.") from None
    except BenchFailed:
        _told(report)
        raise
    return report


def _told(report: Report) -> None:
    """Half an hour of figures is not lost with the last of them."""
    if report.text:
        sys.stderr.write(report.table())
