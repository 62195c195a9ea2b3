"""The FastAGI server: a short question of the dialplan, an answer in channel variables, the token last (T1).

A thread per connection speaks pyst2's blocking protocol; the flow itself runs on the event loop of the process.
What cannot be answered in time is not answered at all: the dialplan then goes to its fallback.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import Counter, Histogram

from config.clock import SystemClock
from config.database import database
from config.errors import Problem
from config.heartbeat import Heartbeat
from config.logging import told
from config.operator import operator
from config.settings import settings
from ivr.called import Called
from ivr.carriers import asterisk_answer as answer
from ivr.carriers.asterisk_dialplan import emergency_key
from ivr.carriers.asterisk_pyst2 import Agi, AGIError
from ivr.carriers.asterisk_sounds import keep_fallback, playable
from ivr.instructions import Instruction
from ivr.port import IvrPort

log = logging.getLogger(__name__)

STEPS = Counter("suar_agi_steps_total", "Questions of the dialplan by name and outcome.", ["name", "outcome"])
SECONDS = Histogram(
    "suar_agi_step_seconds",
    "From accepted to acknowledged.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
)
NOTICES = frozenset({"notice", "notice-key"})  # of those whom we have called
STEPS_OF_CALLS = frozenset({"arrived", "next", "waiting", "key", "recorded", "after-offer", "after-partner", "resume"})
NAMES = STEPS_OF_CALLS | NOTICES
THREADS = 32
WAITING = 2000  # connections accepted and not yet served; beyond it they are closed at once (fallback)
PROBE_SECONDS = 5.0


class AgiServer:
    """Listens from `start()` to `stop()`; `flow` answers on `loop`."""

    def __init__(
        self, flow: IvrPort, loop: asyncio.AbstractEventLoop, *, host: str, port: int, called: Called | None = None
    ) -> None:
        self._flow, self._called = flow, called
        self._loop = loop
        self._deadline = settings().step_deadline_ms / 1000
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="agi")
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._socket = socket.create_server((host, port), backlog=1024)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._thread = threading.Thread(target=self._accept, name="agi-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more; what is being answered may finish."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if not self._waiting.acquire(blocking=False):
                STEPS.labels("", "refused").inc()
                connection.close()
                continue
            try:
                self._pool.submit(self._serve, connection, time.monotonic())
            except RuntimeError:  # stopping
                connection.close()
                return

    def _serve(self, connection: socket.socket, since: float) -> None:
        name, outcome = "", "failed"
        try:
            connection.settimeout(self._deadline)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, connection.makefile("rwb") as stream:
                agi = Agi(stream)  # type: ignore[arg-type]
                name = agi.env.get("agi_network_script", "")
                if name == "ping":
                    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(PROBE_SECONDS)
                    agi.set_variable("SUAR_ACK", "ping")
                    outcome = "ok"
                    return
                outcome = self._answer(agi, name, since)
        except TimeoutError:
            outcome = "late"
        except answer.BadRequest:
            outcome = "malformed"
        except (AGIError, OSError):
            outcome = "gone"
        except Problem as problem:
            outcome = problem.slug
        except Exception as fault:  # a fault of ours is silence to the dialplan, never dead air to the caller
            log.error("step %s: %s", name if name in NAMES else "?", told(fault))
        finally:
            self._waiting.release()
            STEPS.labels(name if name in NAMES else "other", outcome).inc()
            if outcome == "ok":
                SECONDS.observe(time.monotonic() - since)
            elif name in NAMES:
                log.warning("step %s not answered: %s", name, outcome)

    def _answer(self, agi: Agi, name: str, since: float) -> str:
        if name not in NAMES:
            raise answer.BadRequest("step")
        request = answer.Request.read(name, agi.env.get("agi_channel", ""), agi.args)
        left = self._deadline - (time.monotonic() - since)
        if left <= 0:
            return "late"
        asked = asyncio.run_coroutine_threadsafe(self._ask(request), self._loop)
        try:
            values = asked.result(left)
        except TimeoutError:
            asked.cancel()
            return "late"
        agi.set_variable(*answer.assignment(values))
        agi.set_variable("SUAR_ACK", request.token)
        return "ok"

    async def _ask(self, request: answer.Request) -> dict[str, str]:
        instruction: Instruction
        if request.name in NOTICES:
            instruction = await self._notice(request)
        elif request.name == "arrived":
            instruction = await self._flow.arrived(answer.arrival(request, operator()), request.token)
        else:
            instruction = await self._flow.step(answer.step(request, operator()))
        return answer.variables(
            instruction,
            sounds=playable,
            emergency_key=emergency_key(operator()),
            emergency_queue=operator().queues.emergency,
        )

    async def _notice(self, request: answer.Request) -> Instruction:
        reference = request.call.removeprefix("n")
        if self._called is None or reference == request.call:
            raise answer.BadRequest("notice")
        if request.name == "notice":
            return await asyncio.to_thread(self._called.picked_up, reference)
        return await asyncio.to_thread(self._called.keyed, reference, request.digits)


async def probe(host: str, port: int) -> bool:
    """Whether the server at `host:port` answers a question now, all the way through its threads and its loop."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"agi_network: yes\nagi_network_script: ping\n\n")
                said = await reader.readline()
                writer.write(b"200 result=1\n")
                await writer.drain()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return b"SUAR_ACK" in said


async def beat(server: AgiServer, heartbeat: Heartbeat) -> None:
    """A sign of life a second, given only by a server that has just answered."""
    while True:
        if await probe(*server.address):
            heartbeat.beat()
        await asyncio.sleep(1.0)


async def serve() -> None:
    """The process `suar agi`."""
    from ivr.service import build  # noqa: PLC0415 - the whole flow; only this process needs it
    from router.store.acd import Acd  # noqa: PLC0415

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    acd = Acd.from_settings()
    flow = build(acd)
    await flow.start()
    called = Called(database(), SystemClock())
    server = AgiServer(flow, loop, host=settings().agi_host, port=settings().agi_port, called=called)
    server.start()
    log.info("FastAGI on %s:%d", settings().agi_host, settings().agi_port)
    tasks = [
        asyncio.create_task(beat(server, Heartbeat())),
        asyncio.create_task(keep_fallback(flow.last_announcement)),
    ]
    try:
        await stop.wait()
    finally:
        for task in tasks:
            task.cancel()
        server.stop()
        await flow.stop()
        await acd.close()
