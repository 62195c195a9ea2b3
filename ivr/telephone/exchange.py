"""Twilio's place taken: an exchange with legs, rooms and the operations of its REST API.

Callers dial in, our server is asked for TwiML exactly as Twilio would ask it, CSOs and partners ring. The demo's
telephone page and the tests use this same exchange.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urldefrag, urlsplit

from config.clock import Clock, SystemClock
from ivr.telephone.machine import TERMINAL, Fetch, Leg, Reporting
from ivr.telephone.pace import Pace, RealPace
from ivr.telephone.room import Room
from ivr.telephone.tapes import Tapes
from ivr.telephone.webhooks import Webhooks

log = logging.getLogger(__name__)

KEPT = 500  # ended legs, and messages, remembered
ALL_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
MUSIC_SECONDS = 20.0


@dataclass(frozen=True)
class Sound:
    """A sentence as it will be heard: where the browser finds it ("" when there is no audio), how long it lasts."""

    seconds: float
    address: str = ""


def reading_time(text: str, _language: str = "id") -> Sound:
    """A guess for a sentence without audio: 15 letters a second."""
    return Sound(max(0.8, len(text) / 15))


class Exchange:
    """One account with one number. `voice_url` and `status_url` are what is configured on that number."""

    def __init__(
        self,
        *,
        account: str,
        token: str,
        base_url: str,
        fallback: str = "",
        pace: Pace | None = None,
        voice: Callable[[str, str], Sound] = reading_time,
        on_ring: Callable[[Leg], None] = lambda _leg: None,
        clock: Clock | None = None,
    ) -> None:
        self.account, self.token = account, token
        self.keys: dict[str, str] = {}  # of the REST API, besides the token
        self.voice_url, self.status_url = f"{base_url}/twilio/voice", f"{base_url}/twilio/status"
        self.fallback = fallback  # the number's fallback URL, asked by GET: a static document on another host
        self.pace: Pace = pace or RealPace()
        self.voice = voice
        self.on_ring = on_ring
        self.clock = clock or SystemClock()  # how long a conversation lasted is told by this one
        self.legs: dict[str, Leg] = {}
        self.rooms: dict[str, Room] = {}
        self.messages: deque[tuple[str, str]] = deque(maxlen=KEPT)  # to whom and what, the newest last
        self.stopped: set[str] = set()  # numbers that have sent STOP
        self.tapes = Tapes(account, base_url, self.clock, self.report)
        self._webhooks = Webhooks(token)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reports: dict[str, asyncio.Task[None]] = {}

    # --- callers
    def call(self, caller: str, dialled: str) -> Leg:
        """Somebody dials in."""
        leg = self.make_leg(
            direction="inbound", caller=caller, called=dialled, reporting=Reporting(self.status_url)
        )  # fmt: skip
        leg.move("ringing")
        leg.execute(Fetch(self.voice_url))
        return leg

    # --- telephones that ring
    def ringing_at(self, address: str) -> Leg | None:
        """The leg that rings or talks at an address, the newest first."""
        live = (leg for leg in reversed(self.legs.values()) if leg.called == address and leg.direction != "inbound")
        return next((leg for leg in live if leg.status not in TERMINAL), None)

    def dial(self, to: str, caller: str, url: str, *, reporting: Reporting, ring_seconds: float) -> Leg:
        """REST: create a call that fetches `url` when it is answered."""
        leg = self.make_leg(direction="outbound-api", caller=caller, called=to, reporting=reporting)
        leg.move("queued")
        self.spawn(self._ring_then(leg, Fetch(url), ring_seconds))
        return leg

    async def _ring_then(self, leg: Leg, fetch: Fetch, ring_seconds: float) -> None:
        await self.ring(leg, ring_seconds)
        if leg.status == "in-progress":
            leg.execute(fetch)

    async def ring(self, leg: Leg, seconds: float) -> None:
        """Ring until it is answered, refused or has rung for long enough."""
        if leg.status in TERMINAL:
            return
        leg.move("ringing")
        self.on_ring(leg)
        if not await self.pace.spend(seconds, "ring", leg.decided):
            leg.hang_up("no-answer")

    # --- what legs need
    def make_leg(self, *, direction: str, caller: str, called: str, reporting: Reporting, parent: str = "") -> Leg:
        """A leg with a CallSid of its own."""
        sid = "CA" + secrets.token_hex(16)
        leg = Leg(
            self, sid=sid, direction=direction, caller=caller, called=called, reporting=reporting, parent=parent
        )  # fmt: skip
        self.legs[sid] = leg
        for old in [s for s, known in self.legs.items() if known.status in TERMINAL][:-KEPT]:
            del self.legs[old]
        return leg

    def room(self, name: str) -> Room:
        """The conference of that name; the first who comes opens it."""
        if name not in self.rooms:
            self.rooms[name] = Room(name, self.clock.ms() / 1000, partial(self._forget_room, name))
        return self.rooms[name]

    def _forget_room(self, name: str) -> None:
        self.rooms.pop(name, None)

    def length_of(self, url: str) -> float:
        """Seconds of a <Play>: ours say it in their query."""
        said = parse_qs(urlsplit(url).query).get("seconds", [""])[0]
        return float(said) if said.isdigit() else MUSIC_SECONDS

    async def fetch(self, leg: Leg, fetch: Fetch) -> str:
        """The document at a URL; when it cannot be had, the fallback's, else nothing: then Twilio hangs up."""
        body = await self._document(leg, fetch)
        fallback = leg.fallback or (self.fallback if leg.direction == "inbound" else "")
        if body is None and fallback:
            told = {"ErrorCode": "11200", "ErrorUrl": urldefrag(fetch.url)[0]}
            body = await self._document(leg, Fetch(fallback, told, "GET"))
        return "<Response/>" if body is None else body

    async def _document(self, leg: Leg, fetch: Fetch) -> str | None:
        answer = await self._webhooks.ask(fetch.method, fetch.url, leg.parameters() | fetch.more)
        leg.diary.write("fetch", path=urlsplit(fetch.url).path, status=answer.status, ms=answer.ms)
        if answer.status == 200:
            return answer.body
        log.warning("webhook answered %d", answer.status)
        return None

    def report(self, url: str, parameters: dict[str, str], sid: str) -> None:
        """A status callback, in the order in which things happened to that leg."""
        before = self._reports.get(sid)
        self._reports[sid] = self.spawn(self._report(url, parameters, before))
        self._reports[sid].add_done_callback(lambda done: self._reported(sid, done))

    def _reported(self, sid: str, done: asyncio.Task[None]) -> None:
        if self._reports.get(sid) is done:
            del self._reports[sid]

    async def _report(self, url: str, parameters: dict[str, str], before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        await self._webhooks.post(url, parameters)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run beside everything else until the exchange closes."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Every call ends, nothing is told."""
        for leg in self.legs.values():
            leg.diary.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._webhooks.close()
