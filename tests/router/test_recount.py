"""Counters = SQL plus tail: counted again they agree, and a counter that was touched is named."""

from __future__ import annotations

import pytest

from config.database import Database
from router.history.follower import Follower
from router.history.recount import differences
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.database, pytest.mark.anyio]


async def counts(pool: Pool) -> dict[str, int]:
    return (await pool.acd.counted())[2]


async def test_they_agree_wherever_history_is(pool: Pool, db: Database) -> None:
    follower = Follower(pool.acd, db, batch=2)
    await pool.talks("c0000000001")
    for _ in range(20):
        assert await differences(pool.acd, db) == []
        if not await follower.once():
            break
    await pool.acd.ended("c0000000001", by="caller")
    await pool.acd.ended("c0000000001", by="list")
    assert await differences(pool.acd, db) == []
    told = await counts(pool)
    assert (told["call.arrived"], told["call.ended"], told["store.started"]) == (1, 1, 1)


async def test_what_was_trimmed_is_counted_from_the_history(pool: Pool, db: Database) -> None:
    follower = Follower(pool.acd, db, retained_ms=-60_000)
    await pool.talks("c0000000001")
    while await follower.once():
        pass
    await follower.trim()
    assert len(await pool.acd.journal("0-0")) == 1
    assert await differences(pool.acd, db) == []


async def test_a_counter_that_is_wrong_is_named_with_both_figures(pool: Pool, db: Database) -> None:
    await pool.waits("c0000000001")
    await pool.waits("c0000000002")
    await Follower(pool.acd, db).once()
    before = await counts(pool)
    key = f"suar:{{{pool.acd.pool}}}:counts"
    await pool.acd._wire.call("HINCRBY", key, "call.queued", 3)
    await pool.acd._wire.call("HDEL", key, "call.arrived")
    assert await differences(pool.acd, db) == [
        "call.arrived: the store counts 0, told were 2",
        "call.queued: the store counts 5, told were 2",
    ]
    assert (await counts(pool))["call.queued"] == before["call.queued"] + 3, "nothing is repaired silently"


async def test_an_event_that_history_has_and_the_store_does_not_is_named(pool: Pool, db: Database) -> None:
    await pool.waits("c0000000001")
    stream = f"suar:{{{pool.acd.pool}}}:journal"
    odd = ("e", "call.ended", "t", str(pool.clock.ms()), "ep", pool.acd.epoch, "call", "c0000000001")
    await pool.acd._wire.call("XADD", stream, "*", *odd)
    await Follower(pool.acd, db).once()
    assert await differences(pool.acd, db) == ["call.ended: the store counts 0, told were 1"]


async def test_events_of_a_newer_version_count_by_their_own_names(pool: Pool, db: Database) -> None:
    await pool.waits("c0000000001")
    stream, key = (f"suar:{{{pool.acd.pool}}}:{name}" for name in ("journal", "counts"))
    newer = ("e", "call.sung_to", "t", str(pool.clock.ms()), "ep", pool.acd.epoch)
    for _ in range(2):  # one in SQL, one in the tail
        await pool.acd._wire.call("XADD", stream, "*", *newer)
        await pool.acd._wire.call("HINCRBY", key, "call.sung_to", 1)
        assert await differences(pool.acd, db) == []
        await Follower(pool.acd, db).once()
    assert await differences(pool.acd, db) == []


async def test_counters_that_began_in_the_middle_are_not_judged(pool: Pool, db: Database) -> None:
    """An older library did not count; the next start of the store begins anew."""
    await pool.waits("c0000000001")
    await pool.acd._wire.call("DEL", f"suar:{{{pool.acd.pool}}}:counts")
    await pool.waits("c0000000002")
    assert await differences(pool.acd, db) == []
    await pool.acd._do("boot", "another-run")
    await pool.acd.boot()
    await pool.waits("c0000000003")
    assert (await counts(pool))["call.queued"] == 1
    assert await differences(pool.acd, db) == []
