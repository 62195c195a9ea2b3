"""The verbs of a hand-over to a partner centre."""

from __future__ import annotations

import secrets

from router.store.types import HandOver
from router.store.verbs import Verbs


class OverflowVerbs(Verbs):
    """To partners and back."""

    async def overflow_next(self) -> HandOver | None:
        """Hand a caller whose wait is over to a partner with room."""
        reply = await self._do("overflow_next", secrets.token_hex(8))
        return HandOver(*reply) if reply else None

    async def partner_answered(self, call: str, token: str) -> None:
        """The partner has the caller."""
        await self._do("partner_answered", call, token)

    async def hand_back(self, call: str, token: str, *, reason: str) -> None:
        """The partner did not take the caller, who waits again with the same score."""
        await self._do("hand_back", call, token, reason)
