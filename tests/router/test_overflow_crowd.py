"""Overflow of a whole queue: the ratio, and the many who may not go to a partner again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router.agents import CsoState
from router.store.types import Breaker, PartnerRules
from tests.fixtures.router import RULES, Pool, TwoPools
from tests.router.test_overflow import ADDRESS, busy, everybody, handed, line, partner, rules

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_the_ratio_is_that_of_the_queue_not_of_each_skill_that_is_asked(pool: Pool) -> None:
    """Four lanes of the same CSOs are one line for those who work at it."""
    await rules(pool, over_ratio=3.0)
    asked = [{}, {"bali": 1}, {"en": 1}, {"id": 1}]
    everything = {"en": 5, "id": 5, "bali": 5}
    await pool.ready("cso1", skills=everything)
    await pool.waits("cbusy00000")
    offer = await pool.offered()
    await pool.acd.answered(offer.call, offer.token)
    calls = [await pool.waits(f"c000000{n:04}", skills=asked[n % 4]) for n in range(1, 9)]
    assert [call for call, _ in await everybody(pool)] == [calls[7], calls[6], calls[5], calls[4]], (
        "three for one remain"
    )


async def test_who_will_not_take_the_next_call_is_not_counted_on(pool: Pool) -> None:
    """A pause that was asked for, or a telephone that is gone, counts from that moment."""
    await rules(pool, over_ratio=2.0)
    await busy(pool, "cso1", "cso2", "cso3")
    await line(pool, 6)
    assert await everybody(pool) == []
    await pool.acd.ask_state("cso1", CsoState.PAUSED)
    assert len(await everybody(pool)) == 2
    await pool.acd.telephone("cso2", reachable=False)
    assert len(await everybody(pool)) == 2


@pytest.mark.parametrize("crowded", [False, True], ids=["due", "from the end"])
async def test_who_may_not_go_to_the_partner_again_keeps_nobody_from_going(pool: Pool, crowded: bool) -> None:
    """It failed 120 callers; the next ones go there, and so its breaker has its trial."""
    given = {"over_level": 1} if crowded else {"max_wait_ms": 1000}
    mitra = PartnerRules("mitra", cap=120, addresses=ADDRESS, failures=5, retry_ms=30_000)
    await pool.configure(
        queues=[replace(RULES[0], **{"max_wait_ms": 0, "partners": ("mitra",), **given})], partners=[mitra], lines=200
    )
    await pool.acd.set_level(1, reason="lines", by="ladder")
    calls = [await pool.waits(f"c{n:010}") for n in range(124)]
    pool.later(2)
    went = await everybody(pool)
    assert len(went) == 120
    for call, _ in went:
        token = (await pool.call(call)).token
        await pool.acd.hand_back(call, token, reason="unreachable")
    assert await pool.acd.overflow_next() is None, "the breaker is open"
    pool.later(31)
    trial = await handed(pool)
    assert trial.call == (calls[3] if crowded else calls[120])
    assert (await partner(pool)).breaker is Breaker.HALF


async def test_those_who_came_from_another_pool_keep_nobody_from_going_there(two: TwoPools) -> None:
    """Six callers who may not be sent back stand before one who may go."""
    for n in range(6):
        call = await two.west.waits(f"c000000000{n}")
        assert await two.mover().move(call, two.east.acd.pool)
    await two.east.waits("c0000000007")
    await two.west.ready("cso1")
    two.later(200)
    going = await two.east.acd.depart_next(two.west.acd.pool, "gangguan@asterisk")
    assert going is not None
    assert going.call == "c0000000007"
