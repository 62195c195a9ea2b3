"""Those who ask: each is a die of its own that chooses a verb again and again.

The choices of an actor depend on the seed alone, what it says on what it knows of the world at that moment. So the same
seed plays the same parts, but who comes first among the processes is up to the machine: the trace, not the seed, is
what makes a run repeatable.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from config.errors import Problem
from router.pools import Pools
from router.store.acd import Acd
from router.store.wire import StoreUnavailable
from simulation.torture.shared import Shared
from simulation.torture.world import Held, World

T = TypeVar("T")
Ask = Callable[[], Awaitable[Any]]
AGAIN, LATE = 0.12, 0.04  # how often a command is repeated at once, or when it is long over


@dataclass
class Actor:
    """One who asks."""

    acd: Acd
    world: World
    shared: Shared
    name: str
    seed: str
    faults: Path
    serial: int = 0
    dice: random.Random = field(default_factory=random.Random)
    pools: Pools | None = None
    asked: int = 0  # commands
    refused: str = ""  # why the last command was, or ""
    past: deque[tuple[Ask, Any]] = field(default_factory=lambda: deque(maxlen=20))

    def name_of(self, kind: str) -> str:
        """A name that nobody else gives: of a call, or of a command."""
        return f"{kind}{self.name}-{self.serial}"

    def pick(self, among: tuple[T, ...]) -> T:
        """One of several."""
        return among[int(self.dice.random() * len(among))]

    async def ask(self, verb: Ask) -> Any:
        """The answer; None when it is refused. Asked again while the store is away or this clock lags behind."""
        self.asked += 1
        while True:
            self.refused = ""
            try:
                return await verb()
            except StoreUnavailable:
                self.refused = "store-unavailable"
                if self.shared.stopping:
                    return None
            except Problem as problem:
                if problem.slug == "clock-back":
                    await asyncio.sleep(0)
                    continue
                if problem.slug == "store-fault":
                    self.wrong(f"{self.name} was answered by a fault: {problem.title}")
                self.refused = problem.slug
                return None

    async def show(self, held: Held, verb: Callable[[str, str], Awaitable[Any]]) -> Any:
        """A verb with a token, now and then told by two witnesses; one that was never the call's must be refused."""
        answer = await self.ask(lambda: verb(held.call, held.token))
        if held.foreign and not self.refused:
            self.wrong(f"the token of another call was taken for {held.call}")
        if not self.refused and self.dice.random() < AGAIN:
            await self.ask(lambda: verb(held.call, held.token))
        return answer

    async def command(self, verb: Ask) -> Any:
        """A verb with a command id: repeated now and then, at once and late, it must answer the same (R4)."""
        answer = await self.ask(verb)
        if answer is None:
            return None
        if self.dice.random() < AGAIN:
            self._compare(answer, await self.ask(verb))
        if self.past and self.dice.random() < LATE:
            late, told = self.past[int(self.dice.random() * len(self.past))]
            self._compare(told, await self.ask(late))
        self.past.append((verb, answer))
        return answer

    def _compare(self, told: Any, again: Any) -> None:
        if told != again and not self.shared.stopping:
            self.wrong(f"a repeated command was answered {again!r} after {told!r}")

    def wrong(self, sentence: str) -> None:
        """A violation that only the asker can see."""
        with self.faults.open("a", encoding="utf-8") as file:
            file.write(sentence + "\n")


@dataclass(frozen=True)
class Verb:
    """Something an actor does, the methods of Acd it uses, and how often each part does it."""

    act: Callable[[Actor], Awaitable[None]]
    uses: tuple[str, ...]
    weights: dict[str, int]


VERBS: list[Verb] = []


def verb(*uses: str, **weights: int) -> Callable[[Callable[[Actor], Awaitable[None]]], Any]:
    """Puts a function among the verbs: the methods of Acd it uses, and its weight in each part."""

    def note(act: Callable[[Actor], Awaitable[None]]) -> Callable[[Actor], Awaitable[None]]:
        VERBS.append(Verb(act, uses, weights))
        return act

    return note


# Who looks now and then only, and how long everybody waits who found nothing to do. Seconds.
PAUSES = {"movers": 0.03, "supervisors": 0.02}
NOTHING_TO_DO = 0.004


async def play(actor: Actor, part: str) -> None:
    """Until the run stops."""
    verbs = [one for one in VERBS if part in one.weights]
    weights = [one.weights[part] for one in verbs]
    order = random.Random(actor.seed)  # noqa: S311
    while not actor.shared.stopping:
        actor.serial += 1
        (chosen,) = order.choices(verbs, weights)
        actor.dice.seed(f"{actor.seed}.{actor.serial}")
        before = actor.asked
        await chosen.act(actor)
        await asyncio.sleep(PAUSES.get(part, 0 if actor.asked > before else NOTHING_TO_DO))
