"""Notices by Asterisk: what is known of the others when the manager interface falls silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ivr.carriers import asterisk_notices
from ivr.carriers.asterisk_notices import AWAY, AsteriskCaller
from ivr.carriers.asterisk_pyst2 import ManagerException, Message
from tickets.kinds import RecipientStatus
from tickets.notices import batches
from tickets.notices.batches import RINGING

pytestmark = pytest.mark.unit


class Silent:
    """A manager interface that answers once."""

    def __init__(self, **_: object) -> None:
        self.asked, self.closed = 0, False

    def connect(self, *_: object) -> None:
        """It is there."""

    login = connect

    def connected(self) -> bool:
        return not self.closed

    def send_action(self, _: dict[str, Any]) -> Message:
        self.asked += 1
        if self.asked > 1:
            raise ManagerException("no response in time")
        return Message(["Response: Success"])

    def close(self) -> None:
        self.closed = True


def test_who_was_not_asked_for_is_called_later(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(asterisk_notices, "Ami", Silent)
    monkeypatch.setattr(asterisk_notices, "ami_secret", lambda: "")
    monkeypatch.setattr(asterisk_notices, "path_for", lambda _: tmp_path)
    numbers = [f"+6271740000{n}" for n in range(4)]
    messages = [batches.Message(number, f"r{number}") for number in numbers]
    found = AsteriskCaller().send("1:0:0", messages, "Listrik sudah menyala.")
    assert [found[one] for one in numbers[::3]] == [RINGING, AWAY]
    assert [found[one].status for one in numbers[1:3]] == [RecipientStatus.UNCERTAIN, RecipientStatus.FAILED]
    assert AWAY.again
