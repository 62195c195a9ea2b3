"""Where an outage must be mended: one work order for each place, and somebody who knows when there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.database import Database
from tests.fixtures.reports_http import ReportsHttp
from tests.fixtures.tickets import NOON, a_crew, a_report
from tickets import reports, workorders
from tickets.incidents import alerts
from tickets.kinds import AlertKind
from tickets.models import FaultLocation, WorkOrder
from tickets.outages import fault_locations, outages, supply
from tickets.outages.fault_locations import Where
from tickets.states import WorkOrderEvent, WorkOrderStatus

POLE = Where("Tiang MTG-03/17, Jl. Kenanga", "menteng", -6.196, 106.83)
TO_POWER_ON = (WorkOrderEvent.ACCEPT, WorkOrderEvent.DEPART, WorkOrderEvent.ARRIVE, WorkOrderEvent.START)


@pytest.fixture
def outage(db: Database) -> int:
    """Confirmed at noon, over Jakarta Pusat."""
    with db.transaction() as session:
        return outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON).id


def _add(db: Database, outage: int, where: Where = POLE) -> FaultLocation:
    with db.transaction() as session:
        return fault_locations.add(session, outage, where, by="op1", now=NOON)


def _orders(db: Database, outage: int) -> list[WorkOrder]:
    with db.reading() as session:
        return [order for _, order in fault_locations.of(session, outage) if order is not None]


def _asked(db: Database) -> list[AlertKind]:
    with db.reading() as session:
        return [alert.kind for alert in alerts.open_alerts(session)]


def _mend(db: Database, order: WorkOrder) -> None:
    for event in (*TO_POWER_ON, WorkOrderEvent.POWER_ON):
        with db.transaction() as session:
            workorders.advance(session, order.id, event, by="op1", now=NOON + timedelta(hours=1))


def test_each_place_has_one_order_and_the_reports_of_the_outage_have_none(db: Database, outage: int) -> None:
    with db.transaction() as session:
        crew = a_crew(session).id
        for _ in range(3):
            reports.file_report(session, a_report(area="31.71.06"), now=NOON)
    first = _add(db, outage)
    second = _add(db, outage, Where("Gardu T12", "tebet"))
    orders = _orders(db, outage)
    assert [order.fault_location_id for order in orders] == [first.id, second.id]
    assert [order.ulp for order in orders] == ["menteng", "tebet"]
    assert {(order.report_id, order.outage_id, order.status) for order in orders} == {
        (None, outage, WorkOrderStatus.ASSIGNED)
    }
    assert {order.crew_id for order in orders} == {crew}
    with db.reading() as session:
        assert len(workorders.list_orders(session)) == 2


def test_an_outage_without_a_place_is_told_to_somebody_until_it_has_one(db: Database, outage: int) -> None:
    with db.transaction() as session:
        a_crew(session)
    assert _asked(db) == [AlertKind.NO_CREW]
    _add(db, outage)
    assert _asked(db) == []


def test_when_the_last_place_is_mended_somebody_is_asked_whether_power_is_back(db: Database, outage: int) -> None:
    with db.transaction() as session:
        a_crew(session)
    places = [_add(db, outage), _add(db, outage, Where("Gardu T12", "tebet"))]
    one, other = _orders(db, outage)
    _mend(db, one)
    assert _asked(db) == []
    _mend(db, other)
    assert _asked(db) == [AlertKind.ALL_LIT]
    with db.reading() as session:
        cleared = [session.get_one(FaultLocation, place.id).cleared_at for place in places]
    assert cleared == [NOON + timedelta(hours=1)] * 2
    _add(db, outage, Where("Tiang MTG-03/18", "menteng"))
    assert _asked(db) == []


def test_power_back_calls_off_who_has_not_begun_and_asks_nobody_any_more(db: Database, outage: int) -> None:
    with db.transaction() as session:
        a_crew(session)
    _add(db, outage)
    _add(db, outage, Where("Gardu T12", "tebet"))
    working, assigned = _orders(db, outage)
    with db.transaction() as session:
        workorders.advance(session, working.id, WorkOrderEvent.ACCEPT, by="op1", now=NOON)
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=NOON + timedelta(hours=2))
    assert [order.status for order in _orders(db, outage)] == [WorkOrderStatus.ACCEPTED, WorkOrderStatus.CANCELLED]
    assert _asked(db) == []
    with db.reading() as session:
        assert session.get_one(WorkOrder, assigned.id).status is WorkOrderStatus.CANCELLED


def _cancel(db: Database, order: WorkOrder) -> None:
    with db.transaction() as session:
        workorders.advance(session, order.id, WorkOrderEvent.CANCEL, by="op1", now=NOON + timedelta(hours=1))


def _again(db: Database, outage: int) -> None:
    """Power is back, and goes."""
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=NOON + timedelta(hours=2))
    with db.transaction() as session:
        supply.reopen(session, outage, by="spv1", now=NOON + timedelta(hours=3))


def test_power_that_goes_again_finds_nobody_where_the_order_was_called_off(db: Database, outage: int) -> None:
    _add(db, outage)
    _again(db, outage)
    assert [order.status for order in _orders(db, outage)] == [WorkOrderStatus.CANCELLED]
    assert AlertKind.NO_CREW in _asked(db)


def test_power_that_goes_again_finds_the_crew_that_went_on(db: Database, outage: int) -> None:
    with db.transaction() as session:
        a_crew(session)
    _add(db, outage)
    (order,) = _orders(db, outage)
    with db.transaction() as session:
        workorders.advance(session, order.id, WorkOrderEvent.ACCEPT, by="op1", now=NOON)
    _again(db, outage)
    assert _asked(db) == []


def test_when_the_last_order_is_cancelled_somebody_knows_that_nobody_is_sent(db: Database, outage: int) -> None:
    with db.transaction() as session:
        a_crew(session)
    _add(db, outage)
    _add(db, outage, Where("Gardu T12", "tebet"))
    one, other = _orders(db, outage)
    _cancel(db, one)
    assert _asked(db) == []
    _cancel(db, other)
    assert _asked(db) == [AlertKind.NO_CREW]
    _add(db, outage, Where("Tiang MTG-03/18", "menteng"))
    assert _asked(db) == []


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_a_cancelled_place_does_not_keep_the_last_one_from_asking_whether_power_is_back(
    db: Database, outage: int, cancelled_first: bool
) -> None:
    with db.transaction() as session:
        a_crew(session)
    _add(db, outage)
    _add(db, outage, Where("Gardu T12", "tebet"))
    one, other = _orders(db, outage)
    if cancelled_first:
        _cancel(db, one)
    _mend(db, other)
    if not cancelled_first:
        _cancel(db, one)
    assert _asked(db) == [AlertKind.ALL_LIT]


def test_what_was_lit_before_power_went_again_says_nothing_of_this_time(db: Database, outage: int) -> None:
    with db.transaction() as session:
        a_crew(session)
    _add(db, outage)
    _mend(db, *_orders(db, outage))
    _again(db, outage)
    _add(db, outage, Where("Gardu T12", "tebet"))
    _cancel(db, _orders(db, outage)[1])
    assert _asked(db) == [AlertKind.NO_CREW]


@pytest.mark.parametrize(
    ("wrong", "slug"),
    [
        ({"place": "  "}, "place-missing"),
        ({"ulp": "atlantis"}, "unknown-ulp"),
        ({"lat": 0.0, "lon": 0.0}, "position"),
        ({"lat": -6.2, "lon": None}, "position"),
        ({"lat": 52.4, "lon": 13.4}, "position"),
    ],
)
def test_a_place_that_cannot_be_is_refused_and_nobody_is_sent(
    db: Database, outage: int, reports_http: ReportsHttp, wrong: dict[str, object], slug: str
) -> None:
    told = {"place": POLE.place, "ulp": POLE.ulp, "lat": POLE.lat, "lon": POLE.lon, **wrong}
    answer = reports_http.post(f"/api/v1/outages/{outage}/fault-locations", json=told)
    assert (answer.status_code, answer.json()["slug"]) == (422, slug)
    assert _orders(db, outage) == []


def test_programs_add_and_list_places(db: Database, outage: int, reports_http: ReportsHttp) -> None:
    path = f"/api/v1/outages/{outage}/fault-locations"
    added = reports_http.post(path, json={"place": "Gardu T12", "ulp": "tebet"})
    assert added.status_code == 201
    (listed,) = reports_http.get(path).json()
    assert listed == added.json()
    assert (listed["unit"], listed["crewStatus"]) == ("jakarta", "awaitingCrewAssignment")
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=NOON)
    over = reports_http.post(path, json={"place": "Gardu T12", "ulp": "tebet"})
    assert (over.status_code, over.json()["slug"]) == (409, "outage-over")
    assert reports_http.get("/api/v1/outages/999/fault-locations").json()["slug"] == "unknown-outage"
