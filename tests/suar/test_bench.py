"""`suar bench` runs, says everything it promises, and stops. How fast things are is asserted nowhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.servers import missing, need

REPOSITORY = Path(__file__).parents[2]


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SUAR_", "REDIS_URL"))}
    return subprocess.run(
        [sys.executable, "-m", "suar", "bench", *words],
        cwd=REPOSITORY, env=environ, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip


@pytest.mark.store
def test_the_router_bench_ends_with_its_ratios_in_one_line_of_json() -> None:
    if not any(map(shutil.which, ("valkey-benchmark", "redis-benchmark"))):
        missing("no benchmark program (Debian: redis-tools); `make test` installs it")
    ended = bench("router", "--quick", "--runs", "1")
    assert ended.returncode == 0, ended.stderr
    *table, last = ended.stdout.splitlines()
    said = json.loads(last)
    assert said["bench"] == "router"
    assert said["runs"] == 1
    assert set(said["ratios"]) >= {"p1", "p16", "growth", "python_cores_at_721", "store_cores_at_721"}
    assert set(said["spread"]) == set(said["medians"])
    # What is acknowledged is written (docs/router/durability.md).
    assert {said["medians"][f"lost_{mode}"] for mode in ("everysec", "always", "waitaof")} == {0}
    assert any("p16" in line for line in table)


@pytest.mark.database
def test_the_search_bench_ends_with_its_growth() -> None:
    need("postgres")
    ended = bench("search", "--quick", "--runs", "1")
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    assert said["bench"] == "search"
    assert set(said["ratios"]) >= {"growth", "growth_p50"}
    assert {f"customers_name_large_p{percent}_ms" for percent in (50, 95, 99)} <= set(said["medians"])
    assert {f"import_new_{name}_per_s" for name in ("postgresql", "sqlite")} <= set(said["medians"])


@pytest.mark.database
def test_the_outages_bench_ends_with_its_ratios() -> None:
    need("postgres")
    ended = bench("outages", "--quick", "--runs", "1")
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    assert said["bench"] == "outages"
    assert set(said["ratios"]) >= {"attach_growth", "minutes_for_80000"}


@pytest.mark.unit
def test_the_detection_bench_says_how_often_it_is_wrong_and_how_soon_right() -> None:
    ended = bench("detection", "--quick", "--runs", "1")
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    assert set(said["medians"]) >= {"false_per_place_year", "too_wide", "delay_min_2400", "missed_2400"}


@pytest.mark.unit
def test_a_bench_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    ended = bench("nothing")
    assert ended.returncode == 2
    assert "router" in ended.stderr
    assert "Traceback" not in ended.stderr
