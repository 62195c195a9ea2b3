"""An hour in which everybody passes calls on: the library against the model, and what was reached in it."""

from __future__ import annotations

import os

import pytest

from tests.router import machine_talk
from tests.router.test_stateful import walk

pytestmark = pytest.mark.store

WEIGHTS = {
    "arrive": 5, "enqueue": 7, "offer_next": 12, "answered": 14, "returned": 1, "ended": 3, "ask_state": 16, "later": 3,
    "telephone": 1, "log_in": 8, **machine_talk.BUSY, "consult": 16, "complete": 12, "transfer": 9,
    "guest_answered": 12, "guest_ringing": 1, "refer": 3,
}  # fmt: skip


@pytest.mark.parametrize("seed", [int(os.environ.get("SUAR_SEED", "2019")), 123])
def test_an_hour_of_conversations(store_url: str, seed: int) -> None:
    told = walk(store_url, seed, WEIGHTS)
    assert set(told) >= {"call.transferred attended", "call.transferred blind", "call.guest_left"}
