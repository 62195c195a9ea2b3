"""Sounds as telephones make them, and where there is room for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import settings
from ivr import recordings
from ivr.sound_file import seconds_of
from tests.fixtures.recorded import sound
from tests.fixtures.tickets import NOON

pytestmark = pytest.mark.unit


def test_a_sound_whose_writer_died_has_its_length(tmp_path: Path) -> None:
    file = sound(tmp_path / "c1.wav", 4, NOON)
    whole = file.read_bytes()
    file.write_bytes(whole[:4] + b"\0\0\0\0" + whole[8:40] + b"\0\0\0\0" + whole[44:])
    assert seconds_of(file) == 4
    assert file.read_bytes() == whole
    assert seconds_of(tmp_path / "none.wav") == 0
    (tmp_path / "half.wav").write_bytes(whole[:20])
    assert seconds_of(tmp_path / "half.wav") == 0


def test_without_room_or_without_the_folder_nothing_is_recorded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recordings.possible()
    monkeypatch.setenv("SUAR_RECORDING_FREE_MB", "999999999")
    settings.cache_clear()
    assert not recordings.possible()
    monkeypatch.delenv("SUAR_RECORDING_FREE_MB")
    settings.cache_clear()
    folder.rename(folder.with_name("elsewhere"))
    assert recordings.room() == -1
    assert not recordings.possible()
