"""Who of the free CSOs is next: skills a caller asks for, and the strategy of the queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from config.errors import Invalid, Refused
from router.store.types import QueueRules, Strategy
from tests.fixtures.router import Pool, TwoPools, between

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def given(pool: Pool, strategy: Strategy) -> None:
    await pool.configure(queues=[QueueRules("gangguan", offer_ms=15_000, wrap_up_ms=0, strategy=strategy)])


async def serve(pool: Pool, count: int) -> list[str]:
    """So many callers, one after the other, each served and over before the next: who had them?"""
    served = []
    for _ in range(count):
        pool.serial += 1
        call = await pool.waits(f"c{pool.serial:010}")
        offer = await pool.offered()
        await pool.acd.answered(call, offer.token)
        pool.later(10)
        await pool.acd.ended(call, by="caller")
        pool.later(1)
        served.append(offer.cso)
    return served


async def test_longest_idle(pool: Pool) -> None:
    await given(pool, Strategy.LONGEST_IDLE)
    for cso in ("cso3", "cso1", "cso2"):
        await pool.ready(cso, "gangguan")
    assert await serve(pool, 5) == ["cso3", "cso1", "cso2", "cso3", "cso1"]


async def test_best_skill_first_and_of_equals_the_longest_idle(pool: Pool) -> None:
    await given(pool, Strategy.BEST_SKILL)
    await pool.ready("cso1", "gangguan:2")
    await pool.ready("cso2", "gangguan:5")
    await pool.ready("cso3", "gangguan:5")
    assert await serve(pool, 4) == ["cso2", "cso3", "cso2", "cso3"]


async def test_best_skill_counts_the_skills_that_are_asked_for(pool: Pool) -> None:
    await given(pool, Strategy.BEST_SKILL)
    await pool.ready("cso1", "gangguan:5", skills={"en": 2})
    await pool.ready("cso2", "gangguan:3", skills={"en": 5})
    await pool.waits("c0000000001", skills={"en": 2})
    assert (await pool.offered()).cso == "cso2"
    await pool.waits("c0000000002")
    assert (await pool.offered()).cso == "cso1"


async def test_another_strategy_holds_at_once_for_those_who_are_free(pool: Pool) -> None:
    await given(pool, Strategy.LONGEST_IDLE)
    await pool.ready("cso1", "gangguan:2")
    await pool.ready("cso2", "gangguan:5")
    await given(pool, Strategy.BEST_SKILL)
    assert await serve(pool, 1) == ["cso2"]


async def test_round_robin_goes_round_whoever_was_free_longest(pool: Pool) -> None:
    await given(pool, Strategy.ROUND_ROBIN)
    for cso in ("cso1", "cso2", "cso3"):
        await pool.ready(cso, "gangguan")
    assert await serve(pool, 2) == ["cso1", "cso2"]
    await pool.acd.ask_state("cso3", (await pool.cso("cso3")).state.PAUSED, reason="salat")
    await pool.ready("cso3", "gangguan")  # free for the shortest time, and yet next
    assert await serve(pool, 4) == ["cso3", "cso1", "cso2", "cso3"]


async def test_fewest_calls_since_logging_in(pool: Pool) -> None:
    await given(pool, Strategy.FEWEST_CALLS)
    await pool.ready("cso1", "gangguan")
    assert await serve(pool, 3) == ["cso1", "cso1", "cso1"]
    await pool.ready("cso2", "gangguan")
    assert await serve(pool, 4) == ["cso2", "cso2", "cso2", "cso1"]
    assert (await pool.cso("cso2")).calls == 3


async def test_a_missed_offer_is_no_call_taken(pool: Pool) -> None:
    await given(pool, Strategy.FEWEST_CALLS)
    await pool.ready("cso1", "gangguan")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    await pool.acd.returned(offer.call, offer.token, reason="no-answer")
    assert (await pool.cso("cso1")).calls == 0


async def test_only_a_cso_with_the_skill_is_offered_the_call(pool: Pool) -> None:
    await pool.ready("cso1", skills={"en": 2})
    await pool.waits("c0000000001", skills={"en": 3})
    assert await pool.acd.offer_next() is None
    await pool.ready("cso2", skills={"en": 3})
    assert (await pool.offered()).cso == "cso2"


async def test_a_caller_with_a_rare_wish_does_not_hold_up_the_others(pool: Pool) -> None:
    await pool.waits("c0000000001", skills={"en": 5})
    await pool.waits("c0000000002")
    await pool.ready("cso1")
    assert (await pool.offered()).call == "c0000000002"


async def test_the_lower_score_wins_across_lanes(pool: Pool) -> None:
    await pool.waits("c0000000001", skills={"en": 1})
    await pool.waits("c0000000002")
    await pool.ready("cso1", skills={"en": 1})
    assert (await pool.offered()).call == "c0000000001"


async def test_a_cso_who_is_free_when_a_wish_is_first_heard_is_found(pool: Pool) -> None:
    """The lane of a combination is opened by the first caller who asks for it."""
    await pool.ready("cso1", skills={"en": 4, "prabayar": 3})
    await pool.waits("c0000000001", skills={"prabayar": 3, "en": 4})
    assert (await pool.offered()).cso == "cso1"


async def test_the_order_in_which_skills_are_named_makes_no_second_line(pool: Pool) -> None:
    await pool.waits("c0000000001", skills={"prabayar": 3, "en": 4})
    await pool.waits("c0000000002", skills={"en": 4, "prabayar": 3})
    place = await pool.acd.place("c0000000002")
    assert place
    assert place.place == 2


async def test_a_transfer_keeps_the_skills_unless_told_otherwise(pool: Pool) -> None:
    await pool.ready("cso1", "gangguan", "keluhan", skills={"en": 3})
    await pool.waits("c0000000001", skills={"en": 3})
    offer = await pool.offered()
    await pool.acd.answered(offer.call, offer.token)
    await pool.enqueue("c0000000001", "keluhan")
    assert (await pool.call("c0000000001")).skills == {"en": 3}
    await pool.enqueue("c0000000001", "keluhan", skills={})
    assert (await pool.call("c0000000001")).skills == {}


async def test_another_login_changes_what_is_offered(pool: Pool) -> None:
    await pool.ready("cso1", skills={"en": 3})
    await pool.waits("c0000000001", skills={"en": 3})
    await pool.acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    assert await pool.acd.offer_next() is None


@pytest.mark.parametrize("skills", [{"EN": 3}, {"en": 0}, {"en": 6}, {"": 3}, {"a b": 3}])
async def test_a_skill_that_is_none(pool: Pool, skills: dict[str, int]) -> None:
    await pool.arrives("c0000000001")
    with pytest.raises(Invalid) as told:
        await pool.enqueue("c0000000001", skills=skills)
    assert told.value.slug == "unknown-skill"
    assert (await pool.call("c0000000001")).state == "ivr"


NOWHERE = {"inggris": 3}
ASKS_IT: dict[str, Callable[[Pool], Awaitable[object]]] = {
    "login": lambda pool: pool.acd.log_in(
        "cso1", queues=["gangguan"], endpoint="x", carrier="asterisk", skills=NOWHERE
    ),
    "first login": lambda pool: pool.ready("cso2", skills=NOWHERE),
    "assign": lambda pool: pool.acd.assign("cso1", skills=NOWHERE, by="spv1"),
    "enqueue": lambda pool: pool.enqueue("c0000000001", skills=NOWHERE),
    "call back": lambda pool: pool.acd.call_back("c0000000001", number="+6281100000001", skills=NOWHERE, cmd="cb"),
    "outlook": lambda pool: pool.acd.outlook("gangguan", skills=NOWHERE),
}


@pytest.mark.parametrize("name", ASKS_IT)
async def test_a_skill_that_is_not_configured_is_refused_by_name_and_changes_nothing(pool: Pool, name: str) -> None:
    """A typo would make a line that nobody serves."""
    await pool.configure(skills=["en", "prabayar"])
    await pool.ready("cso1", skills={"en": 4})
    await pool.waits("c0000000001", skills={"en": 3})
    before = await pool.acd.snapshot()
    with pytest.raises(Invalid) as told:
        await ASKS_IT[name](pool)
    assert told.value.slug == "unknown-skill"
    assert replace(await pool.acd.snapshot(), at=before.at) == before


async def test_whose_skill_was_taken_out_of_the_rules_keeps_the_place(pool: Pool) -> None:
    """In line, rung in vain, moved to another queue: what was asked stays until something else is."""
    await pool.ready("cso1", skills={"en": 4})
    await pool.waits("c0000000001", skills={"en": 3})
    await pool.configure(skills=["prabayar"])
    offer = await pool.offered()
    await pool.acd.returned(offer.call, offer.token, reason="no-answer")
    await pool.enqueue("c0000000001", "keluhan")
    assert (await pool.call("c0000000001")).skills == {"en": 3}
    await pool.configure(skills=[])
    with pytest.raises(Invalid):
        await pool.enqueue("c0000000001", skills={"prabayar": 1})
    await pool.configure()
    await pool.enqueue("c0000000001", skills={"inggris": 1})


async def test_another_pool_that_does_not_know_a_skill_does_not_take_the_caller(two: TwoPools) -> None:
    await two.west.waits("c0000000001", skills={"en": 3})
    await two.east.configure(queues=between(two.west.acd.pool), skills=["prabayar"])
    assert not await two.mover().move("c0000000001", two.east.acd.pool)
    assert (await two.place_of("c0000000001"))[0] == "west"


async def test_a_full_queue_takes_nobody_more_and_forgets_nobody(pool: Pool) -> None:
    for n in range(3):
        await pool.waits(f"c000000000{n}", "permintaan")
    await pool.arrives("c0000000009")
    with pytest.raises(Refused) as told:
        await pool.enqueue("c0000000009", "permintaan")
    assert told.value.slug == "queue-full"
    assert (await pool.call("c0000000009")).state == "ivr"
    await pool.acd.ended("c0000000001", by="caller")
    await pool.enqueue("c0000000009", "permintaan")


async def test_a_full_queue_takes_an_emergency_and_a_transfer(pool: Pool) -> None:
    for n in range(3):
        await pool.waits(f"c000000000{n}", "permintaan")
    await pool.talks("c0000000008")
    await pool.enqueue("c0000000008", "permintaan")
    await pool.arrives("c0000000009")
    await pool.enqueue("c0000000009", "permintaan", emergency=True)
    assert (await pool.call("c0000000009")).state == "waiting"


async def test_a_full_queue_takes_who_has_a_place_in_it(pool: Pool) -> None:
    """A caller who is to be called back, and calls again meanwhile."""
    number = "+6281200000001"
    await pool.arrives("c0000000009", ani=number)
    await pool.enqueue("c0000000009", "permintaan")
    before = await pool.call("c0000000009")
    await pool.acd.call_back("c0000000009", number=number, cmd="back")
    await pool.acd.ended("c0000000009", by="caller")
    for n in range(3):
        await pool.waits(f"c000000000{n}", "permintaan")
    await pool.arrives("c0000000008", ani=number)
    await pool.enqueue("c0000000008", "permintaan")
    assert (await pool.call("c0000000008")).score == before.score


async def test_of_very_many_lines_the_last_is_served_too(pool: Pool) -> None:
    """The first few are looked at first, and one of those goes first."""
    await pool.configure(lines=20)
    for n in range(12):
        await pool.waits(f"c00000000{n:02}", skills={f"bahasa{n}": 1})
    await pool.ready("cso1", skills={"bahasa11": 1})
    await pool.ready("cso2", skills={"bahasa0": 1})
    assert [(await pool.offered()).call for _ in range(2)] == ["c0000000000", "c0000000011"]
