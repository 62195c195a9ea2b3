"""/regu on a telephone: the whole way of an order with one thumb, where the crew is, and no finding of axe."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from config.clock import SystemClock
from config.database import Database
from tests.fixtures.browser import SLOW, enter, serious_findings
from tests.fixtures.product import Product
from tests.fixtures.tickets import a_report
from tickets import reports, workorders
from tickets.models import Crew, Premises
from tickets.states import WITH_CREW, WorkOrderEvent

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

_serial = count()  # each report is another customer's
HERE = {"latitude": -6.196, "longitude": 106.832}  # the posko of Menteng


@pytest.fixture(params=["light", "dark"])
def page(suar_web: Product, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """regu1's telephone, which knows where it is."""
    context = chromium.new_context(
        locale="id-ID",
        timezone_id="Asia/Jakarta",
        viewport={"width": 360, "height": 740},
        geolocation=HERE,
        permissions=["geolocation"],
        bypass_csp=True,  # axe is put into the page
        color_scheme=request.param,
    )
    context.set_default_timeout(SLOW)
    yield enter(context, suar_web, "regu1")
    context.close()


def give(product: Product, comment: str) -> int:
    """A fault in Menteng, in the hands of regu1 and of nothing else; its order."""
    db, now = Database(f"sqlite:///{product.data / 'suar.db'}"), SystemClock().now()
    with db.transaction() as session:
        mine = session.scalars(select(Crew.id).where(Crew.login == "regu1")).one()
        for view in workorders.list_orders(session, crew_id=mine):
            workorders.advance(session, view.id, WorkOrderEvent.CANCEL, by="op1", now=now)
        premises = session.scalars(
            select(Premises.id).where(Premises.area == "31.71.06").order_by(Premises.id).offset(next(_serial)).limit(1)
        ).one()
        new = a_report(premises_id=premises, only_me=True, comment=comment, phone="+6281201000102", key=f"b:{comment}")
        report = reports.file_report(session, new, now=now)
        order = workorders.open_order(session, report.id)
        assert order is not None
        assert order.status in WITH_CREW
        order.crew_id = mine
        found = order.id
    db.dispose()
    return found


def test_the_whole_way_with_one_thumb(suar_web: Product, page: Page, request: pytest.FixtureRequest) -> None:
    comment = f"Gelap sejak magrib, {request.node.callspec.id}"
    give(suar_web, comment)
    page.goto(suar_web.base_url + "/regu")
    expect(page.locator("#kerja")).to_contain_text(comment)
    expect(page.locator("#posisi")).to_contain_text("Posisi terkirim")
    expect(page.locator("#posisi")).to_contain_text("Jl. ")

    def looked_at() -> None:
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        box = page.locator("#tindakan .go").bounding_box()
        assert box is not None
        assert box["height"] >= 48  # a thumb

    looked_at()
    for button, state in (
        ("Terima tugas", "Diterima regu"),
        ("Berangkat", "Dalam perjalanan"),
        ("Tiba di lokasi", "Tiba di lokasi"),
        ("Mulai pengerjaan", "Dalam pengerjaan"),
        ("Nyala sementara", "Nyala sementara"),
        ("Listrik menyala", "Nyala"),
    ):
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.locator("#tindakan b")).to_have_text(state)
    looked_at()
    page.get_by_label("Apa yang dikerjakan?").fill("Sekring diganti.")
    page.get_by_role("button", name="Selesai", exact=True).click()
    expect(page.get_by_text("Minta pelanggan menilai")).to_be_visible()
    page.get_by_label("5").check()
    page.get_by_role("button", name="Kirim nilai").click()
    expect(page.get_by_text("Belum ada pekerjaan")).to_be_visible()


def test_new_work_appears_by_itself_and_nobody_who_writes_is_interrupted(
    suar_web: Product, page: Page, request: pytest.FixtureRequest
) -> None:
    which = request.node.callspec.id
    give(suar_web, f"Pertama, {which}")
    page.clock.install()
    page.goto(suar_web.base_url + "/regu")
    expect(page.locator("#kerja")).to_contain_text(f"Pertama, {which}")
    page.get_by_text("Kendala…").click()
    page.get_by_label("Apa kendalanya?").fill("Ban kempis")
    give(suar_web, f"Kedua, {which}")
    page.clock.run_for(25_000)
    expect(page.get_by_label("Apa kendalanya?")).to_have_value("Ban kempis")
    expect(page.locator("#kerja")).to_contain_text(f"Pertama, {which}")
    page.get_by_label("Apa kendalanya?").fill("")
    page.get_by_text("Kendala…").click()
    page.clock.run_for(25_000)
    expect(page.locator("#kerja")).to_contain_text(f"Kedua, {which}")
