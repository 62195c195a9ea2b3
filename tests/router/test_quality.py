"""Were callers told the truth, and answered in time: folded from the journal, counted from the records."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from config.database import Database
from router.api import api
from router.history.follower import Follower
from router.history.models import CallRecord
from router.history.quality import LastHour, estimate_quality, service_levels
from router.history.repository import record
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.database, pytest.mark.anyio]


async def written(pool: Pool, db: Database) -> None:
    follower = Follower(pool.acd, db)
    while await follower.once():
        pass


async def told_and_waits(pool: Pool, call: str, *, low: float, high: float, wait: float, answered: bool = True) -> None:
    """A caller is told a range (seconds), waits, and is answered or gives up; a CSO of its own for each."""
    await pool.waits(call)
    await pool.acd.promise(call, low_ms=int(low * 1000), high_ms=int(high * 1000), cmd=f"promise-{call}")
    pool.clock.advance(ms=int(wait * 1000))
    if answered:
        await pool.ready(f"cso-{call}")
        offer = await pool.offered()
        assert offer.call == call
        await pool.acd.answered(call, offer.token)
    await pool.acd.ended(call, by="caller")


def row(db: Database, call: str) -> CallRecord:
    with db.reading() as session:
        found = record(session, call)
        assert found is not None
        session.expunge(found)
        return found


async def test_the_first_range_told_stays_on_the_record_and_broken_ones_are_counted(pool: Pool, db: Database) -> None:
    await pool.waits("c0000000001")
    at = pool.clock.now()
    await pool.acd.promise("c0000000001", low_ms=60_000, high_ms=180_000, cmd="p1")
    for n in (2, 3):
        pool.later(200)
        await written(pool, db)
        await pool.acd.promise("c0000000001", low_ms=0, high_ms=60_000, cmd=f"p{n}")
    await written(pool, db)
    found = row(db, "c0000000001")
    assert (found.promised_low_s, found.promised_high_s, found.promises_broken) == (60, 180, 2)
    assert found.promised_at == at


async def test_the_quality_of_what_was_told(pool: Pool, db: Database) -> None:
    await told_and_waits(pool, "c0000000001", low=60, high=180, wait=110)  # kept; 10 s from the middle
    await told_and_waits(pool, "c0000000002", low=60, high=180, wait=220)  # 100 s from it, not kept
    await told_and_waits(pool, "c0000000003", low=60, high=180, wait=50)  # 70 s, sooner: nobody minds
    await told_and_waits(pool, "c0000000004", low=60, high=180, wait=240, answered=False)  # gave up after its end
    await told_and_waits(pool, "c0000000005", low=60, high=180, wait=100, answered=False)  # and before
    await written(pool, db)
    with db.reading() as session:
        found = estimate_quality(session, pool.acd.pool, row(db, "c0000000001").arrived_at)  # type: ignore[arg-type]
        later = estimate_quality(session, pool.acd.pool, pool.clock.now())
    assert set(found) == {"gangguan"}
    quality = found["gangguan"]
    assert (quality.told, quality.n) == (5, 3)
    assert quality.mae_s == pytest.approx((10 + 100 + 70) / 3, abs=0.1)
    assert quality.coverage == pytest.approx(1 / 3)
    assert quality.broken_share == pytest.approx(2 / 5)
    assert not later


async def test_nobody_connected_is_no_perfect_figure(pool: Pool, db: Database) -> None:
    await told_and_waits(pool, "c0000000001", low=60, high=180, wait=100, answered=False)
    await written(pool, db)
    with db.reading() as session:
        found = estimate_quality(session, pool.acd.pool, row(db, "c0000000001").arrived_at)  # type: ignore[arg-type]
    quality = found["gangguan"]
    assert (quality.told, quality.mae_s, quality.coverage, quality.broken_share) == (1, None, None, 0.0)


async def test_the_service_level_counts_who_was_answered_in_time(pool: Pool, db: Database) -> None:
    start = pool.clock.now()
    for n, (wait, answered) in enumerate([(10, True), (19, True), (30, True), (5, False), (40, False)]):
        await told_and_waits(pool, f"c000000000{n}", low=0, high=60, wait=wait, answered=answered)
    await written(pool, db)
    with db.reading() as session:
        found = service_levels(session, pool.acd.pool, start, {"gangguan": 20, "keluhan": 20})
    assert found == {"gangguan": 2 / 4, "keluhan": None}, "who gave up within the time is no failure of ours"


async def test_the_api_publishes_both(pool: Pool, db: Database) -> None:
    await told_and_waits(pool, "c0000000001", low=0, high=60, wait=10)
    await written(pool, db)
    app = FastAPI()
    app.include_router(api)
    app.state.acd, app.state.db, app.state.clock = pool.acd, db, pool.clock
    async with AsyncClient(transport=ASGITransport(app), base_url="http://suar") as client:
        queues = {one["name"]: one for one in (await client.get("/api/v1/queues")).json()}
    assert queues["gangguan"]["estimate"]["n"] == 1
    assert queues["gangguan"]["estimate"]["coverage"] == 1
    assert queues["gangguan"]["service_level"] == {"share": 1, "target": 0.8, "seconds": 20}
    assert queues["keluhan"]["estimate"]["told"] == 0


async def test_the_figures_are_read_again_after_some_seconds_only(pool: Pool, db: Database) -> None:
    await told_and_waits(pool, "c0000000001", low=0, high=60, wait=10)
    kept, within = LastHour(), {"gangguan": 20.0}
    assert not kept.read(db, pool.acd.pool, pool.clock.now(), within)[0]
    await written(pool, db)
    assert not kept.read(db, pool.acd.pool, pool.clock.now(), within)[0]
    pool.later(6)
    assert kept.read(db, pool.acd.pool, pool.clock.now(), within)[0]["gangguan"].n == 1
