"""What dispatchers claim, and what connectors, telephones and partners tell of it."""

from __future__ import annotations

from router.calls import CallState
from simulation.torture.actors import Actor, verb

C = CallState
REASONS = ("no-answer", "declined", "busy", "unreachable", "failed")


@verb("offer_next", dispatchers=10)
async def offer(me: Actor) -> None:
    """Whoever waits longest to whoever has been free longest."""
    await me.ask(me.acd.offer_next)


@verb("overflow_next", dispatchers=4)
async def overflow(me: Actor) -> None:
    """A caller who waited too long, to a partner."""
    await me.ask(me.acd.overflow_next)


@verb("sweep", dispatchers=2)
async def sweep(me: Actor) -> None:
    """Time passes."""
    await me.ask(me.acd.sweep)


@verb("ringing", connectors=4)
async def ringing(me: Actor) -> None:
    """A telephone rings."""
    held = me.world.held(me.dice, C.OFFERED)
    if held:
        await me.show(held, me.acd.ringing)


@verb("answered", connectors=9)
async def answered(me: Actor) -> None:
    """A CSO lifts the receiver; often two witnesses say so."""
    held = me.world.held(me.dice, C.OFFERED)
    if held:
        await me.show(held, lambda call, token: me.acd.answered(call, token, leg="leg"))


@verb("returned", connectors=2)
async def returned(me: Actor) -> None:
    """A CSO does not."""
    held, reason = me.world.held(me.dice, C.OFFERED), me.pick(REASONS)
    if held:
        await me.show(held, lambda call, token: me.acd.returned(call, token, reason=reason))


@verb("partner_answered", connectors=4)
async def partner_answered(me: Actor) -> None:
    """A partner does."""
    held = me.world.held(me.dice, C.PARTNER)
    if held:
        await me.show(held, me.acd.partner_answered)


@verb("hand_back", connectors=2)
async def hand_back(me: Actor) -> None:
    """A partner does not."""
    held = me.world.held(me.dice, C.PARTNER)
    if held:
        await me.show(held, lambda call, token: me.acd.hand_back(call, token, reason="busy"))
