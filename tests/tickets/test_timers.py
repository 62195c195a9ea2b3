"""What falls due is done once, at its time, whoever looks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.database import Database
from config.errors import Refused
from tests.fixtures.tickets import NOON
from tickets import timers
from tickets.models import FollowerPosition, NumberSequence, Timer

pytestmark = pytest.mark.database

LATER = NOON + timedelta(minutes=45)


def write_down(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """A handler whose effect can be counted: its row can stand there once."""
    session.add(FollowerPosition(name=key, pool=str(payload.get("n", "")), position=now.isoformat()))
    session.flush()


def refuse(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    write_down(session, key, payload, now)
    raise Refused("Belum bisa.", slug="not-now")


def arm_again(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    write_down(session, key, payload, now)
    timers.arm(session, "remind", key, now + timedelta(minutes=10), {"n": payload["n"] + 1})


def count(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    session.execute(update(NumberSequence).values(next=NumberSequence.next + 1))


HANDLERS: dict[str, timers.Handler] = {"count": count, "late": write_down, "refused": refuse, "remind": arm_again}


def _arm(db: Database, kind: str = "late", key: str = "r:1", at: datetime = LATER, **payload: Any) -> None:
    with db.transaction() as session:
        timers.arm(session, kind, key, at, payload)


def _done(db: Database) -> list[tuple[str, str, str]]:
    with db.reading() as session:
        rows = session.scalars(select(FollowerPosition).order_by(FollowerPosition.pool))
        return [(row.name, row.pool, row.position) for row in rows]


def test_it_is_done_when_it_is_due_and_not_before(db: Database) -> None:
    _arm(db)
    assert timers.run_due(db, HANDLERS, now=LATER - timedelta(seconds=1)) == 0
    assert timers.run_due(db, HANDLERS, now=LATER) == 1
    assert timers.run_due(db, HANDLERS, now=LATER) == 0
    assert _done(db) == [("r:1", "", LATER.isoformat())]


def test_armed_again_it_moves(db: Database) -> None:
    _arm(db)
    _arm(db, at=LATER + timedelta(hours=1), n=2)
    assert timers.run_due(db, HANDLERS, now=LATER) == 0
    assert timers.run_due(db, HANDLERS, now=LATER + timedelta(hours=1)) == 1
    assert [pool for _, pool, _ in _done(db)] == ["2"]


def test_disarmed_it_is_never_done(db: Database) -> None:
    _arm(db)
    with db.transaction() as session:
        timers.disarm(session, "late", "r:1", "r:2")
        assert timers.next_due(session) is None
    assert timers.run_due(db, HANDLERS, now=LATER) == 0


def test_a_reminder_arms_itself_until_somebody_disarms_it(db: Database) -> None:
    _arm(db, "remind", "r:1", NOON, n=1)
    for minute in range(0, 31, 5):
        timers.run_due(db, HANDLERS, now=NOON + timedelta(minutes=minute))
    assert [pool for _, pool, _ in _done(db)] == ["1", "2", "3", "4"]


def test_what_is_refused_changes_nothing_and_comes_again_in_a_minute(db: Database) -> None:
    _arm(db, "refused", "r:1", NOON)
    _arm(db, "late", "r:2", NOON)
    assert timers.run_due(db, HANDLERS, now=NOON) == 1  # the other one is not held up
    assert [name for name, _, _ in _done(db)] == ["r:2"]
    with db.reading() as session:
        assert timers.next_due(session) == NOON + timedelta(minutes=1)


def test_two_who_are_at_one_that_arms_itself_again_do_it_once(db: Database) -> None:
    """Its row stays, so that its being gone cannot tell the second one."""
    with db.transaction() as session:
        session.add(NumberSequence(prefix="54", next=0))
    _arm(db, "remind", "r:1", NOON, n=1)
    both = Barrier(2)

    def count_and_arm(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
        with suppress(BrokenBarrierError):  # SQLite lets in one after the other
            both.wait(0.5)
        count(session, key, payload, now)
        timers.arm(session, "remind", key, now + timedelta(minutes=10))

    with db.reading() as session:
        (timer,) = timers.due(session, now=NOON)
    with ThreadPoolExecutor(2) as threads:
        ran = threads.map(lambda _: timers.run(db, timer.id, {"remind": count_and_arm}, now=NOON), range(2))
        assert sorted(ran) == [False, True]
    with db.reading() as session:
        assert session.scalar(select(NumberSequence.next)) == 1
        assert timers.next_due(session) == NOON + timedelta(minutes=10)


def test_many_who_look_at_the_same_time_do_it_once(db: Database) -> None:
    with db.transaction() as session:
        session.add(NumberSequence(prefix="54", next=0))
    for n in range(10):
        _arm(db, "count", f"r:{n}", NOON)
    with db.reading() as session:
        ids = list(session.scalars(select(Timer.id)))

    def look(_: int) -> int:
        return sum(timers.run(db, one, HANDLERS, now=NOON) for one in ids)

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(look, range(6))) == 10
    with db.reading() as session:
        assert session.scalar(select(NumberSequence.next)) == 10
