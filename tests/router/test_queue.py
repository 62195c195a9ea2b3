"""Who is next: order, place, emergencies, moves between queues."""

from __future__ import annotations

import pytest

from config.errors import IllegalMove, Invalid, NotFound, Problem
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from router.store.types import QueueRules
from tests.fixtures.router import RULES, Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def order(pool: Pool) -> list[str]:
    """In which order the waiting calls are offered."""
    calls = []
    while (offer := await pool.acd.offer_next()) is not None:
        calls.append(offer.call)
        await pool.acd.answered(offer.call, offer.token)
        await pool.acd.ended(offer.call, by="caller")
        await pool.acd.ask_state(offer.cso, CsoState.READY)
    return calls


async def test_first_come_first_served(pool: Pool) -> None:
    for n in (1, 2, 3):
        await pool.waits(f"c000000000{n}")
    place = await pool.acd.place("c0000000003")
    assert place is not None
    assert (place.place, place.ready, place.serving) == (3, 0, 0)
    await pool.ready("cso1")
    assert await order(pool) == ["c0000000001", "c0000000002", "c0000000003"]
    assert await pool.acd.place("c0000000003") is None


async def test_two_calls_of_the_same_millisecond_keep_the_order_of_their_arrival(pool: Pool) -> None:
    calls = [f"c00000000{n:02}" for n in range(10)]
    for call in calls:
        await pool.arrives(call)
    for call in reversed(calls):
        await pool.enqueue(call)
    await pool.ready("cso1")
    assert await order(pool) == calls


