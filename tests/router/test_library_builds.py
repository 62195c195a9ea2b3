"""Two builds of the library in one store, as during a rolling upgrade: nobody takes the other's away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from router.store import library
from router.store.acd import Acd
from router.store.library import Library
from router.store.wire import Wire
from tests.fixtures.router import RULES
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]


def release(build: int, *, text: str = "", names: int = 1) -> Library:
    """A library as another release has it: its build, something more in its text, another version of its names."""
    version = f"build{build}{text}"
    source = re.sub(r"local BUILD, VERSION = .*", f"local BUILD, VERSION = {build}, '{version}'", library.source())
    source = source.replace(library.NAME, f"suar_acd_v{names}").replace(library.PREFIX, f"acd_v{names}_")
    return Library(f"acd_v{names}_", build, version, source)


async def process(store: StoreUnderTest, of: Library) -> Acd:
    """A process of that release, connected."""
    acd = Acd(store.url, store.pool, timeout=PATIENT)
    acd.library = of
    await acd.boot()
    return acd


async def loaded(store: StoreUnderTest, prefix: str = library.PREFIX) -> int:
    wire = Wire(store.url, timeout=PATIENT)
    build, _ = await wire.call("FCALL", prefix + "build", 0)
    wire.close()
    return int(build)


@pytest.fixture(autouse=True)
async def own_libraries(anyio_backend: str, store: StoreUnderTest) -> AsyncIterator[None]:
    """The session's store begins and ends without any of these."""
    await forget(store)
    yield
    await forget(store)


async def reconnect(acd: Acd) -> None:
    acd._wire.close()
    await acd.snapshot()


async def forget(store: StoreUnderTest) -> None:
    wire = Wire(store.url, timeout=PATIENT)
    await wire.call("FUNCTION", "FLUSH")
    wire.close()


async def test_the_newer_build_stays_whoever_connects_after_it(store: StoreUnderTest) -> None:
    old = await process(store, release(100))
    await old.configure(queues=RULES, partners=(), lines=10, emergency_lines=1)
    new = await process(store, release(101))
    assert await loaded(store) == 101
    late = await process(store, release(100))
    for acd in (old, late, new, old):
        await reconnect(acd)
        assert await loaded(store) == 101, "no flapping"
    await old.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    assert await new.cso("cso1") == await late.cso("cso1") is not None
    await asyncio.gather(*(acd.close() for acd in (old, new, late)))


async def test_a_store_without_a_library_gets_that_of_whoever_comes(store: StoreUnderTest) -> None:
    old, new = await process(store, release(200)), await process(store, release(201))
    await forget(store)
    await old.snapshot()
    assert await loaded(store) == 200, "better an older one than none"
    await new.boot()
    assert await loaded(store) == 201, "the dispatcher looks once a second"
    await asyncio.gather(old.close(), new.close())


async def test_who_loaded_the_older_one_over_the_newer_is_corrected(store: StoreUnderTest) -> None:
    """Both looked before either loaded: the older one may come last."""
    new = await process(store, release(301))
    wire = Wire(store.url, timeout=PATIENT)
    await wire.call("FUNCTION", "LOAD", "REPLACE", release(300).source)
    wire.close()
    await new.boot()
    assert await loaded(store) == 301
    await new.close()


async def test_of_two_texts_with_one_number_the_last_process_decides_once(store: StoreUnderTest) -> None:
    one, other = await process(store, release(400, text="a")), await process(store, release(400, text="b"))
    wire = Wire(store.url, timeout=PATIENT)
    for acd in (one, other, one):
        await reconnect(acd)
        assert (await wire.call("FCALL", library.PREFIX + "build", 0))[1] == "build400b", "no flapping"
    wire.close()
    await asyncio.gather(one.close(), other.close())


async def test_two_versions_of_the_names_serve_one_pool_side_by_side(store: StoreUnderTest) -> None:
    first, second = await process(store, release(500)), await process(store, release(500, names=2))
    await first.configure(queues=RULES, partners=(), lines=10, emergency_lines=1)
    arrival = {"carrier": "asterisk", "channel": "x", "ani": "", "trunk": "t", "region": "31", "dialled": "123"}
    for number, acd in enumerate((first, second)):
        await acd.admit(f"c000000000{number}", **arrival, menu="", cmd=f"a{number}")
        await acd.enqueue(f"c000000000{number}", queue="gangguan", cmd=f"e{number}")
    seen, seen_by_other = (await first.snapshot()).calls, (await second.snapshot()).calls
    assert seen == seen_by_other
    assert [call.id for call in seen] == ["c0000000000", "c0000000001"]
    await second.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    assert (await loaded(store, "acd_v1_"), await loaded(store, "acd_v2_")) == (500, 500)
    await asyncio.gather(first.close(), second.close())
