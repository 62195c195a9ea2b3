"""`suar key …`: made, listed and taken back from the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_desk import keys
from config.database import Database

pytestmark = pytest.mark.unit

REPOSITORY = Path(__file__).parents[2]


def suar(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SUAR_", "REDIS_URL"))}
    environ["SUAR_DATA"] = str(data)
    return subprocess.run(
        [sys.executable, "-m", "suar", *words],
        cwd=REPOSITORY, env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_key_is_shown_once_listed_without_itself_and_taken_back(tmp_path: Path) -> None:
    assert suar(tmp_path, "migrate").returncode == 0
    words = ("key", "create", "pln-mobile", "--scope", "reports:create", "--scope", "tracking:read", "--owner", "Tim")
    made = suar(tmp_path, *words, "--per-minute", "1200")
    key = made.stdout.strip()
    assert (made.returncode, key.startswith(keys.PREFIX)) == (0, True), made.stderr
    listed = suar(tmp_path, "key", "list").stdout
    assert listed.split("\t")[:5] == [
        "pln-mobile",
        "open",
        "application of Tim",
        "reports:create tracking:read",
        "1200",
    ]
    assert key not in listed
    again = suar(tmp_path, *words)
    assert (again.returncode, "(name-taken, name)" in again.stderr, "Traceback" in again.stderr) == (2, True, False)
    database = Database(f"sqlite:///{tmp_path / 'suar.db'}")
    with database.reading() as session:
        known = keys.principal_by_key(session, key)
    assert known is not None
    assert (known.login, known.role, known.per_minute) == ("app:pln-mobile", "", 1200)
    assert suar(tmp_path, "key", "revoke", "pln-mobile").returncode == 0
    assert "\trevoked\t" in suar(tmp_path, "key", "list").stdout
    assert suar(tmp_path, "key", "revoke", "siapa").returncode == 2
    with database.reading() as session:
        assert keys.principal_by_key(session, key) is None
    database.dispose()
