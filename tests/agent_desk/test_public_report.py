"""/lapor: who has no login reports in two steps, and finds nothing out about anybody."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from agent_desk import public_report
from agent_desk.accounts import ATTEMPTS
from agent_desk.app import create_app
from config.clock import VirtualClock
from config.database import Database
from router.store.acd import Acd
from router.store.figures import Figures
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.tickets import NOON, a_crew, a_premises
from tickets import history
from tickets.kinds import ReportKind
from tickets.models import Premises, Report, Subscription
from tickets.outages import outages

pytestmark = [pytest.mark.store, pytest.mark.database]
PHONE = "0812 3456 7890"


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, http: TestClient, db: Database, clock: VirtualClock) -> None:
        self.http, self.db, self.clock = http, db, clock
        self.page = ""

    def submits(self, **fields: str) -> Any:
        """The first step."""
        self.page = self.http.get("/lapor").text
        return self._posts("/lapor", **fields)

    def _posts(self, path: str, **fields: str) -> Any:
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.page))
        answer = self.http.post(path, data=hidden | fields)
        self.page = answer.text
        return answer

    def sends(self, **fields: str) -> Any:
        """The second step."""
        return self._posts("/lapor/kirim", **fields)

    def reports(self) -> list[Report]:
        with self.db.reading() as session:
            return list(session.scalars(select(Report).order_by(Report.id)))


@pytest.fixture
def visitor(sqlite_db: Database, store: StoreUnderTest) -> Visitor:
    with sqlite_db.transaction() as session:
        a_crew(session)
    clock, figures = VirtualClock(NOON), Figures(store.url, store.pool)
    app = create_app(db=sqlite_db, acd=Acd(store.url, store.pool), clock=clock, figures=figures)
    return Visitor(TestClient(app, headers={"accept": "text/html"}), sqlite_db, clock)


@pytest.fixture
def home(visitor: Visitor) -> Premises:
    with visitor.db.transaction() as session:
        return a_premises(session, name="Sekar Wirawati")


def test_a_fault_is_reported_in_two_steps(visitor: Visitor, home: Premises) -> None:
    assert visitor.submits(kategori="padam", pelanggan=home.idpel, telepon=PHONE).status_code == 200
    assert "Menteng" in visitor.page
    assert home.street not in visitor.page
    assert "Sekar" not in visitor.page
    done = visitor.sends(lingkup="saya", keterangan="Tetangga menyala", telepon=PHONE)
    (report,) = visitor.reports()
    assert done.status_code == 200
    assert report.number in done.text
    assert "besok pukul 12.00 WIB" in done.text
    assert 'href="/lacak"' in done.text
    assert (report.reporting_kind, report.kind, report.premises_id) == ("web", ReportKind.GANGGUAN, home.id)
    assert (report.phone, report.multiple_premises, report.comment) == ("+6281234567890", False, "Tetangga menyala")


def test_the_area_is_enough_for_a_fault(visitor: Visitor) -> None:
    visitor.submits(kategori="kedip", wilayah="19.01.01")
    visitor.sends(lingkup="area")
    (report,) = visitor.reports()
    assert (report.area, report.trouble_code, report.premises_id) == ("19.01.01", "kedip", None)


def test_what_is_known_is_shown_before_anything_is_filed(visitor: Visitor, home: Premises) -> None:
    with visitor.db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="gardu", etr=None, by="spv1", now=NOON)
    visitor.submits(kategori="padam", pelanggan=home.idpel, telepon=PHONE)
    assert "Kami menerima banyak laporan padam" in visitor.page
    visitor.sends(lingkup="area", telepon=PHONE)
    assert visitor.reports()[0].outage_id is not None
    with visitor.db.reading() as session:
        assert session.scalars(select(Subscription)).one().phone == "+6281234567890"


def test_pressing_twice_is_one_report(visitor: Visitor, home: Premises) -> None:
    visitor.submits(kategori="padam", pelanggan=home.idpel)
    second = visitor.page
    first = visitor.sends(lingkup="saya")
    visitor.page = second
    again = visitor.sends(lingkup="saya")
    (report,) = visitor.reports()
    assert report.number in first.text
    assert report.number in again.text


@pytest.mark.parametrize(
    ("intent", "repeats", "hours"), [("ENQUIRY", 0, 4), ("PLN_SIDE", 0, 1), ("PLN_SIDE", 1, 4), ("CUST_DATA", 0, 4)]
)
def test_a_second_report_goes_through_the_rules(
    visitor: Visitor, home: Premises, intent: str, repeats: int, hours: int
) -> None:
    visitor.submits(kategori="padam", pelanggan=home.idpel)
    visitor.sends(lingkup="saya")
    visitor.clock.advance(seconds=timedelta(hours=hours).total_seconds())
    visitor.submits(kategori="padam", pelanggan=home.meter or "")
    (report,) = visitor.reports()
    assert "sudah ada laporan" in visitor.page
    assert report.number not in visitor.page
    assert visitor.sends(nomor=report.number).status_code == 422  # what it is about must be said
    done = visitor.sends(tujuan=intent, nomor=report.number, keterangan="Petugas belum datang", telepon="081300000001")
    assert report.number in done.text
    (report,) = visitor.reports()
    assert report.repeats == repeats


@pytest.mark.parametrize("number", ["", "54999999999"])
def test_without_its_number_a_report_is_neither_shown_nor_changed(
    visitor: Visitor, home: Premises, number: str
) -> None:
    visitor.submits(kategori="padam", pelanggan=home.idpel)
    visitor.sends(lingkup="saya")
    (before,) = visitor.reports()
    visitor.clock.advance(seconds=timedelta(hours=4).total_seconds())
    visitor.submits(kategori="padam", pelanggan=home.idpel)
    told = {"tujuan": "PLN_SIDE", "keterangan": "Masih padam", "telepon": "081300000001"}
    done = visitor.sends(nomor=number, **told)
    (after,) = visitor.reports()
    assert before.number not in done.text
    assert "Catatan Anda disimpan" in done.text
    assert (after.repeats, after.mobile, after.comment) == (0, "", before.comment)
    with visitor.db.reading() as session:
        assert "Masih padam" in [row.note for row in history.of(session, after.id)]


@pytest.mark.parametrize("told", [{"tujuan": "PLN_SIDE"}, {"tujuan": "ENQUIRY"}, {"tujuan": "CUST_DATA"}, {}])
def test_danger_at_an_address_with_a_report_waits_for_no_number_and_no_choice(
    visitor: Visitor, home: Premises, told: dict[str, str]
) -> None:
    visitor.submits(kategori="padam", pelanggan=home.idpel)
    visitor.sends(lingkup="saya")
    visitor.submits(kategori="padam", pelanggan=home.idpel)
    done = visitor.sends(keterangan="kabel putus", telepon="081300000001", **told)
    (report,) = visitor.reports()
    assert report.number not in done.text
    assert (report.repeats, report.mobile) == (1, "")


def test_who_cannot_be_reached_is_promised_no_answer(visitor: Visitor) -> None:
    visitor.submits(kategori="padam", wilayah="31.71.06")
    assert "paling lambat" not in visitor.sends(lingkup="area").text


def test_a_complaint_needs_its_fields_and_a_telephone(visitor: Visitor, home: Premises) -> None:
    visitor.submits(kategori="tagihan", pelanggan=home.idpel)
    told = {"keterangan": "Tagihan naik dua kali", "telepon": PHONE}
    wrong = visitor.sends(d_bulan="Oktober", **told)
    assert wrong.status_code == 422
    assert 'id="d_bulan" name="d_bulan" value="Oktober"' in wrong.text
    assert 'aria-describedby="bulan-salah"' in wrong.text
    assert visitor.sends(d_bulan="2026-10", keterangan="Tagihan naik", telepon="").status_code == 422
    assert visitor.reports() == []
    visitor.sends(d_bulan="2026-10", **told)
    (report,) = visitor.reports()
    assert (report.kind, report.details) == (ReportKind.KELUHAN, {"bulan": "2026-10"})


def test_a_request_is_filed_with_its_fields(visitor: Visitor) -> None:
    visitor.submits(kategori="sambungan-baru", wilayah="19.71.02", telepon=PHONE)
    visitor.sends(d_alamat="Jl. Seroja 4", d_daya="2200", d_produk="prabayar", d_peruntukan="rumah", telepon=PHONE)
    (report,) = visitor.reports()
    assert (report.kind, report.details["daya"]) == (ReportKind.PERMINTAAN, "2200")


def test_danger_is_said_first_and_gets_a_crew(visitor: Visitor, home: Premises) -> None:
    with visitor.db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="gardu", etr=None, by="spv1", now=NOON)
    visitor.submits(kategori="padam", pelanggan=home.idpel)
    done = visitor.sends(lingkup="area", keterangan="Ada kabel putus di pagar")
    assert "Telepon 123 sekarang" in done.text
    (report,) = visitor.reports()
    assert (report.trouble_code, report.outage_id) == ("bahaya", None)


def test_danger_that_was_entered_as_a_complaint_is_danger(visitor: Visitor, home: Premises) -> None:
    visitor.submits(kategori="tagihan", pelanggan=home.idpel, telepon=PHONE)
    told = visitor.sends(d_bulan="2026-10", keterangan="Meteran meledak, keluar percikan api", telepon=PHONE)
    assert "Telepon 123 sekarang" in told.text
    (report,) = visitor.reports()
    assert (report.kind, report.trouble_code, report.details) == (ReportKind.GANGGUAN, "bahaya", {})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kategori": "", "wilayah": "19.01.01"}, "kategori"),
        ({"kategori": "bukan-apa-apa", "wilayah": "19.01.01"}, "kategori"),
        ({"kategori": "padam"}, "wilayah"),
        ({"kategori": "padam", "wilayah": "99.99"}, "wilayah"),
        ({"kategori": "tagihan", "wilayah": "19.01.01"}, "pelanggan"),
        ({"kategori": "padam", "pelanggan": "999999999999"}, "pelanggan"),
        ({"kategori": "padam", "wilayah": "19.01.01", "telepon": "abc"}, "telepon"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(visitor: Visitor, fields: dict[str, str], field: str) -> None:
    answer = visitor.submits(**fields)
    assert answer.status_code == 422
    assert f'id="{field}-salah"' in answer.text
    assert visitor.reports() == []


def test_wrong_numbers_are_few_but_the_area_can_still_be_chosen(visitor: Visitor, home: Premises) -> None:
    for _ in range(ATTEMPTS):
        assert visitor.submits(kategori="padam", pelanggan="999999999999").status_code == 422
    assert visitor.submits(kategori="padam", pelanggan=home.idpel).status_code == 429
    assert visitor.submits(kategori="padam", pelanggan="", wilayah="31.71.06").status_code == 200


def test_reports_from_one_address_have_an_end(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_report, "MOST", 2)
    for _ in range(2):
        visitor.submits(kategori="padam", wilayah="31.71.06")
        assert visitor.sends(lingkup="area").status_code == 200
    assert visitor.submits(kategori="padam", wilayah="31.71.06").status_code == 429
    assert len(visitor.reports()) == 2
    visitor.clock.advance(seconds=301)
    assert visitor.submits(kategori="padam", wilayah="31.71.06").status_code == 200


def test_the_trap_files_nothing_and_says_why(visitor: Visitor) -> None:
    visitor.submits(kategori="padam", wilayah="31.71.06")
    caught = visitor.sends(lingkup="area", situs="https://spam.example")
    assert caught.status_code == 422
    assert "telepon 123" in caught.text
    assert visitor.reports() == []


def test_a_form_from_elsewhere_is_refused(visitor: Visitor) -> None:
    visitor.submits(kategori="padam", wilayah="31.71.06")
    assert visitor.sends(lingkup="area", csrf="another").status_code == 403
    assert visitor.reports() == []


def test_what_is_typed_is_shown_as_text(visitor: Visitor) -> None:
    visitor.submits(kategori="tagihan", pelanggan="<script>alert(1)</script>")
    assert "<script>alert" not in visitor.page
    visitor.submits(kategori="padam", wilayah="31.71.06")
    visitor.sends(telepon="salah", lingkup="area", keterangan='"><script>alert(1)</script>')
    assert "<script>alert" not in visitor.page
