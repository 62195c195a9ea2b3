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
from router.calls import Outcome
from router.events import Entry
from router.store import answers
from router.store.acd import Acd
from router.store.audit import load, violations
from router.store.audit_state import Live
from router.store.embedded import embedded, ready
from router.store.wire import Wire
from simulation.torture import history, proxy, worker
from simulation.torture.house import MS_PER_EVENT, POOL, configure, rules
from simulation.torture.journal import Checker
from simulation.torture.shared import START, Number, Shared
from simulation.torture.substitute import substitute

TICK_S = 0.01
AUDIT_S = 0.7
STUCK_S = 45.0
JUMP = 0.004  # how often per tick time jumps by some seconds
PATIENT_S = 20.0

# What may stay in a house that everybody has left.
FURNITURE = (
    ":pool", ":queues", ":strategies", ":lanes:", ":partners", ":call:", ":flow:", ":cso:", ":csos", ":serving:",
    ":ready:", ":alive", ":telephones", ":followers", ":journal", ":refused", ":refusals", ":counts", ":rates",
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
        self._server = subprocess.Popen(self._store.argv, start_new_session=True)  # noqa: ASYNC220
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
    ids: int = 0
    after: str = "0-0"

    def __post_init__(self) -> None:
        folder = self.options.folder
        substitute(self.options.library)
        self.dice = random.Random(f"conductor.{self.options.seed}")  # noqa: S311
        self.shared = Shared(folder / "shared")
        self.shared[Number.CLOCK] = int(START.timestamp() * 1000)
        self.store = Store(folder)
        self.checker = Checker(rules())
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
        self.acd = Acd(url, POOL, clock=self.shared, timeout=PATIENT_S)
        self.control = Wire(url, timeout=PATIENT_S)
        self.direct = Wire(self.store.url, timeout=PATIENT_S)
        try:
            await configure(self.acd)
            await self.acd.committed("checker", "0")
            for number in range(len(worker.PARTS)):
                self._start_worker(number)
            self._start_history()
            await self._busy_hour()
            self._stop_workers()
            await self._drain()
            await self._last_look()
        finally:
            await self.acd.close()
            self.control.close()
            self.direct.close()
            self._stop_everything()
        faults = folder / "faults"
        self.violations += faults.read_text(encoding="utf-8").splitlines() if faults.exists() else []
        self.violations += self.checker.violations

    # --- the busy hour

    async def _busy_hour(self) -> None:
        kill_at, looked, moved = self.every, time.monotonic(), time.monotonic()
        before = 0
        while (events := self.shared[Number.EVENTS]) < self.options.events:
            self._turn_clock(events)
            self._look_after_workers()
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
        if self.dice.random() < JUMP:
            self.jumped += self.dice.choice((500, 3_000, 8_000, 20_000))
        self.shared[Number.CLOCK] = int(START.timestamp() * 1000) + events * MS_PER_EVENT + self.jumped

    def _look_after_workers(self) -> None:
        for number, process in list(self.workers.items()):
            if not process.is_alive():
                self.violations.append(f"worker {number} ended by itself ({process.exitcode})")
                self._start_worker(number)

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

    async def _look(self) -> Live:
        """The raw state now, and what the journal told up to now."""
        live = await load(self.control, POOL)
        self.audits += 1
        found = [str(one) for one in violations(live)]
        for sentence in found[:5]:
            await self.control.call("TRACE", "violation", sentence)
        self.violations += found
        await self._hear()
        await self.acd.committed("checker", self.after)
        return live

    async def _hear(self) -> None:
        # Read beside the proxy and without a greeting: nothing of this belongs into the trace.
        while True:
            rows = await self.direct.call("XRANGE", f"suar:{{{POOL}}}:journal", "(" + self.after, "+", "COUNT", 1000)
            for ident, flat in rows:
                entry: Entry = answers.entry(ident, flat)
                self.checker.feed(entry)
                self.ids = history.mark(ident, self.ids)
                self.after = ident
            if not rows:
                return

    # --- the end

    def _stop_workers(self) -> None:
        self.shared[Number.STOP] = 1
        for process in (*self.workers.values(), self.others.pop("history")):
            process.join(15)
            if process.is_alive():
                self.violations.append(f"{process.name} did not stop")
                _kill(process)

    async def _drain(self) -> None:
        """Everybody hangs up, every wrap-up ends; nobody may be left."""
        for _ in range(60):
            snapshot = await self.acd.snapshot()
            calls = [call.id for call in (*snapshot.calls, *snapshot.callbacks)]
            if not calls and all(cso.state.value not in ("wrap_up", "offered", "talking") for cso in snapshot.csos):
                return
            for call in calls:
                await self.acd.ended(call, by="list", outcome=Outcome.LOST)
            self.shared[Number.CLOCK] += 10_000
            for cso in snapshot.csos:
                await self.acd.heartbeat(cso.id)
            await self.acd.sweep()
        self.violations.append("the house could not be emptied")

    async def _last_look(self) -> None:
        live = await self._look()
        self.violations += [f"left behind: {suffix}" for suffix in live.keys if not suffix.startswith(FURNITURE)]
        self.checker.finish(live)
        await history.catch_up(self.options.folder, self.acd)
        count, total = await asyncio.to_thread(history.written, self.options.folder)
        if (count, total) != (self.checker.entries, self.ids):
            self.violations.append(f"the history has {count} entries, the journal told {self.checker.entries}")

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
        "entries": run.checker.entries,
        "audits": run.audits,
        "seconds": round(seconds, 1),
    }


def quiet() -> None:
    """An interrupted run still ends its own processes."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
