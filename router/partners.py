"""What the dispatcher does for partner centres: their opening hours. Everything else of theirs is the store's."""

from __future__ import annotations

import asyncio
from typing import Any

from config.clock import Clock, SystemClock
from config.operator import Operator
from config.schema.overflow import Partner
from config.schema.queues import Queue
from router.callbacks import opening
from router.store.acd import Acd
from router.store.types import PartnerRules

EVERY_S = 1.0


def partner_rules(rules: Operator) -> list[PartnerRules]:
    """partners.yaml as the store wants it."""
    return [
        PartnerRules(
            name=name,
            cap=partner.cap,
            addresses={"asterisk": partner.asterisk, "twilio": partner.twilio},
            ring_ms=int(partner.ring_timeout * 1000),
            rate=partner.rate,
            share=partner.share,
            failures=partner.failures,
            retry_ms=int(partner.retry * 1000),
            retry_limit_ms=int(partner.retry_limit * 1000),
            short_ms=int(partner.short * 1000),
            again_ms=int(partner.again * 1000),
            outside=partner.outside,
        )
        for name, partner in rules.partners.partners.items()
    ]


def overflow_rules(queue: Queue, partners_from: int) -> dict[str, Any]:
    """The part of a queue's rules that sends callers elsewhere; `partners_from`: the level that opens partners."""
    found: dict[str, Any] = {}
    if when := queue.overflow:
        found = {
            "max_wait_ms": int(when.max_wait * 1000),
            "over_place": when.place,
            "over_estimate_ms": int(when.estimate * 1000),
            "over_ratio": when.ratio,
            "over_level": when.level or (partners_from if when.partners else 0),
            "partners": tuple(when.partners),
            "by_share": when.by == "share",
            "pools": tuple(when.pools),
            "drain_after_ms": int(when.drain_after * 1000),
        }
    if queue.outside:
        found |= {"outside": queue.outside.partner, "outside_ms": int(queue.outside.after * 1000)}
    return found


def is_open(partner: Partner, now: int) -> bool:
    """Whether an instant (ms) is within the partner's hours, by the partner's own clock."""
    return partner.hours is None or opening(now, partner.hours, partner.zone) == 0


class OpeningHours:
    """A part of the dispatcher's loop. It tells the store what changed, and everything to a new one."""

    def __init__(self, acd: Acd, rules: Operator, clock: Clock | None = None, *, every: float = EVERY_S) -> None:
        self._acd, self._rules, self._clock, self._every = acd, rules, clock or SystemClock(), every
        self._done = float("-inf")
        self._epoch = ""
        self._told: dict[str, bool] = {}

    async def turn(self, epoch: str) -> None:
        """Once a second."""
        now = asyncio.get_running_loop().time()
        if now - self._done < self._every and epoch == self._epoch:
            return
        self._done = now
        if epoch != self._epoch:
            self._epoch, self._told = epoch, {}
        for name, partner in self._rules.partners.partners.items():
            opened = is_open(partner, self._clock.ms())
            if self._told.get(name) is not opened:
                await self._acd.partner_state(name, open=opened, by="hours", reason="hours")
                self._told[name] = opened
