"""A conversation that goes on while the store has forgotten it: it is known again, with the CSO who talks."""

from __future__ import annotations

from typing import Any

import pytest

from router.agents import CsoState
from router.calls import CallState, Outcome
from router.events import Event
from router.store.audit import audit
from tests.fixtures.router import Pool
from tests.router.test_talk import CALL, refused

pytestmark = [pytest.mark.store, pytest.mark.anyio]

FORGOTTEN: dict[str, Any] = {
    "carrier": "asterisk", "channel": "PJSIP/again", "ani": "+628110000001", "trunk": "jakarta", "region": "31",
    "queue": "keluhan", "priority": 0, "emergency": False, "leg": "PJSIP/cso1-leg",
}  # fmt: skip


@pytest.mark.parametrize("state", [CsoState.READY, CsoState.PAUSED])
async def test_a_forgotten_conversation_is_known_again_with_its_cso(pool: Pool, state: CsoState) -> None:
    await pool.ready("cso1")
    await pool.acd.ask_state("cso1", state, reason="istirahat" if state is CsoState.PAUSED else "")
    arrived = pool.clock.ms() - 60_000
    await pool.told()
    assert await pool.acd.adopt_talk(CALL, **FORGOTTEN, arrived=arrived, cso="cso1")
    assert not await pool.acd.adopt_talk(CALL, **FORGOTTEN, arrived=arrived, cso="cso1"), "it is known"
    call, cso = await pool.call(CALL), await pool.cso("cso1")
    assert (call.state, call.cso, call.leg, call.arrived) == (CallState.TALKING, "cso1", "PJSIP/cso1-leg", arrived)
    assert (cso.state, cso.call, cso.token, cso.calls) == (CsoState.TALKING, CALL, call.token, 1)
    assert CALL in await pool.lines_in_use()
    assert await audit(pool.acd._url, pool.acd.pool) == []
    assert [entry.event for entry in await pool.told()] == [Event.CALL_ADOPTED, Event.CALL_REACHED, Event.CSO_STATE]
    assert await pool.acd.ended(CALL, by="caller") is Outcome.ANSWERED
    cso = await pool.cso("cso1")
    assert (cso.state, cso.next_reason) == (
        (CsoState.READY, "") if state is CsoState.READY else (CsoState.PAUSED, "")
    ), "afterwards as before: keluhan has no wrap-up"
    assert cso.reason == ("" if state is CsoState.READY else "istirahat")


async def test_nobody_has_two_conversations_for_one_was_forgotten(pool: Pool) -> None:
    await pool.talks("c0000000009")
    given = {**FORGOTTEN, "arrived": 1, "cso": "cso1"}
    assert not await pool.acd.adopt_talk(CALL, **given)
    await pool.ready("cso2", carrier="twilio")
    assert not await pool.acd.adopt_talk(CALL, **{**given, "cso": "cso2"}), "an Asterisk call, a Twilio telephone"
    await pool.ready("cso3")
    await pool.acd.ask_state("cso3", CsoState.LOGGED_OUT)
    assert not await pool.acd.adopt_talk(CALL, **{**given, "cso": "cso3"})
    assert await refused(pool, pool.acd.adopt_talk(CALL, **{**given, "cso": "nobody"})) == "unknown-cso"
    await pool.ready("cso4")
    assert (
        await refused(pool, pool.acd.adopt_talk(CALL, **{**given, "cso": "cso4", "queue": "tiada"})) == "unknown-queue"
    )
    assert await pool.acd.call(CALL) is None
