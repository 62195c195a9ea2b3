"""What `suar bench ivr` makes of the operator's files is a configuration that the product accepts."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from config import operator as operator_files
from ivr.menu import Menu
from simulation.bench.exchange import up
from simulation.bench.ivr import SPOKEN, rules
from simulation.bench.ivr_steps import percentile_ms
from tests.fixtures.callers import UTILITY

pytestmark = pytest.mark.unit


def test_the_files_of_the_bench_are_accepted_and_say_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "utility"
    shutil.copytree(UTILITY, folder)
    rules(folder)
    made = operator_files.load(folder)
    said = Menu(made.menu, made.prompts).say(SPOKEN)
    assert [piece.text for piece in said] == ["Bunyi."]
    assert made.menu.nodes["lokasi"].here == []  # type: ignore[union-attr]


def test_the_percentile_of_the_steps_between_two_looks() -> None:
    before = {0.005: 10.0, 0.01: 10.0, 0.02: 10.0, float("inf"): 10.0}
    after = {0.005: 10.0, 0.01: 60.0, 0.02: 110.0, float("inf"): 110.0}
    assert percentile_ms(before, after, 0.5) == pytest.approx(10.0)
    assert percentile_ms(before, after, 0.25) == pytest.approx(7.5)
    assert percentile_ms(before, after, 0.99) == pytest.approx(19.8)
    assert percentile_ms(after, after, 0.5) == 0.0
    assert percentile_ms({}, {0.005: 1.0, float("inf"): 100.0}, 0.99) == 5.0


@pytest.mark.anyio
async def test_a_bench_that_is_stopped_while_its_product_starts_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
    create = asyncio.create_subprocess_exec

    async def noted(*words: str, **options: Any) -> asyncio.subprocess.Process:
        started.set_result(await create("sleep", "60", **options))
        return started.result()

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    starting = asyncio.create_task(up({"PATH": os.environ["PATH"]}, tmp_path))
    process = await started
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert process.returncode is not None
