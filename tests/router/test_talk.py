"""Two who talk: hold, a third who is consulted, and a call that goes to somebody else."""

from __future__ import annotations

import pytest

from config.errors import IllegalMove, NotFound, Problem, Refused
from router.agents import CsoState
from router.calls import CallState, Outcome
from router.events import Event
from router.store.types import Guest, Offer
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

CALL = "c0000000001"


async def consulting(pool: Pool, guest: str = "cso2") -> tuple[Offer, Guest]:
    """cso1 talks and has another CSO rung."""
    offer = await pool.talks(CALL)
    await pool.ready(guest)
    return offer, await pool.acd.consult(CALL, offer.token, cso=guest, cmd="k1")


async def refused(pool: Pool, attempt: object) -> str:
    """The slug of a refusal, which changed nothing."""
    before = await pool.acd.snapshot()
    with pytest.raises(Problem) as told:
        await attempt  # type: ignore[misc]
    assert await pool.acd.snapshot() == before
    return told.value.slug


# --- hold


async def test_a_caller_on_hold_is_still_in_conversation(pool: Pool) -> None:
    offer = await pool.talks(CALL)
    await pool.told()
    await pool.acd.hold(CALL, offer.token)
    since = pool.clock.ms()
    pool.later(3)
    await pool.acd.hold(CALL, offer.token)
    call = await pool.call(CALL)
    assert (call.state, call.held) == (CallState.TALKING, since), "held again, it is the same hold"
    pool.later(4)
    await pool.acd.resume(CALL, offer.token)
    await pool.acd.resume(CALL, offer.token)
    assert (await pool.call(CALL)).held == 0
    held, resumed = await pool.told()
    assert (held.event, held.cso, held.token) == (Event.CALL_HELD, "cso1", offer.token)
    assert (resumed.event, resumed.data["held_ms"]) == (Event.CALL_RESUMED, 7000)


