"""Moves live Twilio calls as the journal tells: rings CSOs, brings callers to them, ends what is left.

It holds no truth. What it remembers (which leg belongs to which offer) can be read again from Twilio, so a connector
that restarts looks at the state, does what is still open, and follows the journal from there.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial

from config.errors import Problem
from config.operator import operator
from config.settings import settings
from ivr.carriers.base import Connector
from ivr.carriers.twilio_callback import CallerLegs
from ivr.carriers.twilio_reconcile import HungUp, Reconciler
from ivr.carriers.twilio_rest import RestFailed, TwilioRest
from ivr.carriers.twilio_trail import Trail
from router.calls import CallState
from router.events import Entry, Event
from router.store.acd import Acd
from router.store.types import Call, Snapshot

log = logging.getLogger(__name__)

LOOK_BACK_MS = 60_000  # how far a restart reads the journal for redirects that were not confirmed
REDIRECTS = 5  # attempts; then the call is left to its own wait loop and the reconciliation


@dataclass
class _Leg:
    """A CSO's leg of one offer. `over` may be said before the leg has a name: then it ends as soon as it has one."""

    sid: str = ""
    over: bool = False


class TwilioConnector(Connector):
    """The journal's follower for the carrier "twilio"."""

    carrier = "twilio"

    def __init__(self, acd: Acd, rest: TwilioRest | None = None, *, hung_up: HungUp | None = None) -> None:
        super().__init__(acd)
        self._rest = rest or TwilioRest(settings())
        self._hung_up: HungUp = hung_up or partial(acd.ended, by="caller")
        self._legs: dict[str, _Leg] = {}  # by offer token
        self._tokens: dict[str, str] = {}  # call → token of its last offer
        self._callers = CallerLegs(acd, self._rest)
        self._met: dict[str, asyncio.Event] = {}  # token → the redirect arrived

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the journal, and beside it compare the live calls every few seconds; the first to fail ends both."""
        async with asyncio.TaskGroup() as group:
            group.create_task(Reconciler(self.acd, self._rest, self._hung_up).run(stop))
            group.create_task(self.follow(stop))

    # --- after a restart
    async def resync(self, snapshot: Snapshot) -> None:
        """Ring again what is offered and not ringing; bring callers on whose redirect was never confirmed."""
        newest = int(snapshot.journal.partition("-")[0])
        seen = await self.acd.journal(f"{max(0, newest - LOOK_BACK_MS)}-0", count=100_000)
        met = {entry.data.get("token") for entry in seen if _is_meeting(entry)}
        moved = {entry.token for entry in seen if entry.event in (Event.CALL_ANSWERED, Event.CALL_HANDED_OVER)}
        for call in snapshot.calls:
            if call.carrier != self.carrier or call.state is CallState.ENDED or not call.token:
                continue
            self._tokens[call.id] = call.token
            if call.state is CallState.OFFERED:
                endpoint = next((cso.endpoint for cso in snapshot.csos if cso.id == call.cso), "")
                self.lanes.put(call.id, partial(self._ring_again, call, endpoint))
            elif call.token in moved - met:
                self.lanes.put(call.id, partial(self._redirect, call))

    async def _ring_again(self, call: Call, endpoint: str) -> None:
        ringing = await self._rest.live(to=endpoint)
        if ringing:
            self._legs.setdefault(call.token, _Leg()).sid = ringing[0].sid
        else:
            await self._ring(call.id, call.token, endpoint, call.queue)

    # --- the journal
    def _dispatch(self, entry: Entry) -> None:
        # These two are news for a job that may be waiting in this call's lane, so they do not queue behind it.
        if _is_meeting(entry):
            met = self._met.get(str(entry.data.get("token")))
            if met:
                met.set()
            return
        if entry.event in (Event.CALL_RETURNED, Event.CALL_ENDED):
            leg = self._legs.get(entry.token or self._tokens.get(entry.call, ""))
            if leg:
                leg.over = True
        super()._dispatch(entry)

    async def on_entry(self, entry: Entry) -> None:
        """Ring, cancel, bring or end, as the entry asks."""
        match entry.event:
            case Event.CALL_OFFERED:
                self._tokens[entry.call] = entry.token
                await self._ring(entry.call, entry.token, str(entry.data.get("endpoint", "")), entry.queue)
            case Event.CALL_RETURNED:
                await self._drop_leg(entry.token)
            case Event.CALL_DIALLED:
                await self._callers.ring(entry, _chain(entry.token))
            case Event.CALL_REACHED:
                self._callers.forget(entry.token)
            case Event.CALL_UNREACHED:
                await self._callers.drop(entry.token)
                await self._drop_leg(entry.token)
            case Event.CALL_ANSWERED | Event.CALL_HANDED_OVER:
                call = await self.acd.call(entry.call)
                if call and call.token == entry.token:
                    await self._redirect(call)
            case Event.CALL_ENDED:
                await self._end(entry)

    async def _ring(self, call: str, token: str, endpoint: str, queue: str) -> None:
        leg = self._legs.setdefault(token, _Leg())
        trail = Trail(call, f"{_chain(token)}-0", queue=queue)
        seconds = operator().queues.queues[queue].offer_timeout if queue in operator().queues.queues else 15
        try:
            sid = None
            if not leg.over:
                sid = await self._rest.create_leg(
                    endpoint,
                    url=trail.url("/twilio/cso", token=token),
                    status_url=trail.url("/twilio/cso-status", token=token),
                    ring_seconds=round(seconds),
                )
        except RestFailed as fault:
            log.warning("a CSO cannot be rung: %s", fault)
        if sid is None:
            await self._quietly(self.acd.returned(call, token, reason="unreachable"))
            return
        leg.sid = sid
        if leg.over:
            await self._drop_leg(token)

    async def _drop_leg(self, token: str) -> None:
        leg = self._legs.pop(token, None)
        if leg and leg.sid:
            await self._rest.complete(leg.sid)

    # --- the caller's leg
    async def _redirect(self, call: Call) -> None:
        """To the CSO or the partner; repeated until the webhook there has been fetched (T2)."""
        url, met = _destination(call), self._met.setdefault(call.token, asyncio.Event())
        for _ in range(REDIRECTS):
            try:
                if not await self._rest.redirect(call.channel, url):
                    await self._quietly(self._hung_up(call.id))
                    break
            except RestFailed as fault:
                log.warning("a call could not be moved: %s", fault)
            try:
                async with asyncio.timeout(settings().redirect_confirm_ms / 1000):
                    await met.wait()
                break
            except TimeoutError:
                now = await self.acd.call(call.id)
                if now is None or now.state is not call.state or now.token != call.token:
                    break
        self._met.pop(call.token, None)

    async def _end(self, entry: Entry) -> None:
        """The other leg of a call that is over. A caller who is being said goodbye to hangs up by the document."""
        state, leg = entry.data.get("state"), str(entry.data.get("leg") or "")
        token = self._tokens.pop(entry.call, "") or entry.token
        await self._callers.drop(token)
        if token in self._legs:
            await self._drop_leg(token)
        elif state == CallState.TALKING and leg:
            await self._rest.complete(leg)
        elif state == CallState.OFFERED and entry.cso:
            await self._drop_ringing(entry.cso)
        if state == CallState.TALKING and entry.data.get("by") != "caller":
            await self._rest.complete(str(entry.data["channel"]))

    async def _drop_ringing(self, name: str) -> None:
        """A leg that an earlier life of this process made."""
        cso = await self.acd.cso(name)
        for leg in await self._rest.live(to=cso.endpoint) if cso and not cso.call else []:
            await self._rest.complete(leg.sid)

    async def _quietly(self, change: Awaitable[object]) -> None:
        try:
            await change
        except Problem as problem:
            log.info("the state had moved on: %s", problem.slug)


def _is_meeting(entry: Entry) -> bool:
    return entry.event is Event.CALL_NOTED and entry.data.get("what") == "met"


def _chain(token: str) -> str:
    return re.sub(r"[^0-9A-Za-z._]", "_", token)[:70]


def _destination(call: Call) -> str:
    trail = Trail(
        call.id,
        f"{_chain(call.token)}-0",
        queue=call.queue,
        arrived=call.arrived,
        priority=call.priority,
        emergency=call.emergency,
    )
    if call.state is CallState.PARTNER:
        return trail.url("/twilio/partner", token=call.token, partner=call.partner)
    return trail.url("/twilio/meet", token=call.token)
