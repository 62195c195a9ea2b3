"""What `suar bench ivr` makes of the operator's files is a configuration that the product accepts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config import operator as operator_files
from ivr.menu import Menu
from simulation.bench.ivr import SPOKEN, rules
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
