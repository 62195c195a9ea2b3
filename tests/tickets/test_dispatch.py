"""Which crew is sent: never too many orders, none it cannot do or too far away; the nearest, least loaded wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema.dispatch import Dispatch, Silent
from tickets.states import WITH_CREW, WorkOrderStatus
from tickets.workorders import dispatch
from tickets.workorders.dispatch import Candidate, Place, Task

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
SKILLS = ("meter", "tm")
ULP = ("koba", "mentok", "toboali")
RULES = Dispatch(skills=dict.fromkeys(SKILLS, "Keahlian"), radius_km=30, radius_by_ulp={"mentok": 60})
HERE = Place(-2.13, 106.11)

# Around UP3 Bangka: within the radius, without, and some that nobody knows.
places = st.none() | st.builds(Place, st.floats(-2.8, -1.5), st.floats(105.4, 106.9))
some_ulp = st.frozensets(st.sampled_from(ULP), max_size=2)
skills = st.frozensets(st.sampled_from(SKILLS))


@st.composite
def crews(draw: st.DrawFn) -> list[Candidate]:
    """Some crews, busy and free, in any order."""
    ids = draw(st.lists(st.integers(1, 30), unique=True, max_size=12))
    return [Candidate(one, draw(some_ulp), draw(skills), draw(st.integers(0, 4)), draw(places)) for one in ids]


@st.composite
def tasks(draw: st.DrawFn) -> list[Task]:
    """Some orders in the order of their turn."""
    return [
        Task(
            at,
            draw(st.sampled_from(ULP)),
            draw(st.sampled_from(("", *SKILLS))),
            draw(places),
            draw(st.frozensets(st.integers(1, 30), max_size=3)),
        )
        for at in range(1, draw(st.integers(0, 20)) + 1)
    ]


rules = st.builds(
    lambda most, per_order, beyond: RULES.model_copy(
        update={"most_orders": most, "km_per_order": per_order, "beyond_radius": beyond}
    ),
    st.integers(1, 4),
    st.sampled_from((0.0, 5.0)),
    st.booleans(),
)


def may(task: Task, crew: Candidate, rules: Dispatch) -> bool:
    """What no choice may break."""
    return (
        crew.load < rules.most_orders
        and (not task.skill or task.skill in crew.skills)
        and crew.id not in task.not_for
        and (rules.beyond_radius or dispatch.distance(task, crew, rules) <= rules.radius(task.ulp))
    )


@given(tasks(), crews(), rules)
def test_no_crew_gets_too_many_nor_what_it_cannot_do_nor_what_is_too_far(
    tasks: list[Task], crews: list[Candidate], rules: Dispatch
) -> None:
    before = {crew.id: crew.load for crew in crews}
    found = dispatch.match(tasks, crews, rules)
    by_id, todo = {crew.id: crew for crew in crews}, {task.id: task for task in tasks}
    assert len({task for task, _ in found}) == len(found)
    for task, crew in found:
        by_id[crew].load -= 1  # as it was before this one, at the latest
        assert may(todo[task], by_id[crew], rules)
    assert {crew.id: crew.load for crew in crews} == before


@given(tasks(), crews(), rules)
def test_who_finds_no_crew_could_have_had_none(tasks: list[Task], crews: list[Candidate], rules: Dispatch) -> None:
    served = {task for task, _ in dispatch.match(tasks, crews, rules)}
    for task in tasks:
        if task.id not in served:
            assert not any(may(task, crew, rules) for crew in crews)


@given(tasks(), crews(), rules)
def test_nobody_who_is_nearer_and_less_loaded_is_passed_over(
    tasks: list[Task], crews: list[Candidate], rules: Dispatch
) -> None:
    for task in tasks:
        chosen = dispatch.choose(task, crews, rules)
        free = [crew for crew in crews if may(task, crew, rules)]
        assert (chosen is None) is (not free)
        if chosen is None:
            continue
        way = dispatch.distance(task, chosen, rules)
        for crew in free:
            assert not (dispatch.distance(task, crew, rules) < way and crew.load <= chosen.load)
            if rules.km_per_order:
                assert not (dispatch.distance(task, crew, rules) <= way and crew.load < chosen.load)
        if any(dispatch.distance(task, crew, rules) <= rules.radius(task.ulp) for crew in free):
            assert way <= rules.radius(task.ulp)  # from beyond the radius only when nobody inside can


@given(tasks(), crews(), rules, st.randoms(use_true_random=False))
def test_the_order_in_which_the_crews_are_read_changes_nothing(
    tasks: list[Task], crews: list[Candidate], rules: Dispatch, random: Random
) -> None:
    def anew() -> list[Candidate]:
        return [Candidate(c.id, c.ulp, c.skills, c.load, c.place) for c in crews]

    mixed = anew()
    random.shuffle(mixed)
    assert dispatch.match(tasks, anew(), rules) == dispatch.match(tasks, mixed, rules)


def test_who_stands_first_is_served_first() -> None:
    crew = Candidate(1, frozenset({"koba"}), frozenset(), 2, None)
    assert dispatch.match([Task(7, "koba"), Task(3, "koba")], [crew], RULES) == [(7, 1)]


def test_an_order_in_hand_counts_as_kilometres() -> None:
    """At the door with two orders against nine kilometres with none: 2 × 5 km is more than nine."""
    near = Candidate(1, frozenset(), frozenset(), 2, HERE)
    far = Candidate(2, frozenset(), frozenset(), 0, Place(HERE.lat + 9 / dispatch.KM_PER_DEGREE, HERE.lon))
    chosen = dispatch.choose(Task(1, "koba", place=HERE), [near, far], RULES)
    assert chosen is far
    near.load = 1
    assert dispatch.choose(Task(1, "koba", place=HERE), [near, far], RULES) is near


def test_a_crew_of_another_ulp_comes_when_it_is_nearer() -> None:
    """Crews are not boxed in by their ULP or Posko: the weakness that seed 000 names (L137)."""
    own = Candidate(1, frozenset({"koba"}), frozenset(), 0, Place(HERE.lat + 0.2, HERE.lon))
    other = Candidate(2, frozenset({"toboali"}), frozenset(), 0, Place(HERE.lat + 0.01, HERE.lon))
    assert dispatch.choose(Task(1, "koba", place=HERE), [own, other], RULES) is other


def test_the_radius_is_that_of_the_orders_ulp() -> None:
    crew = Candidate(1, frozenset(), frozenset(), 0, Place(HERE.lat + 0.4, HERE.lon))  # 44 km
    assert dispatch.choose(Task(1, "koba", place=HERE), [crew], RULES) is None
    assert dispatch.choose(Task(1, "mentok", place=HERE), [crew], RULES) is crew
    beyond = RULES.model_copy(update={"beyond_radius": True})
    assert dispatch.choose(Task(1, "koba", place=HERE), [crew], beyond) is crew


@pytest.mark.parametrize(
    ("there", "km"),
    [
        (Place(-1.8512, 106.1144), 31.0),  # Pangkalpinang to Sungailiat
        (Place(-2.0622, 105.1631), 105.5),  # to Mentok
        (HERE, 0.0),
    ],
)
def test_kilometres_are_those_of_the_map(there: Place, km: float) -> None:
    assert dispatch.km(HERE, there) == pytest.approx(km, rel=0.02)
    assert dispatch.km(there, HERE) == dispatch.km(HERE, there)


# Silence


def _silence(status: WorkOrderStatus, **extra: Any) -> tuple[int, str] | None:
    told: dict[str, Any] = {"mobile": True, "position_at": None, "rules": Silent(), **extra}
    found = dispatch.silence(status, NOON, **told)
    return (round((found.at - NOON).total_seconds() / 60), found.what) if found else None


def test_what_is_not_accepted_lapses_soon() -> None:
    assert _silence(WorkOrderStatus.ASSIGNED) == (5, "accept")


def test_on_the_way_a_position_is_expected_of_who_has_the_application() -> None:
    enroute = WorkOrderStatus.ENROUTE
    assert _silence(enroute) == (30, "position")
    assert _silence(enroute, position_at=NOON - timedelta(minutes=9)) == (30, "position")
    assert _silence(enroute, position_at=NOON + timedelta(minutes=20)) == (50, "position")
    assert _silence(enroute, position_at=NOON + timedelta(minutes=40)) == (60, "step")
    assert _silence(enroute, mobile=False) == (60, "step")
    assert _silence(enroute, rules=Silent(position_minutes=0)) == (60, "step")


def test_every_state_in_which_a_crew_has_an_order_may_have_its_minutes() -> None:
    found = {status: _silence(status, mobile=False) for status in WITH_CREW}
    assert None not in found.values()
    assert _silence(WorkOrderStatus.WAITING) is None
    assert _silence(WorkOrderStatus.WORKING, rules=Silent(step_minutes={})) is None
