"""The journal in SQL: every entry exactly once, whatever dies in between; on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import func, select

from config.database import Database
from config.errors import Invalid, Refused
from router.agents import CsoState
from router.api import api
from router.events import Event
from router.history import repository
from router.history.follower import LINGER_S, Follower
from router.history.models import CallEvent, CallRecord, CsoActivity, JournalPosition
from tests.fixtures.router import Pool
from tests.fixtures.wait import PATIENT, until

pytestmark = [pytest.mark.store, pytest.mark.database, pytest.mark.anyio]


async def drain(follower: Follower) -> int:
    """Everything that is in the journal now."""
    total = 0
    while written := await follower.once():
        total += written
    return total


def record(db: Database, call: str) -> CallRecord:
    with db.reading() as session:
        found = repository.record(session, call)
        assert found is not None
        session.expunge(found)
        return found


def events(db: Database) -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(CallEvent.entry).order_by(CallEvent.id)))


async def test_one_answered_call_from_ring_to_end(pool: Pool, db: Database) -> None:
    await pool.ready("cso1")
    await pool.arrives("c0000000001")
    pool.later(10)
    await pool.enqueue("c0000000001", priority=1)
    pool.later(5)
    first = await pool.offered()
    pool.later(3)
    await pool.acd.returned("c0000000001", first.token, reason="no-answer")
    await pool.ready("cso2")
    offer = await pool.offered()
    await pool.acd.answered("c0000000001", offer.token)
    pool.later(100)
    await pool.acd.ended("c0000000001", by="caller")
    await drain(Follower(pool.acd, db))
    row = record(db, "c0000000001")
    instants = [row.arrived_at, row.queued_at, row.offered_at, row.answered_at, row.ended_at]
    assert all(instants)
    start = instants[0]
    assert start is not None
    assert [round((one - start).total_seconds(), 3) for one in instants if one] == [0, 10, 18.001, 18.001, 118.001]
    assert (row.ani, row.trunk, row.region, row.queue, row.priority) == (
        "+628110000001", "jakarta", "31", "gangguan", 1,
    )  # fmt: skip
    assert (row.cso, row.offers, row.outcome, row.ended_by) == ("cso2", 2, "answered", "caller")
    entries = await pool.acd.journal("0-0", count=1000)
    assert events(db) == [entry.id for entry in entries]


async def test_where_an_overflowed_call_went_and_how_it_ended(pool: Pool, db: Database) -> None:
    await pool.waits("c0000000001")
    pool.later(200)
    given = await pool.acd.overflow_next()
    assert given is not None
    await pool.acd.partner_answered("c0000000001", given.token)
    await pool.acd.ended("c0000000001", by="partner")
    await drain(Follower(pool.acd, db))
    row = record(db, "c0000000001")
    assert (row.partner, row.outcome) == ("mitra", "partner_answered")
    assert row.handed_over_at is not None
    assert row.partner_answered_at is not None


async def test_how_long_a_caller_was_held_and_how_often_passed_on(pool: Pool, db: Database) -> None:
    follower = Follower(pool.acd, db, batch=3)
    offer = await pool.talks("c0000000001")
    for _ in range(2):
        await pool.acd.hold(offer.call, offer.token)
        pool.later(10)
        await pool.acd.resume(offer.call, offer.token)
    await pool.ready("cso2")
    guest = await pool.acd.consult(offer.call, offer.token, cso="cso2", cmd="k1")
    await pool.acd.hold(offer.call, offer.token)
    await pool.acd.guest_answered(offer.call, guest.token)
    pool.later(3)
    await pool.acd.complete(offer.call, offer.token, cmd="k2")
    await drain(follower)
    row = record(db, offer.call)
    assert (row.held_s, row.transfers, row.cso) == (23.0, 1, "cso2")
    await pool.ready("cso3")
    blind = await pool.acd.transfer(offer.call, guest.token, cso="cso3", cmd="k3")
    await drain(follower)
    assert record(db, offer.call).cso == "cso2", "who talked last"
    await pool.acd.answered(offer.call, blind.token)
    await pool.enqueue(offer.call, "keluhan")
    await pool.ready("cso4", "keluhan")
    again = await pool.offered()
    await pool.acd.answered(offer.call, again.token)
    await pool.acd.hold(offer.call, again.token)
    pool.later(1.5)
    given = await pool.acd.refer(offer.call, again.token, partner="mitra", cmd="k4")
    await pool.acd.partner_answered(offer.call, given.token)
    await pool.acd.ended(offer.call, by="partner")
    await drain(follower)
    row = record(db, offer.call)
    assert (row.held_s, row.transfers, row.cso, row.partner) == (24.5, 4, "cso4", "mitra")


async def test_the_hold_in_which_a_caller_gives_up_counts(pool: Pool, db: Database) -> None:
    offer = await pool.talks("c0000000001")
    await pool.acd.hold(offer.call, offer.token)
    pool.later(40)
    await pool.acd.ended(offer.call, by="caller")
    await drain(Follower(pool.acd, db))
    assert record(db, offer.call).held_s == 40.0


async def test_refused_adopted_and_emergency_calls_have_records_too(pool: Pool, db: Database) -> None:
    await pool.configure(lines=1)
    await pool.arrives("c0000000001")
    await pool.arrives("c0000000002")
    await pool.enqueue("c0000000001", "darurat", emergency=True)
    arrived = pool.clock.ms() - 60_000
    await pool.acd.adopt(
        "c0000000003", carrier="asterisk", channel="x", ani="+628110000003", trunk="bangka", region="19",
        queue="gangguan", arrived=arrived, priority=0, emergency=False,
    )  # fmt: skip
    await drain(Follower(pool.acd, db))
    refused, adopted = record(db, "c0000000002"), record(db, "c0000000003")
    assert (refused.outcome, refused.reason, refused.ani) == ("refused", "lines-full", "+628110000001")
    assert refused.ended_at is not None
    assert (adopted.ani, adopted.region) == ("+628110000003", "19")
    assert adopted.arrived_at is not None
    assert adopted.arrived_at.timestamp() * 1000 == arrived
    assert record(db, "c0000000001").emergency


async def test_the_day_of_a_cso(pool: Pool, db: Database) -> None:
    await pool.talks("c0000000001")
    pool.later(60)
    await pool.acd.ask_state("cso1", CsoState.PAUSED, reason="istirahat")  # a wish is no new stretch
    await pool.acd.ended("c0000000001", by="caller")
    pool.later(30)
    await pool.acd.sweep()
    await pool.acd.ask_state("cso1", CsoState.LOGGED_OUT)
    await drain(Follower(pool.acd, db, batch=2))
    with db.reading() as session:
        rows = list(session.scalars(select(CsoActivity).order_by(CsoActivity.id)))
    assert [(row.state, row.reason, row.call) for row in rows] == [
        ("paused", "", ""), ("ready", "", ""), ("offered", "", "c0000000001"), ("talking", "", "c0000000001"),
        ("wrap_up", "", "c0000000001"), ("paused", "istirahat", ""),
    ]  # fmt: skip
    assert all(row.until is not None for row in rows)
    assert [row.until for row in rows[:-1]] == [row.since for row in rows[1:]]


class Killed(Exception):
    """The process ended here."""


KILL_POINTS = ["before", "inside", "after"]


async def test_every_event_exactly_once_killed_at_every_point(
    pool: Pool, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(8):
        await pool.talks(f"c000000000{n}", f"cso{n}")
    real = repository.append
    for point in KILL_POINTS * 2:
        with monkeypatch.context() as patch:

            def killed(*args: Any, point: str = point) -> None:
                if point != "before":
                    real(*args)
                if point != "after":
                    raise Killed  # inside: rows are written, nothing is committed

            patch.setattr(repository, "append", killed)
            follower = Follower(pool.acd, db, batch=3)
            try:
                await follower.once()
            except Killed:
                assert point != "after"
        # "after": committed, but the follower is gone before it learns of it; a new one reads the position
    await drain(Follower(pool.acd, db, batch=3))
    entries = [entry.id for entry in await pool.acd.journal("0-0", count=1000)]
    assert events(db) == entries
    with db.reading() as session:
        assert repository.position(session, pool.acd.pool) == entries[-1]
        assert session.scalar(select(func.sum(CallRecord.offers))) == 8


async def test_two_followers_do_not_write_twice(pool: Pool, db: Database) -> None:
    await pool.waits("c0000000001")
    first, second = Follower(pool.acd, db, batch=1), Follower(pool.acd, db, batch=1)
    assert await first.once() == await second.once() == 1  # the second starts where the first is
    assert await _moved(first)
    assert not await _moved(second)
    assert events(db) == [entry.id for entry in await pool.acd.journal("0-0")]


async def _moved(follower: Follower) -> bool:
    try:
        await follower.once()
    except repository.PositionMoved:
        return True
    return False


async def test_nothing_is_trimmed_that_somebody_has_not_committed(pool: Pool, db: Database) -> None:
    await pool.waits("c0000000001")
    first = (await pool.acd.journal("0-0"))[0].id
    await pool.acd.committed("intents", "0")
    with pytest.raises(Invalid):
        await pool.acd.committed("intents", "yesterday")
    follower = Follower(pool.acd, db, retained_ms=-60_000)
    await follower.trim()
    assert len(await pool.acd.journal("0-0")) == 3, "nothing is written yet"
    await drain(follower)
    await follower.trim()
    assert (await pool.acd.journal("0-0"))[0].id == first
    await pool.acd.committed("intents", first)
    await follower.trim()
    assert (await pool.acd.journal("0-0"))[0].id == first
    await pool.acd.committed("intents", "99999999999999-0")
    await follower.trim()
    left = await pool.acd.journal("0-0")
    with db.reading() as session:
        position = session.get(JournalPosition, pool.acd.pool)
        assert position is not None
        assert [entry.id for entry in left] == [position.entry]


async def test_a_fault_of_the_store_is_survived_and_said_once(
    pool: Pool, sqlite_db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("router.history.follower.RETRY_S", 0.01)
    await pool.arrives("c0000000001")
    stop, tries = asyncio.Event(), 0
    real = pool.acd.committed

    async def faulty(follower: str, entry: str) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise Refused("no")
        await real(follower, entry)
        stop.set()

    monkeypatch.setattr(pool.acd, "committed", faulty)
    await asyncio.wait_for(_with_new_entries(pool, Follower(pool.acd, sqlite_db), stop), 10)
    assert caplog.text.count("history is waiting") == 1
    assert events(sqlite_db) == [entry.id for entry in await pool.acd.journal("0-0")][: len(events(sqlite_db))]


async def test_entries_that_come_one_by_one_share_a_transaction(pool: Pool, sqlite_db: Database) -> None:
    """Each commit would keep the dispatcher, whose process it is, from its next decision."""
    follower, stop, written = Follower(pool.acd, sqlite_db), asyncio.Event(), []
    once = follower.once

    async def counted(*, block_ms: int = 0) -> int:
        written.append(await once(block_ms=block_ms))
        return written[-1]

    follower.once = counted  # type: ignore[method-assign]
    running = asyncio.create_task(follower.run(stop))
    began = asyncio.get_running_loop().time()
    for number in range(100):
        await pool.arrives(f"c{number:010}")
    told = len(await pool.acd.journal("0-0"))
    await asyncio.to_thread(until, lambda: sum(written) >= told, PATIENT, "all of them are written")
    took = asyncio.get_running_loop().time() - began
    stop.set()
    await running
    assert len([count for count in written if count]) <= 2 + took / LINGER_S
    assert len(events(sqlite_db)) == told


async def _with_new_entries(pool: Pool, follower: Follower, stop: asyncio.Event) -> None:
    running = asyncio.create_task(follower.run(stop))
    serial = 1
    while not running.done():
        serial += 1
        await pool.acd.note("c0000000001", cmd=f"n{serial}", note={"what": "x"})
        await asyncio.wait({running}, timeout=0.05)
    await running


async def test_words_of_any_length_do_not_stop_history(pool: Pool, db: Database) -> None:
    await pool.arrives("c0000000001", trunk="t\0" * 500, ani="9" * 500, dialled="1" * 500, region="3" * 500)
    await drain(Follower(pool.acd, db))
    assert record(db, "c0000000001").trunk == "t" * 64


async def test_what_a_newer_version_tells_is_kept_by_its_name_and_stops_nobody(pool: Pool, db: Database) -> None:
    await pool.arrives("c0000000001")
    stream = f"suar:{{{pool.acd.pool}}}:journal"
    newer = ("e", "call.sung_to", "t", str(pool.clock.ms()), "ep", pool.acd.epoch, "call", "c0000000001")
    await pool.acd._wire.call("XADD", stream, "*", *newer, "d", '{"song": "x"}')
    await pool.acd.ended("c0000000001", by="caller")
    told = [(entry.event, entry.data.get("event")) for entry in await pool.told()]
    assert (Event.UNKNOWN, "call.sung_to") in told
    assert told[-1][0] is Event.CALL_ENDED, "the readers go on behind it"
    await drain(Follower(pool.acd, db))
    assert record(db, "c0000000001").outcome == "left_ivr"
    with db.reading() as session:
        (kept,) = session.scalars(select(CallEvent).where(CallEvent.event == Event.UNKNOWN.value))
        assert kept.data == {"event": "call.sung_to", "song": "x"}


async def test_over_http(pool: Pool, db: Database) -> None:
    await pool.talks("c0000000001")
    await pool.waits("c0000000002")
    await drain(Follower(pool.acd, db))
    app = FastAPI()
    app.include_router(api)
    app.state.acd, app.state.db = pool.acd, db
    async with AsyncClient(transport=ASGITransport(app), base_url="http://suar") as client:
        call = (await client.get("/api/v1/calls/c0000000001")).json()
        assert [one["event"] for one in call["events"]][:2] == ["call.arrived", "call.queued"]
        assert call["answered_at"] is not None
        queues = {one["name"]: one for one in (await client.get("/api/v1/queues")).json()}
        assert (queues["gangguan"]["waiting"], queues["gangguan"]["talking"]) == (1, 1)
        (agent,) = (await client.get("/api/v1/agents")).json()
        assert (agent["id"], agent["state"], agent["call"]) == ("cso1", "talking", "c0000000001")
