"""What dispatchers claim, and what connectors, telephones and partners tell of it."""

from __future__ import annotations

from router.calls import CallState
from simulation.torture.actors import Actor, verb
from simulation.torture.house import PARTNERS

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


@verb("partner_left", connectors=2)
async def partner_left(me: Actor) -> None:
    """A partner hangs up, after a while or at once."""
    held, talked = me.world.held(me.dice, C.PARTNER), me.pick((None, 500, 60_000))
    if held:
        await me.show(held, lambda call, token: me.acd.partner_left(call, token, talked_ms=talked))


@verb("drain_next", "mark_due", dispatchers=2)
async def drain(me: Actor) -> None:
    """Back, while it still rings there; or away, after an estimate that was too long."""
    call = me.world.any_call(me.dice, C.WAITING)
    if me.dice.random() < 0.6:
        await me.ask(me.acd.drain_next)
    elif call:
        estimate = me.pick((None, 30_000, 90_000))
        await me.ask(lambda: me.acd.mark_due(call, estimate_ms=estimate))


@verb("partner_state", "partners", supervisors=1)
async def partner_state(me: Actor) -> None:
    """Hours, a supervisor's word, whether it can be reached."""
    partner, by = me.pick(PARTNERS).name, me.pick(("hours", "spv1"))
    opened, reachable = me.pick((None, True, True, False)), me.pick((None, True, True, False))
    await me.ask(lambda: me.acd.partner_state(partner, open=opened, reachable=reachable, by=by, reason="uji"))
    await me.ask(me.acd.partners)
