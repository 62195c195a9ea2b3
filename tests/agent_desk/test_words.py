"""The words of the screens."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ivr
from agent_desk import words
from agent_desk.pool import KEYED_WISHES, MACHINE_NOTES

NOW = datetime(2019, 8, 4, 12, 43, tzinfo=UTC)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "< 1 m"), (240, "4 m"), (4320, "1 j 12 m"), (3 * 86400, "3 hari")],
)
def test_ages_are_short(seconds: int, said: str) -> None:
    assert words.age(NOW - timedelta(seconds=seconds), NOW) == said


def test_times_that_are_promises_carry_their_zone() -> None:
    assert words.clock(NOW) == "19.43 WIB"
    assert words.clock(NOW, "WIT") == "21.43 WIT"
    assert words.clock(None) == "menyusul"


def test_an_instant_of_another_day_carries_its_day() -> None:
    assert words.moment(NOW - timedelta(hours=1), NOW) == "18.43 WIB"
    assert words.moment(NOW - timedelta(days=1), NOW) == "3 Agu 19.43 WIB"
    late = datetime(2019, 8, 4, 17, 30, tzinfo=UTC)  # after midnight there
    assert words.moment(NOW, late) == "4 Agu 19.43 WIB"
    assert words.moment(NOW, late, "WIT") == "4 Agu 21.43 WIT"


@pytest.mark.parametrize(("number", "shown"), [(2.5, "2,5"), (3.0, "3"), (0.25, "0,25")])
def test_figures_have_a_comma(number: float, shown: str) -> None:
    assert words.figure(number) == shown


@pytest.mark.parametrize(
    ("phone", "shown"), [("+6281200004417", "0812 •••• 4417"), ("", "Nomor tersembunyi"), ("+62123", "•••• 23")]
)
def test_numbers_are_covered(phone: str, shown: str) -> None:
    assert words.masked_phone(phone) == shown


def test_a_report_number_is_grouped_for_the_eye_and_copied_as_digits() -> None:
    assert words.grouped("54261119027") == '<span class="no">54<i>261</i><i>119</i><i>027</i></span>'
    assert "<script>" not in words.grouped("<script>alert(1)</script>")


def test_the_card_has_words_for_everything_a_caller_hears_and_keys() -> None:
    sources = [file.read_text(encoding="utf-8") for file in sorted(Path(ivr.__file__).parent.rglob("*.py"))]
    noted = {what for source in sources for what in re.findall(r'"what": "([a-z-]+)"', source)}
    wished = {what for source in sources for what in re.findall(r'"kind": "([a-z-]+)", "key": turn', source)}
    assert {"located", "callback", "recording-notice"} <= noted
    assert {"report", "subscribe", "voice-note", "still-dark"} <= wished
    noted -= MACHINE_NOTES
    assert noted <= words.HEARD.keys()
    assert wished - {"voice-note-over"} <= (noted | KEYED_WISHES) & words.HEARD.keys()
    drawn = (Path(words.__file__).parent / "templates" / "icons.html").read_text(encoding="utf-8")
    assert all(f'"{icon}": ' in drawn for icon, _ in words.HEARD.values())
    page = (Path(words.__file__).parent / "static" / "telepon_kata.js").read_text(encoding="utf-8")
    told = set(re.findall(r'^  "?([a-z-]+)"?: ', page, re.MULTILINE))
    assert noted | wished <= told, "behind the scenes of /telepon"
