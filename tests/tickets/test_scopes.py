"""What an outage covers: areas with all below them, ULP, feeders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, select, text

from config.database import Database
from config.operator import operator
from tests.fixtures.life import Life
from tests.fixtures.tickets import NOON, a_premises, a_report
from tickets import reports
from tickets.models import Outage, Premises, Report
from tickets.outages import lookup, outages, scopes
from tickets.outages.scopes import Place, beside
from tickets.states import ReportStatus

pytestmark = pytest.mark.database


@contextmanager
def statements_of(db: Database) -> Iterator[list[tuple[str, object]]]:
    """What is sent to the database."""
    sent: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_feeder_goes_dark_and_its_neighbour_hears_nothing(db: Database, life: Life) -> None:
    with db.transaction() as session:
        dark = a_premises(session, feeder="MTG-03").id
        lit = a_premises(session, feeder="MTG-04").id
    outage = life.confirm("feeder:MTG-03")
    known = life.known("31.71.06", dark)
    assert known is not None
    assert (known.id, known.area, known.area_name, known.codes) == (
        outage, "31.71.06", "sebagian Menteng", ("feeder:MTG-03",),
    )  # fmt: skip
    assert "wilayah sebagian Menteng" in known.spoken
    assert life.known("31.71.06", lit) is None
    assert life.known("31.71.06") is None  # who is known by his area alone may be on any feeder


def test_a_ulp_goes_dark_with_all_its_areas_and_no_other(life: Life) -> None:
    life.confirm("ulp:menteng")
    assert "ULP Menteng" in life.hears("31.71.06")
    assert life.hears("31.71.05") == ""  # ULP Cempaka Putih
    assert life.hears("31.71") == ""  # has both
    life.confirm("ulp:pangkalpinang")
    assert "ULP Pangkalpinang" in life.hears("19.71")  # the only one there


def test_a_premises_belongs_to_the_ulp_that_serves_it(db: Database, life: Life) -> None:
    with db.transaction() as session:
        premises = a_premises(session, area="31.71")
        premises.ulp = "cempaka-putih"
        session.flush()
        one = premises.id
    life.confirm("ulp:cempaka-putih")
    assert life.known("31.71", one) is not None


def test_several_areas_are_one_outage_with_one_name(life: Life) -> None:
    outage = life.confirm("31.71.06", "31.74.01", "31.71.06")
    assert "Menteng dan Tebet" in life.hears("31.71.06")
    assert life.hears("31.74.01") == life.hears("31.71.06")
    assert life.row(outage).area == "31"  # around both
    life.confirm("19.01.01", community="Sungailiat kota")
    assert "wilayah Sungailiat kota" in life.hears("19.01.01")


def test_what_lies_inside_another_scope_is_not_kept_twice(db: Database, life: Life) -> None:
    outage = life.confirm("19.71", "19.71.05", "19.01")
    with db.reading() as session:
        assert scopes.of(session, outage, live=True) == ["19.01", "19.71"]


@pytest.mark.parametrize(
    ("codes", "slug"),
    [
        ((), "scopes-missing"),
        (("19.71.99",), "unknown-area"),
        (("19.71.05", "99"), "unknown-area"),
        (("ulp:nirwana",), "unknown-ulp"),
        (("feeder:XX-1",), "unknown-feeder"),
        (("feeder:'; --",), "unknown-feeder"),
    ],
)
def test_what_does_not_exist_cannot_go_dark(db: Database, life: Life, codes: tuple[str, ...], slug: str) -> None:
    def confirm() -> None:
        with db.transaction() as session:
            outages.confirm_outage(session, covers=codes, cause="", etr=None, by="spv1", now=NOON)

    assert life.refused(confirm) == slug
    assert life.refused(lambda: life.schedule(*codes) if codes else confirm()) == slug
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Outage)) == 0


def test_a_report_belongs_to_the_outage_of_its_feeder(db: Database, life: Life) -> None:
    with db.transaction() as session:
        dark, lit = (a_premises(session, feeder=feeder).id for feeder in ("MTG-03", "MTG-04"))
    outage = life.confirm("feeder:MTG-03")
    with db.transaction() as session:
        mine = reports.file_report(session, a_report(premises_id=dark), now=NOON)
        other = reports.file_report(session, a_report(premises_id=lit), now=NOON)
        assert (mine.outage_id, other.outage_id) == (outage, None)
    life.restore(outage)
    with db.reading() as session:
        found = session.scalars(select(Report).order_by(Report.id)).all()
        assert [one.status for one in found] == [ReportStatus.SELESAI, ReportStatus.BELUM_SELESAI]


def test_what_a_caller_hears_is_found_by_index_and_no_outage_costs_one_query(db: Database, life: Life) -> None:
    for area in ("31.71.06", "31.71.05", "31.74.01"):
        life.publish(life.confirm(area))
    with db.reading() as session, statements_of(db) as sent:
        place = Place("31.71.06", beside("menteng", "MTG-03"))
        assert lookup.known_outage(session, Place("19.71.02"), now=NOON) is None
        assert len(sent) == 1
        assert lookup.known_outage(session, place, now=NOON) is not None
        assert len(sent) == 3
        assert lookup.covering_outage(session, place) is not None
        assert len(sent) == 4
        assert lookup.outages_in_region(session, "31", now=NOON)
        assert len(sent) == 5
        if db.engine.dialect.name == "sqlite":
            for statement, parameters in (sent[0], sent[1], sent[3]):
                plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                steps = [row[3] for row in plan]
                assert not any(step.startswith("SCAN") for step in steps), steps
                assert any("uq_outage_scope_live (code=?)" in step for step in steps), steps


def test_a_known_place_knows_its_codes() -> None:
    assert Place("31.71.06").codes() == ["31.71.06", "31.71", "31", "ulp:menteng"]
    assert Place("31.71").codes() == ["31.71", "31"]
    assert Place("31.71.06.1002").codes()[-1] == "ulp:menteng"
    assert Place("31.71", beside("tebet", "TBT-1")).codes() == ["31.71", "31", "ulp:tebet", "feeder:TBT-1"]


def test_a_ulp_has_the_areas_that_are_all_its_own() -> None:
    assert operator().areas_of_ulp("pangkalpinang") == ["19.71"]
    assert operator().areas_of_ulp("menteng") == ["31.71.06"]
    assert operator().areas_of_ulp("nirwana") == []


def test_a_part_is_taken_out_of_what_is_around_it(db: Database, premises_of: Callable[..., Premises]) -> None:
    premises_of(area="31.74.09")  # not listed, but somebody lives there
    with db.reading() as session:
        assert scopes.split(session, ["31"], "31.74.01") == ["31.71", "31.74.01", "31.74.09"]
        assert scopes.split(session, ["31.74"], "31.74") == ["31.74"]
        assert session.execute(text("SELECT 1")).scalar() == 1
