"""The token bucket of an API key on a real store, with a clock that only the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.clock import VirtualClock
from router.store.limits import Limits, Measure
from router.store.wire import Wire
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]


@pytest.fixture
async def limits(anyio_backend: str, store: StoreUnderTest, clock: VirtualClock) -> AsyncIterator[Limits]:
    found = Limits(store.url, store.pool, clock=clock, timeout=PATIENT)
    yield found
    found.close()


async def take(limits: Limits, key: str = "pln-mobile", per_minute: int = 6) -> Measure:
    found = await limits.take(key, per_minute)
    assert found is not None
    return found


async def test_a_minute_of_requests_may_come_at_once_and_then_one_at_a_time(
    limits: Limits, clock: VirtualClock
) -> None:
    assert [(await take(limits)).left for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    refused = await take(limits)
    assert (refused.allowed, refused.wait_ms) == (False, 10_000)
    clock.advance(ms=9_999)
    assert not (await take(limits)).allowed
    clock.advance(ms=1)
    assert (await take(limits)).allowed
    assert not (await take(limits)).allowed


async def test_a_refused_request_costs_nothing(limits: Limits, clock: VirtualClock) -> None:
    for _ in range(20):
        await take(limits)
    clock.advance(seconds=60)
    assert [(await take(limits)).allowed for _ in range(7)] == [True] * 6 + [False]


async def test_each_key_has_its_own_bucket(limits: Limits) -> None:
    assert (await take(limits, "satu", 1)).allowed
    assert not (await take(limits, "satu", 1)).allowed
    assert (await take(limits, "dua", 1)).allowed


async def test_processes_share_the_bucket(limits: Limits, store: StoreUnderTest, clock: VirtualClock) -> None:
    other = Limits(store.url, store.pool, clock=clock, timeout=PATIENT)
    found = await asyncio.gather(*(take(one, per_minute=50) for one in (limits, other) * 40))
    other.close()
    assert sum(measure.allowed for measure in found) == 50


async def test_the_headers_say_what_is_left_and_when_to_come_again(limits: Limits) -> None:
    first = (await take(limits)).headers()
    assert first == {"RateLimit-Policy": '"key";q=6;w=60', "RateLimit": '"key";r=5;t=10'}
    for _ in range(5):
        await take(limits)
    assert (await take(limits)).headers() == {
        "RateLimit-Policy": '"key";q=6;w=60',
        "RateLimit": '"key";r=0;t=60',
        "Retry-After": "10",
    }


async def test_an_idle_key_leaves_nothing_in_the_store(store: StoreUnderTest) -> None:
    limits, wire = Limits(store.url, store.pool, timeout=PATIENT), Wire(store.url)
    await take(limits)
    (key,) = await wire.call("KEYS", f"suar-limit:{{{store.pool}}}:*")
    assert 0 < await wire.call("PTTL", key) <= 10_000
    limits.close()
    wire.close()


async def test_a_store_that_is_away_measures_nobody(tmp_path: Path) -> None:
    limits = Limits(f"unix://{tmp_path}/nobody.sock", "main")
    loop = asyncio.get_running_loop()
    assert await limits.take("pln-mobile", 1) is None
    asked = loop.time()
    assert [await limits.take("pln-mobile", 1) for _ in range(100)] == [None] * 100
    assert loop.time() - asked < 0.1  # not each of them waits for the store
    limits.close()
