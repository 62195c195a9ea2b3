"""Pools on a cluster of three real nodes: each in one slot, each reached from any node, calls moving between them."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hiredis
import pytest

from config.clock import VirtualClock
from config.errors import Problem
from router.calls import CallState
from router.handover import Handover
from router.pools import Pools
from router.store import library
from router.store.acd import Acd
from router.store.embedded import program, ready
from router.store.wire import Wire
from tests.fixtures.router import PARTNERS, Pool, between
from tests.fixtures.wait import PATIENT, until, until_async

pytestmark = [pytest.mark.store, pytest.mark.anyio]

SLOTS = ((0, 5460), (5461, 10922), (10923, 16383))


@dataclass(frozen=True)
class Node:
    """One server of the cluster."""

    port: int
    bus: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def ask(self, *command: str | int) -> str:
        wire = Wire(self.url, timeout=PATIENT)
        try:
            return str(await wire.call(*command))
        finally:
            wire.close()


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


async def join(nodes: list[Node]) -> None:
    """Each node has a third of the slots and knows the others."""
    for number, (node, (first, last)) in enumerate(zip(nodes, SLOTS, strict=True), start=1):
        await node.ask("CLUSTER", "SET-CONFIG-EPOCH", number)
        await node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
    for node in nodes[1:]:
        await nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)

    async def whole() -> bool:
        states = [await node.ask("CLUSTER", "INFO") for node in nodes]
        return all("cluster_state:ok" in said and "cluster_known_nodes:3" in said for said in states)

    await until_async(whole, 20, "the cluster is whole")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def cluster() -> Iterator[list[Node]]:
    """Three nodes of the embedded store's program on loopback."""
    ports = free_ports(6)
    nodes = [Node(port, bus) for port, bus in zip(ports[:3], ports[3:], strict=True)]
    servers: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="suar-", ignore_cleanup_errors=True) as name:
        for node in nodes:
            folder = Path(name) / str(node.port)
            folder.mkdir()
            options = {
                "bind": "127.0.0.1", "port": node.port, "cluster-port": node.bus, "dir": folder, "save": "",
                "cluster-enabled": "yes", "cluster-config-file": "nodes.conf", "logfile": folder / "log",
            }  # fmt: skip
            argv = [word for option, value in options.items() for word in (f"--{option}", str(value))]
            servers.append(subprocess.Popen([program(), *argv], start_new_session=True))
        try:
            for node in nodes:
                until(lambda node=node: asyncio.run(ready(node.url)), 20, "a node answers")  # type: ignore[misc]
            asyncio.run(join(nodes))
            yield nodes
        finally:
            for server in servers:
                server.kill()
                server.wait()


async def slot(node: Node, key: str) -> int:
    return int(await node.ask("CLUSTER", "KEYSLOT", key))


async def names_on(nodes: list[Node]) -> list[str]:
    """A pool name for each node."""
    found: dict[int, str] = {}
    for number in range(100):
        at = await slot(nodes[0], f"suar:{{pool{number}}}")
        owner = next(n for n, (first, last) in enumerate(SLOTS) if first <= at <= last)
        found.setdefault(owner, f"pool{number}")
    return [found[number] for number in range(3)]


async def test_two_pools_on_two_nodes_and_a_call_between_them(cluster: list[Node], clock: VirtualClock) -> None:
    _, west_name, east_name = await names_on(cluster)
    url = cluster[0].url  # neither pool lives there: the client is told where, and remembers
    acds = [await Acd.open(url, name, clock=clock, timeout=PATIENT) for name in (west_name, east_name)]
    west, east = (Pool(acd, clock) for acd in acds)
    await west.configure(queues=between(east_name))
    await east.configure(queues=between(west_name), partners=PARTNERS)

    talk = await west.talks("c0000000001")
    await west.acd.ended("c0000000001", by="caller")
    assert (await west.call("c0000000001")).cso == talk.cso
    await west.waits("c0000000002")
    await west.waits("c0000000003")
    clock.advance(seconds=181)
    assert await west.acd.overflow_next() is not None
    await east.ready("cso1")

    pools = Pools(west.acd, [east_name])
    assert await Handover(pools, between(east_name)).turn() == 1
    assert (await west.call("c0000000003")).outcome == "moved"
    offer = await east.offered()
    assert offer.call == "c0000000003"
    assert await east.acd.answered("c0000000003", offer.token) is CallState.TALKING
    assert "call.received" in [entry.event.value for entry in await east.told()]
    waiting = asyncio.ensure_future(east.acd.journal((await east.acd.snapshot()).journal, block_ms=5000))
    await east.acd.ended("c0000000003", by="caller")
    assert (await waiting)[0].call == "c0000000003", "the blocking reader is on the right node too"

    for number, node in enumerate(cluster):
        assert await node.ask("FCALL", library.PREFIX + "version", 0) == library.version(), "every node has the library"
        wire = Wire(node.url, timeout=PATIENT)
        keys = await wire.call("KEYS", "*")
        wire.close()
        by_pool: dict[str, set[int]] = {}
        for key in keys:
            by_pool.setdefault(key[: key.index("}")], set()).add(await slot(node, key))
        assert all(len(slots) == 1 for slots in by_pool.values()), "all keys of a pool are in one slot"
        assert set(by_pool) <= {f"suar:{{{name}" for name in (west_name, east_name)}
        assert bool(keys) == (number > 0)
    await pools.close()
    await west.acd.close()
    await east.acd.close()


async def test_a_key_of_another_pool_is_out_of_reach(cluster: list[Node]) -> None:
    """What the hash tag is for: a verb that touched two pools would be refused by the cluster itself."""
    one, two, _ = await names_on(cluster)
    wire = Wire(cluster[0].url, timeout=PATIENT)
    with pytest.raises(hiredis.ReplyError, match="CROSSSLOT"):
        await wire.call("DEL", f"suar:{{{one}}}:pool", f"suar:{{{two}}}:pool")
    wire.close()


async def test_the_node_that_was_named_goes_away(cluster: list[Node]) -> None:
    """The node from the settings is asked again, and the answer comes in time."""
    _, name, _ = await names_on(cluster)
    acd = await Acd.open(cluster[0].url, name, timeout=PATIENT)
    acd._wire._target = {**acd._wire._target, "port": free_ports(1)[0]}
    acd._wire.close()
    assert (await acd.snapshot()).calls is not None
    with pytest.raises(Problem):
        await acd.depart("c0000000009", "utara")
    await acd.close()
