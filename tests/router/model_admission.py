"""The oracle of admission: lines of trunks, gaps of areas, the level by hand and by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from router.calls import CallState
from router.store.types import Admission, LevelGap, TrunkRules

if TYPE_CHECKING:
    from tests.router.model import Model, ModelCall

TRUNKS = (TrunkRules("jakarta", lines=6, emergency_lines=1), TrunkRules("bangka", lines=5))
LEVEL_GAPS = (LevelGap(2, "31", per_s=0.05, burst=2), LevelGap(3, "31", per_s=0.05, burst=1))


@dataclass
class ModelGap:
    """`tokens` at `at`; a gap by hand ends at `until` (0 = never)."""

    per_s: float
    burst: float
    until: int = 0
    tokens: float | None = None
    at: int = 0


class Admissions:
    """Who is let in, and to what."""

    def on_trunk(self: Model, trunk: str) -> list[ModelCall]:
        """A callback dialled by us came by none."""
        return [call for call in self.on_line() if call.trunk == trunk and not call.dial]

    def admission(self: Model, call: ModelCall) -> Admission:
        """For a call that is not on a line yet."""
        rules = self.trunks.get(call.trunk, TrunkRules(""))
        used, here = len(self.on_line()), len(self.on_trunk(call.trunk)) if call.trunk else 0
        reason = self._reason(call, rules, used, here)
        if reason in ("lines-full", "trunk-full"):
            return Admission(False, self.level, used, reason, False, here)
        return Admission(True, self.level, used + 1, reason, reason != "", here + 1)

    def _reason(self: Model, call: ModelCall, rules: TrunkRules, used: int, here: int) -> str:
        if used >= self.lines:
            return "lines-full"
        if rules.lines and here >= rules.lines:
            return "trunk-full"
        if used >= self.lines - self.emergency_lines or (rules.lines and here >= rules.lines - rules.emergency_lines):
            return "reserve"
        return "gapped" if self.gap_asked(call, call.region) else ""

    def gap_asked(self: Model, call: ModelCall, area: str) -> bool:
        for code in (area[:8], area[:5], area[:2]):
            for name in (f"hand:{code}", f"{self.level}:{code}"):
                gap = self.gaps.get(name)
                if gap and not 0 < gap.until <= self.now:
                    if name != call.gap:
                        call.gap, call.gapped = name, not self._pass(gap)
                    return call.gapped
        return call.gapped

    def _pass(self: Model, gap: ModelGap) -> bool:
        if gap.tokens is None:
            gap.tokens = gap.burst
        else:
            gap.tokens = min(gap.burst, gap.tokens + (self.now - gap.at) * gap.per_s / 1000)
        passed = gap.tokens >= 1
        gap.tokens, gap.at = round(gap.tokens - passed, 6), self.now
        return passed

    def set_gap(self: Model, area: str, per_s: float, burst: float, until: int) -> None:
        name = f"hand:{area}"
        if per_s == 0:
            self.gaps.pop(name, None)
            return
        old = self.gaps.get(name, ModelGap(per_s, burst))
        self.gaps[name] = ModelGap(per_s, burst, until, old.tokens, old.at)

    def locate(self: Model, name: str, area: str) -> bool:
        call = self.calls[name]
        if call.state is not CallState.ENDED and call.area != area:
            if not call.area and not call.emergency and not call.gapped and call.state is CallState.IVR:
                self.gap_asked(call, area)
            call.area = area
        return call.gapped and not call.emergency

    def set_level(self: Model, level: int) -> None:
        self.expire_level()
        self.automatic = level

    def override_level(self: Model, level: int, until: int) -> None:
        self.by_hand = (level, until)

    def release_override(self: Model) -> None:
        self.by_hand = None

    def expire_level(self: Model) -> None:
        if self.by_hand and 0 < self.by_hand[1] <= self.now:
            self.by_hand = None

    @property
    def level(self: Model) -> int:
        return self.by_hand[0] if self.by_hand else self.automatic
