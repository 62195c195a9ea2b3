"""/lacak of a finished report: is it finished, and what was the crew worth?"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from config.clock import SystemClock
from tests.fixtures.desk import DeskClient, Web
from tests.fixtures.tickets import a_report
from tickets import completion, reports
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, ReportingKind
from tickets.models import Rating, Report
from tickets.outages import lookup
from tickets.seed import SAMPLES
from tickets.states import ReportStatus

pytestmark = pytest.mark.store


class Visitor:
    """Somebody with both numbers of a finished report."""

    def __init__(self, web: Web) -> None:
        self.web, self.client = web, web.client()
        self.client.csrf = self.client.page("/lacak").text.partition('name="csrf" value="')[2].partition('"')[0]
        now = SystemClock().now()
        with web.db.transaction() as session:
            home = lookup.premises_by_phone(session, SAMPLES["no_outage"])[0]
            report = reports.file_report(session, a_report(premises_id=home.id, only_me=True), now=now)
            staff = Contact("op1", ReportingKind.OTHER, "uji:selesai")
            completion.resolve(
                session, report.number, code=CompletionCode.DONE, note="Sekring.", contact=staff, now=now
            )
        self.place, self.number = home.idpel, report.number

    def look(self) -> httpx.Response:
        return self.client.post("/lacak", pelanggan=self.place, nomor=self.number)

    def answer(self, **form: Any) -> httpx.Response:
        key = re.search(r'name="kunci" value="([^"]+)"', self.look().text)
        kunci = key[1] if key else "tanpa-kunci"
        told = {"pelanggan": self.place, "nomor": self.number, "kunci": kunci, **form}
        return self.client.post("/lacak/jawaban", **told)

    def report(self) -> Report:
        with self.web.db.reading() as session:
            return session.scalars(select(Report).where(Report.number == self.number)).one()


@pytest.fixture
def visitor(web: Web) -> Visitor:
    return Visitor(web)


def test_yes_with_stars_is_kept(visitor: Visitor) -> None:
    assert "Laporan sudah selesai?" in visitor.look().text
    said = visitor.answer(selesai="ya", bintang=4, komentar="Cepat.")
    assert (said.status_code, "Terima kasih" in said.text) == (200, True)
    with visitor.web.db.reading() as session:
        row = session.scalars(select(Rating)).one()
        assert (row.stars, row.comment, row.channel) == (4, "Cepat.", ReportingKind.WEB)
    assert visitor.report().status is ReportStatus.SELESAI
    again = visitor.answer(selesai="ya", bintang=1)
    assert (again.status_code, "sudah dinilai" in again.text) == (409, True)


def test_no_opens_the_report_again_under_its_number_with_the_star(visitor: Visitor) -> None:
    said = visitor.answer(selesai="tidak", komentar="Masih gelap.")
    assert "Kami tindak lanjuti lagi" in said.text
    report = visitor.report()
    assert (report.status, report.starred, report.repeats) == (ReportStatus.BELUM_SELESAI, True, 1)
    assert "Laporan sudah selesai?" not in visitor.look().text
    assert visitor.answer(selesai="tidak").status_code == 409


def test_an_answer_needs_both_numbers(visitor: Visitor) -> None:
    wrong = visitor.answer(selesai="tidak", nomor="54999999999")
    assert (wrong.status_code, "Pasangan nomor itu tidak kami temukan" in wrong.text) == (404, True)
    assert visitor.report().status is ReportStatus.SELESAI


@pytest.mark.parametrize("form", [{}, {"selesai": "mungkin"}, {"selesai": "ya", "bintang": 6}])
def test_an_answer_that_is_none_changes_nothing(visitor: Visitor, form: dict[str, Any]) -> None:
    assert visitor.answer(**form).status_code == 422
    with visitor.web.db.reading() as session:
        assert session.scalars(select(Rating)).all() == []


def test_a_form_that_is_not_ours_is_refused(web: Web, visitor: Visitor) -> None:
    stranger: DeskClient = web.client()
    told = {"pelanggan": visitor.place, "nomor": visitor.number, "kunci": "kunci-asing", "selesai": "tidak"}
    assert stranger.post("/lacak/jawaban", **told).status_code == 403
