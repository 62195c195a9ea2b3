"""What a call or CSO that is not there held on to is free again: lines, trunks, partners, places, the count of CSOs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from config.errors import Refused
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from router.store.audit import audit
from router.store.types import PartnerRules, TrunkRules
from tests.fixtures.router import RULES, Pool
from tests.router.test_damage import GHOST, LANE, MEMBER, ONE, TWO, by_hand, damages

pytestmark = [pytest.mark.store, pytest.mark.anyio]
THREE = "c0000000003"
NUMBER = "+6281100000001"
MITRA = PartnerRules("mitra", cap=1, addresses={"asterisk": "sip:mitra@mitra.example"})


async def test_a_call_that_is_not_there_holds_no_place_at_its_trunk_or_a_partner(pool: Pool) -> None:
    """One line, one place: the next caller has them."""
    await pool.configure(
        trunks=[TrunkRules("jakarta", lines=1)],
        queues=[replace(RULES[0], max_wait_ms=1, partners=("mitra",))],
        partners=[MITRA],
    )
    await by_hand(pool, "ZADD", ":lines", 1, GHOST)
    await by_hand(pool, "SADD", ":trunk:jakarta", GHOST)
    await by_hand(pool, "SADD", ":at:mitra", GHOST)
    await by_hand(pool, "ZADD", ":leaving", 1, MEMBER)
    assert not (await pool.arrives("c0000000005")).admitted
    await pool.told()
    await pool.acd.sweep()
    (told,) = [entry for entry in await pool.told() if entry.event is Event.DAMAGE]
    assert (told.call, told.data["where"], told.data["why"]) == (GHOST, ":lines", "unknown-call")
    assert (await pool.arrives(ONE)).admitted
    await pool.enqueue(ONE)
    pool.later(1)
    assert await pool.acd.drain_next() is None
    handed = await pool.acd.overflow_next()
    assert handed
    assert handed.call == ONE
    assert await damages(pool) == []
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_who_really_is_on_the_way_to_a_partner_stays_there(pool: Pool) -> None:
    """Only the ghost's own entries go."""
    await pool.configure(
        queues=[replace(RULES[0], max_wait_ms=1, partners=("mitra",), drain_after_ms=1)], partners=[MITRA]
    )
    await pool.waits(ONE)
    pool.later(1)
    assert await pool.acd.overflow_next()
    await by_hand(pool, "ZADD", ":lines", 1, GHOST)
    await pool.acd.sweep()
    pool.later(1)
    await pool.ready("cso1", "gangguan")
    assert await pool.acd.drain_next() == (ONE, "mitra")


async def test_a_cso_who_is_not_there_is_not_counted_on(pool: Pool) -> None:
    """Two of three were counted for two queues and a skill; one of them has gone without a trace."""
    for cso in ("cso1", "cso2", "cso3"):
        await pool.ready(cso, "gangguan", "darurat", skills={"en": 3})
    await pool.acd.ask_state("cso3", CsoState.PAUSED)
    await pool.waits(ONE, skills={"en": 3})
    assert (await pool.acd.gauges()).working == 2
    await by_hand(pool, "DEL", ":cso:cso1")
    await by_hand(pool, "ZADD", ":alive", 1, "cso1")
    await pool.told()
    await pool.acd.sweep()
    (told,) = [entry for entry in await pool.told() if entry.event is Event.DAMAGE]
    assert (told.cso, told.data["why"]) == ("cso1", "unknown-cso")
    gauges = await pool.acd.gauges()
    assert (gauges.serving, gauges.working) == (2, 1)
    for asked in ({}, {"en": 3}):
        outlook = await pool.acd.outlook("gangguan", skills=asked)
        assert outlook.csos == 1
    assert await audit(pool.acd._url, pool.acd.pool) == []
    assert (await pool.offered()).cso == "cso2"


@pytest.mark.parametrize("carrier", ["asterisk", "twilio"])
async def test_the_only_cso_is_not_there_and_nobody_is_at_work(pool: Pool, carrier: str) -> None:
    """Whichever telephone was used, and whether anybody has called there yet."""
    await pool.ready("cso1", "gangguan", carrier=carrier)
    await by_hand(pool, "DEL", ":cso:cso1")
    await by_hand(pool, "ZADD", ":alive", 1, "cso1")
    await pool.acd.sweep()
    gauges = await pool.acd.gauges()
    assert (gauges.serving, gauges.working) == (0, 0)
    assert (await pool.acd.outlook("gangguan", carrier=carrier)).csos == 0
    await pool.waits(ONE, carrier=carrier)
    assert await pool.acd.offer_next() is None
    assert await audit(pool.acd._url, pool.acd.pool) == []
    await pool.configure(queues=[replace(RULES[0], over_ratio=1.0, max_wait_ms=0)])
    await pool.waits(TWO, carrier=carrier)
    assert bool(await pool.acd.overflow_next()) == (carrier == "asterisk"), "two for nobody; the partner has no twilio"


