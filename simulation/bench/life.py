"""Whole lives of calls at the rate of the worst hour: what the store and the Python beside it need."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Awaitable, Sequence
from typing import Any

from config.operator import operator
from router.agents import CsoState
from router.dispatcher import Dispatcher
from router.events import Event
from router.store.acd import Acd
from router.store.types import Offer
from simulation.bench.crowd import QUEUES, BenchAcd, fill, load, open_pool
from simulation.bench.ground import BenchFailed, Gauge, OwnStore, own_cpu, own_store
from simulation.bench.report import Report

RATE = 721  # new calls a second: one a second for each line of 2019, and the caller who was thrown off
SECONDS, QUICK_SECONDS = 10.0, 0.5
TALK_S, WRAP_UP_S = 0.2, 0.1
CSOS = 500
DRAIN_S = 30.0  # less than it takes until a desk that does not beat is closed
STEPS = 3
FLOW = json.dumps({"node": "utama", "tries": 0, "premises": "", "area": "3171", "priority": 0, "heard": ["sapa"]})
ANSWER = json.dumps({"play": ["sapa", "menu-utama"], "keys": "1234590", "seconds": 5})


class Lives:
    """Callers who arrive on time, and what the product's processes do with them, in one event loop.

    Two followers of the journal: the dispatcher itself (router/dispatcher.py) and one that rings, answers and hangs up,
    as the connector does. Sound, SIP and SQL are not in it.
    """

    def __init__(self, acd: BenchAcd) -> None:
        self._acd = acd
        self._stop, self._finished = asyncio.Event(), asyncio.Event()
        self._expected = -1  # lives; not yet known
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None
        self.done = 0
        self.waits: list[float] = []  # seconds from joining the queue until the journal tells of the ringing
        self._joined: dict[str, float] = {}

    async def run(self, *, rate: float, seconds: float, seed: int) -> None:
        """Callers arrive as they do (exponential gaps) for so long; returns when the last one has gone."""
        dispatcher = asyncio.create_task(Dispatching(self._acd).run(self._stop))
        follower = asyncio.create_task(self._connect())
        chance, loop = random.Random(seed), asyncio.get_running_loop()  # noqa: S311 - arrivals, not secrets
        due, number, end = loop.time(), 0, loop.time() + seconds
        while due < end:
            if (early := due - loop.time()) > 0:
                await asyncio.sleep(early)
            self._go(self._arrives(f"c{seed}-{number:06d}", number))
            number += 1
            due += chance.expovariate(rate)
        self._expected = number
        self._count()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._finished.wait(), DRAIN_S)
        self._stop.set()
        await asyncio.gather(dispatcher, follower)
        if self.done < number:
            for task in self._tasks:
                task.cancel()
            why = self._fault or f"{DRAIN_S:.0f} s after the last arrival"
            raise BenchFailed(f"This machine does not keep up: {self.done} of {number} lives ended ({why}).")

    def _go(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            self._fault = fault
            self._finished.set()

    async def _arrives(self, call: str, number: int) -> None:
        await admit(self._acd, call)
        for at in range(STEPS):
            await step(self._acd, call, at)
        self._joined[call] = time.perf_counter()
        await self._acd.enqueue(call, queue=QUEUES[number % 3], cmd=f"q-{call}")

    async def _connect(self) -> None:
        after = (await self._acd.snapshot()).journal
        while not self._stop.is_set():
            entries = await self._acd.journal(after, block_ms=100)
            for entry in entries:
                if entry.event is Event.CALL_OFFERED:
                    self._go(self._serve(entry.call, entry.cso, entry.token))
                elif entry.event is Event.CALL_RINGING:
                    self.waits.append(time.perf_counter() - self._joined.pop(entry.call))
            if entries:
                after = entries[-1].id

    async def _serve(self, call: str, cso: str, token: str) -> None:
        await self._acd.ringing(call, token)
        await self._acd.answered(call, token, leg=f"PJSIP/{cso}-00000001")
        await asyncio.sleep(TALK_S)
        await self._acd.ended(call, by="ami")
        await asyncio.sleep(WRAP_UP_S)
        await self._acd.ask_state(cso, CsoState.READY)
        self.done += 1
        self._count()

    def _count(self) -> None:
        if self.done == self._expected:
            self._finished.set()


class Dispatching(Dispatcher):
    """The product's dispatcher; the pool is already configured and its store does not restart."""

    def __init__(self, acd: Acd) -> None:
        super().__init__(acd, operator())

    async def _check_epoch(self) -> None:
        if not self._epoch:
            self._epoch, self._after = self._acd.epoch, (await self._acd.snapshot()).journal


async def admit(acd: Acd, call: str) -> None:
    """A call with everything a carrier tells of it."""
    await acd.admit(
        call, carrier="asterisk", channel=f"PJSIP/trunk-{call}", ani="+6281100000001", trunk="jakarta", region="31",
        dialled="021123", menu="2019-08-04", cmd=f"a-{call}",
    )  # fmt: skip


