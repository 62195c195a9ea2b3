"""rules.yaml is refused with file, line and reason."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from config.operator import load
from config.schema.rules import RuleClock
from config.settings import HERE
from config.yaml_file import ConfigError

pytestmark = pytest.mark.unit


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "utility", tmp_path / "utility")) / "rules.yaml"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rule_clock: sometimes", "rule_clock: Input should be 'first_report' or 'last_reopening'"),
        ("position_minutes: 0", "position_minutes: Input should be greater than 0"),
        ("one_building: []", "one_building: List should have at least 1 item"),
        ("threshold: 120", "threshold: Extra inputs are not permitted"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(file: Path, text: str, fault: str) -> None:
    file.write_text(f"# of the operator\n{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(file.parent)
    assert str(refused.value).startswith(f"{file}:2: {fault}")


def test_what_is_not_set_is_as_the_instruction_says(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    rules = load(file.parent).rules
    assert (rules.rule_clock, rules.one_building) == (RuleClock.FIRST_REPORT, ["padam"])
    file.write_text("rule_clock: last_reopening\nposition_minutes: 2.5\n", encoding="utf-8")
    rules = load(file.parent).rules
    assert (rules.rule_clock, rules.position_age) == (RuleClock.LAST_REOPENING, timedelta(seconds=150))
