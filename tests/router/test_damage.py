"""An entry that contradicts what it speaks of is put right and told; everybody else is served meanwhile."""

from __future__ import annotations

import pytest

from config.operator import operator
from router.agents import CsoState
from router.calls import CallState
from router.dispatcher import Dispatcher
from router.events import Event
from router.store.audit import audit
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]
ONE, TWO, GHOST = "c0000000001", "c0000000002", "c0000000099"
MEMBER = f"000000000099:{GHOST}"
LANE = "gangguan@asterisk"


async def by_hand(pool: Pool, *command: object) -> None:
    """Somebody's hand, or a fault of ours, in the store."""
    verb, suffix, *rest = command
    await pool.acd._wire.call(str(verb), f"suar:{{{pool.acd.pool}}}{suffix}", *rest)


async def damages(pool: Pool) -> list[tuple[str, str]]:
    told = [entry for entry in await pool.told() if entry.event is Event.DAMAGE]
    return [(str(entry.data["where"]), str(entry.data["done"])) for entry in told]


IN_LINE = [
    pytest.param([("ZADD", f":waiting:{LANE}", 1, MEMBER), ("ZADD", ":heads", 1, LANE)], id="a call that is not there"),
    pytest.param([("ZADD", ":heads", 1, "darurat@asterisk")], id="a head without a line"),
    pytest.param([("ZADD", ":heads", 1, "darurat@asterisk"), ("ZADD", ":heads", 1, LANE)], id="two heads of one score"),
    pytest.param(
        [("ZADD", f":ready:{LANE}", 1, "ghost"), ("SADD", f":serving:{LANE}", "ghost"), ("SADD", ":csos", "ghost")],
        id="a CSO who is not there",
    ),
    pytest.param([("ZADD", f":ready:{LANE}", 1, "cso2"), ("HSET", ":cso:cso2", "state", "paused")], id="a paused CSO"),
]


@pytest.mark.parametrize("commands", IN_LINE)
async def test_matching_goes_on(pool: Pool, commands: list[tuple[object, ...]]) -> None:
    await pool.ready("cso1")
    await pool.acd.log_in("cso2", queues=["gangguan", "darurat"], endpoint="cso2", carrier="asterisk")
    await pool.waits(ONE)
    await pool.told()
    for command in commands:
        await by_hand(pool, *command)
    assert await audit(pool.acd._url, pool.acd.pool), "the doctor names it"
    offer = await pool.offered()
    assert (offer.call, offer.cso) == (ONE, "cso1")
    assert {done for _, done in await damages(pool)} <= {"removed", "mended"}
    assert await pool.acd.offer_next() is None
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_call_in_line_that_is_not_waiting_any_more(pool: Pool) -> None:
    await pool.talks(ONE)
    await pool.waits(TWO)
    await by_hand(pool, "ZADD", f":waiting:{LANE}", 1, f"000000000001:{ONE}")
    await by_hand(pool, "ZADD", ":heads", 1, LANE)
    await by_hand(pool, "HINCRBY", ":pace:gangguan", "line", 1)
    await pool.ready("cso2")
    assert (await pool.offered()).call == TWO
    assert (await pool.call(ONE)).state is CallState.TALKING
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_call_in_the_wrong_lane_is_put_into_its_own(pool: Pool) -> None:
    await pool.waits(ONE, "keluhan")
    for command, *rest in (
        ("ZREM", ":waiting:keluhan@asterisk", f"000000000001:{ONE}"),
        ("ZREM", ":heads", "keluhan@asterisk"),
    ):
        await by_hand(pool, command, *rest)
    await by_hand(pool, "ZADD", f":waiting:{LANE}", 1, f"000000000001:{ONE}")
    await by_hand(pool, "ZADD", ":heads", 1, LANE)
    await by_hand(pool, "SADD", ":lanes:gangguan", LANE)
    await pool.ready("cso1", "gangguan")
    assert await pool.acd.offer_next() is None
    await pool.ready("cso2", "keluhan")
    offer = await pool.offered()
    assert (offer.call, offer.cso) == (ONE, "cso2")


EXPIRED = [
    (":offers", GHOST), (":guests", GHOST), (":scheduled", GHOST), (":lines", GHOST), (":wrapups", "ghost"),
    (":alive", "ghost"),
]  # fmt: skip


@pytest.mark.parametrize(("index", "ghost"), EXPIRED, ids=[name for name, _ in EXPIRED])
async def test_releases_go_on(pool: Pool, index: str, ghost: str) -> None:
    await pool.ready("cso1")
    await pool.waits(ONE)
    await pool.offered()
    await by_hand(pool, "ZADD", index, 1, ghost)
    await by_hand(pool, "SADD", ":trunk:jakarta", *([GHOST] if index == ":lines" else [ONE]))
    await pool.configure()
    await pool.told()
    pool.later(25)
    await pool.acd.heartbeat("cso1")
    assert await audit(pool.acd._url, pool.acd.pool), "the doctor names it"
    await pool.acd.sweep()
    assert (await pool.call(ONE)).state is CallState.WAITING
    assert await damages(pool) == [(index, "removed")]
    await by_hand(pool, "SREM", ":trunk:jakarta", GHOST)
    assert await audit(pool.acd._url, pool.acd.pool) == []


