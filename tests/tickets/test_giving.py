"""What waits is given as a whole: priority first, then the oldest, to whoever may; and somebody knows of what finds
nobody.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.database import Database
from config.errors import Refused
from tests.fixtures.contacts import waits_for_us
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tests.fixtures.wait import until
from tickets import repeats, reports, timers, workorders
from tickets.clockwork import HANDLERS
from tickets.contacts import Contact
from tickets.incidents import alerts
from tickets.kinds import AlertKind, Intent, ReportingKind, UrgentReason
from tickets.models import Alert, Crew, FaultLocation, Outage, Report, WorkOrder
from tickets.outages import outages, supply
from tickets.schemas import Changes
from tickets.states import WorkOrderEvent

pytestmark = pytest.mark.database

E = WorkOrderEvent


def filed(db: Database, **extra: Any) -> int:
    """A fault of noon; the id of its work order."""
    with db.transaction() as session:
        report = reports.file_report(session, a_report(**{"area": "31.71.06", **extra}), now=NOON)
        order = workorders.open_order(session, report.id)
        assert order is not None
        return order.id


def crew(db: Database, **extra: Any) -> int:
    with db.transaction() as session:
        return a_crew(session, **extra).id


def has(db: Database, order: int) -> int | None:
    with db.reading() as session:
        return session.get_one(WorkOrder, order).crew_id


def step(db: Database, order: int, *events: WorkOrderEvent, by: str = "op1", **told: Any) -> None:
    for event in events:
        with db.transaction() as session:
            workorders.advance(session, order, event, by=by, now=NOON, **told)


def give(db: Database, unit: str = "jakarta") -> int:
    with db.transaction() as session:
        return workorders.give_waiting(session, unit, now=NOON)


def told(db: Database) -> list[Alert]:
    with db.reading() as session:
        return [alert for alert in alerts.open_alerts(session) if alert.kind is AlertKind.NO_CREW]


def at(db: Database, lat: float, lon: float, **extra: Any) -> int:
    """A fault at a place; the id of its work order."""
    with db.transaction() as session:
        premises = a_premises(session, lat=lat, lon=lon)
    return filed(db, premises_id=premises.id, area=None, **extra)


def test_a_crew_that_can_do_only_the_last_in_the_line_gets_it(db: Database) -> None:
    """Not only the first few that wait are looked at."""
    broken = [filed(db, trouble="meter") for _ in range(8)]
    plain = filed(db)
    hands = crew(db, skills=["tm"])
    assert give(db) == 1
    assert ([has(db, one) for one in broken], has(db, plain)) == ([None] * 8, hands)


def test_more_than_a_page_waits_and_the_oldest_come_first(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickets.workorders.giving._PAGE", 2)
    orders = [filed(db, trouble="meter" if n in (1, 2, 3) else "padam") for n in range(9)]
    crew(db, skills=["tm"])
    crew(db, skills=["tm"])
    assert give(db) == 6
    assert [has(db, one) is None for one in orders] == [False, True, True, True, False, False, False, False, False]


def test_a_crew_without_the_skill_is_never_sent(db: Database) -> None:
    crew(db, skills=["tm"])
    meter = filed(db, trouble="meter")
    assert has(db, meter) is None
    fitter = crew(db, skills=["meter"])
    give(db)
    assert has(db, meter) == fitter


def test_for_whom_no_skills_are_entered_the_usual_ones_count(db: Database) -> None:
    usual = crew(db)
    assert has(db, filed(db, trouble="meter")) == usual


def test_the_nearest_crew_of_the_whole_up3_is_sent(db: Database) -> None:
    crew(db, ulp="menteng", base_lat=-6.30, base_lon=106.83)
    near = crew(db, ulp="tebet", base_lat=-6.21, base_lon=106.83)
    assert has(db, at(db, -6.20, 106.83)) == near


def test_a_position_counts_while_it_is_fresh_and_then_the_posko(db: Database) -> None:
    moved = crew(db, base_lat=-6.50, base_lon=106.83, lat=-6.20, lon=106.83, position_at=NOON - timedelta(minutes=15))
    other = crew(db, base_lat=-6.25, base_lon=106.83)
    assert has(db, at(db, -6.20, 106.83)) == moved
    with db.transaction() as session:
        session.get_one(Crew, moved).position_at = NOON - timedelta(minutes=16)
    assert has(db, at(db, -6.20, 106.83)) == other


def test_from_outside_the_radius_nobody_is_sent_and_who_comes_nearer_is_found_by_the_clock(db: Database) -> None:
    far = crew(db, base_lat=-6.90, base_lon=106.83)
    order = at(db, -6.20, 106.83)
    assert has(db, order) is None
    with db.transaction() as session:
        session.get_one(Crew, far).base_lat = -6.30
    timers.run_due(db, HANDLERS, now=NOON + timedelta(minutes=4))
    assert has(db, order) is None
    timers.run_due(db, HANDLERS, now=NOON + timedelta(minutes=5))
    assert has(db, order) == far


def test_the_clock_asks_again_as_long_as_somebody_waits(db: Database) -> None:
    order = filed(db)
    for minutes in (5, 10, 15):
        timers.run_due(db, HANDLERS, now=NOON + timedelta(minutes=minutes))
    hands = crew(db)
    timers.run_due(db, HANDLERS, now=NOON + timedelta(minutes=20))
    assert has(db, order) == hands
    with db.reading() as session:
        assert not timers.armed(session, "dispatch", "jakarta")  # nobody waits any more


def test_somebody_is_told_once_of_those_that_wait_and_of_each_that_is_urgent(db: Database) -> None:
    for _ in range(3):
        filed(db)
    danger = filed(db, trouble="bahaya")
    found = {(alert.key, alert.work_order_id) for alert in told(db)}
    assert found == {("no-crew:unit:jakarta", None), (f"no-crew:order:{danger}", danger)}
    crew(db)
    give(db)
    assert [alert.key for alert in told(db)] == ["no-crew:unit:jakarta"]  # one is left
    crew(db)
    give(db)
    assert told(db) == []


def test_an_urgent_order_that_is_cancelled_is_no_reason_any_more(db: Database) -> None:
    danger = filed(db, trouble="bahaya")
    assert len(told(db)) == 2
    step(db, danger, E.CANCEL)
    assert told(db) == []


def test_priority_then_age(db: Database) -> None:
    """The report that was first told is the oldest, whenever its order was made."""
    young, old = filed(db), filed(db)
    with db.transaction() as session:
        session.get_one(WorkOrder, old).reported_at = NOON - timedelta(hours=1)
    urgent = filed(db, trouble="bahaya")
    hands = crew(db)
    give(db)
    assert [has(db, one) for one in (urgent, old, young)] == [hands] * 3
    with db.reading() as session:
        order = [view.id for view in workorders.list_orders(session)]
    assert order == [urgent, old, young]


def test_who_becomes_urgent_by_a_change_of_data_comes_first_too(db: Database) -> None:
    hands = crew(db)
    busy = [filed(db) for _ in range(3)]
    _, later = filed(db), filed(db)
    with db.transaction() as session:
        number = workorders.view(session, later).number or ""
        repeats.update(
            session, number, intent=Intent.CUST_DATA, urgent=UrgentReason.LIFE_SUPPORT,
            changes=Changes(comment="Ventilator."), contact=Contact("cso1", ReportingKind.CALL, "c1"), now=NOON,
        )  # fmt: skip
    step(db, busy[0], E.CANCEL)
    assert has(db, later) == hands


def test_the_command_centre_may_name_the_crew(db: Database) -> None:
    """A person's word goes before skill and way, never before the load of a crew."""
    far = crew(db, skills=["tm"], base_lat=-6.9, base_lon=106.83)
    order = at(db, -6.20, 106.83, trouble="meter")
    step(db, order, E.ASSIGN, crew_id=far)
    assert has(db, order) == far
    for _ in range(2):
        step(db, at(db, -6.20, 106.83, trouble="meter"), E.ASSIGN, crew_id=far)
    left = at(db, -6.20, 106.83, trouble="meter")
    with pytest.raises(Refused) as fault:
        step(db, left, E.ASSIGN, crew_id=far)
    assert fault.value.slug == "crew-not-free"
    assert has(db, left) is None


