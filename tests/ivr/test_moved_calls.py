"""A call that was moved to another pool: its steps are answered there, its channel belongs to that pool's connector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from config.clock import VirtualClock
from config.errors import NotFound
from ivr.carriers.asterisk_ami import Channel
from ivr.carriers.asterisk_callback import _originate
from ivr.carriers.asterisk_connector import AsteriskConnector
from ivr.carriers.asterisk_moves import Moves
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.asterisk_reconcile import Reconciler
from ivr.carriers.base import Lanes
from ivr.instructions import Bye, Wait
from ivr.signals import Step
from router.calls import CallState, Outcome
from router.handover import Handover
from router.pools import Pools
from router.store.acd import Acd
from router.store.types import Call
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


# --- two pools on one Asterisk: a callback that was moved, and legs of the other pool


class House:
    """The connector of a pool, and Asterisk's manager as it sees it."""

    def __init__(self, pool: Pool) -> None:
        self.connector = AsteriskConnector(pool.acd, pool.acd.ended)  # type: ignore[arg-type]
        self.link, made = Link(), self.connector
        made.link = made.moves._link = made.moves.callbacks._link = made._reconciler._link = self.link  # type: ignore[assignment]

    async def hears(self, event: str, **headers: str) -> None:
        lines = ["Event: UserEvent", f"UserEvent: {event}", *(f"{name}: {value}" for name, value in headers.items())]
        self.connector._on_event(Message([f"{line}\r\n" for line in lines]))
        await self._done()

    async def looks(self, *channels: Channel, times: int = 2) -> None:
        self.link.rows = list(channels)
        for _ in range(times):
            await self.connector._reconciler.compare(await self.connector.acd.snapshot(), full=False)
            await self._done()

    async def _done(self) -> None:
        await until_async(lambda: not self.connector.lanes._tail, 5)

    def hung_up(self) -> list[str]:
        return [one["Channel"] for one in self.link.sent if one["Action"] == "Hangup"]


async def a_callback(pool: Pool) -> None:
    await pool.waits(CALL)
    await pool.acd.call_back(CALL, number="+6281100000001", cmd="cb")


def leg_of(two_pool: Pool, token: str) -> Channel:
    """A CSO's leg as our own order to ring it makes it."""
    call = Call(CALL, CallState.OFFERED, "asterisk", "", "", "jakarta", "31", queue="gangguan", token=token, dial="+62")
    order = _originate(call, "cso1", two_pool.acd.pool)
    variables = dict(one.split("=", 1) for one in order["Variable"].split(","))
    return Channel("PJSIP/cso1-1", "callback", "s", "Dial", variables)


async def test_the_former_pool_does_not_hang_up_the_cso_who_answers_a_moved_callback(two: TwoPools) -> None:
    await a_callback(two.west)
    assert await two.mover().move(CALL, two.east.acd.pool)
    await two.east.ready("cso1")
    offer = await two.east.offered()
    leg = leg_of(two.east, offer.token)
    west = House(two.west)
    west.link.rows = [leg]
    await west.hears("SuarAnswered", call=CALL, token=offer.token, pool=leg.pool, leg=leg.name)
    assert west.hung_up() == []
    await House(two.east).hears("SuarAnswered", call=CALL, token=offer.token, pool=leg.pool, leg=leg.name)
    assert (await two.east.call(CALL)).state is CallState.CALLING


async def test_legs_of_another_pool_are_nobodys_ghosts(two: TwoPools) -> None:
    await a_callback(two.west)
    await two.west.ready("cso1")
    leg = leg_of(two.west, (await two.west.offered()).token)
    east, west = House(two.east), House(two.west)
    await east.looks(leg)
    assert east.hung_up() == []
    await west.looks(leg)
    assert west.hung_up() == []
    await two.west.acd.cancel(CALL, by="desk")
    await west.looks(leg)
    assert west.hung_up() == [leg.name]


async def test_a_caller_who_was_called_back_stays_in_one_pool(two: TwoPools) -> None:
    """Passed on after the callback, the caller's channel is in the offer: another pool's connector sees it too."""
    await a_callback(two.west)
    await two.west.ready("cso1")
    token = (await two.west.offered()).token
    carried = {**leg_of(two.west, token).variables, "SUAR_CALL": CALL, "SUAR_LEG": "", "SUAR_DIALLED": "021123"}
    east = House(two.east)
    await east.looks(Channel("PJSIP/trunk-9", "offer", "cso2", "Dial", carried))
    assert await two.east.acd.call(CALL) is None


async def test_each_pool_sets_a_level_of_its_own(two: TwoPools) -> None:
    for pool in (two.west, two.east):
        house = House(pool)
        await house.connector.moves.level(4)
        assert [one["Variable"] for one in house.link.sent] == [f"SUAR_LEVEL_{pool.acd.pool}"]


async def test_a_caller_served_by_the_dialplan_is_kept_by_one_pool(two: TwoPools) -> None:
    told = {"call": CALL, "ani": "081100000077", "dialled": "021123", "Channel": "PJSIP/x"}
    for pool in (two.west, two.east):
        await House(pool).hears("SuarFull", **told, pool=two.west.acd.pool)
    assert await two.west.acd.call(CALL) is not None
    assert await two.east.acd.call(CALL) is None