async def test_priority_is_a_head_start_of_fixed_length_not_a_jump(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(59)
    await pool.waits("c0000000002", priority=1)  # a minute's head start
    pool.later(5)
    await pool.waits("c0000000003", priority=1)
    await pool.ready("cso1")
    assert await order(pool) == ["c0000000002", "c0000000001", "c0000000003"]


async def test_an_emergency_is_before_everyone_however_late(pool: Pool) -> None:
    await pool.waits("c0000000001", priority=9)
    pool.later(3600)
    await pool.acd.renew(["c0000000001"])
    await pool.waits("c0000000002", "darurat", emergency=True)
    await pool.waits("c0000000003", "darurat", emergency=True)
    await pool.ready("cso1")
    assert await order(pool) == ["c0000000002", "c0000000003", "c0000000001"]


async def test_key_nine_while_waiting_moves_the_call_to_the_emergencies_at_once(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.waits("c0000000002")
    before = await pool.call("c0000000002")
    await pool.told()
    await pool.enqueue("c0000000002", "darurat", emergency=True)
    call = await pool.call("c0000000002")
    assert (call.state, call.queue, call.emergency, call.arrived) == (
        CallState.WAITING, "darurat", True, before.arrived,
    )  # fmt: skip
    (told,) = await pool.told()
    assert (told.event, told.data["from"], told.data["place"]) == (Event.CALL_QUEUED, "waiting", 1)
    await pool.ready("cso1")
    assert await order(pool) == ["c0000000002", "c0000000001"]


async def test_an_emergency_stays_one_wherever_it_goes(pool: Pool) -> None:
    await pool.waits("c0000000001", "darurat", emergency=True)
    await pool.enqueue("c0000000001", "gangguan")
    assert (await pool.call("c0000000001")).emergency
    await pool.waits("c0000000002")
    await pool.ready("cso1", "gangguan")
    assert await order(pool) == ["c0000000001", "c0000000002"]


async def test_a_call_that_turns_out_an_emergency_while_it_rings_goes_to_the_front_when_it_comes_back(
    pool: Pool,
) -> None:
    await pool.waits("c0000000001")
    await pool.waits("c0000000002")
    await pool.ready("cso1")
    offer = await pool.offered()
    await pool.waits("c0000000003", "darurat", emergency=True)
    await pool.enqueue("c0000000001", "darurat", emergency=True)
    assert (await pool.call("c0000000001")).state is CallState.OFFERED
    await pool.acd.returned("c0000000001", offer.token, reason="no-answer")
    await pool.ready("cso2")
    assert await order(pool) == ["c0000000001", "c0000000003", "c0000000002"]


async def test_leaving_the_queue_and_coming_back_keeps_the_score(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.waits("c0000000002")
    await pool.acd.leave_queue("c0000000001", cmd="x")
    assert (await pool.call("c0000000001")).state is CallState.IVR
    pool.later(60)
    await pool.enqueue("c0000000001")
    await pool.ready("cso1")
    assert await order(pool) == ["c0000000001", "c0000000002"]


async def test_calls_of_one_carrier_are_not_offered_to_telephones_of_another(pool: Pool) -> None:
    await pool.waits("c0000000001", carrier="twilio")
    await pool.ready("cso1")
    assert await pool.acd.offer_next() is None
    await pool.ready("cso2", carrier="twilio")
    assert (await pool.offered()).cso == "cso2"


async def test_a_call_nobody_knows_a_queue_nobody_knows(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    for call, queue, slug in (("c0000000009", "gangguan", "unknown-call"), ("c0000000001", "x", "unknown-queue")):
        with pytest.raises(NotFound) as told:
            await pool.enqueue(call, queue)
        assert told.value.slug == slug
    assert (await pool.call("c0000000001")).state is CallState.IVR


async def test_illegal_moves_change_nothing_and_tell_nothing(pool: Pool) -> None:
    offer = await pool.talks("c0000000001")
    before = await pool.acd.snapshot()
    with pytest.raises(IllegalMove):
        await pool.acd.leave_queue("c0000000001", cmd="x")
    with pytest.raises(IllegalMove):
        await pool.acd.returned("c0000000001", offer.token, reason="no-answer")
    with pytest.raises(Invalid):
        await pool.acd.ask_state("cso1", CsoState.OFFERED)
    assert await pool.acd.snapshot() == before


async def test_a_command_is_done_once(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    first = await pool.acd.enqueue("c0000000001", queue="gangguan", cmd="same")
    await pool.waits("c0000000002")
    await pool.acd.leave_queue("c0000000001", cmd="leave")
    await pool.told()
    assert await pool.acd.enqueue("c0000000001", queue="gangguan", cmd="same") == first
    await pool.acd.leave_queue("c0000000001", cmd="leave")
    await pool.acd.note("c0000000001", cmd="n", note={"what": "met"})
    await pool.acd.note("c0000000001", cmd="n", note={"what": "met"})
    assert await pool.events() == [Event.CALL_NOTED]
    assert (await pool.call("c0000000001")).state is CallState.IVR


async def test_wrong_names_are_refused_before_the_store_is_asked(pool: Pool) -> None:
    with pytest.raises(Problem) as told:
        await pool.configure(queues=[QueueRules("dua kata", 1000, 1000)])
    assert told.value.slug == "invalid"


async def test_a_call_that_is_adopted_out_of_the_ivr_keeps_its_score_and_its_emergency(pool: Pool) -> None:
    """Found by the torture: it left the line by its own key, then reconciliation put it back with other figures."""
    await pool.waits("c0000000001", priority=2)
    await pool.waits("c0000000002", emergency=True)
    for call in ("c0000000001", "c0000000002"):
        before = await pool.call(call)
        await pool.acd.leave_queue(call, cmd=f"l-{call}")
        assert await pool.acd.adopt(
            call, carrier="asterisk", channel="x", ani="", trunk="", region="", queue="keluhan",
            arrived=before.arrived - 5000, priority=0, emergency=False,
        )  # fmt: skip
        after = await pool.call(call)
        assert (after.score, after.emergency, after.priority) == (before.score, before.emergency, before.priority)


async def test_an_emergency_out_of_an_offer_is_next_and_says_so_again(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    await pool.offered()
    for _ in range(2):
        place = await pool.acd.enqueue("c0000000001", queue="darurat", emergency=True, cmd="e1")
        assert (place.place, place.ready, place.serving) == (1, 0, 0)


async def test_a_refused_move_is_named_by_machine_state_and_event(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    with pytest.raises(IllegalMove) as told:
        await pool.acd.leave_queue("c0000000001", cmd="l1")
    assert (told.value.machine, told.value.state, told.value.event) == ("call", "ivr", "leave_queue")


async def test_a_caller_is_told_the_callers_and_the_callbacks_before(pool: Pool) -> None:
    for n in (1, 2, 3):
        await pool.waits(f"c000000000{n}")
    await pool.acd.call_back("c0000000001", number="+628110000099", cmd="b1")
    place = await pool.acd.place("c0000000003")
    assert place is not None
    assert place.place == 3


async def test_a_queue_that_was_taken_out_of_the_rules_serves_out_who_is_in_it(pool: Pool) -> None:
    """By the usual rules: an offer of 15 s, a wrap-up of 30 s, nobody sent elsewhere."""
    await pool.acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    await pool.waits("c0000000001")
    await pool.waits("c0000000002")
    await pool.configure(queues=[rule for rule in RULES if rule.name != "gangguan"])
    with pytest.raises(NotFound):
        await pool.enqueue("c0000000001", "gangguan")
    pool.later(300)
    assert await pool.acd.overflow_next() is None
    await pool.acd.ask_state("cso1", CsoState.READY)
    offer = await pool.offered()
    assert offer.deadline == pool.clock.ms() + 5_000 + 15_000 + 2_000
    await pool.acd.answered("c0000000001", offer.token)
    await pool.acd.ended("c0000000001", by="caller")
    assert (await pool.cso("cso1")).wrap_until == pool.clock.ms() + 30_000
    with pytest.raises(Problem) as told:
        await pool.acd.extend_wrap_up("cso1", ms=270_001, cmd="x1")
    assert told.value.slug == "wrap-up-limit"
    await pool.acd.extend_wrap_up("cso1", ms=270_000, cmd="x2")


async def test_a_callback_of_a_queue_that_was_taken_out_of_the_rules_is_tried_three_times(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    await pool.acd.call_back("c0000000001", number="+628110000099", cmd="b1")
    await pool.configure(queues=[rule for rule in RULES if rule.name != "gangguan"])
    for attempt in (1, 2, 3):
        offer = await pool.offered()
        await pool.told()
        await pool.acd.answered("c0000000001", offer.token)
        dialled = (await pool.told())[0]
        assert dialled.data["ring"] == 30_000
        await pool.acd.unreached("c0000000001", offer.token, reason="no-answer")
        call = await pool.call("c0000000001")
        assert call.until == (pool.clock.ms() + 300_000 if attempt < 3 else 0)
        pool.later(300)
        await pool.acd.heartbeat("cso1")
        await pool.acd.sweep()
    assert call.state is CallState.ENDED


async def test_the_longest_wait_is_told_though_four_with_a_head_start_stand_before_it(pool: Pool) -> None:
    await pool.waits("c0000000001")
    pool.later(10)
    for number in range(2, 6):
        await pool.waits(f"c000000000{number}", priority=1)
    at = await pool.acd.place("c0000000001")
    assert at
    assert at.place == 5
    assert (await pool.acd.gauges()).queues["gangguan"].oldest_ms == 10_005


@pytest.mark.parametrize("called_back", [False, True])
async def test_a_caller_taken_over_from_the_exchange_waits_from_now_or_from_the_place_that_was_kept(
    pool: Pool, called_back: bool
) -> None:
    """The store had forgotten the call; its number may have been waiting for a callback."""
    number = "+6281200000001"
    if called_back:
        await pool.arrives("c0000000001", ani=number)
        await pool.enqueue("c0000000001")
        await pool.acd.call_back("c0000000001", number=number, cmd="back")
    since = pool.clock.ms()
    pool.later(30)
    await pool.arrives("c0000000002", ani=number)
    pool.later(5)
    given = {"carrier": "asterisk", "channel": "x", "trunk": "jakarta", "region": "31", "queue": "gangguan"}
    await pool.acd.adopt("c0000000002", ani=number, arrived=since, priority=0, emergency=False, **given)
    assert (await pool.call("c0000000002")).queued == (since if called_back else pool.clock.ms())
