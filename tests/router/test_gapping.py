"""Call gapping: so many callers of an area and no more, but every emergency."""

from __future__ import annotations

import random

import pytest

from config.errors import Problem
from router.events import Event
from router.store.types import Admission, Gap, LevelGap
from tests.fixtures.clock import START
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def gap(pool: Pool, area: str = "31", per_s: float = 0.5, burst: float = 2, until: int = 0) -> None:
    await pool.acd.set_gap(area, per_s=per_s, burst=burst, by="spv1", reason="banjir panggilan", until=until)


async def arrive(pool: Pool, count: int, first: int = 0, **extra: str) -> list[Admission]:
    """So many calls at one instant; each hangs up at once, so that lines are not what decides."""
    found = []
    for n in range(first, first + count):
        found.append(await pool.arrives(f"c{n:010}", ani=f"+62811{n:07}", **extra))
        await pool.acd.ended(f"c{n:010}", by="caller")
    return found


async def test_beyond_the_burst_a_caller_of_the_region_gets_the_short_triage(pool: Pool) -> None:
    await gap(pool)
    admissions = await arrive(pool, 4)
    assert [one.reason for one in admissions] == ["", "", "gapped", "gapped"]
    assert all(one.admitted for one in admissions), "gapped callers are let in, for the announcement"
    assert [one.reserve for one in admissions] == [False, False, True, True]
    assert [one.number for one in await pool.acd.refused()] == ["+628110000002", "+628110000003"]


async def test_the_bucket_fills_with_time_and_never_beyond_the_burst(pool: Pool) -> None:
    await gap(pool)
    await arrive(pool, 2)
    pool.later(2)
    assert [one.reason for one in await arrive(pool, 2, first=10)] == ["", "gapped"], "half a call a second"
    pool.later(3600)
    assert [one.reason for one in await arrive(pool, 3, first=20)] == ["", "", "gapped"], "no more than the burst"


async def test_other_regions_are_not_concerned(pool: Pool) -> None:
    await gap(pool, burst=1)
    assert [one.reason for one in await arrive(pool, 2, trunk="", region="19")] == ["", ""]
    assert [one.reason for one in await arrive(pool, 1, first=5, trunk="", region="")] == [""]


async def test_a_gap_ends_at_its_instant_or_when_it_is_taken_off(pool: Pool) -> None:
    await gap(pool, burst=1, until=pool.clock.ms() + 60_000)
    assert [one.reason for one in await arrive(pool, 2)] == ["", "gapped"]
    assert [one.area for one in (await pool.acd.gauges()).gaps] == ["31"]
    pool.later(60)
    assert [one.reason for one in await arrive(pool, 2, first=10)] == ["", ""]
    assert (await pool.acd.gauges()).gaps == ()
    await gap(pool, burst=1)
    await pool.acd.set_gap("31", per_s=0, by="spv1", reason="selesai")
    assert [one.reason for one in await arrive(pool, 2, first=20)] == ["", ""]


async def test_the_levels_gap_holds_at_its_level_and_one_by_hand_goes_before_it(pool: Pool) -> None:
    gaps = [LevelGap(3, "31", per_s=0.001, burst=1)]
    await pool.configure(gaps=gaps)
    assert [one.reason for one in await arrive(pool, 2)] == ["", ""]
    await pool.acd.set_level(3, reason="uji", by="spv1")
    assert [one.reason for one in await arrive(pool, 2, first=10)] == ["", "gapped"]
    await gap(pool, burst=3)
    await pool.configure(gaps=gaps)
    assert [one.reason for one in await arrive(pool, 4, first=20)] == ["", "", "", "gapped"], "it outlives a new set-up"
    await pool.acd.set_gap("31", per_s=0, by="spv1", reason="selesai")
    assert [one.reason for one in await arrive(pool, 1, first=30)] == ["gapped"], "the level's bucket is still empty"
    await pool.configure()
    assert [one.reason for one in await arrive(pool, 1, first=40)] == [""], "the level has no gap any more"


async def test_the_most_specific_gap_of_the_located_area_is_asked_once(pool: Pool) -> None:
    await gap(pool, "31.71", burst=1)
    await gap(pool, "31", burst=100)
    for n in range(3):
        assert (await pool.arrives(f"c000000000{n}")).reason == ""
    assert [await pool.acd.locate(f"c000000000{n}", "31.71.06") for n in range(3)] == [False, True, True]
    assert await pool.acd.locate("c0000000000", "31.71.06") is False, "asked again, answered the same"
    assert await pool.acd.locate("c0000000001", "31.74.01") is True, "it stays what it was in another area"
    located = [entry.data for entry in await pool.told() if entry.event is Event.CALL_LOCATED]
    assert located == [
        {"area": "31.71.06", "gapped": False},
        {"area": "31.71.06", "gapped": True},
        {"area": "31.71.06", "gapped": True},
        {"area": "31.74.01", "gapped": True},
    ]
    call = await pool.call("c0000000001")
    assert (call.area, call.gapped) == ("31.74.01", True)


async def test_the_gap_that_let_a_caller_in_is_not_asked_again(pool: Pool) -> None:
    await gap(pool, burst=1)
    assert (await pool.arrives("c0000000001")).reason == ""
    assert await pool.acd.locate("c0000000001", "31.71.06") is False


