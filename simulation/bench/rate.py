"""Requests in flight: one Python process with the product's client against the store's own benchmark program."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time

from simulation.bench.crowd import QUEUES, TOGETHER, BenchAcd, fill, load, open_pool, several
from simulation.bench.ground import BenchFailed, Gauge, OwnStore, own_cpu, own_store
from simulation.bench.report import Report

WAITING, CSOS = 720, 105  # 4 August 2019
FIGURES = ("client", "P1", "P16", "python", "server", "nop", "nopP1")
PROGRAMS = ("valkey-benchmark", "redis-benchmark")
# The rewriting of the file in the background would hit one arm and not the other.
STILL = ("auto-aof-rewrite-percentage 0",)


def program() -> str:
    """The benchmark program of this machine."""
    found = next((path for path in map(shutil.which, PROGRAMS) if path), None)
    if not found:
        raise BenchFailed(
            "Neither valkey-benchmark nor redis-benchmark is installed: `make bench` installs it (Debian: redis-tools)."
        )
    return found


async def by_program(store: OwnStore, words: list[str], *, requests: int, pipeline: int) -> float:
    """Requests a second of the benchmark program: 64 connections over the same socket."""
    options = {"-s": store.made.socket, "-c": TOGETHER, "-P": pipeline, "-n": requests}
    argv = [program(), "-q", *(str(word) for option in options.items() for word in option)]
    process = await asyncio.create_subprocess_exec(
        *argv, *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    said = (await asyncio.wait_for(process.communicate(), 300))[0].decode()
    found = re.findall(r"([\d.]+) requests per second", said)
    if not found:
        raise BenchFailed(f"The benchmark program answered: {said[-200:]}")
    return float(found[-1])


async def by_client(acd: BenchAcd, verb: str, *, requests: int) -> tuple[float, float]:
    """Requests a second through the product's client, 64 in flight; and microseconds of Python for each."""
    ask = getattr(acd, verb)
    used, started = own_cpu(), time.perf_counter()
    await several(ask for _ in range(requests))
    return requests / (time.perf_counter() - started), (own_cpu() - used) * 1e6 / requests


async def measure(report: Report, *, quick: bool) -> None:
    """Fill `p1` and `p16`."""
    requests = 200 if quick else 10_000
    async with own_store(lines=STILL) as store:
        gauge = Gauge(store.url)
        await load(gauge)
        acd = await open_pool(store.url, "rate")
        await fill(acd, waiting=40 if quick else WAITING, csos=8 if quick else CSOS)
        cycle = acd.words("bench_cycle", "0123456789abcdef")
        figures: dict[str, list[float]] = {name: [] for name in FIGURES}
        for _ in range(report.runs):
            await gauge.ask("XTRIM", acd.journal_key, "MAXLEN", 0)
            figures["P1"].append(await by_program(store, cycle, requests=requests, pipeline=1))
            await gauge.ask("XTRIM", acd.journal_key, "MAXLEN", 0)
            used = store.fine_cpu()
            rate, python = await by_client(acd, "cycle", requests=requests)
            figures["server"].append((store.fine_cpu() - used) * 1e6 / requests)
            figures["client"].append(rate)
            figures["python"].append(python)
            await gauge.ask("XTRIM", acd.journal_key, "MAXLEN", 0)
            figures["P16"].append(await by_program(store, cycle, requests=requests, pipeline=16))
            figures["nop"].append((await by_client(acd, "nothing", requests=requests))[0])
            figures["nopP1"].append(await by_program(store, acd.words("bench_nothing"), requests=requests, pipeline=1))
        await acd.close()
        gauge.close()
    _tell(report, figures, requests)


def _tell(report: Report, figures: dict[str, list[float]], requests: int) -> None:
    name = program().rpartition("/")[2]
    report.section(
        "Requests in flight",
        f"One decision, again and again: claim the best of {WAITING} callers in {len(QUEUES)} lanes for the",
        f"longest-free of {CSOS} CSOs, journal it, give it back, journal that (simulation/bench/cycle.lua).",
        f"{requests} requests an arm, {TOGETHER} in flight, one unix socket, same function and arguments; in turn.",
        f"Peer: {name} of this machine, {TOGETHER} connections.",
    )
    report.row("client_rps", figures["client"], "1/s", label="the product's client, one Python process")
    report.row("peer_p1_rps", figures["P1"], "1/s", label=f"{name} -P 1 -c {TOGETHER}")
    report.row("peer_p16_rps", figures["P16"], "1/s", label=f"{name} -P 16 -c {TOGETHER}")
    report.row("cycle_us", figures["server"], "µs", label="processor time of the store, one decision and its undoing")
    report.row("python_us", figures["python"], "µs", label="processor time of Python, one request")
    report.row("nothing_rps", figures["nop"], "1/s", label="for contrast, an empty function: client")
    report.row("nothing_p1_rps", figures["nopP1"], "1/s", label=f"an empty function: {name} -P 1")
    for ratio, peer, goal in (("p1", "P1", "≥ 1.2"), ("p16", "P16", "≥ 0.6")):
        values = [ours / theirs for ours, theirs in zip(figures["client"], figures[peer], strict=True)]
        report.ratio(ratio, values, goal, label=f"{ratio}: client / {name} -P {peer[1:]}")
