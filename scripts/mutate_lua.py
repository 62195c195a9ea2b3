"""Is every fault in the Lua of the store noticed by a test? Puts in small ones, one at a time, and asks the tests.

usage: scripts/mutate_lua.py [--sample N] [--seed N] [--jobs N] [--seconds N] [--quick] [--only TEXT] [--unlisted]

Each mutant meets the scenarios in process (scripts/battery.py), then a busy hour against the model, then the rest of
tests/router under pytest. Exit code 1 when one survives that docs/router/mutation.md does not list with a reason.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import hiredis  # noqa: E402

from router.store import library  # noqa: E402
from router.store.wire import Wire  # noqa: E402
from scripts.battery import Battery  # noqa: E402
from scripts.lua_mutants import Mutant, of_folder  # noqa: E402
from simulation.torture.run import Store  # noqa: E402
from simulation.torture.substitute import use, versioned  # noqa: E402
from tests.router import machine_overflow, test_talk_walk  # noqa: E402
from tests.router.test_pools_machine import walk_of_moves  # noqa: E402
from tests.router.test_stateful import BUSY, walk  # noqa: E402

LISTED = ROOT / "docs" / "router" / "mutation.md"
STEPS = 220
SEEDS = (2019, 804)
PYTEST_S = 900
# Slow, or about something else than what the functions decide.
LEFT_OUT = (
    "test_torture", "test_torture_checker", "test_audit", "test_cluster", "test_mutation", "test_stateful",
    "test_durability", "test_wire",
)  # fmt: skip


class Bench:
    """One process's store and battery."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="suar-", ignore_cleanup_errors=True)
        self.text = library.source()
        self.store = Store(Path(self.folder.name))
        asyncio.run(self.store.start())
        self.battery = Battery(self.store.url)
        asyncio.run(self.battery.baseline())

    async def _load(self, text: str) -> bool:
        wire = Wire(self.store.url, timeout=20)
        try:
            await wire.call("FLUSHALL")
            await wire.call("FUNCTION", "LOAD", "REPLACE", text)
        except hiredis.ReplyError as error:
            if not str(error).startswith("ERR "):  # it is not this text that the store minds
                raise
            return False
        finally:
            wire.close()
        return True

    def judge(self, mutant: Mutant, *, quick: bool) -> str:
        """Who noticed: a scenario, `busy hour`, a test; "" nobody; "invalid" when it is no library."""
        original = (library.FOLDER / mutant.file).read_text(encoding="utf-8")
        text, _ = versioned(self.text.replace(original, mutant.apply(original)))
        if not asyncio.run(self._load(text)):
            return "invalid"
        use(text)
        found = self._in_process() and self._in_process()  # a machine that is busy is no fault, and seldom busy twice
        return found or ("" if quick else self._pytest(text))

    def _in_process(self) -> str:
        found = asyncio.run(self.battery.kills()) or self._walks()
        if "Timeout" in found or "Unavailable" in found:  # it may still be running there
            self.store.kill()
            asyncio.run(self.store.start())
        return found

    def _walks(self) -> str:
        os.environ["SUAR_STEPS"] = str(STEPS)
        try:
            for seed in SEEDS:
                walk(self.store.url, seed, BUSY)
            walk(self.store.url, 1997, BUSY | machine_overflow.NIGHT, csos=1, special=machine_overflow.at_night)
            walk(self.store.url, 123, test_talk_walk.WEIGHTS)
            walk_of_moves(self.store.url, 804, houses=4)
        except Exception as error:  # whatever a broken library leads to
            return f"busy hour ({type(error).__name__})"
        return ""

    def _pytest(self, text: str) -> str:
        path = Path(self.folder.name) / "mutant.lua"
        path.write_text(text, encoding="utf-8")
        ignored = [f"--ignore=tests/router/{name}.py" for name in (*LEFT_OUT, *self.battery.whole_files())]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "scripts.mutant_plugin", "-p", "no:cacheprovider",
                   "-n", "0", "-k", "not postgresql", "tests/router", *ignored]  # fmt: skip
        environ = {**os.environ, "SUAR_MUTANT": str(path)}
        environ.pop("SUAR_STEPS", None)
        try:
            ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PYTEST_S,
                                 check=False)  # fmt: skip
        except subprocess.TimeoutExpired:
            return ""  # nothing has failed
        failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return f"pytest {failed[0][:120]}" if ran.returncode == 1 and failed else ""


_bench: Bench | None = None


def _begin() -> None:
    global _bench  # noqa: PLW0603 - one per process of the pool
    _bench = Bench()


def _judge(job: tuple[Mutant, bool, float]) -> tuple[Mutant, str, float]:
    mutant, quick, until = job
    started = time.time()
    if _bench is None or (until and started > until):
        return mutant, "invalid", 0.0
    return mutant, _bench.judge(mutant, quick=quick), time.time() - started


def listed(page: Path = LISTED) -> set[str]:
    """The survivors that have a reason."""
    if not page.exists():
        return set()
    lines = page.read_text(encoding="utf-8").splitlines()
    return {line.removeprefix("- ").partition(" — ")[0] for line in lines if line.startswith("- ") and " — " in line}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=0, help="so many at random; 0 = all")
    parser.add_argument("--seed", type=int, default=2019)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0, help="no new mutant after so long; 0 = no limit")
    parser.add_argument("--quick", action="store_true", help="without pytest for those that survive the rest")
    parser.add_argument("--unlisted", action="store_true", help="only those that mutation.md gives no reason for")
    parser.add_argument("--only", default="", help="those whose name contains this")
    parser.add_argument(
        "--names", type=Path, help="those on the lines `- NAME — …` of this file (mutation.md, a former run)"
    )
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> list[Mutant]:
    """Which mutants."""
    names = listed(given.names) if given.names else None
    without = listed() if given.unlisted else set()
    found = [
        one
        for one in of_folder(library.FOLDER)
        if given.only in one.name and one.name not in without and (names is None or one.name in names)
    ]
    # By the names' hashes: who changes a line draws no other mutants than that line's.
    found.sort(key=lambda one: hashlib.sha256(f"{given.seed} {one.name}".encode()).digest())
    return found[: given.sample] if given.sample else found


def main() -> int:
    """All of it."""
    given = _arguments()
    todo, known, started = chosen(given), listed(), time.monotonic()
    counts: dict[str, Any] = {"mutants": 0, "killed": 0, "listed": 0, "invalid": 0}
    alive: list[str] = []
    until = time.time() + given.seconds if given.seconds else 0.0
    jobs = [(one, given.quick, until) for one in todo]
    with multiprocessing.get_context("spawn").Pool(given.jobs, initializer=_begin) as pool:
        for mutant, verdict, seconds in pool.imap_unordered(_judge, jobs):
            if verdict == "invalid":
                counts["invalid"] += 1
                continue
            counts["mutants"] += 1
            counts["killed"] += bool(verdict)
            if not verdict and mutant.name in known:
                counts["listed"] += 1
            elif not verdict:
                alive.append(mutant.name)
            print(
                f"{'killed' if verdict else 'ALIVE '} {seconds:5.1f} s {mutant.line:4} {mutant.name}  {verdict}",
                flush=True,
            )
    print(*(f"- {name} — " for name in sorted(alive)), sep="\n")
    counts["survived"] = len(alive)
    counts["rate"] = round(counts["killed"] / max(1, counts["mutants"]), 4)
    counts["seconds"] = round(time.monotonic() - started, 1)
    print(json.dumps(counts))
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