@pytest.mark.parametrize(
    ("command", "why"),
    [(("HSET", ":partners", "mitra", "{"), "Expected object key"), (("SET", ":partner:mitra", "x"), "WRONGTYPE")],
    ids=["rules", "state"],
)
async def test_the_journal_says_why_something_was_put_off(pool: Pool, command: tuple[str, ...], why: str) -> None:
    """In the words of what went wrong, for whoever looks into it."""
    await pool.waits(ONE)
    pool.later(200)
    assert await pool.acd.overflow_next()
    await by_hand(pool, "DEL", ":partner:mitra")
    await by_hand(pool, *command)
    await pool.told()
    pool.later(40)
    await pool.acd.sweep()
    (told,) = [entry for entry in await pool.told() if entry.event is Event.DAMAGE]
    assert (told.call, told.data["done"]) == (ONE, "later")
    assert why in str(told.data["why"])


async def test_the_journal_says_which_move_the_record_of_a_cso_did_not_allow(pool: Pool) -> None:
    """The telephone rings, says the call; they talk already, says the CSO: nobody guesses, it is looked at again."""
    await pool.ready("cso1")
    await pool.waits(ONE)
    offer = await pool.offered()
    await pool.acd.ringing(ONE, offer.token)
    await by_hand(pool, "HSET", ":cso:cso1", "state", "talking")
    await pool.told()
    pool.later(40)
    await pool.acd.sweep()
    (told,) = [entry for entry in await pool.told() if entry.event is Event.DAMAGE]
    assert (told.call, told.data["done"]) == (ONE, "later")
    assert told.data["why"] == "SUAR illegal-move cso talking no_answer"


async def test_a_wrap_up_of_nobody_is_over(pool: Pool) -> None:
    await pool.talks(ONE)
    await pool.acd.ended(ONE, by="caller")
    await by_hand(pool, "DEL", ":cso:cso1")
    await pool.told()
    pool.later(31)
    await pool.acd.sweep()
    await pool.acd.sweep()
    assert await damages(pool) == [(":wrapups", "removed")]
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_cso_whose_telephone_is_gone_is_not_rung(pool: Pool) -> None:
    """The list of the free says otherwise; the CSO stays, and takes calls when the telephone is back."""
    await pool.ready("cso1")
    await pool.acd.telephone("cso1", reachable=False)
    await pool.ready("cso2")
    await pool.waits(ONE)
    await by_hand(pool, "ZADD", f":ready:{LANE}", 1, "cso1")
    await pool.told()
    assert (await pool.offered()).cso == "cso2"
    assert await damages(pool) == [(f":ready:{LANE}", "mended")]
    assert (await pool.acd.snapshot()).csos
    await pool.acd.telephone("cso1", reachable=True)
    await pool.waits(TWO)
    assert (await pool.offered()).cso == "cso1"


@pytest.mark.parametrize("number", ["000000000000", "000000000777"])
async def test_a_call_stands_in_line_once_under_its_own_number(pool: Pool, number: str) -> None:
    """A second entry under another arrival number: the call keeps one place, and is offered once."""
    await pool.waits(ONE)
    await by_hand(pool, "ZADD", f":waiting:{LANE}", 1, f"{number}:{ONE}")
    await by_hand(pool, "ZADD", ":heads", 1, LANE)
    await by_hand(pool, "HINCRBY", ":pace:gangguan", "line", 1)
    await pool.ready("cso1")
    await pool.ready("cso2")
    assert (await pool.offered()).call == ONE
    assert await pool.acd.offer_next() is None
    assert (await pool.acd.gauges()).queues["gangguan"].waiting == 0
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_place_of_nobody_among_the_callbacks_keeps_no_callback_from_its_turn(pool: Pool) -> None:
    await pool.waits(ONE)
    await pool.acd.call_back(ONE, number=NUMBER, cmd="cb")
    await by_hand(pool, "ZADD", f":virtual:{LANE}", 1, MEMBER)
    await by_hand(pool, "ZADD", ":heads", 1, f"{LANE}!")
    await by_hand(pool, "HINCRBY", ":pace:gangguan", "line", 1)
    await pool.ready("cso1")
    await pool.told()
    assert (await pool.offered()).call == ONE
    assert await damages(pool) == [(f":virtual:{LANE}", "removed")]
    assert await audit(pool.acd._url, pool.acd.pool) == []
    assert await pool.acd.offer_next() is None


async def test_a_callback_among_the_callers_goes_back_among_the_callbacks(pool: Pool) -> None:
    """It has no caller on the line: no CSO is told there is one."""
    await pool.waits(ONE)
    await pool.acd.call_back(ONE, number=NUMBER, cmd="cb")
    member = f"000000000001:{ONE}"
    await by_hand(pool, "ZREM", f":virtual:{LANE}", member)
    await by_hand(pool, "ZREM", ":heads", f"{LANE}!")
    await by_hand(pool, "ZADD", f":waiting:{LANE}", 1, member)
    await by_hand(pool, "ZADD", ":heads", 1, LANE)
    await pool.ready("cso1")
    await pool.told()
    assert (await pool.offered()).call == ONE
    assert await damages(pool) == [(f":waiting:{LANE}", "mended")]
    assert (await pool.call(ONE)).virtual
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_call_that_rings_nobody_waits_again_when_its_cso_has_another(pool: Pool) -> None:
    """The CSO is there, and talks with somebody else: who talks is left alone."""
    await pool.ready("cso1")
    await pool.waits(ONE)
    await pool.offered()
    await pool.talks(TWO, "cso2")
    await by_hand(pool, "HSET", f":call:{ONE}", "cso", "cso2")
    pool.later(60)
    await pool.acd.heartbeat("cso2")
    await pool.acd.sweep()
    assert (await pool.call(ONE)).state is CallState.WAITING
    assert (await pool.cso("cso2")).state is CsoState.TALKING


