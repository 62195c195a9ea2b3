"""The product in a real Chromium, as a newcomer meets it: two tabs, one call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.fixtures.browser import SLOW, enter, serious_findings
from tests.fixtures.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def become(desk: Page, state: str) -> None:
    desk.locator("#ubah summary").click()
    desk.locator("#ubah").get_by_role("button", name=state, exact=False).first.click()


def test_a_newcomer_makes_a_call_between_two_tabs(suar_web: Product, context: BrowserContext) -> None:
    desk = enter(context, suar_web, "cso1")
    desk.get_by_role("button", name="Siap menerima panggilan").click()
    expect(desk.locator("body[data-state=ready]")).to_be_attached()

    telephone = context.new_page()
    telephone.goto(suar_web.base_url + "/telepon")
    telephone.locator("#sebagai option", has_text="area tidak padam").wait_for(state="attached")
    telephone.locator("#sebagai").select_option(label=telephone.locator(
        "#sebagai option", has_text="area tidak padam").inner_text())  # fmt: skip
    telephone.get_by_role("button", name="Panggil 123").click()
    telephone.locator("#pilihan", has_text="etugas").wait_for()
    telephone.locator(".pad").get_by_role("button", name="0").click()

    desk.bring_to_front()
    expect(desk.locator("body[data-state=offered]")).to_be_attached(timeout=SLOW)
    expect(desk.locator("#nomor")).to_have_text("0812 •••• 0102")
    expect(desk.locator("#putusan")).to_contain_text("Buat laporan baru")
    expect(desk.locator("#putusan.is-ring")).to_be_visible()
    expect(desk.locator("#didengar")).to_contain_text("Menekan tombol")

    desk.locator("#jawab").click()
    expect(desk.locator("body[data-state=talking]")).to_be_attached(timeout=SLOW)
    expect(desk.locator("#jawab")).to_have_attribute("aria-disabled", "true")
    desk.keyboard.press("Control+Shift+H")
    expect(desk.locator("#tahan")).to_have_attribute("aria-pressed", "true")
    expect(desk.locator("#baris2")).to_contain_text("ditahan")
    desk.locator("#tahan").click()
    expect(desk.locator("#tahan")).to_have_attribute("aria-pressed", "false")
    desk.get_by_label("Keterangan").fill("Pagar hitam, seberang musala")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#tersimpan")).to_contain_text("54 ", use_inner_text=True)
    number = desk.locator("#tersimpan").get_attribute("data-number") or ""
    expect(desk.locator("#tracking")).to_contain_text("Regu Menteng")
    expect(desk.locator("#putusan")).to_contain_text("jangan buat laporan kedua")

    desk.keyboard.press("Control+Shift+A")
    expect(desk.locator("body[data-state=wrap_up]")).to_be_attached(timeout=SLOW)
    desk.get_by_label("Hasil (wajib)").select_option("laporan")
    desk.get_by_role("button", name="Selesai").click()
    expect(desk.locator("body[data-state=ready]")).to_be_attached(timeout=SLOW)
    expect(desk.locator("#panggilan")).to_contain_text("Belum ada penelepon")
    answer = context.request.get(f"{suar_web.base_url}/api/v1/reports/{number}")
    assert answer.status == 200
    assert answer.json()["reportingKind"] == "call"


def test_a_wrong_field_says_so_where_it_is(suar_web: Product, context: BrowserContext) -> None:
    desk = enter(context, suar_web, "cso1")
    desk.get_by_role("button", name="Buat laporan tanpa panggilan").click()
    desk.locator("#ar").select_option(index=1)
    desk.get_by_label("Nomor HP lain").fill("abc")
    desk.get_by_role("button", name="Simpan laporan").click()
    told = desk.locator(".f.err", has=desk.get_by_label("Nomor HP lain"))
    expect(told).to_contain_text("tulis dari 0 atau +62")
    expect(desk.get_by_label("Nomor HP lain")).to_have_attribute("aria-invalid", "true")
    expect(desk.locator("#kabar")).to_be_hidden()  # the statement stays in sight
    desk.get_by_label("Nomor HP lain").fill("0812 3456 7890")
    expect(desk.locator(".f.err")).to_have_count(0)


def test_news_does_not_close_the_menu_someone_chooses_from(suar_web: Product, context: BrowserContext) -> None:
    desk = enter(context, suar_web, "cso1")
    expect(desk.locator("#sejak")).not_to_be_empty()  # its stream is there
    desk.locator("#ubah summary").click()
    with desk.expect_response("**/meja/pernyataan*"):
        desk.evaluate("""htmx.ajax("GET", "/meja/pernyataan?area=", {target: "#pernyataan", swap: "innerHTML"})
            .then(() => document.body.dataset.news = "shown")""")
    expect(desk.locator("body[data-news=shown]")).to_be_attached()
    expect(desk.locator("#alasan")).to_be_visible()
    desk.locator("#ubah").get_by_role("button", name="Siap").click()
    expect(desk.locator("body[data-state=ready]")).to_be_attached()
    expect(desk.locator("#alasan")).to_be_hidden()
    become(desk, "Keluar")
    expect(desk.locator("body[data-state=logged_out]")).to_be_attached()


def test_what_could_not_be_sent_from_the_board_is_said_so_and_stays(suar_web: Product, context: BrowserContext) -> None:
    board = enter(context, suar_web, "spv1")
    board.route("**/papan/padam", lambda route: route.abort())
    board.get_by_label("Area", exact=False).select_option("31.71.05")
    board.get_by_label("Sebab").fill("gangguan di gardu induk")
    board.get_by_role("button", name="Catat padam").click()
    expect(board.locator("form[action='/papan/padam']").get_by_role("alert")).to_contain_text("Belum terkirim")
    expect(board.get_by_label("Sebab")).to_have_value("gangguan di gardu induk")


@pytest.mark.parametrize("width", [1366, 1280])
def test_the_longest_state_leaves_its_menu_in_the_bar(suar_web: Product, context: BrowserContext, width: int) -> None:
    desk = enter(context, suar_web, "cso2")
    desk.set_viewport_size({"width": width, "height": 720})
    expect(desk.locator("#sejak")).not_to_be_empty()
    desk.evaluate("""() => {
        document.getElementById("keadaan").className = "l1 is-bad";
        document.getElementById("kata").textContent = "Tidak menjawab";
    }""")
    beyond = desk.evaluate("""() => {
        const [state, menu, bar, since] = [".state", "#ubah summary", "header.cb", "#sejak"].map(
            (at) => document.querySelector(at).getBoundingClientRect());
        return {below: menu.bottom - bar.bottom, right: since.right - state.right};
    }""")
    assert beyond["below"] <= 0
    assert beyond["right"] <= 0


def test_a_reload_in_the_middle_of_the_ring_shows_the_same_desk(suar_web: Product, context: BrowserContext) -> None:
    desk = enter(context, suar_web, "cso2")
    become(desk, "Siap")
    expect(desk.locator("body[data-state=ready]")).to_be_attached()
    desk.reload()
    expect(desk.locator("#kata")).to_have_text("Siap")
    other = context.new_page()
    other.goto(suar_web.base_url + "/meja")
    become(other, "Keluar")
    expect(desk.locator("body[data-state=logged_out]")).to_be_attached(timeout=SLOW)  # two tabs agree


def test_the_connection_is_lost_and_comes_back(suar_web: Product, context: BrowserContext) -> None:
    desk = enter(context, suar_web, "cso3")
    expect(desk.locator("#kata")).to_have_text("Istirahat")
    before = suar_web.kill("web")
    expect(desk.locator("#luring")).to_be_visible(timeout=SLOW)
    expect(desk.locator("#luring")).to_contain_text("Suara telepon tetap jalan")
    suar_web.restarted("web", before)
    expect(desk.locator("#luring")).to_be_hidden(timeout=SLOW)
    expect(desk.locator("#kata")).to_have_text("Istirahat")


def test_a_supervisor_publishes_a_statement_and_the_desk_shows_it(suar_web: Product, context: BrowserContext) -> None:
    board = enter(context, suar_web, "spv1")
    expect(board.locator("#segar")).to_have_text("Langsung", timeout=SLOW)
    board.get_by_label("Area", exact=False).select_option("31.74.01")
    board.get_by_label("Sebab").fill("gangguan di gardu induk")
    board.get_by_label("Perkiraan nyala").fill("21.30")
    board.get_by_role("button", name="Catat padam").click()
    tebet = board.locator("#padam li").filter(has=board.locator("b", has_text="Tebet"))
    expect(tebet).to_contain_text("Kalimat sementara")
    tebet.locator("summary", has_text="Tulis pernyataan").click()
    tebet.get_by_role("button", name="Setujui dan terbitkan").click()
    expect(tebet).to_contain_text("Terbit v1")
    board.get_by_role("button", name="Keluar").click()
    desk = enter(context, suar_web, "cso4")
    expect(desk.locator("#pernyataan")).to_contain_text("Tebet")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("", "/masuk"),
        ("cso4", "/meja"),
        ("spv1", "/papan"),
        ("spv1", "/papan/panggilan"),
        ("spv1", "/papan/pekerjaan"),
        ("spv1", "/papan/regu"),
        ("regu1", "/regu"),
        ("", "/telepon"),
        ("", "/lacak"),
    ],
)
def test_axe_finds_nothing_serious(suar_web: Product, chromium: Browser, login: str, path: str, scheme: Any) -> None:
    context = chromium.new_context(locale="id-ID", color_scheme=scheme, bypass_csp=True)
    context.set_default_timeout(SLOW)
    page = enter(context, suar_web, login) if login else context.new_page()
    page.goto(suar_web.base_url + path)
    if path == "/meja":
        page.get_by_role("button", name="Buat laporan tanpa panggilan").click()
        page.locator("#flapor").wait_for()
    page.eval_on_selector_all("main details", "all => all.forEach((one) => (one.open = true))")
    serious = serious_findings(page)
    context.close()
    assert not serious, json.dumps(serious, indent=1, ensure_ascii=False)
