"""A customer writes about a fault, or about danger: what is asked, told and filed. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.fixtures.tickets import NOON, a_premises, link_phone
from tests.fixtures.written import PHONE, Customer, number_in
from tickets import history, workorders
from tickets.kinds import HistoryKind, ReportKind, UrgentReason
from tickets.models import Premises, Subscription
from tickets.outages import outages, statements

pytestmark = pytest.mark.database

# --- a fault


def test_a_known_number_reports_in_two_messages_and_hears_the_number_and_when_it_is_answered(
    customer: Customer, home: Premises
) -> None:
    asked = customer.writes("Listrik padam sejak jam 11, MCB tidak turun")
    assert "Jl. Kenanga Raya" in asked
    assert "Sekar" not in asked
    assert home.address not in asked
    told = customer.writes("1")
    report = customer.report()
    assert number_in(told) == report.number
    assert "besok pukul 12.00 WIB" in told  # 1×24 h from noon
    assert "± 3 (tiga) jam" in told
    assert "/lacak" in told
    assert (report.kind, report.reporting_kind, report.trouble_code) == (ReportKind.GANGGUAN, "whatsapp", "padam")
    assert (report.premises_id, report.phone, report.multiple_premises) == (home.id, PHONE, False)
    assert report.comment == "Listrik padam sejak jam 11, MCB tidak turun"
    assert report.respond_by == NOON + timedelta(hours=24)


def test_the_menu_leads_there_too(customer: Customer, home: Premises) -> None:
    assert "1. Listrik padam" in customer.writes("selamat siang")
    assert "hanya bangunan" in customer.writes("1")
    assert number_in(customer.writes("2")) == customer.report().number
    assert customer.report().multiple_premises is None


def test_of_several_premises_the_customer_picks_the_street(customer: Customer) -> None:
    with customer.db.transaction() as session:
        two = [a_premises(session), a_premises(session)]
        two[1].street = "Jl. Melur"
        link_phone(session, PHONE, *two)
    asked = customer.writes("mati lampu")
    assert "1. Jl. Kenanga Raya" in asked
    assert "2. Jl. Melur" in asked
    customer.writes("melur, jl")  # not the street's name: asked again
    customer.writes("2")
    customer.writes("ya")
    assert customer.report().premises_id == two[1].id


@pytest.mark.parametrize("which", ["idpel", "meter"])
def test_an_unknown_number_names_its_premises_and_is_told_only_the_area(customer: Customer, which: str) -> None:
    with customer.db.transaction() as session:
        home = a_premises(session)
    assert "IDPEL" in customer.writes("listrik padam")
    digits = getattr(home, which)
    asked = customer.writes(f"{digits[:4]} {digits[4:8]} {digits[8:]}")
    assert "Menteng" in asked
    assert home.street not in asked
    customer.writes("1")
    assert customer.report().premises_id == home.id


def test_a_customer_number_in_the_first_message_is_enough(customer: Customer) -> None:
    with customer.db.transaction() as session:
        home = a_premises(session)
    told = customer.writes(f"Halo, listrik padam di rumah saya saja, IDPEL {home.idpel}, hubungi 0812-3456-7890")
    assert number_in(told) == customer.report().number
    assert customer.report().premises_id == home.id
    assert customer.report().multiple_premises is False


def test_who_does_not_know_the_number_names_the_area(customer: Customer) -> None:
    customer.writes("listrik padam satu kampung")
    assert "kecamatan" in customer.writes("tidak tahu")
    asked = customer.writes("Jakarta")
    assert "1. " in asked
    assert "Jakarta Selatan" in asked
    told = customer.writes("di tebet")
    assert number_in(told) == customer.report().number
    assert (customer.report().area, customer.report().premises_id) == ("31.74.01", None)


def test_wrong_numbers_are_few_and_lead_to_the_area(customer: Customer) -> None:
    with customer.db.transaction() as session:
        home = a_premises(session)
    customer.writes("padam")
    replies = [customer.writes("999999999999") for _ in range(3)]
    assert all("tidak kami temukan" in reply for reply in replies)
    assert "kecamatan" in replies[-1]
    for _ in range(6):
        customer.writes("menu")
        customer.writes("padam")
        customer.writes("999999999999")
    customer.writes("menu")
    customer.writes("padam")
    assert "tidak kami temukan" in customer.writes(home.idpel)  # after so many guesses a right one is none either


def test_what_is_known_of_the_area_is_told_first(customer: Customer, home: Premises) -> None:
    with customer.db.transaction() as session:
        outage = outages.confirm_outage(
            session, area="31.71", cause="gardu terbakar", etr=NOON + timedelta(hours=2), by="spv1", now=NOON
        )
        statements.publish(session, outage.id, text=None, by="spv1", now=NOON)
    told = customer.writes("listrik padam")
    assert "gardu terbakar" in told
    assert "Perkiraan menyala" in told
    assert not customer.reports()
    filed = customer.writes("1")
    assert customer.report().outage_id == outage.id
    assert "Jakarta Pusat" in filed or "Menteng" in filed
    with customer.db.reading() as session:
        assert session.scalars(select(Subscription)).one().phone == PHONE


def test_only_my_house_leaves_the_outage(customer: Customer, home: Premises) -> None:
    with customer.db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="gardu", etr=None, by="spv1", now=NOON)
    customer.writes("listrik padam")
    customer.writes("2")
    assert customer.report().outage_id is None
    with customer.db.reading() as session:
        assert workorders.of_report(session, customer.report().id) is not None


# --- danger


def test_danger_is_filed_at_once_marked_and_told_to_keep_away(customer: Customer, home: Premises) -> None:
    with customer.db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="gardu", etr=None, by="spv1", now=NOON)
    told = customer.writes("tolong ada KABEL PUTUS di depan rumah, keluar percikan!")
    assert told.startswith("BAHAYA?")
    assert "123" in told
    report = customer.report()
    assert report.trouble_code == "bahaya"
    assert report.outage_id is None  # whatever is known of the area: a crew is sent
    assert number_in(told) == report.number


def test_danger_where_the_place_is_unknown_warns_first_and_then_asks(customer: Customer) -> None:
    assert customer.writes("ada yang tersetrum!").startswith("BAHAYA?")
    customer.writes("tidak tahu")
    customer.writes("Menteng, kabel putus")
    assert customer.report().trouble_code == "bahaya"
    assert "tersetrum" in customer.report().comment


def test_danger_with_its_area_named_is_filed_at_once(customer: Customer) -> None:
    told = customer.writes("ada kabel putus dan kebakaran di Menteng")
    assert told.startswith("BAHAYA?")
    assert (customer.report().area, customer.report().trouble_code) == ("31.71.06", "bahaya")
    assert "± 3" not in told


def test_danger_about_an_open_report_is_an_urgent_repeat_within_three_hours(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    customer.writes("1")
    customer.clock.advance(seconds=timedelta(minutes=20).total_seconds())
    told = customer.writes("sekarang kabelnya terbakar")
    assert "lapor ulang" in told
    assert customer.report().repeats == 1


def test_danger_told_before_its_place_is_as_urgent_where_a_report_is_open(customer: Customer) -> None:
    with customer.db.transaction() as session:
        home = a_premises(session)
    customer.writes(f"listrik padam di rumah saya saja, IDPEL {home.idpel}")
    neighbour = Customer(customer.db, customer.clock, "+6281999999999")
    neighbour.writes("ada yang tersetrum!")
    assert "lapor ulang" in neighbour.writes(home.idpel)
    report = customer.report()
    assert (report.repeats, report.urgent) == (1, UrgentReason.HAZARD)
    with customer.db.reading() as session:
        (told,) = (row.note for row in history.of(session, report.id) if row.kind is HistoryKind.REPEAT)
    assert told == "ada yang tersetrum!"


# --- manners


@pytest.mark.parametrize("words", ["batal", "menu", "asdfgh", "", "123456", "terima kasih", "petugas cs", "0", "9"])
@pytest.mark.parametrize("before", [(), ("padam",), ("2",), ("3", "1"), ("4",), ("padam", "tidak tahu")])
def test_nothing_ends_in_silence(customer: Customer, before: tuple[str, ...], words: str) -> None:
    for said in before:
        assert customer.writes(said).strip()
    assert customer.writes(words, attachments=0 if words else 1).strip()


def test_a_picture_is_said_to_be_unread_and_noted(customer: Customer, home: Premises) -> None:
    assert "hanya dapat membaca teks" in customer.writes("", attachments=1)
    customer.writes("listrik padam")
    assert "hanya dapat membaca teks" in customer.writes("1", attachments=2)
    assert HistoryKind.COMMENT in customer.kinds(customer.report())


def test_batal_files_nothing(customer: Customer, home: Premises) -> None:
    customer.writes("listrik padam")
    assert "tidak ada yang dicatat" in customer.writes("batal")
    assert not customer.reports()


def test_english_where_it_is_asked_for(customer: Customer, home: Premises) -> None:
    assert "How can we help" in customer.writes("English please")
    assert "Is only your building dark" in customer.writes("no electricity at home")
    told = customer.writes("yes")
    assert "Your report is filed" in told
    assert "We answer by tomorrow 12:00 WIB" in told
