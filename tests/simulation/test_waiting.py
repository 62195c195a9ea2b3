"""What callers are told, beside what app_queue would have told them in the same hours."""

from __future__ import annotations

import pytest

from simulation.waiting import SCENARIOS, Hall, Scenario, compare

MOST_BROKEN = 0.20  # of those who were told something; the worst is the hour in which five times too many call
LEAST_WITHIN = 0.5  # the worst: CSOs who come make it shorter than was told, and nobody could know


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_ours_is_nearer_to_the_truth_and_is_kept_more_often(scenario: Scenario) -> None:
    ours, theirs = compare(scenario, seeds=1)
    assert ours.told > 100
    assert ours.mae < theirs.mae
    assert ours.coverage > theirs.coverage
    assert ours.broken_share <= theirs.broken_share
    assert ours.broken_share < MOST_BROKEN
    assert ours.coverage > LEAST_WITHIN


def test_the_same_seed_is_the_same_day() -> None:
    scenario = SCENARIOS[1]
    assert Hall(scenario, 4).run().ours == Hall(scenario, 4).run().ours
