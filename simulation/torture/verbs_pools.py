"""Movers between the two pools: the product's own, which may die between any two steps."""

from __future__ import annotations

import asyncio
import contextlib

from config.errors import Problem
from router.calls import CallState
from router.handover import Handover
from router.pools import Pools
from simulation.torture.actors import Actor, verb
from simulation.torture.house import POOLS, queues

STEPS = ("depart_next", "stranded", "moving", "departed", "settled", "stay", "room", "receive", "refuse", "sibling")


@verb(*STEPS, "depart", movers=1)
async def move(me: Actor) -> None:
    """One turn of the mover, or a call moved by hand; cut off anywhere now and then."""
    if me.pools is None:
        me.pools = Pools(me.acd, POOLS)
    handover = Handover(me.pools, queues(me.acd.pool))
    (other,) = (name for name in POOLS if name != me.acd.pool)
    call = me.world.any_call(me.dice, CallState.WAITING) if me.dice.random() < 0.15 else None
    work = handover.move(call, other) if call else handover.turn()
    with contextlib.suppress(TimeoutError, Problem):
        async with asyncio.timeout(me.dice.random() * 0.05 if me.dice.random() < 0.3 else 5.0):
            await work
