"""Gaps, locations and levels in any order, between calls that arrive by two trunks and by none."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

if TYPE_CHECKING:
    from tests.router.test_stateful import LivePool

AREAS = ["31", "31.71", "31.71.06", "31.74", "19"]
RATES = [0.0, 0.05, 1.0]
BURSTS = [1, 2, 5]
BUSY = {"set_gap": 0.5, "locate": 2, "set_level": 0.3, "override_level": 0.3, "release_override": 0.6}
LEVELS = [0, 0, 0, 1, 2, 3, 4]
HOW_LONG = [0, 0, 30_000]


def arguments(dice: random.Random, verb: str) -> dict[str, Any] | None:
    """None for a verb of another module."""
    return {
        "set_gap": {
            "area": dice.choice(AREAS[:3]), "per_s": dice.choice(RATES), "burst": dice.choice(BURSTS),
            "lasts": dice.choice(HOW_LONG),
        },
        "locate": {"data": dice, "area": dice.choice(AREAS)},
        "set_level": {"level": dice.choice(LEVELS)},
        "override_level": {"level": dice.choice(LEVELS), "lasts": dice.choice(HOW_LONG)},
        "release_override": {},
    }.get(verb)  # fmt: skip


def way_of(call: str) -> dict[str, str]:
    """The trunk and region by which a call comes."""
    ways = [("jakarta", "31"), ("jakarta", "31"), ("bangka", "19"), ("", "31")]
    trunk, region = ways[int("".join(filter(str.isdecimal, call))) % 4]
    return {"trunk": trunk, "region": region}


class AdmissionMachine(RuleBasedStateMachine):
    """Its rules; LivePool has the rest."""

    @rule(
        area=st.sampled_from(AREAS[:3]), per_s=st.sampled_from(RATES), burst=st.sampled_from(BURSTS),
        lasts=st.sampled_from(HOW_LONG),
    )  # fmt: skip
    def set_gap(self: LivePool, area: str, per_s: float, burst: int, lasts: int) -> None:
        until = self.clock.ms() + lasts if lasts else 0
        given = {"per_s": per_s, "burst": burst, "by": "spv1", "reason": "uji", "until": until}
        self.run(self.acd.set_gap(area, **given))
        self.model.set_gap(area, per_s, burst, until)

    @precondition(lambda self: self.model.calls)
    @rule(data=st.data(), area=st.sampled_from(AREAS))
    def locate(self: LivePool, data: Any, area: str) -> None:
        call = self.some_call(data)
        gapped = self.run(self.acd.locate(call, area))
        assert gapped == self.model.locate(call, area)
        assert not (gapped and self.model.calls[call].emergency), "an emergency is never gapped"

    @rule(level=st.integers(0, 4))
    def set_level(self: LivePool, level: int) -> None:
        self.run(self.acd.set_level(level, reason="lines", by="ladder"))
        self.model.set_level(level)

    @rule(level=st.integers(0, 4), lasts=st.sampled_from(HOW_LONG))
    def override_level(self: LivePool, level: int, lasts: int) -> None:
        until = self.clock.ms() + lasts if lasts else 0
        self.run(self.acd.override_level(level, reason="uji", by="spv1", until=until))
        self.model.override_level(level, until)

    @rule()
    def release_override(self: LivePool) -> None:
        self.run(self.acd.release_override(by="spv1", reason="uji"))
        self.model.release_override()

    @invariant()
    def the_gauges_are_the_models(self: LivePool) -> None:
        gauges = self.run(self.acd.gauges())
        assert (gauges.level, gauges.automatic) == (self.model.level, self.model.automatic)
        assert gauges.lines == len(self.model.on_line()) <= self.model.lines
        for trunk, (used, lines) in gauges.trunks.items():
            assert used == len(self.model.on_trunk(trunk)), trunk
            assert used <= lines, "a trunk is never used beyond its lines"
        assert {one.number: (one.at, one.call) for one in self.run(self.acd.refused())} == self.model.refused
