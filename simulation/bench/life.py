"""Lives of calls at the rate of the worst hour: what the store and the Python beside it need.

Two of them. The *short* life is what the goal speaks of: admit, queue, match, accept, end, five functions. The *whole*
one is what a call of the product asks for: steps of the menu, ringing, wrap-up and being ready again, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
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
    as the connector does. Sound, SIP and SQL are not in it. `short`: no menu, nobody says that it rings, and the queues
    have no wrap-up, so that a CSO is ready when the call ends.
    """

    def __init__(self, acd: BenchAcd, *, short: bool) -> None:
        self._acd, self._short = acd, short
        self._stop, self._finished = asyncio.Event(), asyncio.Event()
        self._expected = -1  # lives; not yet known
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None
        self.done = 0
        self.waits: list[float] = []  # seconds from joining the queue until the journal tells of the offer
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
        for at in range(0 if self._short else STEPS):
            await step(self._acd, call, at)
        self._joined[call] = time.perf_counter()
        await self._acd.enqueue(call, queue=QUEUES[number % 3], cmd=f"q-{call}")

    async def _connect(self) -> None:
        after = (await self._acd.snapshot()).journal
        while not self._stop.is_set():
            entries = await self._acd.journal(after, block_ms=100)
            for entry in entries:
                if entry.event is Event.CALL_OFFERED:
                    self.waits.append(time.perf_counter() - self._joined.pop(entry.call))
                    self._go(self._serve(entry.call, entry.cso, entry.token))
            if entries:
                after = entries[-1].id

    async def _serve(self, call: str, cso: str, token: str) -> None:
        if not self._short:
            await self._acd.ringing(call, token)
        await self._acd.answered(call, token, leg=f"PJSIP/{cso}-00000001")
        await asyncio.sleep(TALK_S)
        await self._acd.ended(call, by="ami")
        if not self._short:
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


@dataclass(frozen=True)
class Kind:
    """A life that is measured; `suffix` of the names of its figures."""

    what: str
    suffix: str
    short: bool
    goals: tuple[str, str] | None = None  # cores of the store, of Python


SHORT = Kind("The short life: admit, queue, match, accept, end", "", short=True, goals=("≤ 0.10", "≤ 0.60"))
WHOLE = Kind(
    f"The whole life: admit, {STEPS} steps, queue, match, ringing, accept, end, wrap-up {WRAP_UP_S} s, ready", "_whole",
    short=False,
)  # fmt: skip
FIGURES = ("store", "python", "fcalls", "function", "p50", "p99")


async def measure(report: Report, *, quick: bool) -> None:
    """Fill `python_cores_at_721` and `store_cores_at_721`, for both lives."""
    seconds, csos = (QUICK_SECONDS, 40) if quick else (SECONDS, CSOS)
    rate = 50.0 if quick else float(RATE)
    async with own_store() as store:
        gauge = Gauge(store.url)
        pools = {SHORT: await open_pool(store.url, "short", wrap_up_ms=0), WHOLE: await open_pool(store.url, "whole")}
        figures: dict[Kind, dict[str, list[float]]] = {kind: {name: [] for name in FIGURES} for kind in pools}
        for acd in pools.values():
            await fill(acd, waiting=0, csos=csos)
        for run in range(report.runs):
            for kind, acd in pools.items():
                lives = Lives(acd, short=kind.short)
                await _one(figures[kind], store, gauge, acd, lives, rate=rate, seconds=seconds, seed=run)
        report.section(
            f"Lives at {rate:.0f} new calls a second",
            f"{csos} CSOs in {len(QUEUES)} queues, talk {TALK_S} s, {seconds:.0f} s a run; file as installed",
            "Python: one process with the callers, the product's dispatcher and a follower of the journal in the",
            "connector's place (both read every entry of the journal, which the store's figure holds, too); without",
            "sound, SIP and SQL.",
        )
        for kind, acd in pools.items():
            _tell(report, kind, figures[kind])
            await acd.close()
        await _verbs(report, store, gauge, lives=40 if quick else 3000)
        gauge.close()


def _tell(report: Report, kind: Kind, figures: dict[str, list[float]]) -> None:
    at, goals = kind.suffix, kind.goals or ("none", "none")
    report.say(kind.what)
    report.row(f"fcalls_per_life{at}", figures["fcalls"], "", label="functions called for one")
    report.row(f"function_us{at}", figures["function"], "µs", label="inside the server, one of them")
    report.row(f"join_to_offer_p50_ms{at}", figures["p50"], "ms", label="joined the queue → offer told, median")
    report.row(f"join_to_offer_p99_ms{at}", figures["p99"], "ms", label="the same, 99 of 100")
    report.ratio(f"store_cores{at}_at_721", figures["store"], goals[0], label=f"store_cores{at}_at_721: cores")
    report.ratio(f"python_cores{at}_at_721", figures["python"], goals[1], label=f"python_cores{at}_at_721: cores")


async def _one(
    figures: dict[str, list[float]], store: OwnStore, gauge: Gauge, acd: BenchAcd, lives: Lives, *,
    rate: float, seconds: float, seed: int,
) -> None:  # fmt: skip
    await asyncio.gather(*(acd.heartbeat(cso.id) for cso in (await acd.snapshot()).csos))
    await gauge.reset()
    used, own = store.fine_cpu(), own_cpu()
    await lives.run(rate=rate, seconds=seconds, seed=seed)
    # For the rate that was asked, however long the last lives took to end.
    factor = rate / lives.done
    figures["store"].append((store.fine_cpu() - used) * factor)
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
    short = [costs[verb] for verb in ("admit", "enqueue", "offer_next", "answered", "ended")]
    report.row("short_life_us", [sum(map(sum, short)) / turns], "µs", label="the short life: its five verbs")
    report.row(
        "whole_life_us", [sum(map(sum, costs.values())) / turns], "µs", label=f"the whole life, with {STEPS} steps"
    )
    await acd.close()
