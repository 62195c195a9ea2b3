"""Which crew is sent, and when a crew counts as silent. Pure: values in, values out (ADR 48, ADR 49).

A whole UP3 is one: every crew that it commands may be sent to every order of it, whatever its ULP and Posko (seed 000
L137, L165). Among the crews that may go, the one that costs least kilometres goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, hypot, radians
from typing import cast

from config.schema.dispatch import Dispatch, Silent, Stage
from tickets.states import WorkOrderStatus

KM_PER_DEGREE = 111.195  # of a great circle


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees, WGS 84."""

    lat: float
    lon: float


@dataclass(slots=True)
class Candidate:
    """A crew on duty. `place` is where it was seen lately, else its posko; None = not known."""

    id: int
    ulp: frozenset[str]
    skills: frozenset[str]
    load: int  # orders it has
    place: Place | None


@dataclass(frozen=True, slots=True)
class Task:
    """An order that wants a crew. `not_for` are crews that gave it back."""

    id: int
    ulp: str
    skill: str = ""  # "" = any crew can
    place: Place | None = None
    not_for: frozenset[int] = frozenset()


def match(tasks: Iterable[Task], crews: Iterable[Candidate], rules: Dispatch) -> list[tuple[int, int]]:
    """(order, crew) for each task that finds one, in the order of `tasks`: who stands first is served first. The load
    of the crews grows with it.
    """
    free = [crew for crew in crews if crew.load < rules.most_orders]
    found = []
    for task in tasks:
        if not free:
            break
        crew = choose(task, free, rules)
        if crew is None:
            continue
        crew.load += 1
        if crew.load >= rules.most_orders:
            free.remove(crew)
        found.append((task.id, crew.id))
    return found


def choose(task: Task, crews: Iterable[Candidate], rules: Dispatch) -> Candidate | None:
    """Of the crews with a free hand and the skill, the one that costs least: its way and, for each order it has, some
    kilometres more; of equals the lowest id. Outside the radius none, or only when nobody inside it can
    (`beyond_radius`).
    """
    radius, per_order = rules.radius(task.ulp), rules.km_per_order
    best: tuple[bool, float, int] | None = None
    chosen = None
    for crew in crews:
        if crew.load >= rules.most_orders or crew.id in task.not_for:
            continue
        if task.skill and task.skill not in crew.skills:
            continue
        way = distance(task, crew, rules)
        outside = way > radius
        if outside and not rules.beyond_radius:
            continue
        cost = (outside, way + crew.load * per_order, crew.id)
        if best is None or cost < best:
            best, chosen = cost, crew
    return chosen


def distance(task: Task, crew: Candidate, rules: Dispatch) -> float:
    """Kilometres as the crow flies; where one of the places is not known, by the ULP."""
    if task.place is None or crew.place is None:
        return 0.0 if task.ulp in crew.ulp else rules.other_ulp_km
    return km(task.place, crew.place)


def km(here: Place, there: Place) -> float:
    """Between two places of Indonesia. On a flat map of the spot: within 100 km it is wrong by less than 1 %."""
    east = (there.lon - here.lon) * cos(radians((here.lat + there.lat) / 2))
    return hypot(east, there.lat - here.lat) * KM_PER_DEGREE


@dataclass(frozen=True, slots=True)
class Silence:
    """From when on a crew counts as silent about an order, and what it has not done."""

    at: datetime
    what: str  # "accept" | "step" | "position"


def silence(
    status: WorkOrderStatus,
    since: datetime,
    *,
    mobile: bool,
    position_at: datetime | None,
    rules: Silent,
) -> Silence | None:
    """When a crew that says no more counts as silent. `since`: the order's last step; `mobile`: it tells its position
    by itself. None: it may take for ever.
    """
    if status is WorkOrderStatus.ASSIGNED:
        return Silence(since + timedelta(minutes=rules.accept_minutes), "accept")
    found = []
    minutes = rules.step_minutes.get(cast(Stage, status.value))
    if minutes:
        found.append(Silence(since + timedelta(minutes=minutes), "step"))
    if status is WorkOrderStatus.ENROUTE and mobile and rules.position_minutes:
        seen = max(since, position_at) if position_at else since
        found.append(Silence(seen + timedelta(minutes=rules.position_minutes), "position"))
    return min(found, key=lambda one: one.at, default=None)
