"""Comparing live calls: quiet while the other side comes up, told once when it stays away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ivr.carriers import twilio_reconcile
from ivr.carriers.twilio_reconcile import Reconciler
from ivr.carriers.twilio_rest import RestFailed

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


class Away(Reconciler):
    """Looks that fail so many times, then `stop`."""

    def __init__(self, fails: int, stop: asyncio.Event) -> None:
        super().__init__(None, None, None)  # type: ignore[arg-type]
        self.left, self.stop = fails, stop

    async def look(self) -> None:
        if not self.left:
            self.stop.set()
            return
        self.left -= 1
        raise RestFailed("ConnectionError")


async def _told(caplog: pytest.LogCaptureFixture, fails: int) -> list[str]:
    stop = asyncio.Event()
    await asyncio.wait_for(Away(fails, stop).run(stop), 5)
    return [record.levelname for record in caplog.records]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    monkeypatch.setattr(twilio_reconcile, "AGAIN", 0.001)
    caplog.set_level("INFO")


async def test_a_start_at_which_the_web_process_is_not_up_yet_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert await _told(caplog, 5) == []


async def test_a_list_that_stays_away_is_told_once_and_when_it_is_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio_reconcile, "PATIENCE", 0.0)
    assert await _told(caplog, 5) == ["WARNING", "INFO"]
