"""One caller to one CSO: claim, ring, answer, give back."""

from __future__ import annotations

import pytest

from config.errors import Problem, Refused
from router.agents import CsoState
from router.calls import CallState, Outcome
from router.events import Event
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_the_cso_who_has_been_free_longest_gets_the_call(pool: Pool) -> None:
    for cso in ("cso2", "cso1", "cso3"):
        await pool.ready(cso)
    for n in (1, 2, 3):
        await pool.waits(f"c000000000{n}")
    offers = [await pool.offered() for _ in range(3)]
    assert [(one.call, one.cso) for one in offers] == [
        ("c0000000001", "cso2"), ("c0000000002", "cso1"), ("c0000000003", "cso3"),
    ]  # fmt: skip
    assert await pool.acd.offer_next() is None


async def test_a_cso_of_several_queues_is_offered_one_call(pool: Pool) -> None:
    await pool.ready("cso1", "gangguan", "keluhan", "darurat")
    for n, queue in enumerate(("gangguan", "keluhan", "darurat")):
        await pool.waits(f"c000000000{n}", queue)
    await pool.offered()
    assert await pool.acd.offer_next() is None


async def test_the_lowest_score_that_somebody_can_serve(pool: Pool) -> None:
    await pool.waits("c0000000001", "keluhan")
    await pool.waits("c0000000002", "gangguan")
    await pool.waits("c0000000003", "keluhan")
    await pool.ready("cso1", "gangguan")
    await pool.ready("cso2", "gangguan", "keluhan")
    assert [(await pool.offered()).call for _ in range(2)] == ["c0000000001", "c0000000002"]


async def test_what_the_connector_reads_of_an_offer_stands_in_the_journal(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    await pool.told()
    offer = await pool.offered()
    told, state = await pool.told()
    assert (told.event, told.call, told.cso, told.token) == (Event.CALL_OFFERED, "c0000000001", "cso1", offer.token)
    assert told.data == {"deadline": offer.deadline, "endpoint": "cso1", "channel": "PJSIP/c0000000001"}
    assert (state.event, state.call, state.data["state"]) == (Event.CSO_STATE, "c0000000001", "offered")


async def test_answered(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    await pool.acd.ringing(offer.call, offer.token)
    await pool.acd.ringing(offer.call, offer.token)
    assert await pool.acd.answered(offer.call, offer.token, leg="PJSIP/cso1-1") is CallState.TALKING
    call = await pool.call(offer.call)
    assert (call.state, call.cso, call.leg, call.answered) == (
        CallState.TALKING, "cso1", "PJSIP/cso1-1", pool.clock.ms(),
    )  # fmt: skip
    assert await pool.acd.answered(offer.call, offer.token) is CallState.TALKING
    assert await pool.call(offer.call) == call, "the same token again changes nothing"
    cso = await pool.cso("cso1")
    assert (cso.state, cso.call) == (CsoState.TALKING, "c0000000001")
    assert (await pool.events()).count(Event.CALL_RINGING) == 1


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("no-answer", CsoState.NOT_ANSWERING), ("busy", CsoState.NOT_ANSWERING),
        ("unreachable", CsoState.NOT_ANSWERING), ("declined", CsoState.NOT_ANSWERING), ("failed", CsoState.READY),
    ],
)  # fmt: skip
async def test_no_answer_puts_the_caller_back_with_the_same_score(pool: Pool, reason: str, state: CsoState) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    before = await pool.call("c0000000001")
    offer = await pool.offered()
    await pool.waits("c0000000002")
    pool.later(14)
    await pool.acd.returned(offer.call, offer.token, reason=reason)
    after = await pool.call("c0000000001")
    assert (after.state, after.score, after.cso, after.token) == (CallState.WAITING, before.score, "", "")
    cso = await pool.cso("cso1")
    assert (cso.state, cso.reason, cso.call) == (state, reason, "")
    await pool.ready("cso2")
    assert (await pool.offered()).call == "c0000000001", "before all who came later"


