"""Who is let in, and what a refused caller leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from config.clock import VirtualClock
from config.errors import Invalid, NotFound, Problem
from router.agents import CsoState
from router.calls import CallState, Outcome
from router.events import Event
from router.store.acd import Acd
from router.store.types import Override, RefusedNumber, TrunkRules
from tests.fixtures.clock import START
from tests.fixtures.router import Pool
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_a_call_is_admitted_and_told_of(pool: Pool) -> None:
    admission = await pool.arrives("c0000000001")
    assert (admission.admitted, admission.lines, admission.level, admission.reserve) == (True, 1, 0, False)
    call = await pool.call("c0000000001")
    assert (call.state, call.ani, call.region, call.arrived) == (
        CallState.IVR, "+628110000001", "31", pool.clock.ms(),
    )  # fmt: skip
    arrived = (await pool.told())[-1]
    assert (arrived.event, arrived.call, arrived.carrier) == (Event.CALL_ARRIVED, "c0000000001", "asterisk")
    assert arrived.data["dialled"] == "021123"


async def test_the_last_lines_are_for_emergencies_and_beyond_them_the_number_is_kept(pool: Pool) -> None:
    await pool.configure(lines=4)
    admissions = [await pool.arrives(f"c000000000{n}") for n in range(5)]
    assert [one.admitted for one in admissions] == [True, True, True, True, False]
    assert [one.reserve for one in admissions] == [False, False, True, True, False]
    assert [one.reason for one in admissions] == ["", "", "reserve", "reserve", "lines-full"]
    refused = (await pool.told())[-1]
    assert (refused.event, refused.data["ani"]) == (Event.CALL_REFUSED, "+628110000001")
    assert (await pool.call("c0000000004")).outcome == Outcome.REFUSED
    assert (await pool.acd.snapshot()).lines == 4


async def test_a_known_call_is_answered_as_before_whatever_happened_since(pool: Pool) -> None:
    await pool.configure(lines=1)
    first = await pool.arrives("c0000000001")
    refused = await pool.arrives("c0000000002")
    await pool.acd.ended("c0000000001", by="caller")
    await pool.told()
    assert await pool.arrives("c0000000001", cmd="again") == first
    assert await pool.arrives("c0000000002", cmd="again") == refused
    assert await pool.told() == []
    assert (await pool.arrives("c0000000003")).admitted, "the line is free again"


async def test_a_line_nobody_renews_is_lost_with_its_call(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.waits("c0000000002")
    pool.later(800)
    await pool.acd.renew(["c0000000001", "c0000000099"])
    pool.later(200)
    assert await pool.acd.sweep() == 1
    lost, kept = await pool.call("c0000000002"), await pool.call("c0000000001")
    assert (lost.outcome, kept.state) == (Outcome.LOST, CallState.WAITING)
    assert (await pool.told())[-1].data["by"] == "lease"
    assert await pool.acd.call("c0000000099") is None, "renewing makes no calls"


async def test_the_level_is_told_once(pool: Pool) -> None:
    await pool.told()
    await pool.acd.set_level(2, reason="lines", by="spv1")
    await pool.acd.set_level(2, reason="lines", by="spv1")
    assert await pool.events() == [Event.LEVEL]
    assert (await pool.arrives("c0000000001")).level == 2


TRUNKS = (TrunkRules("jakarta", lines=3, emergency_lines=1), TrunkRules("bangka", lines=9))


async def test_a_trunk_has_lines_and_a_reserve_of_its_own_beside_the_total(pool: Pool) -> None:
    await pool.configure(lines=6, trunks=TRUNKS)
    jakarta = [await pool.arrives(f"c000000000{n}") for n in range(4)]
    assert [one.reason for one in jakarta] == ["", "", "reserve", "trunk-full"]
    assert [(one.lines, one.trunk_lines) for one in jakarta] == [(1, 1), (2, 2), (3, 3), (3, 3)]
    bangka = [await pool.arrives(f"c000000001{n}", trunk="bangka", region="19") for n in range(4)]
    assert [one.reason for one in bangka] == ["", "reserve", "reserve", "lines-full"], "six lines, two of them kept"
    assert [(one.lines, one.trunk_lines) for one in bangka] == [(4, 1), (5, 2), (6, 3), (6, 3)]
    await pool.acd.ended("c0000000001", by="caller")
    again = await pool.arrives("c0000000020", trunk="bangka")
    assert (again.lines, again.trunk_lines, again.reason) == (6, 4, "reserve"), "the line that became free"


async def test_a_trunk_without_lines_of_its_own_has_those_of_the_total(pool: Pool) -> None:
    await pool.configure(lines=4, trunks=[TrunkRules("jakarta")])
    assert [(await pool.arrives(f"c000000000{n}")).reason for n in range(5)] == [
        "", "", "reserve", "reserve", "lines-full",
    ]  # fmt: skip


async def test_a_trunk_nobody_configured_is_refused_by_name_and_changes_nothing(pool: Pool) -> None:
    await pool.configure(trunks=TRUNKS)
    with pytest.raises(NotFound) as told:
        await pool.arrives("c0000000001", trunk="bandung")
    assert told.value.slug == "unknown-trunk"
    assert await pool.acd.call("c0000000001") is None
    assert (await pool.arrives("c0000000001", trunk="")).admitted, "a call of which no trunk is known is let in"


@pytest.mark.parametrize("rules", [TrunkRules("a", lines=-1), TrunkRules("a", 2, 3), TrunkRules("a b", 2)])
async def test_a_trunk_that_cannot_be_is_refused(pool: Pool, rules: TrunkRules) -> None:
    with pytest.raises(Invalid):
        await pool.configure(trunks=[rules])
    assert (await pool.arrives("c0000000001", trunk="anything")).admitted


async def test_a_refused_number_is_kept_once_with_its_first_instant(pool: Pool) -> None:
    await pool.configure(lines=1)
    await pool.arrives("c0000000001", ani="")
    first = pool.clock.ms()
    for n, ani in enumerate(["+628110000007", "+628110000008", "+628110000007", ""]):
        await pool.arrives(f"c000000001{n}", ani=ani)
        pool.later(10)
    assert await pool.acd.refused() == [
        RefusedNumber("c0000000010", "+628110000007", first, "jakarta", "31", "asterisk"),
        RefusedNumber("c0000000011", "+628110000008", first + 10_000, "jakarta", "31", "asterisk"),
    ]
    assert len(await pool.acd.refused(1)) == 1
    assert await pool.acd.refused(0) == []
    assert (await pool.acd.gauges()).withheld_refused == 1


async def test_who_gets_through_is_not_called_back(pool: Pool) -> None:
    pool.emergency_lines = 0
    await pool.configure(lines=1)
    for n in (3, 4):
        await pool.arrives(f"c000000000{n}", ani=f"+62811000000{n}")
    assert [one.number for one in await pool.acd.refused()] == ["+628110000004"]
    await pool.acd.ended("c0000000003", by="caller")
    assert (await pool.arrives("c0000000009", ani="+628110000004")).reason == ""
    assert await pool.acd.refused() == []


@pytest.mark.parametrize(("level", "kept"), [(3, []), (4, ["+628110000004"])])
async def test_who_hears_level_four_alone_is_called_back_all_the_same(pool: Pool, level: int, kept: list[str]) -> None:
    pool.emergency_lines = 0
    await pool.configure(lines=1)
    for n in (3, 4):
        await pool.arrives(f"c000000000{n}", ani=f"+62811000000{n}")
    await pool.acd.ended("c0000000003", by="caller")
    await pool.acd.set_level(level, reason="uji", by="spv1")
    await pool.arrives("c0000000009", ani="+628110000004")
    assert [one.number for one in await pool.acd.refused()] == kept


async def test_a_call_rebuilt_from_its_channel_is_admitted_as_it_stands(pool: Pool) -> None:
    await pool.acd.adopt(
        "c0000000001", carrier="asterisk", channel="PJSIP/1", ani="+628110000001", trunk="jakarta", region="31",
        queue="gangguan", arrived=pool.clock.ms(), priority=0, emergency=False,
    )  # fmt: skip
    admission = await pool.arrives("c0000000001")
    assert (admission.admitted, admission.lines, admission.trunk_lines, admission.reason) == (True, 1, 0, "")


async def test_a_caller_released_after_the_triage_is_kept_but_an_emergency_is_served(pool: Pool) -> None:
    await pool.configure(lines=3)
    for n in range(3):
        await pool.arrives(f"c000000000{n}", ani=f"+62811000000{n}")
    await pool.enqueue("c0000000002", "darurat", emergency=True)
    for n in range(3):
        await pool.acd.ended(f"c000000000{n}", by="caller")
    assert [one.number for one in await pool.acd.refused()] == ["+628110000001"], "released in the triage"


async def test_a_refused_number_is_forgotten_after_a_day(pool: Pool) -> None:
    await pool.configure(lines=0)
    await pool.arrives("c0000000001")
    pool.later(86_399)
    await pool.acd.sweep()
    assert len(await pool.acd.refused()) == 1
    pool.later(2)
    await pool.acd.sweep()
    assert await pool.acd.refused() == []


async def test_a_level_by_hand_holds_until_its_instant_while_the_ladder_only_waits(pool: Pool) -> None:
    await pool.told()
    until = pool.clock.ms() + 60_000
    await pool.acd.override_level(3, reason="gardu induk padam", by="spv1", until=until)
    await pool.acd.override_level(3, reason="gardu induk padam", by="spv1", until=until)
    assert await pool.acd.climb(1, reason="lines", turn=0, state="{}")
    assert (await pool.arrives("c0000000001")).level == 3
    gauges = await pool.acd.gauges()
    assert (gauges.level, gauges.automatic) == (3, 1)
    assert gauges.override == Override(3, "gardu induk padam", "spv1", until)
    pool.later(60)
    await pool.acd.sweep()
    assert (await pool.arrives("c0000000002")).level == 1
    assert (await pool.acd.gauges()).override is None
    assert [entry.data for entry in await pool.told() if entry.event is Event.LEVEL] == [
        {"level": 3, "reason": "gardu induk padam", "by": "spv1", "hand": True, "until": until},
        {"level": 1, "reason": "override-over", "by": "spv1", "hand": False, "until": 0},
    ]


async def test_a_level_by_hand_is_released_with_a_reason(pool: Pool) -> None:
    await pool.acd.release_override(by="spv1", reason="tidak ada")
    await pool.acd.override_level(4, reason="latihan", by="spv1")
    await pool.told()
    await pool.acd.release_override(by="spv2", reason="latihan selesai")
    await pool.acd.release_override(by="spv2", reason="latihan selesai")
    assert [entry.data for entry in await pool.told()] == [
        {"level": 0, "reason": "latihan selesai", "by": "spv2", "hand": False, "until": 0},
    ]
    assert (await pool.arrives("c0000000001")).level == 0


async def test_of_two_ladders_that_decide_at_once_one_is_heard(pool: Pool) -> None:
    turn = (await pool.acd.gauges()).ladder_turn
    assert await pool.acd.climb(2, reason="lines", turn=turn, state='{"a": 1}')
    assert not await pool.acd.climb(1, reason="lines", turn=turn, state='{"a": 2}')
    gauges = await pool.acd.gauges()
    assert (gauges.level, gauges.ladder, gauges.ladder_turn) == (2, '{"a": 1}', turn + 1)


@pytest.mark.parametrize(
    ("slug", "given"),
    [
        ("level-range", {"level": 5}),
        ("level-range", {"level": -1}),
        ("level-range", {"level": 1.5}),
        ("reason-missing", {"reason": " "}),
        ("until-past", {"until": 1}),
        ("until-past", {"until": int(START.timestamp() * 1000)}),
    ],
)
async def test_an_override_that_makes_no_sense_changes_nothing(pool: Pool, slug: str, given: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"level": 2, "reason": "uji", "by": "spv1", "until": 0, **given}
    await pool.told()
    with pytest.raises(Problem) as told:
        await pool.acd.override_level(asked.pop("level"), **asked)
    assert told.value.slug == slug
    assert (await pool.acd.gauges()).override is None
    assert await pool.told() == []


async def test_a_level_that_does_not_exist_is_refused(pool: Pool) -> None:
    with pytest.raises(Problem, match="0 sampai 4"):
        await pool.acd.set_level(7, reason="uji", by="spv1")
    with pytest.raises(Problem, match="alasan"):
        await pool.acd.release_override(by="spv1", reason="")


async def test_the_gauges_show_lines_queues_and_csos(pool: Pool) -> None:
    await pool.configure(trunks=TRUNKS)
    await pool.ready("cso1", "keluhan")
    await pool.acd.log_in("cso2", queues=["keluhan"], endpoint="cso2", carrier="asterisk")
    await pool.waits("c0000000001")
    pool.later(30)
    await pool.waits("c0000000002", priority=5)
    gauges = await pool.acd.gauges()
    assert (gauges.lines, gauges.capacity, gauges.emergency_lines) == (2, 10, 2)
    assert gauges.trunks == {"jakarta": (2, 3), "bangka": (0, 9)}
    assert (gauges.queues["gangguan"].waiting, gauges.queues["gangguan"].oldest_ms) == (2, 30_002)
    assert (gauges.queues["keluhan"].waiting, gauges.queues["keluhan"].oldest_ms) == (0, 0)
    assert (gauges.serving, gauges.working) == (2, 1)


async def test_an_emergency_is_neither_refused_nor_diverted_at_any_level(pool: Pool) -> None:
    await pool.configure(lines=3)
    await pool.acd.override_level(4, reason="uji", by="spv1")
    await pool.acd.set_gap("31", per_s=0.001, burst=1, by="spv1", reason="uji")
    for n in range(3):
        await pool.arrives(f"c000000000{n}")
    await pool.enqueue("c0000000002", "darurat", emergency=True)
    pool.later(600)
    await pool.acd.renew(["c0000000002"])
    assert await pool.acd.overflow_next() is None
    await pool.ready("cso1")
    assert (await pool.offered()).call == "c0000000002"


async def test_a_few_words_only_are_for_who_listens_not_for_who_waits(pool: Pool) -> None:
    await pool.arrives("c0000000001", ani="+628110000001")
    await pool.acd.triaged("c0000000001")
    await pool.waits("c0000000002")
    await pool.acd.triaged("c0000000002")
    await pool.acd.leave_queue("c0000000002", cmd="l1")
    for call in ("c0000000001", "c0000000002"):
        await pool.acd.ended(call, by="caller")
    assert [one.call for one in await pool.acd.refused()] == ["c0000000001"]


async def test_the_gauges_count_who_is_at_work(pool: Pool) -> None:
    for cso in ("cso1", "cso2", "cso3"):
        await pool.ready(cso)
    await pool.acd.ask_state("cso3", CsoState.PAUSED)
    gauges = await pool.acd.gauges()
    assert (gauges.serving, gauges.working) == (3, 2)
    await pool.acd.telephone("cso1", reachable=False)
    await pool.acd.ask_state("cso2", CsoState.LOGGED_OUT)
    gauges = await pool.acd.gauges()
    assert (gauges.serving, gauges.working) == (2, 0)


async def test_two_of_one_number_the_one_in_line_does_not_take_the_callback_from_the_other(pool: Pool) -> None:
    """A house telephone: one is in the menu while the other is refused."""
    await pool.arrives("c0000000001")
    await pool.configure(lines=1)
    await pool.arrives("c0000000002")
    await pool.enqueue("c0000000001")
    assert [one.call for one in await pool.acd.refused()] == ["c0000000002"]


async def test_a_pool_that_nobody_has_configured_refuses_and_keeps_the_number(store: StoreUnderTest) -> None:
    acd = await Acd.open(store.url, store.pool, timeout=PATIENT)
    pool = Pool(acd, VirtualClock(START))
    assert not (await pool.arrives("c0000000001")).admitted
    assert len(await acd.refused()) == 1
    await acd.close()
