"""The one connection: lost replies, a store that dies, hangs, comes back."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from config.clock import VirtualClock
from router.agents import CsoState
from router.calls import CallState
from router.store.acd import Acd, StoreUnavailable
from router.store.answers import StoreFault
from router.store.wire import Wire
from tests.fixtures.router import Pool
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.store_proxy import LossyProxy, MortalStore
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]


@pytest.fixture
async def far(lossy: LossyProxy, store: StoreUnderTest, clock: VirtualClock) -> AsyncIterator[Pool]:
    """The pool behind the proxy."""
    acd = await Acd.open(lossy.url, store.pool, clock=clock)
    pool = Pool(acd, clock)
    await pool.configure()
    yield pool
    await acd.close()


async def test_a_lost_reply_is_asked_for_again_and_is_the_same(far: Pool, lossy: LossyProxy) -> None:
    """Every verb: executed, reply lost, repeated by the client; the journal tells it once."""
    token = ""

    async def claim() -> None:
        nonlocal token
        await far.acd.offer_next()  # its reply is lost: the claim stands in the journal, the repetition finds no other
        call = await far.call("c0000000001")
        token = call.token

    async def answer() -> None:
        assert await far.acd.answered("c0000000001", token) is CallState.TALKING

    async def admit() -> None:
        assert (await far.arrives("c0000000001")).lines == 1

    async def ready() -> None:
        assert (await far.acd.ask_state("cso1", CsoState.READY)).state is CsoState.READY

    steps: list[tuple[Callable[[], Awaitable[object]], list[str]]] = [
        (admit, ["call.arrived"]),
        (lambda: far.acd.step("c0000000001", token="t", flow="F", answer="A", notes=[{"what": "x"}]), ["call.noted"]),
        (lambda: far.acd.note("c0000000001", cmd="n", note={"what": "y"}), ["call.noted"]),
        (lambda: far.acd.enqueue("c0000000001", queue="gangguan", cmd="e"), ["call.queued"]),
        (lambda: far.acd.log_in("cso1", queues=["gangguan"], endpoint="x", carrier="asterisk"), ["cso.state"]),
        (ready, ["cso.state"]),
        (claim, ["call.offered", "cso.state"]),
        (lambda: far.acd.ringing("c0000000001", token), ["call.ringing"]),
        (answer, ["call.answered", "cso.state"]),
        (lambda: far.acd.ended("c0000000001", by="caller"), ["call.ended", "cso.state"]),
        (lambda: far.acd.set_level(1, reason="x", by="spv1"), ["level"]),
    ]
    await far.told()
    for number, (step, events) in enumerate(steps, start=1):
        lossy.lose_next()
        await step()
        assert lossy.lost == number
        assert [entry.event.value for entry in await far.told()] == events


async def test_commands_of_one_turn_share_one_write_and_keep_their_order(store: StoreUnderTest) -> None:
    wire = Wire(store.url, timeout=PATIENT)
    replies = await asyncio.gather(*(wire.call("ECHO", f"{n}") for n in range(1000)))
    assert replies == [str(n) for n in range(1000)]
    wire.close()


async def test_a_caller_that_gave_up_waiting_does_not_shift_the_others_replies(store: StoreUnderTest) -> None:
    wire = Wire(store.url, timeout=PATIENT)
    await wire.call("PING")
    gone = asyncio.ensure_future(wire.call("ECHO", "gone"))
    kept = asyncio.ensure_future(wire.call("ECHO", "kept"))
    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    gone.cancel()
    assert await kept == "kept"
    wire.close()


async def test_a_store_that_is_away_is_said_in_time() -> None:
    acd = Acd("unix:///nonexistent/suar.sock", "main", timeout=0.2)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable) as told:
        await acd.call("c0000000001")
    assert time.monotonic() - started < 1
    assert (told.value.slug, told.value.status) == ("store-unavailable", 503)


async def test_a_store_that_hangs_is_said_in_time_and_used_again_after(mortal_store: MortalStore) -> None:
    acd = await Acd.open(mortal_store.url, "main")
    mortal_store.send(signal.SIGSTOP)
    started = time.monotonic()
    results = await asyncio.gather(*(acd.snapshot() for _ in range(10)), return_exceptions=True)
    assert time.monotonic() - started < 2.5
    assert all(isinstance(one, StoreUnavailable) for one in results)
    mortal_store.send(signal.SIGCONT)
    assert (await acd.snapshot()).calls == ()
    await acd.close()


async def test_what_was_acknowledged_survives_the_death_of_the_store(
    mortal_store: MortalStore, clock: VirtualClock
) -> None:
    acd = await Acd.open(mortal_store.url, "main")
    pool = Pool(acd, clock)
    await pool.configure(lines=10_000)
    epoch = acd.epoch
    acknowledged: list[str] = []

    async def caller(number: int) -> None:
        for serial in range(1000):
            call = f"c{number:04}{serial:06}"
            try:
                await pool.arrives(call)
                await pool.enqueue(call)
            except StoreUnavailable:
                return
            acknowledged.append(call)
            if len(acknowledged) == 500:
                mortal_store.send(signal.SIGKILL)

    await asyncio.gather(*(caller(n) for n in range(16)))
    assert len(acknowledged) >= 500
    await asyncio.to_thread(mortal_store.start)
    await asyncio.to_thread(mortal_store.answers)
    snapshot = await acd.snapshot()
    waiting = {call.id for call in snapshot.calls if call.state == "waiting"}
    assert set(acknowledged) <= waiting
    assert acd.epoch != epoch, "a new start of the store is a new epoch"
    entries = await acd.journal("0-0", count=100_000)
    queued = [entry.call for entry in entries if entry.event == "call.queued"]
    assert len(queued) == len(set(queued)) >= len(acknowledged)
    assert [entry.data["starts"] for entry in entries if entry.event == "store.started"] == [1, 2]
    await acd.close()


async def test_a_store_that_restarts_quickly_is_not_noticed(mortal_store: MortalStore) -> None:
    acd = await Acd.open(
        mortal_store.url,
        "main",
    )
    mortal_store.send(signal.SIGKILL)
    asking = asyncio.ensure_future(acd.snapshot())
    await asyncio.to_thread(mortal_store.start)
    assert (await asking).calls == ()
    await acd.close()


async def test_a_restart_gives_everyone_their_time_again(pool: Pool) -> None:
    """While the store was away nobody could beat, renew or answer: nobody is punished for it."""
    await pool.talks("c0000000001", "cso1")
    await pool.ready("cso2")
    await pool.waits("c0000000002")
    await pool.offered()
    pool.later(1000)
    await pool.acd._do("boot", "another-run")
    assert await pool.acd.sweep() == 0
    assert (await pool.cso("cso2")).state is CsoState.OFFERED
    pool.later(5)
    assert await pool.acd.sweep() == 1


async def test_a_fault_of_the_store_is_a_named_problem_without_its_text(pool: Pool) -> None:
    wire = Wire(pool.acd._url)
    await wire.call("SET", f"suar:{{{pool.acd.pool}}}:heads", "not a zset")
    with pytest.raises(StoreFault) as told:
        await pool.acd.offer_next()
    assert told.value.slug == "store-fault"
    wire.close()


async def test_waiting_for_the_journal(pool: Pool) -> None:
    newest = (await pool.acd.snapshot()).journal
    first = asyncio.ensure_future(pool.acd.journal(newest, block_ms=5000))
    second = asyncio.ensure_future(pool.acd.journal("$", block_ms=5000))
    assert await pool.acd.journal(newest, block_ms=1) == []
    await pool.arrives("c0000000001")
    assert [entry.call for entry in await first] == ["c0000000001"]
    await pool.acd.ended("c0000000001", by="caller")
    assert len(await second) == 1
    third = asyncio.ensure_future(pool.acd.journal("$", block_ms=60_000))
    await pool.acd.snapshot()
    third.cancel()
    with pytest.raises(asyncio.CancelledError):
        await third
    assert (await pool.acd.journal("0-0"))[-1].event == "call.ended"


async def test_who_waits_for_the_bell_sleeps_while_callers_listen_to_the_menu(pool: Pool) -> None:
    newest = (await pool.acd.snapshot()).journal
    waiting = asyncio.ensure_future(pool.acd.journal(newest, block_ms=5000, bell=True))
    assert await pool.acd.journal(newest, block_ms=1) == []  # by now the other one waits too
    await pool.arrives("c0000000001")
    await pool.enqueue("c0000000001")
    told = await waiting
    assert [entry.event for entry in told] == ["call.arrived", "call.queued"], "both at once, none left out"

    after = told[-1].id
    await pool.arrives("c0000000002")
    late = await pool.acd.journal(after, block_ms=50, bell=True)
    assert [entry.event for entry in late] == ["call.arrived"], "when the time is over, what there is"
    later = asyncio.ensure_future(pool.acd.journal(late[-1].id, block_ms=5000, bell=True))
    await pool.acd.set_level(2, reason="test", by="ladder")
    told = await later
    assert [entry.event for entry in told] == ["level"]

    moved = asyncio.ensure_future(pool.acd.journal(told[-1].id, block_ms=5000, bell=True))
    await pool.acd.note("c0000000001", note={"what": "met"}, cmd="met")
    assert [entry.event for entry in await moved] == ["call.noted"], "a connector waits for it"
