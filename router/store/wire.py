"""One connection to the store, shared by everything in a process: commands that are asked for in the same turn of the
event loop leave in one write (auto-pipelining), replies come back in order.

A connection that was lost with a reply outstanding is made again and the command repeated: every verb is idempotent by
its command id, its token or its nature, so a repetition answers what the first would have answered (R4).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

import hiredis
from redis.asyncio.connection import ConnectKwargs, parse_url

from config.errors import Problem

RETRY_S = 0.05


class StoreUnavailable(Problem):
    """The store did not answer in time."""

    slug = "store-unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__("Sistem antrean sedang tidak dapat dihubungi. Silakan coba lagi sebentar lagi.")


class Lost(Exception):
    """The connection ended before the reply came; whether the command was executed is unknown."""


class Link(asyncio.Protocol):
    """One live connection. A reply that is late closes it: what comes after would be out of step."""

    def __init__(self, timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace")
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.alive = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, command: tuple[str | int | float, ...], *, block: float = 0.0) -> asyncio.Future[Any]:
        """The future reply; an error reply is raised as hiredis.ReplyError. `block`: seconds the store itself waits."""
        future: asyncio.Future[Any] = self._loop.create_future()
        if not self.alive:
            future.set_exception(Lost())
            return future
        packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(packed)
        self._waiting.append((self._loop.time() + self._timeout + block, future))
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout + block, self._check)
        return future

    def _flush(self) -> None:
        if self._transport is not None and self.alive:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _check(self) -> None:
        self._timer = None
        if not self._waiting:
            return
        left = self._waiting[0][0] - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check)
        else:
            self._end(StoreUnavailable)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                _, future = self._waiting.popleft()
                if future.done():  # its caller was cancelled
                    continue
                if isinstance(reply, hiredis.ReplyError):
                    future.set_exception(reply)
                else:
                    future.set_result(reply)
        except (hiredis.ProtocolError, IndexError):
            self._end(Lost)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(Lost)

    def close(self) -> None:
        """Close; replies outstanding are lost."""
        self._end(Lost)

    def _end(self, error: type[Exception]) -> None:
        self.alive = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()
        while self._waiting:
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_exception(error())


Greet = Callable[[Link], Awaitable[None]]


class Wire:
    """A connection that is made when it is needed and made again when it was lost.

    `greet` runs on each new connection before anything else. Every call ends within `timeout` seconds, with an answer
    or with StoreUnavailable; a store that restarts faster than that is not noticed.
    """

    def __init__(self, url: str, *, timeout: float = 1.0, greet: Greet | None = None) -> None:
        self._given = self._target = parse_url(url)
        self._timeout = timeout
        self._greet = greet
        self._link: Link | None = None
        self._connecting: asyncio.Task[Link] | None = None

    async def call(self, *command: str | int | float, block: float = 0.0) -> Any:
        """The reply to one command; an error reply is raised as hiredis.ReplyError."""
        (reply,) = await self.together(command, block=block)
        return reply

    async def together(self, *commands: tuple[str | int | float, ...], block: float = 0.0) -> list[Any]:
        """The replies to commands that follow each other on one connection."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        while True:
            link = self._link
            if link is None or not link.alive:
                link = await self._connected(deadline)
            try:
                if len(commands) == 1:
                    return [await link.send(commands[0], block=block)]
                return list(await asyncio.gather(*(link.send(command, block=block) for command in commands)))
            except Lost:
                if loop.time() >= deadline:
                    raise StoreUnavailable from None
            except hiredis.ReplyError as error:
                if not (self._moved(error) or _passing(error)) or loop.time() >= deadline:
                    raise
                link.close()

    async def _connected(self, deadline: float) -> Link:
        loop = asyncio.get_running_loop()
        while True:
            if self._connecting is None or self._connecting.done():
                self._connecting = loop.create_task(self._connect())
                self._connecting.add_done_callback(_heard)
            task = self._connecting
            await asyncio.wait({task}, timeout=max(0.0, deadline - loop.time()))
            if task.done() and not task.cancelled() and task.exception() is None:
                return task.result()
            if loop.time() + RETRY_S >= deadline:
                raise StoreUnavailable
            await asyncio.sleep(RETRY_S)

    async def _connect(self) -> Link:
        async with asyncio.timeout(self._timeout):
            while True:
                try:
                    link = await self._open()
                except OSError:
                    self._target = self._given  # the node that was named is gone: ask the first one again
                    raise
                try:
                    await self._introduce(link)
                    break
                except BaseException as error:
                    link.close()
                    if not self._moved(error):
                        raise
        self._link = link
        return link

    def _moved(self, error: BaseException) -> bool:
        """`MOVED <slot> <host>:<port>`: in a cluster the pool lives on another node, which is remembered."""
        words = str(error).split()
        if not isinstance(error, hiredis.ReplyError) or words[:1] != ["MOVED"]:
            return False
        host, _, port = words[2].rpartition(":")
        node = {"host": host or self._target.get("host", "localhost"), "port": int(port)}
        self._target = cast(ConnectKwargs, {**self._target, **node})
        return True

    async def _open(self) -> Link:
        loop, target = asyncio.get_running_loop(), self._target
        if "path" in target:
            _, link = await loop.create_unix_connection(lambda: Link(self._timeout), target["path"])
            return link
        tls = True if "SSL" in target.get("connection_class", object).__name__ else None
        host, port = target.get("host", "localhost"), target.get("port", 6379)
        _, link = await loop.create_connection(lambda: Link(self._timeout), host, port, ssl=tls)
        return link

    async def _introduce(self, link: Link) -> None:
        if password := self._target.get("password"):
            await link.send(("AUTH", self._target.get("username") or "default", password))
        if number := self._target.get("db"):
            await link.send(("SELECT", number))
        if self._greet:
            await self._greet(link)

    def close(self) -> None:
        """Close the connection; it is made again by the next call."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._link is not None:
            self._link.close()


def _heard(task: asyncio.Task[Link]) -> None:
    """Everyone who waited may have gone; what went wrong is told to each of them as StoreUnavailable."""
    if not task.cancelled():
        task.exception()


def _passing(error: hiredis.ReplyError) -> bool:
    """A state of the store that is over in a moment, or ends with a new greeting."""
    text = str(error)
    return text.startswith(("LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN")) or "Function not found" in text
