"""A call that ends on Asterisk while the store is away for a moment: told again, so that its outcome is true."""

from __future__ import annotations

import asyncio

import pytest

from ivr.carriers.asterisk_connector import AsteriskConnector
from ivr.carriers.asterisk_pyst2 import Message
from router.store.acd import StoreUnavailable

pytestmark = [pytest.mark.unit, pytest.mark.anyio]
HANGUP = ["Event: Hangup", "Channel: PJSIP/trunk-1", "ChanVariable: SUAR_CALL=c1234567890"]


async def test_a_hang_up_that_the_store_did_not_hear_is_told_again() -> None:
    told: list[str] = []
    heard = asyncio.Event()

    async def hung_up(call: str, *, by: str) -> None:
        told.append(f"{call} {by}")
        if len(told) < 3:
            raise StoreUnavailable
        heard.set()

    connector = AsteriskConnector(None, hung_up)  # type: ignore[arg-type]
    connector._on_event(Message(HANGUP))
    await asyncio.wait_for(heard.wait(), 5)
    assert told == ["c1234567890 caller"] * 3
