"""Customers who come back, complain or ask for something; messages that come twice. On both databases."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.fixtures.contacts import waits_for_us
from tests.fixtures.tickets import NOON, a_report
from tests.fixtures.wait import until
from tests.fixtures.written import PHONE, Customer, number_in
from tickets import reports
from tickets.dialogue import conversations
from tickets.dialogue.turn import Turn
from tickets.kinds import HistoryKind, ReportingKind, UrgentReason
from tickets.models import Conversation, InboundMessage, Premises, SpecialNeed
from tickets.states import ReportStatus

pytestmark = pytest.mark.database

# --- coming back


def test_masih_padam_within_three_hours_becomes_an_update(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    number = number_in(customer.writes("1"))
    customer.clock.advance(seconds=timedelta(hours=1).total_seconds())
    told = customer.writes("masih padam, petugas belum datang juga")
    assert f"ditambahkan ke laporan {number}" in told
    assert "± 3 (tiga) jam" in told
    assert (customer.report().repeats, customer.report().status) == (0, ReportStatus.BELUM_SELESAI)
    assert "petugas belum datang juga" in customer.report().comment


def test_masih_padam_after_three_hours_becomes_a_repeat(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    customer.clock.advance(seconds=timedelta(hours=3).total_seconds())
    told = customer.writes("belum nyala")
    assert "lapor ulang" in told
    assert "melampaui perkiraan" in told
    assert customer.report().repeats == 1


def test_who_depends_on_power_to_live_is_urgent_without_saying_so(customer: Customer, home: Premises) -> None:
    with customer.db.transaction() as session:
        session.add(SpecialNeed(premises_id=home.id, life_support=True, public_service=False))
    customer.writes("listrik padam")
    customer.writes("1")
    assert "lapor ulang" in customer.writes("masih padam")
    assert customer.report().urgent is UrgentReason.LIFE_SUPPORT


def test_a_finished_fault_is_opened_again_with_its_star(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    number = number_in(customer.writes("1"))
    customer.clock.advance(seconds=timedelta(hours=1).total_seconds())
    customer.finish(customer.report())
    customer.clock.advance(
        seconds=timedelta(hours=30).total_seconds()
    )  # the conversation is forgotten, the report is not
    asked = customer.writes("listrik padam lagi di rumah")
    if "sama" in asked:
        asked = customer.writes("1")
    assert f"Laporan {number} dibuka kembali" in asked
    report = customer.report()
    assert (report.status, report.starred, report.reported_at) == (ReportStatus.BELUM_SELESAI, True, NOON)


@pytest.mark.parametrize(("words", "repeats"), [("kabelnya terbakar sekarang", 1), ("masih padam", 0)])
def test_who_comes_back_about_a_finished_fault_is_heard_on_the_one_open_since(
    customer: Customer, home: Premises, words: str, repeats: int
) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    customer.clock.advance(seconds=timedelta(hours=1).total_seconds())
    customer.finish(customer.report())
    with customer.db.transaction() as session:
        reports.file_report(session, a_report(premises_id=home.id), now=customer.clock.now())
    told = customer.writes(words)
    first, second = customer.reports()
    assert number_in(told) == second.number
    assert (first.status, second.repeats) == (ReportStatus.SELESAI, repeats)
    assert HistoryKind.REPEAT in customer.kinds(second) or words in second.comment


def test_a_new_fault_after_a_finished_one_is_a_new_report(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    customer.clock.advance(seconds=timedelta(hours=1).total_seconds())
    customer.finish(customer.report())
    customer.writes("menu")
    assert "gangguan yang sama" in customer.writes("mati lampu")
    customer.writes("2")
    customer.writes("1")
    assert len(customer.reports()) == 2


def test_kabar_is_answered_and_leaves_the_report_as_it_was(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    before = customer.report()
    told = customer.writes("kabar?")
    assert before.number in told
    assert "regu sudah ditugaskan" in told
    assert customer.report().comment == before.comment
    assert customer.report().repeats == 0


def test_another_reporter_of_the_same_premises_is_asked_what_it_is_about(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    neighbour = Customer(customer.db, customer.clock, "+6281999999999")
    neighbour.writes("listrik padam")
    asked = neighbour.writes(home.idpel)
    assert "Kabar laporan ini" in asked
    assert "ditambahkan" in neighbour.writes("2")
    assert len(customer.reports()) == 1


def test_a_change_is_added_and_the_second_number_kept(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    assert "1. Kabar" in customer.writes("pagar hitam dekat musala")
    told = customer.writes("3")
    assert "ditambahkan" in told
    assert "pagar hitam dekat musala" in customer.report().comment
    customer.writes("ganti nomor saya jadi 0813 1111 2222")
    assert (customer.report().phone, customer.report().mobile) == (PHONE, "+6281311112222")


def test_a_bare_telephone_number_is_the_second_number_of_the_report(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    assert "ditambahkan" in customer.writes("081311112222")
    assert customer.report().mobile == "+6281311112222"
    assert "kembali" in customer.writes("terima kasih")


def test_somebody_elses_report_needs_the_number_of_its_premises(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    number = number_in(customer.writes("1"))
    other = Customer(customer.db, customer.clock, "+6281999999999")
    other.writes("status laporan")
    assert "IDPEL" in other.writes(number)
    assert "tidak kami temukan" in other.writes("540000999999")
    other.writes(number)
    assert number in other.writes(home.idpel)
    both = Customer(customer.db, customer.clock, "+6281999999998")
    both.writes("status laporan")
    assert number in both.writes(f"{number} {home.idpel}")


@pytest.mark.parametrize("ask", ["status {}", "{}"])
def test_pairs_of_numbers_can_be_guessed_a_few_times_only(customer: Customer, home: Premises, ask: str) -> None:
    customer.writes("listrik padam")
    number = number_in(customer.writes("1"))
    other = Customer(customer.db, customer.clock, "+6281999999999")
    for guess in range(Turn.MOST_MISSES):
        other.writes("status laporan")
        other.writes(ask.format(f"{number} 5400009{guess:05}"))
    other.writes("status laporan")
    assert "Laporan G" not in other.writes(ask.format(f"{number} {home.idpel}"))


# --- complaints and requests


def test_a_complaint_is_filed_with_its_category_and_fields(customer: Customer, home: Premises) -> None:
    customer.writes("selamat siang")
    assert "Keluhan tentang apa" in customer.writes("2")
    customer.writes("1")
    wrong = customer.writes("Oktober")
    assert "bentuknya keliru" in wrong
    assert "Ceritakan" in customer.writes("2026-10")
    told = customer.writes("Tagihan naik dua kali lipat padahal rumah kosong.")
    report = customer.report()
    assert (report.kind, report.trouble_code, report.details) == ("K", "tagihan", {"bulan": "2026-10"})
    assert report.premises_id == home.id
    assert "Kami jawab paling lambat besok pukul 12.00 WIB" in told


def test_a_complaint_about_a_meter_needs_the_premises(customer: Customer) -> None:
    customer.writes("token saya tidak masuk")
    asked = customer.writes("tidak tahu")
    assert "IDPEL" in asked
    assert not customer.reports()


def test_a_request_is_asked_field_by_field(customer: Customer) -> None:
    assert "kecamatan" in customer.writes("mau pasang baru untuk ruko")
    customer.writes("Sungailiat")
    assert "450 VA" in customer.writes("Jl. Pemuda 12")
    customer.writes("1300 VA")
    customer.writes("2")
    told = customer.writes("bisnis")
    report = customer.report()
    assert (report.kind, report.trouble_code, report.area) == ("P", "sambungan-baru", "19.01.01")
    assert report.details == {
        "alamat": "Jl. Pemuda 12", "daya": "1300", "produk": "pascabayar", "peruntukan": "bisnis",
    }  # fmt: skip
    assert report.number in told


def test_a_finished_complaint_that_is_not_solved_becomes_a_new_one(customer: Customer, home: Premises) -> None:
    customer.writes("keluhan pelayanan petugas")
    first = re.search(r"54\d{9}", customer.writes("Petugas datang terlambat dan tidak sopan."))
    assert first
    with customer.db.transaction() as session:
        report = reports.by_number(session, first[0])
        report.status, report.resolved_at = ReportStatus.SELESAI, NOON
    told = customer.writes("belum teratasi, masih sama")
    assert "laporan baru" in told
    old, new = customer.reports()
    assert new.related_id == old.id
    assert number_in(told) == new.number


# --- once


def test_a_message_that_comes_twice_is_answered_with_the_same_words_and_files_once(
    customer: Customer, home: Premises
) -> None:
    customer.writes("listrik padam")
    first = customer.writes("1", id="SM-twice")
    assert customer.writes("1", id="SM-twice") == first
    assert len(customer.reports()) == 1
    with customer.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(InboundMessage)) == 2


def test_a_conversation_is_forgotten_after_a_day_of_silence(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.clock.advance(seconds=timedelta(hours=24).total_seconds())
    assert "Selamat datang" in customer.writes("1")
    with customer.db.transaction() as session:
        assert conversations.forget(session, now=customer.clock.now() + timedelta(days=31)) == 3
        assert session.scalar(select(func.count()).select_from(Conversation)) == 0


def test_a_state_of_another_version_is_begun_again(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    with customer.db.transaction() as session:
        talk = session.scalars(select(Conversation)).one()
        talk.state = {**talk.state, "ask": "no longer a question", "category": "no longer a category"}
    assert "1. Listrik padam" in customer.writes("2")


def test_a_rule_that_forbids_is_told_and_changes_nothing(customer: Customer, home: Premises) -> None:
    customer.writes("keluhan token")
    with customer.db.transaction() as session:
        talk = session.scalars(select(Conversation)).one()
        talk.state = {**talk.state, "area": "99.99", "premises": None, "ask": "describe", "category": "lain"}
    customer.writes("Lampu jalan depan rumah tidak pernah menyala.")
    assert not customer.reports()


def test_a_number_that_answers_nothing_is_no_second_report(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    customer.writes("1")  # a second 1 is no second report
    assert len(customer.reports()) == 1


def test_the_same_message_delivered_at_once_by_many_is_one_report(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    with ThreadPoolExecutor(6) as threads:
        replies = set(threads.map(lambda _: customer.writes("1", id="SM-at-once"), range(6)))
    assert len(replies) == 1
    assert len(customer.reports()) == 1


def test_many_messages_of_one_sender_at_once_file_one_report(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(lambda n: customer.writes("1", id=f"SM-many-{n}"), range(6)))
    assert len(customer.reports()) == 1


def test_a_message_waits_for_the_one_that_is_being_answered(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    menu = conversations.Written(ReportingKind.WHATSAPP, PHONE, "SM-menu", "menu", phone=PHONE)
    with ThreadPoolExecutor(1) as threads:
        with customer.db.transaction() as session:
            conversations.receive(session, menu, now=customer.clock.now())
            second = threads.submit(customer.writes, "1")
            until(lambda: waits_for_us(customer.db), 20, "the second message waits")
        second.result(timeout=20)
    assert customer.reports() == []  # 1 of the menu, not of the question before it
