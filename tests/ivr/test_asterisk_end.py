"""A call that ends on Asterisk while the store is away for a moment: told again, so that its outcome is true."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from ivr.carriers import asterisk_connector
from ivr.carriers.asterisk_connector import AsteriskConnector
from ivr.carriers.asterisk_notices import NOTICE
from ivr.carriers.asterisk_pyst2 import Message
from router.store.acd import StoreUnavailable

pytestmark = [pytest.mark.unit, pytest.mark.anyio]
UNANSWERED = ["Event: OriginateResponse", f"ActionID: {NOTICE}r1", "Response: Failure", "Reason: 3"]
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


async def test_a_telephone_that_nobody_answered_is_told_again_when_the_database_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lost word of it would cost the notice its second attempt."""
    told: list[str] = []
    loop, kept = asyncio.get_running_loop(), asyncio.Event()

    def not_reached(message: Message) -> None:
        told.append(message.get_header("ActionID", ""))
        if len(told) < 3:
            raise OperationalError("", {}, Exception())
        loop.call_soon_threadsafe(kept.set)

    monkeypatch.setattr(asterisk_connector, "not_reached", not_reached)
    AsteriskConnector(None, lambda *_, **__: None)._on_event(Message(UNANSWERED))  # type: ignore[arg-type]
    await asyncio.wait_for(kept.wait(), 5)
    assert told == [f"{NOTICE}r1"] * 3
