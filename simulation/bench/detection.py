"""How often the detection is wrong, and how soon right, on invented calls it was not tuned on (docs/detection.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from math import exp, factorial
from random import Random
from statistics import median, quantiles

from config.operator import operator
from simulation.bench.report import Report
from simulation.outage_calls import HOUR, START, Outage, Response, callers_of, ulp, with_outage
from simulation.watching import ULPS, Watch

FIRST_SEED = 10_001  # those below 1,000 are for tuning
LEARNT = timedelta(weeks=8)
YEAR = timedelta(days=365)
LONGEST = HOUR  # after it, an outage that was not proposed counts as missed
MISSED = LONGEST / timedelta(minutes=1)
# Customers without power, and whether they hang on one feeder.
SIZES = ((300, True), (600, True), (1_200, True), (2_400, True), (10_000, False), (60_000, False))


@dataclass
class Run:
    """One group of ULPs that nothing was tuned on."""

    years: float = 0.0
    feeder_years: float = 0.0
    false_ulp: int = 0
    false_feeder: int = 0
    wide: int = 0
    minutes: dict[int, list[float]] = field(default_factory=dict)  # customers → of each trial
    people: dict[int, list[float]] = field(default_factory=dict)


async def measure(report: Report, *, quick: bool) -> None:
    """Fill `detection`: each run is a group of ULPs with seeds of its own."""
    ulps, days, trials = (1, 70, 1) if quick else (8, 365, 8)
    runs = []
    for number in range(report.runs):
        seeds = range(FIRST_SEED + number * ulps, FIRST_SEED + (number + 1) * ulps)
        runs.append(await asyncio.to_thread(_run, seeds, days, trials))
    rules = operator().detection
    places = ULPS * (1 + runs[0].feeder_years / runs[0].years)
    report.section(
        "False proposals",
        f"{ulps} ULPs with 25 feeders each a run, {days} days of which eight weeks are only learnt; allowed are",
        f"{rules.false_alarms_per_year:g} a year among {places:,.0f} places, which is"
        f" {rules.false_alarms_per_year / places:.2g} for each.",
    )
    report.row("false_per_ulp_year", [one.false_ulp / one.years for one in runs], "", label="of an ULP, in a year")
    report.row("false_per_feeder_year", [one.false_feeder / one.feeder_years for one in runs], "", label="of a feeder")
    everywhere = [(one.false_ulp + one.false_feeder) / (one.years + one.feeder_years) for one in runs]
    report.row("false_per_place_year", everywhere, "", label="of any place")
    seen = sum(one.false_ulp + one.false_feeder for one in runs)
    watched = sum(one.years + one.feeder_years for one in runs)
    report.row("false_at_most", [_at_most(seen) / watched], "", label=f"{seen} in {watched:,.0f} years; at most (95 %)")
    report.row("too_wide", [one.wide for one in runs], "", label="the ULP although one feeder was dark, in a run")
    response = Response()
    report.section(
        "Delay",
        f"{trials} outages of each size in each ULP at any hour of the week; {response.calling:.0%} of those without",
        f"power are heard within the hour, on average after {response.mean / timedelta(minutes=1):.0f} minutes.",
    )
    for size, feeder in SIZES:
        where = "on one feeder" if feeder else "in the ULP"
        head = f"{size:,} customers {where}"
        found = [[one for one in run.minutes[size] if one < MISSED] or [MISSED] for run in runs]
        report.row(f"delay_min_{size}", [median(one) for one in found], "min", label=f"{head}: middle")
        report.row(f"delay_p90_{size}", [_high(run.minutes[size]) for run in runs], "min", label="   nine of ten")
        missed = [sum(one >= MISSED for one in run.minutes[size]) / len(run.minutes[size]) for run in runs]
        report.row(f"missed_{size}", missed, "", label="   not proposed within the hour")
        people = [median(run.people[size] or [0]) for run in runs]
        report.row(f"people_{size}", people, "", label="   people heard by then")


def _at_most(count: int) -> float:
    """The largest mean of a Poisson count of which so few would still be seen once in twenty times."""
    low, high = 0.0, 10.0 + 3 * count
    for _ in range(60):
        mean = (low + high) / 2
        chance = sum(exp(-mean) * mean**k / factorial(k) for k in range(count + 1))
        low, high = (mean, high) if chance > 0.05 else (low, mean)
    return low


def _high(values: list[float]) -> float:
    return quantiles(values, n=10)[8] if len(values) > 1 else values[0]


def _run(seeds: range, days: int, trials: int) -> Run:
    run, rules = Run(), operator().detection
    judged = (timedelta(days=days) - LEARNT) / YEAR
    for seed in seeds:
        made = ulp(seed, days)
        watch = Watch(made, rules)
        seen = watch.run(since=START + LEARNT)
        run.years += judged
        run.feeder_years += judged * len(made.feeders)
        run.false_ulp += sum(one.code.startswith("ulp:") for one in seen.false)
        run.false_feeder += sum(one.code.startswith("feeder:") for one in seen.false)
        run.wide += len(seen.too_wide)
        draw = Random(-seed)  # noqa: S311 - a simulation
        for size, feeder in SIZES:
            for minutes, people in _trials(watch, draw, size, trials, days, feeder=feeder):
                run.minutes.setdefault(size, []).append(minutes)
                if minutes < MISSED:
                    run.people.setdefault(size, []).append(people)
    return run


def _trials(
    watch: Watch, draw: Random, customers: int, times: int, days: int, *, feeder: bool
) -> Iterator[tuple[float, float]]:
    """Minutes until it was proposed, and by how many people."""
    made = watch.ulp
    for _ in range(times):
        since = START + timedelta(days=days - 7, minutes=draw.randrange(6 * 24 * 60))
        name = draw.choice(list(made.feeders)) if feeder else ""
        outage = Outage(since, since + 4 * HOUR, name, recorded=False)
        heard = with_outage(made, callers_of(made, draw, outage, customers, Response()))
        found = watch.first(heard, outage, since + LONGEST)
        yield ((found[0] - since) / timedelta(minutes=1), found[1].people) if found else (MISSED, 0)
