"""Callbacks in any order, with any call, any number and any token."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

if TYPE_CHECKING:
    from tests.router.test_stateful import LivePool

UNTIL = st.sampled_from([0, 0, 0, 1_000, 30_000, 400_000])
QUEUES = st.sampled_from(["", "", "gangguan", "keluhan"])
REASONS = ["no-answer", "busy", "cso-gone"]
# How often in a busy hour, and with what.
BUSY = {"call_back": 5, "reached": 6, "unreached": 8, "schedule": 1, "cancel": 2, "calls_again": 2, "recall_next": 1}


def arguments(dice: random.Random, verb: str) -> dict[str, Any] | None:
    """None for a verb of another module."""
    return {
        "call_back": {
            "data": dice, "queue": dice.choice(["", "", "gangguan", "keluhan"]),
            "until": dice.choice([0, 0, 0, 1_000, 30_000]), "twice": dice.random() < 0.3,
        },
        "reached": {"data": dice},
        "unreached": {"data": dice, "reason": dice.choice(REASONS)},
        "schedule": {"data": dice, "until": dice.choice([1_000, 30_000])},
        "cancel": {"data": dice},
        "calls_again": {"data": dice, "call": f"c{dice.randrange(10**9):010}"},
        "recall_next": {"queue": dice.choice(["gangguan", "keluhan"])},
    }.get(verb)  # fmt: skip


def number_of(call: str) -> str:
    """Every caller has one; a recalled call that of the call it came from."""
    return f"+628{call.removesuffix('r')[1:]:0>10}"


class CallbackMachine(RuleBasedStateMachine):
    """Its rules; LivePool has the rest."""

    @precondition(lambda self: self.model.calls)
    @rule(data=st.data(), queue=QUEUES, until=UNTIL, twice=st.booleans())
    def call_back(self: LivePool, data: Any, queue: str, until: int, twice: bool) -> None:
        call = self.some_call(data)
        self.serial += 1
        at = self.clock.ms() + until if until else 0
        given = {"number": number_of(call), "queue": queue, "until": at, "cmd": f"b{self.serial}"}
        asked = call in self.model.calls and not self.model.calls[call].virtual
        place = self.both(
            self.acd.call_back(call, **given), lambda: self.model.call_back(call, number_of(call), queue, at)
        )
        if twice and asked and self.model.calls[call].virtual:
            assert self.run(self.acd.call_back(call, **given)) == place

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def reached(self: LivePool, data: Any) -> None:
        call, token = self.some_token(data)
        self.both(self.acd.reached(call, token, channel=f"x-{call}"), lambda: self.model.reached(call, token))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), reason=st.sampled_from(REASONS))
    def unreached(self: LivePool, data: Any, reason: str) -> None:
        call, token = self.some_token(data)
        self.both(self.acd.unreached(call, token, reason=reason), lambda: self.model.unreached(call, token, reason))

    @precondition(lambda self: self.model.calls)
    @rule(data=st.data(), until=st.sampled_from([1_000, 400_000]))
    def schedule(self: LivePool, data: Any, until: int) -> None:
        call, at = self.some_call(data), self.clock.ms() + until
        self.both(self.acd.schedule(call, until=at, reason="hours"), lambda: self.model.schedule(call, at))

    @precondition(lambda self: self.model.calls)
    @rule(data=st.data())
    def cancel(self: LivePool, data: Any) -> None:
        call = self.some_call(data)
        self.both(self.acd.cancel(call, by="desk"), lambda: self.model.cancel(call))

    @precondition(lambda self: self.model.callbacks())
    @rule(data=st.data(), call=st.integers(100, 111).map(lambda n: f"c0000000{n}"))
    def calls_again(self: LivePool, data: Any, call: str) -> None:
        if callbacks := self.model.callbacks():
            self.arrive_from(call, self.pick(data, sorted(callbacks)))

    @rule(queue=st.sampled_from(["gangguan", "keluhan"]))
    def recall_next(self: LivePool, queue: str) -> None:
        assert self.run(self.acd.recall_next(queue)) == self.model.recall_next(queue)
