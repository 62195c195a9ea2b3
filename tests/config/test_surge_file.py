"""surge.yaml and the trunks of areas.yaml are refused with file, line and reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.operator import load
from config.settings import HERE
from config.yaml_file import ConfigError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("surge", "lines: 0.85", "lines: 0.65", "lines must not fall from one level to the next"),
        ("surge", "lines: 0.97", "lines: 1.2", "less than or equal to 1"),
        ("surge", "lower_share: 0.7", "lower_share: 1", "less than 1"),
        ("surge", "front: 200", "front: -1", "greater than or equal to 0"),
        ("surge", '"31": {per_s: 8, burst: 60}', '"31": {per_s: -8, burst: 60}', "greater than 0"),
        ("surge", '"31": {per_s: 8, burst: 60}', '"77": {per_s: 8, burst: 60}', "no area 77"),
        ("surge", '"31": 1200', '"32": 1200', "no area 32"),
        ("surge", '"31": 1200', '"31": 0', "more than 0 calls"),
        ("surge", "  4:\n", "  5:\n", "0, 1, 2, 3 and 4"),
        (
            "surge",
            "    callbacks: true\n    partners: true\n    gaps",
            "    partners: true\n    gaps",
            "callbacks must not end",
        ),
        ("surge", "    partners: true\n    gaps", "    gaps", "partners must not end from one level to the next"),
        ("areas", '"0211239"]}', '"0211239"], lines: 5, emergency_lines: 5}', "fewer than the trunk's lines"),
        ("areas", '"0211239"]}', '"0211239"], emergency_lines: 5}', "fewer than the trunk's lines"),
        ("areas", '"0211239"]}', '"0211239"], lines: 0}', "greater than 0"),
    ],
)
def test_a_figure_that_makes_no_sense_is_named(tmp_path: Path, name: str, old: str, new: str, reason: str) -> None:
    folder = shutil.copytree(HERE / "utility", tmp_path / "utility")
    file = folder / f"{name}.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as told:
        load(folder)
    assert any(f"{name}.yaml:" in fault and reason in fault for fault in told.value.faults), told.value.faults
