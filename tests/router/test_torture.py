"""Many processes, killed at random, lost replies: no invariant is ever broken; and a broken library is found out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from router.store import library
from router.store.acd import Acd
from simulation.torture.actors import VERBS
from simulation.torture.worker import load_verbs

ROOT = Path(__file__).parents[2]


def torture(*given: str, seconds: int = 580) -> tuple[int, list[str], dict[str, Any]]:
    """A run: exit code, what it said, its last line."""
    ran = subprocess.run(
        [sys.executable, "-m", "simulation.torture", *given], cwd=ROOT, capture_output=True, text=True,
        timeout=seconds, check=False,
    )  # fmt: skip
    assert ran.stdout, ran.stderr
    *said, last = ran.stdout.splitlines()
    return ran.returncode, said, json.loads(last)


@pytest.mark.store
@pytest.mark.timeout(600)
def test_fifty_thousand_events_break_nothing() -> None:
    code, said, last = torture("--seed", "20190804", "--events", "50000")
    assert (code, last["violations"]) == (0, 0), "\n".join(said)
    assert last["events"] >= 50_000
    assert last["kills"] >= 20
    assert last["lost_replies"] >= 100
    assert last["seed"] == 20190804


@pytest.mark.store
@pytest.mark.timeout(600)
def test_a_run_can_be_replayed(tmp_path: Path) -> None:
    code, said, _ = torture("--seed", "5", "--events", "4000", "--keep", str(tmp_path))
    assert code == 0, "\n".join(said)
    code, said, last = torture("--replay", str(tmp_path / "torture-5.jsonl.gz"))
    assert (code, said) == (0, [])
    assert last["replayed"] >= 4000


# What is broken, how, and how many events bring it about.
BROKEN = [
    ("tokens are not compared", "if token == call.token and token ~= '' then", "if call.token ~= '' then", 3_000),
    ("an offered call stays in line", "  leave_line(p, call)\n  return reserve", "  return reserve", 3_000),
    ("lines are not counted", "if used >= lines", "if false and used >= lines", 12_000),
    ("commands are not remembered", "return answer or nil", "return nil", 3_000),
]


@pytest.mark.store
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("what", "right", "wrong", "events"), BROKEN, ids=[one[0].replace(" ", "-") for one in BROKEN])
def test_a_broken_library_is_found_out(tmp_path: Path, what: str, right: str, wrong: str, events: int) -> None:
    text = library.source()
    assert right in text, f"the library has no such line any more: {what}"
    (tmp_path / "broken.lua").write_text(text.replace(right, wrong))
    given = ("--seed", "1", "--events", str(events), "--keep", str(tmp_path), "--library", str(tmp_path / "broken.lua"))
    code, said, last = torture(*given)
    assert code == 1
    assert last["violations"] > 0
    assert any(sentence.startswith("violation: ") for sentence in said)
    assert f"--replay {tmp_path / 'torture-1.jsonl.gz'}" in " ".join(said)


@pytest.mark.unit
def test_every_verb_there_is_is_tortured() -> None:
    load_verbs()
    used = {name for verb in VERBS for name in verb.uses} | {"open", "close", "from_settings", "journal", "trim"}
    there_are = {name for name in dir(Acd) if not name.startswith("_") and callable(getattr(Acd, name))}
    assert there_are - used == set(), "each verb has its place in simulation/torture/verbs_*.py"
