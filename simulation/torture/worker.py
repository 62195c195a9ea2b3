"""One process of the run: some actors, who share a connection and what they know of the world."""

from __future__ import annotations

import asyncio
import signal
import traceback
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import simulation.torture
from config.errors import Refused
from router.store.acd import Acd
from router.store.wire import StoreUnavailable
from simulation.torture.actors import Actor, play
from simulation.torture.bound import end_with_parent
from simulation.torture.house import POOLS
from simulation.torture.shared import Shared
from simulation.torture.substitute import substitute
from simulation.torture.world import World

FOLLOW_S = 0.02
TIMEOUT_S = 5.0

# Six processes: the pool each works in, and its actors, who die together.
PARTS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (0, ("callers", "callers", "callers")),
    (0, ("callers", "callers", "talkers", "connectors")),
    (0, ("dispatchers", "dispatchers", "talkers", "connectors", "movers")),
    (0, ("dispatchers", "connectors", "supervisors")),
    (0, ("desks", "desks", "talkers", "movers")),
    (1, ("desks", "dispatchers", "connectors", "talkers", "callers", "supervisors", "movers")),
)


def load_verbs() -> None:
    """Every module verbs_*.py puts its verbs into the list."""
    for module in sorted(found.name for found in iter_modules(simulation.torture.__path__)):
        if module.startswith("verbs_"):
            import_module(f"simulation.torture.{module}")


async def _follow(world: World, acd: Acd, shared: Shared) -> None:
    while not shared.stopping:
        try:
            await world.follow(acd)
        except (StoreUnavailable, Refused):  # the store is away; the clock was turned while the command was held back
            continue
        await asyncio.sleep(FOLLOW_S)


async def _work(folder: Path, number: int, life: int, seed: str) -> None:
    shared, world = Shared(folder / "shared"), World()
    pool, parts = PARTS[number]
    acd = Acd(f"unix://{folder / 'p.sock'}", POOLS[pool], clock=shared, timeout=TIMEOUT_S)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_follow(world, acd, shared))
            for place, part in enumerate(parts):
                actor = Actor(
                    acd, world, shared, f"{life}x{number}{place}", f"{seed}.{life}.{number}.{place}", folder / "faults"
                )
                group.create_task(play(actor, part))
    finally:
        await acd.close()


def main(folder: str, number: int, life: int, seed: str, text: str) -> None:
    """The process, in its n-th life; ends when the run stops."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    substitute(text)
    load_verbs()
    try:
        asyncio.run(_work(Path(folder), number, life, seed))
    except BaseExceptionGroup as group:
        with (Path(folder) / "faults").open("a", encoding="utf-8") as file:
            file.write(f"worker {number} failed: {traceback.format_exception(group)[-8:]!r}\n")
        raise SystemExit(1) from None