async def test_an_emergency_is_never_gapped(pool: Pool) -> None:
    await gap(pool, burst=1)
    await pool.arrives("c0000000001")
    assert (await pool.arrives("c0000000002")).reason == "gapped"
    await pool.enqueue("c0000000002", "darurat", emergency=True)
    assert (await pool.call("c0000000002")).gapped is False
    assert await pool.acd.locate("c0000000002", "31.71.06") is False
    await pool.acd.ended("c0000000002", by="caller")
    assert await pool.acd.refused() == [], "it was served"


async def test_an_emergency_takes_nobodys_turn(pool: Pool) -> None:
    await gap(pool, "31.71", burst=1)
    await pool.arrives("c0000000001")
    await pool.enqueue("c0000000001", "darurat", emergency=True)
    await pool.acd.locate("c0000000001", "31.71.06")
    await pool.arrives("c0000000002")
    assert await pool.acd.locate("c0000000002", "31.71.06") is False


async def test_arrivals_are_counted_by_region_and_by_located_area(pool: Pool) -> None:
    await pool.configure(lines=3)
    for n in range(4):
        await pool.arrives(f"c000000000{n}")
    await pool.acd.locate("c0000000000", "31.71.06")
    await pool.acd.locate("c0000000000", "31.71.06")
    await pool.acd.locate("c0000000001", "31.74")
    gauges = await pool.acd.gauges()
    assert {code: rate.minute for code, rate in gauges.areas.items()} == {
        "31": 2, "31.71": 1, "31.71.06": 1, "31.74": 1,
    }  # fmt: skip
    assert (gauges.regions["31"].minute, gauges.arrivals.five, gauges.refusals.minute) == (4, 4, 1)
    pool.later(60)
    faded = await pool.acd.gauges()
    assert faded.regions["31"].minute == pytest.approx(4 / 2.71828, rel=1e-4)
    assert faded.regions["31"].five == pytest.approx(4 / 1.22140, rel=1e-4)


async def test_a_steady_stream_shows_its_rate(pool: Pool) -> None:
    for n in range(1800):
        await pool.acd.admit(
            f"c{n:010}", carrier="asterisk", channel="x", ani="", trunk="", region="31", dialled="", menu="", cmd=str(n)
        )
        await pool.acd.ended(f"c{n:010}", by="caller")
        pool.later(1)
    gauges = await pool.acd.gauges()
    assert gauges.regions["31"].minute == pytest.approx(60, rel=0.02)
    assert gauges.regions["31"].per_hour == pytest.approx(3600, rel=0.02)


@pytest.mark.parametrize(
    ("slug", "given"),
    [
        ("unknown-area", {"area": "jakarta"}),
        ("unknown-area", {"area": "31.7"}),
        ("rate-range", {"per_s": -1}),
        ("rate-range", {"per_s": float("nan")}),
        ("rate-range", {"per_s": float("inf")}),
        ("rate-range", {"burst": -5}),
        ("rate-range", {"burst": 0}),
        ("reason-missing", {"reason": "  "}),
        ("until-past", {"until": 1}),
        ("until-past", {"until": int(START.timestamp() * 1000)}),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name_and_changes_nothing(
    pool: Pool, slug: str, given: dict[str, object]
) -> None:
    asked = {"area": "31", "per_s": 1.0, "burst": 5.0, "by": "spv1", "reason": "uji", "until": 0, **given}
    await pool.told()
    with pytest.raises(Problem) as told:
        await pool.acd.set_gap(asked.pop("area"), **asked)  # type: ignore[arg-type]
    assert told.value.slug == slug
    assert (await pool.acd.gauges()).gaps == ()
    assert await pool.told() == []


async def test_a_call_cannot_be_located_nowhere(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    for call, area, slug in [("c0000000001", "x", "unknown-area"), ("c0000000009", "31", "unknown-call")]:
        with pytest.raises(Problem) as told:
            await pool.acd.locate(call, area)
        assert told.value.slug == slug
    assert (await pool.call("c0000000001")).area == ""


async def test_a_gap_is_told_once_with_who_and_why(pool: Pool) -> None:
    await pool.told()
    await gap(pool)
    await gap(pool)
    (told,) = await pool.told()
    assert told.event is Event.GAP
    assert told.data == {
        "area": "31", "per_s": 0.5, "burst": 2, "by": "spv1", "reason": "banjir panggilan", "until": 0,
    }  # fmt: skip
    assert (await pool.acd.gauges()).gaps == (Gap("31", 0.5, 2, "spv1", "banjir panggilan", 0),)


@pytest.mark.parametrize("seed", range(3))
async def test_in_no_stretch_of_time_come_more_than_the_burst_and_the_rate(pool: Pool, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    await gap(pool, per_s=0.5, burst=3)
    passed = []
    for n in range(120):
        if (await arrive(pool, 1, first=n))[0].reason == "":
            passed.append(pool.clock.ms())
        pool.later(dice.choice([0, 0, 0.1, 0.7, 2, 9]))
    for i, start in enumerate(passed):
        for count, end in enumerate(passed[i:], 1):
            assert count <= 3 + 0.5 * (end - start) / 1000 + 1e-6
    assert len(passed) > 20


async def test_who_is_located_more_exactly_later_is_counted_once(pool: Pool) -> None:
    """And asked for the gap once: the area that a CSO puts right is no second caller."""
    await pool.acd.set_gap("31.71", per_s=1, burst=1, by="spv1", reason="banjir")
    await pool.arrives("c0000000001")
    assert not await pool.acd.locate("c0000000001", "31.71")
    assert not await pool.acd.locate("c0000000001", "31.71.06")
    areas = (await pool.acd.gauges()).areas
    assert areas["31.71"].minute == 1
    assert "31.71.06" not in areas
