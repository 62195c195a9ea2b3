"""Who is let in, and what a refused caller leaves behind."""

from __future__ import annotations

import pytest

from router.calls import CallState, Outcome
from router.events import Event
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_a_call_is_admitted_and_told_of(pool: Pool) -> None:
    admission = await pool.arrives("c0000000001")
    assert (admission.admitted, admission.lines, admission.level, admission.reserve) == (True, 1, 0, False)
    call = await pool.call("c0000000001")
    assert (call.state, call.ani, call.region, call.arrived) == (
        CallState.IVR, "+628110000001", "31", pool.clock.ms(),
    )  # fmt: skip
    arrived = (await pool.told())[-1]
    assert (arrived.event, arrived.call, arrived.carrier) == (Event.CALL_ARRIVED, "c0000000001", "asterisk")
    assert arrived.data["dialled"] == "021123"


async def test_the_last_lines_are_for_emergencies_and_beyond_them_the_number_is_kept(pool: Pool) -> None:
    await pool.configure(lines=4)
    admissions = [await pool.arrives(f"c000000000{n}") for n in range(5)]
    assert [one.admitted for one in admissions] == [True, True, True, True, False]
    assert [one.reserve for one in admissions] == [False, False, True, True, False]
    assert [one.reason for one in admissions] == ["", "", "reserve", "reserve", "lines-full"]
    refused = (await pool.told())[-1]
    assert (refused.event, refused.data["ani"]) == (Event.CALL_REFUSED, "+628110000001")
    assert (await pool.call("c0000000004")).outcome == Outcome.REFUSED
    assert (await pool.acd.snapshot()).lines == 4


async def test_a_known_call_is_answered_as_before_whatever_happened_since(pool: Pool) -> None:
    await pool.configure(lines=1)
    first = await pool.arrives("c0000000001")
    refused = await pool.arrives("c0000000002")
    await pool.acd.ended("c0000000001", by="caller")
    await pool.told()
    assert await pool.arrives("c0000000001", cmd="again") == first
    assert await pool.arrives("c0000000002", cmd="again") == refused
    assert await pool.told() == []
    assert (await pool.arrives("c0000000003")).admitted, "the line is free again"


async def test_a_line_nobody_renews_is_lost_with_its_call(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.waits("c0000000002")
    pool.later(800)
    await pool.acd.renew(["c0000000001", "c0000000099"])
    pool.later(200)
    assert await pool.acd.sweep() == 1
    lost, kept = await pool.call("c0000000002"), await pool.call("c0000000001")
    assert (lost.outcome, kept.state) == (Outcome.LOST, CallState.WAITING)
    assert (await pool.told())[-1].data["by"] == "lease"
    assert await pool.acd.call("c0000000099") is None, "renewing makes no calls"


async def test_the_level_is_told_once(pool: Pool) -> None:
    await pool.told()
    await pool.acd.set_level(2, reason="lines", by="spv1")
    await pool.acd.set_level(2, reason="lines", by="spv1")
    assert await pool.events() == [Event.LEVEL]
    assert (await pool.arrives("c0000000001")).level == 2
