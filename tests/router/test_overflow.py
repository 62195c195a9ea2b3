"""Who goes to a partner, to which, and what a partner that fails does to the next callers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from config.errors import NotFound
from router.agents import CsoState
from router.calls import CallState, Outcome
from router.events import Event
from router.store.types import Breaker, HandOver, Partner, PartnerRules
from tests.fixtures.router import RULES, Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

ADDRESS = {"asterisk": "sip:mitra@mitra.example"}
ONE, TWO = "c0000000001", "c0000000002"


async def rules(pool: Pool, *partners: PartnerRules, darurat: dict[str, Any] | None = None, **gangguan: Any) -> None:
    """The queue `gangguan` overflows by these rules alone, to these partners (one with room for ten)."""
    known = partners or (PartnerRules("mitra", cap=10, addresses=ADDRESS),)
    names = tuple(one.name for one in known if not one.outside)
    by_name = {one.name: one for one in RULES}
    by_name["gangguan"] = replace(by_name["gangguan"], **{"max_wait_ms": 0, "partners": names, **gangguan})
    by_name["darurat"] = replace(by_name["darurat"], **(darurat or {}))
    await pool.configure(queues=tuple(by_name.values()), partners=known)


async def busy(pool: Pool, *csos: str) -> None:
    """These CSOs are at work and talk."""
    for number, cso in enumerate(csos):
        await pool.ready(cso)
        call = await pool.waits(f"cbusy{number:05}")
        offer = await pool.offered()
        assert offer.call == call
        await pool.acd.answered(call, offer.token)


async def line(pool: Pool, length: int) -> list[str]:
    return [await pool.waits(f"c000000{number:04}") for number in range(1, length + 1)]


async def handed(pool: Pool) -> HandOver:
    found = await pool.acd.overflow_next()
    assert found is not None
    return found


async def everybody(pool: Pool) -> list[tuple[str, str]]:
    """Hand over until nobody goes: (call, partner)."""
    out = []
    while found := await pool.acd.overflow_next():
        out.append((found.call, found.partner))
    return out


async def partner(pool: Pool, name: str = "mitra") -> Partner:
    return next(one for one in await pool.acd.partners() if one.name == name)


async def reasons(pool: Pool) -> list[str]:
    return [str(entry.data["reason"]) for entry in await pool.told() if entry.event is Event.CALL_HANDED_OVER]


# --- who


async def test_who_joins_behind_a_place_goes_at_once_and_those_before_keep_theirs(pool: Pool) -> None:
    await rules(pool, over_place=2)
    await busy(pool, "cso1")
    calls = await line(pool, 4)
    assert [call for call, _ in await everybody(pool)] == calls[2:]
    assert await reasons(pool) == ["place", "place"]


async def test_who_was_told_a_long_wait_goes_and_who_was_told_a_short_one_stays(pool: Pool) -> None:
    await rules(pool, over_estimate_ms=300_000)
    await busy(pool, "cso1")
    first, second, third = await line(pool, 3)
    assert not await pool.acd.mark_due(second, estimate_ms=300_000)
    assert await pool.acd.mark_due(third, estimate_ms=300_001)
    assert await everybody(pool) == [(third, "mitra")]
    assert await pool.acd.mark_due(first), "whatever the rule says"
    assert await everybody(pool) == [], "the next one in line stays, while somebody is at work"


async def test_too_many_for_each_cso_leave_from_the_end_of_the_line(pool: Pool) -> None:
    await rules(pool, over_ratio=2.0)
    await busy(pool, "cso1", "cso2")
    await pool.ready("cso3")
    await pool.acd.ask_state("cso3", CsoState.PAUSED)
    calls = await line(pool, 6)
    assert [call for call, _ in await everybody(pool)] == [calls[5], calls[4]], "four for two; the third CSO is paused"
    assert await reasons(pool) == ["ratio", "ratio"]


async def test_at_a_surge_level_all_but_the_next_leave_the_newest_first(pool: Pool) -> None:
    await rules(pool, over_level=2)
    await busy(pool, "cso1")
    calls = await line(pool, 3)
    await pool.acd.set_level(1, reason="lines", by="ladder")
    assert await everybody(pool) == []
    await pool.acd.set_level(2, reason="lines", by="ladder")
    assert [call for call, _ in await everybody(pool)] == [calls[2], calls[1]]
    await pool.acd.ask_state("cso1", CsoState.PAUSED)
    await pool.acd.ended("cbusy00000", by="caller")
    pool.later(31)
    await pool.acd.sweep()
    assert [call for call, _ in await everybody(pool)] == [calls[0]], "nobody is at work any more"


async def test_neither_an_emergency_nor_one_for_whom_somebody_is_free_is_sent_away(pool: Pool) -> None:
    await rules(pool, over_level=1)
    await pool.acd.set_level(4, reason="lines", by="ladder")
    await pool.waits(ONE, "gangguan", emergency=True)
    assert await everybody(pool) == []
    await pool.ready("cso1")
    await pool.waits(TWO)
    assert await everybody(pool) == []


# --- where


async def test_a_pace_is_kept_in_any_second(pool: Pool) -> None:
    await rules(pool, PartnerRules("mitra", cap=10, addresses=ADDRESS, rate=2), over_level=1)
    await pool.acd.set_level(1, reason="lines", by="ladder")
    await line(pool, 8)
    assert len(await everybody(pool)) == 2
    pool.later(0.4)
    assert await everybody(pool) == []
    pool.later(0.1)
    assert len(await everybody(pool)) == 1
    pool.later(60)
    assert len(await everybody(pool)) == 2, "a bucket holds one second's"


async def test_partners_get_their_shares_and_who_was_shut_does_not_catch_up(pool: Pool) -> None:
    three, one = (PartnerRules(name, cap=50, addresses=ADDRESS, share=share) for name, share in (("a", 3), ("b", 1)))
    await rules(pool, three, one, over_level=1, by_share=True)
    await pool.acd.set_level(1, reason="lines", by="ladder")
    await line(pool, 8)
    assert sorted(name for _, name in await everybody(pool)) == ["a"] * 6 + ["b"] * 2
    for call in (call for call in (await pool.acd.snapshot()).calls):
        await pool.acd.ended(call.id, by="caller")
    await pool.acd.partner_state("b", open=False, by="spv1", reason="latihan")
    await line_again(pool, "d", 6)
    assert {name for _, name in await everybody(pool)} == {"a"}
    for call in (call for call in (await pool.acd.snapshot()).calls):
        await pool.acd.ended(call.id, by="caller")
    await pool.acd.partner_state("b", open=True, by="spv1")
    await line_again(pool, "e", 8)
    assert sorted(name for _, name in await everybody(pool)) == ["a"] * 6 + ["b"] * 2


async def line_again(pool: Pool, letter: str, length: int) -> None:
    for number in range(length):
        await pool.waits(f"c{letter}00000{number:04}")


async def test_hours_shut_a_partner_and_a_word_by_hand_goes_before_them(pool: Pool) -> None:
    await rules(pool)
    await pool.told()
    await pool.acd.partner_state("mitra", open=False, by="hours", reason="hours")
    await pool.acd.partner_state("mitra", open=False, by="hours", reason="hours")
    await pool.acd.partner_state("mitra", reachable=True, by="hours")
    assert not (await partner(pool)).open, "nobody spoke of it"
    await pool.acd.partner_state("mitra", open=True, by="spv1", reason="disepakati lewat telepon")
    found = await partner(pool)
    assert (found.open, found.by_hand, found.by) == (True, "open", "spv1")
    await pool.acd.partner_state("mitra", open=True, by="hours")
    assert (await partner(pool)).by_hand == "", "the hours agree: they decide again"
    await pool.acd.partner_state("mitra", open=False, by="spv1", reason="gangguan di sana")
    await pool.acd.partner_state("mitra", open=True, by="hours")
    assert not (await partner(pool)).open, "shut by hand stays shut"
    told = [(entry.data["open"], entry.data["by"]) for entry in await pool.told()]
    assert told == [(False, "hours"), (False, "hours"), (True, "spv1"), (True, "hours"), (False, "spv1")]
    with pytest.raises(NotFound):
        await pool.acd.partner_state("nobody", open=True, by="spv1")


async def test_a_partner_that_cannot_be_reached_gets_nobody_and_one_nobody_knows_of_does(pool: Pool) -> None:
    await rules(pool, max_wait_ms=1)
    await line(pool, 2)
    await pool.acd.partner_state("mitra", open=False, by="spv1")
    await pool.acd.partner_state("mitra", open=True, by="spv1")
    assert (await partner(pool)).reachable is None
    assert len(await everybody(pool)) == 2
    await pool.waits("c0000009999")
    pool.later(1)
    await pool.acd.partner_state("mitra", reachable=False, by="probe")
    assert await everybody(pool) == []
    await pool.acd.partner_state("mitra", reachable=True, by="probe")
    assert await everybody(pool) == [("c0000009999", "mitra")]
    await pool.acd.partner_state("mitra", open=False, by="spv1")
    assert (await partner(pool)).reachable, "what nobody spoke of stays"
    told = [entry.data.get("reachable") for entry in await pool.told() if entry.event is Event.PARTNER_STATE]
    assert told == [None, None, False, True, True]


# --- a partner that fails

FRAIL = PartnerRules(
    "mitra", cap=10, addresses=ADDRESS, failures=2, retry_ms=30_000, retry_limit_ms=100_000, again_ms=0
)


async def fails(pool: Pool, reason: str = "busy") -> None:
    given = await handed(pool)
    await pool.acd.hand_back(given.call, given.token, reason=reason)


async def test_a_breaker_opens_is_tried_with_one_call_waits_longer_each_time_and_closes(pool: Pool) -> None:
    await rules(pool, FRAIL, max_wait_ms=1)
    await line(pool, 3)
    pool.later(1)
    await fails(pool)
    assert (await partner(pool)).breaker is Breaker.CLOSED
    await fails(pool, "unreachable")
    assert (await partner(pool)).breaker is Breaker.OPEN
    assert await everybody(pool) == []
    for wait in (30, 60, 100, 100):  # doubles up to its limit
        pool.later(wait - 0.001)
        assert await everybody(pool) == []
        pool.later(0.001)
        trial = await handed(pool)
        assert (await partner(pool)).breaker is Breaker.HALF
        assert await everybody(pool) == [], "one on trial at a time"
        await pool.acd.hand_back(trial.call, trial.token, reason="no-answer")
        assert (await partner(pool)).breaker is Breaker.OPEN
    pool.later(100)
    trial = await handed(pool)
    await pool.acd.partner_answered(trial.call, trial.token)
    assert (await partner(pool)).breaker is Breaker.HALF, "an answer alone proves nothing"
    pool.later(5)
    await pool.acd.sweep()
    found = await partner(pool)
    assert (found.breaker, found.failures) == (Breaker.CLOSED, 0)
    assert len(await everybody(pool)) == 2
    told = [entry.data["breaker"] for entry in await pool.told() if entry.event is Event.PARTNER_STATE]
    assert told == ["open", *["half", "open"] * 4, "half", "closed"]


async def test_a_trial_whose_caller_hangs_up_proves_nothing_and_the_next_is_tried(pool: Pool) -> None:
    await rules(pool, replace(FRAIL, failures=1), max_wait_ms=1)
    await line(pool, 2)
    pool.later(1)
    await fails(pool)
    pool.later(30)
    trial = await handed(pool)
    await pool.acd.ended(trial.call, by="caller")
    assert (await partner(pool)).breaker is Breaker.HALF
    assert (await handed(pool)).call != trial.call


async def test_a_trial_that_left_while_the_partner_was_not_in_the_rules_does_not_shut_it_for_ever(pool: Pool) -> None:
    frail = replace(FRAIL, failures=1)
    await rules(pool, frail, max_wait_ms=1)
    await line(pool, 2)
    pool.later(1)
    await fails(pool)
    pool.later(30)
    trial = await handed(pool)
    await rules(pool, replace(FRAIL, name="lain"), max_wait_ms=1)
    await pool.acd.ended(trial.call, by="caller")
    await rules(pool, frail, max_wait_ms=1)
    assert (await handed(pool)).partner == "mitra"


async def test_a_partner_that_is_there_again_is_tried_at_once(pool: Pool) -> None:
    await rules(pool, replace(FRAIL, failures=1), max_wait_ms=1)
    await line(pool, 1)
    pool.later(1)
    await fails(pool, "unreachable")
    await pool.acd.partner_state("mitra", reachable=False, by="probe")
    await pool.acd.partner_state("mitra", reachable=True, by="probe")
    await handed(pool)


async def test_accepted_and_dropped_is_back_in_line_with_the_same_score_and_goes_elsewhere(pool: Pool) -> None:
    other = PartnerRules("cadangan", cap=10, addresses=ADDRESS)
    await rules(pool, PartnerRules("mitra", cap=10, addresses=ADDRESS), other, max_wait_ms=1)
    await pool.waits(ONE)
    before = await pool.call(ONE)
    given = await handed(pool)
    await pool.acd.partner_answered(ONE, given.token)
    pool.later(4.9)
    assert await pool.acd.partner_left(ONE, given.token) is None
    assert await pool.acd.partner_left(ONE, given.token) is None, "the second witness"
    after = await pool.call(ONE)
    assert (after.state, after.score, after.partner, after.partner_answered) == (CallState.WAITING, before.score, "", 0)
    assert (await partner(pool)).failures == 1
    given = await handed(pool)
    assert given.partner == "cadangan", "not to the same one"
    await pool.acd.hand_back(ONE, given.token, reason="busy")
    assert await everybody(pool) == []
    pool.later(300)
    assert await everybody(pool) == [(ONE, "mitra")], "five minutes are over"


async def test_a_talk_that_lasted_is_an_end(pool: Pool) -> None:
    await rules(pool, max_wait_ms=1)
    await pool.waits(ONE)
    given = await handed(pool)
    assert await pool.acd.partner_left(ONE, given.token, talked_ms=5_000) is Outcome.PARTNER_ANSWERED, "late news"
    assert [entry.event for entry in await pool.told()][-2:] == [Event.CALL_PARTNER_ANSWERED, Event.CALL_ENDED]
    assert await pool.acd.partner_left(ONE, given.token) is Outcome.PARTNER_ANSWERED


# --- back


async def test_who_still_rings_at_a_partner_comes_back_for_a_free_cso(pool: Pool) -> None:
    await rules(pool, max_wait_ms=1, drain_after_ms=8_000)
    await line(pool, 2)
    first, second = await handed(pool), await handed(pool)
    await pool.acd.partner_answered(first.call, first.token)
    await pool.ready("cso1")
    pool.later(7.9)
    assert await pool.acd.drain_next() is None
    pool.later(0.1)
    assert await pool.acd.drain_next() == (second.call, "mitra"), "not the one who talks"
    assert await pool.acd.drain_next() is None
    assert (await pool.offered()).call == second.call
    assert (await partner(pool)).failures == 0, "it did nothing wrong"


async def test_when_the_level_falls_they_come_back_at_once(pool: Pool) -> None:
    await rules(pool, over_level=2)
    await pool.acd.set_level(2, reason="lines", by="ladder")
    await pool.waits(ONE)
    await handed(pool)
    await pool.ready("cso1")
    assert await pool.acd.drain_next() is None
    await pool.acd.set_level(1, reason="lines", by="ladder")
    assert await pool.acd.drain_next() == (ONE, "mitra")


# --- emergencies

OUTSIDE = PartnerRules("luar", cap=1, addresses=ADDRESS, outside=True)
RULE = {"outside": "luar", "outside_ms": 20_000}


async def test_an_emergency_nobody_takes_goes_outside_and_is_tried_again(pool: Pool) -> None:
    await rules(pool, PartnerRules("mitra", cap=9, addresses=ADDRESS), OUTSIDE, darurat=RULE, over_level=1)
    await pool.acd.set_level(4, reason="lines", by="ladder")
    for call in (ONE, TWO):
        await pool.waits(call, "darurat", emergency=True)
    pool.later(19)
    assert await everybody(pool) == []
    pool.later(1)
    given = [await handed(pool), await handed(pool)]
    assert [one.partner for one in given] == ["luar", "luar"], "no cap keeps a call from it"
    assert await reasons(pool) == ["outside", "outside"]
    await pool.enqueue(ONE, "darurat", emergency=True)
    assert (await pool.call(ONE)).state is CallState.PARTNER, "its telephone rings already"
    await pool.acd.hand_back(ONE, given[0].token, reason="no-answer")
    assert await everybody(pool) == []
    pool.later(20)
    again = await handed(pool)
    assert (again.call, again.partner) == (ONE, "luar")
    await pool.acd.partner_state("luar", open=False, reachable=False, by="spv1", reason="salah tekan")
    await pool.acd.hand_back(ONE, again.token, reason="busy")
    pool.later(20)
    assert (await handed(pool)).call == ONE, "nothing shuts it"


async def test_an_emergency_is_never_sent_outside_while_one_of_ours_is_free(pool: Pool) -> None:
    await rules(pool, OUTSIDE, darurat=RULE)
    await pool.waits(ONE, "darurat", emergency=True)
    await pool.ready("cso1")
    pool.later(60)
    assert await everybody(pool) == []
    assert (await pool.offered()).call == ONE
