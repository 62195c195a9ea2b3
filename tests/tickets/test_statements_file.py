"""statements.yaml is refused with file, line and reason when it cannot be spoken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.operator import load
from config.settings import HERE
from config.yaml_file import ConfigError
from tickets.outages import phrases

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "utility", tmp_path / "utility"))


def _edit(folder: Path, old: str, new: str) -> None:
    file = folder / "statements.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("{etr}", "{jam}", 4, "placeholders ['etr']"),
        ("wilayah {area}", "wilayah Anda", 2, "placeholders ['area']"),
        ("estimate_unknown:", "perkiraan:", 1, "Field required"),
        ("cause_unknown:", "holding_by_region: {'99': 'Wilayah {area}'}\ncause_unknown:", 6, "no area 99"),
    ],
)
def test_a_wrong_sentence_is_refused_at_start(folder: Path, old: str, new: str, line: int, reason: str) -> None:
    _edit(folder, old, new)
    with pytest.raises(ConfigError) as fault:
        load(folder)
    assert any(f"statements.yaml:{line}:" in one and reason in one for one in fault.value.faults), fault.value.faults


def test_a_region_may_have_a_holding_sentence_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _edit(folder, "cause_unknown:", "holding_by_region: {'19': 'Wilayah {area} sedang kami periksa.'}\ncause_unknown:")
    found = load(folder)
    monkeypatch.setattr(phrases, "operator", lambda: found)
    assert phrases.holding("19.71.05") == "Wilayah Gerunggang sedang kami periksa."
    assert phrases.holding("31.71.06").startswith("Kami menerima banyak laporan")
