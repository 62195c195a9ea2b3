"""The page /telepon in a real Chromium on the running product: dial, hear, key, hang up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.fixtures.desk import DeskClient
from tests.fixtures.product import Product
from tests.fixtures.servers import missing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SLOW = 30_000  # ms


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which(os.environ.get("SUAR_CHROMIUM", "chromium"))
    if path is None:
        missing("chromium is not installed; `make test` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--autoplay-policy=no-user-gesture-required"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, suar_web: Product) -> Iterator[Page]:
    """The telephone; an error on its console is a failure."""
    page = chromium.new_page(locale="id-ID", timezone_id="Asia/Jakarta", viewport={"width": 1366, "height": 768})
    page.set_default_timeout(SLOW)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(suar_web.base_url + "/telepon")
    expect(page.get_by_label("Menelepon sebagai").locator("option")).to_have_count(7)
    yield page
    page.close()
    assert not faults, faults


def choose(page: Page, caller: str, number: str = "0717123") -> None:
    label = page.get_by_label("Menelepon sebagai").locator("option", has_text=caller).first.text_content()
    page.get_by_label("Menelepon sebagai").select_option(label=label)
    page.get_by_label("Nomor yang dituju").select_option(number)


def test_a_caller_in_the_outage_hears_it_presses_one_and_is_said_goodbye(page: Page) -> None:
    sounds: list[str] = []
    page.on("response", lambda answer: sounds.append(answer.url) if "/telepon/suara/" in answer.url else None)
    choose(page, "area padam")
    page.get_by_role("button", name="Panggil 123").click()
    heard = page.get_by_role("log")
    expect(heard).to_contain_text("PLN satu dua tiga", timeout=SLOW)
    expect(heard).to_contain_text("pohon tumbang", timeout=SLOW)
    expect(page.get_by_text("di bawah 30 detik")).to_be_visible(timeout=SLOW)
    expect(page.locator("#pilihan")).to_contain_text("Darurat", timeout=SLOW)
    expect(page.locator("#pilihan")).to_contain_text("Dikabari saat menyala", timeout=SLOW)
    page.keyboard.press("1")
    expect(heard).to_contain_text("Terima kasih", timeout=SLOW)
    expect(page.get_by_role("button", name="Panggil 123")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Peristiwa")).to_contain_text("call.ended")
    assert sounds, "the sentences are played, not only written"


def test_the_caller_hangs_up_and_can_call_again(page: Page) -> None:
    choose(page, "area tidak padam", "021123")
    page.get_by_role("button", name="Panggil 123").click()
    expect(page.locator("#saluran")).to_contain_text("Tersambung", timeout=SLOW)
    page.get_by_role("button", name="0", exact=False).first.click()
    page.get_by_role("button", name="Tutup telepon").click()
    expect(page.locator("#saluran")).to_have_text("○ Tidak tersambung", timeout=SLOW)
    page.get_by_role("button", name="Panggil 123").click()
    expect(page.locator("#saluran")).to_contain_text("Tersambung", timeout=SLOW)
    page.get_by_role("button", name="Tutup telepon").click()
    expect(page.locator("#saluran")).to_have_text("○ Tidak tersambung", timeout=SLOW)


def test_keys_pressed_quickly_arrive_in_their_order(page: Page) -> None:
    sent: list[str] = []
    held: list[Route] = []

    def hold(route: Route) -> None:
        """The first key is slow on its way."""
        sent.append(str(route.request.post_data_json["digit"]))
        if len(sent) == 1:
            held.append(route)
        else:
            route.continue_()

    choose(page, "tidak dikenal", "021123")
    page.get_by_role("button", name="Panggil 123").click()
    expect(page.locator("#pilihan")).to_contain_text("Darurat", timeout=SLOW)
    page.route("**/angka", hold)
    for key in "157":
        page.keyboard.press(key)
    expect(page.locator("#ditekan")).to_have_text("157")
    page.wait_for_timeout(1)  # lets requests that were made go out
    assert sent == ["1"]
    held[0].continue_()
    expect(page.get_by_label("Peristiwa")).to_contain_text("Tombol 7", timeout=SLOW)
    assert sent == ["1", "5", "7"]
    page.unroute("**/angka")
    page.get_by_role("button", name="Tutup telepon").click()


def test_a_telephone_whose_page_is_gone_hangs_up(page: Page, suar_web: Product) -> None:
    """Otherwise it would wait in line for ever, and a CSO would answer an empty room."""
    choose(page, "area tidak padam", "021123")
    with page.expect_response("**/telepon/panggil") as made:
        page.get_by_role("button", name="Panggil 123").click()
    call = f"{suar_web.base_url}/api/v1/calls/{made.value.json()['id']}"
    key = {"X-API-Key": suar_web.seeded["api_key"]}
    expect(page.locator("#saluran")).to_contain_text("Tersambung", timeout=SLOW)
    page.reload()
    expect(page.get_by_label("Menelepon sebagai").locator("option")).to_have_count(7)
    suar_web.wait_until(lambda: httpx.get(call, headers=key).status_code == 200, message="the call is in the history")
    suar_web.wait_until(lambda: httpx.get(call, headers=key).json()["ended_at"], message="the call has ended")


def test_a_caller_is_called_back_and_talks(page: Page, suar_web: Product) -> None:
    told: list[str] = []
    page.on("request", lambda asked: told.append(asked.url))
    choose(page, "tidak dikenal", "021123")
    page.get_by_role("button", name="Panggil 123").click()
    expect(page.locator("#pilihan")).to_contain_text("etugas", timeout=SLOW)
    page.keyboard.press("0")
    expect(page.locator("#pilihan")).to_contain_text("telepon kembali", timeout=SLOW)
    page.keyboard.press("1")
    events = page.get_by_label("Peristiwa")
    expect(events).to_contain_text("Minta ditelepon kembali", timeout=SLOW)
    expect(page.locator("#saluran")).to_have_text("○ Tidak tersambung", timeout=SLOW)
    expect(page.locator("#keadaan")).to_have_text("Menunggu ditelepon kembali")
    cso = DeskClient(suar_web.base_url)
    cso.login("cso4", suar_web.seeded["logins"]["cso4"])
    cso.ready()
    leg = "/telepon/kaki/cso4"
    suar_web.wait_until(lambda: cso.http.get(leg).json()["state"] == "ringing", message="the CSO first")
    cso.http.post(f"{leg}/jawab").raise_for_status()
    page.get_by_role("button", name="Angkat telepon").click()
    expect(page.locator("#saluran")).to_contain_text("Tersambung", timeout=SLOW)
    expect(page.get_by_role("log")).to_contain_text("tersambung dengan petugas", timeout=SLOW)
    expect(events).to_contain_text("call.reached", timeout=SLOW)
    page.get_by_role("button", name="Tutup telepon").click()
    suar_web.wait_until(lambda: cso.state()["state"] == "wrap_up", message="the conversation is over")
    cso.wrap_up("info")
    cso.ask("keluar")
    cso.close()
    assert not [url for url in told if "%2B62" in url or "+62" in url]


def test_the_page_has_no_accessibility_fault(page: Page) -> None:
    if not AXE.is_file():
        missing("axe-core is not bundled; `make setup` brings it")
    page.get_by_role("button", name="Panggil 123").click()
    expect(page.locator("#pilihan")).to_contain_text("Darurat", timeout=SLOW)
    if os.environ.get("SUAR_SHOT"):
        page.screenshot(path=os.environ["SUAR_SHOT"])
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])")
    assert found == []
    page.get_by_role("button", name="Tutup telepon").click()
