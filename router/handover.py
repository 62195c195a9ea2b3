"""Moves calls between pools, in two steps and a confirmation, each of which may be repeated.

Out of line in the source → in line in the target → ended in the source as `moved`. Only when the target has refused
the token for ever does the call go back into its old line. A mover that dies leaves the call `moving`; the next one, in
any dispatcher of the source, goes on with it after three seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from config.errors import Problem
from router.calls import CallState
from router.pools import Pools
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Departure, QueueRules

log = logging.getLogger(__name__)

ROUND = 50  # moves in a row before others have their turn
NOT_TALKING = frozenset({CallState.WAITING, CallState.OFFERED, CallState.PARTNER})


class Handover:
    """The mover of one pool, `pools.home`. It holds nothing."""

    def __init__(self, pools: Pools, rules: Sequence[QueueRules]) -> None:
        self._pools = pools
        self._to = {rule.name: rule.pools for rule in rules if rule.pools}

    async def turn(self) -> int:
        """Both of the following; answers how many calls were moved."""
        return await self.resume() + await self.relieve()

    async def resume(self) -> int:
        """Go on with what a dead mover left."""
        return sum([await self._guarded(departure) for departure in await self._pools.home.moving()])

    async def relieve(self) -> int:
        """Send callers whom nobody here is free for to pools where a CSO is."""
        if not self._to:
            return 0
        return sum([await self._relieve(lane) for lane in await self._pools.home.stranded()])

    async def move(self, call: str, pool: str) -> bool:
        """Move one waiting call; False when the other pool did not take it and it is back in line.

        Refused: unknown-pool, emergency-stays, unknown-call, illegal-move.
        """
        self._pools[pool]
        return await self.finish(await self._pools.home.depart(call, pool))

    async def _relieve(self, lane: str) -> int:
        moved = 0
        for pool in self._to.get(lane.partition("@")[0], ()):
            for _ in range(min(ROUND, await self._room(pool, lane))):
                departure = await self._pools.home.depart_next(pool, lane)
                if departure is None:
                    break
                moved += await self._guarded(departure)
        return moved

    async def _room(self, pool: str, lane: str) -> int:
        try:
            return await self._pools[pool].room(lane)
        except StoreUnavailable:
            return 0

    async def _guarded(self, departure: Departure) -> bool:
        """A move that fails now is gone on with later; it must not hold up the others."""
        try:
            return await self.finish(departure)
        except Problem as problem:
            log.warning("call %s is on its way to another pool: %s", departure.call, problem.slug)
            return False

    async def finish(self, departure: Departure) -> bool:
        """From wherever it is to the end: in one pool, once. True when that is the other one."""
        home, target = self._pools.home, self._pools[departure.pool]
        call, token = departure.call, departure.token
        reason = "hung-up"
        if departure.live:
            try:
                await target.receive(home.pool, token, departure.payload)
            except StoreUnavailable:
                raise
            except Problem as problem:
                reason = problem.slug
        if await target.refuse(call, token):
            await home.stay(call, token, reason=reason)
            return False
        if departure.emergency:  # perhaps only since the target took it
            await _raise(home, target, call, token)
        said = await home.departed(call, token, emergency=departure.emergency)
        if said == "emergency":
            await _raise(home, target, call, token)
            said = await home.departed(call, token, emergency=True)
        if said == "ended":
            await target.ended(call, by="pool")
            await home.settled(call, token)
        return said == "moved"


async def _raise(home: Acd, target: Acd, call: str, token: str) -> None:
    """The caller pressed the emergency key after the call was packed."""
    here, there = await home.call(call), await target.call(call)
    if here is not None and there is not None and there.state in NOT_TALKING and not there.emergency:
        await target.enqueue(call, queue=here.queue, emergency=True, cmd=f"{call}:{token}:emergency")
