"""Two pools, several movers in both directions that stop after any command or die there, callers who hang up meanwhile,
CSOs who take calls: after every step a call is in one pool, once, with its score.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import random
import uuid
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config.clock import VirtualClock
from config.errors import Problem
from router.calls import CallState
from router.handover import Handover
from router.pools import Pools
from router.store.acd import Acd
from router.store.audit import load, violations
from router.store.types import Call
from router.store.wire import Wire
from tests.fixtures.clock import START
from tests.fixtures.router import Pool, between
from tests.fixtures.wait import PATIENT

pytestmark = pytest.mark.store

SIDES = st.sampled_from(["west", "east"])
NUMBERS = st.integers(0, 4)
WITH_A_CSO = (CallState.OFFERED, CallState.TALKING)


Source = st.DataObject | random.Random
T = TypeVar("T")


def pick(source: Source, among: Sequence[T]) -> T:
    """One of several: Hypothesis decides, or a die."""
    return source.choice(among) if isinstance(source, random.Random) else source.draw(st.sampled_from(among))


class Mover:
    """A process that moves one call, and stops before each of its commands."""

    def __init__(self, acds: dict[str, Acd], side: str, call: str) -> None:
        self._at, self._go = asyncio.Event(), asyncio.Semaphore(0)
        own = {name: self._gated(acd) for name, acd in acds.items()}
        home, other = (own["west"], own["east"]) if side == "west" else (own["east"], own["west"])
        pools = Pools(home, [other.pool])
        pools._open[other.pool] = other
        handover = Handover(pools, between(other.pool))
        work: Awaitable[Any] = handover.move(call, other.pool) if call else handover.resume()
        self.task = asyncio.get_running_loop().create_task(self._run(work))

    def _gated(self, acd: Acd) -> Acd:
        own = copy.copy(acd)

        async def ask(verb: str, *args: Any) -> Any:
            self._at.set()
            await self._go.acquire()
            return await acd._do(verb, *args)

        own._do = ask  # type: ignore[method-assign]
        return own

    async def _run(self, work: Awaitable[Any]) -> None:
        with contextlib.suppress(Problem):
            await work

    async def advance(self) -> None:
        """One more command, up to the next one."""
        self._at.clear()
        self._go.release()
        waiting = asyncio.ensure_future(self._at.wait())
        await asyncio.wait({self.task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def die(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


class Moves(RuleBasedStateMachine):
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = VirtualClock(START)
        self.pool: dict[str, Pool] = {}
        self.movers: list[Mover] = []
        self.offers: list[tuple[str, str, str]] = []
        self.scores: dict[str, float] = {}
        self.over: set[str] = set()
        self.serial = self.newest = 0
        self.run(self._open())

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def _open(self) -> None:
        name = f"t{uuid.uuid4().hex[:12]}"
        self.wire = Wire(self.url, timeout=PATIENT)
        for side, other in (("west", "east"), ("east", "west")):
            acd = await Acd.open(self.url, f"{name}-{side}", clock=self.clock, timeout=PATIENT)
            self.pool[side] = Pool(acd, self.clock)
            await self.pool[side].configure(queues=between(f"{name}-{other}"), lines=6)

    def acds(self) -> dict[str, Acd]:
        return {side: pool.acd for side, pool in self.pool.items()}

    @initialize()
    def begin(self) -> None:
        for side in self.pool:
            self.run(self.pool[side].ready("cso1"))
            self.arrive(side, 0 if side == "west" else 1)

    @rule(side=SIDES, number=NUMBERS)
    def arrive(self, side: str, number: int) -> None:
        call = f"c00000000{number:02}"
        self.newest = max(self.newest, number)
        if call in self.scores:
            return

        async def come() -> None:
            if (await self.pool[side].arrives(call)).admitted:
                await self.pool[side].enqueue(call)
                self.scores[call] = (await self.pool[side].call(call)).score
                self.clock.advance(ms=1)

        self.run(come())

    @rule(side=SIDES, number=NUMBERS)
    def move(self, side: str, number: int) -> None:
        self.run(self._start(side, f"c00000000{number:02}"))

    async def _start(self, side: str, call: str) -> None:
        self.movers.append(Mover(self.acds(), side, call))
        await asyncio.sleep(0)

    @rule(side=SIDES)
    def resume(self, side: str) -> None:
        self.run(self._start(side, ""))

    @precondition(lambda self: self.movers)
    @rule(data=st.data(), commands=st.integers(1, 4))
    def advance(self, data: Source, commands: int) -> None:
        mover = pick(data, self.movers)
        for _ in range(commands):
            if not mover.task.done():
                self.run(mover.advance())

    @precondition(lambda self: self.movers)
    @rule(data=st.data())
    def kill(self, data: Source) -> None:
        mover = pick(data, self.movers)
        self.run(mover.die())
        self.movers.remove(mover)

    @rule(side=SIDES)
    def offer(self, side: str) -> None:
        offer = self.run(self.pool[side].acd.offer_next())
        if offer:
            self.offers.append((side, offer.call, offer.token))

    @precondition(lambda self: self.offers)
    @rule(data=st.data(), answered=st.booleans())
    def settle(self, data: Source, answered: bool) -> None:
        side, call, token = pick(data, self.offers[-5:])
        acd = self.pool[side].acd
        with contextlib.suppress(Problem):
            self.run(acd.answered(call, token) if answered else acd.returned(call, token, reason="failed"))

    @rule(number=NUMBERS)
    def hang_up(self, number: int) -> None:
        """The witness asks where the call is; it may be moving on at that moment."""
        call = f"c00000000{number:02}"
        self.run(self._hang_up(call))
        if call in self.scores:
            self.over.add(call)

    async def _hang_up(self, call: str) -> None:
        pools = Pools(self.pool["west"].acd, [self.pool["east"].acd.pool])
        pools._open[self.pool["east"].acd.pool] = self.pool["east"].acd
        acd, known = await pools.find(call)
        if known is not None:
            await acd.ended(call, by="caller")

    @rule(number=NUMBERS)
    def emergency(self, number: int) -> None:
        call = f"c00000000{number:02}"
        self.serial += 1
        for pool in self.pool.values():
            with contextlib.suppress(Problem):
                work = pool.acd.enqueue(call, queue="darurat", emergency=True, cmd=f"{pool.acd.pool}{self.serial}")
                self.run(work)

    @rule(seconds=st.sampled_from([0.5, 3, 4]))
    def later(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    # --- what must hold

    @invariant()
    def each_pool_is_sound(self) -> None:
        for pool in self.pool.values():
            assert violations(self.run(load(self.wire, pool.acd.pool))) == []

    @invariant()
    def a_call_is_in_one_pool(self) -> None:
        for call in self.scores:
            found = {side: self.run(pool.acd.call(call)) for side, pool in self.pool.items()}
            live = {side: known for side, known in found.items() if known and known.state is not CallState.ENDED}
            if call not in self.over:
                assert live, f"{call} is lost"
            if len(live) == 2:
                self._on_the_way(call, live)
            assert sum(known.state in WITH_A_CSO for known in live.values()) <= 1
            for known in live.values():
                assert known.score in (self.scores[call], self.scores[call] - 4e15)

    def _on_the_way(self, call: str, live: dict[str, Call]) -> None:
        """The one that moves keeps its line until it hears that the other has it, under this very token."""
        tokens = {side: known.token for side, known in live.items() if known.state is CallState.MOVING}
        taken = [
            side
            for side, token in tokens.items()
            if self._received("east" if side == "west" else "west", call) == token
        ]
        assert taken, f"{call} is in two pools: { {side: known.state.value for side, known in live.items()} }"

    def _received(self, side: str, call: str) -> str:
        key = f"suar:{{{self.pool[side].acd.pool}}}:call:{call}"
        return str(self.run(self.wire.call("HGET", key, "received_token")))

    def teardown(self) -> None:
        try:
            self.run(self._come_to_rest())
            if self.pool:
                self.a_call_is_in_one_pool()
                self.each_pool_is_sound()
                for call in self.scores:
                    states = [self.run(pool.acd.call(call)) for pool in self.pool.values()]
                    live = [known for known in states if known and known.state is not CallState.ENDED]
                    assert len(live) == (0 if call in self.over else 1), f"{call} is in {len(live)} pools"
        finally:
            self.run(self._close())
            self.loop.close()

    async def _close(self) -> None:
        for pool in self.pool.values():
            await pool.acd.close()
        self.wire.close()
        await asyncio.sleep(0)

    async def _come_to_rest(self) -> None:
        """Every mover dies; new ones finish what they left."""
        for mover in self.movers:
            await mover.die()
        for _ in range(6):
            self.clock.advance(seconds=4)
            for side, other in (("west", "east"), ("east", "west")):
                pools = Pools(self.pool[side].acd, [self.pool[other].acd.pool])
                pools._open[self.pool[other].acd.pool] = self.pool[other].acd
                await Handover(pools, ()).resume()


def test_movers_that_die_anywhere(store_url: str) -> None:
    Moves.url = store_url
    run_state_machine_as_test(
        Moves,
        settings=settings(
            max_examples=int(os.environ.get("SUAR_EXAMPLES", "40")),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )


# How often each comes; movers overlap on few calls, and often die.
WEIGHTS = {
    "arrive": 3, "move": 7, "resume": 5, "advance": 18, "kill": 3, "offer": 1, "settle": 2, "hang_up": 3,
    "emergency": 1, "later": 4,
}  # fmt: skip


def arguments(dice: random.Random, verb: str, newest: int) -> dict[str, Any]:
    """What a step is asked with; the newest calls, so that movers meet."""
    side, number = dice.choice(["west", "east"]), max(0, newest - dice.randint(0, 2))
    given: dict[str, dict[str, Any]] = {
        "arrive": {"side": side, "number": newest + 1},
        "move": {"side": side, "number": number},
        "resume": {"side": side},
        "advance": {"data": dice, "commands": dice.choice([1, 1, 2, 4])},
        "kill": {"data": dice},
        "offer": {"side": side},
        "settle": {"data": dice, "answered": dice.random() < 0.3},
        "hang_up": {"number": number},
        "emergency": {"number": number},
        "later": {"seconds": dice.choice([0.5, 3, 4])},
    }
    return given[verb]


def walk_of_moves(url: str, seed: int, *, houses: int = 12) -> None:
    """So many houses with sixty steps each; every step is followed by a look at everything."""
    Moves.url = url
    dice = random.Random(seed)  # noqa: S311
    for _ in range(houses):
        house = Moves()
        try:
            house.begin()
            for _ in range(60):
                ready = [
                    verb
                    for verb in WEIGHTS
                    if not (verb in ("advance", "kill") and not house.movers)
                    and not (verb == "settle" and not house.offers)
                ]
                verb = dice.choices(ready, [WEIGHTS[name] for name in ready])[0]
                getattr(house, verb)(**arguments(dice, verb, house.newest))
                house.a_call_is_in_one_pool()
                house.each_pool_is_sound()
        finally:
            house.teardown()


@pytest.mark.parametrize("seed", [int(os.environ.get("SUAR_SEED", "2019")), 804, 123])
def test_a_busy_hour_of_moves(store_url: str, seed: int) -> None:
    """Hypothesis seldom gets two movers of one call at odds; a long walk does."""
    walk_of_moves(store_url, seed)
