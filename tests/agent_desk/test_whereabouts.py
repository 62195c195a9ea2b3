"""Where a crew is, as people are told: a street and how long ago, or why that cannot be said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agent_desk import words
from tests.fixtures.desk import Web
from tests.fixtures.tickets import NOON, a_premises, a_report
from tickets import reports, workorders
from tickets.models import Crew, FaultLocation
from tickets.outages import outages
from tickets.states import WorkOrderEvent
from tickets.tracking import Position, Seen

E = WorkOrderEvent
THERE = Position(-6.2, 106.8, "Jl. Melur", NOON)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("minutes", "position", "said"),
    [
        (0.5, THERE, "Posisi regu: di Jl. Melur, baru saja (12.00 WIB)."),
        (4.9, THERE, "Posisi regu: di Jl. Melur, 4 menit lalu (12.00 WIB)."),
        (
            3,
            Position(-6.2, 106.8, "", NOON),
            "Posisi regu: jauh dari jalan yang kami kenal, 3 menit lalu (12.00 WIB).",
        ),
    ],
)
def test_a_position_is_a_street_with_its_age(minutes: float, position: Position, said: str) -> None:
    assert words.whereabouts(position, Seen.YES, NOON + timedelta(minutes=minutes)) == said


@pytest.mark.unit
@pytest.mark.parametrize("seen", [one for one in Seen if one is not Seen.YES])
def test_without_one_the_reason_is_said(seen: Seen) -> None:
    assert words.whereabouts(None, seen, NOON).endswith(".")


@dataclass
class Case:
    """A report, the order behind it, and who asks about it."""

    web: Web
    now: datetime
    place: str  # IDPEL
    number: str
    report: int
    order: int = 0

    def step(self, *events: WorkOrderEvent) -> None:
        for event in events:
            with self.web.db.transaction() as session:
                workorders.advance(session, self.order, event, by="op1", now=self.now)

    def crew(self, **values: Any) -> None:
        with self.web.db.transaction() as session:
            crew = session.scalars(select(Crew).where(Crew.login == "regu1")).one()
            for name, value in values.items():
                setattr(crew, name, value)

    def seen(self) -> tuple[str, str]:
        """What /lacak says, and what the desk says."""
        anyone = self.web.client()
        anyone.csrf = anyone.page("/lacak").text.partition('name="csrf" value="')[2].partition('"')[0]
        public = anyone.post("/lacak", pelanggan=self.place, nomor=self.number).text
        return public, self.web.client("cso1").page(f"/meja/tracking/{self.report}").text


def filed(web: Web, *, only_me: bool) -> Case:
    """A fault in Menteng; its own order, if it has one, is in the hands of regu1."""
    now = web.app.state.clock.now()
    with web.db.transaction() as session:
        premises = a_premises(session)
        report = reports.file_report(session, a_report(premises_id=premises.id, only_me=only_me), now=now)
        order = workorders.open_order(session, report.id)
        if order is not None:
            order.crew_id = session.scalars(select(Crew.id).where(Crew.login == "regu1")).one()
        return Case(web, now, premises.idpel, report.number, report.id, order.id if order else 0)


@pytest.mark.store
def test_the_customer_and_the_cso_are_told_the_street_and_its_age(web: Web) -> None:
    case = filed(web, only_me=True)
    case.step(E.ACCEPT)
    for page in case.seen():
        assert "Regu belum berangkat." in page
    case.step(E.DEPART)
    for page in case.seen():
        assert "Regu belum mengirim posisinya." in page
    case.crew(lat=-6.2, lon=106.8, street="Jl. Melur", position_at=case.now - timedelta(minutes=4))
    for page in case.seen():
        assert "di Jl. Melur, 4 menit lalu" in page
    case.crew(position_at=case.now - timedelta(minutes=16))
    for page in case.seen():
        assert ("Jl. Melur" in page, "Posisi regu sudah terlalu lama." in page) == (False, True)


@pytest.mark.store
def test_of_a_crew_without_the_application_it_is_said_that_nothing_is_known(web: Web) -> None:
    case = filed(web, only_me=True)
    case.crew(has_mobile=False)
    case.step(E.ACCEPT, E.DEPART)
    public, desk = case.seen()
    for page in (public, desk):
        assert "Regu ini tidak memakai APKT Mobile; posisinya tidak tampil." in page
    assert words.NO_MOBILE in desk


@pytest.mark.store
def test_who_is_part_of_an_outage_is_told_how_far_its_foremost_crew_is(web: Web) -> None:
    now = web.app.state.clock.now()
    with web.db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71.06", cause="", etr=None, by="op1", now=now)
    case = filed(web, only_me=False)
    for page in case.seen():
        assert f"Petugas: {words.NO_CREW}." in page
    with web.db.transaction() as session:
        for place in ("Gardu 1", "Gardu 2"):
            location = FaultLocation(
                outage_id=outage.id, unit="jakarta", ulp="menteng", place=place, created_at=now, created_by="op1"
            )
            session.add(location)
            session.flush()
            case.order = workorders.assign_place(session, location, now=now).id
    case.step(E.ACCEPT, E.DEPART)
    for page in case.seen():
        assert "Petugas: Dalam perjalanan." in page
