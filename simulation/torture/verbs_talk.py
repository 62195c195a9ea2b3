"""Conversations: hold, consult, conference, transfer; and what supervisors do to others."""

from __future__ import annotations

from router.agents import CsoState
from router.calls import CallState
from simulation.torture.actors import Actor, verb
from simulation.torture.house import CARRIERS, CSOS, PARTNERS, QUEUES
from simulation.torture.verbs_calls import number_of
from simulation.torture.world import Held

C, S = CallState, CsoState


@verb("hold", "resume", talkers=1)
async def hold(me: Actor) -> None:
    """The caller hears music, mostly not for long."""
    held = me.world.held(me.dice, C.TALKING)
    if held:
        await me.show(held, me.acd.hold)
        if me.dice.random() < 0.8:
            await me.show(held, me.acd.resume)


@verb("consult", talkers=5)
async def consult(me: Actor) -> None:
    """Another CSO is asked."""
    held, cso, cmd = me.world.held(me.dice, C.TALKING), me.pick(CSOS), me.name_of("k")
    ready = [name for name, state in me.world.csos.items() if state == S.READY]
    if not held:
        return
    other = ready[int(me.dice.random() * len(ready))] if ready else cso
    guest = await me.command(lambda: me.acd.consult(held.call, held.token, cso=other, cmd=cmd))
    if guest is not None and held.foreign:
        me.wrong(f"the token of another call was taken for {held.call}")


def guest_of(me: Actor) -> Held | None:
    """A call with a guest, and the guest's token; sometimes the wrong one."""
    found = [call for call in me.world.calls.values() if call.guest_token]
    if not found:
        return None
    seen = found[int(me.dice.random() * len(found))]
    return Held(seen.id, seen.guest_token if me.dice.random() < 0.9 else seen.token)


@verb("guest_ringing", "guest_answered", "guest_left", talkers=8)
async def guest(me: Actor) -> None:
    """The guest is rung, answers, leaves."""
    held, lot, reason = guest_of(me), me.dice.random(), me.pick(("no-answer", "failed", "cancelled", "busy"))
    if held is None:
        return
    if lot < 0.3:
        await me.show(held, me.acd.guest_ringing)
    elif lot < 0.75:
        await me.show(held, lambda call, token: me.acd.guest_answered(call, token, leg="guest-leg"))
    else:
        await me.show(held, lambda call, token: me.acd.guest_left(call, token, reason=reason))


@verb("complete", talkers=4)
async def complete(me: Actor) -> None:
    """The guest takes the call over."""
    found = [call for call in me.world.calls.values() if call.guest]
    cmd = me.name_of("o")
    if found:
        seen = found[int(me.dice.random() * len(found))]
        await me.ask(lambda: me.acd.complete(seen.id, seen.token, cmd=cmd))
        if not me.refused and me.dice.random() < 0.3:
            await me.ask(lambda: me.acd.complete(seen.id, seen.token, cmd=cmd))


@verb("transfer", "refer", talkers=2)
async def transfer(me: Actor) -> None:
    """Away, to another CSO unasked or to a partner."""
    held, cmd, partner = me.world.held(me.dice, C.TALKING), me.name_of("t"), me.pick(PARTNERS).name
    ready = [name for name, state in me.world.csos.items() if state == S.READY] or [CSOS[0]]
    cso = ready[int(me.dice.random() * len(ready))]
    if not held:
        return
    if me.dice.random() < 0.6:
        await me.command(lambda: me.acd.transfer(held.call, held.token, cso=cso, cmd=cmd))
    else:
        await me.command(lambda: me.acd.refer(held.call, held.token, partner=partner, cmd=cmd))


@verb("extend_wrap_up", desks=1)
async def extend(me: Actor) -> None:
    """A little longer."""
    wrapping = [name for name, state in me.world.csos.items() if state == S.WRAP_UP]
    cmd = me.name_of("w")
    if wrapping:
        cso = wrapping[int(me.dice.random() * len(wrapping))]
        await me.ask(lambda: me.acd.extend_wrap_up(cso, 3_000, cmd=cmd))


@verb("force", "assign", supervisors=1)
async def supervise(me: Actor) -> None:
    """Somebody else's state and queues."""
    cso, lot = me.pick(CSOS), me.dice.random()
    state = me.pick((S.READY, S.READY, S.PAUSED, S.LOGGED_OUT))
    if lot < 0.5:
        await me.ask(lambda: me.acd.force(cso, state, by="spv1", reason="rapat"))
    else:
        queues = {one.name: 1 + int(me.dice.random() * 5) for one in QUEUES if me.dice.random() < 0.6}
        skills = {"en": 3} if me.dice.random() < 0.5 else None
        await me.ask(lambda: me.acd.assign(cso, queues=queues or None, skills=skills, by="spv1"))


@verb("adopt_talk", supervisors=1)
async def adopt_talk(me: Actor) -> None:
    """A conversation the store does not know; mostly with a CSO who has none, else it is refused."""
    call, cso, arrived = me.name_of("z"), me.pick(CSOS), me.shared.ms() - int(me.dice.random() * 60_000)
    queue, carrier, ani, leg = me.pick(QUEUES).name, me.pick(CARRIERS), number_of(me), f"PJSIP/{cso}-leg"
    if me.dice.random() < 0.3 or me.world.csos.get(cso) in (None, S.LOGGED_OUT.value):
        return
    await me.ask(
        lambda: me.acd.adopt_talk(
            call, carrier=carrier, channel=f"PJSIP/{call}", ani=ani, trunk="jakarta", region="31", queue=queue,
            arrived=arrived, priority=0, emergency=False, cso=cso, leg=leg,
        )
    )  # fmt: skip
