"""Refused numbers become callbacks with the place they would have had; so does a place taken over and not used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router.calls import Outcome
from router.events import Event
from router.store.audit import audit
from router.store.verbs_callback import LostCallback
from tests.fixtures.router import Pool
from tests.router.test_callback import FIRST, NUMBER, SECOND, THIRD, hangs_up, is_dialled, open_callbacks

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_a_refused_number_is_called_back_with_the_place_it_would_have_had(pool: Pool) -> None:
    await pool.configure(lines=0)
    at = pool.clock.ms()
    await pool.arrives(FIRST, ani=NUMBER)
    pool.later(5)
    await pool.arrives(SECOND, ani=NUMBER)  # tries again: the first one counts
    await pool.arrives(THIRD, ani="")
    await pool.configure(lines=10)
    pool.later(600)
    await pool.waits("c0000000004")
    await pool.told()
    assert await pool.acd.recall_next("gangguan") == FIRST + "r"
    told = (await pool.told())[0]
    assert (told.event, told.data["of"], told.data["number"], told.data["place"]) == (
        Event.CALL_RECALLED, FIRST, NUMBER, 1,
    )  # fmt: skip
    call = (await open_callbacks(pool))[FIRST + "r"]
    assert (call.arrived, call.score, call.dial, call.trunk) == (at, at, NUMBER, "jakarta")
    assert await pool.acd.recall_next("gangguan") is None
    await pool.ready("cso1")
    await is_dialled(pool, FIRST + "r")


async def test_who_got_through_since_is_not_called(pool: Pool) -> None:
    await pool.configure(lines=0)
    await pool.arrives(FIRST, ani=NUMBER)
    await pool.configure(lines=10)
    await pool.arrives(SECOND, ani=NUMBER)
    assert await pool.acd.recall_next("gangguan") is None


async def test_who_is_called_back_already_is_not_recalled(pool: Pool) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    await pool.configure(lines=0)
    await pool.arrives(SECOND, ani=NUMBER)
    assert set(await open_callbacks(pool)) == {FIRST}, "refused, the place stays"
    await pool.configure(lines=10)
    assert await pool.acd.recall_next("gangguan") is None


async def test_a_refused_number_is_forgotten_after_a_day(pool: Pool) -> None:
    await pool.configure(lines=0)
    await pool.arrives(FIRST, ani=NUMBER)
    pool.later(86_401)
    await pool.acd.sweep()
    await pool.configure(lines=10)
    assert await pool.acd.recall_next("gangguan") is None


@pytest.mark.parametrize("scheduled", [False, True])
async def test_whoever_calls_again_and_hangs_up_before_the_line_is_still_called_back(
    pool: Pool, scheduled: bool
) -> None:
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    before = await pool.call(FIRST)
    until = pool.clock.ms() + 60_000 if scheduled else 0
    await hangs_up(pool, until=until)
    assert (await pool.arrives(THIRD, ani=NUMBER)).kept
    await pool.told()
    for _ in range(2):
        assert await pool.acd.ended(THIRD, by="caller") is Outcome.LEFT_IVR
    ended, recalled, *more = await pool.told()
    assert (ended.event, recalled.event, len(more)) == (Event.CALL_ENDED, Event.CALL_RECALLED, int(scheduled))
    assert recalled.call == f"{THIRD}r"
    assert recalled.data == {
        "of": THIRD, "ani": NUMBER, "number": NUMBER, "arrived": before.arrived, "trunk": "jakarta", "region": "31",
        "score": str(int(before.score)), "priority": 0, "emergency": False, "queued": before.queued,
        **({"until": until} if scheduled else {"place": 1}),
    }  # fmt: skip
    ((name, call),) = (await open_callbacks(pool)).items()
    assert (name, call.dial, call.queue, call.score, call.queued, call.until) == (
        f"{THIRD}r", NUMBER, "gangguan", before.score, before.queued, until,
    )  # fmt: skip
    if not scheduled:
        await pool.ready("cso1")
        assert (await pool.offered()).call == f"{THIRD}r"


async def test_a_place_may_be_taken_over_twice(pool: Pool) -> None:
    """Its score still counts from the first call of the three."""
    await pool.waits(FIRST)
    score = (await pool.call(FIRST)).score
    await hangs_up(pool)
    for again in (SECOND, THIRD):
        pool.later(40)
        assert (await pool.arrives(again, ani=NUMBER)).kept
        await pool.enqueue(again)
        await hangs_up(pool, again)
    assert (await pool.call(THIRD)).score == score
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_what_the_store_lost_comes_back_once_where_it_was(pool: Pool) -> None:
    at = pool.clock.ms()
    pool.later(600)
    await pool.waits(SECOND)
    lost = LostCallback(
        FIRST, carrier="asterisk", ani=NUMBER, trunk="jakarta", region="31", number=NUMBER, queue="gangguan", score=at,
        priority=0, arrived=at, queued=at + 5, asked=at + 9, attempts=1, skills="en:2",
    )  # fmt: skip
    await pool.told()
    assert await pool.acd.adopt_callback(lost)
    (told,) = await pool.told()
    assert (told.event, told.data) == (
        Event.CALL_ADOPTED,
        {
            "ani": NUMBER, "number": NUMBER, "trunk": "jakarta", "region": "31", "arrived": at, "score": str(at),
            "priority": 0, "emergency": False, "virtual": True, "until": 0, "queued": at + 5, "skills": "en:2",
        },
    )  # fmt: skip
    assert not await pool.acd.adopt_callback(lost), "it is there"
    assert not await pool.acd.adopt_callback(replace(lost, id=THIRD)), "the number is to be called already"
    call = (await open_callbacks(pool))[FIRST]
    assert (call.score, call.attempts, call.skills, call.queued) == (at, 1, {"en": 2}, at + 5)


async def test_who_says_that_nobody_is_to_be_called_is_told(pool: Pool) -> None:
    """The desk, or whoever else: also a witness of a line may say that the callback itself is over."""
    for call, cancel in (
        (FIRST, pool.acd.cancel(FIRST, by="desk")),
        (SECOND, pool.acd.ended(SECOND, by="caller", outcome=Outcome.CANCELLED)),
    ):
        await pool.waits(call)
        await hangs_up(pool, call)
        await pool.told()
        assert await cancel is Outcome.CANCELLED
        assert (await pool.told())[0].data["by"] == ("desk" if call == FIRST else "caller")


async def lost_with_the_exchange(pool: Pool, call: str) -> None:
    assert await pool.acd.ended(call, by="carrier", outcome=Outcome.LOST) is Outcome.LOST


@pytest.mark.parametrize("where", ["menu", "line", "offer", "talking"])
async def test_who_was_lost_with_the_exchange_is_called_back_in_the_old_place(pool: Pool, where: str) -> None:
    at = pool.clock.ms()
    await pool.arrives(FIRST, ani=NUMBER)
    if where != "menu":
        await pool.enqueue(FIRST)
    if where in ("offer", "talking"):
        await pool.ready("cso1")
        offer = await pool.offered()
        if where == "talking":
            await pool.acd.answered(FIRST, offer.token)
    pool.later(60)
    await lost_with_the_exchange(pool, FIRST)
    assert (await pool.acd.gauges()).refused == 1
    assert [(one.number, one.at) for one in await pool.acd.refused()] == [(NUMBER, at)]
    await pool.waits("c0000000004")
    assert await pool.acd.recall_next("gangguan") == FIRST + "r"
    assert (await open_callbacks(pool))[FIRST + "r"].score == at
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_withheld_number_that_was_lost_is_counted(pool: Pool) -> None:
    await pool.arrives(FIRST, ani="")
    await lost_with_the_exchange(pool, FIRST)
    gauges = await pool.acd.gauges()
    assert (gauges.refused, gauges.withheld_refused) == (0, 1)


async def test_who_calls_again_first_is_not_called_back(pool: Pool) -> None:
    await pool.arrives(FIRST, ani=NUMBER)
    await lost_with_the_exchange(pool, FIRST)
    await pool.arrives(SECOND, ani=NUMBER)
    assert await pool.acd.recall_next("gangguan") is None


async def test_an_end_that_nobody_saw_is_no_death_of_the_exchange(pool: Pool) -> None:
    """Found without a channel while its Asterisk lives: the caller has hung up."""
    await pool.arrives(FIRST, ani=NUMBER)
    await pool.acd.ended(FIRST, by="reconciliation", outcome=Outcome.LOST)
    assert (await pool.acd.gauges()).refused == 0


async def test_the_number_of_one_who_was_lost_is_forgotten_after_a_day(pool: Pool) -> None:
    await pool.arrives(FIRST, ani=NUMBER)
    await lost_with_the_exchange(pool, FIRST)
    pool.later(24 * 3600 + 1)
    await pool.acd.sweep()
    assert await pool.acd.recall_next("gangguan") is None


async def test_a_callback_has_no_channel_that_could_be_lost(pool: Pool) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    assert await pool.acd.ended(FIRST, by="carrier", outcome=Outcome.LOST) is None
    assert set(await open_callbacks(pool)) == {FIRST}
