"""A CSO's day: logging in, asking for states, wrap-up, a silent desk, a dead telephone."""

from __future__ import annotations

import pytest

from config.errors import IllegalMove, NotFound
from router.agents import CsoState
from router.events import Event
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_nobody_is_offered_a_call_before_asking_for_it(pool: Pool) -> None:
    await pool.waits("c0000000001")
    cso = await pool.acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    assert cso.state is CsoState.PAUSED
    assert await pool.acd.offer_next() is None
    await pool.acd.ask_state("cso1", CsoState.READY)
    await pool.offered()


async def test_asking_for_the_state_one_has_changes_nothing(pool: Pool) -> None:
    before = await pool.ready("cso1")
    pool.later(5)
    await pool.told()
    assert await pool.acd.ask_state("cso1", CsoState.READY) == before
    await pool.acd.ask_state("cso1", CsoState.PAUSED, reason="istirahat")
    await pool.acd.ask_state("cso1", CsoState.PAUSED, reason="istirahat")
    assert await pool.events() == [Event.CSO_STATE]
    assert (await pool.acd.ask_state("cso1", CsoState.PAUSED, reason="rapat")).reason == "rapat"


async def test_wrap_up_ends_by_itself_for_this_cso_alone(pool: Pool) -> None:
    await pool.talks("c0000000001", "cso1")
    await pool.acd.ended("c0000000001", by="caller")
    pool.later(20)
    await pool.talks("c0000000002", "cso2")
    await pool.acd.ended("c0000000002", by="caller")
    cso = await pool.cso("cso1")
    assert (cso.state, cso.call) == (CsoState.WRAP_UP, "c0000000001")
    pool.later(10)
    assert await pool.acd.sweep() == 1
    assert (await pool.cso("cso1")).state is CsoState.READY
    assert (await pool.cso("cso1")).call == ""
    assert (await pool.cso("cso2")).state is CsoState.WRAP_UP


async def test_a_queue_without_wrap_up(pool: Pool) -> None:
    await pool.ready("cso1", "keluhan")
    await pool.waits("c0000000001", "keluhan")
    offer = await pool.offered()
    await pool.acd.answered(offer.call, offer.token)
    await pool.acd.ended(offer.call, by="cso")
    assert (await pool.cso("cso1")).state is CsoState.READY


async def test_ready_before_the_wrap_up_is_over(pool: Pool) -> None:
    await pool.talks("c0000000001")
    await pool.acd.ended("c0000000001", by="caller")
    assert (await pool.acd.ask_state("cso1", CsoState.READY)).wrap_until == 0
    pool.later(60)
    assert await pool.acd.sweep() == 1, "only the silent desk, no second end of the wrap-up"


async def test_a_state_asked_for_during_a_call_is_taken_after_it(pool: Pool) -> None:
    await pool.talks("c0000000001")
    cso = await pool.acd.ask_state("cso1", CsoState.PAUSED, reason="istirahat")
    assert (cso.state, cso.next) == (CsoState.TALKING, "paused")
    assert (await pool.told())[-1].data["next"] == "paused"
    await pool.acd.ended("c0000000001", by="caller")
    assert (await pool.cso("cso1")).state is CsoState.WRAP_UP
    pool.later(30)
    await pool.acd.sweep()
    cso = await pool.cso("cso1")
    assert (cso.state, cso.reason, cso.next) == (CsoState.PAUSED, "istirahat", "")


