"""Compares Twilio's list of live calls with the store's (R10): keeps the lines of the living, ends the dead."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from config.errors import IllegalMove, Problem, Refused
from config.operator import operator
from ivr.carriers.base import PATIENCE, repaired
from ivr.carriers.twilio_callbacks import left
from ivr.carriers.twilio_context import e164
from ivr.carriers.twilio_rest import LiveLeg, TwilioRest
from ivr.carriers.twilio_trail import Trail, call_id, read_label
from ivr.trunks import trunk_dialled
from router.calls import CallState
from router.store.acd import Acd
from router.store.types import Call, Snapshot

log = logging.getLogger(__name__)

EVERY = 10.0  # seconds
AGAIN = 1.0  # seconds until the next try when the list could not be had
MISSES = 2  # lists in a row without the call: one list may be older than an arrival
HungUp = Callable[[str], Awaitable[object]]  # IvrService.hung_up: it knows whether the flow had said goodbye


class Reconciler:
    """One look per `EVERY` seconds; a call is gone when it is missing from two lists in a row."""

    def __init__(self, acd: Acd, rest: TwilioRest, hung_up: HungUp) -> None:
        self._acd = acd
        self._rest = rest
        self._hung_up = hung_up
        self._missing: dict[tuple[str, str], int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop`; a list that stays away is told once, and when it is back."""
        seen, told = time.monotonic(), False
        while not stop.is_set():
            pause = EVERY
            try:
                await self.look()
            except Problem as fault:
                pause = AGAIN
                if not told and time.monotonic() - seen >= PATIENCE:
                    log.warning("live calls cannot be compared: %s", fault)
                    told = True
            else:
                if told:
                    log.info("live calls are compared again")
                seen, told = time.monotonic(), False
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def look(self) -> None:
        """Compare once."""
        snapshot = await self._acd.snapshot()
        live = await self._rest.live()
        # A callback that is not reached yet has no caller's leg: its offer has a deadline of its own.
        live_calls = (c for c in snapshot.calls if c.carrier == "twilio" and not c.virtual)
        ours = [c for c in live_calls if c.state is not CallState.ENDED]
        callers = {call_id(leg.sid) for leg in live if leg.inbound}
        legs = {leg.sid for leg in live}
        await self._acd.renew([call.id for call in ours if call.id in callers or call.channel in legs])
        for call in ours:
            await self._look_for_a_partner(call, live)
        gone = {(call.id, who): call for call in ours if (who := _who_left(call, callers, legs))}
        self._missing = {one: self._missing.get(one, 0) + 1 for one in gone}
        for one, misses in self._missing.items():
            if misses >= MISSES:
                repaired("ended without a witness", one[0])
                await self._left(gone[one], one[1])
        await self._forgotten(snapshot, live)

    async def _forgotten(self, snapshot: Snapshot, live: Sequence[LiveLeg]) -> None:
        """Conversations that the store has forgotten are known again by what their caller's label tells (T4)."""
        known = {call.id for call in snapshot.calls}
        csos = {cso.endpoint: cso.id for cso in snapshot.csos}
        for room, name in await self._rest.rooms():
            if name in known or await self._acd.call(name) is not None:
                continue
            members = await self._rest.members(room)
            there = [leg for leg in live if leg.sid in members]
            caller = next((leg for leg in there if members[leg.sid].label), None)
            leg = next((leg for leg in there if leg.to in csos and not leg.inbound), None)
            trail = read_label(name, members[caller.sid].label, self._acd.pool) if caller else None
            if caller and leg and trail and await self._know_again(trail, caller, leg, csos[leg.to]):
                repaired("adopted", name)
                call = await self._acd.call(name)
                if call is not None and members[caller.sid].held:
                    await self._acd.hold(name, call.token)

    async def _know_again(self, trail: Trail, caller: LiveLeg, leg: LiveLeg, cso: str) -> bool:
        queues, areas = operator().queues, operator().areas
        trunk = trunk_dialled(caller.to if caller.inbound else caller.caller)
        return await self._acd.adopt_talk(
            trail.call,
            carrier="twilio",
            channel=caller.sid,
            ani=e164(caller.caller if caller.inbound else caller.to),
            trunk=trunk,
            region=areas.trunks[trunk].region,
            queue=trail.queue if trail.queue in queues.queues else queues.last_resort,
            arrived=trail.arrived,
            priority=trail.priority,
            emergency=trail.emergency,
            cso=cso,
            leg=leg.sid,
        )

    async def _left(self, call: Call, who: str) -> None:
        if who == "caller":
            await self._hung_up(call.id)
            return
        with contextlib.suppress(IllegalMove, Refused):  # passed on meanwhile
            await left(self._acd, call, call.token if who == "cso" else call.guest_token)

    async def _look_for_a_partner(self, call: Call, live: Sequence[LiveLeg]) -> None:
        """A partner who talks with a caller, which nobody told us (the news was lost)."""
        talks = any(leg.parent == call.channel and leg.status == "in-progress" for leg in live)
        if talks and call.state is CallState.PARTNER and not call.partner_answered:
            repaired("unseen-partner", call.id)
            with contextlib.suppress(IllegalMove, Refused):
                await self._acd.partner_answered(call.id, call.token)


def _who_left(call: Call, callers: set[str], legs: set[str]) -> str:
    """Who is missing from the list: "caller", "cso", "guest", or "" when nobody is."""
    if call.id not in callers and call.channel not in legs:
        return "caller"
    if call.state is CallState.TALKING and call.leg not in legs:
        return "cso"
    if call.guest_state == "talking" and call.guest_leg not in legs:
        return "guest"
    return ""
