"""/lapor on a telephone without JavaScript: a report in two steps, and no finding of axe on any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from config.database import Database
from tests.fixtures.browser import SLOW, serious_findings
from tests.fixtures.product import Product
from tickets.models import Premises
from tickets.seed import OUT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
QUIET = "19.01.02"  # no sample caller of the demo lives there


def phone(chromium: Browser, scheme: str, *, javascript: bool) -> Iterator[Page]:
    context = chromium.new_context(
        locale="id-ID",
        viewport={"width": 360, "height": 740},
        java_script_enabled=javascript,
        bypass_csp=javascript,  # axe is put into the page
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(SLOW)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain(chromium: Browser) -> Iterator[Page]:
    """A telephone whose browser runs no script."""
    yield from phone(chromium, "light", javascript=False)


@pytest.fixture(params=["light", "dark"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A telephone that axe can look at."""
    yield from phone(chromium, request.param, javascript=True)


def idpel(product: Product, area: str, at: int) -> str:
    """One of the many customers of an area; each test has its own."""
    db = Database(f"sqlite:///{product.data / 'suar.db'}")
    with db.reading() as session:
        rows = select(Premises.idpel).where(Premises.area == area).order_by(Premises.id)
        found = session.scalars(rows.offset(at).limit(1)).one()
    db.dispose()
    return found


def second_step(page: Page, product: Product, number: str, category: str) -> None:
    page.goto(f"{product.base_url}/lapor")
    page.get_by_label("Apa yang dilaporkan?").select_option(category)
    page.get_by_label("IDPEL atau nomor meter").fill(number)
    page.get_by_role("button", name="Lanjut").click()


def test_a_customer_reports_without_javascript(suar_web: Product, plain: Page) -> None:
    second_step(plain, suar_web, idpel(suar_web, OUT, 40), "padam")
    expect(plain.get_by_text("Yang sudah kami ketahui")).to_be_visible()
    plain.get_by_label("Hanya bangunan saya", exact=False).check()
    plain.get_by_label("Keterangan", exact=False).fill("Tetangga kanan kiri menyala")
    plain.get_by_role("button", name="Kirim laporan").click()
    expect(plain.locator("#nomor")).to_have_text(re.compile(r"^16\d{9}$"))
    plain.get_by_role("link", name="Lacak laporan ini").click()
    expect(plain.get_by_label("Nomor laporan")).to_be_visible()


def test_every_step_fits_a_telephone_and_axe_finds_nothing(
    suar_web: Product, page: Page, request: pytest.FixtureRequest
) -> None:
    def looked_at() -> None:
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    number = idpel(suar_web, QUIET, 1 if "dark" in request.node.name else 2)
    page.goto(f"{suar_web.base_url}/lapor")
    looked_at()
    second_step(page, suar_web, idpel(suar_web, OUT, 41), "padam")  # what is known there
    looked_at()
    second_step(page, suar_web, number, "padam")
    page.get_by_label("Ya, hanya bangunan saya").check()
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.locator("#nomor")).to_be_visible()
    second_step(page, suar_web, number, "padam")  # and what is open there
    expect(page.get_by_text("sudah ada laporan")).to_be_visible()
    looked_at()
    second_step(page, suar_web, number, "tagihan")
    page.get_by_label("Bulan rekening", exact=False).fill("Oktober")
    page.get_by_label("Keterangan", exact=False).fill("Tagihan naik dua kali.")
    page.get_by_label("Nomor telepon").fill("081200000001")
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.get_by_label("Bulan rekening", exact=False)).to_have_attribute("aria-invalid", "true")
    looked_at()
    page.get_by_label("Bulan rekening", exact=False).fill("2026-10")
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.locator("#nomor")).to_be_visible()
    looked_at()
