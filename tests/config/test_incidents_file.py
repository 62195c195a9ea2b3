"""incidents.yaml is refused with file, line and reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.operator import load, operator
from config.settings import HERE
from config.yaml_file import ConfigError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("  padam-area: 2", "  padam-besar: 2", "padam-besar: 2", "no fault 'padam-besar'"),
        ("  bahaya: 1", "  kebakaran: 1", "kebakaran: 1", "no category 'kebakaran'"),
        ("  bahaya: 1", "  bahaya: 4", "bahaya: 4", "less than or equal to 3"),
        ("  2: [1, 2, 3]", "  2: [3, 2, 1]", "", "a lower impact or urgency has a higher priority"),
        ("  2: [1, 2, 3]", "  2: [1, 4, 4]", "", "a lower impact or urgency has a higher priority"),
        ("  3: [1, 3, 4]\n", "", "", "a row for each impact"),
        ("  3: [1, 3, 4]", "  3: [1, 3]", "3: [1, 3]", "at least 3 items"),
        ("{warn: 30, late: 45}", "{warn: 45, late: 45}", "response:", "warn must come before late"),
        ("late: 1440", "late: 1500", "answer:", "must be the response_hours"),
        ("supervisor: 30", "supervisor: 60", "escalation:", "supervisor must come before director"),
        ("close_hours: 24", "close_hours: 0", "close_hours", "greater than 0"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, old: str, new: str, at: str, reason: str) -> None:
    file = Path(shutil.copytree(HERE / "utility", tmp_path / "utility")) / "incidents.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load(file.parent)
    named = [one for one in told.value.faults if reason in one]
    assert named, told.value.faults
    line = int(named[0].partition("incidents.yaml:")[2].partition(":")[0])
    assert at in file.read_text(encoding="utf-8").splitlines()[line - 1]


def test_the_clocks_are_those_of_the_utility() -> None:
    """Response 45 minutes, recovery 180, the ± 3 hours of the script, 1×24 h."""
    clocks = operator().incidents.clocks
    assert [clocks.response.late, clocks.recovery.late, clocks.promise.late, clocks.answer.late] == [45, 180, 180, 1440]