async def step(acd: Acd, call: str, at: int) -> None:
    """One step of the menu: its state, its answer, a note when a key was pressed."""
    notes = [{"what": "keyed", "node": "utama", "keys": "0"}] if at else []
    await acd.step(call, token=f"s{at}", flow=FLOW, answer=ANSWER, notes=notes)


async def measure(report: Report, *, quick: bool) -> None:
    """Fill `python_cores_at_721` and `store_cores_at_721`."""
    seconds, csos = (QUICK_SECONDS, 40) if quick else (SECONDS, CSOS)
    rate = 50.0 if quick else float(RATE)
    async with own_store() as store:
        gauge = Gauge(store.url)
        acd = await open_pool(store.url, "life")
        await fill(acd, waiting=0, csos=csos)
        figures: dict[str, list[float]] = {name: [] for name in ("store", "python", "fcalls", "function", "p50", "p99")}
        for run in range(report.runs):
            await _one(figures, store, gauge, acd, rate=rate, seconds=seconds, seed=run)
        report.section(
            f"Whole lives at {rate:.0f} new calls a second",
            f"admit, {STEPS} steps, queue, offer, ringing, answer, talk {TALK_S} s, end, wrap-up {WRAP_UP_S} s, ready;",
            f"{csos} CSOs in {len(QUEUES)} queues, {seconds:.0f} s a run, append-only file as installed. Python: one",
            "process with the callers, the product's dispatcher and a follower of the journal in the connector's place",
            "(both read every entry of the journal); without sound, SIP and SQL.",
        )
        report.row("fcalls_per_life", figures["fcalls"], "", label="functions called for one life")
        report.row("function_us", figures["function"], "µs", label="inside the server, one of them")
        report.row("join_to_ring_p50_ms", figures["p50"], "ms", label="joined the queue → ringing told, median")
        report.row("join_to_ring_p99_ms", figures["p99"], "ms", label="the same, 99 of 100")
        report.ratio("store_cores_at_721", figures["store"], "≤ 0.10", label="store_cores_at_721: cores")
        report.ratio("python_cores_at_721", figures["python"], "≤ 0.60", label="python_cores_at_721: cores")
        await acd.close()
        await _verbs(report, store, gauge, lives=40 if quick else 3000)
        gauge.close()


async def _one(
    figures: dict[str, list[float]], store: OwnStore, gauge: Gauge, acd: BenchAcd, *,
    rate: float, seconds: float, seed: int,
) -> None:  # fmt: skip
    await asyncio.gather(*(acd.heartbeat(cso.id) for cso in (await acd.snapshot()).csos))
    lives = Lives(acd)
    await gauge.reset()
    used, own = store.cpu(), own_cpu()
    await lives.run(rate=rate, seconds=seconds, seed=seed)
    # For the rate that was asked, however long the last lives took to end.
    factor = rate / lives.done
    figures["store"].append((store.cpu() - used) * factor)
    figures["python"].append((own_cpu() - own) * factor)
    calls, each = await gauge.function_us()
    figures["fcalls"].append(calls / lives.done)
    figures["function"].append(each)
    waits = sorted(lives.waits)
    figures["p50"].append(waits[len(waits) // 2] * 1e3)
    figures["p99"].append(waits[len(waits) * 99 // 100] * 1e3)
    await gauge.ask("XTRIM", acd.journal_key, "MAXLEN", 0)


async def _verbs(report: Report, store: OwnStore, gauge: Gauge, *, lives: int) -> None:
    """Every verb by itself, so many at a time as there are CSOs."""
    acd = await open_pool(store.url, "verbs")
    await load(gauge)
    together = min(lives, 500)
    await fill(acd, waiting=0, csos=together)
    costs: dict[str, list[float]] = {}

    async def all_of(verb: str, work: Sequence[Awaitable[Any]]) -> list[Any]:
        used = store.fine_cpu()
        answers = await asyncio.gather(*work)
        costs.setdefault(verb, []).append((store.fine_cpu() - used) * 1e6 / len(work))
        return answers

    turns = max(1, lives // together)
    for turn in range(turns):
        calls = [f"v{turn}-{number}" for number in range(together)]
        await all_of("admit", [admit(acd, call) for call in calls])
        for at in range(STEPS):
            await all_of("step", [step(acd, call, at) for call in calls])
        await all_of("enqueue", [acd.enqueue(one, queue=QUEUES[n % 3], cmd=f"q-{one}") for n, one in enumerate(calls)])
        offers: list[Offer] = await all_of("offer_next", [acd.offer_next() for _ in calls])
        await all_of("ringing", [acd.ringing(one.call, one.token) for one in offers])
        await all_of("answered", [acd.answered(one.call, one.token, leg="PJSIP/x-1") for one in offers])
        await all_of("ended", [acd.ended(one.call, by="ami") for one in offers])
        await all_of("ask_state", [acd.ask_state(one.cso, CsoState.READY) for one in offers])
    report.section("Verb by verb", f"processor time of the store, {together} of each at a time, with socket and file")
    for verb, each in costs.items():
        report.row(f"{verb}_us", [sum(each) / len(each)], "µs", label=verb)
    report.say(f"one life with its {STEPS} steps: {sum(map(sum, costs.values())) / turns:.0f} µs")
    await acd.close()