async def test_a_late_accept_with_an_old_token(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    old = await pool.offered()
    await pool.acd.returned(old.call, old.token, reason="no-answer")
    await pool.acd.returned(old.call, old.token, reason="no-answer")  # a second witness
    await pool.ready("cso2")
    new = await pool.offered()
    before = await pool.acd.snapshot()
    for late in (pool.acd.answered(old.call, old.token), pool.acd.answered(old.call, "made-up")):
        with pytest.raises(Refused) as told:
            await late
        assert told.value.slug == "stale-token"
    await pool.acd.returned(old.call, old.token, reason="no-answer")
    assert await pool.acd.snapshot() == before
    assert await pool.acd.answered(new.call, new.token) is CallState.TALKING
    assert (await pool.call(new.call)).cso == "cso2"


async def test_a_token_that_was_never_given_is_refused_for_every_verb(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    await pool.offered()
    before = await pool.acd.snapshot()
    for attempt in (
        pool.acd.ringing("c0000000001", ""),
        pool.acd.answered("c0000000001", ""),
        pool.acd.returned("c0000000001", "x", reason="no-answer"),
        pool.acd.partner_answered("c0000000001", "x"),
        pool.acd.hand_back("c0000000001", "x", reason="busy"),
    ):
        with pytest.raises(Problem) as told:
            await attempt
        assert told.value.slug == "stale-token"
    assert await pool.acd.snapshot() == before


async def test_an_offer_that_is_forgotten_expires_and_says_so(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    assert await pool.acd.sweep() == 0
    pool.clock.advance(ms=offer.deadline - pool.clock.ms() - 1)
    assert await pool.acd.sweep() == 0
    pool.clock.advance(ms=1)
    assert await pool.acd.sweep() == 1
    assert (await pool.call("c0000000001")).state is CallState.WAITING
    cso = await pool.cso("cso1")
    assert (cso.state, cso.reason) == (CsoState.READY, "expired"), "the telephone never rang: nobody is to blame"


async def test_a_telephone_that_rang_until_the_offer_expired_was_not_answered(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    await pool.acd.ringing(offer.call, offer.token)
    pool.later(17)
    assert await pool.acd.sweep() == 1
    cso = await pool.cso("cso1")
    assert (cso.state, cso.reason) == (CsoState.NOT_ANSWERING, "expired")


async def test_an_offer_that_nobody_made_ring_goes_to_the_next_cso(pool: Pool) -> None:
    """The connector was away: the first CSO is not rung in vain for ever, and is not sent to pause either."""
    await pool.ready("cso1")
    await pool.ready("cso2")
    await pool.waits("c0000000001")
    assert (await pool.offered()).cso == "cso1"
    pool.later(22)
    await pool.acd.sweep()
    assert (await pool.offered()).cso == "cso2"


async def test_the_deadline_starts_again_when_it_rings(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    pool.later(20)
    await pool.acd.ringing(offer.call, offer.token)
    pool.later(16)
    assert await pool.acd.sweep() == 0
    pool.later(2)
    assert await pool.acd.sweep() == 1


async def test_the_caller_gives_up_while_it_rings(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.ready("cso2")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    await pool.told()
    assert await pool.acd.ended(offer.call, by="caller") is Outcome.ABANDONED
    ended, state = await pool.told()
    assert (ended.event, ended.cso, ended.token, ended.data["state"]) == (
        Event.CALL_ENDED, "cso1", offer.token, "offered",
    )  # fmt: skip
    assert state.data["state"] == "ready"
    await pool.waits("c0000000002")
    assert (await pool.offered()).cso == "cso1", "not the CSO's fault: still the one who has been free longest"
    with pytest.raises(Refused):
        await pool.acd.answered(offer.call, offer.token)


async def test_the_caller_gives_up_while_waiting(pool: Pool) -> None:
    await pool.waits("c0000000001")
    assert await pool.acd.ended("c0000000001", by="caller") is Outcome.ABANDONED
    await pool.ready("cso1")
    assert await pool.acd.offer_next() is None


async def test_several_witnesses_of_one_end(pool: Pool) -> None:
    await pool.talks("c0000000001")
    await pool.told()
    assert await pool.acd.ended("c0000000001", by="caller") is Outcome.ANSWERED
    assert await pool.acd.ended("c0000000001", by="list", outcome=Outcome.LOST) is Outcome.ANSWERED
    assert (await pool.events()).count(Event.CALL_ENDED) == 1
    assert await pool.acd.ended("c0000000099", by="list") is None


async def test_a_transfer_keeps_the_score_and_the_first_cso_wraps_up(pool: Pool) -> None:
    await pool.talks("c0000000001")
    await pool.waits("c0000000002", "keluhan")
    before = await pool.call("c0000000001")
    await pool.told()
    await pool.enqueue("c0000000001", "keluhan")
    queued, state = await pool.told()
    assert (queued.event, queued.cso, queued.queue, queued.data["from"], queued.data["place"]) == (
        Event.CALL_QUEUED, "cso1", "keluhan", "talking", 1,
    )  # fmt: skip
    assert queued.data["leg"] == "PJSIP/cso1-leg"
    assert (state.cso, state.data["state"]) == ("cso1", "wrap_up")
    assert (await pool.call("c0000000001")).score == before.score
    await pool.ready("cso2", "keluhan")
    assert (await pool.offered()).call == "c0000000001"


async def test_a_telephone_whose_redirect_failed_goes_to_the_end_of_the_free_ones(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.ready("cso2")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    await pool.acd.returned(offer.call, offer.token, reason="failed")
    assert (await pool.offered()).cso == "cso2"
