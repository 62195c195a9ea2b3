"""Compares Twilio's list of live calls with the store's (R10): keeps the lines of the living, ends the dead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from config.errors import Problem
from ivr.carriers.base import repaired
from ivr.carriers.twilio_rest import LiveLeg, TwilioRest
from ivr.carriers.twilio_trail import call_id
from router.calls import CallState
from router.store.acd import AcdPort
from router.store.types import Call

log = logging.getLogger(__name__)

EVERY = 10.0  # seconds
MISSES = 2  # lists in a row without the call: one list may be older than an arrival
HungUp = Callable[[str], Awaitable[object]]  # IvrService.hung_up: it knows whether the flow had said goodbye


class Reconciler:
    """One look per `EVERY` seconds; a call is gone when it is missing from two lists in a row."""

    def __init__(self, acd: AcdPort, rest: TwilioRest, hung_up: HungUp) -> None:
        self._acd = acd
        self._rest = rest
        self._hung_up = hung_up
        self._missing: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop`."""
        while not stop.is_set():
            try:
                await self.look()
            except Problem as fault:
                log.warning("live calls could not be compared: %s", fault)
            try:
                await asyncio.wait_for(stop.wait(), EVERY)
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Compare once."""
        snapshot = await self._acd.snapshot()
        live = await self._rest.live()
        ours = [c for c in snapshot.calls if c.carrier == "twilio" and c.state is not CallState.ENDED]
        endpoints = {cso.id: cso.endpoint for cso in snapshot.csos}
        callers = {call_id(leg.sid) for leg in live if leg.inbound}
        await self._acd.renew([call.id for call in ours if call.id in callers])
        gone = {call.id: by for call in ours if (by := _who_left(call, callers, live, endpoints))}
        self._missing = {call: self._missing.get(call, 0) + 1 for call in gone}
        for call, misses in self._missing.items():
            if misses >= MISSES:
                repaired("ended without a witness", call)
                await (self._hung_up(call) if gone[call] == "caller" else self._acd.ended(call, by=gone[call]))


def _who_left(call: Call, callers: set[str], live: list[LiveLeg], endpoints: dict[str, str]) -> str:
    """Who is missing from the list: "caller", "cso", or "" when nobody is."""
    if call.id not in callers:
        return "caller"
    if call.state is CallState.TALKING and not any(leg.to == endpoints.get(call.cso) for leg in live):
        return "cso"
    return ""
