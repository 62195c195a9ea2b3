"""The verbs of a move to another pool. router/handover.py repeats them until the call is in one pool."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from router.store.types import Departure
from router.store.verbs import Verbs


class PoolsVerbs(Verbs):
    """Out of one pool, into another."""

    # --- in the source

    async def depart(self, call: str, pool: str) -> Departure:
        """First step: a waiting call leaves the line for another pool. Asked again it answers the same.

        Refused: unknown-call, unknown-pool (not among the queue's pools), emergency-stays, illegal-move.
        """
        return _departure(await self._do("depart", call, pool, secrets.token_hex(8)))

    async def depart_next(self, pool: str, lane: str) -> Departure | None:
        """The same for the first caller of a lane who may go there and has waited long enough."""
        reply = await self._do("depart_next", pool, lane, secrets.token_hex(8))
        return _departure(reply) if reply else None

    async def stranded(self) -> list[str]:
        """The lanes in which somebody waits and no CSO is free, in the order of those who wait."""
        return list(await self._do("stranded"))

    async def moving(self) -> list[Departure]:
        """Calls whose mover may have died: they are the asker's for three seconds."""
        return [_departure(one) for one in await self._do("moving")]

    async def departed(self, call: str, token: str, *, emergency: bool) -> str:
        """Third step: the other pool has it. `moved`; `emergency`: it has become one, tell that pool first; `ended`:
        its caller has hung up, that pool must end it and `settled` be said.
        """
        return str(await self._do("departed", call, token, int(emergency)))

    async def settled(self, call: str, token: str) -> None:
        """The other pool has ended what this one had ended."""
        await self._do("settled", call, token)

    async def stay(self, call: str, token: str, *, reason: str) -> None:
        """Back in line with its score. Only after the other pool has refused this very token."""
        await self._do("stay", call, token, reason)

    # --- in the target

    async def room(self, lane: str) -> int:
        """How many more callers of a lane CSOs and lines are free for."""
        return int(await self._do("room", lane))

    async def receive(self, source: str, token: str, payload: str) -> None:
        """Second step: put the call in line here, once under this token, whatever else has happened to it since.

        Refused: lines-full, queue-full, unknown-queue, unknown-skill, already-here (under another token), move-refused.
        """
        await self._do("receive", source, token, payload)

    async def refuse(self, call: str, token: str) -> bool:
        """True: this pool does not have the call and will never take it under this token. False: it has taken it."""
        return str(await self._do("refuse", call, token)) == "refused"


def _departure(reply: Sequence[str]) -> Departure:
    call, pool, token, payload, live, emergency = reply
    return Departure(call, pool, token, payload, live == "1", emergency == "1")
