"""The FastAGI server: a short question of the dialplan, an answer in channel variables, the token last (T1).

Connections are served on the event loop, where the flow runs too: a thread for each cost more than the answer (ADR 76).
What cannot be answered in time is not answered at all: the dialplan then goes to its fallback.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Iterator
from typing import BinaryIO, cast

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
    buckets=(0.002, 0.003, 0.004, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0),
)
NOTICES = frozenset({"notice", "notice-key"})  # of those whom we have called
STEPS_OF_CALLS = frozenset({"arrived", "next", "waiting", "key", "recorded", "after-offer", "after-partner", "resume"})
NAMES = STEPS_OF_CALLS | NOTICES
MOST = 2000  # connections at once; beyond it they are closed (fallback)
BACKLOG = 1024
ENV_BYTES = 65536  # a question is a tenth of it at most
ACK = "SUAR_ACK"
PROBE_SECONDS = 5.0


class AgiServer:
    """Listens from `start()` to `stop()`; `flow` answers on `loop`, which may run in another thread."""

    def __init__(
        self, flow: IvrPort, loop: asyncio.AbstractEventLoop, *, host: str, port: int, called: Called | None = None
    ) -> None:
        self._flow, self._called = flow, called
        self._loop = loop
        self.deadline = settings().step_deadline_ms / 1000
        self.present: set[Conversation] = set()
        self._socket = socket.create_server((host, port), backlog=BACKLOG)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Begin to accept."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop)

    def stop(self) -> None:
        """Accept no more; what is being answered may finish."""
        self._loop.call_soon_threadsafe(self._close)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(lambda: Conversation(self), sock=self._socket, backlog=BACKLOG)

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._socket.close()

    async def ask(self, request: answer.Request) -> tuple[str, str]:
        """The answer to a question: name and value of the one assignment that makes it, the token last in it."""
        values = await self._ask(request)
        return answer.assignment({**values, ACK: request.token})

    async def _ask(self, request: answer.Request) -> dict[str, str]:
        instruction: Instruction
        if request.name in NOTICES:
            instruction = await self._notice(request)
        elif request.name == "arrived":
            instruction = await self._flow.arrived(answer.arrival(request), request.token)
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


class Conversation(asyncio.Protocol):
    """One connection of Asterisk: its question, one command, the answer to that (T8), in the words of pyst2."""

    def __init__(self, server: AgiServer) -> None:
        self._server = server
        self._since = time.monotonic()
        self._came = bytearray()
        self._agi: Agi | None = None
        self._asked: asyncio.Task[None] | None = None
        self._said = self._over = False
        self._step = ""

    # --- as a stream of pyst2's: what has come so far, and no waiting

    def readline(self, most: int = -1) -> bytes:
        """The next line that has come whole, else what an ended stream gives."""
        end = self._came.find(b"\n") + 1
        line, self._came = bytes(self._came[:end]), self._came[end:]
        return line if most < 0 or len(line) <= most else line[:most]

    def write(self, data: bytes) -> None:
        """To Asterisk."""
        self._transport.write(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    # --- as asyncio calls it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Beyond what can be served in time nobody is: the dialplan goes to its fallback at once."""
        self._transport = cast(asyncio.Transport, transport)
        if len(self._server.present) >= MOST:
            self._end("refused")
            return
        self._server.present.add(self)
        self._late = asyncio.get_running_loop().call_later(self._server.deadline, self._end, "late")

    def data_received(self, data: bytes) -> None:
        """The question until its empty line; then the answers to what we said."""
        self._came += data
        if self._over:
            return
        if len(self._came) > ENV_BYTES:
            self._end("malformed")
        elif self._agi is None and b"\n\n" in self._came:
            self._hear()
        elif self._said and b"\n" in self._came:
            self._acknowledged()

    def connection_lost(self, exc: Exception | None) -> None:
        """What a caller keyed who hung up at once still counts: the step goes on."""
        self._end("gone")

    def _hear(self) -> None:
        with self._told():
            self._agi = agi = Agi(cast(BinaryIO, self))
            self._step = agi.env.get("agi_network_script", "")
            if self._step == "ping":
                self._say(ACK, "ping")
                return
            if self._step not in NAMES:
                raise answer.BadRequest("step")
            request = answer.Request.read(self._step, agi.env.get("agi_channel", ""), agi.args)
            self._asked = asyncio.create_task(self._answer(request))

    async def _answer(self, request: answer.Request) -> None:
        with self._told():
            assignment = await self._server.ask(request)
            if not self._over:
                self._say(*assignment)

    def _say(self, name: str, value: str) -> None:
        if self._agi is not None:
            self._said = True
            self._agi.say_variable(name, value)

    def _acknowledged(self) -> None:
        with self._told():
            if self._agi is not None:
                self._agi.get_result()
            self._end("ok")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong is silence to the dialplan, never dead air to the caller."""
        try:
            yield
        except TimeoutError:
            self._end("late")
        except answer.BadRequest:
            self._end("malformed")
        except (AGIError, OSError):
            self._end("gone")
        except Problem as problem:
            self._end(problem.slug)
        except Exception as fault:  # whatever it is, silence: the dialplan goes to its fallback
            log.error("step %s: %s", self._step if self._step in NAMES else "?", told(fault))
            self._end("failed")

    def _end(self, outcome: str) -> None:
        if self._over:
            return
        self._over = True
        self._transport.close()
        if outcome == "refused":
            STEPS.labels("", outcome).inc()
            return
        self._late.cancel()
        self._server.present.discard(self)
        if outcome == "late" and self._asked is not None:
            self._asked.cancel()
        known = self._step in NAMES
        STEPS.labels(self._step if known else "other", outcome).inc()
        if outcome == "ok":
            SECONDS.observe(time.monotonic() - self._since)
        elif known:
            log.warning("step %s not answered: %s", self._step, outcome)


async def probe(host: str, port: int) -> bool:
    """Whether the server at `host:port` answers a question now, on the loop that answers every other."""
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
    flow = build(acd, plays=True)
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
