"""Pools full of waiting callers and free CSOs, and the repeatable decision over them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from router.agents import CsoState
from router.store import library
from router.store.acd import Acd
from router.store.types import Offer, PartnerRules, QueueRules
from simulation.bench.ground import Gauge

T = TypeVar("T")
TOGETHER = 64  # requests in flight
QUEUES = ("gangguan", "keluhan", "permintaan", "darurat")


class BenchAcd(Acd):
    """The product's client with the verbs of cycle.lua, asked for and answered exactly as `offer_next` is."""

    async def cycle(self) -> Offer | None:
        """Claim the best pair and give it back."""
        reply = await self._do("bench_cycle", secrets.token_hex(8))
        if not reply:
            return None
        name, cso, token, queue, deadline, carrier, channel, endpoint = reply
        return Offer(name, cso, token, queue, int(deadline), carrier, channel, endpoint)

    async def scan(self) -> list[str]:
        """The best pair by looking at everybody."""
        found: list[str] = await self._do("bench_scan")
        return found

    async def nothing(self) -> None:
        """What a function costs that does nothing."""
        await self._do("bench_nothing")

    @property
    def journal_key(self) -> str:
        """The stream that a bench empties between two arms, which grows without end in none of them."""
        return self._root + ":journal"

    def words(self, verb: str, *args: str) -> list[str]:
        """The same command for the command line of the benchmark program; the store's own clock."""
        return ["FCALL", library.PREFIX + verb, "1", self._root, "", *args]


async def load(gauge: Gauge) -> None:
    """The product's library with the bench's verbs behind it; it answers the same version, so clients accept it."""
    added = (Path(__file__).parent / "cycle.lua").read_text(encoding="utf-8")
    await gauge.ask("FUNCTION", "LOAD", "REPLACE", library.source() + "\n" + added)


async def open_pool(
    url: str,
    pool: str,
    *,
    queues: Sequence[str] = QUEUES,
    patience: float = 60.0,
    durable: bool = False,
    wrap_up_ms: int = 30_000,
) -> BenchAcd:
    """A configured, empty pool without a limit of lines. `patience`: seconds for one reply."""
    acd = await BenchAcd.open(url, pool, timeout=patience, durable=durable)
    partner = PartnerRules("mitra", cap=50, addresses={"asterisk": "sip:mitra@mitra.example"})
    rules = [
        QueueRules(name, offer_ms=15_000, wrap_up_ms=wrap_up_ms, max_wait_ms=86_400_000, partners=("mitra",))
        for name in queues
    ]
    await acd.configure(queues=rules, partners=[partner], lines=1_000_000, emergency_lines=8)
    return acd


async def fill(
    acd: BenchAcd, *, waiting: int, csos: int, queues: Sequence[str] = QUEUES, lane_last: bool = False
) -> None:
    """So many callers in line, spread over the queues, and so many ready CSOs who serve all of them.

    `lane_last`: every CSO serves the last queue alone, whose callers came last: all other heads are looked at in vain.
    """
    served = queues[-1:] if lane_last else queues

    async def wait(number: int) -> None:
        await acd.adopt(
            f"c{number:06d}", carrier="asterisk", channel=f"PJSIP/trunk-{number:08x}", ani="", trunk="jakarta",
            region="31", queue=queues[number * len(queues) // waiting], arrived=1_700_000_000_000 + number,
            priority=0, emergency=False,
        )  # fmt: skip

    async def work(number: int) -> None:
        await acd.log_in(f"cso{number}", queues=served, endpoint=f"cso{number}", carrier="asterisk")
        await acd.ask_state(f"cso{number}", CsoState.READY)

    await several(partial(wait, number) for number in range(waiting))
    await several(partial(work, number) for number in range(csos))


async def several(jobs: Iterable[Callable[[], Awaitable[T]]], *, together: int = TOGETHER) -> list[T]:
    """All of them, so many at a time."""
    waiting, answers = iter(jobs), []

    async def worker() -> None:
        for job in waiting:
            answers.append(await job())

    await asyncio.gather(*(worker() for _ in range(together)))
    return answers
