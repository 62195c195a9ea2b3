"""A call moves between two pools: in one of them, once, with its score, whatever dies in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from config.database import Database
from config.errors import NotFound, Problem
from config.operator import operator
from config.schema.queues import Overflow
from router.calls import CallState, Outcome
from router.dispatcher import Dispatcher
from router.events import Event
from router.history import repository
from router.history.follower import Follower
from router.store.types import Departure
from tests.fixtures.router import TwoPools, between

pytestmark = [pytest.mark.store, pytest.mark.anyio]
CALL = "c0000000001"


async def test_a_call_moves_with_all_that_is_known_of_it(two: TwoPools) -> None:
    await two.west.waits(CALL, priority=2, skills={"en": 3})
    await two.west.acd.step(CALL, token="t1", flow='{"node": "wait"}', answer='{"wait": 1}')
    before = await two.west.call(CALL)
    await two.east.waits("c0000000002")
    assert await two.mover().move(CALL, two.east.acd.pool)
    where, after = await two.place_of(CALL)
    assert where == "east"
    kept = ("score", "arrived", "queued", "priority", "skills", "queue", "ani", "trunk", "channel", "menu")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert (after.flow, after.step, after.answer) == ('{"node": "wait"}', "t1", '{"wait": 1}')
    left = await two.west.call(CALL)
    assert (left.outcome, left.moved_to) == (Outcome.MOVED, two.east.acd.pool)
    assert (await two.west.lines_in_use(), await two.east.lines_in_use()) == (set(), {CALL, "c0000000002"})
    await two.east.ready("cso1", skills={"en": 5})
    assert (await two.east.offered()).call == CALL, "it arrived first and is first in the new line too"


async def test_what_is_told(two: TwoPools, db: Database) -> None:
    await two.west.waits(CALL)
    await two.mover().move(CALL, two.east.acd.pool)
    assert (await two.west.events())[-2:] == [Event.CALL_DEPARTED, Event.CALL_ENDED]
    (received,) = [entry for entry in await two.east.told() if entry.call == CALL]
    assert received.event is Event.CALL_RECEIVED
    assert (received.data["pool"], received.data["channel"]) == (two.west.acd.pool, f"PJSIP/{CALL}")
    for pool in (two.west, two.east):
        await Follower(pool.acd, db).once()
    with db.reading() as session:
        left = repository.events(session, two.west.acd.pool, CALL)
        assert left[-1].data["outcome"] == "moved"
        record = repository.record(session, CALL)
        assert record is not None
        assert (record.pool, record.outcome, record.ani) == (two.east.acd.pool, "", "+628110000001")
        assert record.queued_at is not None


async def test_callers_go_where_a_cso_is_free_before_partners_get_them(two: TwoPools) -> None:
    for number in range(3):
        await two.west.waits(f"c000000000{number}")
    await two.east.ready("cso1")
    await two.east.ready("cso2", "keluhan")
    mover = two.mover()
    assert await mover.turn() == 0, "nobody has waited long enough"
    two.later(180)
    assert await mover.turn() == 1, "one CSO is free there"
    assert (await two.place_of("c0000000000"))[0] == "east"
    assert (await two.east.offered()).call == "c0000000000"
    assert await mover.turn() == 0
    given = await two.west.acd.overflow_next()
    assert given is not None
    assert given.call == "c0000000001", "with no CSO free anywhere a partner has the next one"


async def test_every_rule_of_overflow_counts_for_pools(two: TwoPools) -> None:
    """Without partners too, and without a wait: the level is enough, or the estimate that a caller was told."""
    rules = [
        replace(rule, max_wait_ms=0, partners=(), over_level=2, over_estimate_ms=60_000)
        for rule in between(two.east.acd.pool)
    ]
    await two.west.configure(queues=rules)
    for number in range(3):
        await two.west.waits(f"c000000000{number}")
    for cso in ("cso1", "cso2"):
        await two.east.ready(cso)
    mover = two.mover()
    two.later(600)
    assert await mover.turn() == 0, "no rule speaks of them yet"
    await two.west.acd.mark_due("c0000000001", estimate_ms=61_000)
    assert await mover.turn() == 1
    assert (await two.place_of("c0000000001"))[0] == "east"
    await two.west.acd.set_level(2, reason="test", by="spv1")
    assert await mover.turn() == 1, "one more CSO is free there"
    assert (await two.place_of("c0000000000"))[0] == "east", "the first in line goes"


async def test_who_is_served_here_stays_here(two: TwoPools) -> None:
    await two.west.waits(CALL)
    two.later(180)
    await two.west.ready("cso1")
    await two.east.ready("cso2")
    assert await two.mover().turn() == 0


async def test_nobody_is_sent_to_and_fro(two: TwoPools) -> None:
    await two.west.waits(CALL)
    two.later(180)
    await two.east.ready("cso1")
    assert await two.mover().turn() == 1
    assert await two.east.acd.depart_next(two.west.acd.pool, "gangguan@asterisk") is None, "a CSO is free there"
    await two.east.offered()
    await two.east.acd.returned(CALL, (await two.east.call(CALL)).token, reason="no-answer")
    assert await two.east.acd.depart_next(two.west.acd.pool, "gangguan@asterisk") is None, "it was moved before"


async def test_an_emergency_stays(two: TwoPools) -> None:
    await two.west.waits(CALL, "darurat", emergency=True)
    with pytest.raises(Problem) as told:
        await two.mover().move(CALL, two.east.acd.pool)
    assert told.value.slug == "emergency-stays"
    two.later(600)
    await two.east.ready("cso1")
    assert await two.mover().turn() == 0
    assert (await two.place_of(CALL))[1].state is CallState.WAITING


async def test_the_emergency_key_on_the_way(two: TwoPools) -> None:
    """Whenever it is pressed, the pool that has the call in the end knows it as an emergency."""
    for number, pressed_after_arrival in enumerate((False, True)):
        call = await two.west.waits(f"c000000001{number}")
        departure = await two.west.acd.depart(call, two.east.acd.pool)
        if pressed_after_arrival:
            await two.east.acd.receive(two.west.acd.pool, departure.token, departure.payload)
        await two.west.enqueue(call, "darurat", emergency=True)
        two.later(3)
        assert await two.mover().turn() == 1
        where, known = await two.place_of(call)
        assert (where, known.queue, known.emergency) == ("east", "darurat", True)


async def test_a_pool_without_a_line_does_not_take_it(two: TwoPools) -> None:
    await two.west.waits(CALL)
    score = (await two.west.call(CALL)).score
    await two.east.configure(lines=3)
    await two.east.arrives("c0000000009")
    assert not await two.mover().move(CALL, two.east.acd.pool)
    where, known = await two.place_of(CALL)
    assert (where, known.state, known.score) == ("west", CallState.WAITING, score)
    (stayed,) = [entry for entry in await two.west.told() if entry.event is Event.CALL_STAYED]
    assert stayed.data["reason"] == "lines-full"
    await two.west.ready("cso1")
    assert (await two.west.offered()).call == CALL


async def test_a_callback_moves_with_its_number(two: TwoPools, sqlite_db: Database) -> None:
    number = "+628110000099"
    await two.west.waits(CALL)
    await two.west.acd.call_back(CALL, number=number, cmd="b")
    score = (await two.west.call(CALL)).score
    departure = await two.west.acd.depart(CALL, two.east.acd.pool)
    assert await two.west.acd.ended(CALL, by="caller") is None, "the end of the old channel ends no callback"
    await two.in_order()
    assert await two.mover().finish(departure)
    await two.in_order()
    where, known = await two.place_of(CALL)
    assert (where, known.virtual, known.dial, known.score) == ("east", True, number, score)
    await Follower(two.east.acd, sqlite_db).once()
    with sqlite_db.reading() as session:
        record = repository.record(session, CALL)
        assert record is not None
        assert (record.callback, record.callback_number) == (True, number)
    await two.east.ready("cso1")
    assert (await two.east.offered()).call == CALL


async def test_a_callback_that_is_taken_back_on_the_way(two: TwoPools) -> None:
    await two.west.waits(CALL)
    await two.west.acd.call_back(CALL, number="+628110000099", cmd="b")
    departure = await two.west.acd.depart(CALL, two.east.acd.pool)
    await two.east.acd.receive(two.west.acd.pool, departure.token, departure.payload)
    assert await two.west.acd.ended(CALL, by="desk", outcome=Outcome.CANCELLED) is not None
    two.later(3)
    await two.mover().turn()
    assert (await two.east.call(CALL)).state is CallState.ENDED
    await two.in_order()


async def test_it_keeps_its_line_until_the_other_pool_has_it(two: TwoPools) -> None:
    await two.west.waits(CALL)
    departure = await two.west.acd.depart(CALL, two.east.acd.pool)
    assert await two.west.lines_in_use() == {CALL}
    assert await two.west.acd.offer_next() is None
    await two.west.ready("cso1")
    assert await two.west.acd.offer_next() is None, "who is on the way is offered nobody here"
    await two.east.acd.receive(two.west.acd.pool, departure.token, departure.payload)
    assert (await two.west.lines_in_use(), await two.east.lines_in_use()) == ({CALL}, {CALL})
    await two.west.acd.departed(CALL, departure.token, emergency=False)
    assert (await two.west.lines_in_use(), await two.east.lines_in_use()) == (set(), {CALL})


async def test_the_dispatcher_sends_callers_to_another_pool_before_a_partner(two: TwoPools) -> None:
    files = operator()
    overflow = Overflow(max_wait=180, pools=[two.east.acd.pool], partners=["mitra"])
    gangguan = files.queues.queues["gangguan"].model_copy(update={"overflow": overflow})
    queues = files.queues.model_copy(update={"queues": {**files.queues.queues, "gangguan": gangguan}})
    dispatcher = Dispatcher(two.west.acd, replace(files, queues=queues))
    await dispatcher.turn()
    for number in range(2):
        await two.west.waits(f"c000000000{number}")
    await two.east.ready("cso1")
    two.later(181)
    await two.west.acd.renew([f"c000000000{number}" for number in range(2)])
    await dispatcher.turn()
    assert (await two.place_of("c0000000000"))[0] == "east"
    assert (await two.west.call("c0000000001")).partner == "mitra", "nobody else is free there"


# --- wrong questions


async def test_wrong_questions_change_nothing(two: TwoPools) -> None:
    await two.west.waits(CALL)
    await two.west.waits("c0000000002")
    await two.west.acd.ended("c0000000002", by="caller")
    await two.west.arrives("c0000000003")
    departure = await two.west.acd.depart(await two.west.waits("c0000000004"), two.east.acd.pool)
    await two.east.acd.receive(two.west.acd.pool, departure.token, departure.payload)
    west, east, mover = two.west.acd, two.east.acd, two.mover()
    questions: list[tuple[str, Callable[[], Any]]] = [
        ("unknown-pool", lambda: mover.move(CALL, "utara")),
        ("unknown-pool", lambda: west.depart(CALL, "utara")),
        ("unknown-pool", lambda: west.depart(CALL, west.pool)),
        ("unknown-call", lambda: west.depart("c0000000009", east.pool)),
        ("illegal-move", lambda: west.depart("c0000000002", east.pool)),
        ("illegal-move", lambda: west.depart("c0000000003", east.pool)),
        ("already-here", lambda: east.receive(west.pool, "another-token", departure.payload)),
        ("stale-token", lambda: west.departed("c0000000004", "another-token", emergency=False)),
        ("stale-token", lambda: west.stay("c0000000004", "another-token", reason="x")),
        ("stale-token", lambda: west.stay(CALL, "", reason="x")),
        ("unknown-call", lambda: west.departed("c0000000009", "t", emergency=False)),
    ]
    before = await west.snapshot(), await east.snapshot()
    for slug, ask in questions:
        with pytest.raises(Problem) as told:
            await ask()
        assert told.value.slug == slug
    assert (await west.snapshot(), await east.snapshot()) == before


async def test_what_was_refused_is_never_taken_under_that_token(two: TwoPools) -> None:
    await two.west.waits(CALL)
    departure = await two.west.acd.depart(CALL, two.east.acd.pool)
    assert await two.east.acd.refuse(CALL, departure.token)
    with pytest.raises(Problem) as told:
        await two.east.acd.receive(two.west.acd.pool, departure.token, departure.payload)
    assert told.value.slug == "move-refused"
    assert await two.east.acd.call(CALL) is None
    assert not await two.mover().finish(departure)
    assert (await two.place_of(CALL))[0] == "west"
    again = await two.west.acd.depart(CALL, two.east.acd.pool)
    assert again.token != departure.token
    assert await two.mover().finish(again)
    assert not await two.east.acd.refuse(CALL, again.token), "what was taken cannot be refused"


async def test_there_and_back_again(two: TwoPools) -> None:
    await two.west.waits(CALL)
    score = (await two.west.call(CALL)).score
    await two.mover().move(CALL, two.east.acd.pool)
    back = await two.east.acd.depart(CALL, two.west.acd.pool)
    await two.west.acd.receive(two.east.acd.pool, back.token, back.payload)
    await two.east.acd.departed(CALL, back.token, emergency=False)
    where, known = await two.place_of(CALL)
    assert (where, known.score, known.state) == ("west", score, CallState.WAITING)


async def test_where_a_moved_call_is_found(two: TwoPools) -> None:
    await two.west.waits(CALL)
    await two.mover().move(CALL, two.east.acd.pool)
    pools = two.pools
    acd, known = await pools.find(CALL)
    assert known is not None
    assert (acd.pool, known.state) == (two.east.acd.pool, CallState.WAITING)
    await two.west.acd._wire.call("DEL", f"suar:{{{two.west.acd.pool}}}:call:{CALL}")
    assert (await pools.find(CALL))[0].pool == two.east.acd.pool, "half an hour later it is still found"
    assert await pools.find("c0000000009") == (two.west.acd, None)
    with pytest.raises(NotFound):
        pools["utara"]


async def test_a_departure_can_be_asked_for_again(two: TwoPools) -> None:
    await two.west.waits(CALL)
    first = await two.west.acd.depart(CALL, two.east.acd.pool)
    again = await two.west.acd.depart(CALL, two.east.acd.pool)
    assert (again.token, json.loads(again.payload)) == (first.token, json.loads(first.payload))
    assert isinstance(first, Departure)
    assert [entry.event for entry in await two.west.told()].count(Event.CALL_DEPARTED) == 1


async def test_whom_we_dialled_takes_no_line_of_a_trunk_in_the_other_pool_either(two: TwoPools) -> None:
    await two.west.waits("c0000000001")
    await two.west.acd.call_back("c0000000001", number="+628110000099", cmd="b1")
    await two.west.ready("cso1")
    offer = await two.west.offered()
    await two.west.acd.answered("c0000000001", offer.token)
    await two.west.acd.reached("c0000000001", offer.token, channel="x")
    await two.west.enqueue("c0000000001", "keluhan")
    assert await two.mover().move("c0000000001", two.east.acd.pool)
    await two.in_order()
