"""The store's host dies and takes the last second of the append-only file with it: what the channels, the history and
the tokens make of what is left.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select

from config.clock import SystemClock
from config.database import Database
from config.errors import Problem
from ivr.carriers.asterisk_ami import Channel
from ivr.carriers.asterisk_moves import Moves
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.asterisk_reconcile import Reconciler
from ivr.carriers.base import Lanes
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from router.history.follower import Follower
from router.history.models import CallEvent
from router.history.recount import differences
from router.store.acd import Acd
from router.store.audit import audit
from router.store.durable import Disk
from tests.fixtures.manager import Link
from tests.fixtures.router import Pool
from tests.fixtures.store_proxy import MortalStore
from tests.fixtures.wait import PATIENT, until_async

pytestmark = [pytest.mark.store, pytest.mark.database, pytest.mark.anyio]


class Switch(Link):
    """An Asterisk whose channels are where they are; a Redirect moves one."""

    def put(self, call: str, context: str, *, token: str = "", busy: str = "", arrived: int = 0) -> None:
        """A caller's channel is there now."""
        carried = {
            "SUAR_CALL": call, "SUAR_RT": token, "SUAR_BUSY": busy, "SUAR_Q": "gangguan", "SUAR_ARR": str(arrived),
            "SUAR_DIALLED": "021123", "SUAR_POOL": "main",
        }  # fmt: skip
        app = "Dial" if context == "offer" else "WaitExten"
        self.rows = [one for one in self.rows if one.call != call]
        self.rows.append(Channel(f"PJSIP/{call}", context, "s", app, carried))

    def drop(self, call: str) -> None:
        """The caller hung up."""
        self.rows = [one for one in self.rows if one.call != call]

    def _one(self, one: dict[str, str]) -> Message:
        found = next((row for row in self.rows if row.name == one.get("Channel")), None)
        if one["Action"] == "Getvar" and found:
            here = {**found.variables, "CHANNEL(context)": found.context}
            return Message(["Response: Success\r\n", f"Value: {here.get(one['Variable'], '')}\r\n"])
        if one["Action"] == "Redirect" and found:
            self.rows[self.rows.index(found)] = replace(found, context=one["Context"], app="WaitExten")
        return super()._one(one)


@dataclass
class Town:
    """A store on a host that may die, the channels, the history."""

    store: MortalStore
    pool: Pool
    switch: Switch
    db: Database

    def now(self) -> int:
        return self.pool.clock.ms()

    async def written(self) -> int:
        """How long the append-only file is once everything that was answered is in it: while the disk is busy the
        store puts off its writes.
        """
        disk = Disk(self.store.url, "suar:{main}", timeout=PATIENT)
        await disk.has_it()
        disk.close()
        return self.store.tail.stat().st_size

    async def host_dies(self, left: int) -> None:
        """Killed, and of the append-only file only the first bytes are left."""
        assert left < await self.written()
        self.store.send(signal.SIGKILL)
        os.truncate(self.store.tail, left)
        await asyncio.to_thread(self.store.start)
        await asyncio.to_thread(self.store.answers)
        await self.pool.acd.boot()

    async def reconcile(self) -> None:
        """What the connector does when it is connected again; the second look mends what the first one adopted."""
        for _ in range(2):
            lanes = Lanes()

            async def hung_up(call: str, *, by: str = "caller") -> None:
                await self.pool.acd.ended(call, by=by)

            moves = Moves(self.pool.acd, self.switch, hung_up)  # type: ignore[arg-type]
            link: Link = self.switch
            reconciler = Reconciler(self.pool.acd, link, moves, lanes, hung_up)  # type: ignore[arg-type]
            await reconciler.compare(await self.pool.acd.snapshot(), full=True)
            await until_async(lambda lanes=lanes: not lanes._tail, 5)  # type: ignore[misc]

    async def follow(self) -> None:
        follower = Follower(self.pool.acd, self.db)
        while await follower.once():
            pass

    def durable(self) -> list[tuple[str, str]]:
        with self.db.reading() as session:
            rows = session.execute(select(CallEvent.epoch, CallEvent.entry).order_by(CallEvent.id))
            return [(epoch, entry) for epoch, entry in rows]


@pytest.fixture
async def town(waitaof_store: MortalStore, sqlite_db: Database) -> AsyncIterator[Town]:
    acd = await Acd.open(waitaof_store.url, "main", timeout=PATIENT)
    pool = Pool(acd, SystemClock())  # type: ignore[arg-type]
    await pool.configure(lines=30)
    yield Town(waitaof_store, pool, Switch(), sqlite_db)
    await acd.close()


async def caller(town: Town, call: str, *, waits: bool = True) -> str:
    """Rings in, and (with `waits`) stands in line."""
    await town.pool.arrives(call)
    arrived = (await town.pool.call(call)).arrived
    town.switch.put(call, "do", arrived=arrived)
    if waits:
        await town.pool.enqueue(call)
        town.switch.put(call, "wait", arrived=arrived)
    return call


async def free(town: Town, cso: str) -> None:
    await town.pool.acd.log_in(cso, queues=["gangguan"], endpoint=cso, carrier="asterisk")
    await town.pool.acd.ask_state(cso, CsoState.READY)


async def rings(town: Town, call: str, cso: str) -> str:
    """The CSO's telephone rings; answers the token."""
    await free(town, cso)
    offer = await town.pool.offered()
    assert (offer.call, offer.cso) == (call, cso)
    town.switch.put(call, "offer", token=offer.token, arrived=(await town.pool.call(call)).arrived)
    return offer.token


