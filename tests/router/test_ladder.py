"""The surge ladder: rises at once, falls a step at a time, never flaps, and more load is never a lower level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.operator import operator
from router import dispatcher
from router.events import Event
from router.ladder import Figures, Rules, State, decide
from router.store.types import Gauges, QueueGauge, Rate
from router.surge import SurgeLadder, ladder_rules
from simulation import blackout
from tests.fixtures.router import Pool

RULES = Rules(
    figures=(Figures(0.5, 60, 2), Figures(0.7, 180, 4), Figures(0.85, None, 8), Figures(0.97)),
    normal={"31": 1200, "19": 60},
    raise_after_ms=15_000,
    lower_after_ms=300_000,
    lower_share=0.7,
)


def gauges(lines: int = 0, wait_s: float = 0, area: str = "31", per_hour: float = 0, located: float = 0) -> Gauges:
    """A pool of a hundred lines."""
    return Gauges(
        at=0, level=0, automatic=0, override=None, lines=lines, capacity=100, emergency_lines=2, trunks={},
        queues={"gangguan": QueueGauge(0, 0, int(wait_s * 1000))}, serving=0, working=0, arrivals=Rate(),
        refusals=Rate(), regions={area: Rate(0, per_hour / 12)}, areas={area: Rate(0, located / 12)}, gaps=(),
        refused=0, withheld_refused=0, ladder="", ladder_turn=0,
    )  # fmt: skip


def walk(*stretches: tuple[float, Gauges], rules: Rules = RULES, state: State | None = None) -> list[tuple[int, int]]:
    """One look a second through stretches of (seconds, figures): (second, level) of every change."""
    state, now, changes = state or State(), 0, []
    for seconds, figures in stretches:
        for _ in range(int(seconds)):
            level, state, why = decide(rules, state, figures, now * 1000)
            if why:
                changes.append((now, level))
            now += 1
    return changes


def test_it_rises_at_once_to_the_level_that_the_figures_say_after_raise_after() -> None:
    assert walk((60, gauges(lines=90))) == [(15, 3)]
    assert walk((14, gauges(lines=90)), (60, gauges(lines=10))) == [], "too short"


@pytest.mark.parametrize(
    ("figures", "level", "why"),
    [
        (gauges(lines=50), 1, "lines"),
        (gauges(wait_s=180), 2, "wait"),
        (gauges(wait_s=9000), 2, "wait"),
        (gauges(per_hour=2400), 1, "arrivals 31"),
        (gauges(located=9600), 3, "arrivals 31"),
        (gauges(area="19", per_hour=240), 2, "arrivals 19"),
        (gauges(area="77", per_hour=90_000), 0, ""),
        (gauges(lines=97, wait_s=300), 4, "lines"),
    ],
)
def test_each_figure_has_its_levels_and_the_reason_is_told(figures: Gauges, level: int, why: str) -> None:
    _, before, _ = decide(RULES, State(), figures, 0)
    assert decide(RULES, before, figures, 15_000)[::2] == (level, why)


def test_a_rise_through_two_levels_does_not_wait_for_the_higher_one() -> None:
    assert walk((10, gauges(lines=60)), (40, gauges(lines=99))) == [(15, 1), (25, 4)]


def test_it_falls_one_level_at_a_time() -> None:
    changes = walk((20, gauges(lines=99)), (1500, gauges(lines=0)))
    assert changes == [(15, 4), (320, 3), (620, 2), (920, 1), (1220, 0)]


def test_between_the_lower_share_and_the_figure_nothing_changes() -> None:
    assert walk((20, gauges(lines=70)), (4000, gauges(lines=50))) == [(15, 2)], "50 is over 0.7 of 70"
    assert walk((20, gauges(lines=70)), (400, gauges(lines=48))) == [(15, 2), (320, 1)]


def test_a_moment_over_the_lower_share_begins_the_wait_again() -> None:
    calm, again = gauges(lines=10), gauges(lines=50)
    assert walk((20, gauges(lines=70)), (299, calm), (1, again), (299, calm)) == [(15, 2)]


def test_the_state_goes_through_the_store_and_follows_the_level_that_is_there() -> None:
    _, state, _ = decide(RULES, State(), gauges(lines=80), 5)
    assert State.loads(state.dumps(), 0) == state
    assert State.loads(state.dumps(), 3).level == 3
    assert State.loads("", 1) == State(1)


loads = st.builds(
    gauges, lines=st.integers(0, 100), wait_s=st.sampled_from([0, 41, 42, 60, 130, 180]),
    per_hour=st.sampled_from([0, 1000, 2400, 3500, 4800, 9600]),
)  # fmt: skip
looks = st.lists(st.tuples(st.sampled_from([1, 5, 20, 100, 400]), loads), max_size=80)


@given(looks)
def test_it_never_flaps_whatever_the_noise(noise: list[tuple[int, Gauges]]) -> None:
    state, now, changes, fell = State(), 0, 0, None
    for seconds, figures in noise:
        now += seconds * 1000
        level, after, why = decide(RULES, state, figures, now)
        assert (level == state.level) == (why == "")
        if level < state.level:
            assert state.level - level == 1
            assert fell is None or now - fell >= RULES.lower_after_ms, "each step down waits its time"
            fell = now
        changes += level != state.level
        state = after
    assert changes <= 2 * (now // RULES.lower_after_ms) + 4


@given(looks, st.integers(0, 40))
def test_noise_between_the_two_figures_moves_nothing(noise: list[tuple[int, Gauges]], start: int) -> None:
    state, now = State(2), 0
    for seconds, figures in noise:
        now += seconds * 1000
        quiet = replace(figures, lines=50 + figures.lines % 20, queues={}, regions={}, areas={})
        state = decide(RULES, state, quiet, now)[1]
    assert state.level == 2


more = st.tuples(st.integers(0, 60), st.sampled_from([0, 60, 180]))


@given(st.lists(st.tuples(st.sampled_from([1, 10, 100, 400]), loads, more), max_size=80))
def test_more_load_is_never_a_lower_level(day: list[tuple[int, Gauges, tuple[int, int]]]) -> None:
    light, heavy, now = State(), State(), 0
    for seconds, figures, (lines, wait) in day:
        now += seconds * 1000
        oldest = figures.queues["gangguan"].oldest_ms + wait * 1000
        worse = replace(figures, lines=min(100, figures.lines + lines), queues={"gangguan": QueueGauge(0, 0, oldest)})
        light, heavy = decide(RULES, light, figures, now)[1], decide(RULES, heavy, worse, now)[1]
        assert light.level <= heavy.level


# --- 4 August 2019


def changes(rows: Iterable[blackout.Row]) -> list[tuple[str, int]]:
    return [(row.clock[:5], row.level) for row in rows if row.why]


def test_the_day_has_eighty_thousand_attempts() -> None:
    minutes = [blackout.attempts_per_hour(12 + n / 60) / 60 for n in range(540)]
    assert sum(minutes) == pytest.approx(80_000)


def test_on_4_august_the_ladder_climbs_within_minutes_and_nobody_is_refused() -> None:
    rows = list(blackout.day(ladder_rules(operator())))
    assert changes(rows) == [
        ("12:00", 1), ("12:01", 2), ("12:03", 3), ("16:06", 2), ("21:06", 1), ("21:13", 0),
    ]  # fmt: skip
    assert rows[-1].refused == 0
    assert list(blackout.day(ladder_rules(operator()), ladder=False))[-1].refused > 5_000


def test_the_documentation_shows_that_day() -> None:
    page = (Path(__file__).parents[2] / "docs/router/surge.md").read_text()
    assert blackout.table(blackout.day(ladder_rules(operator()))) in page


# --- over the store


@pytest.mark.store
@pytest.mark.anyio
async def test_another_dispatcher_goes_on_where_one_was_killed(pool: Pool) -> None:
    rules = replace(RULES, figures=(Figures(0.3), Figures(0.5), Figures(0.9), Figures(1.0)))
    for n in range(6):
        await pool.arrives(f"c000000000{n}")
    assert await SurgeLadder(pool.acd, rules).look() == 0
    pool.later(15)
    assert await SurgeLadder(pool.acd, rules).look() == 2, "it has been so for fifteen seconds, whoever looked"
    assert (await pool.arrives("c0000000006")).level == 2
    told = [entry.data for entry in await pool.told() if entry.event is Event.LEVEL]
    assert told == [{"level": 2, "reason": "lines", "by": "ladder", "hand": False, "until": 0}]


@pytest.mark.store
@pytest.mark.anyio
async def test_two_dispatchers_tell_a_change_once(pool: Pool) -> None:
    rules = replace(RULES, raise_after_ms=0)
    for n in range(9):
        await pool.arrives(f"c000000000{n}")
    one, other = SurgeLadder(pool.acd, rules), SurgeLadder(pool.acd, rules)
    for ladder in (one, other, one, other):
        assert await ladder.look() == 3
    assert [entry.event for entry in await pool.told()].count(Event.LEVEL) == 1


@pytest.mark.store
@pytest.mark.anyio
async def test_a_level_by_hand_stays_whatever_the_ladder_thinks(pool: Pool) -> None:
    rules = replace(RULES, raise_after_ms=0)
    await pool.acd.override_level(1, reason="uji", by="spv1")
    for n in range(9):
        await pool.arrives(f"c000000000{n}")
    assert await SurgeLadder(pool.acd, rules).look() == 3
    assert (await pool.acd.snapshot()).level == 1
    await pool.acd.release_override(by="spv1", reason="selesai")
    assert (await pool.acd.snapshot()).level == 3


@pytest.mark.store
@pytest.mark.anyio
async def test_the_dispatcher_moves_the_ladder_and_gives_the_store_its_gaps(pool: Pool) -> None:
    rules = operator()
    quick = replace(
        rules,
        areas=rules.areas.model_copy(update={"lines": 10, "emergency_lines": 1}),
        surge=rules.surge.model_copy(update={"raise_after": 0.0}),
    )
    await dispatcher.configure(pool.acd, quick)
    for n in range(9):
        await pool.arrives(f"c000000000{n}")
        await pool.enqueue(f"c000000000{n}", "keluhan")
    await dispatcher.Dispatcher(pool.acd, quick).turn()
    assert (await pool.acd.snapshot()).level == 3
    await pool.acd.ended("c0000000000", by="caller")
    for n in range(61):
        reason = (await pool.arrives(f"c00000001{n:02}")).reason
        await pool.acd.ended(f"c00000001{n:02}", by="caller")
    assert reason == "gapped", "sixty at once at level 3 (surge.yaml)"
