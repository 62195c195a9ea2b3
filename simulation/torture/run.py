"""The conductor: starts the store, the proxy, the workers and the history; turns the clock; kills; looks; drains."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import signal
import subprocess
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from config.migrate import upgrade
from router.agents import CsoState
from router.calls import CallState, Outcome
from router.handover import Handover
from router.pools import Pools
from router.store import answers
from router.store.acd import Acd
from router.store.audit import load, violations
from router.store.audit_state import Live
from router.store.embedded import embedded, ready
from router.store.wire import Wire
from simulation.torture import history, proxy, worker
from simulation.torture.bound import end_with_parent
from simulation.torture.house import MS_PER_EVENT, POOLS, configure, rules
from simulation.torture.journal import Checker
from simulation.torture.shared import START, Number, Shared
from simulation.torture.substitute import substitute

TICK_S = 0.01
AUDIT_S = 0.7
STUCK_S = 45.0
STEP_MS = 5_000  # the most that the clock is turned at once
JUMP = 0.004  # how often per tick time jumps by some seconds
PATIENT_S = 20.0

# What must be gone when everybody has left.
GUESTS = (
    ":lines", ":callbacks", ":waiting:", ":virtual:", ":heads", ":due:", ":offers", ":moving", ":guests", ":at:",
    ":wrapups", ":trunk:", ":scheduled",
)  # fmt: skip


class Store:
    """The embedded store as `suar up` configures it."""

    def __init__(self, folder: Path) -> None:
        self._store = embedded(folder)
        self._server: subprocess.Popen[bytes] | None = None
        self.url, self.socket = self._store.url, str(self._store.socket)

    async def start(self) -> None:
        """Start it and wait until it answers."""
        self._store.write()
        self._store.log.parent.mkdir(parents=True, exist_ok=True)
        self._server = subprocess.Popen(  # noqa: ASYNC220
            self._store.argv,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509
        )
        while not await ready(self.url):  # noqa: ASYNC110 - another process cannot set an event of ours
            await asyncio.sleep(TICK_S)

    def kill(self) -> None:
        """SIGKILL."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None


@dataclass
class Options:
    """What is asked for."""

    seed: int
    events: int
    folder: Path  # short enough for sockets
    library: str = ""  # a file with another text of the library


@dataclass
class Heard:
    """One pool's journal so far."""

    acd: Acd
    pools: Pools
    checker: Checker = field(default_factory=lambda: Checker(rules()))
    after: str = "0-0"
    ids: int = 0  # check sum


