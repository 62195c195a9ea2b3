"""What is usual of each ULP and feeder, kept in rows: read for the test, taught hour by hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from config.operator import operator
from config.schema.detection import Detection
from config.zones import OFFSET_HOURS
from tickets.detection.baseline import WEEK, Baseline, learn, silent
from tickets.detection.judge import Network
from tickets.detection.people import Heard, distinct
from tickets.models import PlaceBaseline, Premises
from tickets.outages.scopes import FEEDER, ULP

DIGITS = 4  # that are kept of what was learnt


def full_hour(at: datetime) -> datetime:
    """The beginning of the hour."""
    return at.replace(minute=0, second=0, microsecond=0)


def count_customers(session: Session, *, now: datetime) -> None:
    """Which places there are, and how large; what was learnt of a place stays. A feeder of several ULPs belongs to the
    one with most of its customers.
    """
    found: dict[str, tuple[int, str, str]] = {  # code → customers, ULP, unit
        ULP + ulp: (0, ulp, name) for name, unit in operator().areas.units.items() for ulp in unit.ulp
    }
    for column, kind in ((Premises.ulp, ULP), (Premises.feeder, FEEDER)):
        counted = select(column, Premises.ulp, Premises.unit, func.count()).where(column != "")
        for name, ulp, unit, customers in session.execute(counted.group_by(column, Premises.ulp, Premises.unit)):
            found[kind + name] = max(found.get(kind + name, (0, "", "")), (customers, ulp, unit))
    known = {row.code: row.customers for row in session.execute(select(PlaceBaseline.code, PlaceBaseline.customers))}
    fresh = {"until": full_hour(now), "people": [0.0] * WEEK, "hours": [0.0] * WEEK}
    new = [
        {"code": code, "customers": customers, "ulp": ulp, "unit": unit, **fresh}
        for code, (customers, ulp, unit) in found.items()
        if code not in known
    ]
    changed = [
        {"code": code, "customers": customers, "ulp": ulp, "unit": unit}
        for code, (customers, ulp, unit) in found.items()
        if known.get(code, customers) != customers
    ]
    if new:
        session.execute(insert(PlaceBaseline), new)
    if changed:
        session.execute(update(PlaceBaseline), changed)


def baselines(session: Session, codes: Collection[str], *, until: datetime, rules: Detection) -> dict[str, Baseline]:
    """What is usual of these, from what was heard before `until`; places that are not watched are left out, and a ULP
    that areas.yaml names no longer: nothing could be proposed there.
    """
    named = [code for code in codes if not code.startswith(ULP) or operator().areas_of_ulp(code.removeprefix(ULP))]
    rows = session.scalars(select(PlaceBaseline).where(PlaceBaseline.code.in_(named)))
    return {row.code: silent(_baseline(row), until, rules) for row in rows}


def network(session: Session, ulps: Collection[str]) -> Network:
    """How many places are watched, and how many feeders each of these ULPs has."""
    places = session.scalar(select(func.count()).select_from(PlaceBaseline)) or 0
    feeders = (
        select(PlaceBaseline.ulp, func.count())
        .where(PlaceBaseline.ulp.in_(ulps), PlaceBaseline.code.startswith(FEEDER, autoescape=True))
        .group_by(PlaceBaseline.ulp)
    )
    return Network(places, dict(session.execute(feeders).all()), operator().shared_areas)


def teach(session: Session, start: datetime, heard: Iterable[Heard], dark: Collection[str], rules: Detection) -> None:
    """The hour from `start` is over; `heard` holds nobody whom an outage explains. Places nobody was heard from need
    not be told of.
    """
    people: dict[str, list[Heard]] = defaultdict(list)
    for one in heard:
        people[ULP + one.ulp].append(one)
        if one.feeder:
            people[FEEDER + one.feeder].append(one)
    codes = {*people, *dark}
    rows = select(PlaceBaseline).where(PlaceBaseline.code.in_(codes), PlaceBaseline.until <= start)
    for row in session.scalars(rows):
        taught = learn(_baseline(row), start, distinct(people[row.code]), rules, dark=row.code in dark)
        row.until = taught.until
        row.people = [round(one, DIGITS) for one in taught.people]
        row.hours = [round(one, DIGITS) for one in taught.hours]
    session.flush()


def _baseline(row: PlaceBaseline) -> Baseline:
    unit = operator().areas.units.get(row.unit)
    offset = timedelta(hours=OFFSET_HOURS[unit.zone if unit else "WIB"])
    return Baseline(row.customers, offset, row.until, tuple(row.people), tuple(row.hours))
