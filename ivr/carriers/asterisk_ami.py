"""The manager connection as the event loop sees it: always being made again, watched by Ping, listing channels.

pyst2 blocks, so one owner thread writes and one reading thread hands events and responses over to the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from errno import ECONNREFUSED

from prometheus_client import Gauge

from config.asterisk_nodes import AsteriskNode
from config.clock import SystemClock
from config.settings import settings
from ivr.carriers.asterisk_names import bare, named
from ivr.carriers.asterisk_pyst2 import Ami, ManagerException, Message
from ivr.carriers.asterisk_secrets import ami_secret
from ivr.carriers.base import BACK_OFF, PATIENCE

log = logging.getLogger(__name__)

PING_SECONDS = 1.0
TIMEOUT = 3.0  # seconds for any response, and for a Ping before the connection is given up
REFUSALS = 2  # connections refused in a row, by a host whose Asterisk answered before: nobody is there any more
NAMES = ("Channel", "DestChannel", "channel", "leg")  # headers with the name of a channel
NODE = "Suar-Node"  # a header of ours: which node an event is from

UP = Gauge("suar_asterisk_up", "Whether the manager of this Asterisk answers.", ["node"])
CHANNELS = Gauge("suar_asterisk_channels", "Channels of this Asterisk when it was asked last.", ["node"])


class AmiDown(Exception):
    """No connection now, or no response in time. What was asked for may or may not have happened."""


@dataclass(frozen=True)
class Channel:
    """A live channel, with the variables that make it a caller's (`call`) or a CSO's leg (`leg`)."""

    name: str
    context: str
    exten: str
    app: str
    variables: Mapping[str, str]

    @property
    def call(self) -> str:
        """Call id of a caller's channel; "" for other legs."""
        return self.variables.get("SUAR_CALL", "")

    @property
    def leg(self) -> str:
        """Call id of the caller this leg was dialled for."""
        return self.variables.get("SUAR_LEG", "")

    @property
    def token(self) -> str:
        """Of the last redirect."""
        return self.variables.get("SUAR_RT", "")

    @property
    def pool(self) -> str:
        """The pool that has the call; "" on a channel from before it was written there."""
        return self.variables.get("SUAR_POOL", "")

    @property
    def busy(self) -> str:
        """`talking`, `partner`, `emergency`, or "" while nobody speaks with the caller."""
        return self.variables.get("SUAR_BUSY", "")