async def talks(town: Town, call: str, token: str) -> None:
    town.switch.put(call, "offer", token=token, busy="talking", arrived=(await town.pool.call(call)).arrived)
    await town.pool.acd.answered(call, token)


@pytest.mark.parametrize("odd", [0, 7], ids=["between commands", "in the middle of a command"])
async def test_no_connected_caller_is_forgotten(town: Town, odd: int) -> None:
    old_talk = await caller(town, "ctalks00001")
    await talks(town, old_talk, await rings(town, old_talk, "cso1"))
    gone = await caller(town, "cgone000001")
    await talks(town, gone, await rings(town, gone, "cso2"))
    unseen = await caller(town, "cunseen0001")
    token = await rings(town, unseen, "cso3")
    waiting, late_ring = await caller(town, "cwaits00001"), await caller(town, "crings00001")
    left = await caller(town, "cleft000001")
    left_at = await town.written()

    # The last second.
    await talks(town, unseen, token)
    await town.pool.acd.ended(gone, by="caller")
    await town.pool.acd.ended(left, by="caller")
    for call in (gone, left):
        town.switch.drop(call)
    await town.pool.acd.leave_queue(waiting, cmd="out")
    await rings(town, late_ring, "cso4")
    await town.pool.enqueue(waiting)
    new = await caller(town, "cnew0000001")
    listening = await caller(town, "clistens001", waits=False)
    brief = await caller(town, "cbrief00001")
    arrived = (await town.pool.call(new)).arrived
    town.switch.put(brief, "offer", token="9-lost", busy="talking", arrived=arrived)
    await town.follow()

    await town.host_dies(left_at + odd)
    assert await town.pool.acd.call(new) is None, "the last second is really gone"
    await town.reconcile()

    states = {call.id: call.state for call in (await town.pool.acd.snapshot()).calls}
    assert states == {
        old_talk: CallState.TALKING,
        unseen: CallState.TALKING,
        waiting: CallState.WAITING,
        late_ring: CallState.WAITING,
        new: CallState.WAITING,
    }
    contexts = {channel.call: channel.context for channel in town.switch.rows}
    assert contexts[late_ring] == "wait", "its telephone stopped ringing; it is next again"
    assert (await town.pool.call(new)).arrived == arrived, "the place it had"
    for call in (gone, left):
        assert (await town.pool.call(call)).state is CallState.ENDED
    talk = await town.pool.call(brief)
    assert (talk.state, contexts[brief]) == (CallState.ENDED, "offer"), "known, and the conversation goes on"
    # Who only listened meets the fallback at the next step, which asks for the call to be rebuilt.
    town.switch.put(listening, "fallback", arrived=arrived)
    await town.reconcile()
    assert (await town.pool.call(listening)).state is CallState.WAITING
    assert await audit(town.store.url, "main") == []


@pytest.mark.parametrize("clock_back", [False, True])
async def test_history_neither_loses_nor_doubles_what_is_told(town: Town, clock_back: bool) -> None:
    """History was ahead of what is left of the journal; ids that were given before must not come again."""
    await caller(town, "cfirst00001")
    await town.follow()
    left_at = await town.written()
    if clock_back:  # as if the host came up with a clock three seconds behind
        ahead = f"{town.now() + 3000}-0"
        await town.pool.acd._wire.call("XSETID", "suar:{main}:journal", ahead)
    await caller(town, "csecond0001")
    await town.pool.acd.ended("cfirst00001", by="caller")
    await town.follow()
    before = town.durable()

    await town.host_dies(left_at)
    await town.reconcile()
    await caller(town, "cthird00001")
    await town.follow()
    after = town.durable()
    assert after[: len(before)] == before, "what was durable stays"
    journal = await town.pool.acd.journal("0-0", count=10_000)
    here = [(entry.epoch, entry.id) for entry in journal]
    assert set(here) <= set(after), "everything that is told is in the history"
    assert len(set(after)) == len(after)
    assert len({entry for _, entry in after}) == len(after), "no id was given twice"
    assert journal[-1].event is Event.CALL_QUEUED
    with town.db.reading() as session:
        starts = select(func.count()).where(CallEvent.event == Event.STORE_STARTED.value)
        assert session.scalar(starts) == 2
    assert await differences(town.pool.acd, town.db) == [], "the counters began again with the epoch"


async def test_a_token_from_before_the_cut_opens_nothing(town: Town) -> None:
    call = await caller(town, "ctoken00001")
    left_at = await town.written()
    lost = await rings(town, call, "cso1")
    await town.host_dies(left_at)
    await town.reconcile()
    token = await rings(town, call, "cso1")
    assert token != lost, "the counter went back, the token did not"
    with pytest.raises(Problem) as told:
        await town.pool.acd.answered(call, lost)
    assert told.value.slug == "stale-token"
    assert await town.pool.acd.answered(call, token) is CallState.TALKING


async def test_the_order_in_line_holds_though_arrival_numbers_come_again(town: Town) -> None:
    first = await caller(town, "corder00001")
    left_at = await town.written()
    lost = await caller(town, "corder00002")
    await town.host_dies(left_at)
    later = await caller(town, "corder00003")  # gets the number that `lost` had
    await town.reconcile()
    await free(town, "cso1")
    for expected, cso in ((first, "cso1"), (lost, "cso2"), (later, "cso3")):
        await free(town, cso)
        assert (await town.pool.offered()).call == expected
    assert await audit(town.store.url, "main") == []
