"""The router's scenarios in one process, without pytest: hundreds in two seconds, to be run against each mutant."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from config.clock import VirtualClock
from config.database import Database
from router.store.acd import Acd
from router.store.audit import audit
from tests.fixtures.clock import START
from tests.fixtures.router import Pool, TwoPools, an_hour_ahead, between
from tests.fixtures.servers import StoreUnderTest, empty_sqlite
from tests.router.test_rolling_upgrade import the_house_at_the_upgrade

ROUTER = Path(__file__).parent.parent / "tests" / "router"
# Without the router, with processes or servers of their own, or about something else than the Lua.
LEFT_OUT = (
    "test_audit", "test_cluster", "test_concurrency", "test_durability", "test_mutation", "test_torture",
    "test_torture_checker", "test_wire", "test_library_builds",
)  # fmt: skip
TIMEOUT_S = 8.0  # of a command: a mutant may never end
SCENARIO_S = 90.0  # of all its commands: the machine may be busy, and that kills no mutant


@dataclass
class Scenario:
    """One test with one set of its parameters."""

    name: str
    run: Callable[..., Awaitable[None]]
    needs: frozenset[str]  # the fixtures
    given: dict[str, Any]
    seconds: float = 0.0
    clean: bool = True  # its pools are in order afterwards


class Given:
    """The fixtures of one scenario, as tests/fixtures makes them for pytest."""

    def __init__(self, url: str, name: str, stack: AsyncExitStack, template: Callable[[], Path]) -> None:
        self.url, self.name, self.pools = url, name, list[Pool]()
        self._stack, self._template, self._made = stack, template, dict[str, Any]()

    async def of(self, name: str) -> Any:
        """Each is made once."""
        if name not in self._made:
            self._made[name] = await FIXTURES[name](self)
        return self._made[name]

    async def clock(self) -> VirtualClock:
        """It stands until the scenario turns it."""
        return VirtualClock(START)

    async def store(self) -> StoreUnderTest:
        """The store and a name in it."""
        return StoreUnderTest(self.url, self.name)

    async def _open(self, name: str, *, own: bool = True) -> Pool:
        clock = await self.of("clock")
        acd = await Acd.open(self.url, name, clock=clock if own else None, timeout=TIMEOUT_S)
        self._stack.push_async_callback(acd.close)
        self.pools.append(Pool(acd, clock))
        return self.pools[-1]

    async def pool(self) -> Pool:
        """One pool."""
        pool = await self._open(self.name)
        await pool.configure()
        return pool

    async def real(self) -> Pool:
        """One that lives by the store's own clock."""
        pool = await self._open(self.name, own=False)
        await pool.configure()
        return pool

    async def ahead(self) -> Pool:
        """The same while its clock is an hour ahead."""
        return await self._stack.enter_async_context(an_hour_ahead(await self.of("real")))

    async def two(self) -> TwoPools:
        """Two that may send callers to each other."""
        east = f"{self.name}-e"
        pools = [await self._open(name) for name in (self.name, east)]
        await pools[0].configure(queues=between(east))
        await pools[1].configure(queues=between(self.name))
        return TwoPools(*pools)

    async def former(self) -> Pool:
        """One that the former release left."""
        return await the_house_at_the_upgrade(await self.of("pool"))

    async def db(self) -> Database:
        """A migrated SQLite database."""
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="suar-", ignore_cleanup_errors=True))
        path = shutil.copyfile(self._template(), Path(folder) / "suar.db")
        database = Database(f"sqlite:///{path}")
        self._stack.callback(database.dispose)
        return database

    async def monkeypatch(self) -> pytest.MonkeyPatch:
        """Undone at the end."""
        return self._stack.enter_context(pytest.MonkeyPatch.context())


FIXTURES: dict[str, Callable[[Given], Awaitable[Any]]] = {
    "clock": Given.clock, "store": Given.store, "pool": Given.pool, "real": Given.real, "ahead": Given.ahead,
    "two": Given.two, "former": Given.former, "db": Given.db, "sqlite_db": Given.db, "monkeypatch": Given.monkeypatch,
}  # fmt: skip
OF_THE_STORE = {"pool", "two", "store", "real", "former"}


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
    """Every test of the router that needs a pool, two pools or a store, and nothing that is not offered here."""
    found = []
    for path in sorted(ROUTER.glob("test_*.py")):
        if path.stem in LEFT_OUT:
            continue
        module = import_module(f"tests.router.{path.stem}")
        for name, function in vars(module).items():
            if not name.startswith("test_") or not inspect.iscoroutinefunction(function):
                continue
            for given in _parameters(function):
                needs = frozenset(inspect.signature(function).parameters) - set(given)
                if needs <= set(FIXTURES) and needs & OF_THE_STORE:
                    label = f"{path.stem}::{name}" + (f"[{', '.join(map(str, given.values()))}]" if given else "")
                    found.append(Scenario(label, function, needs, given))
    return found


@dataclass
class Battery:
    """The scenarios, those that found something lately first."""

    url: str
    scenarios: list[Scenario] = field(default_factory=scenarios)
    serial: int = 0
    _folder: tempfile.TemporaryDirectory[str] | None = None

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

    def template(self) -> Path:
        """A migrated, empty database."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="suar-", ignore_cleanup_errors=True)
            empty_sqlite(Path(self._folder.name) / "template.db")
        return Path(self._folder.name) / "template.db"

    async def _once(self, scenario: Scenario) -> None:
        self.serial += 1
        async with AsyncExitStack() as stack:
            given = Given(self.url, f"m{self.serial}", stack, self.template)
            made = {name: await given.of(name) for name in sorted(scenario.needs)}
            await scenario.run(**made, **scenario.given)
            for pool in given.pools:
                wrong = await audit(self.url, pool.acd.pool) if scenario.clean else []
                if wrong:
                    raise AssertionError(wrong[0])

    async def passes(self, scenario: Scenario) -> str:
        """Nothing, or why it fails."""
        try:
            async with asyncio.timeout(SCENARIO_S):
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