async def test_only_who_talks_can_hold(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits(CALL)
    offer = await pool.offered()
    with pytest.raises(IllegalMove):
        await pool.acd.hold(CALL, offer.token)
    await pool.acd.answered(CALL, offer.token)
    for verb in (pool.acd.hold, pool.acd.resume):
        assert await refused(pool, verb(CALL, "made-up")) == "stale-token"
    await pool.acd.ended(CALL, by="caller")
    assert await refused(pool, pool.acd.hold(CALL, offer.token)) == "stale-token"


async def test_a_hold_that_the_caller_ends_is_counted(pool: Pool) -> None:
    offer = await pool.talks(CALL)
    await pool.acd.hold(CALL, offer.token)
    pool.later(5)
    await pool.told()
    await pool.acd.ended(CALL, by="caller")
    (ended,) = [entry for entry in await pool.told() if entry.event is Event.CALL_ENDED]
    assert ended.data["held_ms"] == 5000
    assert (await pool.call(CALL)).held == 0


# --- consult


async def test_a_consulted_cso_is_reserved_and_rung(pool: Pool) -> None:
    offer = await pool.talks(CALL)
    await pool.ready("cso2")
    await pool.told()
    guest = await pool.acd.consult(CALL, offer.token, cso="cso2", cmd="k1")
    assert (guest.call, guest.cso, guest.guest, guest.endpoint) == (CALL, "cso1", "cso2", "cso2")
    assert await pool.acd.consult(CALL, offer.token, cso="cso2", cmd="k1") == guest, "the reply was lost: asked again"
    told, state = await pool.told()
    assert (told.event, told.cso, told.token) == (Event.CALL_CONSULTED, "cso1", offer.token)
    assert (told.data["guest"], told.data["guest_token"], told.data["endpoint"], told.data["deadline"]) == (
        "cso2", guest.token, "cso2", guest.deadline,
    )  # fmt: skip
    assert (state.event, state.cso, state.data["state"]) == (Event.CSO_STATE, "cso2", "offered")
    cso2 = await pool.cso("cso2")
    assert (cso2.state, cso2.call, cso2.token) == (CsoState.OFFERED, CALL, guest.token)
    await pool.waits("c0000000002")
    assert await pool.acd.offer_next() is None, "a guest holds one call as everybody else"
    call = await pool.call(CALL)
    assert (call.state, call.cso, call.token, call.guest_state) == (CallState.TALKING, "cso1", offer.token, "offered")


async def test_a_conference_is_a_guest_who_talks_and_a_caller_who_is_not_held(pool: Pool) -> None:
    _, guest = await consulting(pool)
    await pool.acd.guest_ringing(CALL, guest.token)
    call = await pool.acd.guest_answered(CALL, guest.token, leg="PJSIP/cso2-1")
    assert await pool.acd.guest_answered(CALL, guest.token, leg="PJSIP/cso2-1") == call
    assert (call.guest_state, call.guest_leg, call.held, call.cso) == ("talking", "PJSIP/cso2-1", 0, "cso1")
    assert (await pool.cso("cso2")).state is CsoState.TALKING
    pool.later(600)
    await pool.acd.renew([CALL])
    for cso in ("cso1", "cso2"):
        await pool.acd.heartbeat(cso)
    assert await pool.acd.sweep() == 0, "nobody is rung any more: no deadline"


@pytest.mark.parametrize("why", ["talking", "paused", "telephone", "carrier", "logged out", "oneself"])
async def test_only_a_free_cso_can_be_consulted_or_given_a_call(pool: Pool, why: str) -> None:
    offer = await pool.talks(CALL)
    name = "cso1" if why == "oneself" else "cso2"
    if why == "talking":
        await pool.talks("c0000000002", "cso2")
    elif why != "oneself":
        await pool.ready("cso2", carrier="twilio" if why == "carrier" else "asterisk")
    if why == "telephone":
        await pool.acd.telephone("cso2", reachable=False)
    if why in ("paused", "logged out"):
        await pool.acd.ask_state("cso2", CsoState.PAUSED if why == "paused" else CsoState.LOGGED_OUT)
    assert await refused(pool, pool.acd.consult(CALL, offer.token, cso=name, cmd="k1")) == "cso-not-free"
    assert await refused(pool, pool.acd.transfer(CALL, offer.token, cso=name, cmd="t1")) == "cso-not-free"


async def test_a_consult_that_is_refused(pool: Pool) -> None:
    offer, _ = await consulting(pool)
    await pool.ready("cso3")
    acd = pool.acd
    assert await refused(pool, acd.consult(CALL, offer.token, cso="cso3", cmd="k2")) == "consult-running"
    assert await refused(pool, acd.consult(CALL, "made-up", cso="cso3", cmd="k3")) == "stale-token"
    assert await refused(pool, acd.transfer(CALL, offer.token, cso="nobody", cmd="k4")) == "unknown-cso"
    assert await refused(pool, acd.complete(CALL, offer.token, cmd="k5")) == "no-guest"
    with pytest.raises(NotFound):
        await acd.consult("c0000000009", offer.token, cso="cso3", cmd="k6")


@pytest.mark.parametrize(
    ("reason", "rang", "state"),
    [
        ("no-answer", True, CsoState.NOT_ANSWERING), ("declined", True, CsoState.NOT_ANSWERING),
        ("busy", False, CsoState.NOT_ANSWERING), ("failed", False, CsoState.READY), ("cancelled", True, CsoState.READY),
    ],
)  # fmt: skip
async def test_a_guest_who_does_not_come(pool: Pool, reason: str, rang: bool, state: CsoState) -> None:
    offer, guest = await consulting(pool)
    if rang:
        await pool.acd.guest_ringing(CALL, guest.token)
    await pool.told()
    await pool.acd.guest_left(CALL, guest.token, reason=reason)
    await pool.acd.guest_left(CALL, guest.token, reason=reason)  # a second witness
    left, shown = await pool.told()
    assert (left.event, left.cso, left.data) == (
        Event.CALL_GUEST_LEFT, "cso1", {"guest": "cso2", "guest_token": guest.token, "reason": reason},
    )  # fmt: skip
    assert shown.data["reason"] == reason
    cso2, call = await pool.cso("cso2"), await pool.call(CALL)
    assert (cso2.state, cso2.call, cso2.token) == (state, "", "")
    assert (call.state, call.cso, call.token, call.guest) == (CallState.TALKING, "cso1", offer.token, "")
    with pytest.raises(Refused):
        await pool.acd.guest_answered(CALL, guest.token)


@pytest.mark.parametrize(("rang", "state"), [(False, CsoState.READY), (True, CsoState.NOT_ANSWERING)])
async def test_a_guest_nobody_makes_ring_is_released_in_time(pool: Pool, rang: bool, state: CsoState) -> None:
    _, guest = await consulting(pool)
    if rang:
        pool.later(3)
        await pool.acd.guest_ringing(CALL, guest.token)
        pool.later(16)
        assert await pool.acd.sweep() == 0
        pool.later(1)
    else:
        pool.clock.advance(ms=guest.deadline - pool.clock.ms())
    assert await pool.acd.sweep() == 1
    cso = await pool.cso("cso2")
    assert (cso.state, cso.reason, (await pool.call(CALL)).guest) == (state, "expired", "")


async def test_a_guest_who_has_talked_goes_to_the_end_of_the_line(pool: Pool) -> None:
    _, guest = await consulting(pool)
    await pool.acd.guest_answered(CALL, guest.token)
    await pool.ready("cso3")
    await pool.acd.guest_left(CALL, guest.token, reason="left")
    assert (await pool.cso("cso2")).state is CsoState.READY, "no wrap-up: the call is somebody else's"
    await pool.waits("c0000000002")
    assert (await pool.offered()).cso == "cso3"


async def test_a_guest_may_ask_for_a_state_too(pool: Pool) -> None:
    _, guest = await consulting(pool)
    await pool.acd.guest_answered(CALL, guest.token)
    await pool.acd.ask_state("cso2", CsoState.PAUSED, reason="istirahat")
    await pool.acd.guest_left(CALL, guest.token, reason="left")
    cso = await pool.cso("cso2")
    assert (cso.state, cso.reason) == (CsoState.PAUSED, "istirahat")


@pytest.mark.parametrize("talking", [False, True])
@pytest.mark.parametrize("way", ["ended", "lease", "queue", "transfer", "refer"])
async def test_every_end_of_a_conversation_releases_the_guest(pool: Pool, way: str, talking: bool) -> None:
    offer, guest = await consulting(pool)
    if talking:
        await pool.acd.guest_answered(CALL, guest.token)
    if way == "ended":
        await pool.acd.ended(CALL, by="caller")
    elif way == "lease":
        pool.later(14)
        await pool.acd.guest_ringing(CALL, guest.token) if not talking else None
        for _ in range(60):
            pool.later(15)
            await pool.acd.guest_ringing(CALL, guest.token) if not talking else None
            for cso in ("cso1", "cso2"):
                await pool.acd.heartbeat(cso)
        await pool.acd.sweep()
    elif way == "queue":
        await pool.enqueue(CALL, "keluhan")
    elif way == "transfer":
        await pool.ready("cso3", "keluhan")
        await pool.acd.transfer(CALL, offer.token, cso="cso3", cmd="t1")
    else:
        await pool.acd.refer(CALL, offer.token, partner="mitra", cmd="t1")
    cso = await pool.cso("cso2")
    assert (cso.state, cso.call) == (CsoState.READY, "")
    assert (await pool.cso("cso1")).state is CsoState.WRAP_UP
    left = [entry for entry in await pool.told() if entry.event is Event.CALL_GUEST_LEFT]
    assert [entry.data["guest"] for entry in left] == ["cso2"]
    with pytest.raises(Refused):
        await pool.acd.guest_answered(CALL, guest.token)


# --- transfer


async def test_an_attended_transfer(pool: Pool) -> None:
    offer, guest = await consulting(pool)
    await pool.acd.hold(CALL, offer.token)
    assert await refused(pool, pool.acd.complete(CALL, offer.token, cmd="t1")) == "no-guest", "it still rings there"
    await pool.acd.guest_answered(CALL, guest.token, leg="PJSIP/cso2-1")
    pool.later(8)
    await pool.told()
    before = await pool.call(CALL)
    call = await pool.acd.complete(CALL, offer.token, cmd="t2")
    assert await pool.acd.complete(CALL, offer.token, cmd="t2") == call
    assert (call.state, call.cso, call.token, call.leg) == (CallState.TALKING, "cso2", guest.token, "PJSIP/cso2-1")
    assert (call.guest, call.held, call.score, call.answered) == ("", 0, before.score, before.answered)
    told = (await pool.told())[0]
    assert (told.event, told.cso, told.token) == (Event.CALL_TRANSFERRED, "cso2", guest.token)
    assert told.data["from"] == "cso1"
    assert told.data["from_token"] == offer.token
    assert (told.data["kind"], told.data["leg"], told.data["held_ms"]) == ("attended", "PJSIP/cso2-1", 8000)
    assert (await pool.cso("cso1")).state is CsoState.WRAP_UP
    assert ((await pool.cso("cso2")).state, (await pool.cso("cso2")).calls) == (CsoState.TALKING, 1)
    assert await refused(pool, pool.acd.hold(CALL, offer.token)) == "stale-token", "not the former CSO's any more"
    assert await refused(pool, pool.acd.guest_left(CALL, guest.token, reason="left")) == "stale-token"
    assert (await pool.acd.guest_answered(CALL, guest.token)).cso == "cso2", "a late repetition changes nothing"
    await pool.acd.hold(CALL, guest.token)
    assert await pool.acd.ended(CALL, by="caller") is Outcome.ANSWERED
    assert (await pool.cso("cso2")).state is CsoState.WRAP_UP


async def test_a_blind_transfer_rings_the_other_cso(pool: Pool) -> None:
    offer = await pool.talks(CALL)
    await pool.ready("cso2", "keluhan")
    await pool.told()
    fresh = await pool.acd.transfer(CALL, offer.token, cso="cso2", cmd="t1")
    assert await pool.acd.transfer(CALL, offer.token, cso="cso2", cmd="t1") == fresh
    told = await pool.told()
    assert [entry.event for entry in told[:2]] == [Event.CALL_TRANSFERRED, Event.CALL_OFFERED]
    assert {(entry.cso, entry.token) for entry in told[:2]} == {("cso2", fresh.token)}
    assert (told[0].data["from"], told[0].data["from_token"], told[0].data["kind"], told[0].data["leg"]) == (
        "cso1", offer.token, "blind", "PJSIP/cso1-leg",
    )  # fmt: skip
    call = await pool.call(CALL)
    assert (call.state, call.cso, call.queue) == (CallState.OFFERED, "cso2", "gangguan")
    assert (await pool.cso("cso1")).state is CsoState.WRAP_UP
    await pool.acd.answered(CALL, fresh.token, leg="PJSIP/cso2-1")
    assert (await pool.cso("cso2")).state is CsoState.TALKING
    assert await refused(pool, pool.acd.hold(CALL, offer.token)) == "stale-token"


@pytest.mark.parametrize("witness", ["telephone", "sweep"])
async def test_a_transferred_caller_nobody_answers_is_back_in_line_first(pool: Pool, witness: str) -> None:
    offer = await pool.talks(CALL)
    before = await pool.call(CALL)
    for n in (2, 3):
        await pool.waits(f"c000000000{n}")
    pool.later(170)
    await pool.ready("cso9", "keluhan")
    fresh = await pool.acd.transfer(CALL, offer.token, cso="cso9", cmd="t1")
    if witness == "telephone":
        await pool.acd.returned(CALL, fresh.token, reason="no-answer")
    else:
        pool.later(22)
        for cso in ("cso1", "cso9"):
            await pool.acd.heartbeat(cso)
        assert await pool.acd.sweep() == 1
    call = await pool.call(CALL)
    assert (call.state, call.queue, call.score) == (CallState.WAITING, "gangguan", before.score)
    await pool.ready("cso3")
    assert (await pool.offered()).call == CALL, "a transfer zeroes nothing"


async def test_the_wait_for_a_partner_begins_anew_after_a_transfer(pool: Pool) -> None:
    offer = await pool.talks(CALL)
    pool.later(300)
    await pool.ready("cso9", "keluhan")
    fresh = await pool.acd.transfer(CALL, offer.token, cso="cso9", cmd="t1")
    await pool.acd.returned(CALL, fresh.token, reason="no-answer")
    assert await pool.acd.overflow_next() is None
    pool.later(180)
    assert await pool.acd.overflow_next() is not None


async def test_a_call_is_referred_to_a_partner_with_room(pool: Pool) -> None:
    offer = await pool.talks(CALL)
    before = await pool.call(CALL)
    await pool.told()
    given = await pool.acd.refer(CALL, offer.token, partner="cadangan", cmd="t1")
    assert await pool.acd.refer(CALL, offer.token, partner="cadangan", cmd="t1") == given
    assert (given.partner, given.address) == ("cadangan", "sip:cadangan@cadangan.example")
    told, state = await pool.told()
    assert (told.event, told.token, told.data["reason"]) == (Event.CALL_HANDED_OVER, given.token, "referred")
    assert (told.data["partner"], told.data["from"], told.data["leg"]) == ("cadangan", "cso1", "PJSIP/cso1-leg")
    assert (state.cso, state.data["state"]) == ("cso1", "wrap_up")
    assert (await pool.call(CALL)).state is CallState.PARTNER
    offer = await pool.talks("c0000000002", "cso2")
    acd = pool.acd
    assert await refused(pool, acd.refer(offer.call, offer.token, partner="cadangan", cmd="t2")) == "partner-full"
    assert await refused(pool, acd.refer(offer.call, offer.token, partner="x", cmd="t3")) == "unknown-partner"
    await acd.hand_back(CALL, given.token, reason="busy")
    call = await pool.call(CALL)
    assert (call.state, call.queue, call.score) == (CallState.WAITING, "gangguan", before.score)


async def test_an_emergency_is_not_referred(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits(CALL, "darurat", emergency=True)
    offer = await pool.offered()
    await pool.acd.answered(CALL, offer.token)
    assert await refused(pool, pool.acd.refer(CALL, offer.token, partner="mitra", cmd="t1")) == "emergency-stays"


async def test_the_desk_of_a_consulted_cso_that_falls_silent_is_closed_after_it(pool: Pool) -> None:
    _, guest = await consulting(pool)
    await pool.acd.guest_answered(CALL, guest.token)
    pool.later(46)
    await pool.acd.heartbeat("cso1")
    await pool.acd.sweep()
    assert (await pool.cso("cso2")).state is CsoState.TALKING
    await pool.acd.guest_left(CALL, guest.token, reason="left")
    await pool.acd.sweep()
    assert (await pool.cso("cso2")).state is CsoState.LOGGED_OUT


async def test_whoever_a_partner_did_not_take_waits_again_from_then_on(pool: Pool) -> None:
    """The conversation before was no wait: neither the ladder nor a rule of overflow counts it."""
    talk = await pool.talks("c0000000001")
    pool.later(900)
    given = await pool.acd.refer("c0000000001", talk.token, partner="mitra", cmd="r1")
    await pool.acd.hand_back("c0000000001", given.token, reason="busy")
    pool.later(10)
    assert (await pool.acd.gauges()).queues["gangguan"].oldest_ms == 10_000
    assert await pool.acd.overflow_next() is None


async def test_a_guest_whose_telephone_failed_goes_to_the_end_of_the_free_ones(pool: Pool) -> None:
    _, guest = await consulting(pool)
    await pool.ready("cso3")
    pool.later(1)
    await pool.acd.guest_left(CALL, guest.token, reason="failed")
    await pool.waits("c0000000002")
    assert (await pool.offered()).cso == "cso3"
