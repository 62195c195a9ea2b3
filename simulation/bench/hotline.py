"""app_queue and Suar's line on one Asterisk, with the same telephones of a hundred CSOs."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from router.agents import CsoState
from router.store.acd import Acd
from simulation.bench.exchange import DIALLED, Exchange, edit, end, exchange, free_ports, sipp, start, until
from simulation.bench.observer import ARRIVES, Manager

CSOS = 105
QUEUE = "gangguan"
PEER = "121"  # dialled: app_queue
SUAR = "122"  # dialled: the product, as its trunk's own number
TALK_MS = 1000
PEER_QUEUE = f"""
[general]
persistentmembers=no

[{QUEUE}]
strategy=leastrecent
timeout=15
retry=1
wrapuptime=0
ringinuse=no
autofill=yes
joinempty=yes
leavewhenempty=no
announce-frequency=0
"""
EVENTS = (
    "eventfilter(name(Newstate)) =",
    "eventfilter(name(QueueCallerJoin)) =",
    "eventfilter(name(UserEvent),header(UserEvent),method(exact)) = BenchArrives",
    "eventfilter(name(Newexten),header(Context),method(exact)) = wait",
)


@dataclass
class Hotline:
    """Both queues, ready."""

    at: Exchange
    acd: Acd
    called: int = 0  # callers so far: each has a number of its own

    @property
    def manager(self) -> Manager:
        """Who sees both."""
        return self.at.manager

    async def calls(self, dialled: str, *, rate: float, count: int) -> None:
        """So many callers at that rate; comes back when every call is over and everybody is free again."""
        self.called += 1
        (port,) = free_ports(1, socket.SOCK_DGRAM)
        longest = count / rate + 90
        await sipp(
            "caller", self.at.server, self.at.folder, "-s", dialled, "-p", str(port), "-r", str(rate),
            "-m", str(count), "-l", str(count), "-key", "prefix", f"0811{self.called:03}",
            "-timeout", str(int(longest)), seconds=longest + 10,
        )  # fmt: skip
        await self.free()

    async def free(self) -> None:
        """Every call is over and everybody is free again."""
        await until(self._quiet, 60, "the calls of the bench did not end")

    async def _quiet(self) -> bool:
        if not await self.at.quiet():
            return False
        csos = (await self.acd.snapshot()).csos
        for cso in csos:
            if cso.state is CsoState.NOT_ANSWERING:  # the bench hung up while the telephone rang: as at a desk
                await self.acd.ask_state(cso.id, CsoState.READY)
        return all(cso.state is CsoState.READY for cso in csos)

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time so far, by the names of the product's processes, `store` and `asterisk`."""
        return self.at.cpu()

    async def heartbeats(self) -> None:
        """As the desks of all CSOs give them."""
        while True:
            await asyncio.gather(*(self.acd.heartbeat(f"cso{number}") for number in range(1, CSOS + 1)))
            await asyncio.sleep(5)


@contextlib.asynccontextmanager
async def hotline(root: Path, *, talk_ms: int = TALK_MS) -> AsyncIterator[Hotline]:
    """`suar up` with the Asterisk in `root` and both queues, until the block ends."""
    passwords = {f"cso{number}": secrets.token_hex(8) for number in range(1, CSOS + 1)}
    async with contextlib.AsyncExitStack() as stack:
        made = exchange(root, rules, telephones=passwords, events=EVENTS, peer=_queue)
        at = await stack.enter_async_context(made)
        await _numbers(at)
        stack.push_async_callback(end, await _telephones(at, passwords, talk_ms))
        acd = await stack.enter_async_context(at.store())
        line = Hotline(at, acd)
        await _to_work(line)
        beating = asyncio.create_task(line.heartbeats())
        stack.callback(beating.cancel)
        yield line


def rules(folder: Path) -> None:
    """The operator's files as installed, but: straight into line, free at once after a call, no ladder, no partner."""
    officer = {"kind": "queue", "queue": QUEUE, "say": ["queue.officer"]}
    edit(folder, "queues.yaml", lambda content: _bare(content["queues"][QUEUE]))
    alone = {"start": "petugas", "nodes": {"petugas": officer}, "levels": {}, "hours": {}, "own_numbers": {}}
    edit(folder, "menu.yaml", lambda it: it.update(alone))
    edit(folder, "surge.yaml", lambda content: content.update(raise_after=86400))


def _bare(queue: dict[str, object]) -> None:
    queue |= {"wrap_up": 0, "max_wait": 0}
    queue.pop("overflow")


def _queue(etc: Path) -> tuple[str, ...]:
    (etc / "queues.conf").write_text(PEER_QUEUE, encoding="utf-8")
    return ("app_queue.so",)


async def _numbers(at: Exchange) -> None:
    # No Answer() first: it would wait half a second for sound, which SIPp does not send (the product's Answer() comes
    # when the caller is in line, and the offer cuts it short).
    await at.number(PEER, f"UserEvent({ARRIVES})", f"Queue({QUEUE})", "Hangup()")
    await at.number(SUAR, f"UserEvent({ARRIVES})", f"Goto(from-trunk,{DIALLED},1)")
    for number in range(1, CSOS + 1):
        await at.manager.ask(Action="QueueAdd", Queue=QUEUE, Interface=f"PJSIP/cso{number}")


async def _telephones(at: Exchange, passwords: dict[str, str], talk_ms: int) -> asyncio.subprocess.Process:
    (port,) = free_ports(1, socket.SOCK_DGRAM)
    rows = [f"{name};[authentication username={name} password={one}]" for name, one in passwords.items()]
    (at.folder / "csos.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]), encoding="utf-8")
    await sipp(
        "register", at.server, at.folder, "-p", str(port), "-inf", str(at.folder / "csos.csv"), "-r", "200",
        "-m", str(len(rows)), "-aa", seconds=30,
    )  # fmt: skip
    return await start("cso", at.server, at.folder, "-p", str(port), "-d", str(talk_ms), "-aa")


async def _to_work(line: Hotline) -> None:
    for number in range(1, CSOS + 1):
        await line.acd.log_in(f"cso{number}", queues=(QUEUE,), endpoint=f"cso{number}", carrier="asterisk")
        await line.acd.ask_state(f"cso{number}", CsoState.READY)

    async def reachable() -> bool:
        csos = (await line.acd.snapshot()).csos
        return len(csos) == CSOS and all(cso.telephone and cso.state is CsoState.READY for cso in csos)

    await until(reachable, 60, "not every telephone is reachable")
