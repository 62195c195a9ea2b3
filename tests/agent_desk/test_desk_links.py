"""One click on the desk: this report is part of the outage; no, it is this building alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.fixtures.desk import Web
from tickets.models import Premises, Report, WorkOrder
from tickets.outages.outages import confirm_outage
from tickets.seed import SAMPLES
from tickets.states import WorkOrderStatus

pytestmark = pytest.mark.store


def test_a_report_is_linked_and_unlinked_by_one_click(web: Web) -> None:
    cso = web.client("cso1")
    with web.db.transaction() as session:
        # The caller of the demo whose crew is on its way: the confirmation leaves his report alone.
        report = session.scalars(select(Report).where(Report.phone == SAMPLES["has_open_report"])).one()
        idpel = session.get_one(Premises, report.premises_id).idpel
        outage = confirm_outage(session, area=report.area[:2], cause="", etr=None, by="spv1", now=report.reported_at)
        number, report_id = report.number, report.id
    path = f"/meja/laporan/{number}/padam"
    page = cso.page(f"/meja/panggilan/tanpa?nomor={idpel}").text
    assert f'hx-post="{path}"' in page
    assert "Bagian padam" in page

    linked = cso.post(path, padam=outage.id)
    assert linked.json() == {"outage": outage.id}
    assert "Hanya bangunan ini" in cso.page(f"/meja/panggilan/tanpa?nomor={idpel}").text
    assert cso.post(path).json() == {"outage": None}
    assert "Bagian padam" in cso.page(f"/meja/panggilan/tanpa?nomor={idpel}").text
    with web.db.reading() as session:
        orders = session.scalars(select(WorkOrder).where(WorkOrder.report_id == report_id).order_by(WorkOrder.id)).all()
    assert orders[-1].status is not WorkOrderStatus.CANCELLED
    refused = cso.post(path)
    assert (refused.status_code, refused.json()["slug"]) == (409, "not-attached")
