"""Who goes to a partner: the edges of the rules in test_overflow.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router.calls import Outcome
from router.store.types import Breaker, PartnerRules
from tests.fixtures.router import RULES, Pool
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


async def test_partners_without_shares_are_asked_in_the_order_of_the_rules(pool: Pool) -> None:
    names = ["e", "b", "d", "a", "c"]
    await rules(pool, *(PartnerRules(name, cap=1, addresses=ADDRESS) for name in names), max_wait_ms=1)
    await line(pool, 1)
    pool.later(1)
    for name in names:
        given = await handed(pool)
        assert given.partner == name
        await pool.acd.hand_back(given.call, given.token, reason="busy")


async def test_a_partner_opened_by_hand_is_trusted_again(pool: Pool) -> None:
    await rules(pool, replace(FRAIL, failures=1), max_wait_ms=1)
    await line(pool, 2)
    pool.later(1)
    await fails(pool)
    assert (await partner(pool)).breaker is Breaker.OPEN
    await pool.told()
    await pool.acd.partner_state("mitra", open=True, by="spv1")
    (told,) = await pool.told()
    assert (told.data["breaker"], (await partner(pool)).failures) == ("closed", 0)
    assert len(await everybody(pool)) == 2


async def test_a_long_estimate_counts_in_the_queue_of_which_it_was_told(pool: Pool) -> None:
    both = [replace(one, partners=("mitra",), max_wait_ms=0, over_estimate_ms=60_000) for one in RULES[:2]]
    await pool.configure(queues=both, partners=[PartnerRules("mitra", cap=10, addresses=ADDRESS)])
    first, second, third = await line(pool, 3)
    for call in (second, third):
        assert await pool.acd.mark_due(call, estimate_ms=60_001)
    await pool.enqueue(second, "gangguan", skills={"en": 1})
    await pool.enqueue(third, "keluhan")
    assert [call for call, _ in await everybody(pool)] == [second]
    assert (await pool.call(first)).partner == (await pool.call(third)).partner == ""


async def test_of_two_lanes_whose_last_may_not_go_again_the_other_one_sends_its_own(pool: Pool) -> None:
    """Who asks for a language came last, and the partner has just failed that caller."""
    await rules(pool, over_level=1)
    await pool.acd.set_level(1, reason="lines", by="ladder")
    (first,) = await line(pool, 1)
    last = await pool.waits("c0000000099", skills={"en": 3})
    given = await handed(pool)
    assert given.call == last
    await pool.acd.hand_back(last, given.token, reason="busy")
    assert (await handed(pool)).call == first


async def test_a_partner_taken_out_of_the_rules_keeps_who_talks_there(pool: Pool) -> None:
    """Nothing is wrong with the conversation: nobody looks at it again, and it ends as it should."""
    await rules(pool, max_wait_ms=1)
    await line(pool, 2)
    pool.later(1)
    talks = [await handed(pool) for _ in range(2)]
    for one in talks:
        await pool.acd.partner_answered(one.call, one.token)
    await pool.configure(partners=())
    pool.later(10)
    await pool.told()
    await pool.acd.sweep()
    assert await pool.told() == []
    assert await pool.acd.partner_left(talks[0].call, talks[0].token) is Outcome.PARTNER_ANSWERED
    assert await pool.acd.ended(talks[1].call, by="caller") is Outcome.PARTNER_ANSWERED


async def test_a_caller_who_hangs_up_soon_after_the_partner_answered_proves_nothing_for_it(pool: Pool) -> None:
    """Neither that the partner is well nor that it is not: the failures before still count."""
    await rules(pool, replace(FRAIL, failures=2), max_wait_ms=1)
    await line(pool, 4)
    pool.later(1)
    await fails(pool)
    soon = await handed(pool)
    await pool.acd.partner_answered(soon.call, soon.token)
    pool.later(4.9)
    await pool.acd.ended(soon.call, by="caller")
    assert (await partner(pool)).failures == 1
    lasting = await handed(pool)
    await pool.acd.partner_answered(lasting.call, lasting.token)
    pool.later(5)
    await pool.acd.ended(lasting.call, by="caller")
    assert (await partner(pool)).failures == 0, "a conversation that lasted does"
