"""Planned work begins where something was proposed already."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from config.database import Database
from tests.fixtures.life import HOUR, ROOT, Life
from tests.fixtures.tickets import NOON, a_report
from tickets import reports
from tickets.models import Report, Subscription, WorkOrder
from tickets.notices import subscriptions
from tickets.states import OutageStatus

pytestmark = pytest.mark.database


def test_planned_work_explains_what_callers_say(db: Database, life: Life) -> None:
    life.schedule(ROOT, starts=NOON + HOUR)
    life.now = NOON + HOUR
    proposal = life.propose(ROOT, "19.71.01")
    assert proposal is not None
    with db.transaction() as session:
        filed = reports.file_report(session, a_report(area=ROOT), now=life.now).id
        outside = reports.file_report(session, a_report(area="19.71.01"), now=life.now).id
        subscriptions.subscribe(session, outage_id=proposal, phone="+628110000001", call="c1", key="k1", now=life.now)
    life.at(NOON + HOUR)
    assert life.row(proposal).status_kind is OutageStatus.CLOSED
    known = life.known()
    assert known is not None
    with db.reading() as session:
        assert session.get_one(Report, filed).outage_id == known.id
        assert session.get_one(Report, outside).outage_id is None
        crews = session.scalars(select(WorkOrder.report_id)).all()
        assert crews == [outside], "no crew was given what the work explains"
        assert session.scalars(select(Subscription.outage_id)).all() == [known.id]
