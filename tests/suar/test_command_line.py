"""What an operator can get wrong ends in one sentence and an exit code, never in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suar.main import app
from suar.processes import PROCESSES

pytestmark = pytest.mark.unit

REPOSITORY = Path(__file__).parents[2]
VERBS = {"up", *PROCESSES, "migrate", "seed", "replay", "bench", "doctor"}


def suar(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SUAR_", "REDIS_URL"))}
    return subprocess.run(
        [sys.executable, "-m", "suar", *words],
        cwd=REPOSITORY, env={**environ, **settings}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_verbs_tools_rely_on_are_all_there() -> None:
    assert {command.name for command in app.registered_commands} >= VERBS
    groups = {group.name: {c.name for c in group.typer_instance.registered_commands} for group in app.registered_groups}
    assert groups["ivr"] >= {"check", "draw"}
    assert groups["prompts"] >= {"list", "render"}
    assert groups["scripts"] >= {"check"}
    assert groups["import"] >= {"customers"}


@pytest.mark.parametrize(
    ("words", "settings", "sentence"),
    [
        (["up"], {"SUAR_PROT": "1"}, "did you mean SUAR_PORT?"),
        (["web"], {"SUAR_PORT": "no"}, "SUAR_PORT"),
        (["up"], {"SUAR_DATA": "/proc/suar"}, "set SUAR_DATA"),
        (["up"], {"SUAR_CONFIG_DIR": "/does/not/exist"}, "areas.yaml:1: cannot be read"),
        (["seed"], {}, "seed --demo"),
        (["import", "customers", "customers.csv", "--rejects", "./customers.csv"], {}, "cannot be set aside"),
        (["import", "customers", "customers.csv"], {"SUAR_DATABASE_URL": "sqlite://"}, "run `suar migrate` first"),
        (["replay", "blackout", "--speed", "60"], {}, "not part of this version"),
        (["asterisk", "render", "/proc/suar"], {}, "cannot"),
    ],
)
def test_a_mistake_is_a_sentence(words: list[str], settings: dict[str, str], sentence: str) -> None:
    ended = suar(*words, **settings)
    assert ended.returncode in (1, 2)
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_store_that_does_not_answer_is_said_so(short_path: Path) -> None:
    ended = suar("up", SUAR_DATA=str(short_path), SUAR_PORT="0", SUAR_REDIS_URL=f"unix://{short_path}/nobody")
    assert ended.returncode == 2
    ended = suar("up", SUAR_DATA=str(short_path), SUAR_PORT="18123", SUAR_REDIS_URL=f"unix://{short_path}/nobody")
    assert ended.returncode == 2
    assert "SUAR_REDIS_URL" in ended.stderr
    assert "Traceback" not in ended.stderr
