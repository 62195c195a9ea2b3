"""What was acknowledged is there again after the store's death, in each mode of SUAR_STORE_DURABILITY."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from config.clock import VirtualClock
from router.calls import CallState
from router.store.acd import Acd, StoreUnavailable
from router.store.durable import Disk, NoWaitAof
from router.store.embedded import APPENDFSYNC, embedded
from router.store.wire import Wire
from tests.fixtures.router import Pool
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.store_proxy import MortalStore
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]

MODES = ("everysec", "always", "waitaof")


@pytest.mark.parametrize("mode", MODES)
async def test_no_acknowledged_call_is_lost(short_path: Path, clock: VirtualClock, mode: str) -> None:
    """Sixteen callers ring in and half of them hang up again; the store is killed among them, three times."""
    store = MortalStore(short_path, mode)
    store.start()
    try:
        await asyncio.to_thread(store.answers)
        acd = await Acd.open(store.url, "main", durable=mode == "waitaof", timeout=2)
        pool = Pool(acd, clock)
        await pool.configure(lines=10_000)
        expected: dict[str, bool] = {}  # acknowledged call → whether it ended
        killed: set[int] = set()

        async def caller(number: int, life: int) -> None:
            for serial in range(500):
                call = f"c{life}{number:03}{serial:06}"
                try:
                    await pool.arrives(call)
                    expected[call] = False
                    if serial % 2:
                        await acd.ended(call, by="caller")
                        expected[call] = True
                except StoreUnavailable:
                    return
                if len(expected) >= 300 * life and life not in killed:
                    killed.add(life)
                    store.send(signal.SIGKILL)

        for life in (1, 2, 3):
            await asyncio.gather(*(caller(number, life) for number in range(16)))
            await asyncio.to_thread(store.start)
            await asyncio.to_thread(store.answers)
        for call, ended in expected.items():
            known = await pool.call(call)
            assert not ended or known.state is CallState.ENDED
        assert killed == {1, 2, 3}
        fsync = await acd._wire.call("CONFIG", "GET", "appendfsync")
        assert fsync[1] == APPENDFSYNC[mode]
        await acd.close()
    finally:
        store.stop()


async def test_those_who_wait_at_once_share_a_wait(waitaof_store: MortalStore) -> None:
    acd = await Acd.open(waitaof_store.url, "main", durable=True, timeout=PATIENT)
    await asyncio.gather(*(acd.ended(f"c{number:010}", by="caller") for number in range(200)))
    waits = int(await acd._wire.call("HGET", "suar:{main}:pool", "waits"))
    assert 1 <= waits < 20
    before = waits
    await acd.ended("c0000000001", by="caller")
    assert int(await acd._wire.call("HGET", "suar:{main}:pool", "waits")) == before + 1, "each is waited for"
    await acd.snapshot()
    assert int(await acd._wire.call("HGET", "suar:{main}:pool", "waits")) == before + 1, "reading waits for nothing"
    await acd.close()


async def test_an_arrival_alone_on_the_line_is_acknowledged_soon(waitaof_store: MortalStore) -> None:
    """WAITAOF is answered when the server looks up by itself; nothing else on the line makes it do so."""
    acd = await Acd.open(waitaof_store.url, "main", durable=True, timeout=PATIENT)
    took = []
    for number in range(10):
        began = time.perf_counter()
        await acd.ended(f"c{number:010}", by="caller")
        took.append(time.perf_counter() - began)
    # The quickest: a busy disk makes some of them late. The first may have come just before a look.
    assert min(took[1:]) < 0.06
    await acd.close()


async def test_a_disk_that_does_not_answer_is_said(waitaof_store: MortalStore) -> None:
    acd = await Acd.open(waitaof_store.url, "main", durable=True, timeout=0.5)
    await acd.ended("c0000000001", by="caller")
    waitaof_store.send(signal.SIGSTOP)
    with pytest.raises(StoreUnavailable):
        await acd.ended("c0000000001", by="caller")
    waitaof_store.send(signal.SIGCONT)
    await acd.ended("c0000000001", by="caller")
    await acd.close()


async def test_a_store_that_cannot_wait_is_said_by_name(store: StoreUnderTest) -> None:
    """A store without an append-only file has no disk to wait for."""
    wire = Wire(store.url, timeout=PATIENT)
    await wire.call("CONFIG", "SET", "appendonly", "no")
    disk = Disk(store.url, f"suar:{{{store.pool}}}", timeout=PATIENT)
    try:
        with pytest.raises(NoWaitAof):
            await disk.has_it()
    finally:
        disk.close()
        await wire.call("CONFIG", "SET", "appendonly", "yes")
        wire.close()


@pytest.mark.unit
def test_what_is_written_is_brought_to_the_disk_and_a_file_that_goes_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = embedded(tmp_path)
    store.sync()  # before the server's first start there is nothing
    files = store.folder / "appendonlydir"
    files.mkdir(parents=True)
    (files / "appendonly.aof.1.incr.aof").write_text("a")
    (files / "appendonly.aof.2.incr.aof").symlink_to(files / "gone")
    synced: list[int] = []
    monkeypatch.setattr("os.fdatasync", synced.append)
    store.sync()
    assert len(synced) == 1
