"""Pictures of every page for docs/screenshots, taken from a running demo.

`make run` in one terminal, then `.venv/bin/python scripts/screenshots.py [http://127.0.0.1:8123]` in another. Logins
are read from `<SUAR_DATA>/demo-logins.json`. Makes one call and one report, as a newcomer would.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "screenshots"
WIDE = {"width": 1366, "height": 768}
NARROW = {"width": 420, "height": 860}


def main() -> None:
    """Take them all."""
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8123"
    data = Path(os.environ.get("SUAR_DATA", "var"))
    logins = json.loads((data / "demo-logins.json").read_text(encoding="utf-8"))["logins"]
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        _desk_and_telephone(browser, base, logins)
        _supervisor(browser, base, logins)
        _narrow(browser, base, logins)
        browser.close()


def _context(browser: Browser, size: dict[str, int], scheme: str = "light") -> BrowserContext:
    return browser.new_context(locale="id-ID", timezone_id="Asia/Jakarta", viewport=size, color_scheme=scheme)  # type: ignore[arg-type]


def _enter(context: BrowserContext, base: str, login: str, password: str) -> Page:
    page = context.new_page()
    page.goto(f"{base}/masuk")
    page.fill("#u", login)
    page.fill("#p", password)
    page.click("form button[type=submit]")
    page.wait_for_url(lambda url: "/masuk" not in url)
    return page


def _shoot(page: Page, name: str, *, full: bool = False) -> None:
    page.screenshot(path=TARGET / f"{name}.png", full_page=full, animations="disabled")
    print(f"docs/screenshots/{name}.png")


def _desk_and_telephone(browser: Browser, base: str, logins: dict[str, str]) -> None:
    context = _context(browser, WIDE)
    visitor = context.new_page()
    visitor.goto(f"{base}/masuk")
    _shoot(visitor, "masuk")
    desk = _enter(context, base, "cso1", logins["cso1"])
    desk.get_by_role("button", name="Siap menerima panggilan").click()
    desk.locator("body[data-state=ready]").wait_for()
    _shoot(desk, "meja-kosong")
    telephone = context.new_page()
    telephone.goto(f"{base}/telepon")
    telephone.locator("#sebagai option", has_text="area padam").first.wait_for(state="attached")
    telephone.get_by_role("button", name="Panggil 123").click()
    telephone.locator("#pilihan", has_text="etugas").wait_for()
    _shoot(telephone, "telepon")
    telephone.locator(".pad").get_by_role("button", name="0").click()
    desk.bring_to_front()
    desk.locator("body[data-state=offered]").wait_for()
    desk.locator("#putusan.is-ring").wait_for()
    _shoot(desk, "meja-dering")
    desk.click("#jawab")
    desk.locator("body[data-state=talking]").wait_for()
    desk.get_by_label("Keterangan").fill("Pagar hitam, seberang musala. MCB sudah dicek, posisi naik.")
    desk.keyboard.press("Control+Enter")
    desk.locator("#tersimpan").wait_for()
    desk.locator("#putusan", has_text="laporan kedua").wait_for()
    _shoot(desk, "meja")
    desk.emulate_media(color_scheme="dark")
    _shoot(desk, "meja-gelap")
    desk.click("#akhiri")
    desk.locator("body[data-state=wrap_up]").wait_for()
    desk.select_option("#hs", "laporan")
    desk.get_by_role("button", name="Selesai").click()
    desk.locator("body[data-state=ready]").wait_for()
    _one_building_dark(desk, telephone)
    context.close()


def _one_building_dark(desk: Page, telephone: Page) -> None:
    """A second caller, whose report goes to the crew of the crew page."""
    telephone.bring_to_front()
    quiet = telephone.locator("#sebagai option", has_text="area tidak padam").first.get_attribute("value")
    telephone.select_option("#sebagai", quiet)
    telephone.get_by_role("button", name="Panggil 123").click()
    telephone.locator("#pilihan", has_text="etugas").wait_for()
    telephone.locator(".pad").get_by_role("button", name="0").click()
    desk.bring_to_front()
    desk.locator("body[data-state=offered]").wait_for()
    desk.click("#jawab")
    desk.locator("body[data-state=talking]").wait_for()
    desk.get_by_label("Keterangan").fill("Hanya rumah ini. Tetangga kanan kiri menyala.")
    desk.keyboard.press("Control+Enter")
    desk.locator("#tersimpan").wait_for()
    desk.click("#akhiri")


def _supervisor(browser: Browser, base: str, logins: dict[str, str]) -> None:
    context = _context(browser, WIDE)
    board = _enter(context, base, "spv1", logins["spv1"])
    board.locator("#segar", has_text="Langsung").wait_for()
    _shoot(board, "papan", full=True)
    board.locator("#kendali summary", has_text="Status dan antrean CSO").click()
    board.get_by_label("CSO", exact=True).fill("cso1")
    board.locator("#kendali").screenshot(path=TARGET / "papan-kendali.png", animations="disabled")
    print("docs/screenshots/papan-kendali.png")
    board.goto(f"{base}/papan/panggilan?hasil=semua")
    _shoot(board, "papan-panggilan")
    context.close()


def _narrow(browser: Browser, base: str, logins: dict[str, str]) -> None:
    context = _context(browser, NARROW)
    _shoot(_enter(context, base, "regu1", logins["regu1"]), "regu")
    visitor = _context(browser, NARROW).new_page()
    visitor.goto(f"{base}/lacak")
    _shoot(visitor, "lacak")
    visitor.goto(f"{base}/lapor")
    visitor.get_by_label("Apa yang dilaporkan?").select_option("padam")
    visitor.get_by_label("Wilayah", exact=False).select_option("19.71.05")
    visitor.get_by_role("button", name="Lanjut").click()
    visitor.get_by_role("button", name="Kirim laporan").wait_for()
    _shoot(visitor, "lapor")


if __name__ == "__main__":
    main()
