"""A page that lags loses entries, never a sign; a journal that cannot be folded is read anew."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent_desk import live as live_module
from agent_desk.live import QUEUE, Live, Sign, Subscription
from router.events import Entry, Event
from router.store.types import Partner, Snapshot
from router.store.wire import StoreUnavailable
from tests.fixtures.wait import until_async

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


def entry(at: int, event: Event = Event.LEVEL, **data: Any) -> Entry:
    return Entry(id=f"{at}-0", epoch="e", at=at, event=event, data=data)


def test_reading_the_pool_anew_does_not_swallow_the_news() -> None:
    page = Subscription(lambda _: True)
    page.put(Sign.NEWS)
    page.put(entry(1))
    page.put(Sign.RESYNC)
    assert page.drain() == [Sign.NEWS, Sign.RESYNC]


@pytest.mark.parametrize("last", [Sign.NEWS, Sign.LOST, entry(9_999)])
def test_a_page_that_lags_is_told_to_read_anew_whatever_came_last(last: Sign | Entry) -> None:
    page = Subscription(lambda _: True)
    for at in range(QUEUE):
        page.put(entry(at))
    page.put(last)
    assert page.drain() == [Sign.RESYNC, *([last] if isinstance(last, Sign) else [])]


def test_nothing_comes_after_the_end() -> None:
    page = Subscription(lambda _: True)
    page.put(entry(1))
    page.put(Sign.STOP)
    assert page.drain() == [Sign.STOP]


class Journal:
    """A store whose first entry is of a shape that this version does not know."""

    pool = "p"

    def __init__(self) -> None:
        self.batches = [[entry(1, Event.CSO_STATE, state="levitating")], [entry(2, level=3)]]

    async def snapshot(self) -> Snapshot:
        return Snapshot(at=0, level=0, lines=0, calls=(), csos=(), partners={}, journal="0-0")

    async def partners(self) -> list[Partner]:
        return []

    async def journal(self, after: str, *, count: int = 100, block_ms: int = 0, bell: bool = False) -> list[Entry]:
        if self.batches:
            return self.batches.pop(0)
        await asyncio.Event().wait()
        raise AssertionError


class Away(Journal):
    """A store that is away, and then answers what this version cannot read."""

    def __init__(self) -> None:
        self.faults: list[Exception] = [StoreUnavailable(), StoreUnavailable(), KeyError("calls"), KeyError("calls")]

    async def snapshot(self) -> Snapshot:
        if self.faults:
            raise self.faults.pop(0)
        await asyncio.Event().wait()
        raise AssertionError


async def test_the_log_has_every_kind_of_fault_that_keeps_screens_still_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "RETRY", 0.0)
    away = Away()
    following = asyncio.create_task(Live().run(away))  # type: ignore[arg-type]
    try:
        await until_async(lambda: not away.faults, 5)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    told = [record.getMessage() for record in caplog.records]
    assert [sum(kind in one for one in told) for kind in ("(StoreUnavailable)", "(KeyError)")] == [1, 1]


async def test_an_entry_of_an_unknown_shape_does_not_freeze_every_screen() -> None:
    live = Live()
    following = asyncio.create_task(live.run(Journal()))  # type: ignore[arg-type]
    try:
        await until_async(lambda: live.pool is not None and live.pool.level == 3, 5)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
