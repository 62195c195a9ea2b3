"""The verbs of an offer: claim, ring, answer, give back."""

from __future__ import annotations

import secrets

from router.calls import CallState
from router.store.types import Offer
from router.store.verbs import Verbs


class OfferVerbs(Verbs):
    """Who gets whom."""

    async def offer_next(self) -> Offer | None:
        """Claim the best waiting call for its longest-free CSO."""
        reply = await self._do("offer_next", secrets.token_hex(8))
        if not reply:
            return None
        name, cso, token, queue, deadline, carrier, channel, endpoint = reply
        return Offer(name, cso, token, queue, int(deadline), carrier, channel, endpoint)

    async def ringing(self, call: str, token: str) -> None:
        """The CSO's telephone rings; the deadline starts again now."""
        await self._do("ringing", call, token)

    async def answered(self, call: str, token: str, *, leg: str = "") -> CallState:
        """The CSO has the caller, or, of a callback, waits for the caller. The same token again answers the same."""
        return CallState(await self._do("answered", call, token, leg, "1"))

    async def returned(self, call: str, token: str, *, reason: str) -> None:
        """Back in line with its score: no-answer | declined | busy | unreachable | failed | expired."""
        await self._do("returned", call, token, reason)
