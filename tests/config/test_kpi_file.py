"""kpi.yaml is refused at start, with file, line and reason; the shipped score card is the one of 2022."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.operator import load, operator
from config.schema.kpi import Figure
from config.settings import HERE
from config.yaml_file import ConfigError
from tickets.figures.definitions import DEFINITIONS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("  response_time: {", "  respons: {", "'response_time'"),
        ("  documentation: {target: 100, threshold: 95}\n", "", "documentation has no target"),
        ("response_within: {target: 95, threshold: 80}", "response_within: {target: 80, threshold: 95}", "better"),
        ("recovery_time: {target: 48.2, threshold: 180}", "recovery_time: {target: 200, threshold: 180}", "better"),
        ("negative_stars: 2", "negative_stars: 5", "less than or equal to 4"),
        ("weight: 5, target: 80", "weight: 0, target: 80", "greater than 0"),
        ("figure: documentation}", "figure: dokumentasi}", "'response_time'"),
        ("figure: documentation}", "more_is_better: true, figure: documentation}", "by hand"),
        (", more_is_better: true}    # no rating", "}    # no rating", "by hand"),
    ],
)
def test_what_cannot_be_counted_or_weighed_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    folder = shutil.copytree(HERE / "utility", tmp_path / "utility")
    file = folder / "kpi.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load(folder)
    assert any("kpi.yaml:" in one and reason in one for one in told.value.faults), told.value.faults


def test_every_figure_is_defined_with_its_source() -> None:
    assert set(DEFINITIONS) == set(Figure)
    assert all(what.label and what.unit and what.counted_from and what.source for what in DEFINITIONS.values())


def test_the_shipped_card_has_the_ten_lines_of_2022_and_their_sum() -> None:
    card = operator().kpi.card
    assert len(card) == 10
    assert sum(entry.weight for entry in card.values()) == 90  # 100 stood below the table
    targets = [4, 10, 100, 80, 100, 15, 80, 3, 100, 100]
    assert [entry.target for entry in card.values()] == targets
