"""compensation.yaml is refused at start, with file, line and reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.operator import load
from config.settings import HERE
from config.yaml_file import ConfigError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[padam, padam-area, meter]", "[padam, gelap]", "no fault 'gelap'"),
        ("in_force: 2020-01-01", "in_force: 2017-01-01", "the oldest first"),
        ("in_force: 2025-01-01", "in_force: 2020-01-01", "the oldest first"),
        ("{up_to: 4, percent: 75}", "{up_to: 2, percent: 75}", "steps rise"),
        ("        - {percent: 500}\n    count: {adjusted: 35", "    count: {adjusted: 35", "only the last"),
        ("duration: {adjusted: 35, other: 20}", "duration: {adjusted: 35}", "either steps"),
        ("count: {adjusted: 35, other: 20}", "count: {}", "either steps"),
        ("[planned, not_negligent", "[terencana, not_negligent", "'planned'"),
        ("{unit: jakarta, since", "{unit: atlantis, since", "no unit 'atlantis'"),
        ("{unit: jakarta, since", "{unit: jakarta, ulp: koba, since", "jakarta has no ULP 'koba'"),
        ("{unit: jakarta, since: 2018-01-01, until: 2019-01-01, hours: 5}", "{since: 2018-01-01}", "hours or times"),
        ("{unit: jakarta, since", "{ulp: menteng, since", "needs its unit"),
    ],
)
def test_a_table_that_cannot_be_applied_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    folder = shutil.copytree(HERE / "utility", tmp_path / "utility")
    file = folder / "compensation.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load(folder)
    assert any("compensation.yaml:" in one and reason in one for one in told.value.faults), told.value.faults
