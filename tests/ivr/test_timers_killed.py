"""The real worker, killed wherever a timer could be lost or done twice: what fell due is done once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.fixtures.mortal import House
from tickets import timers
from tickets.models import NumberSequence, Timer

pytestmark = [pytest.mark.database, pytest.mark.store, pytest.mark.timeout(900)]

KEYS = [f"{n:02}" for n in range(20)]


def arm(house: House) -> None:
    with house.db.transaction() as session:
        for key in KEYS:
            session.add(NumberSequence(prefix=key, next=0))
            timers.arm(session, "count", key, datetime.now(UTC) - timedelta(minutes=45))


def done(house: House) -> dict[str, int]:
    """How often each was done."""
    with house.db.reading() as session:
        return {row.prefix: row.next for row in session.scalars(select(NumberSequence)) if row.prefix in KEYS}


POINTS = [
    ("tickets.jobs:_enqueue", "before"),  # read, not enqueued
    ("tickets.jobs:_enqueue", "after"),  # one enqueued, nothing marked
    ("tickets.timers:mark_enqueued", "after"),  # all enqueued, marked, not committed
    ("rq.worker:SimpleWorker.execute_job", "before"),  # taken out of the line, not begun
    ("tests.fixtures.mortal:count", "after"),  # in the handler, not committed
    ("tickets.timers:run", "after"),  # committed, and the queue does not know it
]


def test_killed_at_every_point_one_after_the_other(house: House) -> None:
    """At the end the store loses all it had; the last worker does what is left."""
    arm(house)
    for place, when in POINTS:
        house.dies(place, when)
        assert house.open() > 0
        house.a_minute_passes()
    assert max(done(house).values()) == 1
    house.queue.connection.flushall()
    house.finish()
    assert done(house) == dict.fromkeys(KEYS, 1)
    assert house.in_line() == 0


def test_one_that_is_not_due_waits(house: House) -> None:
    arm(house)
    later = datetime.now(UTC) + timedelta(days=1)
    with house.db.transaction() as session:
        timers.arm(session, "count", KEYS[0], later)
    house.finish()
    assert done(house) == {key: int(key != KEYS[0]) for key in KEYS}
    with house.db.reading() as session:
        assert session.scalars(select(Timer.due_at).where(Timer.kind == "count")).all() == [later]
