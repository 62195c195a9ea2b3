"""The process between everybody and the store. All commands leave through ONE connection, so their order is the true
one; it is written down. At random a reply is thrown away after its command was executed and the client's connection
closed, and commands of one client are held back so that others overtake it.

After each verb a marker is set in the store: after a kill it tells which of the last commands had been executed, and
that nothing which was answered has been lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import hiredis

from simulation.torture.bound import end_with_parent
from simulation.torture.shared import Number, Shared
from simulation.torture.trace import Recorder

LOSE, HOLD_BACK = 0.006, 0.02
HELD_S = 0.004
MARKER = "torture:marker"
AGAIN_S = 0.02
GREETINGS = ("acd_v1_build", "acd_v1_boot")


def encoded(reply: Any) -> bytes:
    """A reply as the store would have written it (RESP2)."""
    if isinstance(reply, str):
        raw = reply.encode()
        return b"$%d\r\n%s\r\n" % (len(raw), raw)
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, hiredis.ReplyError):
        return b"-" + str(reply).encode() + b"\r\n"
    return b"*%d\r\n" % len(reply) + b"".join(map(encoded, reply))


def is_verb(command: list[str]) -> bool:
    """A verb of the library, as opposed to greetings and readings of the journal."""
    return len(command) > 1 and command[0] in ("FCALL", "FCALL_RO") and command[1] not in GREETINGS


class Client(asyncio.Protocol):
    """One process's connection."""

    def __init__(self, proxy: Proxy, number: int) -> None:
        self.number = number
        self._proxy = proxy
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace")
        self._held: list[list[str]] | None = None
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._proxy.clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.drop()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        commands: list[list[str]] = []
        while (command := self._reader.gets()) is not False:
            commands.append(command)
        if self._held is not None:
            self._held += commands
        elif self._proxy.dice.random() < HOLD_BACK:
            self._held = commands
            asyncio.get_running_loop().call_later(HELD_S * self._proxy.dice.random(), self._let_go)
        else:
            self._proxy.ask(self, commands)

    def _let_go(self) -> None:
        held, self._held = self._held or [], None
        if self._transport is not None:
            self._proxy.ask(self, held)

    def answer(self, reply: Any) -> None:
        """Pass a reply on."""
        if self._transport is None:
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(encoded(reply))

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def drop(self) -> None:
        """Close it; what was outstanding is lost."""
        self._proxy.clients.discard(self)
        if self._transport is not None:
            self._transport.abort()
            self._transport = None


@dataclass(frozen=True)
class Asked:
    """A command on its way to the store and whoever waits for its reply: a client, the proxy itself, nobody."""

    command: list[str]
    client: Client | None = None
    number: int = 0
    own: asyncio.Future[Any] | None = None


