"""dispatch.yaml is refused with file, line and reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.operator import load
from config.settings import HERE
from config.yaml_file import ConfigError

pytestmark = pytest.mark.unit


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "utility", tmp_path / "utility")) / "dispatch.yaml"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("most_orders: 0", "2: most_orders: Input should be greater than or equal to 1"),
        ("radius_km: .nan", "2: radius_km: Input should be"),
        ("faults: {meter: tm}", "2: faults.meter: no skill 'tm'"),
        ("fault_location: tm", "2: fault_location: no skill 'tm'"),
        ("usual_skills: [tm]", "2: usual_skills.0: no skill 'tm'"),
        ("silent: {step_minutes: {done: 5}}", "2: silent.step_minutes.done.[key]: Input should be 'accepted'"),
        ("radius_by_ulp: {monas: 5}", "2: radius_by_ulp.monas: no ULP 'monas'"),
        ("skills: {tm: TM}\nfaults: {hantu: tm}", "3: faults.hantu: no fault 'hantu' in reports.yaml"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(file: Path, text: str, fault: str) -> None:
    file.write_text(f"# of the operator\n{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(file.parent)
    assert str(refused.value).startswith(f"{file}:{fault}")


def test_what_is_not_set_is_as_pln_works(file: Path) -> None:
    file.write_text("radius_by_ulp: {mentok: 80}\n", encoding="utf-8")
    rules = load(file.parent).dispatch
    assert (rules.most_orders, rules.beyond_radius, rules.silent.accept_minutes) == (3, False, 5)
    assert (rules.radius("mentok"), rules.radius("koba")) == (80, 40)
