"""Many workers on one pool: nobody gets two calls, no call goes to two people, everything is told once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from config.errors import Problem
from router.agents import CsoState
from router.events import Entry, Event
from router.store.acd import Acd
from tests.fixtures.router import PARTNERS, RULES
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]

CALLS, CSOS, WORKERS = 300, 12, 8


async def worker(acd: Acd, seed: int) -> None:
    """Everything a dispatcher, a connector, a caller and a careless second connector might do, at once."""
    dice = random.Random(seed)  # noqa: S311
    for serial in range(CALLS // WORKERS):
        call = f"c{seed:04}{serial:06}"
        await acd.admit(
            call, carrier="asterisk", channel=call, ani="", trunk="t", region="31", dialled="123", menu="", cmd=call
        )
        await acd.enqueue(call, queue=dice.choice(["gangguan", "keluhan"]), emergency=dice.random() < 0.05, cmd=call)
        for _ in range(2):
            offer = await acd.offer_next()
            if offer:
                await finish(acd, dice, offer.call, offer.token)
        if dice.random() < 0.2:
            await acd.ended(call, by="caller")
        await acd.sweep()


async def finish(acd: Acd, dice: random.Random, call: str, token: str) -> None:
    """Answer or give back, told by two witnesses at once; then hang up."""

    async def witness(answered: bool) -> None:
        await (acd.answered(call, token) if answered else acd.returned(call, token, reason="failed"))

    answered = dice.random() < 0.7
    results = await asyncio.gather(witness(answered), witness(answered), return_exceptions=True)
    assert all(not isinstance(one, Exception) or isinstance(one, Problem) for one in results)
    if dice.random() < 0.9:
        await asyncio.gather(acd.ended(call, by="caller"), acd.ended(call, by="list"))


def check(entries: list[Entry]) -> Counter[str]:
    """The invariants, from the journal alone."""
    holder: dict[str, str] = {}  # CSO → call offered or talking
    place: dict[str, str] = {}  # call → CSO
    ended: set[str] = set()
    for entry in entries:
        if entry.event is Event.CALL_OFFERED:
            assert entry.cso not in holder, "a CSO holds at most one offer or call"
            assert entry.call not in place, "a call is with at most one CSO"
            holder[entry.cso], place[entry.call] = entry.call, entry.cso
        if entry.event in (Event.CALL_RETURNED, Event.CALL_ENDED) and entry.call in place:
            del holder[place.pop(entry.call)]
        if entry.event is Event.CALL_ANSWERED:
            assert place[entry.call] == entry.cso
        if entry.event is Event.CALL_ENDED:
            assert entry.call not in ended, "an end is told once"
            ended.add(entry.call)
    return Counter(entry.event.value for entry in entries)


async def test_many_workers(store: StoreUnderTest) -> None:
    acds = [await Acd.open(store.url, store.pool, timeout=PATIENT) for _ in range(WORKERS)]
    await acds[0].configure(queues=[*RULES[1:], RULES[0]], partners=PARTNERS, lines=1000, emergency_lines=1)
    for n in range(CSOS):
        await acds[0].log_in(f"cso{n}", queues=["gangguan", "keluhan"], endpoint="x", carrier="asterisk")
        await acds[0].ask_state(f"cso{n}", CsoState.READY)
    ready = asyncio.create_task(keep_ready(acds[0]))
    await asyncio.gather(*(worker(acd, seed) for seed, acd in enumerate(acds)))
    ready.cancel()
    counts = check(await acds[0].journal("0-0", count=100_000))
    assert counts["call.arrived"] == CALLS // WORKERS * WORKERS
    assert counts["call.answered"] > 50
    await asyncio.gather(*(acd.close() for acd in acds))


async def keep_ready(acd: Acd) -> None:
    """CSOs who do not rest after a call."""
    while True:
        for n in range(CSOS):
            try:
                await acd.ask_state(f"cso{n}", CsoState.READY)
            except Problem:
                continue
