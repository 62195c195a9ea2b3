"""Moves between pools: what is forgotten when, and what a repetition answers."""

from __future__ import annotations

import pytest

from tests.fixtures.router import TwoPools

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
