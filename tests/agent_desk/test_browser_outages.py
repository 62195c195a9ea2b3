"""The supervisor's card *Padam dan pernyataan* in a real Chromium: the life of an outage with the mouse alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.fixtures.browser import enter
from tests.fixtures.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def board(suar_web: Product, context: BrowserContext) -> Page:
    page = enter(context, suar_web, "spv1")
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def row(board: Page, name: str) -> Locator:
    return board.locator("#padam li").filter(has=board.locator("b", has_text=name))


def opened(outage: Locator, name: str) -> Locator:
    outage.locator("summary", has_text=name).click()
    return outage.locator("details[open] form")


def test_an_estimate_slips_a_part_is_lit_all_is_lit_and_dark_again(board: Page) -> None:
    note = board.locator("form[action='/papan/padam']")
    note.get_by_label("Area").select_option("31.71")
    note.get_by_label("Sebab").fill("gangguan transmisi")
    note.get_by_label("Perkiraan nyala").fill("23.58")
    note.get_by_role("button", name="Catat padam").click()
    outage = row(board, "Jakarta Pusat")
    expect(outage).to_contain_text("Kalimat sementara")
    opened(outage, "Tulis pernyataan").get_by_role("button", name="Setujui dan terbitkan").click()
    expect(outage).to_contain_text("Terbit v1")

    form = opened(outage, "Ubah perkiraan")
    form.get_by_label("Perkiraan baru").fill("23.59")
    form.get_by_role("button", name="Ubah perkiraan").click()
    expect(form.locator(".f.err")).to_contain_text("Tulis alasan")
    form.get_by_label("Alasan perubahan").fill("trafo rusak")
    form.get_by_role("button", name="Ubah perkiraan").click()
    expect(outage).to_contain_text("Terbit v2")
    expect(outage).to_contain_text("Perkiraan diperbarui")

    form = opened(outage, "Sebagian nyala")
    form.get_by_label("Menteng").check()
    form.get_by_role("button", name="Catat nyala sebagian").click()
    part = row(board, "Cempaka Putih")
    expect(part).to_contain_text("Nyala sebagian")
    expect(part).to_contain_text("Sebagian wilayah sudah menyala.")

    part.get_by_role("button", name="Tarik pernyataan").click()
    expect(part).to_contain_text("Kalimat sementara")
    part.get_by_role("button", name="Sudah nyala").click()
    expect(part.locator("summary", has_text="Padam lagi")).to_be_visible()
    form = opened(part, "Padam lagi")
    form.get_by_label("Keterangan").fill("penyulang trip lagi")
    form.get_by_role("button", name="Catat padam lagi").click()
    again = row(board, "Jakarta Pusat")
    expect(again).to_contain_text("Listrik sempat menyala")
    again.get_by_role("button", name="Sudah nyala").click()
    again.get_by_role("button", name="Selesai").click()
    expect(row(board, "Jakarta Pusat")).to_have_count(0)


def test_planned_work_is_announced_written_about_and_called_off(board: Page) -> None:
    works = board.locator("#padam")
    works.locator("summary", has_text="Rencanakan pekerjaan").click()
    form = works.locator("form[action='/papan/padam/rencana']")
    form.get_by_label("Wilayah pekerjaan").select_option("ulp:tebet")
    form.get_by_label("Pekerjaan", exact=False).last.fill("penggantian trafo")
    form.get_by_label("Mulai padam").fill("2099-01-02T09:00")
    form.get_by_label("Perkiraan selesai").fill("2099-01-02T08:00")
    form.get_by_role("button", name="Umumkan pekerjaan").click()
    expect(form.get_by_role("alert")).to_contain_text("mendahului")
    form.get_by_label("Perkiraan selesai").fill("2099-01-02T12:00")
    form.get_by_role("button", name="Umumkan pekerjaan").click()
    work = row(board, "ULP Tebet")
    expect(work).to_contain_text("2 Jan 09.00 WIB")
    opened(work, "Tulis konsep").get_by_role("button", name="Simpan konsep").click()
    expect(work).to_contain_text("Konsep v1")
    work.get_by_role("button", name="Setujui v1").click()
    expect(work).to_contain_text("Disetujui v1")
    opened(work, "Batalkan").get_by_role("button", name="Batalkan pekerjaan").click()
    expect(row(board, "ULP Tebet")).to_have_count(0)


def test_an_operator_writes_what_a_supervisor_approves(suar_web: Product, context: BrowserContext, board: Page) -> None:
    note = board.locator("form[action='/papan/padam']")
    note.get_by_label("Area").select_option("19.03.01")
    note.get_by_role("button", name="Catat padam").click()
    expect(row(board, "Toboali")).to_contain_text("Kalimat sementara")
    board.get_by_role("button", name="Keluar").click()
    operator = enter(context, suar_web, "op1")
    mine = row(operator, "Toboali")
    form = opened(mine, "Tulis konsep")
    form.locator("textarea").fill("Toboali padam, regu sudah di lokasi.")
    form.get_by_role("button", name="Simpan konsep").click()
    expect(mine).to_contain_text("Konsep v1")
    expect(mine.get_by_role("button", name="Setujui")).to_have_count(0)
    operator.get_by_role("button", name="Keluar").click()
    supervisor = enter(context, suar_web, "spv1")
    row(supervisor, "Toboali").get_by_role("button", name="Setujui dan terbitkan v1").click()
    expect(row(supervisor, "Toboali")).to_contain_text("Terbit v1")
    expect(row(supervisor, "Toboali")).to_contain_text("regu sudah di lokasi")
