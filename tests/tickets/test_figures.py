"""Figures of service from plain values: what is counted, once, and against which aim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.operator import operator
from config.schema.kpi import Figure
from tests.fixtures.tickets import NOON
from tickets.figures import card, definitions
from tickets.figures.definitions import Judged, Value, achieved
from tickets.figures.sample import Filed, Order, Sample, jobs
from tickets.kinds import ReportKind
from tickets.models import ScoreEntry

pytestmark = pytest.mark.unit
G, K = ReportKind.GANGGUAN, ReportKind.KELUHAN


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def order(arrived: float | None = None, started: float | None = None, lit: float | None = None, **other: Any) -> Order:
    """The minutes of its steps since noon; of report 1 unless told."""
    steps = [None if one is None else at(one) for one in (arrived, started, lit)]
    plain = Order(1, None, 0, "menteng", False, NOON, *steps)
    return replace(plain, **other)


def filed(kind: ReportKind = G, **other: Any) -> Filed:
    plain = Filed(kind, "menteng", NOON, None, 0, None, None, None, False)
    return replace(plain, **other)


def sample(
    *,
    orders: Sequence[Order] = (),
    reports: Sequence[Filed] = (),
    stars: tuple[int, ...] = (),
    days: int = 1,
    now: float = 1440,
) -> Sample:
    return Sample(tuple(jobs(orders)), tuple(reports), stars, days, at(now))


def value(of: Sample, figure: Figure) -> Value:
    return judged(of, figure).value


def judged(of: Sample, figure: Figure) -> Judged:
    return next(one for one in definitions.judge(of, operator().kpi) if one.figure is figure)


def test_response_counts_from_the_report_to_the_first_arrival() -> None:
    orders = [order(minutes, report_id=number) for number, minutes in enumerate([10, 20, 30, 40, 100], start=1)]
    assert value(sample(orders=orders), Figure.RESPONSE_TIME) == Value(5, value=40, median=30, p90=100)


def test_nine_in_ten_are_within_the_p90() -> None:
    orders = [order(minutes, report_id=minutes) for minutes in range(1, 11)]
    assert value(sample(orders=orders), Figure.RESPONSE_TIME).p90 == 9


def test_a_clock_that_was_put_right_gives_no_time_below_nothing() -> None:
    assert value(sample(orders=[order(-5)]), Figure.RESPONSE_TIME) == Value(1, 0, 0, 0)


def test_an_order_that_several_crews_had_is_one_errand() -> None:
    """The first crew came and gave it back, the next one mended it: an order that was cancelled, and another."""
    orders = [order(30, 40, cancelled=True), order(60, 70, 90)]
    found = sample(orders=orders)
    assert value(found, Figure.RESPONSE_TIME) == Value(1, 30, 30, 30)
    assert value(found, Figure.RECOVERY_TIME) == Value(1, 20, 20, 20)


def test_an_outage_is_one_errand_however_many_places_must_be_mended() -> None:
    of_outage = {"report_id": None, "outage_id": 7, "period": 1}
    orders = [order(20, 30, 60, **of_outage), order(40, 50, 200, **of_outage)]
    found = sample(orders=orders)
    assert value(found, Figure.RESPONSE_TIME) == Value(1, 20, 20, 20)
    assert value(found, Figure.RECOVERY_TIME) == Value(1, 170, 170, 170)  # on when it is on behind all of them
    second = order(500, 510, 520, **{**of_outage, "period": 2})
    assert value(sample(orders=[*orders, second]), Figure.RESPONSE_TIME).count == 2  # power went again


def test_an_outage_is_not_on_while_it_is_dark_behind_one_place() -> None:
    of_outage = {"report_id": None, "outage_id": 7, "period": 1}
    found = sample(orders=[order(20, 30, 60, **of_outage), order(40, 50, None, **of_outage)], now=100)
    assert value(found, Figure.RECOVERY_TIME) == Value(0)
    assert value(found, Figure.RECOVERY_WITHIN) == Value(0)  # the 180 minutes are not over yet
    assert value(replace(found, now=at(211)), Figure.RECOVERY_WITHIN) == Value(1, 0)


@pytest.mark.parametrize(("arrived", "now", "share"), [(45, 50, 100), (45.1, 50, 0), (None, 46, 0), (None, 45, None)])
def test_forty_five_minutes_are_kept_exactly_and_missed_when_they_have_passed(
    arrived: float | None, now: float, share: float | None
) -> None:
    assert value(sample(orders=[order(arrived)], now=now), Figure.RESPONSE_WITHIN).value == share


def test_who_needs_no_crew_any_more_is_not_waited_for() -> None:
    assert value(sample(orders=[order(cancelled=True)]), Figure.RESPONSE_WITHIN) == Value(0)


def test_a_report_that_was_told_again_often_counts_once() -> None:
    reports = [filed(repeats=3), filed(), filed(), filed(), filed(K, repeats=1)]
    assert value(sample(reports=reports), Figure.REPEATED_REPORTS) == Value(4, 25)


def test_ratings_are_negative_up_to_two_stars() -> None:
    found = sample(stars=(1, 2, 3, 5))
    assert value(found, Figure.NEGATIVE_RATINGS) == Value(4, 50)
    assert value(found, Figure.SATISFACTION) == Value(4, 2.75, 2.5)


def test_three_hours_are_kept_from_the_report() -> None:
    reports = [filed(resolved_at=at(180)), filed(resolved_at=at(181)), filed(), filed(reported_at=at(1400))]
    assert value(sample(reports=reports), Figure.PROMISE_KEPT).count == 3  # the last one's hours are not over
    assert value(sample(reports=reports), Figure.PROMISE_KEPT).value == pytest.approx(100 / 3)


def test_complaints_are_answered_solved_and_written_down() -> None:
    day = {"respond_by": at(1440), "respond_from": NOON}
    reports = [
        filed(K, **day, responded_at=at(10), resolved_at=at(120), has_note=True),
        filed(K, **day, responded_at=at(1441), resolved_at=at(600)),
        filed(K, **day),
        filed(),
    ]
    found = sample(reports=reports, days=2, now=1500)
    assert value(found, Figure.FIRST_RESPONSE) == Value(2, 725.5, 725.5, 1441)
    assert value(found, Figure.FIRST_RESPONSE_WITHIN).value == pytest.approx(100 / 3)
    assert value(found, Figure.COMPLAINTS_PER_DAY) == Value(3, 1.5)
    assert value(found, Figure.RESOLUTION_TIME).value == 6  # hours
    assert value(found, Figure.DOCUMENTATION) == Value(2, 50)


def test_nothing_counted_is_no_value_and_reaches_nothing() -> None:
    for one in definitions.judge(sample(days=0), operator().kpi):
        assert (one.value.value, one.achieved, one.reached, one.beyond) == (None, None, None, None)


def test_the_figures_of_bangka_are_the_131_percent_that_were_told() -> None:
    """UP3 Bangka, 2021: 19.58 and 33.28 minutes were 131 % each (seed 000 L179)."""
    for minutes, figure in ((19.58, Figure.RESPONSE_TIME), (33.28, Figure.RECOVERY_TIME)):
        found = sample(orders=[order(minutes, 0, minutes)])
        one = judged(found, figure)
        assert one.achieved == pytest.approx(1.31, abs=0.005)
        assert (one.reached, one.beyond, one.more_is_better) == (True, False, False)
    assert judged(sample(orders=[order(46)]), Figure.RESPONSE_TIME).beyond is True


@pytest.mark.parametrize(
    ("real", "target", "more", "score"),
    [
        (80, 80, True, 1),
        (40, 80, True, 0.5),
        (15, 15, False, 1),
        (30, 15, False, 0),
        (60, 15, False, 0),
        (0, 0, False, 1),
    ],
)
def test_a_target_that_is_just_met_is_one(real: float, target: float, more: bool, score: float) -> None:
    assert achieved(real, target, more_is_better=more) == score


# --- the score card

COUNTED = {
    Figure.COMPLAINTS_PER_DAY: 4.0,
    Figure.RESOLUTION_TIME: 10.0,
    Figure.DOCUMENTATION: 100.0,
    Figure.FIRST_RESPONSE: 15.0,
}
BY_HAND = {"pemahaman": 80, "penyimpanan": 100, "retensi": 80, "nps": 3, "laporan": 100, "informasi": 100}


def entered(**values: float) -> dict[str, ScoreEntry]:
    return {code: ScoreEntry(entry=code, value=value) for code, value in values.items()}


def test_the_card_of_2022_whose_targets_are_all_met_is_100_although_its_weights_are_90() -> None:
    found = card.weigh(operator().kpi, COUNTED, entered(**BY_HAND))
    assert (found.weights, found.covered, found.total) == (90, pytest.approx(100), pytest.approx(100))
    assert [round(line.weight, 2) for line in found.lines][:4] == [11.11, 11.11, 11.11, 5.56]


def test_what_nobody_entered_has_no_score_and_is_not_known() -> None:
    found = card.weigh(operator().kpi, {**COUNTED, Figure.FIRST_RESPONSE: None}, entered(pemahaman=40))
    empty = {line.code for line in found.lines if line.score is None}
    assert empty == {"respons_pertama", "penyimpanan", "retensi", "nps", "laporan", "informasi"}
    assert found.covered == pytest.approx(100 * 35 / 90)
    assert found.total == pytest.approx(100 * (30 + 2.5) / 90)  # half of the understanding


def test_a_target_that_is_beaten_counts_no_more_than_one() -> None:
    found = card.weigh(operator().kpi, {Figure.FIRST_RESPONSE: 5.0}, {})
    assert next(line for line in found.lines if line.code == "respons_pertama").score == 1