@pytest.mark.parametrize("by", ["op1", "regu1"])
def test_nobody_lets_an_order_lapse_by_hand(db: Database, by: str) -> None:
    mine = crew(db, login="regu1")
    order = filed(db)
    with pytest.raises(Refused) as fault:
        step(db, order, E.LAPSE, by=by)
    assert (fault.value.slug, fault.value.status) == ("not-for-people", 403)
    assert has(db, order) == mine


# Places of an outage


def place(db: Database, **extra: Any) -> tuple[int, int]:
    """(fault location, its work order) of an outage that began an hour ago."""
    with db.transaction() as session:
        outage = session.scalar(select(Outage)) or outages.confirm_outage(
            session, area="31.71.06", cause="", etr=None, by="op1", now=NOON, reported_start=NOON - timedelta(hours=1)
        )
        location = FaultLocation(
            outage_id=outage.id, unit="jakarta", ulp="menteng", place="Gardu MT 12", created_at=NOON, created_by="op1",
            **extra,
        )  # fmt: skip
        session.add(location)
        session.flush()
        return location.id, workorders.assign_place(session, location, now=NOON).id


def test_a_place_of_an_outage_has_a_crew_that_can_and_clocks_that_began_with_the_dark(db: Database) -> None:
    crew(db, skills=["meter"])
    able = crew(db, skills=["tm"])
    _, order = place(db)
    with db.reading() as session:
        view = workorders.view(session, order)
        row = session.get_one(WorkOrder, order)
    assert (view.crew is not None, has(db, order), row.reported_at) == (True, able, NOON - timedelta(hours=1))
    assert (view.address, view.area, view.number) == ("Gardu MT 12", "31.71.06", None)


