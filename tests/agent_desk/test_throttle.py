"""Failures are counted exactly, also when they come at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from agent_desk.accounts import ATTEMPTS, TooManyAttempts, check_throttle, count_failure
from config.database import Database
from tests.fixtures.tickets import NOON

pytestmark = pytest.mark.database


def test_failures_that_come_at_once_are_all_counted(db: Database) -> None:
    def fail(_: int) -> int:
        with db.transaction() as session:
            return count_failure(session, "lacak:::1", now=NOON)

    with ThreadPoolExecutor(8) as threads:
        left = list(threads.map(fail, range(ATTEMPTS)))
    assert sorted(left) == list(range(ATTEMPTS))
    with db.reading() as session, pytest.raises(TooManyAttempts):
        check_throttle(session, "lacak:::1", now=NOON)
