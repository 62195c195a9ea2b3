"""The crew's telephone: where it is, and the customer's stars given on it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.fixtures.desk import Web
from tests.fixtures.tickets import a_crew, a_report
from tickets import reports, workorders
from tickets.kinds import ReportingKind
from tickets.models import Crew, Rating
from tickets.states import WorkOrderEvent

pytestmark = pytest.mark.store

WAY = ("accept", "depart", "arrive", "start", "power_on", "complete")


def test_a_crew_tells_where_it_is(web: Web) -> None:
    regu = web.client("regu1")
    told = regu.post("/regu/posisi", lat="-6.2", lon="106.83", jalan="Jl. Cempaka")
    assert told.status_code == 200
    with web.db.reading() as session:
        crew = session.scalars(select(Crew).where(Crew.login == "regu1")).one()
    assert (crew.lat, crew.lon, crew.street) == (-6.2, 106.83, "Jl. Cempaka")
    assert crew.position_at is not None
    assert crew.position_at.isoformat() == told.json()["at"]


@pytest.mark.parametrize(
    ("form", "slug"),
    [
        ({"lat": "0", "lon": "0"}, "position"),
        ({"lat": "-6.2", "lon": "10.6"}, "position"),
        ({"lat": "nan", "lon": "106"}, "invalid"),
        ({"lat": "-6.2"}, "invalid"),
        ({"lat": "-6.2", "lon": "106.8", "jalan": "x" * 121}, "invalid"),
    ],
)
def test_a_place_that_cannot_be_is_refused(web: Web, form: dict[str, str], slug: str) -> None:
    answer = web.client("regu1").post("/regu/posisi", **form)
    assert (answer.status_code, answer.json()["slug"]) == (422, slug)
    with web.db.reading() as session:
        assert session.scalars(select(Crew).where(Crew.login == "regu1")).one().position_at is None


def test_a_crew_without_apkt_mobile_and_another_role_tell_no_position(web: Web) -> None:
    with web.db.transaction() as session:
        session.scalars(select(Crew).where(Crew.login == "regu1")).one().has_mobile = False
    answer = web.client("regu1").post("/regu/posisi", lat="-6.2", lon="106.83")
    assert (answer.status_code, answer.json()["slug"]) == (409, "no-mobile")
    assert web.client("cso1").post("/regu/posisi", lat="-6.2", lon="106.83").status_code == 403


def test_the_customer_gives_stars_on_the_officers_telephone(web: Web) -> None:
    regu = web.client("regu1")
    with web.db.transaction() as session:
        crew = session.scalars(select(Crew).where(Crew.login == "regu1")).one().id
        report = reports.file_report(session, a_report(area="31.71.06", only_me=True), now=web.app.state.clock.now())
        order = workorders.open_order(session, report.id)
        assert order is not None
        mine = order.id
        order.crew_id = crew
    early = regu.post(f"/regu/{mine}/nilai", bintang=5)
    assert (early.status_code, early.json()["slug"]) == (409, "not-finished")
    for step in WAY[:-1]:
        regu.post(f"/regu/{mine}/langkah", langkah=step).raise_for_status()
    page = regu.http.post(
        f"/regu/{mine}/langkah",
        data={"langkah": "complete"},
        headers={"X-CSRF-Token": regu.csrf, "Accept": "text/html"},
        follow_redirects=True,
    )
    assert f'action="/regu/{mine}/nilai"' in page.text
    assert regu.post(f"/regu/{mine}/nilai", bintang=5, komentar="Ramah.").json() == {"order": mine, "stars": 5}
    assert regu.post(f"/regu/{mine}/nilai", bintang=1).json()["slug"] == "already-rated"
    with web.db.reading() as session:
        row = session.scalars(select(Rating)).one()
    assert (row.stars, row.crew_id, row.by, row.channel) == (5, crew, "regu1", ReportingKind.OTHER)


def test_a_crew_collects_stars_for_its_own_orders_only(web: Web) -> None:
    with web.db.transaction() as session:
        other = a_crew(session).id
        report = reports.file_report(session, a_report(area="31.71.06", only_me=True), now=web.app.state.clock.now())
        order = workorders.open_order(session, report.id)
        assert order is not None
        order.crew_id, theirs = other, order.id
        session.flush()
        workorders.advance(session, theirs, WorkOrderEvent.CANCEL, by="op1", now=web.app.state.clock.now())
    regu = web.client("regu1")
    answer = regu.post(f"/regu/{theirs}/nilai", bintang=5)
    assert (answer.status_code, answer.json()["slug"]) == (403, "not-your-work-order")
    assert regu.post("/regu/999999/nilai", bintang=5).json()["slug"] == "unknown-work-order"
