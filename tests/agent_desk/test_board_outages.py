"""What the board does about a proposal, and what it refuses."""

from __future__ import annotations

import pytest

from config.clock import SystemClock
from tests.fixtures.desk import Web
from tickets.models import Outage
from tickets.outages import outages
from tickets.states import OutageStatus

pytestmark = pytest.mark.store

EVIDENCE = {"place": "ulp:tebet", "name": "Tebet", "people": 9, "reports": 7, "expected": 0.5, "minutes": 10, "p": 1e-6}


def proposed(web: Web) -> int:
    with web.db.transaction() as session:
        now = SystemClock().now()
        row = outages.propose_outage(
            session, covers=["ulp:tebet"], since=now, evidence=EVIDENCE, by="detection", now=now
        )
        assert row is not None
        return row.id


def status(web: Web, outage: int) -> OutageStatus:
    with web.db.reading() as session:
        return session.get_one(Outage, outage).status_kind


def test_a_proposal_is_confirmed_with_its_cause_and_its_time(web: Web) -> None:
    outage, supervisor = proposed(web), web.client("spv1")
    card = supervisor.page("/papan/padam").text
    assert "Dugaan" in card
    path = f"/papan/padam/{outage}/benar"
    wrong = supervisor.post(path, perkiraan="pagi")
    assert (wrong.status_code, wrong.json()["slug"], wrong.json()["field"]) == (422, "etr", "perkiraan")
    assert status(web, outage) is OutageStatus.PREDICTED
    assert supervisor.post(path, sebab="pohon tumbang", perkiraan="23.59").json() == {"outage": outage}
    assert status(web, outage) is OutageStatus.CONFIRMED
    assert supervisor.post(path).json()["slug"] == "illegal-move"


def test_a_proposal_that_is_wrong_is_dismissed(web: Web) -> None:
    outage, supervisor = proposed(web), web.client("spv1")
    assert supervisor.post(f"/papan/padam/{outage}/batal", alasan="gladi").json() == {"outage": outage}
    assert status(web, outage) is OutageStatus.CLOSED
    assert f'data-outage="{outage}"' not in supervisor.page("/papan/padam").text
