"""A CSO's telephone is put down before what was asked for has moved the caller: nobody is lost by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ivr.instructions import Wait
from router.calls import CallState
from router.store.acd import Acd
from tests.fixtures.ivr_service import AT_TEBET, Ivr

pytestmark = [pytest.mark.store, pytest.mark.anyio]
CALL = "ccall0001"
Ask = Callable[[Acd, str], Awaitable[object]]


def hold(acd: Acd, token: str) -> Awaitable[object]:
    return acd.hold(CALL, token)


def transfer(acd: Acd, token: str) -> Awaitable[object]:
    return acd.transfer(CALL, token, cso="cso2", cmd="t")


def to_a_queue(acd: Acd, _token: str) -> Awaitable[object]:
    return acd.enqueue(CALL, queue="keluhan", cmd="q")


ASKED = ((hold, CallState.WAITING), (transfer, CallState.OFFERED), (to_a_queue, CallState.WAITING))


@pytest.mark.parametrize(("asked", "state"), ASKED, ids=["hold", "transfer", "queue"])
async def test_whoever_was_on_hold_or_passed_on_stays_in_line(ivr: Ivr, asked: Ask, state: CallState) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.keys("0")
    await ivr.pool.ready("cso1")
    offer = await ivr.pool.offered()
    await ivr.pool.ready("cso2")
    await ivr.pool.acd.answered(CALL, offer.token)
    before = await ivr.pool.call(CALL)
    await asked(ivr.pool.acd, offer.token)
    assert isinstance(await ivr.step("after-offer", dialstatus="ANSWER", token=offer.token), Wait)
    now = await ivr.pool.call(CALL)
    assert (now.state, now.score) == (state, before.score)
    assert (await ivr.pool.cso("cso1")).state == "wrap_up"
