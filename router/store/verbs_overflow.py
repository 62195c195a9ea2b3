"""The verbs of overflow: who goes to a partner centre and comes back, and the partners themselves."""

from __future__ import annotations

import secrets

from router.calls import Outcome
from router.store import answers
from router.store.types import HandOver, Partner
from router.store.verbs import Verbs


class OverflowVerbs(Verbs):
    """To partners and back."""

    async def overflow_next(self) -> HandOver | None:
        """Hand one caller for whom the rules say so to a partner with room; an emergency that waited too long to the
        outside telephone.
        """
        reply = await self._do("overflow_next", secrets.token_hex(8))
        return HandOver(*reply) if reply else None

    async def mark_due(self, call: str, *, estimate_ms: int | None = None) -> bool:
        """A caller who was told this wait may go to a partner at once, if the queue's rule says so (None: whatever it
        says). Answers whether.
        """
        return bool(await self._do("mark_due", call, "" if estimate_ms is None else estimate_ms))

    async def partner_answered(self, call: str, token: str) -> None:
        """The partner has the caller."""
        await self._do("partner_answered", call, token)

    async def hand_back(self, call: str, token: str, *, reason: str) -> None:
        """The partner did not take the caller, who waits again with the same score."""
        await self._do("hand_back", call, token, reason)

    async def partner_left(self, call: str, token: str, *, talked_ms: int | None = None) -> Outcome | None:
        """The partner hung up on a caller who is still there; None = so soon that the caller waits again (`dropped`).

        `talked_ms`: as the carrier measured it, else since `partner_answered`. Refused: stale-token.
        """
        reply = await self._do("partner_left", call, token, "" if talked_ms is None else talked_ms)
        return Outcome(reply) if reply else None

    async def drain_next(self) -> tuple[str, str] | None:
        """Take one caller back from a partner where it still rings, for a CSO who is free: (call, partner)."""
        reply = await self._do("drain_next")
        return (reply[0], reply[1]) if reply else None

    async def partner_state(
        self, partner: str, *, open: bool | None = None, reachable: bool | None = None, by: str, reason: str = ""
    ) -> None:
        """What is known of a partner; None = as it was. `by="hours"` is its opening hours; anybody else's word about
        `open` goes before them. Refused: unknown-partner.
        """
        await self._do("partner_state", partner, _flag(open), _flag(reachable), by, reason)

    async def partners(self) -> list[Partner]:
        """Every partner that is configured."""
        rows = await self._do("partners")
        found = [answers.partner(name, rules, answers.pairs(state), calls) for name, rules, state, calls in rows]
        return sorted(found, key=lambda one: one.name)


def _flag(value: bool | None) -> str:
    return "" if value is None else str(int(value))
