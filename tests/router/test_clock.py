"""Time in a pool never runs backwards, and a jump of the store's clock ends nobody's call."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from config.clock import VirtualClock
from config.errors import Refused
from router.agents import CsoState
from router.events import Event
from router.store.acd import Acd
from router.store.wire import Wire
from tests.fixtures.clock import START
from tests.fixtures.router import PARTNERS, RULES, Pool
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]


@pytest.fixture
async def real(anyio_backend: str, store: StoreUnderTest) -> AsyncIterator[Pool]:
    """A pool that lives by the store's own clock."""
    acd = await Acd.open(store.url, store.pool, timeout=PATIENT)
    await acd.configure(queues=RULES, partners=PARTNERS, lines=10, emergency_lines=2)
    yield Pool(acd, VirtualClock(START))
    await acd.close()


async def set_field(pool: Pool, field: str, delta_ms: int) -> None:
    """As if the store's clock had shown something else until now."""
    wire = Wire(pool.acd._url)
    key = f"suar:{{{pool.acd.pool}}}:pool"
    now = int((await pool.acd.snapshot()).at)
    await wire.call("HSET", key, field, now + delta_ms)
    wire.close()


async def test_a_clock_that_jumps_back_is_refused_by_name_and_changes_nothing(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.told()
    behind = Acd(pool.acd._url, pool.acd.pool, clock=VirtualClock(START), timeout=PATIENT)
    pool.later(60)
    await pool.waits("c0000000002")
    told = len(await pool.told())
    with pytest.raises(Refused) as fault:
        await behind.offer_next()
    assert fault.value.slug == "clock-back"
    assert told
    assert await pool.told() == []
    await behind.close()


async def test_a_clock_a_little_behind_is_taken_as_the_pools(pool: Pool) -> None:
    pool.later(1)
    await pool.waits("c0000000001")
    behind = Acd(pool.acd._url, pool.acd.pool, clock=VirtualClock(START), timeout=PATIENT)
    await behind.enqueue("c0000000001", queue="keluhan", cmd="again")
    assert [entry.at for entry in await pool.told()] == sorted(entry.at for entry in await pool.acd.journal("0-0"))
    await behind.close()


async def test_the_stores_clock_jumped_back_by_an_hour(real: Pool) -> None:
    """Deadlines set by the wrong hour would hold a CSO for an hour."""
    await real.ready("cso1")
    await real.waits("c0000000001")
    offer = await real.offered()
    await set_field(real, "clock", 3_600_000)
    await real.acd.sweep()
    assert Event.CLOCK in await real.events()
    await real.acd.returned(offer.call, offer.token, reason="failed")
    assert (await real.offered()).call == "c0000000001"


async def test_what_rang_when_the_clock_jumped_back_does_not_ring_for_an_hour(real: Pool) -> None:
    await real.ready("cso1")
    await real.waits("c0000000001")
    await real.offered()
    wire, deadlines = Wire(real.acd._url), f"suar:{{{real.acd.pool}}}:offers"
    await wire.call("ZINCRBY", deadlines, 3_600_000, "c0000000001")
    await set_field(real, "clock", 3_600_000)
    await real.acd.sweep()
    assert float(await wire.call("ZSCORE", deadlines, "c0000000001")) < (await real.acd.snapshot()).at + 6_000
    wire.close()


async def test_the_stores_clock_jumped_forward_and_nobody_is_lost(real: Pool) -> None:
    """Leases and heartbeats of everybody would be over at once."""
    await real.talks("c0000000001")
    await real.acd.sweep()
    await set_field(real, "swept", -86_400_000)
    wire = Wire(real.acd._url)
    root = f"suar:{{{real.acd.pool}}}"
    for key, member in ((":lines", "c0000000001"), (":alive", "cso1")):
        await wire.call("ZADD", root + key, 1, member)
    wire.close()
    await real.acd.sweep()
    assert (await real.cso("cso1")).state is CsoState.TALKING