@dataclass
class Run:
    """One run."""

    options: Options
    violations: list[str] = field(default_factory=list)
    kills: int = 0
    audits: int = 0
    lives: dict[int, int] = field(default_factory=dict)
    workers: dict[int, BaseProcess] = field(default_factory=dict)
    others: dict[str, BaseProcess] = field(default_factory=dict)
    jumped: int = 0
    heard: dict[str, Heard] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder = self.options.folder
        substitute(self.options.library)
        self.dice = random.Random(f"conductor.{self.options.seed}")  # noqa: S311
        self.shared = Shared(folder / "shared")
        self.shared[Number.CLOCK] = int(START.timestamp() * 1000)
        self.store = Store(folder)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([worker.__name__, proxy.__name__, history.__name__])
        self.every = max(1250, self.options.events // 200)  # events between two kills

    # --- processes

    def _process(self, target: Any, *args: Any) -> BaseProcess:
        process = self.context.Process(target=target, args=args, daemon=True)
        process.start()
        return process

    def _start_worker(self, number: int) -> None:
        self.lives[number] = self.lives.get(number, 0) + 1
        given = (
            str(self.options.folder), number, self.lives[number], str(self.options.seed), self.options.library
        )  # fmt: skip
        self.workers[number] = self._process(worker.main, *given)

    def _start_history(self) -> None:
        self.others["history"] = self._process(history.main, str(self.options.folder), self.options.library)

    async def go(self) -> None:
        """The whole run; the violations are then in `violations`."""
        await self.store.start()
        folder = self.options.folder
        await asyncio.to_thread(upgrade, f"sqlite:///{folder / 'history.db'}")
        self.others["proxy"] = self._process(proxy.main, str(folder), self.store.socket, f"proxy.{self.options.seed}")
        url = f"unix://{folder / 'p.sock'}"
        for pool in POOLS:
            acd = Acd(url, pool, clock=self.shared, timeout=PATIENT_S)
            self.heard[pool] = Heard(acd, Pools(acd, POOLS))
        self.control = Wire(url, timeout=PATIENT_S)
        self.direct = Wire(self.store.url, timeout=PATIENT_S)
        try:
            for heard in self.heard.values():
                await configure(heard.acd)
                await heard.acd.committed("checker", "0")
            for number in range(len(worker.PARTS)):
                self._start_worker(number)
            self._start_history()
            await self._busy_hour()
            self._stop_workers()
            await self._drain()
            await self._last_look()
        finally:
            for heard in self.heard.values():
                await heard.pools.close()
                await heard.acd.close()
            self.control.close()
            self.direct.close()
            self._stop_everything()
        faults = folder / "faults"
        self.violations += faults.read_text(encoding="utf-8").splitlines() if faults.exists() else []
        for pool, heard in self.heard.items():
            self.violations += [f"{pool}: {sentence}" for sentence in heard.checker.violations]

    # --- the busy hour

    async def _busy_hour(self) -> None:
        kill_at, looked, moved = self.every, time.monotonic(), time.monotonic()
        before = 0
        while (events := self.shared[Number.EVENTS]) < self.options.events:
            self._turn_clock(events)
            if not self._workers_live():
                return
            now = time.monotonic()
            if events >= kill_at:
                kill_at = events + int(self.every * (0.5 + self.dice.random()))
                await self._kill()
            if now - looked > AUDIT_S:
                looked = now
                await self._look()
            moved, before = (now, events) if events != before else (moved, before)
            if now - moved > STUCK_S:
                self.violations.append(f"nothing has moved for {STUCK_S:.0f} s after {events} events")
                return
            await asyncio.sleep(TICK_S)

    def _turn_clock(self, events: int) -> None:
        jump = self.dice.choice((500, 3_000, 8_000, 20_000)) if self.dice.random() < JUMP else 0
        self.jumped += jump
        due = int(START.timestamp() * 1000) + events * MS_PER_EVENT + self.jumped
        # Who sweeps must get a turn: while the conductor killed or looked, a quick machine has done minutes of events.
        self.shared[Number.CLOCK] = min(due, self.shared[Number.CLOCK] + STEP_MS + jump)

    def _workers_live(self) -> bool:
        for number, process in self.workers.items():
            if not process.is_alive():
                self.violations.append(f"worker {number} ended by itself ({process.exitcode})")
                return False
        return True

    async def _kill(self) -> None:
        self.kills += 1
        lot = self.dice.random()
        if lot < 0.6:
            number = self.dice.randrange(len(self.workers))
            _kill(self.workers[number])
            await self.control.call("TRACE", "kill", f"worker-{number}")
            self._start_worker(number)
        elif lot < 0.8:
            _kill(self.others["history"])
            await self.control.call("TRACE", "kill", "history")
            self._start_history()
        else:
            self.store.kill()
            await self.store.start()

    async def _look(self) -> dict[str, Live]:
        """The raw state now, and what the journals told up to now."""
        self.audits += 1
        found = {}
        for pool, heard in self.heard.items():
            live = found[pool] = await load(self.control, pool)
            wrong = [f"{pool}: {one}" for one in violations(live)]
            for sentence in wrong[:5]:
                await self.control.call("TRACE", "violation", sentence)
            self.violations += wrong
            await self._hear(heard)
            await heard.acd.committed("checker", heard.after)
        return found

    async def _hear(self, heard: Heard) -> None:
        # Read beside the proxy and without a greeting: nothing of this belongs into the trace.
        stream = f"suar:{{{heard.acd.pool}}}:journal"
        while rows := await self.direct.call("XRANGE", stream, "(" + heard.after, "+", "COUNT", 1000):
            for ident, flat in rows:
                heard.checker.feed(answers.entry(ident, flat))
                heard.ids = history.mark(ident, heard.ids)
                heard.after = ident

    # --- the end

    def _stop_workers(self) -> None:
        self.shared[Number.STOP] = 1
        for process in (*self.workers.values(), self.others.pop("history")):
            process.join(15)
            if process.is_alive():
                self.violations.append(f"{process.name} did not stop")
                _kill(process)

    async def _drain(self) -> None:
        """Moves are finished, everybody hangs up, every wrap-up ends; nobody may be left."""
        for _ in range(60):
            busy = 0
            for heard in self.heard.values():
                busy += await self._usher(heard.acd, heard.pools)
            if not busy:
                return
            self.shared[Number.CLOCK] += 10_000
        self.violations.append("the house could not be emptied")

    async def _usher(self, acd: Acd, pools: Pools) -> int:
        """One round in one pool; how many are still there."""
        await Handover(pools, ()).turn()
        snapshot = await acd.snapshot()
        calls = [call for call in (*snapshot.calls, *snapshot.callbacks) if call.state is not CallState.MOVING]
        for call in calls:
            await acd.ended(call.id, by="supervisor", outcome=Outcome.LOST)
        for cso in snapshot.csos:
            await acd.heartbeat(cso.id)
        await acd.sweep()
        busy = [cso for cso in snapshot.csos if cso.state in (CsoState.WRAP_UP, CsoState.OFFERED, CsoState.TALKING)]
        return len(snapshot.calls) + len(snapshot.callbacks) + len(busy)

    async def _last_look(self) -> None:
        for pool, live in (await self._look()).items():
            heard = self.heard[pool]
            left = [suffix for suffix in live.keys if suffix.startswith(GUESTS)]
            self.violations += [f"{pool}: left behind: {suffix}" for suffix in left]
            heard.checker.finish(live)
            await history.catch_up(self.options.folder, heard.acd)
            count, total = await asyncio.to_thread(history.written, self.options.folder, pool)
            if (count, total) != (heard.checker.entries, heard.ids):
                told = heard.checker.entries
                self.violations.append(f"{pool}: the history has {count} entries, the journal told {told}")

    def _stop_everything(self) -> None:
        for process in (*self.workers.values(), *self.others.values()):
            if process.is_alive():
                process.terminate()
                process.join(10)
            if process.is_alive():
                _kill(process)
        self.store.kill()


def _kill(process: BaseProcess) -> None:
    process.kill()
    process.join()


def summary(run: Run, seconds: float) -> dict[str, Any]:
    """The last line."""
    return {
        "events": run.shared[Number.EVENTS],
        "violations": len(run.violations),
        "seed": run.options.seed,
        "kills": run.kills,
        "lost_replies": run.shared[Number.LOST],
        "entries": sum(heard.checker.entries for heard in run.heard.values()),
        "audits": run.audits,
        "seconds": round(seconds, 1),
    }


def quiet() -> None:
    """An interrupted run still ends its own processes."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
