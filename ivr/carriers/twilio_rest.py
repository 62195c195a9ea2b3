"""Twilio's REST API, as little of it as we need: make a leg, move, hold or end a live one, list what is live.

The twilio package is blocking, so each request runs in a thread. A call that is gone is an ordinary answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from config.errors import Problem
from config.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")

TWILIO = "https://api.twilio.com"
TIMEOUT = 5.0  # seconds
GONE_CODES = {20404, 21220}  # no such call; call is not in progress
BY_THE_API, FINISHED = "StartCallRecordingAPI", {"stopped", "processing", "completed", "absent"}  # of a recording
BACKOFF = (0.5, 1.0, 2.0, 4.0)  # seconds after "too many requests"


class RestFailed(Problem):
    """Twilio could not be reached or refused a request for another reason than that the call is gone."""

    slug = "carrier-unavailable"
    status = 503


class _Http(TwilioHttpClient):
    """The package's own client, with another host (a stand-in, a proxy inside the utility)."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=TIMEOUT)
        self._base = base.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if self._base and url.startswith(TWILIO):
            url = self._base + url.removeprefix(TWILIO)
        return super().request(method, url, *args, **kwargs)


def caller_id(settings: Settings) -> str:
    """Whose number a called telephone shows (E.164)."""
    return settings.twilio_number or "+6221123"


def client(settings: Settings) -> Client:
    """The account of the settings."""
    http, account = _Http(settings.twilio_api_url), settings.twilio_account_sid
    if settings.twilio_api_key:
        return Client(settings.twilio_api_key, settings.twilio_api_secret, account, http_client=http)
    return Client(account, settings.twilio_auth_token, http_client=http)


@dataclass(frozen=True)
class LiveLeg:
    """A call that Twilio says is live."""

    sid: str
    to: str
    inbound: bool
    status: str
    parent: str = ""  # the leg whose document dials it
    caller: str = ""  # whose number it shows


@dataclass(frozen=True)
class Member:
    """A leg in a conference."""

    label: str
    held: bool


class Pace:
    """At most `per_second` legs: Twilio queues what is faster, and nobody could take it back in time any more.

    The store gives CSOs out at the same pace (router/store/acd/32_legs.lua), so the queue here is short.
    """

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._free_at = 0.0
        self._line = asyncio.Lock()  # first come, first served

    async def turn(self, wanted: Callable[[], bool]) -> bool:
        """Wait for one's turn; False when it is no longer wanted then, which costs nobody else a turn."""
        async with self._line:
            if wanted():
                await asyncio.sleep(max(0.0, self._free_at - time.monotonic()))
            if not wanted():
                return False
            self._free_at = time.monotonic() + self._gap
            return True


def always() -> bool:
    """Wanted, whatever happens meanwhile."""
    return True


