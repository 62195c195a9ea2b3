"""How a caller stands in line, asked of the store, and what may be told of it."""

from __future__ import annotations

from config.operator import operator
from config.schema.queues import Announce
from ivr.turn import Standing
from router.calls import CallState
from router.estimate import Promise, estimate, next_promise
from router.store.acd import Acd


async def standing(acd: Acd, call: str) -> Standing | None:
    """None when the call does not wait (any more)."""
    known, outlook = await acd.call(call), await acd.place(call)
    if known is None or outlook is None or known.state is not CallState.WAITING:
        return None
    former = Promise(known.promised_from, known.promised_until) if known.promised_until else None
    found = estimate(outlook)
    told = next_promise(former, found, outlook.now)
    queue = operator().queues.queues.get(known.queue)
    free = outlook.ready > outlook.ahead
    return Standing(
        place=outlook.place,
        told=None if free else told,  # the ringing comes before the end of the sentence
        waited=max(0, outlook.now - known.queued) / 1000,
        expected_ms=round(found.mean * 1000) if found else None,
        announce=queue.announce if queue else Announce(),
        max_wait=queue.max_wait if queue else 0.0,
        callback=not free and offers_callback(known.level, found.mean if found else None),
    )


def offers_callback(level: int, wait_s: float | None) -> bool:
    """Whether a caller in line is offered a callback: by the surge level, or as the wait is long or not known."""
    surge = operator().surge
    return surge.levels[level].callbacks or wait_s is None or wait_s >= surge.long_wait
