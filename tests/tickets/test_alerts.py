"""What somebody must look at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest

from config.database import Database
from config.errors import NotFound, Refused
from tests.fixtures.tickets import NOON
from tickets.incidents import alerts, escalation
from tickets.kinds import AlertKind, AlertLevel

pytestmark = pytest.mark.database

LATE = AlertKind.RESPONSE_LATE


def test_a_reason_asks_once_until_it_is_gone(db: Database) -> None:
    with db.transaction() as session:
        first = alerts.put(session, LATE, "r:1", unit="jakarta", text="Regu belum tiba.", now=NOON)
        again = alerts.put(session, LATE, "r:1", unit="jakarta", text="Regu belum tiba.", now=NOON)
        other = alerts.put(session, AlertKind.NO_CREW, "r:1", unit="bangka", text="Belum ada regu.", now=NOON)
        assert first.id == again.id != other.id
        assert alerts.open_alerts(session) == [other, first]
        assert alerts.open_alerts(session, unit="jakarta") == [first]
        alerts.end(session, LATE, "r:1", now=NOON)
        alerts.end(session, LATE, "r:1", now=NOON + timedelta(minutes=1))
    with db.reading() as session:
        assert [one.kind for one in alerts.open_alerts(session)] == [AlertKind.NO_CREW]


def test_it_begins_again_as_if_new_when_its_reason_comes_back(db: Database) -> None:
    later = NOON + timedelta(hours=1)
    with db.transaction() as session:
        alert = alerts.put(session, LATE, "r:1", unit="jakarta", text="Satu.", now=NOON, level=AlertLevel.DIRECTOR)
        escalation.take(session, alert.id, by="op1", now=NOON)
        alerts.end(session, LATE, "r:1", now=NOON)
    with db.transaction() as session:
        again = alerts.put(session, LATE, "r:1", unit="jakarta", text="Dua.", now=later)
    assert (again.id, again.level, again.text, again.at) == (alert.id, AlertLevel.OPERATOR, "Dua.", later)
    assert (again.taken_by, again.ended_at) == (None, None)


def test_one_takes_it(db: Database) -> None:
    with db.transaction() as session:
        alert = alerts.put(session, LATE, "r:1", unit="jakarta", text="Regu belum tiba.", now=NOON)
    with db.transaction() as session:
        escalation.take(session, alert.id, by="op1", now=NOON)
        assert escalation.take(session, alert.id, by="op1", now=NOON + timedelta(minutes=1)).taken_at == NOON
        with pytest.raises(Refused) as taken:
            escalation.take(session, alert.id, by="op2", now=NOON)
        with pytest.raises(NotFound):
            escalation.take(session, 999, by="op1", now=NOON)
        alerts.end(session, LATE, "r:1", now=NOON)
    with db.transaction() as session, pytest.raises(Refused) as over:
        escalation.take(session, alert.id, by="op1", now=NOON)
    assert (taken.value.slug, over.value.slug) == ("alert-taken", "alert-over")


def test_of_two_who_take_it_at_the_same_time_one_has_it(db: Database) -> None:
    with db.transaction() as session:
        alert = alerts.put(session, LATE, "r:1", unit="jakarta", text="Regu belum tiba.", now=NOON).id
    both = Barrier(2)

    def taken(by: str) -> str:
        try:
            with db.transaction() as session:
                escalation.take(session, alert, by=by, now=NOON)
                with suppress(BrokenBarrierError):  # one after the other, as it should be
                    both.wait(0.5)
        except Refused as fault:
            return fault.slug
        return "taken"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(taken, ("op1", "op2"))) == ["alert-taken", "taken"]
