"""The pool that is tortured: its queues, partners, CSOs. Small, so that everything is scarce."""

from __future__ import annotations

from router.store.acd import Acd
from router.store.types import PartnerRules, QueueRules, Strategy
from simulation.torture.told import Rules

POOL = "torture"
LINES, EMERGENCY_LINES, STEP_MS = 40, 6, 60_000
MS_PER_EVENT = 40
QUEUES = (
    QueueRules("gangguan", offer_ms=8_000, wrap_up_ms=6_000, max_wait_ms=25_000, partners=("mitra", "cadangan")),
    QueueRules("keluhan", offer_ms=8_000, wrap_up_ms=0, strategy=Strategy.BEST_SKILL),
    QueueRules("darurat", offer_ms=6_000, wrap_up_ms=9_000, strategy=Strategy.ROUND_ROBIN),
    QueueRules("permintaan", offer_ms=8_000, wrap_up_ms=4_000, strategy=Strategy.FEWEST_CALLS, max_waiting=6),
)
PARTNERS = (
    PartnerRules("mitra", cap=3, addresses={"asterisk": "sip:mitra@mitra.example"}, ring_ms=8_000),
    PartnerRules("cadangan", cap=1, addresses={"asterisk": "sip:c@c.example", "twilio": "+620"}, ring_ms=8_000),
)
CARRIERS = ("asterisk", "asterisk", "asterisk", "twilio")
SKILLS: tuple[dict[str, int] | None, ...] = (None, None, None, {}, {"en": 2}, {"en": 4, "prabayar": 1})
CSOS = tuple(f"cso{n}" for n in range(1, 15))


def rules() -> Rules:
    """What the journal's checker is told of it."""
    return Rules({one.name: one for one in QUEUES}, {one.name: one for one in PARTNERS}, LINES)


def carrier_of(cso: str) -> str:
    """Which carrier a CSO's telephone belongs to."""
    return "twilio" if int(cso[3:]) % 5 == 0 else "asterisk"


async def configure(acd: Acd) -> None:
    """The same rules, however often."""
    await acd.configure(
        queues=QUEUES, partners=PARTNERS, lines=LINES, emergency_lines=EMERGENCY_LINES, priority_step_ms=STEP_MS
    )