class Upstream(asyncio.Protocol):
    """The one connection to the store."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace")
        self._out: list[bytes] = []
        self.waiting: deque[Asked] = deque()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy.store_is_gone()

    def send(self, asked: Asked) -> None:
        """Ask the store."""
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(hiredis.pack_command(tuple(asked.command)))  # type: ignore[arg-type]
        self.waiting.append(asked)

    def _flush(self) -> None:
        if self.transport is not None:
            self.transport.write(b"".join(self._out))
        self._out.clear()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            asked = self.waiting.popleft()
            if asked.client is not None:
                self._proxy.answered(asked.client, asked.number, asked.command, reply)
            elif asked.own is not None and not asked.own.done():
                asked.own.set_result(reply)


class Proxy:
    """Everything between."""

    def __init__(self, target: str, shared: Shared, recorder: Recorder, faults: Path, seed: str) -> None:
        self._target, self._shared, self._recorder, self._faults = target, shared, recorder, faults
        self.dice = random.Random(seed)  # noqa: S311
        self.clients: set[Client] = set()
        self._upstream: Upstream | None = None
        self._number = self._answered = self._clients_seen = 0
        self._mending: asyncio.Task[None] | None = None

    def client(self) -> Client:
        """A new connection."""
        self._clients_seen += 1
        return Client(self, self._clients_seen)

    def ask(self, client: Client, commands: list[list[str]]) -> None:
        """Pass commands on; without a store the client learns it at once."""
        if self._upstream is None:
            client.drop()
            return
        for command in commands:
            if command[0] == "TRACE":  # of the conductor: for the file alone
                self._recorder.write(*command[1:])
                client.answer("OK")
                continue
            self._number += 1
            self._upstream.send(Asked(command, client, self._number))
            if command[0] == "FCALL":
                self._upstream.send(Asked(["SET", MARKER, str(self._number)]))

    def answered(self, client: Client, number: int, command: list[str], reply: Any) -> None:
        """A reply: written down, counted, and passed on or lost."""
        if command[0] == "EVAL_RO":
            self._recorder.write("audit")
        elif command[0] in ("FCALL", "FCALL_RO"):
            self._answered = number
            lose = is_verb(command) and self.dice.random() < LOSE
            self._recorder.did(number, client.number, command, reply, "lost" if lose else "")
            if isinstance(reply, hiredis.ReplyError) and not _expected(str(reply)):
                self.wrong(f"the store answered {command[1]} with {str(reply)[:200]}")
            if is_verb(command):
                self._shared[Number.EVENTS] += 1
            if lose:
                self._shared[Number.LOST] += 1
                client.drop()
                return
        client.answer(reply)

    def wrong(self, sentence: str) -> None:
        """A violation that only the proxy can see."""
        self._recorder.write("violation", sentence)
        with self._faults.open("a", encoding="utf-8") as file:
            file.write(sentence + "\n")

    def store_is_gone(self) -> None:
        """Every client learns it; a task waits for the store to come back."""
        gone, self._upstream = self._upstream, None
        for client in list(self.clients):
            client.drop()
        if gone is not None:
            self._mending = asyncio.get_running_loop().create_task(self._mend(gone))

    async def _mend(self, gone: Upstream) -> None:
        link = await self._connected()
        marker = int(await _one(link, "GET", MARKER) or 0)
        for asked in gone.waiting:
            if asked.client is not None and asked.command[0] == "FCALL" and asked.number <= marker:
                self._recorder.did(asked.number, asked.client.number, asked.command, None, "unknown")
                self._shared[Number.EVENTS] += is_verb(asked.command)
        if marker < self._answered:
            self.wrong(f"{self._answered - marker} commands that had been answered are lost")
        self._recorder.write("kill", "store")
        self._upstream = link

    async def connect(self) -> None:
        """The first connection."""
        self._upstream = await self._connected()

    async def _connected(self) -> Upstream:
        """A connection to a store that has loaded its data."""
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                _, link = await loop.create_unix_connection(lambda: Upstream(self), self._target)
                if await _one(link, "PING") == "PONG":
                    return link
                if link.transport is not None:
                    link.transport.abort()
            await asyncio.sleep(AGAIN_S)


async def _one(link: Upstream, *command: str) -> Any:
    """One command of the proxy's own; None when it is refused."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    link.send(Asked(list(command), own=future))
    reply = await asyncio.wait_for(future, 2.0)
    return None if isinstance(reply, hiredis.ReplyError) else reply


def _expected(text: str) -> bool:
    return text.startswith(("SUAR ", "LOADING")) or "Function not found" in text


async def _serve(proxy: Proxy, path: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await proxy.connect()
    server = await asyncio.get_running_loop().create_unix_server(proxy.client, str(path))
    await stop.wait()
    server.close()


def main(folder: str, target: str, seed: str) -> None:
    """The process; ends at SIGTERM."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place = Path(folder)
    recorder = Recorder(place / "trace.jsonl.gz")
    try:
        shared = Shared(place / "shared")
        asyncio.run(_serve(Proxy(target, shared, recorder, place / "faults", seed), place / "p.sock"))
    finally:
        recorder.close()
