"""What a caller without a CSO may be told, and what must be ready before he asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from config.database import Database
from tests.fixtures.contacts import SOON, filed
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tickets import asked, reports
from tickets.customers import search
from tickets.incidents import told
from tickets.kinds import ReportKind
from tickets.models import Outbox, Premises, SpecialNeed, ToldNumber
from tickets.outages import lookup
from tickets.outages.again import file_or_apply
from tickets.workorders import positions

pytestmark = pytest.mark.database
ANI = "+628120000009"


def test_the_sound_of_a_crews_street_is_made_once_when_it_tells_where_it_is(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
    for street in ("Jl. Kenanga", "Jl. Kenanga", "Jl. Melati", "Jl. Kenanga"):
        with db.transaction() as session:
            positions.tell(session, "regu1", lat=-6.2, lon=106.8, street=street, now=NOON)
    with db.reading() as session:
        texts = [row.payload["texts"] for row in session.scalars(select(Outbox).where(Outbox.kind == "render"))]
        assert sorted(texts) == [["Jl. Kenanga"], ["Jl. Melati"]]
        assert lookup.streets_of_crews(session) == ["Jl. Kenanga"]


def test_whose_power_others_depend_on_is_known_by_the_number(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session, phone=ANI)
        session.add(SpecialNeed(premises_id=premises.id, life_support=False, public_service=True))
    with db.reading() as session:
        (view,) = lookup.premises_by_phone(session, ANI)
    assert (view.life_support, view.public_service) == (False, True)


def test_a_number_told_to_the_second_caller_finds_the_report_everywhere(db: Database) -> None:
    with db.transaction() as session:
        home = a_premises(session)
        first = reports.file_report(session, a_report(premises_id=home.id, number="54100000001"), now=NOON)
    new = a_report(premises_id=home.id, number="54100000002")
    for _ in range(2):  # the follower may do it again
        with db.transaction() as session:
            assert file_or_apply(session, new, now=SOON).id == first.id
    with db.reading() as session:
        for number in ("54100000001", "54100000002", "54100000002*"):
            assert reports.by_number(session, number).id == first.id
            found = told.by_pair(session, home.idpel, number)
            assert found is not None
            assert found.number == "54100000001", "the report says which number is its own"
        assert [one.id for one in search.reports(session, "54100000002").rows] == [first.id]
        assert len(session.scalars(select(ToldNumber)).all()) == 1


def test_complaints_and_faults_of_a_place_come_faults_first_and_old_ones_not_at_all(db: Database) -> None:
    with db.transaction() as session:
        home = a_premises(session)
    complaint = filed(
        db, ReportKind.KELUHAN, premises_id=home.id, area=None, trouble="tagihan", details={"bulan": "2026-10"}
    )
    filed(
        db,
        ReportKind.KELUHAN,
        premises_id=home.id,
        area=None,
        trouble="tagihan",
        details={"bulan": "2026-10"},
        closed=True,
    )
    fault = filed(db, premises_id=home.id, area=None, closed=True)
    with db.reading() as session:
        home = session.get_one(Premises, home.id)
        now = asked.reports_of(session, home.id, now=SOON)
        assert [(one.number, one.open) for one in now] == [(fault, False), (complaint, True)]
        assert [said.name for said in now[0].said["id"]] == ["completed"]
        later = asked.reports_of(session, home.id, now=NOON + asked.LATELY + timedelta(seconds=1))
        assert [one.number for one in later] == [complaint]
