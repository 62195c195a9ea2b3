"""The telephones of CSOs that we ring: for an offer, or because another CSO consults."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable
from dataclasses import dataclass

from config.errors import Problem
from config.operator import operator
from ivr.carriers.twilio_rest import RestFailed, TwilioRest
from ivr.carriers.twilio_trail import Trail
from router.store.acd import Acd
from router.store.types import Call

log = logging.getLogger(__name__)


@dataclass
class _Leg:
    """`over` may be said before the leg has a name: then it ends as soon as it has one."""

    sid: str = ""
    over: bool = False


class CsoLegs:
    """By the token of their offer or consult."""

    def __init__(self, acd: Acd, rest: TwilioRest) -> None:
        self._acd, self._rest = acd, rest
        self._legs: dict[str, _Leg] = {}

    def __contains__(self, token: str) -> bool:
        return token in self._legs

    def over(self, token: str) -> None:
        """Nobody wants it any more; a leg that waits for its turn is not made."""
        if token in self._legs:
            self._legs[token].over = True

    async def ring(self, call: str, token: str, endpoint: str, queue: str, *, guest: bool = False) -> None:
        """Make it ring; what becomes of it is told to `/twilio/cso` and `/twilio/guest`."""
        leg = self._legs.setdefault(token, _Leg())
        trail, kind = Trail(call, f"{chain(token)}-0", queue=queue), "guest" if guest else "cso"
        seconds = operator().queues.queues[queue].offer_timeout if queue in operator().queues.queues else 15
        try:
            sid = await self._rest.create_leg(
                endpoint,
                url=trail.url(f"/twilio/{kind}", token=token),
                status_url=trail.url(f"/twilio/{kind}-status", token=token),
                ring_seconds=round(seconds),
                wanted=lambda: not leg.over,
            )
        except RestFailed as fault:
            log.warning("a CSO cannot be rung: %s", fault)
            sid = None
        if sid is None:
            tell = self._acd.guest_left if guest else self._acd.returned
            await quietly(tell(call, token, reason="unreachable"))
            return
        leg.sid = sid
        if leg.over:
            await self.drop(token)

    async def ring_again(self, call: Call, token: str, cso: str, *, guest: bool = False) -> None:
        """After a restart: the leg that an earlier life of this process made, else a new one."""
        known = await self._acd.cso(cso)
        endpoint = known.endpoint if known else ""
        ringing = await self._rest.live(to=endpoint)
        if ringing:
            self._legs.setdefault(token, _Leg()).sid = ringing[0].sid
        else:
            await self.ring(call.id, token, endpoint, call.queue, guest=guest)

    async def drop(self, token: str, sid: str = "") -> None:
        """End it, ringing or talking; `sid` when an earlier life of this process made it."""
        leg = self._legs.pop(token, None)
        name = leg.sid if leg and leg.sid else sid
        if name:
            await self._rest.complete(name)

    async def drop_ringing(self, cso: str) -> None:
        """End what an earlier life of this process made ring at a CSO who has no call any more."""
        known = await self._acd.cso(cso)
        for leg in await self._rest.live(to=known.endpoint) if known and not known.call else []:
            await self._rest.complete(leg.sid)


def chain(token: str) -> str:
    """The name of a chain of steps, from the token that began it."""
    return re.sub(r"[^0-9A-Za-z._]", "_", token)[:70]


async def quietly(change: Awaitable[object]) -> None:
    """The change, unless the state has moved on."""
    try:
        await change
    except Problem as problem:
        log.info("the state had moved on: %s", problem.slug)
