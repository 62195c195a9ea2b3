"""The pure parts: threshold, phrases, telephone numbers, shapes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.errors import Invalid
from config.operator import prefixes
from tests.fixtures.tickets import NOON, a_report
from tickets.customers.phones import normalise
from tickets.kinds import ReportKind
from tickets.outages import phrases
from tickets.rules import Elapsed, elapsed, excludes_second, needs_work_order

pytestmark = pytest.mark.unit


def test_exactly_three_hours_is_three_hours_or_more() -> None:
    first = NOON
    assert elapsed(first, first + timedelta(minutes=179, seconds=59)) is Elapsed.LT3H
    assert elapsed(first, first + timedelta(minutes=180)) is Elapsed.GE3H


def test_only_a_fault_of_ones_own_is_sent_to_a_crew() -> None:
    assert needs_work_order(ReportKind.GANGGUAN, attached=False)
    assert not needs_work_order(ReportKind.GANGGUAN, attached=True)
    assert not needs_work_order(ReportKind.KELUHAN, attached=False)
    assert not needs_work_order(ReportKind.PERMINTAAN, attached=False)


def test_two_complaints_of_one_customer_are_two_matters() -> None:
    assert excludes_second(ReportKind.GANGGUAN)
    assert not excludes_second(ReportKind.KELUHAN)
    assert not excludes_second(ReportKind.PERMINTAAN)


def test_an_outage_covers_what_lies_below_its_code() -> None:
    assert prefixes("19.71.02") == ["19.71.02", "19.71", "19"]


@pytest.mark.parametrize(
    "text", ["0812 0100 0101", "(0812) 0100-0101", "6281201000101", "+62 812-0100-0101", "+6281201000101"]
)
def test_telephone_numbers_have_one_form(text: str) -> None:
    assert normalise(text) == "+6281201000101"


def test_a_withheld_number_stays_withheld() -> None:
    assert normalise(" ") == ""


ALIKE = ("0000000", "12345", "abc00046", "0800-PLN-LISTRIK", "08123456789;phone-context=x", "٠٨١٢٠١٠٠٠٠٠١")


@pytest.mark.parametrize("text", ["12", "halo", "+62812010001019999999", "0' OR 1=1", *ALIKE])
def test_a_telephone_number_of_the_wrong_shape_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(Invalid) as fault:
        normalise(text)
    assert (fault.value.slug, fault.value.field) == ("phone", "phone")
    assert text not in str(fault.value)


def test_a_report_normalises_its_telephone_number() -> None:
    assert a_report(phone="0812 0100 0101").phone == "+6281201000101"


def test_times_are_spoken_with_their_zone_and_with_the_day_when_it_is_not_today() -> None:
    at = datetime(2026, 11, 22, 11, 58, tzinfo=UTC)
    assert phrases.spoken_time(at, "WIB", NOON) == "pukul 18 lewat 58 WIB"
    assert phrases.spoken_time(at, "WITA", NOON) == "pukul 19 lewat 58 WITA"
    assert phrases.spoken_time(at + timedelta(minutes=2), "WIT", NOON) == "pukul 21 WIT"
    assert phrases.spoken_time(at + timedelta(days=1), "WIB", NOON) == "besok pukul 18 lewat 58 WIB"
    assert phrases.spoken_time(at - timedelta(days=1), "WIB", NOON) == "kemarin pukul 18 lewat 58 WIB"
    assert phrases.spoken_time(at + timedelta(days=9), "WIB", NOON) == "tanggal 1 Desember pukul 18 lewat 58 WIB"


def test_midnight_in_the_zone_of_the_area_decides_what_tomorrow_is() -> None:
    late = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)  # 00:30 WIB on the 23rd
    assert phrases.spoken_time(late, "WIB", NOON) == "besok pukul 0 lewat 30 WIB"


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 menit"), (59.9, "59 menit"), (60, "1 jam"), (125, "2 jam 5 menit")]
)
def test_durations_are_said_in_hours_and_minutes(minutes: float, said: str) -> None:
    assert phrases.duration(timedelta(minutes=minutes)) == said


def test_the_statement_is_composed_from_facts() -> None:
    text = phrases.announcement(
        phrases.Told(
            area="19.71.05",
            since=NOON - timedelta(hours=1, minutes=2),
            cause="gangguan di gardu induk",
            etr=NOON + timedelta(hours=3),
            as_of=NOON,
        )
    )
    assert text == (
        "Area Gerunggang, padam sejak pukul 10 lewat 58 WIB karena gangguan di gardu induk. "
        "Perkiraan menyala pukul 15 WIB. Informasi pukul 12 WIB."
    )


def test_what_is_not_known_is_said_to_follow() -> None:
    text = phrases.announcement(phrases.Told(area="31", since=NOON, cause="", etr=None, as_of=NOON))
    assert "sebab yang masih diperiksa" in text
    assert "Perkiraan waktu nyala menyusul." in text
    assert phrases.holding("31") == (
        "Kami menerima banyak laporan padam dari wilayah DKI Jakarta. Petugas sedang memeriksa. "
        "Perkiraan waktu nyala menyusul."
    )


def test_a_promise_of_the_day_it_began_is_told_without_a_date() -> None:
    assert phrases.promise(NOON + timedelta(hours=2), NOON, "WIB") == "Perkiraan menyala pukul 14 WIB."
    # at midnight "besok" would become wrong
    assert (
        phrases.promise(NOON + timedelta(days=1), NOON, "WIB") == "Perkiraan menyala tanggal 23 November pukul 12 WIB."
    )
