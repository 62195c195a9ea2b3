"""A call that was moved to another pool: its steps are answered there, its channel belongs to that pool's connector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from config.clock import VirtualClock
from config.errors import NotFound
from ivr.carriers.asterisk_ami import Channel
from ivr.carriers.asterisk_connector import AsteriskConnector
from ivr.carriers.asterisk_moves import Moves
from ivr.carriers.asterisk_reconcile import Reconciler
from ivr.carriers.base import Lanes
from ivr.instructions import Bye, Wait
from ivr.signals import Step
from router.calls import CallState, Outcome
from router.handover import Handover
from router.pools import Pools
from router.store.acd import Acd
from tests.fixtures.ivr_service import AT_TEBET, Ivr
from tests.fixtures.manager import Link
from tests.fixtures.router import Pool, TwoPools, between
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT, until_async

pytestmark = [pytest.mark.anyio, pytest.mark.store]
CALL = "ccall0001"


@pytest.fixture
async def east(ivr: Ivr, store: StoreUnderTest, clock: VirtualClock) -> AsyncIterator[Pool]:
    """Another pool, to which this process's callers may be moved."""
    acd = await Acd.open(store.url, f"{store.pool}-e", clock=clock, timeout=PATIENT)
    pool = Pool(acd, clock)
    await pool.configure(queues=between(store.pool))
    await ivr.pool.configure(queues=between(acd.pool))
    ivr.service._pools = Pools(ivr.pool.acd, [acd.pool])
    yield pool
    await acd.close()


async def in_line(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    assert isinstance(await ivr.keys("0"), Wait)
    assert (await ivr.pool.call(CALL)).state is CallState.WAITING


async def moved(ivr: Ivr, east: Pool) -> None:
    await in_line(ivr)
    assert await Handover(Pools(ivr.pool.acd, [east.acd.pool]), between(east.acd.pool)).move(CALL, east.acd.pool)


async def test_steps_of_a_moved_call_are_answered_by_the_pool_that_has_it(ivr: Ivr, east: Pool) -> None:
    await moved(ivr, east)
    answer = await ivr.step("waiting")
    assert isinstance(answer, Wait)
    await ivr.keys("9")
    call = await east.call(CALL)
    assert (call.emergency, call.queue, call.state) == (True, "darurat", CallState.WAITING)
    await east.ready("cso1")
    offer = await east.offered()
    await east.acd.answered(CALL, offer.token)
    ended = await ivr.step("after-offer", dialstatus="ANSWER", token=offer.token, ringtime_ms="1", answeredtime_ms="9")
    assert isinstance(ended, Bye)
    assert (await east.call(CALL)).outcome == Outcome.ANSWERED


async def test_the_end_of_a_moved_call_is_told_to_the_pool_that_has_it(ivr: Ivr, east: Pool) -> None:
    await moved(ivr, east)
    await ivr.service.hung_up(CALL)
    assert (await east.call(CALL)).outcome == Outcome.ABANDONED
    assert (await ivr.pool.call(CALL)).outcome == Outcome.MOVED


async def test_the_emergency_key_while_the_call_is_on_its_way(ivr: Ivr, east: Pool) -> None:
    await in_line(ivr)
    departure = await ivr.pool.acd.depart(CALL, east.acd.pool)
    assert (await ivr.step("waiting")).keys, "the emergency key is still listened to"  # type: ignore[union-attr]
    await ivr.keys("9")
    assert await Handover(Pools(ivr.pool.acd, [east.acd.pool]), ()).finish(departure)
    assert (await east.call(CALL)).emergency


async def test_a_call_nobody_knows_is_said_so_with_two_pools_too(ivr: Ivr, east: Pool) -> None:
    with pytest.raises(NotFound):
        await ivr.service.step(Step("cnobody01", "t", "next"))


def channel_of(call: str, pool: str) -> Channel:
    carried = {"SUAR_CALL": call, "SUAR_Q": "gangguan", "SUAR_ARR": "1763794347123", "SUAR_DIALLED": "021123"}
    return Channel(f"PJSIP/{call}", "wait", "s", "WaitExten", {**carried, "SUAR_POOL": pool})


async def test_the_receiving_pools_connector_marks_the_channel(two: TwoPools) -> None:
    connector = AsteriskConnector(two.east.acd, two.east.acd.ended)  # type: ignore[arg-type]
    link = Link()
    connector.link = connector.moves._link = link  # type: ignore[assignment]
    await two.west.waits(CALL)
    await two.mover().move(CALL, two.east.acd.pool)
    for entry in await two.east.told():
        if entry.call:
            await connector.on_entry(entry)
    marks = {one["Variable"]: one["Value"] for one in link.sent if one["Action"] == "Setvar"}
    assert (marks["SUAR_POOL"], marks["SUAR_Q"]) == (two.east.acd.pool, "gangguan")
    assert {one["Channel"] for one in link.sent} == {f"PJSIP/{CALL}"}


async def test_channels_of_another_pool_are_left_alone(two: TwoPools) -> None:
    """Half an hour after the move the former pool has forgotten the call, and sees its channel every five seconds."""
    link, lanes = Link(), Lanes()
    moves = Moves(two.west.acd, link, two.west.acd.ended)  # type: ignore[arg-type]
    reconciler = Reconciler(two.west.acd, link, moves, lanes, two.west.acd.ended)  # type: ignore[arg-type]
    theirs, ours = channel_of("ccall0001", two.east.acd.pool), channel_of("ccall0002", two.west.acd.pool)
    link.rows = [theirs, ours, replace(theirs, variables={**theirs.variables, "SUAR_CALL": "ccall0003"})]
    await reconciler.compare(await two.west.acd.snapshot(), full=True)
    await reconciler.adopt_named("ccall0001")
    await until_async(lambda: not lanes._tail, 5)
    assert await two.west.lines_in_use() == {"ccall0002"}
