"""What is owed for power that was off, from plain values: times are added once, and nothing is guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from config.errors import Invalid
from config.operator import operator
from config.schema.compensation import Compensation
from tickets.compensation import darkness, rules, words
from tickets.compensation.darkness import Dark, Month, Move, Span
from tickets.compensation.rules import Assessment, Customer, Missing
from tickets.states import ReportStatus

pytestmark = pytest.mark.unit
NOVEMBER = Month(2026, 11, "WIB")
OPEN, CLOSED = ReportStatus.BELUM_SELESAI, ReportStatus.SELESAI


def at(day: int, hour: float = 0) -> datetime:
    """On the clocks of Jakarta in November 2026."""
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour - 7)


LATER = at(40)


def span(day: int, begin: float, end: float | None) -> Span:
    return Span(at(day, begin), None if end is None else at(day, end))


# --- times without power


def test_what_an_outage_and_a_report_say_of_the_same_hours_counts_once() -> None:
    outage, report, inside = span(4, 12, 15), span(4, 14, 16), span(4, 13, 14)
    found = darkness.within([report, inside, outage], NOVEMBER, now=LATER)
    assert found == Dark(timedelta(hours=4), 1, lasting=False)


def test_power_that_came_back_between_makes_two_times() -> None:
    found = darkness.within([span(4, 12, 15), span(4, 15.5, 16)], NOVEMBER, now=LATER)
    assert found == Dark(timedelta(hours=3.5), 2, lasting=False)


def test_times_that_touch_are_one_and_an_empty_one_is_none() -> None:
    assert darkness.merge([span(4, 12, 13), span(4, 13, 14), span(4, 20, 20)]) == [span(4, 12, 14)]


def test_a_month_gets_its_own_part_and_counts_what_began_in_it() -> None:
    over_midnight = span(30, 22, 26)  # until 2:00 on 1 December
    assert darkness.within([over_midnight], NOVEMBER, now=LATER) == Dark(timedelta(hours=2), 1, lasting=False)
    assert darkness.within([over_midnight], Month(2026, 12, "WIB"), now=LATER) == Dark(
        timedelta(hours=2), 0, lasting=False
    )


def test_a_month_is_that_of_the_unit() -> None:
    """22:30 in Jakarta on 30 November is 0:30 in Jayapura, in December."""
    late = span(30, 22.5, 23)
    assert darkness.within([late], NOVEMBER, now=LATER).times == 1
    assert darkness.within([late], Month(2026, 11, "WIT"), now=LATER) == Dark(timedelta(0), 0, lasting=False)
    assert Month.at(at(30, 22.5), "WIT") == Month(2026, 12, "WIT")


def test_what_lasts_counts_up_to_now() -> None:
    found = darkness.within([span(4, 12, None)], NOVEMBER, now=at(4, 18))
    assert found == Dark(timedelta(hours=6), 1, lasting=True)


def test_months_follow_each_other() -> None:
    assert Month(2026, 1, "WIB").previous() == Month(2025, 12, "WIB")
    assert Month(2026, 12, "WIB").end == Month(2027, 1, "WIB").begin
    assert str(Month.of("2026-02", "WITA")) == "2026-02"
    for wrong in ("2026-13", "2026-00", "november", "26-11", "0000-11"):
        with pytest.raises(Invalid) as fault:
            Month.of(wrong, "WIB")
        assert fault.value.slug == "month"


# --- the time of a report


def test_a_report_counts_until_the_crew_says_that_power_is_on() -> None:
    moves = [Move(at(4, 16), CLOSED, "done")]
    assert darkness.of_report(at(4, 12), moves, [at(4, 15)]) == [span(4, 12, 15)]
    assert darkness.of_report(at(4, 12), moves, []) == [span(4, 12, 16)]  # nobody said when
    assert darkness.of_report(at(4, 12), [], []) == [span(4, 12, None)]


def test_opened_again_it_is_dark_again() -> None:
    moves = [Move(at(4, 16), CLOSED, "done"), Move(at(5, 8), OPEN), Move(at(5, 11), CLOSED, "done")]
    assert darkness.of_report(at(4, 12), moves, [at(4, 15), at(5, 10)]) == [span(4, 12, 15), span(5, 8, 10)]


def test_closed_because_nobody_could_be_reached_power_was_never_back() -> None:
    moves = [Move(at(4, 16), CLOSED, "phone_unreachable"), Move(at(5, 8), OPEN), Move(at(5, 11), CLOSED, "done")]
    assert darkness.of_report(at(4, 12), moves, []) == [Span(at(4, 12), at(5, 11))]
    assert darkness.of_report(at(4, 12), moves[:1], []) == [span(4, 12, 16)]  # nobody came back: no more is known


# --- what is owed


def table(**other: object) -> Compensation:
    """The shipped table with what Menteng has declared: 1 hour, and 2 times."""
    shipped = operator().compensation.model_dump()
    declared = [{"since": date(2018, 1, 1), "hours": 1, "times": 2}]
    return Compensation.model_validate({**shipped, "declared": declared, **other})


def owed(
    hours: float,
    times: int = 1,
    *,
    year: int = 2021,
    adjusted: bool | None = True,
    bill: int | None = 100_000,
    by: Compensation | None = None,
) -> Assessment:
    dark = Dark(timedelta(hours=hours), times, lasting=False)
    customer = Customer("jakarta", "menteng", adjusted, bill)
    month = Month(year, 8, "WIB")
    return rules.assess(by or table(), customer, month, dark, exempt=timedelta(0), final=True)


@pytest.mark.parametrize(
    ("hours", "percent"),
    [
        (0, 0), (1, 0), (1.01, 50), (3, 50), (3.01, 75), (5, 75), (5.01, 100), (9, 100), (9.01, 200), (17, 200),
        (17.01, 300), (41, 300), (41.01, 500), (700, 500),
    ],
)  # fmt: skip
def test_since_2020_it_goes_by_the_hours_above_what_was_declared(hours: float, percent: int) -> None:
    """Permen ESDM 18/2019: up to 2, 4, 8, 16, 40 hours and more above one hour."""
    found = owed(hours)
    assert (found.percent, found.missing) == (percent, ())
    assert found.regulation is not None
    assert found.regulation.name == "Permen ESDM 18/2019"


@pytest.mark.parametrize(("adjusted", "percent"), [(True, 35), (False, 20)])
def test_before_it_went_by_the_tariff_group_and_ten_percent_were_allowed(adjusted: bool, percent: int) -> None:
    """Permen ESDM 27/2017 Pasal 6: more than 10 % above; 35 % where the tariff is adjusted, else 20 %."""
    assert owed(1.1, year=2019, adjusted=adjusted).percent == 0
    assert owed(1.11, year=2019, adjusted=adjusted).percent == percent


def test_what_a_newspaper_reckoned_for_august_2019() -> None:
    """2,200 VA at Rp 1,467.28 a kWh, 40 hours: the minimum bill is Rp 129,121 and 35 % of it Rp 45,192."""
    bill = round(2200 / 1000 * 40 * 1467.28)
    assert owed(9, year=2019, bill=bill).amount == 45_192


def test_too_often_is_owed_as_well_and_the_larger_of_both_is_paid() -> None:
    assert owed(0.5, times=2).percent == 0
    assert owed(0.5, times=3).percent == 35
    assert owed(0.5, times=3, adjusted=False).percent == 20
    assert owed(10, times=3).percent == 200


def test_a_month_is_judged_by_the_regulation_of_its_first_day() -> None:
    found = [one.name for year in (2019, 2020, 2025) if (one := owed(3, year=year).regulation)]
    assert found == ["Permen ESDM 27/2017", "Permen ESDM 18/2019", "Permen ESDM 2/2025"]
    before = owed(3, year=2016)
    assert (before.regulation, before.percent, before.missing) == (None, None, (Missing.REGULATION,))


def test_a_regulation_whose_figures_were_not_seen_gives_nothing_certain() -> None:
    assert owed(3, year=2021).certain is True
    assert owed(3, year=2026).certain is False
    assert "Sementara" in words.told(owed(3, year=2026))


def test_what_is_missing_is_named() -> None:
    undeclared = owed(3, by=table(declared=[{"since": date(2018, 1, 1), "times": 2}]))
    assert (undeclared.percent, undeclared.amount, undeclared.missing) == (None, None, (Missing.DECLARED_HOURS,))
    assert owed(0.5, times=3, adjusted=None).missing == (Missing.TARIFF_ADJUSTED,)
    assert owed(9, year=2019, adjusted=None).percent is None
    no_bill = owed(3, bill=None)
    assert (no_bill.percent, no_bill.amount, no_bill.missing) == (50, None, (Missing.MINIMUM_BILL,))


def test_a_missing_fact_that_would_change_nothing_is_not_asked_for() -> None:
    only_hours = table(declared=[{"since": date(2018, 1, 1), "hours": 1}])
    found = owed(3, times=1, adjusted=None, by=only_hours)  # 50 % already; too often could be 35 % at most
    assert (found.percent, found.missing) == (50, ())
    assert owed(0, times=0, by=table(declared=[])).percent == 0
    assert owed(0.5, by=only_hours).missing == (Missing.DECLARED_TIMES,)


def test_the_narrowest_and_newest_declaration_counts() -> None:
    declared = [
        {"since": date(2018, 1, 1), "hours": 1},
        {"unit": "jakarta", "since": date(2018, 1, 1), "hours": 2},
        {"unit": "jakarta", "since": date(2021, 7, 1), "hours": 3},
        {"unit": "jakarta", "since": date(2021, 9, 1), "hours": 4},
        {"unit": "jakarta", "ulp": "tebet", "since": date(2018, 1, 1), "hours": 9},
        {"unit": "bangka", "since": date(2018, 1, 1), "times": 5},
        {"unit": "bangka", "since": date(2018, 1, 1), "until": date(2019, 1, 1), "hours": 8},
    ]
    found, august = table(declared=declared), date(2021, 8, 1)
    assert found.declared_hours("jakarta", "menteng", august) == 3
    assert found.declared_hours("jakarta", "tebet", august) == 9
    assert found.declared_hours("bangka", "koba", august) == 1
    assert found.declared_times("bangka", "koba", august) == 5
    assert found.declared_times("jakarta", "menteng", august) is None


def test_half_a_rupiah_is_rounded_up() -> None:
    assert owed(3, bill=45_191).amount == 22_596


# --- what is told


def test_a_cso_reads_it_in_one_line() -> None:
    found = owed(3 + 20 / 60, bill=60_256)
    assert words.told(found) == (
        "Agustus 2021: padam 3 jam 20 menit, 1 kali. Kompensasi 75 % rekening minimum (Rp 45.192) menurut "
        "Permen ESDM 18/2019, pada tagihan atau token berikutnya."
    )
    assert words.told(owed(0.5)).endswith("Tidak ada kompensasi.")
    assert "rekening minimum pelanggan belum diketahui" in words.told(owed(3, bill=None))
    assert "belum" not in words.told(owed(3, bill=0))
    assert "TMP lama gangguan unit ini belum diisi" in words.told(owed(3, by=table(declared=[])))
