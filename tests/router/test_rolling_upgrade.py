"""A pool that the former release left: its hashes have none of the newer fields, and every verb still does its work.

The former release is that before callbacks, conversations, trunks and skills; what it wrote is said here once more.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from router.agents import CsoState
from router.calls import CallState, Outcome
from router.store import library
from router.store.audit import audit
from router.store.types import QueueRules
from router.store.wire import Wire
from tests.fixtures.router import PARTNERS, RULES, Pool, between

pytestmark = [pytest.mark.store, pytest.mark.anyio]

KEYS = (
    ":pool", ":queues", ":partners", ":lines", ":call:", ":flow:", ":waiting:", ":heads", ":due:", ":offers", ":at:",
    ":cso:", ":csos", ":serving:", ":ready:", ":wrapups", ":alive", ":telephones", ":cmd:", ":followers", ":journal",
)  # fmt: skip
FIELDS = {
    ":call:": {
        "state", "arrived", "number", "queue", "priority", "emergency", "score", "queued", "offered", "answered",
        "ended", "cso", "token", "last_token", "partner", "partner_answered", "outcome", "leg", "dialled", "menu",
        "admission", "carrier", "channel", "ani", "trunk", "region", "rings",
    },
    ":cso:": {
        "state", "since", "reason", "next", "next_reason", "call", "token", "free", "wrap_until", "silent", "endpoint",
        "carrier", "queues",
    },
    ":pool": {
        "epoch", "run", "starts", "level", "lines", "emergency_lines", "priority_step", "arrivals", "offers",
    },
    ":queues": {"name", "offer_ms", "wrap_up_ms", "max_wait_ms", "partners"},
    ":partners": {"name", "cap", "addresses", "ring_ms"},
}  # fmt: skip
NUMBER = "+628110000077"


async def as_the_former_release_left_it(pool: Pool) -> None:
    """Take away what it did not write."""
    wire, root = Wire(pool.acd._url), f"suar:{{{pool.acd.pool}}}"
    for key in await wire.call("KEYS", root + ":*"):
        suffix = key.removeprefix(root)
        kind = next((one for one in KEYS if suffix == one or (one.endswith(":") and suffix.startswith(one))), None)
        if kind is None:
            await wire.call("DEL", key)
        elif kind in FIELDS:
            flat = await wire.call("HGETALL", key)
            for name, value in zip(flat[::2], flat[1::2], strict=True):
                if kind in (":queues", ":partners"):
                    kept = {word: one for word, one in json.loads(value).items() if word in FIELDS[kind]}
                    await wire.call("HSET", key, name, json.dumps(kept))
                elif name not in FIELDS[kind]:
                    await wire.call("HDEL", key, name)
            if kind == ":cso:":  # no proficiencies
                queues = (await wire.call("HGET", key, "queues")).split()
                await wire.call("HSET", key, "queues", " ".join(word.partition(":")[0] for word in queues))
    wire.close()


@dataclass
class Former(Pool):
    """One call and one CSO in each state that the former release knew."""

    offer: str = ""
    talk: str = ""
    ringing_there: str = ""
    talking_there: str = ""


IVR, FIRST, SECOND, OFFERED, TALKING, RINGING, THERE, OVER = (f"c000000000{n}" for n in range(1, 9))


async def the_house_at_the_upgrade(pool: Pool) -> Former:
    """Calls and CSOs in every state, as the former release left them."""
    house = Former(pool.acd, pool.clock)
    await pool.arrives(IVR)
    for call in (RINGING, THERE):
        await pool.waits(call)
    pool.later(181)
    there, ringing = await pool.acd.overflow_next(), await pool.acd.overflow_next()
    assert there
    assert ringing
    await pool.acd.partner_answered(there.call, there.token)
    house.talking_there, house.ringing_there = f"{there.call} {there.token}", f"{ringing.call} {ringing.token}"
    wrapping = await pool.talks(OVER, "cso1")
    await pool.acd.ended(wrapping.call, by="caller")
    house.talk = (await pool.talks(TALKING, "cso2")).token
    await pool.ready("cso3")
    await pool.waits(OFFERED)
    house.offer = (await pool.offered()).token
    await pool.waits(FIRST)
    await pool.waits(SECOND)
    await pool.ready("cso4", "keluhan")
    await pool.acd.log_in("cso5", queues=["gangguan", "darurat"], endpoint="cso5", carrier="asterisk")
    await as_the_former_release_left_it(pool)
    return house


@pytest.fixture
async def former(pool: Pool) -> Former:
    """The house at the moment of the upgrade."""
    return await the_house_at_the_upgrade(pool)


Verb = Callable[[Former], Awaitable[object]]
VERBS: dict[str, Verb] = {
    "admit again": lambda p: p.arrives(IVR),
    "admit": lambda p: p.arrives("c0000000070"),
    "step": lambda p: p.acd.step(IVR, token="t1", flow="{}", answer="{}"),
    "locate": lambda p: p.acd.locate(IVR, "31.71"),
    "triaged": lambda p: p.acd.triaged(IVR),
    "enqueue": lambda p: p.enqueue(IVR),
    "enqueue elsewhere": lambda p: p.enqueue(FIRST, "keluhan"),
    "enqueue as an emergency": lambda p: p.enqueue(FIRST, "darurat", emergency=True),
    "enqueue what is offered": lambda p: p.enqueue(OFFERED, "darurat", emergency=True),
    "enqueue out of a conversation": lambda p: p.enqueue(TALKING, "keluhan"),
    "enqueue what rings at a partner": lambda p: p.enqueue(
        p.ringing_there.split()[0], "darurat", emergency=True
    ),
    "leave_queue": lambda p: p.acd.leave_queue(FIRST, cmd="k"),
    "place": lambda p: p.acd.place(FIRST),
    "outlook": lambda p: p.acd.outlook("gangguan"),
    "promise": lambda p: p.acd.promise(FIRST, low_ms=1, high_ms=2, cmd="k"),
    "mark_due": lambda p: p.acd.mark_due(FIRST),
    "adopt": lambda p: p.acd.adopt(
        IVR, carrier="asterisk", channel="x", ani="", trunk="jakarta", region="31", queue="gangguan",
        arrived=p.clock.ms(), priority=0, emergency=False,
    ),
    "call_back": lambda p: p.acd.call_back(FIRST, number=NUMBER, cmd="k"),
    "call_back later": lambda p: p.acd.call_back(FIRST, number=NUMBER, until=p.clock.ms() + 9_000, cmd="k"),
    "call_back out of the IVR": lambda p: p.acd.call_back(IVR, number=NUMBER, queue="gangguan", cmd="k"),
    "ringing": lambda p: p.acd.ringing(OFFERED, p.offer),
    "answered": lambda p: p.acd.answered(OFFERED, p.offer, leg="x"),
    "returned": lambda p: p.acd.returned(OFFERED, p.offer, reason="no-answer"),
    "hold": lambda p: p.acd.hold(TALKING, p.talk),
    "resume": lambda p: p.acd.resume(TALKING, p.talk),
    "consult": lambda p: p.acd.consult(TALKING, p.talk, cso="cso4", cmd="k"),
    "transfer": lambda p: p.acd.transfer(TALKING, p.talk, cso="cso4", cmd="k"),
    "hand_back": lambda p: p.acd.hand_back(*p.ringing_there.split(), reason="busy"),
    "partner_answered": lambda p: p.acd.partner_answered(*p.ringing_there.split()),
    "partner_left": lambda p: p.acd.partner_left(*p.talking_there.split(), talked_ms=60_000),
    "drain_next": lambda p: p.acd.drain_next(),
    "overflow_next": lambda p: p.acd.overflow_next(),
    "log in again": lambda p: p.acd.log_in("cso4", queues=["gangguan"], endpoint="cso4", carrier="asterisk"),
    "ask_state": lambda p: p.acd.ask_state("cso5", CsoState.READY),
    "ask for later": lambda p: p.acd.ask_state("cso2", CsoState.PAUSED),
    "extend_wrap_up": lambda p: p.acd.ask_state("cso1", CsoState.READY),
    "telephone": lambda p: p.acd.telephone("cso4", reachable=False),
    "force": lambda p: p.acd.force("cso4", CsoState.PAUSED, by="spv1", reason=""),
    "assign": lambda p: p.acd.assign("cso4", queues={"gangguan": 3}, by="spv1"),
    "assign skills": lambda p: p.acd.assign("cso4", skills={"en": 3}, by="spv1"),
    "log out": lambda p: p.acd.ask_state("cso4", CsoState.LOGGED_OUT),
    "offer_next": lambda p: p.acd.offer_next(),
    "snapshot": lambda p: p.acd.snapshot(),
    "gauges": lambda p: p.acd.gauges(),
    "sweep": lambda p: p.acd.sweep(),
    **{f"ended {call}": lambda p, call=call: p.acd.ended(call, by="caller") for call in (IVR, FIRST, OFFERED, TALKING)},  # type: ignore[misc]
    **{f"ended at a partner {call}": lambda p, call=call: p.acd.ended(call, by="caller") for call in (RINGING, THERE)},  # type: ignore[misc]
}  # fmt: skip
# Of a call that was there before: on its trunk it is not counted, and nobody takes it back from a partner for a CSO.
UNSEEN = ("trunk ", "at partners ring")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("configured", [False, True])
async def test_every_verb_works_on_what_the_former_release_wrote(former: Former, verb: str, configured: bool) -> None:
    """Before the new dispatcher has given its rules, and after; then the day goes on and nobody is left behind."""
    if configured:
        await former.configure()
    await VERBS[verb](former)
    await former.configure()
    found = [one for one in await audit(former.acd._url, former.acd.pool) if not one.what.startswith(UNSEEN)]
    assert found == []
    for _ in range(3):
        former.later(40)
        for cso in range(1, 6):
            await former.acd.heartbeat(f"cso{cso}")
        await former.acd.sweep()
    for call in (IVR, FIRST, SECOND, OFFERED, TALKING, RINGING, THERE, OVER):
        await former.acd.cancel(call, by="desk") if (await former.call(call)).virtual else None
        assert await former.acd.ended(call, by="caller") in set(Outcome)
    assert await former.lines_in_use() - {"c0000000070"} == set()


async def test_nobody_who_waited_before_is_missed_in_the_pace_of_the_line(former: Former) -> None:
    """Some leave before the new dispatcher is there, some after."""
    await former.acd.ended(FIRST, by="caller")
    await former.configure()
    assert (await former.acd.outlook("gangguan")).pace.line == 1
    await former.acd.ended(SECOND, by="caller")
    assert (await former.acd.outlook("gangguan")).pace.line == 0


async def test_who_was_at_work_before_counts_at_once(former: Former) -> None:
    await former.configure()
    assert (await former.acd.outlook("gangguan")).csos == 3, "ringing, talking, in wrap-up; not who is paused"
    assert (await former.acd.gauges()).working == 4, "and who is ready for another queue"


async def test_a_process_of_the_former_release_still_puts_callers_in_line_and_sets_the_level(former: Former) -> None:
    """Its commands are shorter: what is new stands at their end (router/store/library.py, BUILD)."""
    wire, root = Wire(former.acd._url), f"suar:{{{former.acd.pool}}}"
    now = former.clock.ms()
    await wire.call("FCALL", library.PREFIX + "enqueue", 1, root, now, "k", IVR, "gangguan", 0, 0)
    await wire.call("FCALL", library.PREFIX + "set_level", 1, root, now, 2, "uji", "spv1")
    wire.close()
    assert (await former.call(IVR)).state is CallState.WAITING
    assert (await former.acd.snapshot()).level == 2


async def test_a_shorter_wait_for_partners_does_not_strand_who_was_due_under_the_longer_one(pool: Pool) -> None:
    """Due by the rule that held when the caller came, though the new rule names a later time."""
    await pool.waits(FIRST)
    await as_the_former_release_left_it(pool)
    longer = [QueueRules(**{**vars(rule), "max_wait_ms": 900_000}) for rule in RULES if rule.partners]
    await pool.configure(queues=[*longer, *RULES[1:]])
    pool.later(181)
    handed = await pool.acd.overflow_next()
    assert handed
    assert handed.partner == PARTNERS[0].name


async def test_a_call_of_the_former_release_may_go_to_another_pool(former: Former) -> None:
    await former.configure(queues=between("timur"))
    departure = await former.acd.depart(FIRST, "timur")
    assert json.loads(departure.payload)["call"]["id"] == FIRST


async def test_who_waits_in_several_lines_is_found_in_all_of_them(pool: Pool) -> None:
    for call, queue in ((FIRST, "gangguan"), (SECOND, "keluhan"), (OFFERED, "permintaan")):
        await pool.waits(call, queue)
    await pool.acd.call_back(SECOND, number=NUMBER, cmd="b1")
    wire, root = Wire(pool.acd._url), f"suar:{{{pool.acd.pool}}}"
    await wire.call("DEL", *(root + ":lanes:" + rule.name for rule in RULES))
    await wire.call("DEL", *(root + ":pace:" + rule.name for rule in RULES))
    wire.close()
    await pool.configure()
    assert await audit(pool.acd._url, pool.acd.pool) == []
    assert (await pool.acd.outlook("keluhan")).pace.line == 1


async def test_a_process_of_the_former_release_may_give_its_rules(pool: Pool) -> None:
    """They are fewer; what it does not know of is as usual."""
    wire, root = Wire(pool.acd._url), f"suar:{{{pool.acd.pool}}}"
    rules = json.dumps([{"name": "gangguan", "offer_ms": 9000, "wrap_up_ms": 0, "max_wait_ms": 0, "partners": []}])
    await wire.call("FCALL", library.PREFIX + "configure", 1, root, pool.clock.ms(), rules, "[]", 10, 2, 60_000)
    wire.close()
    await pool.ready("cso1", "gangguan")
    await pool.waits(FIRST)
    assert (await pool.offered()).deadline == pool.clock.ms() + 5_000 + 9_000 + 2_000
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_process_of_the_former_release_may_give_its_partners(pool: Pool) -> None:
    """No pace, no breaker; who is dropped within five seconds comes back, and goes there again after five minutes."""
    wire, root = Wire(pool.acd._url), f"suar:{{{pool.acd.pool}}}"
    queue = {"name": "gangguan", "offer_ms": 9000, "wrap_up_ms": 0, "max_wait_ms": 1, "partners": ["mitra"]}
    mitra = {"name": "mitra", "cap": 9, "addresses": {"asterisk": "sip:x"}, "ring_ms": 20_000}
    rules = json.dumps([queue]), json.dumps([mitra])
    await wire.call("FCALL", library.PREFIX + "configure", 1, root, pool.clock.ms(), *rules, 10, 2, 60_000)
    wire.close()
    for number in range(6):
        await pool.waits(f"c000000000{number}")
    pool.later(1)
    handed = [await pool.acd.overflow_next() for _ in range(6)]
    for one in handed[1:]:
        assert one
        await pool.acd.hand_back(one.call, one.token, reason="busy")
    first = handed[0]
    assert first
    await pool.acd.partner_answered(first.call, first.token)
    pool.later(4.999)
    assert await pool.acd.partner_left(first.call, first.token) is None
    for seconds, goes in ((295, 0), (0.001, 5), (4.998, 0), (0.001, 1)):
        pool.later(seconds)
        gone = 0
        while await pool.acd.overflow_next():
            gone += 1
        assert gone == goes, "five minutes after each was failed"


async def test_what_a_partner_took_under_the_former_rules_counts_when_shares_come(pool: Pool) -> None:
    """One whole share for each call: the other one, with twice the share, has two before it is its turn again."""
    wire, root = Wire(pool.acd._url), f"suar:{{{pool.acd.pool}}}"
    queue = {"name": "gangguan", "offer_ms": 9000, "wrap_up_ms": 0, "max_wait_ms": 1, "partners": ["mitra"]}
    mitra = {"name": "mitra", "cap": 9, "addresses": {"asterisk": "sip:x"}, "ring_ms": 20_000}
    rules = json.dumps([queue]), json.dumps([mitra])
    await wire.call("FCALL", library.PREFIX + "configure", 1, root, pool.clock.ms(), *rules, 10, 2, 60_000)
    wire.close()
    for number in range(4):
        await pool.waits(f"c000000000{number}")
    pool.later(1)
    assert await pool.acd.overflow_next()
    both = [replace(PARTNERS[0], cap=9), replace(PARTNERS[1], cap=9, share=2.0)]
    by_share = replace(RULES[0], max_wait_ms=1, partners=("mitra", "cadangan"), by_share=True)
    await pool.configure(queues=[by_share], partners=both)
    went = [await pool.acd.overflow_next() for _ in range(3)]
    assert [one.partner for one in went if one] == ["cadangan", "cadangan", "mitra"]
