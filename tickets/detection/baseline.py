"""What is usual of a place: people an hour, for each hour of the week, learnt from its own past.

Three steps of one kind (gamma prior, Poisson counts: what is expected is a mean of both, by weight): the place's level
against what the number of its customers lets expect, then its hours of the day against that level, then its hours of
the week against those. So a place without a past has the prior, and one with a past has its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from config.schema.detection import HOURS_OF_DAY, Detection
from tickets.detection.tail import highest_usual

WEEK = 7 * HOURS_OF_DAY  # hours
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Baseline:
    """The past of a place, by hour of the week (0 = Monday 00:00 on its own clocks). An hour nobody was heard in need
    not be told: whatever lies between two that were is taken as silent.
    """

    customers: int
    offset: timedelta  # of its clocks before UTC
    until: datetime  # what came before is in it
    people: Sequence[float] = (0.0,) * WEEK  # discounted
    hours: Sequence[float] = (0.0,) * WEEK  # how often the hour was seen, discounted alike


@dataclass(frozen=True)
class Usual:
    """A negative binomial's mean and size."""

    mean: float
    size: float


def hour_of_week(at: datetime, offset: timedelta) -> int:
    """The hour an instant (UTC) lies in."""
    local = at + offset
    return local.weekday() * HOURS_OF_DAY + local.hour


def usual(baseline: Baseline, hour: int, rules: Detection) -> Usual:
    """How many people are to be expected in an hour of the week."""
    prior, day = rules.prior, range(hour % HOURS_OF_DAY, WEEK, HOURS_OF_DAY)
    mean, doubt = float(max(baseline.customers, prior.customers_least)), 1 / rules.spread
    shape = _week(prior.people_per_customer_day, tuple(prior.hours))
    for cells, weight in ((range(WEEK), prior.level_weight), (day, prior.hour_weight), ((hour,), prior.hour_weight)):
        people = sum(baseline.people[at] for at in cells)
        mean *= (weight + people) / (weight + mean * sum(baseline.hours[at] * shape[at] for at in cells))
        doubt += 1 / (weight + people)  # what is not known of the rate adds to what makes it vary
    return Usual(mean * shape[hour], 1 / doubt)


def expected(baseline: Baseline, since: datetime, until: datetime, rules: Detection) -> Usual:
    """The same between two instants: hours by the minutes that lie inside."""
    mean, size, at = 0.0, float("inf"), since
    while at < until:
        end = min(until, at.replace(minute=0, second=0, microsecond=0) + HOUR)
        one = usual(baseline, hour_of_week(at, baseline.offset), rules)
        mean += one.mean * ((end - at) / HOUR)
        size, at = min(size, one.size), end
    return Usual(mean, size)


def silent(baseline: Baseline, until: datetime, rules: Detection) -> Baseline:
    """Nobody was heard up to `until` (a full hour)."""
    passed = int((until - baseline.until) / HOUR)
    if passed <= 0:
        return baseline
    keep, people, hours = _keep(rules), list(baseline.people), list(baseline.hours)
    first = hour_of_week(baseline.until, baseline.offset)
    for step in range(min(passed, WEEK)):
        at, times = (first + step) % WEEK, (passed - step - 1) // WEEK + 1
        people[at] *= keep**times
        hours[at] = hours[at] * keep**times + (1 - keep**times) / (1 - keep)
    return replace(baseline, until=until, people=tuple(people), hours=tuple(hours))


def learn(baseline: Baseline, start: datetime, people: int, rules: Detection, *, dark: bool = False) -> Baseline:
    """In the hour from `start` so many people were heard. An hour far from usual teaches no more than the highest usual
    one, so that an outage nobody noticed does not make the next one usual; one known to be dark teaches nothing.
    """
    if start < baseline.until:
        return baseline
    known = silent(baseline, start, rules)
    if dark:
        return replace(known, until=start + HOUR)
    hour = hour_of_week(start, baseline.offset)
    ordinary = usual(known, hour, rules)
    # What is too few for an outage is no outage, however unlikely.
    counted = min(people, max(highest_usual(ordinary.mean, ordinary.size, rules.clip), rules.people_least - 1))
    seen = silent(known, start + HOUR, rules)
    counts = list(seen.people)
    counts[hour] += counted
    return replace(seen, people=tuple(counts))


def _keep(rules: Detection) -> float:
    return 1 - 1 / rules.memory_weeks


@lru_cache(maxsize=8)
def _week(per_day: float, hours: tuple[float, ...]) -> tuple[float, ...]:
    """People an hour for one customer, by hour of the week."""
    return tuple(per_day * share / sum(hours) for share in hours) * 7
