"""A longer wrap-up, and what a supervisor does for somebody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.errors import IllegalMove, Invalid, NotFound, Refused
from router.agents import CsoState
from router.events import Event
from tests.fixtures.router import RULES, Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def wrapping_up(pool: Pool, call: str = "c0000000001", cso: str = "cso1") -> None:
    """A CSO in the 30 s after a conversation."""
    await pool.talks(call, cso)
    await pool.acd.ended(call, by="caller")


async def awake(pool: Pool, *csos: str) -> None:
    """Their desks are alive, and time is let pass."""
    for cso in csos:
        await pool.acd.heartbeat(cso)
    await pool.acd.sweep()


# --- wrap-up


async def test_a_wrap_up_is_extended_for_this_cso_alone(pool: Pool) -> None:
    csos = ("cso1", "cso2", "cso3")
    for n, cso in enumerate(csos, start=1):
        await wrapping_up(pool, f"c000000000{n}", cso)
    before = {cso: (await pool.cso(cso)).wrap_until for cso in csos}
    await pool.told()
    longer = await pool.acd.extend_wrap_up("cso2", 60_000, cmd="w1")
    assert await pool.acd.extend_wrap_up("cso2", 60_000, cmd="w1") == longer, "the reply was lost: asked again"
    assert longer.wrap_until == before["cso2"] + 60_000
    (told,) = await pool.told()
    assert (told.event, told.cso, told.data["wrap_until"]) == (Event.CSO_STATE, "cso2", longer.wrap_until)
    pool.later(31)
    await awake(pool, *csos)
    assert [(await pool.cso(cso)).state for cso in csos] == [CsoState.READY, CsoState.WRAP_UP, CsoState.READY]
    pool.clock.advance(ms=longer.wrap_until - 1 - pool.clock.ms())
    await awake(pool, *csos)
    assert (await pool.cso("cso2")).state is CsoState.WRAP_UP, "not a millisecond early"
    pool.clock.advance(ms=1)
    await awake(pool, *csos)
    assert (await pool.cso("cso2")).state is CsoState.READY


async def test_there_is_a_limit_from_the_end_of_the_conversation(pool: Pool) -> None:
    rules = [replace(rule, wrap_up_max_ms=90_000) if rule.name == "gangguan" else rule for rule in RULES]
    await pool.configure(queues=rules)
    await wrapping_up(pool)
    until = (await pool.acd.extend_wrap_up("cso1", 60_000, cmd="w1")).wrap_until
    pool.later(20)
    before = await pool.acd.snapshot()
    with pytest.raises(Refused) as told:
        await pool.acd.extend_wrap_up("cso1", 1, cmd="w2")
    assert told.value.slug == "wrap-up-limit"
    assert await pool.acd.snapshot() == before
    assert before.csos[0].wrap_until == until


async def test_only_a_wrap_up_can_be_extended(pool: Pool) -> None:
    await pool.ready("cso1")
    with pytest.raises(IllegalMove):
        await pool.acd.extend_wrap_up("cso1", 60_000, cmd="w1")
    with pytest.raises(NotFound):
        await pool.acd.extend_wrap_up("nobody", 60_000, cmd="w2")
    with pytest.raises(Invalid):
        await pool.acd.extend_wrap_up("cso1", 0, cmd="w3")


async def test_the_next_wrap_up_has_its_own_length_again(pool: Pool) -> None:
    await wrapping_up(pool)
    await pool.acd.extend_wrap_up("cso1", 200_000, cmd="w1")
    await pool.acd.ask_state("cso1", CsoState.READY)
    await wrapping_up(pool, "c0000000002")
    assert (await pool.cso("cso1")).wrap_until == pool.clock.ms() + 30_000
    await pool.acd.extend_wrap_up("cso1", 270_000, cmd="w2")


# --- a supervisor


async def test_somebody_is_sent_to_pause(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.told()
    cso = await pool.acd.force("cso1", CsoState.PAUSED, by="spv1", reason="rapat")
    assert (cso.state, cso.reason) == (CsoState.PAUSED, "rapat")
    assert await pool.acd.force("cso1", CsoState.PAUSED, by="spv1", reason="rapat") == cso
    (told,) = await pool.told()
    assert (told.data["state"], told.data["by"]) == ("paused", "spv1")
    await pool.waits("c0000000001")
    assert await pool.acd.offer_next() is None
    await pool.acd.force("cso1", CsoState.READY, by="spv1", reason="")
    assert (await pool.offered()).cso == "cso1"


@pytest.mark.parametrize("state", [CsoState.PAUSED, CsoState.LOGGED_OUT])
async def test_who_talks_is_forced_after_the_call_and_its_wrap_up(pool: Pool, state: CsoState) -> None:
    offer = await pool.talks("c0000000001")
    await pool.told()
    cso = await pool.acd.force("cso1", state, by="spv1", reason="rapat")
    assert (cso.state, cso.next, cso.next_reason, cso.call) == (CsoState.TALKING, state, "rapat", offer.call)
    (told,) = await pool.told()
    assert (told.data["next"], told.data["by"]) == (state, "spv1")
    await pool.acd.ended(offer.call, by="caller")
    pool.later(30)
    await awake(pool, "cso1")
    cso = await pool.cso("cso1")
    assert (cso.state, cso.reason) == (state, "rapat")


async def test_who_is_not_busy_is_logged_out_at_once(pool: Pool) -> None:
    await wrapping_up(pool)
    assert (await pool.acd.force("cso1", CsoState.LOGGED_OUT, by="spv1", reason="")).state is CsoState.LOGGED_OUT
    with pytest.raises(IllegalMove):
        await pool.acd.force("cso1", CsoState.READY, by="spv1", reason="")
    for attempt in (
        pool.acd.force("nobody", CsoState.PAUSED, by="spv1", reason=""),
        pool.acd.assign("nobody", queues={"gangguan": 3}, by="spv1"),
    ):
        with pytest.raises(NotFound) as told:
            await attempt
        assert told.value.slug == "unknown-cso"
    with pytest.raises(Invalid):
        await pool.acd.force("cso1", CsoState.TALKING, by="spv1", reason="")


async def test_a_cso_is_given_other_queues_and_skills_during_a_call(pool: Pool) -> None:
    offer = await pool.talks("c0000000001")
    await pool.told()
    cso = await pool.acd.assign("cso1", queues={"keluhan": 5}, skills={"en": 4}, by="spv1")
    assert (cso.levels, cso.skills) == ({"keluhan": 5}, {"en": 4})
    assert (cso.state, cso.call, cso.token) == (CsoState.TALKING, offer.call, offer.token)
    (told,) = await pool.told()
    assert (told.data["by"], told.data["queues"], told.data["skills"]) == ("spv1", "keluhan:5", "en:4")
    await pool.acd.ended(offer.call, by="caller")
    await pool.acd.ask_state("cso1", CsoState.READY)
    await pool.waits("c0000000002", "gangguan")
    await pool.waits("c0000000003", "keluhan", skills={"en": 4})
    assert (await pool.offered()).call == "c0000000003", "the new queues hold, the old ones do not"


async def test_a_free_cso_serves_the_new_queue_at_once(pool: Pool) -> None:
    await pool.waits("c0000000001", "keluhan")
    await pool.ready("cso1")
    assert await pool.acd.offer_next() is None
    await pool.acd.assign("cso1", queues={"keluhan": 3}, by="spv1")
    assert (await pool.offered()).cso == "cso1"


async def test_what_is_not_given_stays(pool: Pool) -> None:
    await pool.ready("cso1", "gangguan:4", skills={"en": 2})
    await pool.acd.assign("cso1", skills={"jawa": 5}, by="spv1")
    cso = await pool.cso("cso1")
    assert (cso.levels, cso.skills) == ({"gangguan": 4}, {"jawa": 5})
    cso = await pool.acd.assign("cso1", skills={}, by="spv1")
    assert (cso.levels, cso.skills) == ({"gangguan": 4}, {})


async def test_an_assignment_that_is_refused_changes_nothing(pool: Pool) -> None:
    await pool.ready("cso1")
    before = await pool.acd.snapshot()
    with pytest.raises(NotFound) as told:
        await pool.acd.assign("cso1", queues={"keluhan": 3, "x": 3}, by="spv1")
    assert told.value.slug == "unknown-queue"
    with pytest.raises(Invalid):
        await pool.acd.assign("cso1", queues={"keluhan": 6}, by="spv1")
    assert await pool.acd.snapshot() == before
    await pool.acd.ask_state("cso1", CsoState.LOGGED_OUT)
    with pytest.raises(IllegalMove):
        await pool.acd.assign("cso1", queues={"keluhan": 3}, by="spv1")


async def test_an_assignment_holds_until_the_cso_logs_out(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.acd.assign("cso1", queues={"keluhan": 5}, by="spv1")
    again = await pool.acd.log_in("cso1", queues=["gangguan"], endpoint="meja-2", carrier="asterisk")
    assert (again.levels, again.endpoint) == ({"keluhan": 5}, "meja-2"), "the desk was only opened again"
    await pool.acd.ask_state("cso1", CsoState.LOGGED_OUT)
    again = await pool.acd.log_in("cso1", queues=["gangguan"], endpoint="cso1", carrier="asterisk")
    assert again.levels == {"gangguan": 3}


async def test_everybody_in_wrap_up_is_counted_for_the_wait(pool: Pool) -> None:
    for number in (1, 2, 3):
        await wrapping_up(pool, f"c000000000{number}", f"cso{number}")
    assert (await pool.acd.outlook("gangguan")).wrapping == 3
