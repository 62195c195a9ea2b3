"""The loop: it matches at once, lets time pass, has history written, and outlives the store."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from config.database import Database
from config.operator import operator
from config.schema.overflow import Partner, Partners
from router import dispatcher
from router.agents import CsoState
from router.calls import CallState
from router.events import Entry, Event
from router.history import repository
from router.partners import OpeningHours
from router.store.acd import Acd
from tests.fixtures.router import RULES, Pool
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.store_proxy import MortalStore
from tests.fixtures.wait import until_async

pytestmark = [pytest.mark.store, pytest.mark.anyio]


@asynccontextmanager
async def dispatching(url: str, pool: str, db: Database) -> AsyncIterator[Acd]:
    """A dispatcher at work; the Acd is another one, as another process would have it."""
    acd, other = Acd(url, pool), await Acd.open(url, pool)
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(acd, operator(), db, stop))
    try:
        await until_async(lambda: configured(other), 5)
        yield other
    finally:
        stop.set()
        await asyncio.wait_for(task, 3)
        await acd.close()
        await other.close()


async def configured(acd: Acd) -> bool:
    return bool((await acd.snapshot()).extra["lines"])


async def arrive(acd: Acd, call: str) -> None:
    await acd.admit(
        call, carrier="asterisk", channel=call, ani="", trunk="jakarta", region="31", dialled="123", menu="", cmd=call
    )
    await acd.enqueue(call, queue="gangguan", cmd=call)


async def test_a_caller_is_offered_as_soon_as_somebody_is_free(store: StoreUnderTest, sqlite_db: Database) -> None:
    async with dispatching(store.url, store.pool, sqlite_db) as acd:
        await arrive(acd, "c0000000001")
        await acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
        await acd.ask_state("cso1", CsoState.READY)
        started = asyncio.get_running_loop().time()

        async def offered() -> bool:
            call = await acd.call("c0000000001")
            return call is not None and call.state is CallState.OFFERED

        await until_async(offered, 5, every=0.005)
        assert asyncio.get_running_loop().time() - started < 1.0
        await acd.ended("c0000000001", by="caller")

        def written() -> bool:
            with sqlite_db.reading() as session:
                found = repository.record(session, "c0000000001")
                return found is not None and found.outcome == "abandoned"

        await until_async(written, 5)


async def test_it_goes_on_when_the_store_died_and_came_back(
    mortal_store: MortalStore, sqlite_db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with dispatching(mortal_store.url, "main", sqlite_db) as acd:
        await arrive(acd, "c0000000001")
        mortal_store.send(signal.SIGKILL)
        await until_async(lambda: "does not answer" in caplog.text, 10)
        await asyncio.to_thread(mortal_store.start)
        await asyncio.to_thread(mortal_store.answers)
        await acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
        await acd.ask_state("cso1", CsoState.READY)

        async def offered() -> bool:
            call = await acd.call("c0000000001")
            return call is not None and call.state is CallState.OFFERED

        await until_async(offered, 10)
        assert caplog.text.count("does not answer") == 1


class Broken:
    """A part of the loop that cannot do its work."""

    async def turn(self, epoch: str) -> None:
        raise OSError("the database is away")


async def test_what_fails_beside_the_matching_keeps_nobody_from_a_cso(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    loop = dispatcher.Dispatcher(pool.acd, operator(), parts=[Broken()])
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    for _ in range(2):
        await loop.turn()
    assert (await pool.call("c0000000001")).state is CallState.OFFERED
    assert caplog.text.count("Broken") == 1
    assert "database is away" not in caplog.text


def test_the_operators_rules_reach_the_store_in_its_words() -> None:
    rules = {rule.name: rule for rule in dispatcher.queue_rules(operator())}
    assert rules["gangguan"].max_wait_ms == 180_000
    assert rules["gangguan"].partners == ("mitra",)
    assert (rules["gangguan"].over_place, rules["gangguan"].over_level) == (60, 2)
    assert (rules["darurat"].max_wait_ms, rules["darurat"].partners) == (0, ())
    assert (rules["darurat"].outside, rules["darurat"].outside_ms) == ("darurat-luar", 20_000)
    partner, outside = dispatcher.partner_rules(operator())
    assert outside.outside
    assert (partner.cap, partner.ring_ms) == (20, 20_000)
    assert set(partner.addresses) == {"asterisk", "twilio"}


async def test_a_partners_hours_are_told_when_they_change_and_to_a_new_store(pool: Pool) -> None:
    now = pool.clock.now() + timedelta(hours=8)  # in WITA
    opens, shuts = (f"{(now + timedelta(hours=hours)).hour:02}:{now.minute:02}" for hours in (1, 3))
    partners = {"mitra": Partner(title="Mitra", cap=1, hours=(opens, shuts), zone="WITA")}
    hours = OpeningHours(pool.acd, replace(operator(), partners=Partners(partners=partners)), pool.clock, every=0)
    seen = []
    for epoch in ("1", "1", "1", "1", "2"):
        await hours.turn(epoch)
        seen += [one.open for one in await pool.acd.partners() if one.name == "mitra"]
        pool.later(3600)
    assert seen == [False, True, True, False, False]
    told = [entry.data["open"] for entry in await pool.told() if entry.event is Event.PARTNER_STATE]
    assert told == [False, True, False]


async def test_a_caller_who_rings_at_a_partner_is_taken_back_and_offered_at_once(pool: Pool) -> None:
    queue = replace(RULES[0], max_wait_ms=1, drain_after_ms=1_000)
    await pool.configure(queues=(queue, *RULES[1:]))
    call = await pool.waits("c0000000001")
    await pool.acd.overflow_next()
    pool.later(2)
    await pool.ready("cso1")
    await dispatcher.Dispatcher(pool.acd, operator()).match()
    found = await pool.call(call)
    assert (found.state, found.cso) == (CallState.OFFERED, "cso1")


@pytest.mark.parametrize(
    ("entry", "matters"),
    [
        (Entry("1-0", Event.CALL_ARRIVED, 1, "e", call="c1"), False),
        (Entry("1-0", Event.CALL_NOTED, 1, "e", call="c1"), False),
        (Entry("1-0", Event.CALL_ENDED, 1, "e", call="c1"), False),
        (Entry("1-0", Event.CALL_ENDED, 1, "e", call="c1", cso="cso1"), True),  # who is free soon
        (Entry("1-0", Event.CALL_ENDED, 1, "e", call="c1", queue="gangguan"), True),  # a partner has room
        (Entry("1-0", Event.CALL_NOTED, 1, "e", call="c1", queue="darurat"), True),  # an emergency among the offered
        (Entry("1-0", Event.CALL_QUEUED, 1, "e", call="c1", queue="gangguan"), True),
        (Entry("1-0", Event.CSO_STATE, 1, "e", cso="cso1"), True),
        (Entry("1-0", Event.LEVEL, 1, "e"), True),
    ],
)
def test_only_who_listens_to_the_menu_does_not_wake_the_matching(entry: Entry, matters: bool) -> None:
    assert dispatcher._matters(entry) is matters
