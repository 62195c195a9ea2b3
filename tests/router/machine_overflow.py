"""The rules of the state machine that are about partner centres, and other rules for them in the middle of a day."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from router.store.types import PartnerRules, QueueRules
from tests.fixtures.router import PARTNERS, RULES
from tests.router.model_admission import LEVEL_GAPS, TRUNKS

ADDRESS = {"asterisk": "sip:mitra@mitra.example"}
OUTSIDE = PartnerRules("luar", cap=1, addresses=ADDRESS, outside=True)
STRICT = (
    PartnerRules("mitra", cap=2, addresses=ADDRESS, rate=0.5, failures=1, retry_ms=3_000, retry_limit_ms=9_000),
    PartnerRules("cadangan", cap=1, addresses=ADDRESS, share=2.5, failures=2, again_ms=20_000),
)
BOTH = ("mitra", "cadangan")


GANGGUAN, DARURAT = (next(one for one in RULES if one.name == name) for name in ("gangguan", "darurat"))
OTHERS = tuple(one for one in RULES if one not in (GANGGUAN, DARURAT))


def day(*partners: PartnerRules, **given: Any) -> tuple[tuple[QueueRules, ...], tuple[PartnerRules, ...]]:
    """One set of the operator's rules."""
    overflowing = replace(GANGGUAN, **{"max_wait_ms": 0, "partners": (), **given})
    return (overflowing, replace(DARURAT, outside="luar", outside_ms=20_000), *OTHERS), (*partners, OUTSIDE)


# Any of them from one moment to the next. The caps are the same in all: who is there may stay.
DAYS: Sequence[tuple[tuple[QueueRules, ...], tuple[PartnerRules, ...]]] = (
    day(*PARTNERS, max_wait_ms=180_000, partners=BOTH),
    day(*STRICT, over_place=1, partners=BOTH, by_share=True, drain_after_ms=5_000),
    day(*PARTNERS, over_ratio=1.0, partners=BOTH, by_share=True),
    day(*STRICT, over_level=2, max_wait_ms=60_000, partners=BOTH, drain_after_ms=8_000),
    day(*PARTNERS, over_estimate_ms=60_000, partners=("cadangan",)),
)

WEIGHTS = {
    "overflow_next": 5, "partner_answered": 5, "hand_back": 2, "partner_left": 1, "drain_next": 1, "mark_due": 1,
    "partner_state": 1, "another_day": 0.5,
}  # fmt: skip
# Callers come faster than the few who are there can take them.
NIGHT = {
    "arrive": 12, "enqueue": 12, "leave_queue": 0, "offer_next": 12, "ask_state": 3, "log_in": 0, "telephone": 1,
    "another_day": 3, "set_level": 1, "overflow_next": 14, "partner_answered": 8, "hand_back": 3, "ended": 9,
    "later": 9,
}  # fmt: skip


def arguments(dice: random.Random) -> dict[str, dict[str, Any]]:
    """What these verbs are asked with in a busy hour."""
    return {
        "overflow_next": {},
        "drain_next": {},
        "mark_due": {"data": dice, "estimate_ms": dice.choice([None, 30_000, 90_000])},
        "partner_state": {
            "partner": dice.choice(BOTH),
            "is_open": dice.choice([None, True, True, False]),
            "reachable": dice.choice([None, True, True, False]),
            "by": dice.choice(["hours", "spv1"]),
        },
        "another_day": {"day": dice.randrange(len(DAYS))},
    }  # fmt: skip


def at_night(dice: random.Random, verb: str) -> dict[str, Any]:
    """Nearly everybody wants the one queue that overflows."""
    if verb == "enqueue":
        return {"queue": dice.choice(["gangguan"] * 9 + ["darurat"]), "emergency": dice.random() < 0.03, "skills": None}
    return {"seconds": dice.choice([1, 3, 3, 10, 31, 61])} if verb == "later" else {}


class OverflowRules(RuleBasedStateMachine):
    """A part of LivePool."""

    acd: Any
    pool: Any
    model: Any
    tokens: list[tuple[str, str]]
    seen_there: Counter[str]
    run: Any
    both: Any
    some_token: Any
    some_call: Any

    def __init__(self) -> None:
        self.seen_there = Counter()
        super().__init__()

    @rule()
    def overflow_next(self) -> None:
        expected = self.model.overflow_next()
        given = self.run(self.acd.overflow_next())
        assert (given and (given.call, given.partner)) == (expected and expected[:2]), (given, expected)
        if given:
            self.tokens.append((given.call, given.token))
            self.seen_there[expected[2]] += 1
            self.model.handed_over(given.call, given.partner, given.token, expected[2])

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def partner_answered(self, data: Any) -> None:
        call, token = self.some_token(data)
        self.both(self.acd.partner_answered(call, token), lambda: self.model.partner_answered(call, token))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def hand_back(self, data: Any) -> None:
        call, token = self.some_token(data)
        reason = "busy"
        self.both(self.acd.hand_back(call, token, reason=reason), lambda: self.model.hand_back(call, token, reason))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def partner_left(self, data: Any) -> None:
        call, token = self.some_token(data)
        said: list[str] = []
        outcome = self.both(
            self.acd.partner_left(call, token), lambda: said.append(self.model.partner_left(call, token))
        )
        if said:
            assert (outcome or "") == said[0]

    @rule()
    def drain_next(self) -> None:
        expected = self.model.drain_next()
        assert self.run(self.acd.drain_next()) == expected
        self.seen_there["drained"] += expected is not None

    @precondition(lambda self: self.model.calls)
    @rule(data=st.data(), estimate_ms=st.sampled_from([None, 30_000, 90_000]))
    def mark_due(self, data: Any, estimate_ms: int | None) -> None:
        call = self.some_call(data)
        assert self.run(self.acd.mark_due(call, estimate_ms=estimate_ms)) == self.model.mark_due(call, estimate_ms)

    @rule(
        partner=st.sampled_from(BOTH),
        is_open=st.sampled_from([None, True, False]),
        reachable=st.sampled_from([None, True, False]),
        by=st.sampled_from(["hours", "spv1"]),
    )
    def partner_state(self, partner: str, is_open: bool | None, reachable: bool | None, by: str) -> None:
        self.run(self.acd.partner_state(partner, open=is_open, reachable=reachable, by=by))
        self.model.partner_state(partner, is_open=is_open, reachable=reachable, by=by)

    @rule(day=st.integers(0, len(DAYS) - 1))
    def another_day(self, day: int) -> None:
        queues, partners = DAYS[day]
        self.run(
            self.pool.configure(
                queues=queues, partners=partners, lines=self.model.lines, trunks=TRUNKS, gaps=LEVEL_GAPS
            )
        )
        self.model.queues = {one.name: one for one in queues}
        self.model.partners = {one.name: one for one in partners}

    def check_partners(self) -> None:
        """The partners as the model has them."""
        self.seen_there.update(state.breaker for state in self.model.partner_states.values())
        found = {
            one.name: (one.open, one.reachable, one.breaker, one.failures) for one in self.run(self.acd.partners())
        }
        states = self.model.partner_states
        expected = {name: states[name] for name in self.model.partners}
        assert found == {name: (one.open, one.reachable, one.breaker, one.failures) for name, one in expected.items()}
