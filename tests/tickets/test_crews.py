"""One commander for each crew: lent, taken back, never in the middle of its work; and where crews are."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from agent_desk.accounts import Principal
from config.clock import VirtualClock
from config.database import Database
from config.errors import Refused
from tests.fixtures.contacts import waits_for_us
from tests.fixtures.reports_http import face
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tests.fixtures.wait import until
from tickets import reports, workorders
from tickets.models import Crew, WorkOrder
from tickets.states import WorkOrderEvent
from tickets.workorders import crews, positions

pytestmark = pytest.mark.database


class Http(TestClient):
    """The operator op1 at noon."""

    def told(self, method: str, path: str, **body: Any) -> Any:
        answer = self.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def refused(self, method: str, path: str, **body: Any) -> tuple[int, str]:
        answer = self.request(method, f"/api/v1{path}", json=body)
        return answer.status_code, answer.json()["slug"]


@pytest.fixture
def http(db: Database) -> Iterator[Http]:
    with Http(face(db, VirtualClock(NOON), lambda _: Principal(1, "op1", "Operator", "operator"))) as client:
        yield client


def crew(db: Database, **extra: Any) -> int:
    with db.transaction() as session:
        return a_crew(session, **extra).id


def filed(db: Database, area: str | None = "31.71.06", **extra: Any) -> int:
    """The id of a new work order."""
    with db.transaction() as session:
        report = reports.file_report(session, a_report(area=area, **extra), now=NOON)
        order = workorders.open_order(session, report.id)
        assert order is not None
        return order.id


def has(db: Database, order: int) -> int | None:
    with db.reading() as session:
        return session.get_one(WorkOrder, order).crew_id


def test_a_lent_crew_works_for_its_new_commander_alone(db: Database, http: Http) -> None:
    lent = crew(db, unit="bangka", ulp="koba")
    waits = filed(db)
    assert has(db, waits) is None
    told = http.told("POST", f"/crews/{lent}/lend", unit="jakarta")
    assert (told["unit"], told["homeUnit"], told["workOrders"]) == ("jakarta", "bangka", 1)
    assert has(db, waits) == lent
    assert has(db, filed(db, "19.04.01")) is None  # its home commands it no more
    shown = {unit: [one["id"] for one in http.told("GET", f"/crews?unit={unit}")] for unit in ("bangka", "jakarta")}
    assert shown == {"bangka": [lent], "jakarta": [lent]}  # who has lent it still sees where it is


def test_a_crew_is_taken_back_when_its_work_is_done(db: Database, http: Http) -> None:
    lent = crew(db, unit="bangka", ulp="koba")
    http.told("POST", f"/crews/{lent}/lend", unit="jakarta")
    order = filed(db)
    assert http.refused("POST", f"/crews/{lent}/take-back") == (409, "crew-busy")
    http.told("POST", f"/work-orders/{order}/cancel")
    told = http.told("POST", f"/crews/{lent}/take-back")
    assert (told["unit"], told["homeUnit"]) == ("bangka", "")
    history = http.told("GET", f"/crews/{lent}/history")
    assert [(row["event"], row["unit"], row["by"]) for row in history] == [
        ("take_back", "bangka", "op1"),
        ("lend", "jakarta", "op1"),
    ]


def test_who_lends_on_to_the_home_gives_it_back(db: Database, http: Http) -> None:
    lent = crew(db, unit="bangka", ulp="koba")
    http.told("POST", f"/crews/{lent}/lend", unit="jakarta")
    assert http.told("POST", f"/crews/{lent}/lend", unit="bangka")["homeUnit"] == ""


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("/lend", {"unit": "monas"}, (422, "unknown-unit")),
        ("/lend", {"unit": "jakarta"}, (409, "same-unit")),
        ("/take-back", {}, (409, "not-lent")),
    ],
)
def test_a_command_that_makes_no_sense_changes_nothing(
    db: Database, http: Http, path: str, body: dict[str, str], refusal: tuple[int, str]
) -> None:
    mine = crew(db)
    assert http.refused("POST", f"/crews/{mine}{path}", **body) == refusal
    assert http.refused("POST", f"/crews/999{path}", **body) in {(404, "unknown-crew"), refusal}
    assert http.told("GET", f"/crews/{mine}/history") == []


def test_a_crew_with_work_in_hand_is_not_lent(db: Database, http: Http) -> None:
    mine = crew(db)
    filed(db)
    assert http.refused("POST", f"/crews/{mine}/lend", unit="bangka") == (409, "crew-busy")


def test_duty_skills_posko_and_application_are_entered(db: Database, http: Http) -> None:
    mine = crew(db, on_duty=False, lat=-6.2, lon=106.8, position_at=NOON)
    waits = filed(db, trouble="meter")
    assert has(db, waits) is None
    told = http.told("PATCH", f"/crews/{mine}", onDuty=True, skills=["tm"], base={"lat": -6.2, "lon": 106.83})
    assert (told["onDuty"], told["skills"], told["position"]["at"][:19]) == (True, ["tm"], "2026-11-22T05:00:00")
    assert has(db, waits) is None  # it cannot
    assert http.told("PATCH", f"/crews/{mine}", skills=["meter", "tm"])["workOrders"] == 1
    told = http.told("PATCH", f"/crews/{mine}", mobileApplication=False)
    assert (told["mobileApplication"], told["position"]) == (False, None)
    assert http.refused("PATCH", f"/crews/{mine}", skills=["terbang"]) == (422, "unknown-skill")
    assert http.refused("PATCH", f"/crews/{mine}", base={"lat": 0, "lon": 0}) == (422, "position")
    assert len(http.told("GET", f"/crews/{mine}/history")) == 3


def test_off_duty_a_crew_keeps_what_it_has_and_gets_no_more(db: Database, http: Http) -> None:
    mine = crew(db)
    order = filed(db)
    http.told("PATCH", f"/crews/{mine}", onDuty=False)
    assert (has(db, order), has(db, filed(db))) == (mine, None)
    assert http.told("POST", f"/work-orders/{order}/accept")["crewStatus"] == "assigned"


def test_the_history_of_an_order_and_who_was_named(db: Database, http: Http) -> None:
    first, second = crew(db), crew(db)
    order = filed(db)
    http.told("POST", f"/work-orders/{order}/decline", note="Ban kempis.")
    assert has(db, order) == second
    for event in ("accept", "return"):
        http.told("POST", f"/work-orders/{order}/{event}")
    told = http.told("POST", f"/work-orders/{order}/assign", crew=first)
    assert (told["status"], told["mobileApplication"], told["priority"]) == ("assigned", True, 3)
    history = http.told("GET", f"/work-orders/{order}/history")
    assert [row["event"] for row in history] == ["assign", "decline", "assign", "accept", "return", "assign"]
    assert (history[1]["note"], history[-1]["by"]) == ("Ban kempis.", "op1")
    assert http.refused("POST", f"/work-orders/{order}/accept", crew=second) == (422, "crew-only-assign")
    assert http.refused("POST", f"/work-orders/{order}/lapse") == (403, "not-for-people")
    assert http.refused("GET", "/work-orders/999/history") == (404, "unknown-work-order")


def test_lending_here_and_there_at_once_leaves_each_crew_one_commander(db: Database) -> None:
    both = {"jakarta": [crew(db) for _ in range(3)], "bangka": [crew(db, unit="bangka", ulp="koba") for _ in range(3)]}
    other = {"jakarta": "bangka", "bangka": "jakarta"}

    def touch(n: int) -> None:
        unit = ("jakarta", "bangka")[n % 2]
        if n % 4 < 2:
            filed(db, {"jakarta": "31.71.06", "bangka": "19.04.01"}[unit])
            return
        with db.transaction() as session:
            try:
                crews.lend(session, both[unit][n % 3], to=other[unit], by="op1", now=NOON)
            except Refused:
                return

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(touch, range(32)))  # a deadlock raises
    with db.reading() as session:
        rows = session.execute(select(Crew.unit, WorkOrder.unit).join(WorkOrder, WorkOrder.crew_id == Crew.id)).all()
    assert {(mine, asked) for mine, asked in rows} <= {("jakarta", "jakarta"), ("bangka", "bangka")}


def test_who_waited_while_a_crew_was_lent_decides_nothing_about_it(db: Database) -> None:
    lent = crew(db)
    crew(db, unit="bangka", ulp="koba")

    def off_duty() -> str:
        try:
            with db.transaction() as session:
                crews.change(session, lent, on_duty=False, by="op1", now=NOON)
        except Refused as fault:
            return fault.slug
        return "changed"

    with ThreadPoolExecutor(1) as thread:
        with db.transaction() as session:
            crews.lend(session, lent, to="bangka", by="op1", now=NOON)
            other = thread.submit(off_duty)
            until(lambda: waits_for_us(db))
        # On SQLite who waits has not looked yet.
        assert other.result() == ("changed" if db.engine.dialect.name == "sqlite" else "crew-moved")


# Where they are


def street(db: Database, lat: float, lon: float) -> str:
    with db.reading() as session:
        return positions.street_near(session, lat, lon)


def test_a_place_has_the_street_of_the_nearest_customer_who_is_near(db: Database) -> None:
    with db.transaction() as session:
        for name, lat, lon in (
            ("Jl. Melur", -2.1300, 106.1100),
            ("Jl. Mawar", -2.1310, 106.1100),
            ("", -2.1301, 106.11),
        ):
            a_premises(session, area="19.71.02", lat=lat, lon=lon).street = name
        a_premises(session, area="19.71.02").street = "Jl. Tanpa Tempat"
    assert street(db, -2.1302, 106.1100) == "Jl. Melur"
    assert street(db, -2.1307, 106.1101) == "Jl. Mawar"
    assert street(db, -2.1320, 106.1100) == "Jl. Mawar"  # 111 m
    assert street(db, -2.1340, 106.1100) == ""  # 333 m


def test_the_street_of_a_place_is_read_by_an_index(db: Database) -> None:
    """However many customers there are: the whole table is never read."""
    seen: list[str] = []
    with db.reading() as session:
        statement = positions.nearest(-2.13, 106.11, 60)
        prefix = "EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN "
        text = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
        if db.engine.dialect.name == "postgresql":
            session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
        seen = [" ".join(map(str, row)) for row in session.connection().exec_driver_sql(prefix + text)]
    assert any("ix_premises_place" in line for line in seen), seen


def test_a_position_makes_the_crew_the_nearest(db: Database) -> None:
    near = crew(db, login="regu1", base_lat=-6.4, base_lon=106.83)
    crew(db, base_lat=-6.3, base_lon=106.83)
    with db.transaction() as session:
        premises = a_premises(session, lat=-6.2, lon=106.83)
        positions.tell(session, "regu1", lat=-6.201, lon=106.83, street="", now=NOON - timedelta(minutes=1))
    assert has(db, filed(db, area=None, premises_id=premises.id)) == near


def test_an_order_that_is_done_leaves_its_crew_free_to_be_lent(db: Database, http: Http) -> None:
    mine, order = crew(db), filed(db)
    for event in ("accept", "depart", "arrive", "start", "power_on", "complete"):
        with db.transaction() as session:
            workorders.advance(session, order, WorkOrderEvent(event), by="op1", now=NOON)
    assert http.told("POST", f"/crews/{mine}/lend", unit="bangka")["unit"] == "bangka"
