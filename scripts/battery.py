"""The router's scenarios in one process, without pytest: hundreds in two seconds, to be run against each mutant."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from config.clock import VirtualClock
from router.store.acd import Acd
from router.store.audit import audit
from tests.fixtures.clock import START
from tests.fixtures.router import Pool, TwoPools, between
from tests.fixtures.servers import StoreUnderTest

ROUTER = Path(__file__).parent.parent / "tests" / "router"
# Without the router, with processes or servers of their own, or about something else than the Lua.
LEFT_OUT = (
    "test_audit", "test_cluster", "test_concurrency", "test_durability", "test_mutation", "test_torture",
    "test_torture_checker", "test_wire", "test_library_builds",
)  # fmt: skip
TIMEOUT_S = 8.0  # a mutant may never end; the machine may be busy


@dataclass
class Scenario:
    """One test with one set of its parameters."""

    name: str
    run: Callable[..., Awaitable[None]]
    needs: str  # the fixture
    given: dict[str, Any]
    seconds: float = 0.0
    clean: bool = True  # its pools are in order afterwards


def _parameters(function: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    tables = []
    for mark in marks:
        names = [name.strip() for name in mark.args[0].split(",")] if isinstance(mark.args[0], str) else mark.args[0]
        rows = [row.values if hasattr(row, "marks") else row if len(names) > 1 else (row,) for row in mark.args[1]]
        tables.append([dict(zip(names, row, strict=True)) for row in rows])
    for combination in itertools.product(*tables):
        yield {name: value for row in combination for name, value in row.items()}


def scenarios() -> list[Scenario]:
    """Every test of the router that needs a pool, two pools or a store, and nothing else."""
    found = []
    for path in sorted(ROUTER.glob("test_*.py")):
        if path.stem in LEFT_OUT:
            continue
        module = import_module(f"tests.router.{path.stem}")
        for name, function in vars(module).items():
            if not name.startswith("test_") or not inspect.iscoroutinefunction(function):
                continue
            for given in _parameters(function):
                needs = set(inspect.signature(function).parameters) - set(given)
                if needs in ({"pool"}, {"two"}, {"store"}, {"real"}):
                    label = f"{path.stem}::{name}" + (f"[{', '.join(map(str, given.values()))}]" if given else "")
                    found.append(Scenario(label, function, needs.pop(), given))
    return found


@dataclass
class Battery:
    """The scenarios, those that found something lately first."""

    url: str
    scenarios: list[Scenario] = field(default_factory=scenarios)
    serial: int = 0

    def whole_files(self) -> list[str]:
        """The files of which every test is among the scenarios."""
        have: dict[str, set[str]] = {}
        for scenario in self.scenarios:
            file, _, test = scenario.name.partition("[")[0].partition("::")
            have.setdefault(file, set()).add(test)
        return [
            file
            for file, tests in have.items()
            if tests == {name for name in vars(import_module(f"tests.router.{file}")) if name.startswith("test_")}
        ]

    async def _once(self, scenario: Scenario) -> None:
        self.serial += 1
        names, clock, open_acds = [f"m{self.serial}", f"m{self.serial}-e"], VirtualClock(START), []
        try:
            if scenario.needs == "store":
                await scenario.run(store=StoreUnderTest(self.url, names[0]), **scenario.given)
                return
            pools = []
            for name in names[: 2 if scenario.needs == "two" else 1]:
                own = None if scenario.needs == "real" else clock  # the store's own
                open_acds.append(await Acd.open(self.url, name, clock=own, timeout=TIMEOUT_S))
                pools.append(Pool(open_acds[-1], clock))
            if scenario.needs == "two":
                await pools[0].configure(queues=between(names[1]))
                await pools[1].configure(queues=between(names[0]))
                await scenario.run(two=TwoPools(*pools), **scenario.given)
            else:
                await pools[0].configure()
                await scenario.run(**{scenario.needs: pools[0]}, **scenario.given)
            for pool in pools:
                wrong = await audit(self.url, pool.acd.pool) if scenario.clean else []
                if wrong:
                    raise AssertionError(wrong[0])
        finally:
            for acd in open_acds:
                await acd.close()

    async def passes(self, scenario: Scenario) -> str:
        """Nothing, or why it fails."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._once(scenario)
        except BaseException as error:  # whatever a broken library leads to
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            return type(error).__name__ or "fails"
        return ""

    async def baseline(self) -> None:
        """With the library as it is: what does not pass is left out, the quick ones come first."""
        kept = []
        for scenario in self.scenarios:
            started = time.monotonic()
            if await self.passes(scenario):
                scenario.clean = False
                started = time.monotonic()
                if why := await self.passes(scenario):
                    sys.stderr.write(f"left out: {scenario.name} ({why})\n")
                    continue
            scenario.seconds = time.monotonic() - started
            kept.append(scenario)
        self.scenarios = sorted(kept, key=lambda one: one.seconds)

    async def kills(self) -> str:
        """The scenario that fails, with the reason; nothing when all pass."""
        for place, scenario in enumerate(self.scenarios):
            if why := await self.passes(scenario):
                self.scenarios.insert(0, self.scenarios.pop(place))
                return f"{scenario.name} ({why})"
        return ""


__all__ = ["Battery", "Scenario"]