@pytest.mark.parametrize(
    ("index", "name"),
    [(":offers", ONE), (":guests", ONE), (":scheduled", ONE), (":wrapups", "cso1"), (":alive", "cso9")],
)
async def test_what_has_nothing_to_expire_is_dropped_from_the_list(pool: Pool, index: str, name: str) -> None:
    await pool.talks(ONE)
    await pool.ready("cso9")
    await pool.acd.ask_state("cso9", CsoState.LOGGED_OUT)
    await by_hand(pool, "ZADD", index, 1, name)
    await pool.told()
    await pool.acd.sweep()
    assert await damages(pool) == [(index, "removed")]
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_ringing_call_whose_cso_is_gone_waits_again(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits(ONE)
    await pool.offered()
    await by_hand(pool, "DEL", ":cso:cso1")
    pool.later(60)
    await pool.acd.sweep()
    await pool.acd.sweep()
    assert (await pool.call(ONE)).state is CallState.WAITING
    assert [done for _, done in await damages(pool)] == ["mended", "removed"]
    assert await audit(pool.acd._url, pool.acd.pool) == []
    await pool.ready("cso2")
    assert (await pool.offered()).cso == "cso2"


async def test_a_callback_being_dialled_whose_cso_is_gone_has_its_turn_again(pool: Pool) -> None:
    await pool.waits(ONE)
    await pool.acd.call_back(ONE, number="+6281100000001", cmd="cb")
    await pool.ready("cso1")
    offer = await pool.offered()
    await pool.acd.answered(ONE, offer.token, leg="leg")
    await by_hand(pool, "DEL", ":cso:cso1")
    pool.later(60)
    for _ in range(3):
        await pool.acd.sweep()
    assert (await pool.call(ONE)).state is CallState.WAITING
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_conversation_whose_cso_is_gone_can_end(pool: Pool) -> None:
    offer = await pool.talks(ONE)
    await by_hand(pool, "DEL", ":cso:cso1")
    await pool.acd.ended(ONE, by="caller")
    assert (await pool.call(ONE)).state is CallState.ENDED, offer


async def test_a_conversation_whose_guest_is_gone_goes_on_and_can_end(pool: Pool) -> None:
    offer = await pool.talks(ONE)
    await pool.ready("cso2")
    await pool.acd.consult(ONE, offer.token, cso="cso2", cmd="consult")
    await by_hand(pool, "DEL", ":cso:cso2")
    pool.later(25)
    await pool.acd.sweep()
    assert (await pool.call(ONE)).guest == ""
    await pool.acd.ended(ONE, by="caller")
    pool.later(60)
    await pool.acd.sweep()
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_what_nobody_understands_is_looked_at_again_in_a_minute(pool: Pool) -> None:
    """The rules of the partner cannot be read: the caller there waits for them, the others are released."""
    await pool.waits(ONE)
    pool.later(200)
    assert await pool.acd.overflow_next() is not None
    await pool.ready("cso1")
    await pool.waits(TWO)
    await pool.offered()
    await by_hand(pool, "HSET", ":partners", "mitra", "{")
    await pool.told()
    pool.later(40)
    await pool.acd.sweep()
    assert [(await pool.call(call)).state for call in (ONE, TWO)] == [CallState.PARTNER, CallState.WAITING]
    assert await damages(pool) == [(":offers", "later")]
    await pool.acd.sweep()
    assert await damages(pool) == []
    await pool.configure()
    pool.later(61)
    await pool.acd.sweep()
    assert (await pool.call(ONE)).state is CallState.WAITING


@pytest.mark.parametrize(
    "command",
    [
        ("ZADD", f":due:{LANE}", 1, GHOST),
        ("ZADD", ":leaving", 1, MEMBER),
        ("ZADD", ":leaving", 1, f"000000000001:{ONE}"),
    ],
    ids=["due", "leaving", "leaving, but in line"],
)
async def test_overflow_goes_on(pool: Pool, command: tuple[object, ...]) -> None:
    await pool.waits(ONE)
    await by_hand(pool, *command)
    pool.later(200)
    await pool.acd.renew([ONE])
    assert await audit(pool.acd._url, pool.acd.pool)
    assert await pool.acd.drain_next() is None
    handed = await pool.acd.overflow_next()
    assert handed is not None
    assert handed.call == ONE
    assert len(await damages(pool)) == 1
    assert await audit(pool.acd._url, pool.acd.pool) == []


async def test_a_refused_number_without_its_call_keeps_no_other_from_being_called(pool: Pool) -> None:
    await pool.configure(lines=0)
    await pool.arrives(ONE, ani="+6281100000001")
    await pool.configure()
    await by_hand(pool, "ZADD", ":refused", 1, "+6281100000099")
    recalled = [await pool.acd.recall_next("gangguan", priority=0) for _ in range(2)]
    assert recalled[0] == f"{ONE}r"
    assert await pool.acd.refused() == []


async def test_the_dispatcher_serves_the_other_queue(pool: Pool) -> None:
    """One pair that cannot be matched, and a CSO in the list of all who is not there."""
    await pool.ready("cso1", "gangguan")
    await pool.ready("cso2", "keluhan")
    await pool.waits(ONE, "gangguan")
    await pool.waits(TWO, "keluhan")
    await by_hand(pool, "HSET", ":cso:cso1", "state", "paused")
    await by_hand(pool, "SADD", ":csos", "ghost")
    await Dispatcher(pool.acd, operator()).turn()
    assert (await pool.call(TWO)).state is CallState.OFFERED
