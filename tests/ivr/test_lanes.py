"""The lanes of a connector: one call's jobs in order, different calls side by side, and a prompt end."""

from __future__ import annotations

import asyncio

import pytest

from ivr.carriers.base import Lanes

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


async def test_one_call_in_order_and_a_fault_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    lanes, done, over = Lanes(), [], asyncio.Event()

    async def first() -> None:
        await asyncio.sleep(0)
        done.append("first")
        raise ValueError("+628120000101")

    async def second() -> None:
        done.append("second")
        over.set()

    lanes.put("c1", first)
    lanes.put("c1", second)
    await asyncio.wait_for(over.wait(), 5)
    assert done == ["first", "second"]
    assert "ValueError" in caplog.text
    assert "628120000101" not in caplog.text


async def test_closing_ends_what_runs_and_never_begins_what_waits() -> None:
    lanes, running, begun, ended = Lanes(), asyncio.Event(), [], asyncio.Event()

    async def long() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def behind() -> None:
        begun.append("behind")

    lanes.put("c1", long)
    lanes.put("c1", behind)
    await running.wait()
    await asyncio.wait_for(lanes.close(), 5)
    assert ended.is_set()
    assert begun == []
