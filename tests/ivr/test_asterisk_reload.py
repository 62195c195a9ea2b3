"""Asterisk reads files that have changed, and keeps the surge level that its dialplan knew."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import settings
from ivr.carriers import asterisk_reload
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.asterisk_reload import NotReloaded, reload

pytestmark = pytest.mark.unit


class Manager:
    """An Asterisk that forgets its globals when it reads the dialplan, and cannot read the music's file."""

    def __init__(self, level: str = "4") -> None:
        self.level = level

    def connect(self, host: str, port: int) -> None: ...

    def login(self, user: str, secret: str) -> None: ...

    def close(self) -> None: ...

    def send_action(self, action: dict[str, str]) -> Message:
        said = {"Response": "Success"}
        if action["Action"] == "Getvar":
            said["Value"] = self.level
        if action["Action"] == "Setvar":
            self.level = action["Value"]
        if action["Action"] == "Reload" and action["Module"] == "pbx_config.so":
            self.level = "0"
        if action.get("Module") == "res_musiconhold.so":
            said["Response"] = "Error"
        return Message([f"{name}: {value}\r\n" for name, value in said.items()])


def test_a_reload_that_fails_in_the_middle_leaves_the_level_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Manager()
    monkeypatch.setattr(asterisk_reload, "Ami", lambda timeout: there)
    monkeypatch.setattr(asterisk_reload, "settings", lambda: settings().model_copy(update={"ami_secret": "s"}))
    with pytest.raises(NotReloaded):
        reload(tmp_path, ["extensions.conf", "musiconhold.conf"])
    assert there.level == "4"
