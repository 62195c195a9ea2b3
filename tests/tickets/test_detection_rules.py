"""When many calls from a place count as an outage: the pure rules, on invented people."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.operator import operator
from simulation.outage_calls import poisson, ulp
from tickets.detection.baseline import HOUR, WEEK, Baseline, expected, hour_of_week, learn, silent, usual
from tickets.detection.judge import Finding, Network, find
from tickets.detection.people import Heard, distinct
from tickets.detection.tail import highest_usual, limit, tail

pytestmark = pytest.mark.unit

MONDAY = datetime(2026, 11, 15, 17, tzinfo=UTC)  # 00:00 WIB
WIB = timedelta(hours=7)
NOON = MONDAY + timedelta(days=1, hours=12)
RULES = operator().detection
means = st.floats(0.001, 200)
sizes = st.floats(0.2, 1e6)
people_st = st.lists(
    st.tuples(st.sampled_from(["", "+6281", "+6282", "+6283"]), st.sampled_from([None, 1, 2, 3])), max_size=8
)


def at(minutes: float, place: str = "ulp:menteng", who: object = None, *, reported: bool = True) -> Heard:
    """Somebody else each time, so long before noon."""
    kind, _, name = place.partition(":")
    known = {"ulp": ("31.71.06", name, ""), "feeder": ("31.71.06", name.partition("-")[0], name)}[kind]
    if kind == "ulp":
        known = ({"menteng": "31.71.06", "tebet": "31.74.01", "cempaka-putih": "31.71.05"}[name], name, "")
    area, ulp_code, feeder = known
    phone = f"+62{Random(f'{minutes}{place}{who}').randrange(10**9):09}"  # noqa: S311
    return Heard(NOON - timedelta(minutes=minutes), area, ulp_code, feeder, phone, None, reported)


def many(count: int, place: str, within: float = 4.0, *, reported: bool = True) -> list[Heard]:
    return [at(within * (number + 1) / (count + 1), place, number, reported=reported) for number in range(count)]


def place(customers: int = 60_000) -> Baseline:
    return Baseline(customers, WIB, MONDAY)


# --- people


def test_the_same_number_ten_times_is_one_person() -> None:
    one = at(3)
    assert distinct([one] * 10) == 1


def test_one_number_for_ten_premises_is_one_person_and_a_family_with_three_telephones_is_one() -> None:
    a = [Heard(NOON, "31", "menteng", "", "+6281", premises) for premises in range(10)]
    assert distinct(a) == 1
    family = [Heard(NOON, "31", "menteng", "", phone, 4) for phone in ("+6281", "+6282", "+6283")]
    assert distinct(family) == 1
    assert distinct([*family, Heard(NOON, "31", "menteng", "", "+6284", 5)]) == 2


def test_whoever_tells_neither_number_nor_premises_counts_once_together() -> None:
    assert distinct([Heard(NOON, "31", "menteng")] * 7) == 1


@settings(deadline=None)
@given(people_st)
def test_people_are_never_more_than_telephones_or_premises_and_their_order_is_nothing(
    told: list[tuple[str, int | None]],
) -> None:
    heard = [Heard(NOON, "31", "menteng", "", phone, premises) for phone, premises in told]
    count = distinct(heard)
    assert count == distinct(reversed(heard))
    assert count <= len(heard)
    both = [one for one in heard if one.phone and one.premises]
    assert distinct(both) <= min(len({one.phone for one in both}), len({one.premises for one in both}))
    assert distinct([*heard, *heard]) == count


# --- the tail


@settings(deadline=None)
@given(st.integers(0, 400), means, sizes)
def test_more_people_are_never_likelier(count: int, mean: float, size: float) -> None:
    first, second = tail(count, mean, size), tail(count + 1, mean, size)
    assert 0 <= second <= first + 1e-9 <= 1 + 1e-9


@settings(deadline=None)
@given(st.integers(0, 40), st.floats(0.01, 30))
def test_a_large_size_is_poissons(count: int, mean: float) -> None:
    poissons = 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count))
    assert tail(count, mean, 1e9) == pytest.approx(poissons, rel=1e-3, abs=1e-6)


@settings(deadline=None)
@given(st.integers(0, 60), st.floats(0.01, 2), st.floats(0.5, 50))
def test_what_varies_more_surprises_less(more: int, mean: float, size: float) -> None:
    count = math.ceil(4 * mean) + 3 + more
    assert tail(count, mean, size) >= tail(count, mean, size * 2) * (1 - 1e-9)


def test_the_far_tail_keeps_its_digits() -> None:
    exact = sum(math.comb(k + 1, k) * (2 / 3) ** 2 * (1 / 3) ** k for k in range(40, 200))
    assert tail(40, 1.0, 2.0) == pytest.approx(exact, rel=1e-9)


@settings(deadline=None)
@given(st.floats(0.001, 30), st.floats(0.2, 1e6))
def test_the_highest_usual_count_is_the_last_that_is_likely_enough(mean: float, size: float) -> None:
    most = highest_usual(mean, size, 0.001)
    assert tail(most + 1, mean, size) < 0.001 + 1e-9
    assert tail(most, mean, size) >= 0.001 - 1e-9


def test_all_tests_of_a_year_share_what_is_allowed() -> None:
    one = limit(12, places=100, windows=3)
    assert one * 100 * 3 * 365 * 24 * 60 == pytest.approx(12)
    assert limit(12, places=0, windows=1) < 1


# --- the baseline


def test_a_place_without_a_past_is_expected_as_its_customers_let_expect() -> None:
    day = sum(usual(place(60_000), hour, RULES).mean for hour in range(24))
    assert day == pytest.approx(60_000 * RULES.prior.people_per_customer_day)
    assert usual(place(10), 12, RULES).mean == usual(place(RULES.prior.customers_least), 12, RULES).mean
    unsure = usual(place(60_000), 12, RULES).size
    assert unsure < RULES.spread


@settings(deadline=None)
@given(st.integers(0, 3000), st.integers(1, 400))
def test_silence_told_at_once_is_silence_told_hour_by_hour(before: int, more: int) -> None:
    start = silent(place(), MONDAY + before * HOUR, RULES)
    end = start.until + more * HOUR
    at_once, by_hour = silent(start, end, RULES), start
    for hour in range(more):
        by_hour = learn(by_hour, start.until + hour * HOUR, 0, RULES)
    assert by_hour.until == at_once.until
    assert by_hour.hours == pytest.approx(at_once.hours)
    assert by_hour.people == pytest.approx(at_once.people)


@cache
def _taught(counts: tuple[int, ...], weeks: int) -> Baseline:
    """Each hour of `weeks` has passed with the count of its hour of the day."""
    known = place()
    for hour in range(weeks * WEEK):
        known = learn(known, MONDAY + hour * HOUR, counts[hour % 24], RULES)
    return known


def test_a_places_own_past_takes_over() -> None:
    own = (0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 2, 2, 2, 2, 2, 3, 4, 9, 9, 5, 3, 1, 0)
    known = _taught(own, 10)
    assert usual(known, 18, RULES).mean == pytest.approx(8.5, abs=0.5)
    assert usual(known, 3, RULES).mean < 0.5
    assert usual(known, 18, RULES).size > usual(place(), 18, RULES).size


def test_hours_are_those_of_the_places_own_clocks() -> None:
    assert hour_of_week(MONDAY, WIB) == 0
    assert hour_of_week(MONDAY, timedelta(hours=9)) == 2
    assert hour_of_week(MONDAY - HOUR, WIB) == WEEK - 1


@settings(deadline=None)
@given(st.integers(100, 100_000))
def test_an_outage_nobody_noticed_teaches_no_more_than_a_busy_hour(people: int) -> None:
    known = _taught((2,) * 24, 8)
    ordinary = usual(known, 12, RULES)
    after = learn(silent(known, known.until + 12 * HOUR, RULES), known.until + 12 * HOUR, people, RULES)
    assert usual(after, 12, RULES).mean <= ordinary.mean * 1.5
    assert after == learn(silent(known, known.until + 12 * HOUR, RULES), known.until + 12 * HOUR, 50, RULES)


def test_an_hour_known_to_be_dark_teaches_nothing() -> None:
    known = _taught((2,) * 24, 4)
    after = learn(known, known.until, 500, RULES, dark=True)
    assert (after.people, after.hours) == (known.people, known.hours)
    assert after.until == known.until + HOUR


def test_an_hour_that_was_told_already_is_not_told_again() -> None:
    known = learn(place(), MONDAY, 3, RULES)
    assert learn(known, MONDAY, 3, RULES) == known


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(0, WEEK * 60))
def test_what_is_expected_of_two_windows_is_what_is_expected_of_both(minutes: int, start: int) -> None:
    known, since = place(), MONDAY + timedelta(minutes=start)
    middle, until = since + timedelta(minutes=minutes / 2), since + timedelta(minutes=minutes)
    halves = expected(known, since, middle, RULES).mean + expected(known, middle, until, RULES).mean
    assert expected(known, since, until, RULES).mean == pytest.approx(halves)


# --- the places

BASELINES = {
    "ulp:menteng": place(), "ulp:cempaka-putih": place(), "ulp:tebet": place(),
    **{f"feeder:menteng-{n}": place(2400) for n in range(8)},
}  # fmt: skip
JAKARTA = Network(
    11,
    {"menteng": 8},
    {"31": frozenset({"menteng", "cempaka-putih", "tebet"}), "31.71": frozenset({"menteng", "cempaka-putih"})},
)


def found(heard: list[Heard], proposed: tuple[str, ...] = ()) -> list[Finding]:
    return find(heard, BASELINES, JAKARTA, proposed=proposed, now=NOON, rules=RULES)


def codes(heard: list[Heard], proposed: tuple[str, ...] = ()) -> list[str]:
    return sorted(one.code for one in found(heard, proposed))


def test_a_quiet_noon_finds_nothing() -> None:
    assert found([at(50), at(20), at(3)]) == []


def test_a_dark_feeder_is_found_with_its_evidence() -> None:
    (one,) = found(many(7, "feeder:menteng-1"))
    assert one.code == "feeder:menteng-1"
    assert (one.people, one.reports, one.minutes) == (7, 7, 5)
    assert one.expected < 0.1
    assert one.p <= one.limit
    assert one.since == min(h.at for h in many(7, "feeder:menteng-1"))


def test_a_dark_ulp_is_found_without_knowing_any_feeder() -> None:
    assert codes(many(40, "ulp:menteng")) == ["ulp:menteng"]


def test_calls_without_a_single_report_may_be_news() -> None:
    assert found(many(40, "ulp:menteng", reported=False)) == []
    assert codes([*many(38, "ulp:menteng", reported=False), *many(2, "ulp:menteng", 3)]) == ["ulp:menteng"]


def test_four_neighbours_are_no_outage_however_unlikely() -> None:
    assert found(many(4, "feeder:menteng-1")) == []


def test_one_dark_feeder_does_not_make_its_ulp_dark() -> None:
    assert codes(many(60, "feeder:menteng-1")) == ["feeder:menteng-1"]


def test_half_of_the_feeders_are_the_ulp_and_are_proposed_once() -> None:
    heard = [one for feeder in range(4) for one in many(8, f"feeder:menteng-{feeder}")]
    assert codes(heard) == ["ulp:menteng"]
    two = [one for feeder in range(2) for one in many(8, f"feeder:menteng-{feeder}")]
    assert codes(two) == ["feeder:menteng-0", "feeder:menteng-1"]


def test_a_fourth_feeder_after_three_proposals_makes_it_the_ulp() -> None:
    heard = [one for feeder in range(4) for one in many(8, f"feeder:menteng-{feeder}")]
    three = tuple(f"feeder:menteng-{feeder}" for feeder in range(3))
    assert codes(heard, three) == ["ulp:menteng"]
    assert codes(heard, (*three, "feeder:menteng-3")) == []


def test_neighbouring_ulps_are_proposed_as_the_area_that_fits_them() -> None:
    both = [*many(40, "ulp:menteng"), *many(40, "ulp:cempaka-putih")]
    (one,) = found(both)
    assert one.code == "31.71"
    assert one.people == 80
    assert codes([*both, *many(40, "ulp:tebet")]) == ["31"]


def test_a_second_ulp_after_the_proposal_of_the_first_widens_it_to_the_area() -> None:
    both = [*many(40, "ulp:menteng"), *many(40, "ulp:cempaka-putih")]
    assert codes(both, ("ulp:menteng",)) == ["31.71"]
    assert codes([*both, *many(40, "ulp:tebet")], ("31.71",)) == ["31"]


def test_what_is_proposed_already_is_not_proposed_again() -> None:
    assert codes(many(40, "ulp:menteng"), ("ulp:menteng",)) == []
    assert codes(many(40, "feeder:menteng-1"), ("31",)) == []


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(BASELINES)), max_size=60), st.randoms())
def test_no_proposal_lies_inside_another(places: list[str], draw: Random) -> None:
    heard = [at(draw.uniform(0, 30), one, number) for number, one in enumerate(places) for _ in range(3)]
    result = codes(heard)
    ulps = {code for code in result if code.startswith("ulp:")}
    for code in result:
        if code.startswith("feeder:"):
            assert "ulp:menteng" not in result
            assert not {"31", "31.71"} & set(result)
    assert not (ulps & {"ulp:menteng", "ulp:cempaka-putih"} and "31.71" in result)
    assert not (ulps and "31" in result)


# --- the generator


def test_the_same_seed_makes_the_same_calls() -> None:
    assert ulp(5, 14).heard == ulp(5, 14).heard
    assert ulp(5, 14).heard != ulp(6, 14).heard


def test_the_generators_counts_have_their_mean() -> None:
    draw = Random(3)  # noqa: S311
    for mean in (0.3, 7.0, 900.0):
        assert sum(poisson(draw, mean) for _ in range(4000)) / 4000 == pytest.approx(mean, rel=0.06)
