"""What becomes of the calls a partner is given: one row each, and the figures of the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient
from sqlalchemy import select

from agent_desk.permissions import BOARD, PUBLISHERS, who_may
from config.database import Database
from config.operator import operator
from router.history.follower import Follower
from router.history.models import PartnerHandover
from router.partners_api import api, midnight
from router.store.types import PartnerRules
from tests.fixtures.router import Pool
from tests.router.test_history import drain

pytestmark = [pytest.mark.store, pytest.mark.database, pytest.mark.anyio]


async def a_day(pool: Pool) -> None:
    """One talked, one was refused and then dropped, one hung up while it rang, one talks still."""
    await pool.configure(partners=[PartnerRules("mitra", cap=9, addresses={"asterisk": "sip:a@b"}, again_ms=0)])
    for number in range(1, 5):
        await pool.waits(f"c000000000{number}")
    pool.later(200)
    given = [await pool.acd.overflow_next() for _ in range(4)]
    talked, dropped, gone, talks = (one for one in given if one)
    for one in (talked, talks):
        await pool.acd.partner_answered(one.call, one.token)
    await pool.acd.hand_back(dropped.call, dropped.token, reason="busy")
    await pool.acd.ended(gone.call, by="caller")
    again = await pool.acd.overflow_next()
    assert again is not None
    await pool.acd.partner_answered(again.call, again.token)
    await pool.acd.partner_left(again.call, again.token)
    pool.later(90)
    await pool.acd.partner_left(talked.call, talked.token)


async def test_one_row_for_each_hand_over_whatever_is_read_twice(pool: Pool, db: Database) -> None:
    await a_day(pool)
    for batch in (3, 500):  # the second follower begins where the first stands
        await drain(Follower(pool.acd, db, batch=batch))
    with db.reading() as session:
        rows = session.scalars(select(PartnerHandover).order_by(PartnerHandover.id)).all()
        found = [(row.call, row.reason, row.result, row.answered_at is not None) for row in rows]
        lasted = rows[0].ended_at - rows[0].answered_at  # type: ignore[operator]
    assert found == [
        ("c0000000001", "max-wait", "answered", True),
        ("c0000000002", "max-wait", "busy", False),
        ("c0000000003", "max-wait", "abandoned", False),
        ("c0000000004", "max-wait", "", True),
        ("c0000000002", "max-wait", "dropped", True),
    ]
    assert lasted == timedelta(seconds=90)


def application(pool: Pool, db: Database) -> FastAPI:
    app = FastAPI()
    app.include_router(api)
    app.state.acd, app.state.db, app.state.clock = pool.acd, db, pool.clock

    @app.middleware("http")
    async def somebody(request: Request, call_next):  # type: ignore[no-untyped-def]
        request.state.principal = SimpleNamespace(login="spv1")
        return await call_next(request)

    return app


async def test_the_partners_over_http_and_shut_by_hand(pool: Pool, db: Database) -> None:
    await a_day(pool)
    await drain(Follower(pool.acd, db))
    async with AsyncClient(transport=ASGITransport(application(pool, db)), base_url="http://suar") as client:
        (mitra,) = (await client.get("/api/v1/partners")).json()
        assert (mitra["calls"], mitra["cap"], mitra["open"], mitra["breaker"]) == (1, 9, True, "closed")
        assert (mitra["handed"], mitra["answered"]) == (5, 2)
        assert mitra["returned"] == {"abandoned": 1, "busy": 1, "dropped": 1}
        shut = await client.post("/api/v1/partners/mitra", json={"open": False, "reason": "pelatihan"})
        assert (shut.json()["open"], shut.json()["by"], shut.json()["reason"]) == (False, "spv1", "pelatihan")
        table = (await client.get("/api/v1/partners?format=csv")).text.splitlines()
        assert table[0].endswith("handed,answered,returned_abandoned,returned_busy,returned_dropped")
        assert table[1].endswith("5,2,1,1,1")
        pool.clock.advance(seconds=86_400)
        (mitra,) = (await client.get("/api/v1/partners")).json()
        assert (mitra["calls"], mitra["handed"], mitra["returned"]) == (1, 0, {}), "a new day"


def test_the_day_begins_at_midnight_in_jakarta() -> None:
    assert midnight(datetime(2026, 3, 1, 18, 0, tzinfo=UTC), operator()) == datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
    assert midnight(datetime(2026, 3, 1, 16, 0, tzinfo=UTC), operator()) == datetime(2026, 2, 28, 17, 0, tzinfo=UTC)


def test_who_may_see_and_who_may_shut() -> None:
    assert who_may("GET", "/api/v1/partners") == BOARD
    assert who_may("POST", "/api/v1/partners/mitra") == PUBLISHERS
