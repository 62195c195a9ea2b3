"""What the flow wishes of the line, asked of the store: a place, or to be called back."""

from __future__ import annotations

import logging
from dataclasses import replace

from config.errors import Invalid, Problem, Refused
from config.operator import operator
from ivr.standing import standing
from ivr.turn import CallBack, Enqueue, Standing, State
from router.callbacks import may_ring
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Call, Place

log = logging.getLogger(__name__)

FOREVER_MS = 10**12


def recorded(call: Call) -> bool:
    """Whether a conversation that begins now is recorded: the caller was told before, and is in no danger."""
    return State.loads(call.flow).recorded == "heard" and not call.emergency


async def enqueue(acd: Acd, call: Call, token: str, wish: Enqueue) -> Standing | None:
    """None: the queue takes no more callers, which the flow then says."""
    try:
        place = await _join(acd, call, token, wish)
    except Refused as fault:
        if fault.slug != "queue-full":
            raise
        return None
    except Invalid as fault:
        if fault.slug != "unknown-skill":
            raise
        # The menu of this call is older than the list of skills: better any CSO than none.
        log.error("call %s asks for a skill that is no longer in queues.yaml; it joins %s without", call.id, wish.queue)
        place = await _join(acd, call, token, replace(wish, skills={}))
    return await where(acd, call) or Standing(place.place)


async def where(acd: Acd, call: Call) -> Standing | None:
    """How it stands in line now; by that a partner may have it (overflow by the estimated wait). None: not in line.

    With nobody at work the wait is longer than any.
    """
    found = await standing(acd, call.id)
    if found:
        await acd.mark_due(call.id, estimate_ms=FOREVER_MS if found.expected_ms is None else found.expected_ms)
    return found


async def _join(acd: Acd, call: Call, token: str, wish: Enqueue) -> Place:
    return await acd.enqueue(
        call.id,
        queue=wish.queue,
        priority=wish.priority + _head_start(wish.queue),
        emergency=wish.emergency,
        skills=wish.skills,
        cmd=f"{call.id}:{token}:{wish.queue}",
    )


async def call_back(acd: Acd, call: Call, wish: CallBack, *, now: int, token: str) -> str:
    """`agreed`, `later` outside the hours of the caller's region, or the slug of what was refused."""
    until = may_ring(operator(), call.region, wish.queue, now)
    try:
        await acd.call_back(
            call.id,
            number=call.ani,
            queue=wish.queue,
            until=until,
            priority=wish.priority + _head_start(wish.queue),
            skills=wish.skills,
            cmd=f"{call.id}:{token}:callback",
        )
    except StoreUnavailable:
        raise
    except Problem as fault:  # offered this very moment, or asked for twice: the flow says what is true
        return fault.slug
    return "later" if until else "agreed"


def _head_start(queue: str) -> int:
    """The priority of the queue itself (queues.yaml), beside the caller's own."""
    known = operator().queues.queues.get(queue)
    return known.priority if known else 0
