"""Each minute: learn the hours that are over, look at who was heard, propose what seems dark."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from config.operator import operator
from tickets import timers
from tickets.detection import arrivals, places
from tickets.detection.baseline import HOUR
from tickets.detection.covers import covers, dark_codes, unexplained
from tickets.detection.judge import find
from tickets.detection.people import Heard
from tickets.detection.proposals import lapse, propose
from tickets.outages.scopes import FEEDER, ULP

LOOK = "detection"  # the timer
KEY = "look"
EVERY = timedelta(minutes=1)
KNOWN_AFTER = timedelta(hours=1)  # after an hour is over, it is known whether it was dark
MOST_HOURS = 6  # learnt at once: after a long silence of the worker the rest follows minute by minute
COUNTED_EVERY = timedelta(days=1)
KEPT = timedelta(days=1)  # calls; reports stay


def start(session: Session, now: datetime) -> None:
    """Arm it; armed already it stays."""
    if not timers.armed(session, LOOK, KEY):
        timers.arm(session, LOOK, KEY, now, {"hour": places.full_hour(now).isoformat(), "counted": None})


def look(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """The timer's handler."""
    counted = datetime.fromisoformat(payload["counted"]) if payload["counted"] else None
    if counted is None or now - counted >= COUNTED_EVERY:
        places.count_customers(session, now=now)
        counted = now
    hour = datetime.fromisoformat(payload["hour"])
    for _ in range(MOST_HOURS):
        if hour + HOUR + KNOWN_AFTER > now:
            break
        _learn(session, hour)
        hour += HOUR
        arrivals.forget(session, before=hour - KEPT)
    judge(session, learnt=hour, now=now)
    again = now.replace(second=0, microsecond=0) + EVERY
    timers.arm(session, LOOK, key, again, {"hour": hour.isoformat(), "counted": counted.isoformat()})


def judge(session: Session, *, learnt: datetime, now: datetime) -> None:
    """Propose what seems dark now. What was heard after `learnt` is not yet part of what is usual."""
    rules = operator().detection
    since = now - timedelta(minutes=rules.longest)
    heard = arrivals.heard(session, since, now)
    lapse(session, heard, now=now)
    if len(heard) < rules.people_least:
        return
    known = covers(session, since=since, now=now)
    proposed = [one for one in known if one.proposed]
    heard = unexplained(heard, [one for one in known if not one.proposed])
    busy = _busy(heard, rules.people_least)
    usual = places.baselines(session, busy, until=learnt, rules=rules)
    if not usual:
        return
    network = places.network(session, {one.ulp for one in heard})
    for finding in find(heard, usual, network, proposed=[one.code for one in proposed], now=now, rules=rules):
        propose(session, finding, [(one.code, one.outage) for one in proposed], now=now)


def _busy(heard: list[Heard], least: int) -> list[str]:
    """Places that were heard from often enough to be looked at."""
    counts = Counter(ULP + one.ulp for one in heard)
    counts.update(FEEDER + one.feeder for one in heard if one.feeder)
    return [code for code, count in counts.items() if count >= least]


def _learn(session: Session, hour: datetime) -> None:
    known = [one for one in covers(session, since=hour, now=hour + HOUR) if not one.dismissed]
    during = [one for one in known if one.since < hour + HOUR]
    heard = unexplained(arrivals.heard(session, hour, hour + HOUR), during)
    dark = dark_codes(during, hour, hour + HOUR, operator().shared_areas)
    places.teach(session, hour, heard, dark, operator().detection)
