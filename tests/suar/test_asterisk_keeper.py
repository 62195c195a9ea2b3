"""The keeper ends when a part of it does: whoever started it starts it again, and reads why."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from config.yaml_file import ConfigError
from suar import asterisk_keeper

pytestmark = pytest.mark.unit


async def forever() -> None:
    await asyncio.Event().wait()


def test_a_fault_in_the_operators_files_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_folder: Path) -> None:
        raise ConfigError(["areas.yaml:3: no such trunk"])

    monkeypatch.setattr(asterisk_keeper, "_render_again_and_again", refused)
    with pytest.raises(ConfigError, match="no such trunk"):
        asyncio.run(asterisk_keeper.until_one_ends(asterisk_keeper.rendering(tmp_path), forever()))


def test_another_part_that_ends_does_not_wait_for_the_rendering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(asterisk_keeper, "_render_again_and_again", lambda _folder: over.wait(60))

    async def fails() -> None:
        raise OSError("the disk")

    try:
        with pytest.raises(OSError, match="the disk"):
            asyncio.run(asterisk_keeper.until_one_ends(asterisk_keeper.rendering(tmp_path), fails()))
    finally:
        over.set()