async def test_a_state_asked_for_during_an_offer_is_taken_after_it(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    await pool.acd.ask_state("cso1", CsoState.LOGGED_OUT, reason="pulang")
    await pool.acd.returned(offer.call, offer.token, reason="failed")
    assert (await pool.cso("cso1")).state is CsoState.LOGGED_OUT
    assert await pool.acd.offer_next() is None


async def test_a_wish_can_be_taken_back(pool: Pool) -> None:
    await pool.talks("c0000000001")
    await pool.acd.ask_state("cso1", CsoState.PAUSED)
    assert (await pool.acd.ask_state("cso1", CsoState.READY)).next == ""


async def test_a_silent_desk_is_closed(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.ready("cso2")
    pool.later(44)
    await pool.acd.heartbeat("cso2")
    pool.later(1)
    assert await pool.acd.sweep() == 1
    cso = await pool.cso("cso1")
    assert (cso.state, cso.reason) == (CsoState.LOGGED_OUT, "heartbeat")
    assert [one.id for one in (await pool.acd.snapshot()).csos] == ["cso2"]
    await pool.acd.heartbeat("cso1")
    with pytest.raises(IllegalMove):
        await pool.acd.ask_state("cso1", CsoState.READY)


async def test_a_desk_that_falls_silent_in_a_call_is_closed_after_it(pool: Pool) -> None:
    await pool.talks("c0000000001")
    pool.later(46)
    assert await pool.acd.sweep() == 1
    assert await pool.acd.sweep() == 0
    assert (await pool.cso("cso1")).state is CsoState.TALKING
    await pool.acd.ended("c0000000001", by="caller")
    await pool.acd.sweep()
    assert (await pool.cso("cso1")).state is CsoState.LOGGED_OUT


async def test_a_desk_that_comes_back_during_the_call_stays(pool: Pool) -> None:
    await pool.talks("c0000000001")
    pool.later(46)
    await pool.acd.sweep()
    await pool.acd.heartbeat("cso1")
    await pool.acd.ended("c0000000001", by="caller")
    assert await pool.acd.sweep() == 0
    assert (await pool.cso("cso1")).state is CsoState.WRAP_UP


async def test_a_desk_that_logs_in_again_during_the_call_stays(pool: Pool) -> None:
    await pool.talks("c0000000001")
    pool.later(46)
    await pool.acd.sweep()
    await pool.acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    await pool.acd.ended("c0000000001", by="caller")
    await pool.acd.sweep()
    assert (await pool.cso("cso1")).state is CsoState.WRAP_UP


async def test_a_telephone_that_cannot_be_reached_is_offered_nothing(pool: Pool) -> None:
    await pool.acd.telephone("cso1", reachable=False)
    cso = await pool.ready("cso1")
    assert (cso.state, cso.telephone) == (CsoState.READY, False)
    await pool.waits("c0000000001")
    assert await pool.acd.offer_next() is None
    await pool.told()
    await pool.acd.telephone("cso1", reachable=True)
    await pool.acd.telephone("cso1", reachable=True)
    (told,) = await pool.told()
    assert told.data["telephone"] is True
    assert (await pool.offered()).cso == "cso1"


async def test_logging_in_again_only_changes_queues_and_telephone(pool: Pool) -> None:
    await pool.ready("cso1", "gangguan")
    await pool.waits("c0000000001", "keluhan")
    assert await pool.acd.offer_next() is None
    cso = await pool.acd.log_in("cso1", queues=["keluhan"], endpoint="meja-2", carrier="asterisk")
    assert (cso.state, cso.queues, cso.endpoint) == (CsoState.READY, ("keluhan",), "meja-2")
    assert (await pool.offered()).endpoint == "meja-2"
    await pool.waits("c0000000002", "gangguan")
    place = await pool.acd.place("c0000000002")
    assert place is not None
    assert place.serving == 0


async def test_unknown_names(pool: Pool) -> None:
    for attempt in (pool.acd.heartbeat("nobody"), pool.acd.ask_state("nobody", CsoState.READY)):
        with pytest.raises(NotFound) as told:
            await attempt
        assert told.value.slug == "unknown-cso"
    with pytest.raises(NotFound) as told:
        await pool.acd.log_in("cso1", queues=["gangguan", "x"], endpoint="cso1", carrier="asterisk")
    assert told.value.slug == "unknown-queue"
    assert await pool.acd.cso("cso1") is None


async def test_what_a_cso_serves_is_told_when_it_changes(pool: Pool) -> None:
    await pool.acd.log_in("cso1", queues=["gangguan:5"], endpoint="cso1", carrier="asterisk", skills={"en": 2})
    await pool.acd.log_in("cso1", queues=["gangguan:5"], endpoint="cso1", carrier="asterisk", skills={"en": 2})
    await pool.acd.ask_state("cso1", CsoState.READY)
    await pool.acd.log_in("cso1", queues=["keluhan"], endpoint="cso1", carrier="asterisk")
    told = [entry.data for entry in await pool.told() if entry.cso == "cso1"]
    assert [data.get("queues") for data in told] == ["gangguan:5", None, "keluhan:3"]
    assert [data.get("skills") for data in told] == ["en:2", None, ""]
