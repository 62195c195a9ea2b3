"""The ladder, gaps and gauges; promises."""

from __future__ import annotations

import json

from router.calls import CallState
from simulation.torture.actors import Actor, verb
from simulation.torture.house import AREAS, QUEUES, SKILLS

C = CallState


@verb("locate", "triaged", callers=2)
async def locate(me: Actor) -> None:
    """Where the caller is; some hear a few words only."""
    call, area = me.world.any_call(me.dice, C.IVR), me.pick(AREAS)
    if call and me.dice.random() < 0.2:
        await me.ask(lambda: me.acd.triaged(call))
    elif call:
        first = await me.ask(lambda: me.acd.locate(call, area))
        if first is not None and me.dice.random() < 0.2:
            await me.ask(lambda: me.acd.locate(call, area))


@verb("promise", "outlook", callers=2)
async def promise(me: Actor) -> None:
    """What a waiting caller is told."""
    call, cmd = me.world.any_call(me.dice, C.WAITING), me.name_of("p")
    low = int(me.dice.random() * 120_000)
    if call and me.dice.random() < 0.7:
        await me.command(lambda: me.acd.promise(call, low_ms=low, high_ms=low + 60_000, cmd=cmd))
    else:
        queue, skills = me.pick(QUEUES).name, me.pick(SKILLS)
        await me.ask(lambda: me.acd.outlook(queue, skills=skills, priority=1))


@verb("gauges", "climb", "refused", supervisors=2)
async def climb(me: Actor) -> None:
    """The ladder looks and moves; two may have looked."""
    gauges = await me.ask(me.acd.gauges)
    if gauges is not None:
        level = max(0, min(4, gauges.automatic + me.pick((-1, 0, 1))))
        await me.ask(
            lambda: me.acd.climb(level, reason="lines", turn=gauges.ladder_turn, state=json.dumps({"since": gauges.at}))
        )
    await me.ask(lambda: me.acd.refused(5))


@verb("set_gap", "override_level", "release_override", supervisors=1)
async def by_hand(me: Actor) -> None:
    """A supervisor knows better."""
    lot, area, level = me.dice.random(), me.pick(AREAS), int(me.dice.random() * 5)
    until = 0 if me.dice.random() < 0.3 else me.shared.ms() + 30_000
    if lot < 0.3:
        per_s = me.pick((0.0, 0.2, 1.0))
        await me.ask(lambda: me.acd.set_gap(area, per_s=per_s, burst=2.0, by="spv1", reason="uji", until=until))
    elif lot < 0.6:
        await me.ask(lambda: me.acd.override_level(level, reason="uji", by="spv1", until=until))
    else:
        await me.ask(lambda: me.acd.release_override(by="spv1", reason="selesai"))
