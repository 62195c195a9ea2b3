"""Overflow to partner centres, and calls rebuilt from their channels."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import IllegalMove
from router.calls import CallState, Outcome
from router.events import Event
from router.store.types import HandOver
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def overflow(pool: Pool) -> HandOver:
    found = await pool.acd.overflow_next()
    assert found is not None
    return found


async def test_a_caller_whose_wait_is_over_goes_to_a_partner(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(179)
    assert await pool.acd.overflow_next() is None
    pool.later(1)
    await pool.told()
    given = await overflow(pool)
    assert (given.call, given.partner, given.address) == ("c0000000001", "mitra", "sip:mitra@mitra.example")
    (told,) = await pool.told()
    assert (told.event, told.token, told.data["partner"]) == (Event.CALL_HANDED_OVER, given.token, "mitra")
    await pool.acd.partner_answered("c0000000001", given.token)
    await pool.acd.partner_answered("c0000000001", given.token)
    assert (await pool.acd.snapshot()).partners == {"mitra": 1, "cadangan": 0}
    assert await pool.acd.ended("c0000000001", by="partner") is Outcome.PARTNER_ANSWERED
    assert (await pool.acd.snapshot()).partners == {"mitra": 0, "cadangan": 0}


async def test_a_partners_cap_is_never_passed(pool: Pool) -> None:
    for n in range(1, 6):
        await pool.waits(f"c000000000{n}")
    pool.later(200)
    given = [await overflow(pool) for _ in range(3)]
    assert [one.partner for one in given] == ["mitra", "mitra", "cadangan"]
    assert await pool.acd.overflow_next() is None
    await pool.acd.ended(given[1].call, by="caller")
    assert (await overflow(pool)).partner == "mitra"


async def test_nobody_leaves_while_one_of_ours_is_free(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(200)
    await pool.ready("cso1")
    assert await pool.acd.overflow_next() is None
    assert (await pool.offered()).call == "c0000000001"


async def test_an_emergency_is_never_handed_away(pool: Pool) -> None:
    await pool.waits("c0000000001", "gangguan", emergency=True)
    await pool.waits("c0000000002")
    await pool.enqueue("c0000000002", emergency=True)
    await pool.waits("c0000000003")
    pool.later(400)
    assert (await overflow(pool)).call == "c0000000003"
    assert await pool.acd.overflow_next() is None


async def test_being_offered_in_between_does_not_begin_the_wait_for_a_partner_again(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(170)
    await pool.ready("cso1")
    offer = await pool.offered()
    pool.later(15)
    await pool.acd.returned(offer.call, offer.token, reason="no-answer")
    assert (await overflow(pool)).call == "c0000000001", "185 s of 180 have passed"


async def test_an_emergency_keyed_on_the_way_to_a_partner_is_taken_back_and_goes_first(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.waits("c0000000002")
    pool.later(200)
    given = await overflow(pool)
    await pool.told()
    await pool.enqueue(given.call, "darurat", emergency=True)
    assert [entry.event for entry in await pool.told()] == [Event.CALL_HANDED_BACK, Event.CALL_QUEUED]
    call = await pool.call(given.call)
    assert (call.state, call.queue, call.emergency, call.partner) == (CallState.WAITING, "darurat", True, "")
    assert (await pool.acd.snapshot()).partners["mitra"] == 0
    await pool.acd.hand_back(given.call, given.token, reason="busy")  # late news of the partner's telephone
    await pool.ready("cso1")
    assert (await pool.offered()).call == given.call


async def test_a_talk_with_a_partner_is_not_torn_apart_by_a_key(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(200)
    given = await overflow(pool)
    await pool.acd.partner_answered(given.call, given.token)
    with pytest.raises(IllegalMove):
        await pool.enqueue(given.call, "darurat", emergency=True)
    assert (await pool.call(given.call)).state is CallState.PARTNER


async def test_a_partner_that_this_carrier_cannot_dial_is_passed_by(pool: Pool) -> None:
    await pool.waits("c0000000001", carrier="twilio")
    pool.later(200)
    assert await pool.acd.overflow_next() is None


async def test_handed_back_with_the_same_score_and_not_sent_round_in_circles(pool: Pool) -> None:
    await pool.waits("c0000000001")
    before = await pool.call("c0000000001")
    pool.later(200)
    given = await overflow(pool)
    await pool.waits("c0000000002")
    await pool.acd.hand_back("c0000000001", given.token, reason="busy")
    await pool.acd.hand_back("c0000000001", given.token, reason="busy")
    call = await pool.call("c0000000001")
    assert (call.state, call.score, call.partner) == (CallState.WAITING, before.score, "")
    other = await overflow(pool)
    assert (other.call, other.partner) == ("c0000000001", "cadangan")
    await pool.acd.hand_back("c0000000001", other.token, reason="busy")
    assert await pool.acd.overflow_next() is None, "both have failed this caller"
    await pool.ready("cso1")
    assert (await pool.offered()).call == "c0000000001"


async def test_a_partner_that_never_answers_loses_the_call_to_us(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(200)
    given = await overflow(pool)
    pool.later(26.999)
    assert await pool.acd.sweep() == 0, "20 s of ringing, 5 to make it ring, 2 for the carrier"
    pool.later(0.001)
    assert await pool.acd.sweep() == 1
    assert (await pool.call("c0000000001")).state is CallState.WAITING
    assert (await pool.told())[-1].data == {
        "partner": "mitra", "reason": "expired", "channel": "PJSIP/c0000000001",
    }  # fmt: skip
    with pytest.raises(Exception, match="tidak berlaku") as told:
        await pool.acd.partner_answered("c0000000001", given.token)
    assert told.value.slug == "stale-token"  # type: ignore[attr-defined]


async def test_a_talk_with_a_partner_may_last(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(200)
    given = await overflow(pool)
    await pool.acd.partner_answered("c0000000001", given.token)
    pool.later(600)
    await pool.acd.sweep()
    assert (await pool.call("c0000000001")).state is CallState.PARTNER


async def test_the_caller_gives_up_while_the_partner_rings(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(200)
    await overflow(pool)
    assert await pool.acd.ended("c0000000001", by="caller") is Outcome.ABANDONED
    assert (await pool.acd.snapshot()).partners["mitra"] == 0


ADOPTED = {
    "carrier": "asterisk", "channel": "PJSIP/x", "ani": "+628110000001", "trunk": "jakarta", "region": "31",
    "queue": "gangguan", "priority": 0, "emergency": False,
}  # fmt: skip


async def test_a_forgotten_call_is_rebuilt_from_its_channel_at_its_place(pool: Pool) -> None:
    arrived = pool.clock.ms()
    pool.later(60)
    await pool.waits("c0000000002")
    await pool.told()
    assert await pool.acd.adopt("c0000000001", arrived=arrived, **ADOPTED)  # type: ignore[arg-type]
    assert not await pool.acd.adopt("c0000000001", arrived=arrived, **ADOPTED)  # type: ignore[arg-type]
    (told,) = await pool.told()
    assert (told.event, told.data["place"], told.data["arrived"]) == (Event.CALL_ADOPTED, 1, arrived)
    assert (await pool.acd.snapshot()).lines == 2
    await pool.ready("cso1")
    assert (await pool.offered()).call == "c0000000001"


async def test_a_call_thought_to_be_in_the_ivr_is_put_in_line_and_others_are_left_alone(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    arrived = pool.clock.ms()
    assert await pool.acd.adopt("c0000000001", arrived=arrived, **ADOPTED)  # type: ignore[arg-type]
    await pool.acd.ended("c0000000001", by="caller")
    assert not await pool.acd.adopt("c0000000001", arrived=arrived, **ADOPTED)  # type: ignore[arg-type]


async def test_a_known_call_is_never_taken_for_a_forgotten_conversation(pool: Pool) -> None:
    await pool.ready("cso1", "keluhan")
    await pool.waits("c0000000001")
    given: dict[str, Any] = {**ADOPTED, "arrived": pool.clock.ms(), "cso": "cso1", "leg": "PJSIP/l"}
    assert not await pool.acd.adopt_talk("c0000000001", **given)
    await pool.acd.ended("c0000000001", by="caller")
    assert not await pool.acd.adopt_talk("c0000000001", **given)
    assert await pool.acd.adopt_talk("c0000000002", **given)
