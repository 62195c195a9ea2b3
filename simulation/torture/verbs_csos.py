"""What CSOs and their supervisors do."""

from __future__ import annotations

from router.agents import CsoState
from simulation.torture.actors import Actor, verb
from simulation.torture.house import CSOS, QUEUES, carrier_of, configure

S = CsoState
WISHES = (S.READY, S.READY, S.READY, S.READY, S.READY, S.PAUSED, S.LOGGED_OUT)


@verb("log_in", desks=2)
async def log_in(me: Actor) -> None:
    """A CSO comes, or serves other queues from now on."""
    cso = me.pick(CSOS)
    if me.world.csos.get(cso, S.LOGGED_OUT) != S.LOGGED_OUT and me.dice.random() < 0.7:
        return
    queues = [f"{one.name}:{1 + int(me.dice.random() * 5)}" for one in QUEUES if me.dice.random() < 0.6]
    skills = {"en": 1 + int(me.dice.random() * 5), "prabayar": 3} if me.dice.random() < 0.5 else {}
    await me.ask(
        lambda: me.acd.log_in(
            cso, queues=queues or [QUEUES[0].name], endpoint=cso, carrier=carrier_of(cso), skills=skills
        )
    )
    await me.ask(lambda: me.acd.ask_state(cso, S.READY))


@verb("ask_state", "heartbeat", "telephone", desks=4)
async def ask_state(me: Actor) -> None:
    """Ready, a pause, home; the telephone comes and goes; the desk is alive."""
    cso, lot = me.pick(CSOS), me.dice.random()
    if lot < 0.06:
        reachable = me.dice.random() < 0.8
        await me.ask(lambda: me.acd.telephone(cso, reachable=reachable))
    elif cso in me.world.csos:
        state = me.pick(WISHES)
        await me.ask(lambda: me.acd.ask_state(cso, state, reason="solat" if state is S.PAUSED else ""))
        await me.ask(lambda: me.acd.heartbeat(cso))


@verb("telephone", desks=1)
async def telephones(me: Actor) -> None:
    """All telephones are found again."""
    for cso in CSOS[:4]:
        await me.ask(lambda cso=cso: me.acd.telephone(cso, reachable=True))  # type: ignore[misc]


@verb("ask_state", desks=10)
async def work(me: Actor) -> None:
    """Whoever rests goes back to work."""
    resting = [name for name, state in me.world.csos.items() if state in (S.PAUSED, S.NOT_ANSWERING)]
    if resting:
        cso = resting[int(me.dice.random() * len(resting))]
        await me.ask(lambda: me.acd.ask_state(cso, S.READY))


@verb("cso", "heartbeat", desks=2)
async def look(me: Actor) -> None:
    """The desk shows itself, and lives."""
    for cso in [name for name, state in me.world.csos.items() if state != S.LOGGED_OUT]:
        await me.ask(lambda cso=cso: me.acd.heartbeat(cso))  # type: ignore[misc]
    await me.ask(lambda: me.acd.cso(me.pick(CSOS)))


@verb("set_level", "counted", "snapshot", "configure", "boot", "committed", supervisors=2)
async def supervise(me: Actor) -> None:
    """The ladder by hand, the board, the operator's rules once more."""
    lot = me.dice.random()
    if lot < 0.4:
        level = int(me.dice.random() * 5)
        await me.ask(lambda: me.acd.set_level(level, reason="hand", by="spv1"))
    elif lot < 0.7:
        await me.ask(me.acd.snapshot if lot < 0.6 else me.acd.counted)
    elif lot < 0.8:
        await me.ask(lambda: configure(me.acd))
    elif lot < 0.9:
        await me.ask(me.acd.boot)
    else:
        await me.ask(lambda: me.acd.committed("intents", me.world.after or "0"))
