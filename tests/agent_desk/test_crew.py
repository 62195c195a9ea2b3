"""The crew's telephone: where it is, and the customer's stars given on it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from agent_desk import board_crews
from tests.fixtures.desk import Web
from tests.fixtures.tickets import a_crew, a_premises, a_report
from tickets import reports, workorders
from tickets.kinds import ReportingKind
from tickets.models import Crew, FaultLocation, Rating
from tickets.outages import outages
from tickets.states import WorkOrderEvent
from tickets.workorders import crews

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


def _place_of_outage(web: Web, **extra: float) -> int:
    """The order of a place of an outage in the hands of regu1."""
    now = web.app.state.clock.now()
    with web.db.transaction() as session:
        crew = session.scalars(select(Crew).where(Crew.login == "regu1")).one()
        outage = outages.confirm_outage(session, area="31.71.05", cause="", etr=None, by="op1", now=now)
        location = FaultLocation(
            outage_id=outage.id, unit="jakarta", ulp="menteng", place="Gardu MT 12", created_at=now, created_by="op1",
            **extra,
        )  # fmt: skip
        session.add(location)
        session.flush()
        order = workorders.assign_place(session, location, now=now)
        order.crew_id = crew.id
        return order.id


def test_a_place_of_an_outage_is_worked_like_a_report_and_has_no_customer_to_ask(web: Web) -> None:
    regu, order = web.client("regu1"), _place_of_outage(web, lat=-6.196, lon=106.832)
    page = regu.page(f"/regu?kerja={order}").text
    assert ("Gardu MT 12" in page, "Padam meluas" in page, 'href="geo:-6.196,106.832"' in page) == (True, True, True)
    for step in ("accept", "depart", "arrive", "start"):
        regu.post(f"/regu/{order}/langkah", langkah=step).raise_for_status()
    assert 'value="temporary"' in regu.page(f"/regu?kerja={order}").text
    for step in ("temporary", "power_on"):
        regu.post(f"/regu/{order}/langkah", langkah=step).raise_for_status()
    last = regu.http.post(
        f"/regu/{order}/langkah",
        data={"langkah": "complete", "catatan": "Jumper diganti."},
        headers={"X-CSRF-Token": regu.csrf, "Accept": "text/html"},
    )
    assert (last.status_code, last.headers["location"]) == (303, f"/regu?selesai={order}")
    done = regu.page(f"/regu?selesai={order}")
    assert (done.status_code, "Nilai dari pelanggan" in done.text) == (200, False)
    with web.db.reading() as session:
        assert [row.event for row, _ in workorders.history_of(session, order)][-2:] == ["power_on", "complete"]
        assert workorders.history_of(session, order)[-1][0].note == "Jumper diganti."


def test_orders_are_worked_in_any_order_and_each_can_be_accepted(web: Web) -> None:
    now, regu = web.app.state.clock.now(), web.client("regu1")
    with web.db.transaction() as session:
        crew = session.scalars(select(Crew).where(Crew.login == "regu1")).one().id
        mine = []
        for comment in ("Pertama.", "Kedua."):
            report = reports.file_report(session, a_report(area="31.71.06", only_me=True, comment=comment), now=now)
            order = workorders.open_order(session, report.id)
            assert order is not None
            order.crew_id = crew
            mine.append(order.id)
    second = mine[1]
    page = regu.page("/regu").text
    assert ("Pertama." in page, "Kedua." in page, f'action="/regu/{second}/langkah"' in page) == (True, False, True)
    chosen = regu.page(f"/regu?kerja={second}").text
    assert ("Pertama." in chosen, "Kedua." in chosen) == (False, True)
    regu.post(f"/regu/{second}/langkah", langkah="accept").raise_for_status()
    regu.post(f"/regu/{second}/langkah", langkah="depart").raise_for_status()
    assert "Kedua." in regu.page("/regu").text  # what is begun is in front
    assert regu.post(f"/regu/{second}/langkah", langkah="lapse").json()["slug"] == "not-for-people"


@pytest.mark.parametrize("step", ["accept", "depart"])
def test_a_cancelled_order_and_a_step_out_of_turn_change_nothing(web: Web, step: str) -> None:
    regu, order = web.client("regu1"), _place_of_outage(web)
    if step == "accept":
        with web.db.transaction() as session:
            workorders.advance(session, order, WorkOrderEvent.CANCEL, by="op1", now=web.app.state.clock.now())
    with web.db.reading() as session:
        before = workorders.view(session, order), len(workorders.history_of(session, order))
    answer = regu.post(f"/regu/{order}/langkah", langkah=step)
    assert (answer.status_code, answer.json()["slug"]) == (409, "illegal-move")
    with web.db.reading() as session:
        assert (workorders.view(session, order), len(workorders.history_of(session, order))) == before


def test_a_crew_without_the_application_is_marked_and_sends_nothing(web: Web) -> None:
    regu = web.client("regu1")
    assert "data-posisi" in regu.page("/regu").text
    with web.db.transaction() as session:
        session.scalars(select(Crew).where(Crew.login == "regu1")).one().has_mobile = False
    page = regu.page("/regu").text
    assert ("Tanpa APKT Mobile" in page, "data-posisi" in page) == (True, False)


def test_a_crew_that_was_silent_says_that_it_is_there(web: Web) -> None:
    regu = web.client("regu1")
    with web.db.transaction() as session:
        session.scalars(select(Crew).where(Crew.login == "regu1")).one().silent_since = web.app.state.clock.now()
    assert "Kami siap" in regu.page("/regu").text
    assert regu.post("/regu/siap").json() == {"ready": True}
    assert "Kami siap" not in regu.page("/regu").text


def test_a_borrowed_crew_sees_whose_it_is(web: Web) -> None:
    now = web.app.state.clock.now()
    with web.db.transaction() as session:
        crew = session.scalars(select(Crew).where(Crew.login == "regu1")).one().id
        crews.lend(session, crew, to="bangka", by="op1", now=now)
    assert "dipinjam dari UP3 Menteng" in web.client("regu1").page("/regu").text


def test_the_command_centre_sees_every_crew_whose_it_is_and_what_is_the_matter(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = web.app.state.clock.now()
    with web.db.transaction() as session:
        lent = a_crew(session, unit="bangka", ulp="koba")
        crews.lend(session, lent.id, to="jakarta", by="op1", now=now)
        silent = a_crew(session, silent_since=now, lat=-6.2, lon=106.8, street="Jl. Melur", position_at=now)
        plain = a_crew(session, has_mobile=False, on_duty=False)
    board = web.client("spv1")
    assert 'href="/papan/regu"' in board.page("/papan").text
    rows = board.page("/papan/regu?up3=jakarta").text.split("<tr>")
    names = (lent.name, silent.name, plain.name)
    row = {name: next(one for one in rows if f">{name}<" in one) for name in names}
    assert "UP3 Menteng, dipinjam dari UP3 Bangka" in row[lent.name]
    assert ("Tanpa kabar" in row[silent.name], "Jl. Melur, &lt; 1 m lalu" in row[silent.name]) == (True, True)
    assert ("Tidak bertugas" in row[plain.name], "Tanpa APKT Mobile" in row[plain.name]) == (True, True)
    assert board.page("/papan/regu?up3=monas").status_code == 404
    assert "yang lain tidak ditampilkan" not in board.page("/papan/regu").text
    monkeypatch.setattr(board_crews, "MOST", 2)
    assert "2, yang lain tidak ditampilkan" in board.page("/papan/regu").text


def test_a_position_is_told_as_the_street_of_the_nearest_customer(web: Web) -> None:
    with web.db.transaction() as session:
        here = a_premises(session, lat=-6.5, lon=106.9)
        here.street = "Jl. Uji Coba"
    told = web.client("regu1").post("/regu/posisi", lat="-6.5003", lon="106.9002")
    assert told.json()["street"] == "Jl. Uji Coba"
    assert told.json()["said"].endswith(": Jl. Uji Coba.")
    assert web.client("regu1").post("/regu/posisi", lat="-6.6", lon="106.9").json()["street"] == ""


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
