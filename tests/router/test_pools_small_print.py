"""Moves between pools: what is forgotten when, and what a repetition answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.errors import NotFound
from router.calls import CallState
from router.store.audit import audit
from tests.fixtures.router import RULES, TwoPools, between

pytestmark = [pytest.mark.store, pytest.mark.anyio]

CALL = "c0000000001"


async def test_a_caller_who_hung_up_on_the_way_is_forgotten_once_the_other_pool_has_ended_the_call(
    two: TwoPools,
) -> None:
    west, east = two.west.acd, two.east.acd
    await two.west.waits(CALL)
    departure = await west.depart(CALL, east.pool)
    await east.receive(west.pool, departure.token, departure.payload)
    await west.ended(CALL, by="caller")
    two.west.later(4)
    assert [one.call for one in await west.moving()] == [CALL], "somebody must still tell the other pool"
    assert await two.mover().finish(departure) is False
    two.west.later(4)
    assert await west.moving() == []
    await two.in_order()


async def test_a_late_step_of_a_caller_who_hung_up_on_the_way_is_kept_as_long_as_the_call(two: TwoPools) -> None:
    west = two.west.acd
    await two.west.waits(CALL)
    await west.step(CALL, token="t1", flow="F1", answer="A1")
    await west.depart(CALL, two.east.acd.pool)
    await west.ended(CALL, by="caller")
    await west.step(CALL, token="t2", flow="F2", answer="A2")
    assert await audit(west._url, west.pool) == []


async def test_settled_under_another_token_settles_nothing(two: TwoPools) -> None:
    west = two.west.acd
    await two.west.waits(CALL)
    await west.depart(CALL, two.east.acd.pool)
    await west.ended(CALL, by="caller")
    await west.settled(CALL, "another-token")
    two.west.later(4)
    assert [one.call for one in await west.moving()] == [CALL]


async def test_a_call_that_has_gone_on_is_not_received_again(two: TwoPools) -> None:
    west, east = two.west.acd, two.east.acd
    await two.west.waits(CALL)
    departure = await west.depart(CALL, east.pool)
    for _ in range(2):
        await east.receive(west.pool, departure.token, departure.payload)
    await two.east.ready("cso1")
    offer = await two.east.offered()
    await east.answered(CALL, offer.token)
    await east.receive(west.pool, departure.token, departure.payload)
    assert (await two.east.call(CALL)).cso == "cso1"


async def test_who_is_moved_has_left_the_line_without_a_cso(two: TwoPools) -> None:
    west = two.west.acd
    await two.west.waits(CALL)
    before = (await west.outlook("gangguan")).pace.lost
    await west.depart(CALL, two.east.acd.pool)
    assert (await west.outlook("gangguan")).pace.lost > before


async def test_what_was_counted_goes_with_the_newest_entry(two: TwoPools) -> None:
    await two.west.waits(CALL)
    epoch, newest, counts = await two.west.acd.counted()
    entries = await two.west.acd.journal("", count=1000)
    assert (epoch, newest) == (entries[-1].epoch, entries[-1].id)
    assert sum(counts.values()) == len(entries)


async def test_a_pool_that_does_not_know_the_queue_says_so(two: TwoPools) -> None:
    await two.west.waits(CALL)
    departure = await two.west.acd.depart(CALL, two.east.acd.pool)
    await two.east.configure(queues=RULES[1:])
    with pytest.raises(NotFound) as told:
        await two.east.acd.receive(two.west.acd.pool, departure.token, departure.payload)
    assert told.value.slug == "unknown-queue"


async def test_a_move_is_its_movers_for_three_seconds(two: TwoPools) -> None:
    await two.west.waits(CALL)
    await two.west.acd.depart(CALL, two.east.acd.pool)
    assert await two.west.acd.moving() == []
    two.later(3)
    assert [one.call for one in await two.west.acd.moving()] == [CALL]
    assert await two.west.acd.moving() == [], "that mover's now"


async def test_only_lines_in_which_nobody_is_free_are_looked_at(two: TwoPools) -> None:
    """Each once, whether callers wait in it or callbacks, in the order of those who wait."""
    west = two.west.acd
    await two.west.waits("c0000000002", "keluhan")
    await two.west.waits(CALL)
    await two.west.waits("c0000000003", "permintaan")
    await two.west.waits("c0000000004", "keluhan")
    await west.call_back("c0000000004", number="+628110000099", cmd="b1")
    await two.west.ready("cso1", "permintaan")
    assert await west.stranded() == ["keluhan@asterisk", "gangguan@asterisk"]


@pytest.mark.parametrize(("max_wait_ms", "over_place", "goes"), [(5_000, 0, CALL), (0, 1, "c0000000002")])
async def test_without_a_partner_a_wait_or_a_place_counts_for_pools_too(
    two: TwoPools, max_wait_ms: int, over_place: int, goes: str
) -> None:
    plain = between(two.east.acd.pool)
    await two.west.configure(
        queues=[replace(one, partners=(), max_wait_ms=max_wait_ms, over_place=over_place) for one in plain]
    )
    await two.west.waits(CALL)
    await two.west.waits("c0000000002")
    two.later(5)
    departure = await two.west.acd.depart_next(two.east.acd.pool, "gangguan@asterisk")
    assert departure is not None
    assert departure.call == goes


async def test_a_callback_takes_no_line_in_the_other_pool(two: TwoPools) -> None:
    await two.west.waits(CALL)
    await two.west.acd.call_back(CALL, number="+628110000099", cmd="b1")
    assert await two.mover().move(CALL, two.east.acd.pool)
    assert await two.east.lines_in_use() == set()
    await two.in_order()


async def test_a_pool_whose_queue_is_full_does_not_take_it(two: TwoPools) -> None:
    for n in (2, 3, 4):
        await two.east.waits(f"c000000000{n}", "permintaan")
    await two.west.waits(CALL, "permintaan")
    assert not await two.mover().move(CALL, two.east.acd.pool)
    assert (await two.west.told())[-1].data["reason"] == "queue-full"
    await two.east.acd.ended("c0000000004", by="caller")
    assert await two.mover().move(CALL, two.east.acd.pool)


async def test_a_move_of_a_call_that_is_not_there_is_forgotten(two: TwoPools) -> None:
    west = two.west.acd
    await two.west.waits(CALL)
    await west.depart(CALL, two.east.acd.pool)
    await west._wire.call("ZADD", f"suar:{{{west.pool}}}:moving", 1, "c0000000099")
    two.later(4)
    assert [one.call for one in await west.moving()] == [CALL]
    await two.in_order()


async def test_nobody_is_sent_away_while_one_of_ours_is_free(two: TwoPools) -> None:
    await two.west.waits(CALL)
    await two.west.ready("cso1")
    two.later(600)
    assert await two.west.acd.depart_next(two.east.acd.pool, "gangguan@asterisk") is None


async def test_who_was_not_taken_is_sent_again_after_half_a_minute(two: TwoPools) -> None:
    await two.west.waits(CALL)
    two.later(180)
    await two.east.configure(lines=2)
    assert not await two.mover().move(CALL, two.east.acd.pool)
    two.later(29.999)
    assert await two.west.acd.depart_next(two.east.acd.pool, "gangguan@asterisk") is None
    two.later(0.001)
    assert await two.west.acd.depart_next(two.east.acd.pool, "gangguan@asterisk") is not None


async def test_who_has_hung_up_there_once_is_not_taken_there_again(two: TwoPools) -> None:
    """That pool knows how the call ended, and does not begin it anew; the caller stays in line here."""
    await two.east.arrives(CALL)
    await two.east.acd.ended(CALL, by="caller")
    await two.west.waits(CALL)
    assert not await two.mover().move(CALL, two.east.acd.pool)
    where, known = await two.place_of(CALL)
    assert (where, known.state) == ("west", CallState.WAITING)
    there = await two.east.acd.call(CALL)
    assert there
    assert there.outcome == "left_ivr"


async def test_a_pool_has_room_for_a_wish_as_far_as_its_free_csos_can_grant_it(two: TwoPools) -> None:
    await two.east.ready("cso1", "gangguan", skills={"en": 3})
    await two.east.ready("cso2", "gangguan", skills={"en": 2})
    await two.east.ready("cso3", "gangguan")
    rooms = [
        await two.east.acd.room(lane)
        for lane in ("gangguan@asterisk", "gangguan@asterisk+en:2", "gangguan@asterisk+en:3")
    ]
    assert rooms == [3, 2, 1]


async def test_one_who_is_to_be_called_back_goes_to_another_pool_when_the_wait_is_over(two: TwoPools) -> None:
    """As a caller on the line would; the wait of the queue counts from when the place was taken."""
    west = two.west
    await west.waits(CALL)
    await west.acd.call_back(CALL, number="+6281100000001", cmd="cb")
    west.later(179)
    assert await west.acd.depart_next(two.east.acd.pool, "gangguan@asterisk") is None
    west.later(1)
    going = await west.acd.depart_next(two.east.acd.pool, "gangguan@asterisk")
    assert going
    assert going.call == CALL


async def test_who_was_told_a_long_wait_goes_to_another_pool_before_the_wait_is_over(two: TwoPools) -> None:
    west = two.west
    await west.waits("c0000000002")
    await west.waits(CALL)
    assert await west.acd.mark_due(CALL)
    going = await west.acd.depart_next(two.east.acd.pool, "gangguan@asterisk")
    assert going
    assert going.call == CALL