class TwilioRest:
    """The account of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._client = client(settings)
        self._from = caller_id(settings)
        # On a live call the number's own fallback is not asked for any more.
        static = {"fallback_url": settings.twilio_fallback_url, "fallback_method": "GET"}
        self._fallback = static if settings.twilio_fallback_url else {}
        self._pace = Pace(settings.twilio_calls_per_second)

    async def create_leg(
        self, to: str, *, url: str, status_url: str, ring_seconds: int, wanted: Callable[[], bool] = always
    ) -> str | None:
        """Ring a telephone when its turn comes; answers the leg's CallSid, None when Twilio knows no such telephone or
        nobody wants it any more.
        """
        if not await self._pace.turn(wanted):
            return None
        leg = await self._ask(
            lambda: self._client.calls.create(
                to=to,
                from_=self._from,
                url=url,
                method="POST",
                status_callback=status_url,
                status_callback_method="POST",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=ring_seconds,
            )
        )
        return str(leg.sid) if leg is not None else None

    async def redirect(self, sid: str, url: str) -> bool:
        """Make a live call fetch `url` now; False = the call is gone."""
        return (
            await self._ask(lambda: self._client.calls(sid).update(url=url, method="POST", **self._fallback))
            is not None
        )

    async def record(self, sid: str, url: str) -> bool:
        """Record a live call from now to its end, both sides; `url` is told when it is over. One that is recorded
        already goes on. False = the call is gone.
        """
        tapes = self._client.calls(sid).recordings
        known = await self._ask(lambda: tapes.list(limit=20))
        if known is None:
            return False
        # A voice note that the caller has spoken before is one, too.
        if any(one.source == BY_THE_API and one.status not in FINISHED for one in known):
            return True
        made = await self._ask(
            lambda: tapes.create(
                recording_status_callback=url,
                recording_status_callback_method="POST",
                recording_status_callback_event=["completed"],
                recording_channels="mono",
                trim="do-not-trim",
            )
        )
        return made is not None

    async def complete(self, sid: str) -> bool:
        """End a call, ringing or talking; False = it was gone already."""
        return await self._ask(lambda: self._client.calls(sid).update(status="completed")) is not None

    async def hold(self, room: str, sid: str, *, music: str) -> bool:
        """In its conference, a leg hears the document `music` ("" = the others again); False = it is not there."""
        rooms = await self._ask(
            lambda: self._client.conferences.list(friendly_name=room, status="in-progress", limit=1)
        )
        if not rooms:
            return False
        there = self._client.conferences(rooms[0].sid).participants(sid)
        change = {"hold": True, "hold_url": music, "hold_method": "POST"} if music else {"hold": False}
        return await self._ask(lambda: there.update(**change)) is not None

    async def rooms(self) -> list[tuple[str, str]]:
        """The conferences in progress: SID and name; raises RestFailed when the list cannot be had."""
        found = await self._ask(lambda: self._client.conferences.list(status="in-progress", page_size=1000))
        if found is None:
            raise RestFailed("no list of conferences at this address")
        return [(str(room.sid), str(room.friendly_name)) for room in found]

    async def members(self, room: str) -> dict[str, Member]:
        """Those in a conference by their CallSid; nobody when it is over."""
        found = await self._ask(self._client.conferences(room).participants.list)
        return {str(one.call_sid): Member(one.label or "", bool(one.hold)) for one in found or ()}

    async def live(self, *, to: str = "", parent: str = "") -> list[LiveLeg]:
        """The live calls, all, those to one telephone (also before it rings) or those that the document of one leg
        dials; raises RestFailed when the list cannot be had.
        """
        found: list[LiveLeg] = []
        for status in ("queued", "ringing", "in-progress") if to else ("ringing", "in-progress"):
            filters = {"status": status}
            filters |= ({"to": to} if to else {}) | ({"parent_call_sid": parent} if parent else {})
            calls = await self._ask(partial(self._client.calls.list, page_size=1000, **filters))
            if calls is None:  # a list that is not there is no empty list: nobody is gone by it
                raise RestFailed("no list of calls at this address")
            found += [
                LiveLeg(c.sid, c.to or "", c.direction == "inbound", status, c.parent_call_sid or "", c._from or "")
                for c in calls
            ]
        return found

    async def _ask(self, request: Callable[[], T]) -> T | None:
        for pause in (*BACKOFF, None):
            try:
                return await asyncio.to_thread(request)
            except TwilioException as fault:
                status, code = answer_of(fault)
                if status == 404 or code in GONE_CODES:
                    return None
                if status != 429 or pause is None:
                    # The text of the exception may name a telephone number: only status and code are passed on.
                    raise RestFailed(f"status {status}, code {code}") from None
                await asyncio.sleep(pause)
            except (OSError, ValueError) as fault:  # requests' exceptions are OSErrors; an answer that is not JSON
                raise RestFailed(type(fault).__name__) from None
        raise AssertionError("unreachable")


def answer_of(fault: TwilioException) -> tuple[int, int]:
    """Status and code; the package has another exception for a list than for everything else."""
    if isinstance(fault, TwilioRestException):
        return fault.status, fault.code
    return getattr(fault.args[-1], "status_code", 0) if fault.args else 0, 0
