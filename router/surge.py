"""The dispatcher's part that moves the surge ladder: reads the gauges once a second, decides, writes the decision.

What it remembers is in the pool, so another dispatcher goes on where this one was killed; of two that decide at once
the store hears one.
"""

from __future__ import annotations

import asyncio
import logging

from config.operator import Operator
from router.ladder import Figures, Rules, State, decide
from router.store.acd import Acd
from router.store.types import LevelGap

log = logging.getLogger(__name__)

EVERY_S = 1.0


def ladder_rules(rules: Operator) -> Rules:
    """surge.yaml as the ladder wants it."""
    surge = rules.surge
    one, two, three, four = (
        Figures(level.lines, level.wait, level.arrivals) for level in (surge.levels[n] for n in range(1, 5))
    )
    return Rules(
        figures=(one, two, three, four),
        normal=surge.normal,
        raise_after_ms=int(surge.raise_after * 1000),
        lower_after_ms=int(surge.lower_after * 1000),
        lower_share=surge.lower_share,
    )


def level_gaps(rules: Operator) -> list[LevelGap]:
    """The gaps of surge.yaml as the store wants them."""
    return [
        LevelGap(number, area, gap.per_s, gap.burst)
        for number, level in rules.surge.levels.items()
        for area, gap in level.gaps.items()
    ]


class SurgeLadder:
    """One look a second, whoever calls how often."""

    def __init__(self, acd: Acd, rules: Rules) -> None:
        self._acd, self._rules = acd, rules
        self._looked = 0.0

    async def turn(self, epoch: str = "") -> None:
        """Look, unless it is too early."""
        now = asyncio.get_running_loop().time()
        if now - self._looked >= EVERY_S:
            self._looked = now
            await self.look()

    async def look(self) -> int:
        """Decide once; answers the ladder's level (in force unless one is set by hand)."""
        gauges = await self._acd.gauges()
        before = State.loads(gauges.ladder, gauges.automatic)
        level, state, why = decide(self._rules, before, gauges, gauges.at)
        if state == before:
            return level
        heard = await self._acd.climb(level, reason=why, turn=gauges.ladder_turn, state=state.dumps())
        if heard and level != before.level:
            log.info("surge level %d, was %d (%s)", level, before.level, why)
        return level
