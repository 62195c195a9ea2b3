"""The command centre follows every open work order of its UP3 (seed 000 L156)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.fixtures.desk import Web
from tests.fixtures.tickets import a_crew, a_premises, a_report
from tickets import reports, workorders
from tickets.models import Crew
from tickets.outages import fault_locations, outages
from tickets.outages.fault_locations import Where
from tickets.states import WorkOrderEvent

pytestmark = pytest.mark.store


def test_each_order_is_seen_with_its_crew_and_its_clocks_and_nobodys_address(web: Web) -> None:
    now = web.app.state.clock.now()
    before = now - timedelta(minutes=40)
    with web.db.transaction() as session:
        session.execute(update(Crew).values(on_duty=False))
        crew = a_crew(session, unit="bangka", ulp="koba", has_mobile=False).name
        home = a_premises(session, area="19.04.01", phone="+6281255500001")
        mine = reports.file_report(session, a_report(premises_id=home.id, phone="+6281255500001"), now=before)
        order = workorders.open_order(session, mine.id)
        assert order is not None
        workorders.advance(session, order.id, WorkOrderEvent.ACCEPT, by="op1", now=before)
        late = reports.file_report(session, a_report(area="19.04.01"), now=now - timedelta(minutes=50))
        done = reports.file_report(session, a_report(area="19.04.01"), now=before)
        finished = workorders.open_order(session, done.id)
        assert finished is not None
        workorders.advance(session, finished.id, WorkOrderEvent.CANCEL, by="op1", now=now)
        outage = outages.confirm_outage(session, area="19.05.01", cause="", etr=None, by="op1", now=now)
        fault_locations.add(session, outage.id, Where("Gardu G7", "mentok"), by="op1", now=now)
        shown = {"mine": mine.number[-3:], "late": late.number[-3:], "done": done.number[-3:]}
    board = web.client("op1")
    assert 'href="/papan/pekerjaan"' in board.page("/papan").text
    page = board.page("/papan/pekerjaan?up3=bangka").text
    rows = page.split("<tr")
    row = {name: next((one for one in rows if f"<i>{end}</i></span>" in one), "") for name, end in shown.items()}
    assert [word in row["mine"] for word in (crew, "Tanpa APKT Mobile", "Diterima regu", 'chip warn"')] == [True] * 4
    assert "lewat" not in row["mine"]
    assert "lewat" in row["late"]
    assert row["done"] == ""
    assert "Gardu G7" in page
    assert [word in page for word in (home.address, "081255500001", "+6281255500001")] == [False] * 3
    assert "Gardu G7" not in board.page("/papan/pekerjaan?up3=jakarta").text
    assert board.page("/papan/pekerjaan?up3=monas").status_code == 404
    assert web.client("cso1").page("/papan/pekerjaan").status_code == 403
