"""Faults that users of other routers reported and no other file here shows to be absent (docs/router/faults.md)."""

from __future__ import annotations

import asyncio
import signal

import pytest

from config.clock import VirtualClock
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from router.store.acd import Acd
from tests.fixtures.router import Pool
from tests.fixtures.store_proxy import MortalStore
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_the_reason_and_the_time_of_a_pause_outlive_the_death_of_the_store(
    mortal_store: MortalStore, clock: VirtualClock
) -> None:
    """app_queue forgot the reason at a restart, and counted the pause from it."""
    acd = await Acd.open(mortal_store.url, "main", clock=clock, timeout=PATIENT)
    pool = Pool(acd, clock)
    await pool.configure()
    await pool.ready("cso1")
    await acd.ask_state("cso1", CsoState.PAUSED, reason="salat")
    before = await pool.cso("cso1")
    pool.later(20)
    mortal_store.send(signal.SIGKILL)
    await asyncio.to_thread(mortal_store.start)
    await asyncio.to_thread(mortal_store.answers)
    await acd.boot()
    after = await pool.cso("cso1")
    assert (after.state, after.reason, after.since) == (CsoState.PAUSED, "salat", before.since)
    assert before.since == clock.ms() - 20_000
    await acd.close()


async def test_a_desk_slower_than_its_beat_is_not_logged_out(pool: Pool) -> None:
    """VICIdial logs out who was late by a few seconds; here late is 45 s, four beats."""
    await pool.ready("cso1")
    for _ in range(5):
        pool.later(44)
        await pool.acd.sweep()
        await pool.acd.heartbeat("cso1")
        assert (await pool.cso("cso1")).state is CsoState.READY


async def test_hundreds_at_once_get_a_cso_each_and_the_others_keep_their_order(pool: Pool) -> None:
    """mod_callcenter falls behind at 200 calls, app_queue hands many the same list of agents."""
    await pool.configure(lines=1000)
    for number in range(100):
        await pool.ready(f"cso{number}")
    calls = [f"c{number:010}" for number in range(400)]
    await asyncio.gather(*(pool.waits(call) for call in calls))
    arrived = [entry.call for entry in await pool.told() if entry.event is Event.CALL_QUEUED]
    offers = [offer for offer in await asyncio.gather(*(pool.acd.offer_next() for _ in range(150))) if offer]
    assert [offer.call for offer in offers] == arrived[:100], "in the order of their arrival"
    assert len({offer.cso for offer in offers}) == 100
    assert len({offer.token for offer in offers}) == 100
    waiting = [call for call in (await pool.acd.snapshot()).calls if call.state is CallState.WAITING]
    assert {call.id for call in waiting} == set(arrived[100:])
