"""An hour in which everybody passes calls on: the library against the model, and what was reached in it."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from router.events import Event
from tests.router import machine_talk
from tests.router.test_stateful import LivePool, arguments

pytestmark = pytest.mark.store

WEIGHTS = {
    "arrive": 5, "enqueue": 7, "offer_next": 12, "answered": 14, "returned": 1, "ended": 3, "ask_state": 16, "later": 3,
    "telephone": 1, "log_in": 8, **machine_talk.BUSY, "consult": 16, "complete": 12, "transfer": 9,
    "guest_answered": 12, "guest_ringing": 1, "refer": 3,
}  # fmt: skip


@pytest.mark.parametrize("seed", [int(os.environ.get("SUAR_SEED", "2019")), 123])
def test_an_hour_of_conversations(store_url: str, seed: int) -> None:
    LivePool.url = store_url
    dice = random.Random(seed)  # noqa: S311
    machine = LivePool()
    try:
        machine.begin(csos=["cso1", "cso2", "cso3", "cso4"], calls=6)
        for _ in range(int(os.environ.get("SUAR_STEPS", "1000"))):
            (verb,) = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
            given = arguments(dice, verb)
            if given.get("data") and not (machine.model.live() and machine.tokens):
                continue
            if verb == "ended":
                given = {"call": machine.some_call(dice)}
            getattr(machine, verb)(**given)
            machine.the_store_is_the_model()
            machine.the_structures_hold()
            machine.the_conversations_are_the_models()
        told = Counter(
            f"{entry.event} {entry.data.get('kind', '')}{entry.data.get('reason', '')}"
            for entry in machine.run(machine.acd.journal("0-0", count=100_000))
            if entry.event in (Event.CALL_TRANSFERRED, Event.CALL_GUEST_LEFT, Event.CALL_HANDED_OVER)
        )
        assert told["call.transferred attended"] > 0
        assert told["call.transferred blind"] > 0
        assert sum(count for name, count in told.items() if name.startswith("call.guest_left")) > 0
    finally:
        machine.teardown()
