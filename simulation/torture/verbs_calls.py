"""What callers do, and what their carriers tell of them."""

from __future__ import annotations

import json
from typing import Any

from router.calls import CallState, Outcome
from router.store.types import MissedCall
from simulation.torture.actors import AGAIN, Actor, verb
from simulation.torture.house import CARRIERS, QUEUES, SKILLS

C = CallState
OUTCOMES = (None, None, None, None, Outcome.ANNOUNCED, Outcome.LOST, Outcome.PARTNER_LOST)


def number_of(me: Actor) -> str:
    """An invented number; some callers call again, some withhold it."""
    lot = me.dice.random()
    return "" if lot < 0.1 else f"+6281{int(me.dice.random() * (50 if lot < 0.4 else 1e8)):09}"


def queue_of(me: Actor) -> str:
    """Mostly the first."""
    return me.pick((QUEUES[0].name, *(one.name for one in QUEUES)))


@verb("admit", callers=7)
async def arrive(me: Actor) -> None:
    """A call rings in, and mostly goes through a step and into a line at once."""
    call, carrier = me.name_of("c"), me.pick(CARRIERS)
    given: dict[str, Any] = {
        "carrier": carrier, "channel": f"PJSIP/{call}", "ani": number_of(me), "trunk": me.pick(("jakarta", "bandung")),
        "region": me.pick(("31", "32")), "dialled": "021123", "menu": "m1", "cmd": me.name_of("a"),
    }  # fmt: skip
    admission = await me.command(lambda: me.acd.admit(call, **given))
    if admission and admission.admitted and me.dice.random() < 0.8:
        await into_line(me, call)


@verb("missed", callers=1)
async def miss(me: Actor) -> None:
    """What a carrier wrote down of calls, some of which are known already. Read twice now and then."""
    known = me.world.any_call(me.dice)
    names = [me.name_of("m"), *([known] if known else [])]
    arrived = me.shared.ms() - int(me.dice.random() * 120_000)
    outcome = me.pick((Outcome.REFUSED, Outcome.ANNOUNCED, Outcome.ANSWERED, Outcome.LOST))
    reason = "front-full" if outcome is Outcome.REFUSED else ""
    calls = [
        MissedCall(
            *(name, "asterisk", f"PJSIP/{name}", number_of(me), "jakarta", "31", "021123"), arrived, outcome, reason
        )
        for name in names
    ]
    told = await me.ask(lambda: me.acd.missed(calls))
    again = await me.ask(lambda: me.acd.missed(calls)) if told is not None and me.dice.random() < AGAIN else 0
    if again:
        me.wrong(f"{again} calls that had been read were read as new")


async def into_line(me: Actor, call: str) -> None:
    """Into a queue, some as an emergency, some asking for a skill."""
    queue, cmd, emergency = queue_of(me), me.name_of("q"), me.dice.random() < 0.06
    priority, skills = int(me.dice.random() * 3), me.pick(SKILLS)
    await me.command(
        lambda: me.acd.enqueue(call, queue=queue, priority=priority, emergency=emergency, skills=skills, cmd=cmd)
    )


@verb("enqueue", callers=3)
async def enqueue(me: Actor) -> None:
    """From the IVR, to another queue, out of a conversation, or as an emergency from anywhere."""
    call = me.world.any_call(me.dice, *me.pick(((C.IVR,), (C.IVR,), (C.WAITING,), (C.TALKING,), ())))
    if call:
        await into_line(me, call)


@verb("leave_queue", callers=1)
async def leave_queue(me: Actor) -> None:
    """By the caller's own key."""
    call, cmd = me.world.any_call(me.dice, C.WAITING), me.name_of("l")
    if call:
        await me.command(lambda: me.acd.leave_queue(call, cmd=cmd))


@verb("step", callers=4)
async def step(me: Actor) -> None:
    """A step of the IVR; a webhook repeated at once answers the same."""
    call, token = me.world.any_call(me.dice, C.IVR, C.WAITING), me.name_of("s")
    if not call:
        return
    answer = json.dumps({"say": token})
    intents = [{"kind": "report", "key": token}] if me.dice.random() < 0.2 else []
    notes = [{"what": "told"}] if me.dice.random() < 0.2 else []

    async def ask() -> str:
        return await me.acd.step(call, token=token, flow=answer, answer=answer, intents=intents, notes=notes)

    told = await me.ask(ask)
    if told is not None and told != answer:
        me.wrong(f"a step was answered {told!r}")
    if told is not None and me.dice.random() < 0.2:
        await me.ask(ask)


@verb("note", "place", "call", callers=2)
async def look(me: Actor) -> None:
    """A note for the card; where a call stands; what is known of it."""
    call, cmd = me.world.any_call(me.dice), me.name_of("n")
    if not call:
        return
    if me.dice.random() < 0.3:
        await me.command(lambda: me.acd.note(call, cmd=cmd, note={"what": "heard"}))
    elif me.dice.random() < 0.5:
        await me.ask(lambda: me.acd.place(call))
    else:
        await me.ask(lambda: me.acd.call(call))


@verb("ended", callers=6, connectors=1)
async def hang_up(me: Actor) -> None:
    """The caller has had enough, or was helped; several witnesses tell it."""
    states = me.pick(((C.TALKING,), (C.TALKING,), (C.PARTNER,), (C.PARTNER,), (C.IVR,), (C.WAITING,), ()))
    call, outcome = me.world.any_call(me.dice, *states), me.pick(OUTCOMES)
    if not call:
        return
    first = await me.ask(lambda: me.acd.ended(call, by="caller", outcome=outcome))
    if first is not None and me.dice.random() < 0.3:
        again = await me.ask(lambda: me.acd.ended(call, by="list", outcome=Outcome.LOST))
        if again != first:
            me.wrong(f"the end of a call was told as {again} after {first}")


@verb("adopt", supervisors=1)
async def adopt(me: Actor) -> None:
    """A live channel is put back: mostly one the store has in the IVR, seldom one it does not know."""
    call = me.name_of("x") if me.dice.random() < 0.1 else me.world.any_call(me.dice, C.IVR)
    if not call:
        return
    queue, carrier, ani = queue_of(me), me.pick(CARRIERS), number_of(me)
    arrived = me.shared.ms() - int(me.dice.random() * 60_000)
    priority, emergency = int(me.dice.random() * 2), me.dice.random() < 0.1
    await me.ask(
        lambda: me.acd.adopt(
            call, carrier=carrier, channel=f"PJSIP/{call}", ani=ani, trunk="jakarta", region="31", queue=queue,
            arrived=arrived, priority=priority, emergency=emergency,
        )
    )  # fmt: skip


@verb("renew", supervisors=4)
async def renew(me: Actor) -> None:
    """A fresh list of channels."""
    calls = list(me.world.calls)
    await me.ask(lambda: me.acd.renew(calls))
