"""When the surge ladder rises and falls: pure functions over a few figures of the pool (docs/router/surge.md).

It rises at once to the highest level whose figures have been reached for `raise_after`; it falls one level at a time,
each after `lower_after` during which all figures stayed under a share of that level's. Between that share and the
figure itself nothing changes, so noise around a figure moves nothing, and more load never gives a lower level.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from router.store.types import Gauges, Rate

TOP = 4


@dataclass(frozen=True)
class Figures:
    """Where a level begins; None = not by this figure."""

    lines: float | None = None  # share of all lines in use
    wait_s: float | None = None
    arrivals: float | None = None  # times the normal of an area


@dataclass(frozen=True)
class Rules:
    """The operator's (config/utility/surge.yaml)."""

    figures: tuple[Figures, Figures, Figures, Figures]  # of level 1 to 4; none falls from one to the next
    normal: Mapping[str, float]  # area → calls an hour
    raise_after_ms: int
    lower_after_ms: int
    lower_share: float  # < 1


@dataclass(frozen=True)
class State:
    """What the ladder remembers from one look to the next."""

    level: int = 0
    above: tuple[int | None, ...] = (None,) * TOP  # of level 1 to 4: since when (ms) its figures are reached
    below: int | None = None  # since when (ms) all figures are under the share of this level's

    def dumps(self) -> str:
        """For the store."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str, level: int) -> State:
        """From the store, at the level that is in force there."""
        raw = json.loads(text) if text else {}
        return cls(level, tuple(raw.get("above", (None,) * TOP)), raw.get("below"))


def decide(rules: Rules, state: State, gauges: Gauges, now: int) -> tuple[int, State, str]:
    """The level, what to remember, and why it changed ("" = it did not): `lines`, `wait`, `arrivals 31`, `eased`."""
    reached, why = _reached(rules, gauges, 1.0)
    held, _ = _reached(rules, gauges, rules.lower_share)
    above = tuple(
        None if number > reached else now if since is None else since for number, since in enumerate(state.above, 1)
    )
    ripe = max((n for n, since in enumerate(above, 1) if _for(since, now, rules.raise_after_ms)), default=0)
    if ripe > state.level:
        return ripe, State(ripe, above), why
    if held >= state.level:
        return state.level, State(state.level, above), ""
    below = now if state.below is None else state.below
    if _for(below, now, rules.lower_after_ms):
        return state.level - 1, State(state.level - 1, above, now if held < state.level - 1 else None), "eased"
    return state.level, State(state.level, above, below), ""


def _for(since: int | None, now: int, duration: int) -> bool:
    return since is not None and now - since >= duration


def _reached(rules: Rules, gauges: Gauges, share: float) -> tuple[int, str]:
    """The highest level of which some figure, times `share`, is reached, and which one."""
    lines = gauges.lines / gauges.capacity if gauges.capacity else 0.0
    wait = max((queue.oldest_ms for queue in gauges.queues.values()), default=0) / 1000
    arrivals, area = _busiest(rules, gauges)
    for level in range(TOP, 0, -1):
        figures = rules.figures[level - 1]
        for limit, value, why in (
            (figures.lines, lines, "lines"),
            (figures.wait_s, wait, "wait"),
            (figures.arrivals, arrivals, f"arrivals {area}"),
        ):
            if limit is not None and value >= limit * share:
                return level, why
    return 0, ""


def _busiest(rules: Rules, gauges: Gauges) -> tuple[float, str]:
    """The area with the most arrivals against its normal: by trunk or by where callers are, whichever shows more."""
    ratios = []
    for area, normal in rules.normal.items():
        rates = gauges.regions.get(area, Rate()), gauges.areas.get(area, Rate())
        ratios.append((max(rate.per_hour for rate in rates) / normal, area))
    return max(ratios, default=(0.0, ""))