class AmiLink:
    """One manager connection after the other. `on_event` and `on_up` are called on the event loop."""

    def __init__(
        self,
        on_event: Callable[[Message], None],
        on_up: Callable[[], Awaitable[None]],
        node: AsteriskNode | None = None,
    ) -> None:
        self.node = node or settings().nodes[0]
        self._away = time.monotonic()  # since when there is no connection
        self._refused, self._seen = 0, False
        self._on_event = on_event
        self._on_up = on_up
        self._ami: Ami | None = None
        self._owner = ThreadPoolExecutor(1, thread_name_prefix="ami-owner")
        self._rows: dict[str, list[Message]] = {}
        self._lists: dict[str, asyncio.Future[list[Message]]] = {}
        self._names: dict[str, tuple[str, str]] = {}  # of a list's rows and of its end
        self._listed = 0
        self.up = asyncio.Event()
        self.alive = time.monotonic()  # last answered Ping, or last attempt to connect
        self.born = 0  # when the Asterisk of this connection started, ms since the epoch, at most a second too early
        self._booted = asyncio.Event()

    @property
    def dead(self) -> bool:
        """Whether the calls of this Asterisk are gone as far as anybody can tell: its host refuses connections that it
        took before, or it has been silent for longer than an operator wants to wait.
        """
        if self.up.is_set():
            return False
        refuses = self._seen and self._refused >= REFUSALS
        return refuses or time.monotonic() - self._away >= settings().asterisk_node_patience

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until `stop`."""
        UP.labels(self.node.name).set(0)
        failures, told, quiet_until = 0, False, time.monotonic() + PATIENCE
        while not stop.is_set():
            self.alive = time.monotonic()
            try:
                ended = await self._connect()
                failures, told, quiet_until = 0, False, 0.0
                await self._watch(ended, stop)
            except (ManagerException, AmiDown) as fault:
                failures += 1
                self._refused = self._refused + 1 if fault.args[:1] == (ECONNREFUSED,) else 0
                if not told and time.monotonic() >= quiet_until:
                    log.warning("the manager of %s is away (%s); trying again", self._title, type(fault).__name__)
                    told = True
            finally:
                await self._drop()
            self.alive = time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BACK_OFF[min(failures, len(BACK_OFF) - 1)])
        self._owner.shutdown(wait=False, cancel_futures=True)

    @property
    def _title(self) -> str:
        return f"Asterisk {self.node.name}".rstrip()

    async def _connect(self) -> asyncio.Event:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def connect() -> Ami:
            ami = Ami(
                on_event=lambda message: _on(loop, self._event, message),
                on_close=lambda: _on(loop, ended.set),
                timeout=TIMEOUT,
            )
            ami.connect(self.node.ami_host, self.node.ami_port)
            try:
                ami.login(settings().ami_user, self.node.ami_secret or ami_secret())
            except ManagerException:
                ami.close()
                raise
            return ami

        self._booted.clear()
        self._ami = await loop.run_in_executor(self._owner, connect)
        try:  # who is missing from its lists means something only when it is known since when it runs
            await asyncio.wait_for(self._booted.wait(), TIMEOUT)
        except TimeoutError as fault:
            raise AmiDown from fault
        self.up.set()
        self._seen, self._refused = True, 0
        UP.labels(self.node.name).set(1)
        log.info("connected to the manager of %s", self._title)
        await self._on_up()
        return ended

    async def _watch(self, ended: asyncio.Event, stop: asyncio.Event) -> None:
        while not ended.is_set() and not stop.is_set():
            await self.action(Action="Ping")
            self.alive = time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), PING_SECONDS)

    async def _drop(self) -> None:
        if self.up.is_set():
            self._away = time.monotonic()
            UP.labels(self.node.name).set(0)
        self.up.clear()
        ami, self._ami = self._ami, None
        for future in self._lists.values():
            if not future.done():
                future.set_exception(AmiDown())
        self._lists.clear()
        self._rows.clear()
        self._names.clear()
        if ami is not None:
            await asyncio.to_thread(ami.close)

    async def action(self, **headers: str) -> Message:
        """One action and its response; raises AmiDown."""
        return (await self.actions(headers))[0]

    async def actions(self, *many: Mapping[str, str]) -> list[Message]:
        """Several actions in one go, in order; raises AmiDown."""
        ami = self._ami
        if ami is None:
            raise AmiDown
        try:
            async with asyncio.timeout(TIMEOUT):
                orders = [_bare(one) for one in many]
                futures = await asyncio.get_running_loop().run_in_executor(
                    self._owner, lambda: [ami.submit(one) for one in orders]
                )
                return [await asyncio.wrap_future(future) for future in futures]
        except (ManagerException, TimeoutError) as fault:
            raise AmiDown from fault

    async def channels(self) -> list[Channel]:
        """Every live channel with its variables; raises AmiDown."""
        rows = await self.listing("CoreShowChannels", "CoreShowChannel", "CoreShowChannelsComplete")
        CHANNELS.labels(self.node.name).set(len(rows))
        return [_channel(row) for row in rows]

    async def listing(self, action: str, row: str, complete: str, *, none: str = "") -> list[Message]:
        """The rows of an action that answers with events named `row`, then one named `complete`; raises AmiDown.

        `none`: how the action refuses when there is nothing to list. Any other refusal is no list: what is missing from
        it would be taken for gone.
        """
        self._listed += 1
        name = f"list-{self._listed}"
        done: asyncio.Future[list[Message]] = asyncio.get_running_loop().create_future()
        self._lists[name], self._rows[name], self._names[name] = done, [], (row, complete)
        try:
            answer = await self.action(Action=action, ActionID=name)
            if answer.get_header("Response") != "Success":
                if none and none in answer.get_header("Message", ""):
                    return []
                raise AmiDown
            async with asyncio.timeout(TIMEOUT * 3):
                rows = await done
        except TimeoutError as fault:
            raise AmiDown from fault
        finally:
            self._lists.pop(name, None)
            self._rows.pop(name, None)
            self._names.pop(name, None)
        return rows

    def _event(self, message: Message) -> None:
        for header in NAMES:
            if header in message.headers:
                message.headers[header] = named(self.node.name, message.headers[header])
        message.headers[NODE] = self.node.name
        if message.get_header("Event") == "FullyBooted":
            self.born = SystemClock().ms() - 1000 * int(message.get_header("Uptime", "0"))
            self._booted.set()
        name = message.get_header("ActionID", "")
        rows = self._rows.get(name)
        if rows is None:
            self._on_event(message)
            return
        row, complete = self._names[name]
        if message.get_header("Event") == row:
            rows.append(message)
        elif message.get_header("Event") == complete:
            done = self._lists[name]
            if not done.done() and message.get_header("ListItems", "") == str(len(rows)):
                done.set_result(rows)
            elif not done.done():
                done.set_exception(AmiDown())


def _on(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *args: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
        loop.call_soon_threadsafe(function, *args)


def _bare(action: Mapping[str, str]) -> Mapping[str, str]:
    """As this Asterisk calls its channels."""
    return {name: bare(value) if name in ("Channel", "ExtraChannel") else value for name, value in action.items()}


def _channel(row: Message) -> Channel:
    return Channel(
        name=row.get_header("Channel", ""),
        context=row.get_header("Context", ""),
        exten=row.get_header("Exten", ""),
        app=row.get_header("Application", ""),
        variables=row.variables,
    )
