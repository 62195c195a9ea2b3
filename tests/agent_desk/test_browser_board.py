"""The supervisor's card *Kendali* and the list of calls that are over, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.fixtures.browser import enter
from tests.fixtures.desk import DeskClient
from tests.fixtures.product import Product
from tests.fixtures.wait import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def board(suar_web: Product, context: BrowserContext) -> Page:
    return enter(context, suar_web, "spv1")


def opened(board: Page, name: str) -> Locator:
    """One of the card's three forms, unfolded."""
    board.locator("#kendali summary", has_text=name).click()
    return board.locator("#kendali details[open] form")


def test_a_supervisor_sends_a_cso_to_a_break_and_to_another_queue(suar_web: Product, board: Page) -> None:
    cso = DeskClient(suar_web.base_url)
    cso.login("cso1", suar_web.seeded["logins"]["cso1"])
    cso.ready()
    form = opened(board, "Status dan antrean CSO")
    form.get_by_label("CSO", exact=True).fill("cso1")
    form.get_by_label("Status").select_option("Istirahat")
    form.get_by_role("button", name="Ubah CSO").click()
    why = form.locator(".f.err", has=board.get_by_label("Alasan istirahat"))
    expect(why).to_contain_text("Pilih alasan istirahat")
    expect(form.get_by_label("Alasan istirahat")).to_be_focused()

    form.get_by_label("Alasan istirahat").select_option("Pengarahan")
    expect(form.locator(".err")).to_have_count(0)
    form.get_by_label("Keluhan").check()
    form.get_by_role("button", name="Ubah CSO").click()
    said = board.locator("#kendali").get_by_role("status")
    expect(said).to_contain_text("cso1: istirahat, antrean Keluhan")
    expect(said).to_be_focused()
    assert (cso.state()["state"], cso.state()["reason"]) == ("paused", "pengarahan")
    expect(board.locator("#cso [data-id=cso1]")).to_contain_text("Istirahat, Pengarahan")
    cso.ask("keluar")


def test_who_is_not_there_or_not_known_is_said_at_the_field(board: Page) -> None:
    form = opened(board, "Status dan antrean CSO")
    cso = form.get_by_label("CSO", exact=True)
    for login, told in (("cso77", "tidak dikenal"), ("cso1", "sedang di luar")):
        cso.fill(login)
        form.get_by_label("Status").select_option("Siap")
        form.get_by_role("button", name="Ubah CSO").click()
        expect(form.locator(".f.err", has=board.get_by_label("CSO", exact=True))).to_contain_text(told)
        expect(cso).to_have_value(login)
        expect(cso).to_be_focused()
    expect(board.locator("#kendali summary")).to_have_count(3)


def test_an_area_is_held_back_and_let_go_with_the_keyboard_alone(board: Page) -> None:
    summary = board.locator("#kendali summary", has_text="Batasi wilayah")
    summary.focus()
    board.keyboard.press("Enter")
    for typed in ("Menteng", "2.5", "", "", "banjir panggilan"):
        board.keyboard.press("Tab")
        board.keyboard.type(typed)
    board.keyboard.press("Enter")
    card = board.locator("#kendali")
    expect(card).to_contain_text("1 wilayah dibatasi")
    expect(card).to_contain_text("Menteng: 2,5 penelepon per detik sampai")
    expect(card).to_contain_text("oleh spv1: banjir panggilan")
    expect(card.get_by_role("status")).to_be_focused()

    form = opened(board, "Batasi wilayah")
    form.get_by_label("Wilayah").select_option("31.71.06")
    form.get_by_label("Penelepon per detik").fill("0")
    form.get_by_label("Alasan").fill("pulih")
    form.get_by_role("button", name="Pasang batas").click()
    expect(card.get_by_role("status")).to_contain_text("tidak dibatasi")
    expect(card).not_to_contain_text("wilayah dibatasi")


def test_a_partner_is_shut_and_what_could_not_be_sent_stays_in_its_form(board: Page) -> None:
    form = opened(board, "Buka atau tutup mitra")
    form.get_by_label("Mitra").select_option("Pusat kontak mitra")
    form.get_by_label("Keadaan").select_option("Tutup")
    form.get_by_label("Alasan").fill("  ")
    form.get_by_role("button", name="Ubah mitra").click()
    expect(form.locator(".f.err")).to_contain_text("Tulis alasannya")
    form.get_by_label("Alasan").fill("latihan")
    board.route("**/papan/kendali/mitra", lambda route: route.abort())
    form.get_by_role("button", name="Ubah mitra").click()
    expect(form.get_by_role("alert")).to_contain_text("Belum terkirim")
    expect(form.get_by_label("Alasan")).to_have_value("latihan")
    board.unroute("**/papan/kendali/mitra")
    form.get_by_role("button", name="Ubah mitra").click()
    expect(board.locator("#kendali").get_by_role("status")).to_contain_text("Pusat kontak mitra: ditutup")
    expect(board.locator("#mitra-baris tr", has_text="Pusat kontak mitra")).to_contain_text("Tutup")


def test_who_hung_up_in_line_is_on_the_list_and_in_the_table(
    suar_web: Product, context: BrowserContext, board: Page
) -> None:
    telephone = context.new_page()
    telephone.goto(suar_web.base_url + "/telepon")
    quiet = telephone.locator("#sebagai option", has_text="area tidak padam")
    quiet.wait_for(state="attached")
    telephone.locator("#sebagai").select_option(label=quiet.inner_text())
    telephone.get_by_role("button", name="Panggil 123").click()
    telephone.locator("#pilihan", has_text="etugas").wait_for()
    telephone.locator(".pad").get_by_role("button", name="0").click()
    expect(board.locator("#menunggu")).to_have_text("1")
    telephone.get_by_role("button", name="Tutup telepon").click()

    board.bring_to_front()
    board.get_by_role("link", name="Panggilan").click()
    row = board.locator("tbody tr", has_text="••••0102").first

    def listed() -> bool:
        board.get_by_role("button", name="Tampilkan").click()
        return row.count() > 0

    until(listed, 20, "the history has the call")
    expect(row).to_contain_text("Menutup saat antre")
    expect(row).to_contain_text("Gangguan")
    with board.expect_download() as table:
        board.get_by_role("link", name="Unduh CSV").click()
    assert table.value.suggested_filename == "panggilan.csv"
    assert "••••0102" in table.value.path().read_text()
    board.get_by_label("Hasil").select_option("Dijawab mitra")
    board.get_by_label("Sejak").select_option("Satu jam terakhir")
    board.get_by_role("button", name="Tampilkan").click()
    expect(board.get_by_label("Hasil")).to_have_value("partner_answered")
    expect(board.locator("main")).to_contain_text("Tidak ada panggilan seperti itu")


@pytest.mark.parametrize("width", [390, 1024])
@pytest.mark.parametrize("path", ["/papan", "/papan/panggilan"])
def test_nothing_is_cut_off_on_a_narrow_screen(board: Page, suar_web: Product, path: str, width: int) -> None:
    board.set_viewport_size({"width": width, "height": 844})
    board.goto(suar_web.base_url + path)
    cut_off = board.evaluate("""() => [...document.querySelectorAll("header.top *, main *")].filter((node) => {
        const card = node.closest(".card, .tile, header.top");
        return node.getClientRects().length && !node.closest(".vh, .def, .wide-table")
            && card && node.getBoundingClientRect().right > card.getBoundingClientRect().right + 1;
    }).map((node) => node.outerHTML.slice(0, 90))""")
    assert not cut_off
    assert board.evaluate("document.documentElement.scrollWidth") <= width
