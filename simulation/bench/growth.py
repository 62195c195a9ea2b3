"""What one decision costs the server as the pool grows: in people and in lanes, beside a scan."""

from __future__ import annotations

import asyncio
from statistics import median

from simulation.bench.crowd import QUEUES, BenchAcd, fill, load, open_pool, several
from simulation.bench.ground import Gauge, OwnStore, own_store
from simulation.bench.rate import STILL
from simulation.bench.report import Report

SIZES = ((720, 105), (10_000, 2_000), (100_000, 20_000))
QUICK = ((20, 5), (40, 10), (80, 20))
LANES = (4, 16, 64, 256)
BLOCKS = 20  # of a run: what else the machine does changes within seconds, and must hit every size alike


async def measure(report: Report, *, quick: bool) -> None:
    """Fill `growth`."""
    sizes, decisions, scans = (QUICK, 100, 2) if quick else (SIZES, 10_000, 3)
    async with own_store(lines=STILL) as store:
        gauge = Gauge(store.url)
        await load(gauge)
        pools = [await open_pool(store.url, f"grow{waiting}") for waiting, _ in sizes]
        for acd, (waiting, csos) in zip(pools, sizes, strict=True):
            await fill(acd, waiting=waiting, csos=csos)
        costs: list[list[float]] = [[] for _ in sizes]
        pairs: list[list[float]] = [[] for _ in sizes]
        naive: list[list[float]] = [[] for _ in sizes]
        for _ in range(report.runs):
            blocks: list[list[float]] = [[] for _ in sizes]
            for _ in range(BLOCKS):
                for at, acd in enumerate(pools):
                    blocks[at].append(await _decisions(store, gauge, acd, decisions // BLOCKS))
            for at, each in enumerate(blocks):
                costs[at].append(median(each))
            for at, acd in enumerate(pools):
                pairs[at].append(await _verbs(store, acd, decisions // 50))
            for at, acd in enumerate(pools):
                naive[at].append(await _scans(gauge, acd, scans))
        for acd in pools:
            await acd.close()
        report.section(
            "Growth of one decision",
            f"The same {len(QUEUES)} lanes at every size; {decisions} decisions a run in {BLOCKS} blocks, in turn;",
            "their median; processor time of the store for a decision and its undoing (simulation/bench/cycle.lua).",
        )
        for (waiting, csos), cost, pair, scan in zip(sizes, costs, pairs, naive, strict=True):
            size = f"{waiting:,} waiting, {csos:,} CSOs"
            report.row(f"cycle_us_{waiting}", cost, "µs", label=f"{size}: decision and undoing")
            report.row(f"pair_us_{waiting}", pair, "µs", label=f"{size}: offer_next + returned")
            report.row(f"scan_us_{waiting}", scan, "µs", label=f"{size}: by looking at everybody")
        large = [most / least for most, least in zip(costs[-1], costs[0], strict=True)]
        report.ratio("growth", large, "≤ 1.3", label=f"growth: {sizes[-1][0]:,} waiting / {sizes[0][0]:,}")
        scan = [most / least for most, least in zip(naive[-1], naive[0], strict=True)]
        report.row("scan_growth", scan, "", label="the same of the scan")
        await _lanes(report, store, gauge, (2, 3) if quick else LANES, decisions // 10)
        gauge.close()


async def _decisions(store: OwnStore, gauge: Gauge, acd: BenchAcd, times: int) -> float:
    used = store.fine_cpu()
    await several(acd.cycle for _ in range(times))
    used = store.fine_cpu() - used
    await gauge.ask("XTRIM", acd.journal_key, "MAXLEN", 0)
    return used * 1e6 / times


async def _verbs(store: OwnStore, acd: BenchAcd, rounds: int) -> float:
    # The product's own verbs, ten offers out and back at a time.
    used, done = store.fine_cpu(), 0
    for _ in range(rounds):
        offers = [offer for offer in await several(acd.offer_next for _ in range(10)) if offer]
        await asyncio.gather(*(acd.returned(one.call, one.token, reason="failed") for one in offers))
        done += len(offers)
    return (store.fine_cpu() - used) * 1e6 / max(1, done)


async def _scans(gauge: Gauge, acd: BenchAcd, times: int) -> float:
    await gauge.reset()
    for _ in range(times):
        await acd.scan()
    return (await gauge.function_us())[1]


async def _lanes(report: Report, store: OwnStore, gauge: Gauge, lanes: tuple[int, ...], times: int) -> None:
    report.section(
        "Growth in lanes",
        "720 waiting, 105 CSOs who serve only the lane whose callers came last: every other head is looked at in vain.",
    )
    waiting, csos = (720, 105) if lanes == LANES else (12, 3)
    costs: dict[int, list[float]] = {count: [] for count in lanes}
    pools = {}
    for count in lanes:
        queues = tuple(f"q{number}" for number in range(count))
        pools[count] = await open_pool(store.url, f"lanes{count}", queues=queues)
        await fill(pools[count], waiting=waiting, csos=csos, queues=queues, lane_last=True)
    for _ in range(report.runs):
        for count, acd in pools.items():
            costs[count].append(await _decisions(store, gauge, acd, times))
    for count, acd in pools.items():
        report.row(f"lanes_us_{count}", costs[count], "µs", label=f"{count} lanes")
        await acd.close()
