"""The demo utility: invented, the same every time, and enough for every journey."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import Base, Database
from tests.fixtures.tickets import NOON, a_report
from tickets import reports, workorders
from tickets.customers import search
from tickets.models import Customer, Premises
from tickets.outages import lookup, outages, statements
from tickets.outages.scopes import Place
from tickets.seed import SAMPLES, seed
from tickets.states import OutageStatus

pytestmark = pytest.mark.database


@pytest.fixture
def seeded(db: Database) -> Database:
    with db.transaction() as session:
        seed(session, now=NOON)
    return db


def _counts(session: Session) -> dict[str, int]:
    return {
        name: session.scalar(select(func.count()).select_from(table)) or 0
        for name, table in Base.metadata.tables.items()
    }


def test_seeding_again_changes_nothing(seeded: Database) -> None:
    with seeded.reading() as session:
        before = _counts(session)
        numbers = session.scalars(select(Premises.idpel).order_by(Premises.id).limit(50)).all()
    with seeded.transaction() as session:
        seed(session, now=NOON + timedelta(days=1))
    with seeded.reading() as session:
        assert _counts(session) == before
        assert session.scalars(select(Premises.idpel).order_by(Premises.id).limit(50)).all() == numbers
        assert (session.scalar(select(func.count()).select_from(Customer)) or 0) >= 3_000


def test_each_sample_number_is_what_it_is_called(seeded: Database) -> None:
    with seeded.reading() as session:
        found = {key: lookup.premises_by_phone(session, number) for key, number in SAMPLES.items()}
        places = {key: [Place(view.area, view.beside) for view in views] for key, views in found.items()}
        live = {
            key: [lookup.known_outage(session, place, now=NOON, need_audio=False) for place in here]
            for key, here in places.items()
        }
        open_reports = {key: lookup.open_reports(session, [view.id for view in views]) for key, views in found.items()}
    assert {key: len(views) for key, views in found.items()} == {
        "in_outage": 1,
        "no_outage": 1,
        "several_premises": 3,
        "unknown": 0,
        "life_support": 1,
        "has_open_report": 1,
    }
    assert {key for key, known in live.items() if any(known)} == {"in_outage"}
    assert {key for key, reports in open_reports.items() if reports} == {"has_open_report"}
    assert found["no_outage"][0].unit_prefix == "54"
    assert found["life_support"][0].life_support


def test_the_demo_customers_are_found(seeded: Database) -> None:
    with seeded.reading() as session:
        (person,) = lookup.premises_by_phone(session, SAMPLES["life_support"])
        by_number = search.premises(session, "081201000105").rows
        by_name = search.premises(session, f"{person.customer_name} {person.address}"[:60]).rows
        report = search.reports(session, SAMPLES["has_open_report"]).rows
    assert by_number == [person]
    assert person in by_name
    assert len(report) == 1


def test_the_demo_outage_has_a_statement_and_jakarta_has_none(seeded: Database) -> None:
    with seeded.reading() as session:
        (outage,) = outages.list_outages(session)
        (statement,) = statements.versions(session, outage.id)
        assert lookup.outages_in_region(session, "31", now=NOON) == []
    assert (outage.area, outage.status_kind) == ("19.71.05", OutageStatus.CONFIRMED)
    assert statement.text.startswith("Area Gerunggang, padam sejak pukul 11 lewat 10 WIB")


def test_the_demo_has_planned_work_tomorrow_at_nine(seeded: Database) -> None:
    with seeded.reading() as session:
        (work,) = outages.list_outages(session, status=OutageStatus.SCHEDULED)
        assert session.scalar(select(func.count()).where(Premises.feeder == "MEN-01"))
    assert (work.area, work.reported_start) == ("19.05.01", NOON + timedelta(hours=21))
    assert work.etr == NOON + timedelta(hours=24)


def test_the_demo_callers_report_goes_to_the_demo_crew(seeded: Database) -> None:
    with seeded.transaction() as session:
        (premises,) = lookup.premises_by_phone(session, SAMPLES["no_outage"])
        report = reports.file_report(session, a_report(premises_id=premises.id), now=NOON)
        order = workorders.of_report(session, report.id)
        crew = workorders.crew_of(session, "regu1")
    assert order is not None
    assert crew is not None
    assert order.crew == crew.name
    assert report.number.startswith("54")