async def test_a_call_that_rings_a_cso_who_knows_nothing_of_it_waits_again(pool: Pool) -> None:
    """The CSO has asked for a pause since, says the record."""
    await pool.ready("cso1")
    await pool.waits(ONE)
    await pool.offered()
    await by_hand(pool, "HSET", ":cso:cso1", "state", "paused")
    await pool.told()
    pool.later(60)
    await pool.acd.heartbeat("cso1")
    await pool.acd.sweep()
    (told,) = [entry for entry in await pool.told() if entry.event is Event.DAMAGE]
    assert (told.call, told.cso, told.data["where"]) == (ONE, "cso1", ":cso:cso1")
    assert (await pool.call(ONE)).state is CallState.WAITING
    assert (await pool.cso("cso1")).state is CsoState.PAUSED


async def test_a_callback_whose_cso_is_gone_holds_no_line_and_is_no_attempt(pool: Pool) -> None:
    await pool.waits(ONE)
    await pool.acd.call_back(ONE, number=NUMBER, cmd="cb")
    await pool.acd.ended(ONE, by="caller")
    await pool.ready("cso1")
    offer = await pool.offered()
    await pool.acd.answered(ONE, offer.token, leg="leg")
    await by_hand(pool, "DEL", ":cso:cso1")
    await pool.told()
    pool.later(60)
    await pool.acd.sweep()
    call = await pool.call(ONE)
    assert (call.state, call.attempts) == (CallState.WAITING, 0), "out of the line and in again by the same sweep"
    told = [entry for entry in await pool.told() if entry.event is Event.CALL_SCHEDULED]
    assert [entry.data["reason"] for entry in told] == ["damage"]
    assert await pool.lines_in_use() == set()


async def test_a_line_of_a_call_that_is_over_is_free(pool: Pool) -> None:
    """With its place at the trunk."""
    await pool.configure(trunks=[TrunkRules("jakarta", lines=1)])
    await pool.arrives(ONE)
    await pool.acd.ended(ONE, by="caller")
    await by_hand(pool, "ZADD", ":lines", 1, ONE)
    await by_hand(pool, "SADD", ":trunk:jakarta", ONE)
    assert not (await pool.arrives(TWO)).admitted
    await pool.told()
    await pool.acd.sweep()
    assert await damages(pool) == [(":lines", "removed")]
    assert (await pool.arrives(THREE)).admitted
    assert (await pool.call(ONE)).state is CallState.ENDED
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_what_is_about_somebody_else_is_dropped_with_a_name_and_the_state(pool: Pool) -> None:
    await pool.talks(ONE)
    await by_hand(pool, "ZADD", ":scheduled", 1, ONE)
    await by_hand(pool, "ZADD", ":wrapups", 1, "cso1")
    await pool.told()
    await pool.acd.sweep()
    told = [entry for entry in await pool.told() if entry.event is Event.DAMAGE]
    found = {(entry.call or entry.cso): (entry.data["where"], entry.data["why"]) for entry in told}
    assert found == {ONE: (":scheduled", "talking"), "cso1": (":wrapups", "talking")}
    assert (await pool.call(ONE)).state is CallState.TALKING


@pytest.mark.parametrize("verb", ["answered", "returned", "unreached"])
async def test_what_the_record_of_the_cso_forbids_changes_nothing(pool: Pool, verb: str) -> None:
    """The CSO is rung for a callback, and paused by the record: refused by name, nothing half done, nothing told."""
    await pool.waits(ONE)
    await pool.acd.call_back(ONE, number=NUMBER, cmd="cb")
    await pool.ready("cso1")
    offer = await pool.offered()
    if verb == "unreached":
        await pool.acd.answered(ONE, offer.token, leg="leg")
    await by_hand(pool, "HSET", ":cso:cso1", "state", "paused")
    before, lines = await pool.call(ONE), await pool.lines_in_use()
    await pool.told()
    asked = {
        "answered": pool.acd.answered,
        "returned": partial(pool.acd.returned, reason="no-answer"),
        "unreached": partial(pool.acd.unreached, reason="busy"),
    }[verb]
    with pytest.raises(Refused) as told:
        await asked(ONE, offer.token)
    assert told.value.slug == "illegal-move"
    assert (await pool.call(ONE), await pool.lines_in_use()) == (before, lines)
    assert await pool.told() == []
