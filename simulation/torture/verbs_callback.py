"""Callbacks: the caller hangs up, the place stays; refused numbers are called back."""

from __future__ import annotations

from router.calls import CallState
from router.store.verbs_callback import LostCallback
from simulation.torture.actors import Actor, verb
from simulation.torture.house import CARRIERS, QUEUES
from simulation.torture.verbs_calls import number_of, queue_of

C = CallState
REASONS = ("no-answer", "busy", "unreachable", "failed", "cso-gone")


@verb("call_back", callers=3)
async def call_back(me: Actor) -> None:
    """At the turn, or at an hour."""
    call, cmd = me.world.any_call(me.dice, C.IVR, C.WAITING), me.name_of("b")
    number, queue = number_of(me) or "+628110000001", me.pick(("", queue_of(me)))
    until = me.shared.ms() + 15_000 if me.dice.random() < 0.3 else 0
    if call:
        await me.command(lambda: me.acd.call_back(call, number=number, queue=queue, until=until, cmd=cmd))


@verb("reached", connectors=5)
async def reached(me: Actor) -> None:
    """The caller answers."""
    held = me.world.held(me.dice, C.CALLING)
    if held:
        await me.show(held, lambda call, token: me.acd.reached(call, token, channel=f"PJSIP/{call}-out"))


@verb("unreached", connectors=2)
async def unreached(me: Actor) -> None:
    """The caller does not."""
    held, reason = me.world.held(me.dice, C.CALLING), me.pick(REASONS)
    if held:
        await me.show(held, lambda call, token: me.acd.unreached(call, token, reason=reason))


def callback_of(me: Actor) -> str | None:
    """Mostly one that is a callback."""
    found = [call.id for call in me.world.calls.values() if call.virtual]
    if found and me.dice.random() < 0.9:
        return found[int(me.dice.random() * len(found))]
    return me.world.any_call(me.dice)


@verb("schedule", "cancel", callers=1)
async def put_off(me: Actor) -> None:
    """Not now; not at all."""
    call, until = callback_of(me), me.shared.ms() + 8_000
    if call and me.dice.random() < 0.5:
        await me.ask(lambda: me.acd.schedule(call, until=until, reason="hours"))
    elif call:
        await me.ask(lambda: me.acd.cancel(call, by="supervisor"))


@verb("recall_next", dispatchers=1)
async def recall(me: Actor) -> None:
    """The number that was refused first."""
    queue = me.pick(QUEUES).name
    if me.dice.random() < 0.3:
        await me.ask(lambda: me.acd.recall_next(queue))


@verb("adopt_callback", supervisors=1)
async def adopt(me: Actor) -> None:
    """One that the history knows and the store does not."""
    now, name = me.shared.ms(), me.name_of("y")
    lost = LostCallback(
        name, me.pick(CARRIERS), number_of(me), "jakarta", "31", number_of(me) or "+628110000002", queue_of(me),
        score=now - 5_000, priority=0, arrived=now - 5_000, queued=now - 4_000, asked=now - 3_000,
        until=now + 9_000 if me.dice.random() < 0.4 else 0,
    )  # fmt: skip
    if me.dice.random() < 0.3:
        await me.ask(lambda: me.acd.adopt_callback(lost))