def test_when_power_has_gone_again_the_clocks_of_a_place_begin_then(db: Database) -> None:
    place(db)
    with db.transaction() as session:
        outage = session.scalars(select(Outage)).one().id
        outages.restore_outage(session, outage, by="op1", now=NOON)
        supply.reopen(session, outage, by="op1", now=NOON + timedelta(hours=5))
    _, second = place(db)
    with db.reading() as session:
        assert session.get_one(WorkOrder, second).reported_at == NOON + timedelta(hours=5)


def test_when_power_is_on_behind_the_last_place_somebody_is_asked_whether_it_is_back(db: Database) -> None:
    crew(db)
    (first, one), (second, two) = place(db), place(db)
    step(db, one, E.ACCEPT, E.DEPART, E.ARRIVE, E.START, E.TEMPORARY)
    with db.reading() as session:
        assert session.get_one(FaultLocation, first).cleared_at is None  # supplied, not mended
    step(db, one, E.POWER_ON)
    with db.reading() as session:
        assert session.get_one(FaultLocation, first).cleared_at == NOON
        assert not [alert for alert in alerts.open_alerts(session) if alert.kind is AlertKind.ALL_LIT]
    step(db, two, E.ACCEPT, E.DEPART, E.ARRIVE, E.START, E.POWER_ON, E.COMPLETE)
    with db.reading() as session:
        (alert,) = [alert for alert in alerts.open_alerts(session) if alert.kind is AlertKind.ALL_LIT]
        assert session.get_one(FaultLocation, second).cleared_at == NOON
    assert alert.outage_id is not None


# Many at once


def test_many_reports_get_their_orders_in_one_batch(db: Database) -> None:
    for _ in range(3):
        crew(db)
    with db.transaction() as session:
        numbers = [reports.file_report(session, a_report(area="31.71.06"), now=NOON).id for _ in range(12)]
        for order in session.scalars(select(WorkOrder)).all():
            workorders.advance(session, order.id, E.CANCEL, by="op1", now=NOON)
    with db.transaction() as session:
        rows = session.scalars(select(Report).where(Report.id.in_(numbers)).order_by(Report.id)).all()
        workorders.lock_crews(session, "jakarta")
        workorders.ensure_all(session, rows, now=NOON)
        workorders.ensure_all(session, rows, now=NOON)  # each has one already
    with db.reading() as session:
        found = workorders.list_orders(session)
    assert [order.crew is not None for order in found] == [True] * 9 + [False] * 3
    assert [order.report_id for order in found] == numbers


def test_who_gives_waits_for_who_is_giving_and_counts_what_that_one_gave(db: Database) -> None:
    orders = [filed(db) for _ in range(4)]
    hands = crew(db)

    def fourth() -> str:
        with pytest.raises(Refused) as fault:
            step(db, orders[3], E.ASSIGN)
        return fault.value.slug

    with ThreadPoolExecutor(1) as thread:
        with db.transaction() as session:
            for order in orders[:3]:
                workorders.advance(session, order, E.ASSIGN, by="op1", now=NOON)
            other = thread.submit(fourth)
            until(lambda: waits_for_us(db))
        assert other.result() == "no-crew-free"
    assert [has(db, order) for order in orders] == [hands, hands, hands, None]


def test_batches_callers_and_crews_at_once_give_no_crew_a_fourth(db: Database) -> None:
    for _ in range(3):
        crew(db)
    waiting = [filed(db) for _ in range(6)]

    def touch(n: int) -> None:
        match n % 3:
            case 0:
                give(db)
            case 1:
                filed(db)
            case _:
                step(db, waiting[n % len(waiting)], E.CANCEL)

    def run(n: int) -> None:
        with contextlib.suppress(Refused):  # cancelled already
            touch(n)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(run, range(24)))  # a deadlock raises
    with db.reading() as session:
        crews = [order.crew for order in workorders.list_orders(session)]
    assert max(crews.count(one) for one in set(crews) - {None}) <= 3
