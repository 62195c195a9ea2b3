"""`make torture SEED=n EVENTS=n`: see docs/router/proof.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from simulation.torture.replay import replay
from simulation.torture.run import Options, Run, quiet, summary
from simulation.torture.substitute import substitute

SHOWN = 20


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation.torture")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--keep", type=Path, help="where the trace is kept (always, not only of a failing run)")
    parser.add_argument("--replay", type=Path, metavar="TRACE", help="feed a recorded run to a fresh store")
    parser.add_argument("--library", default="", metavar="FILE", help="another text of the store's library")
    return parser.parse_args()


def _tell(found: list[str]) -> None:
    for sentence in found[:SHOWN]:
        sys.stdout.write(f"violation: {sentence}\n")
    if len(found) > SHOWN:
        sys.stdout.write(f"… and {len(found) - SHOWN} more\n")


def torture(seed: int, events: int, keep: Path | None, library: str) -> int:
    """One run; the exit code."""
    quiet()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="suar-", ignore_cleanup_errors=True) as name:
        run = Run(Options(seed, events, Path(name), library))
        asyncio.run(run.go())
        _tell(run.violations)
        told = sum((heard.checker.told for heard in run.heard.values()), Counter())
        sys.stdout.write("told: " + ", ".join(f"{name} {count}" for name, count in sorted(told.items())) + "\n")
        if run.violations or keep:
            folder = keep or Path(tempfile.gettempdir())
            folder.mkdir(parents=True, exist_ok=True)
            trace = folder / f"torture-{seed}.jsonl.gz"
            shutil.copyfile(Path(name) / "trace.jsonl.gz", trace)
            sys.stdout.write(f"replay: python -m simulation.torture --replay {trace}\n")
        sys.stdout.write(json.dumps(summary(run, time.monotonic() - started)) + "\n")
        return 1 if run.violations else 0


def main() -> int:
    """A run, or the replay of one."""
    given = _arguments()
    if given.replay is None:
        return torture(given.seed, given.events, given.keep, given.library)
    substitute(given.library)
    found, said = asyncio.run(replay(given.replay))
    _tell(found)
    sys.stdout.write(json.dumps(said) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
