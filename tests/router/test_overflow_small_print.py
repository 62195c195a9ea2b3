"""Who goes to a partner: the edges of the rules in test_overflow.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router.store.types import Breaker, PartnerRules
from tests.fixtures.router import Pool
from tests.router.test_overflow import ADDRESS, FRAIL, everybody, fails, handed, line, partner, rules

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_a_partner_that_takes_one_call_a_second_gets_one(pool: Pool) -> None:
    await rules(pool, PartnerRules("mitra", cap=10, addresses=ADDRESS, rate=1), max_wait_ms=1)
    await line(pool, 3)
    pool.later(1)
    for _ in range(3):
        assert len(await everybody(pool)) == 1
        pool.later(1)


async def test_only_the_trial_closes_a_breaker_not_a_talk_that_began_before_it_opened(pool: Pool) -> None:
    await rules(pool, replace(FRAIL, failures=1), max_wait_ms=1)
    await line(pool, 2)
    pool.later(1)
    before = await handed(pool)
    await pool.acd.partner_answered(before.call, before.token)
    await fails(pool)
    pool.later(10)
    await pool.acd.sweep()
    await pool.acd.ended(before.call, by="caller")
    assert (await partner(pool)).breaker is Breaker.OPEN


async def test_a_level_that_nobody_has_set_is_none(pool: Pool) -> None:
    await rules(pool, over_level=1)
    await line(pool, 3)
    assert await everybody(pool) == []
