"""The pool that is tortured: its queues, partners, CSOs. Small, so that everything is scarce."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from router.store.acd import Acd
from router.store.types import LevelGap, PartnerRules, QueueRules, Strategy, TrunkRules
from simulation.torture.told import Rules

POOLS = ("torture", "torture-b")  # callers of the first are moved to the second, and back
LINES, EMERGENCY_LINES, STEP_MS = 48, 4, 60_000
MS_PER_EVENT = 40
CALLED_BACK: dict[str, Any] = {"callback_retry_ms": 10_000, "callback_ring_ms": 8_000, "callback_attempts": 2}
QUEUES = (
    QueueRules(
        "gangguan", offer_ms=8_000, wrap_up_ms=6_000, max_wait_ms=25_000, partners=("mitra", "cadangan"),
        over_ratio=2.0, over_level=3, over_estimate_ms=60_000, by_share=True, drain_after_ms=3_000, outside="luar",
        outside_ms=12_000, **CALLED_BACK,
    ),
    QueueRules("keluhan", offer_ms=8_000, wrap_up_ms=0, strategy=Strategy.BEST_SKILL, **CALLED_BACK),
    QueueRules(
        "darurat", offer_ms=6_000, wrap_up_ms=9_000, strategy=Strategy.ROUND_ROBIN, outside="luar", outside_ms=8_000
    ),
    QueueRules(
        "permintaan", offer_ms=8_000, wrap_up_ms=4_000, strategy=Strategy.FEWEST_CALLS, max_waiting=6,
        over_place=2, partners=("cadangan",), **CALLED_BACK,
    ),
)  # fmt: skip
OUTSIDE = "luar"
PARTNERS = (
    PartnerRules(
        "mitra", cap=3, addresses={"asterisk": "sip:mitra@mitra.example"}, ring_ms=8_000, rate=2.0, share=3.0,
        failures=4, retry_ms=2_000, retry_limit_ms=8_000, again_ms=5_000,
    ),
    PartnerRules("cadangan", cap=1, addresses={"asterisk": "sip:c@c.example", "twilio": "+620"}, ring_ms=8_000),
    PartnerRules(OUTSIDE, cap=1, addresses={"asterisk": "sip:l@l.example"}, ring_ms=8_000, outside=True),
)  # fmt: skip
TRUNKS = (TrunkRules("jakarta", lines=32, emergency_lines=3), TrunkRules("bandung"))
GAPS = (LevelGap(3, "31", per_s=0.2, burst=3), LevelGap(2, "32.73", per_s=0.1, burst=2))
AREAS = ("31.71", "31.74.02", "32.73", "32.04")
CARRIERS = ("asterisk", "asterisk", "asterisk", "twilio")
SKILLS: tuple[dict[str, int] | None, ...] = (None, None, None, {}, {"en": 2}, {"en": 4, "prabayar": 1})
CSOS = tuple(f"cso{n}" for n in range(1, 21))


def rules() -> Rules:
    """What the journal's checker is told of it."""
    return Rules({one.name: one for one in QUEUES}, {one.name: one for one in PARTNERS}, LINES, frozenset({OUTSIDE}))


def carrier_of(cso: str) -> str:
    """Which carrier a CSO's telephone belongs to."""
    return "twilio" if int(cso[3:]) % 5 == 0 else "asterisk"


def queues(pool: str) -> list[QueueRules]:
    """The queues of one pool; callers of the first may go to the other pool."""
    (other,) = (name for name in POOLS if name != pool)
    return [replace(one, pools=(other,)) if one is QUEUES[0] else one for one in QUEUES]


async def configure(acd: Acd) -> None:
    """The same rules, however often."""
    await acd.configure(
        queues=queues(acd.pool), partners=PARTNERS, lines=LINES, emergency_lines=EMERGENCY_LINES,
        priority_step_ms=STEP_MS, trunks=TRUNKS, gaps=GAPS,
    )  # fmt: skip
