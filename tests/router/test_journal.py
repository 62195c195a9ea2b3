"""The journal of a pool: an epoch for each start of the store, and what may be dropped of it."""

from __future__ import annotations

import pytest

from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_a_store_that_begins_anew_has_another_epoch_though_it_counts_from_one(pool: Pool) -> None:
    """Nothing is left of the pool, so it does not know of its former starts: the id of its run tells them apart."""
    epochs = []
    for run in ("a" * 40, "b" * 40, "b" * 40):
        await pool.acd._wire.call("DEL", f"suar:{{{pool.acd.pool}}}:pool")
        epochs.append(await pool.acd._do("boot", run))
    assert [epoch.partition("-")[0] for epoch in epochs] == ["1", "1", "1"]
    assert epochs[0] != epochs[1] == epochs[2]


async def test_the_slowest_follower_decides_what_may_be_dropped(pool: Pool) -> None:
    for n in range(1, 6):
        await pool.waits(f"c000000000{n}")
    ids = [entry.id for entry in await pool.told()]
    await pool.acd.committed("history", ids[4])
    await pool.acd.committed("intents", ids[2])
    pool.later(1)
    await pool.acd.trim(ids[-1])
    assert [entry.id for entry in await pool.acd.journal("")] == ids[2:]
    await pool.acd.committed("intents", ids[6])
    await pool.acd.trim(ids[-1])
    assert [entry.id for entry in await pool.acd.journal("")] == ids[4:], "now the history"
    await pool.acd.committed("history", ids[-1])
    await pool.acd.trim(ids[5])
    assert [entry.id for entry in await pool.acd.journal("")] == ids[5:], "what was asked for"
