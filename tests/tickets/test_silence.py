"""A crew that says nothing loses its order to the next one, and somebody is told; all of it is in the history."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config.database import Database
from tests.fixtures.tickets import NOON, a_crew, a_report
from tickets import reports, timers, workorders
from tickets.clockwork import HANDLERS
from tickets.incidents import alerts
from tickets.kinds import AlertKind
from tickets.models import Alert, Crew, Timer
from tickets.states import WorkOrderEvent
from tickets.views import WorkOrderView
from tickets.workorders import crews, giving, positions

pytestmark = pytest.mark.database

E = WorkOrderEvent


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def filed(db: Database, **extra: object) -> int:
    """A fault of noon; the id of its work order."""
    with db.transaction() as session:
        report = reports.file_report(session, a_report(**{"area": "31.71.06", **extra}), now=NOON)
        order = workorders.open_order(session, report.id)
        assert order is not None
        return order.id


def crew(db: Database, **extra: object) -> str:
    with db.transaction() as session:
        return a_crew(session, **extra).name


def step(db: Database, order: int, *events: WorkOrderEvent, now: datetime, by: str = "op1") -> None:
    for event in events:
        with db.transaction() as session:
            workorders.advance(session, order, event, by=by, now=now)


def seen(db: Database, order: int) -> WorkOrderView:
    with db.reading() as session:
        return workorders.view(session, order)


def told(db: Database, kind: AlertKind) -> list[Alert]:
    with db.reading() as session:
        return [alert for alert in alerts.open_alerts(session) if alert.kind is kind]


def at(db: Database, now: datetime) -> None:
    """The clock has come to `now`."""
    timers.run_due(db, HANDLERS, now=now)


def test_what_is_not_accepted_in_five_minutes_goes_to_the_next_crew(db: Database) -> None:
    first, second = crew(db), crew(db)
    order = filed(db)
    at(db, after(4.9))
    assert seen(db, order).crew == first
    at(db, after(5))
    assert (seen(db, order).crew, seen(db, order).status) == (second, "assigned")
    (alert,) = told(db, AlertKind.CREW_SILENT)
    assert alert.text == f"{first} tidak menerima tugas selama 5 menit; perintah kerja {order} diberikan ke regu lain."
    assert (alert.work_order_id, alert.unit, alert.at) == (order, "jakarta", after(5))
    with db.reading() as session:
        moves = [(row.event, row.by, name, row.at) for row, name in workorders.history_of(session, order)]
    assert moves == [
        ("assign", "system", first, NOON),
        ("lapse", "system", first, after(5)),
        ("assign", "system", second, after(5)),
    ]
    step(db, order, E.ACCEPT, now=after(6))
    assert told(db, AlertKind.CREW_SILENT) == []


def test_each_step_starts_the_clock_anew_until_the_crew_has_arrived(db: Database) -> None:
    silent = crew(db, has_mobile=False)
    order = filed(db)
    step(db, order, E.ACCEPT, now=after(4))
    at(db, after(23.9))
    step(db, order, E.DEPART, now=after(23.9))
    at(db, after(83.8))
    assert seen(db, order).crew == silent
    at(db, after(83.9))
    assert (seen(db, order).crew, seen(db, order).status) == (None, "waiting")
    assert "menunggu regu lain" in told(db, AlertKind.CREW_SILENT)[0].text
    assert told(db, AlertKind.NO_CREW) != []


def test_a_crew_that_is_there_keeps_its_order_and_somebody_is_warned(db: Database) -> None:
    there = crew(db, has_mobile=False)
    order = filed(db)
    step(db, order, E.ACCEPT, E.DEPART, E.ARRIVE, now=NOON)
    at(db, after(30))
    assert (seen(db, order).crew, seen(db, order).status) == (there, "arrived")
    (alert,) = told(db, AlertKind.CREW_SILENT)
    assert "perlu ditanyakan" in alert.text
    step(db, order, E.START, now=after(31))
    assert told(db, AlertKind.CREW_SILENT) == []
    at(db, after(31 + 239))
    assert told(db, AlertKind.CREW_SILENT) == []
    at(db, after(31 + 240))
    assert len(told(db, AlertKind.CREW_SILENT)) == 1


def test_on_its_way_a_crew_with_the_application_is_silent_when_its_position_is_old(db: Database) -> None:
    crew(db, login="regu1")
    order = filed(db)
    step(db, order, E.ACCEPT, E.DEPART, now=NOON)
    with db.transaction() as session:
        positions.tell(session, "regu1", lat=-6.2, lon=106.83, street="", now=after(20))
    at(db, after(30))
    assert seen(db, order).status == "enroute"  # told at 20: the instant has moved to 50
    at(db, after(50))
    assert seen(db, order).status == "waiting"
    assert "tidak mengirim posisi selama 30 menit" in told(db, AlertKind.CREW_SILENT)[0].text


def test_a_silent_crew_gets_nothing_until_it_is_heard_of(db: Database) -> None:
    name = crew(db, login="regu1")
    order = filed(db)
    at(db, after(5))
    other = filed(db)
    assert (seen(db, order).crew, seen(db, other).crew) == (None, None)
    at(db, after(20))  # offered again and again, never to a crew that says nothing
    assert seen(db, order).crew is None
    with db.transaction() as session:
        assert crews.ready(session, "regu1", now=after(21)).silent_since is None
    assert [seen(db, one).crew for one in (order, other)] == [name, name]


def test_a_step_is_a_word_too(db: Database) -> None:
    name = crew(db)
    lapsed, kept = filed(db), filed(db)
    step(db, kept, E.ACCEPT, now=after(1))
    at(db, after(5))
    assert seen(db, lapsed).crew is None
    step(db, kept, E.DEPART, now=after(6))
    assert seen(db, lapsed).crew == name


def test_an_order_that_is_cancelled_is_no_word_from_its_crew(db: Database) -> None:
    crew(db)
    lapsed, kept = filed(db), filed(db)
    step(db, kept, E.ACCEPT, now=after(1))
    at(db, after(5))
    step(db, kept, E.CANCEL, now=after(6))
    assert seen(db, lapsed).crew is None


def test_what_is_over_is_silent_for_ever(db: Database) -> None:
    crew(db)
    done, cancelled = filed(db), filed(db)
    step(db, done, E.ACCEPT, E.DEPART, E.ARRIVE, E.START, E.POWER_ON, E.COMPLETE, now=NOON)
    step(db, cancelled, E.CANCEL, now=NOON)
    with db.reading() as session:
        assert not session.scalars(select(Timer).where(Timer.kind == giving.SILENT)).all()
    at(db, after(24 * 60))
    assert told(db, AlertKind.CREW_SILENT) == []


def test_a_timer_that_comes_late_finds_what_it_was_about_gone(db: Database) -> None:
    crew(db)
    order = filed(db)
    with db.transaction() as session:
        silent = HANDLERS["crew-silent"]
        workorders.advance(session, order, E.CANCEL, by="op1", now=NOON)
        silent(session, str(order), {}, after(60))
        silent(session, "999999", {}, after(60))
    assert seen(db, order).status == "cancelled"
    with db.reading() as session:
        assert session.get_one(Crew, 1).silent_since is None
