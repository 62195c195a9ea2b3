"""Invented calls of ULPs and their feeders, seeded: ordinary days, weather, storms, and outages whose truth is known.

Nothing here is measured; every figure is an assumption (docs/detection.md names those with a source), and none of them
is read from detection.yaml: the test must do without knowing how its calls were made.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from tickets.detection.people import Heard

START = datetime(2025, 1, 5, 17, tzinfo=UTC)  # Monday, 00:00 WIB
WIB = timedelta(hours=7)
HOUR = timedelta(hours=1)
AREA = "31.71.06"
# How a day's callers spread: busiest in the evening, unlike what detection.yaml expects.
EVENING = (14, 9, 7, 6, 8, 16, 34, 58, 90, 110, 118, 115, 104, 100, 102, 106, 112, 126, 150, 160, 140, 96, 54, 26)


@dataclass(frozen=True)
class Habits:
    """How people and places are."""

    customers: float = 60_000  # of an ULP, middle
    feeders: int = 25
    per_customer_day: float = 0.0005
    level: float = 0.5  # sd of ln(level) among places
    weather: float = 0.4  # sd of ln(rate) from hour to hour
    memory: float = 0.7  # of the weather, from one hour to the next
    storms: float = 12.0  # a year
    storm: float = 4.0  # times the ordinary rate
    storm_hours: float = 3.0
    weekend: float = 0.8
    reporting: float = 0.3  # share of ordinary callers who report a fault
    again: float = 0.15  # call once more
    outages: float = 20.0  # of feeders, a year and ULP; half of them nobody learns of


@dataclass(frozen=True)
class Response:
    """What people do who are dark."""

    calling: float = 0.02  # share of customers who call or report at all
    mean: timedelta = timedelta(minutes=20)  # after the beginning; gamma of shape 2: nobody rings in the first second
    reporting: float = 0.6  # share of them who get a report filed
    again: float = 0.5  # call once more within the hour


@dataclass(frozen=True)
class Outage:
    """A truth: since when, for how long, which feeders ("" = the ULP), and whether anybody recorded it."""

    since: datetime
    until: datetime
    feeder: str
    recorded: bool


@dataclass
class Ulp:
    """One ULP for some time."""

    name: str
    customers: int
    feeders: dict[str, int]  # → customers
    heard: list[Heard] = field(default_factory=list)  # in the order of time
    outages: list[Outage] = field(default_factory=list)


def ulp(seed: int, days: int, habits: Habits | None = None) -> Ulp:
    """An ULP with everybody who was heard from it, the same for the same seed."""
    draw, habits = Random(seed), habits or Habits()  # noqa: S311 - a simulation
    customers = round(habits.customers * math.exp(draw.gauss(0, 0.4)))
    shares = [draw.gammavariate(4, 1) for _ in range(habits.feeders)]
    feeders = {f"F{at:02}": max(1, round(customers * one / sum(shares))) for at, one in enumerate(shares)}
    made = Ulp(f"ulp{seed}", customers, feeders)
    _ordinary(made, draw, days, habits)
    for _ in range(poisson(draw, habits.outages * days / 365)):
        feeder = draw.choice(list(feeders))
        begin = START + timedelta(minutes=draw.randrange(days * 24 * 60))
        length = timedelta(minutes=draw.uniform(30, 240))
        outage = Outage(begin, begin + length, feeder, recorded=draw.random() < 0.5)
        size = round(feeders[feeder] * draw.uniform(0.1, 1))
        made.outages.append(outage)
        made.heard += callers_of(made, draw, outage, size, Response())
    made.heard.sort(key=lambda one: one.at)
    return made


def _ordinary(made: Ulp, draw: Random, days: int, habits: Habits) -> None:
    level = habits.per_customer_day * math.exp(draw.gauss(0, habits.level))
    own = {name: size * math.exp(draw.gauss(0, habits.level / 2)) for name, size in made.feeders.items()}
    names, weights = list(own), list(own.values())
    shape = [one * math.exp(draw.gauss(0, 0.2)) for one in EVENING]
    weather, storm_until = 0.0, START
    for hour in range(days * 24):
        begin = START + hour * HOUR
        weather = habits.memory * weather + math.sqrt(1 - habits.memory**2) * draw.gauss(0, habits.weather)
        if draw.random() < habits.storms / (365 * 24):
            storm_until = begin + timedelta(hours=draw.expovariate(1 / habits.storm_hours))
        local = begin + WIB
        rate = sum(weights) * level * shape[local.hour] / sum(shape) * math.exp(weather - habits.weather**2 / 2)
        rate *= habits.weekend if local.weekday() > 4 else 1
        rate *= habits.storm if begin < storm_until else 1
        for _ in range(poisson(draw, rate)):
            feeder = draw.choices(names, weights)[0]
            reported = draw.random() < habits.reporting
            first = Heard(begin + HOUR * draw.random(), AREA, made.name, feeder, somebody(draw), None, reported)
            made.heard.append(first)
            if draw.random() < habits.again:
                made.heard.append(again(first, draw))


def callers_of(made: Ulp, draw: Random, outage: Outage, customers: int, response: Response) -> list[Heard]:
    """Who is heard because of an outage that left so many customers dark."""
    found = []
    names, weights = list(made.feeders), list(made.feeders.values())
    for _ in range(poisson(draw, customers * response.calling)):
        at = outage.since + draw.gammavariate(2, 0.5) * response.mean
        if at >= outage.until:
            continue
        feeder = outage.feeder or draw.choices(names, weights)[0]
        first = Heard(at, AREA, made.name, feeder, somebody(draw), None, draw.random() < response.reporting)
        found.append(first)
        if draw.random() < response.again:
            found.append(again(first, draw))
    return sorted(found, key=lambda one: one.at)


def again(first: Heard, draw: Random) -> Heard:
    """The same person, who has nothing new to say."""
    later = first.at + timedelta(minutes=15) * draw.expovariate(1)
    return Heard(later, first.area, first.ulp, first.feeder, first.phone, first.premises)


def somebody(draw: Random) -> str:
    """A number nobody else has, nearly surely."""
    return f"+62{draw.randrange(10**11):011}"


def poisson(draw: Random, mean: float) -> int:
    """How many, when `mean` are expected."""
    if mean > 500:  # exp(-mean) would vanish
        return max(0, round(draw.gauss(mean, math.sqrt(mean))))
    count, product, least = 0, draw.random(), math.exp(-mean)
    while product > least:
        count += 1
        product *= draw.random()
    return count


def with_outage(made: Ulp, extra: list[Heard]) -> list[Heard]:
    """Everybody, those of another outage included."""
    heard = list(made.heard)
    for one in extra:
        insort(heard, one, key=lambda some: some.at)
    return heard


def hours_of(heard: list[Heard]) -> Iterator[tuple[datetime, list[Heard]]]:
    """Everybody by the full hours in which they were heard; hours with nobody are left out."""
    at, inside = None, []
    for one in heard:
        hour = one.at.replace(minute=0, second=0, microsecond=0)
        if at is not None and hour != at:
            yield at, inside
            inside = []
        at = hour
        inside.append(one)
    if at is not None:
        yield at, inside
