"""Who can be offered a call, and that nobody is stuck: the faults that other routers' users report, as scenarios."""

from __future__ import annotations

import pytest

from config.errors import IllegalMove
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

CALL = "c0000000001"


async def test_a_stuck_reservation_releases_itself_and_says_why(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits(CALL)
    offer = await pool.offered()
    await pool.told()
    pool.clock.advance(ms=offer.deadline - pool.clock.ms())
    await pool.acd.sweep()
    returned, state = await pool.told()
    assert (returned.event, returned.call, returned.cso, returned.data["reason"]) == (
        Event.CALL_RETURNED, CALL, "cso1", "expired",
    )  # fmt: skip
    assert (state.event, state.cso, state.call, state.data["reason"]) == (Event.CSO_STATE, "cso1", "", "expired")
    cso = await pool.cso("cso1")
    assert (cso.call, cso.token) == ("", "")
    assert (await pool.offered()).call == CALL


async def test_no_ghost_of_a_call_rings_after_the_caller_has_gone(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits(CALL)
    offer = await pool.offered()
    await pool.acd.ended(CALL, by="caller")
    await pool.acd.ringing(CALL, offer.token)  # the telephone was slower
    cso = await pool.cso("cso1")
    assert (cso.state, cso.call, cso.reason) == (CsoState.READY, "", "caller-gone")
    pool.later(40)
    assert await pool.acd.sweep() == 0, "no deadline is left of it"


@pytest.mark.parametrize("reason", ["no-answer", "declined", "busy", "failed", "expired"])
@pytest.mark.parametrize("wanted", [CsoState.PAUSED, CsoState.LOGGED_OUT])
async def test_a_state_asked_for_while_it_rang_is_not_lost_by_a_missed_call(
    pool: Pool, reason: str, wanted: CsoState
) -> None:
    await pool.ready("cso1")
    await pool.waits(CALL)
    offer = await pool.offered()
    await pool.acd.ringing(CALL, offer.token)
    await pool.acd.ask_state("cso1", wanted, reason="istirahat")
    await pool.acd.returned(CALL, offer.token, reason=reason)
    cso = await pool.cso("cso1")
    assert (cso.state, cso.reason, cso.next) == (wanted, "istirahat", "")


async def test_missed_calls_never_log_anybody_out(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits(CALL)
    for _ in range(5):
        offer = await pool.offered()
        await pool.acd.returned(CALL, offer.token, reason="no-answer")
        assert (await pool.cso("cso1")).state is CsoState.NOT_ANSWERING
        assert await pool.acd.offer_next() is None, "and is not rung in vain again"
        await pool.acd.ask_state("cso1", CsoState.READY)


@pytest.mark.parametrize("state", [CsoState.LOGGED_OUT, CsoState.PAUSED, CsoState.NOT_ANSWERING])
async def test_nobody_comes_back_to_ready_by_itself(pool: Pool, state: CsoState) -> None:
    """Not by a heartbeat, by a telephone that registers, by time, by a new start of the store or by new rules."""
    await pool.ready("cso1")
    await pool.waits(CALL)
    if state is CsoState.NOT_ANSWERING:
        offer = await pool.offered()
        await pool.acd.returned(CALL, offer.token, reason="no-answer")
    else:
        await pool.acd.ask_state("cso1", state)
    await pool.acd.telephone("cso1", reachable=False)
    await pool.acd.telephone("cso1", reachable=True)
    for _ in range(10):
        pool.later(30)
        await pool.acd.heartbeat("cso1")
        await pool.acd.renew([CALL])
        await pool.acd.sweep()
    await pool.acd.boot()
    await pool.configure()
    await pool.acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    assert (await pool.cso("cso1")).state is (CsoState.PAUSED if state is CsoState.LOGGED_OUT else state)
    assert await pool.acd.offer_next() is None


async def test_a_silent_desk_is_offline_and_its_signs_of_life_do_not_make_it_ready(pool: Pool) -> None:
    await pool.ready("cso1")
    pool.later(46)
    await pool.acd.sweep()
    await pool.acd.heartbeat("cso1")
    assert (await pool.cso("cso1")).state is CsoState.LOGGED_OUT
    with pytest.raises(IllegalMove):
        await pool.acd.ask_state("cso1", CsoState.READY)
    await pool.waits(CALL)
    assert await pool.acd.offer_next() is None


async def test_available_is_a_living_desk_and_a_registered_telephone(pool: Pool) -> None:
    await pool.waits(CALL)
    await pool.ready("cso1")
    await pool.acd.telephone("cso1", reachable=False)
    cso = await pool.cso("cso1")
    assert (cso.state, cso.telephone) == (CsoState.READY, False), "shown as what it is, not as available"
    assert await pool.acd.offer_next() is None
    await pool.ready("cso2")
    assert (await pool.offered()).cso == "cso2"
    await pool.waits("c0000000002")
    await pool.acd.telephone("cso1", reachable=True)
    assert (await pool.offered()).cso == "cso1"


async def test_a_telephone_that_is_lost_in_a_call_ends_nothing_and_gets_no_other(pool: Pool) -> None:
    await pool.talks(CALL)
    await pool.acd.telephone("cso1", reachable=False)
    assert (await pool.call(CALL)).state is CallState.TALKING
    await pool.acd.ended(CALL, by="caller")
    await pool.acd.ask_state("cso1", CsoState.READY)
    await pool.waits("c0000000002")
    assert await pool.acd.offer_next() is None


async def test_the_end_of_one_wrap_up_ends_no_other_and_the_next_call_waits_for_it(pool: Pool) -> None:
    for n in (1, 2):
        await pool.talks(f"c000000000{n}", f"cso{n}")
    await pool.acd.ended("c0000000001", by="caller")
    pool.later(10)
    await pool.acd.ended("c0000000002", by="caller")
    await pool.waits("c0000000003")
    assert await pool.acd.offer_next() is None
    for after, states in ((19.9, ["wrap_up", "wrap_up"]), (0.2, ["ready", "wrap_up"]), (10, ["ready", "ready"])):
        pool.later(after)
        await pool.acd.sweep()
        assert [(await pool.cso(f"cso{n}")).state for n in (1, 2)] == states


async def test_a_transfer_zeroes_nothing(pool: Pool) -> None:
    """Neither the caller's place and waiting time nor what the CSO has answered and since when one is free."""
    offer = await pool.talks(CALL)
    before = await pool.call(CALL)
    pool.later(40)
    await pool.ready("cso2")
    guest = await pool.acd.consult(CALL, offer.token, cso="cso2", cmd="k1")
    await pool.acd.guest_answered(CALL, guest.token)
    call = await pool.acd.complete(CALL, offer.token, cmd="k2")
    assert (call.arrived, call.queued, call.answered, call.score, call.priority, call.queue) == (
        before.arrived, before.queued, before.answered, before.score, before.priority, before.queue,
    )  # fmt: skip
    cso = await pool.cso("cso1")
    assert (cso.state, cso.calls, cso.wrap_until) == (CsoState.WRAP_UP, 1, pool.clock.ms() + 30_000)


async def test_a_new_start_of_the_store_gives_everybody_their_time_again(pool: Pool) -> None:
    """Nobody could beat, renew or answer while it was away."""
    offer = await pool.talks(CALL)
    calls = [CALL]
    for n in (2, 3, 4):
        await pool.ready(f"cso{n}")
        calls.append(await pool.waits(f"c000000000{n}", "keluhan"))
    await pool.waits("c0000000005")
    ringing = await pool.offered()
    guest = await pool.acd.consult(CALL, offer.token, cso="cso3", cmd="k1")
    pool.later(901)
    await pool.acd._do("boot", "another-run")
    assert await pool.acd.sweep() == 0
    pool.later(5)
    assert await pool.acd.sweep() == 2, "the offer and the guest have had five seconds more"
    assert await pool.lines_in_use() == {*calls, ringing.call}
    for n in (1, 2, 3, 4):
        assert (await pool.cso(f"cso{n}")).state is not CsoState.LOGGED_OUT
    assert (await pool.cso(guest.guest)).state is CsoState.READY
