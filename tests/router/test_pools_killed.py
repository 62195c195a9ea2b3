"""A mover that dies at any of its commands, or whose replies are lost: the next one ends the move, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from config.errors import Refused
from router.calls import CallState, Outcome
from router.events import Event
from router.store.acd import Acd
from tests.fixtures.router import Pool, TwoPools
from tests.fixtures.store_proxy import LossyProxy
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]
CALL = "c0000000001"


class Killed(BaseException):
    """The process ended here."""


class Mortal:
    """Counts the commands of both pools and kills whoever asks the one with this number, before or after it."""

    def __init__(self, at: int, when: str) -> None:
        self.at, self.when, self.asked = at, when, 0

    def guard(self, acd: Acd, monkeypatch: pytest.MonkeyPatch) -> None:
        real = acd._do

        async def ask(verb: str, *args: Any) -> Any:
            self.asked += 1
            if self.asked == self.at:
                self.due()
            reply = await real(verb, *args)
            if self.asked == self.at and self.when == "after":
                raise Killed
            return reply

        monkeypatch.setattr(acd, "_do", ask)

    def due(self) -> None:
        """Just before that command."""
        if self.when == "before":
            raise Killed


async def killed_at(two: TwoPools, monkeypatch: pytest.MonkeyPatch, at: int, when: str, step: Callable[[], Any]) -> int:
    """Run a step whose process dies at a command; answers how many commands it had asked."""
    mortal = Mortal(at, when)
    with monkeypatch.context() as patch:
        for pool in (two.west, two.east):
            mortal.guard(pool.acd, patch)
        with contextlib.suppress(Killed):
            await step()
    return mortal.asked


SITUATIONS = ["taken", "full", "hung-up", "emergency"]


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_every_point(two: TwoPools, monkeypatch: pytest.MonkeyPatch, situation: str, when: str) -> None:
    """The mover dies at each of its commands; the next one finds the call `moving` and ends the move."""
    if situation == "full":
        await two.east.configure(lines=2)
    for at in range(1, 12):
        call = await two.west.waits(f"c00000001{at:02}")
        score = (await two.west.call(call)).score

        async def moving(call: str = call) -> None:
            departure = await two.west.acd.depart(call, two.east.acd.pool)
            if situation == "hung-up":
                await Acd.ended(two.west.acd, call, by="caller")
            if situation == "emergency":
                await two.west.acd.enqueue(call, queue="darurat", emergency=True, cmd=f"e{call}")
            await two.mover().finish(departure)

        asked = await killed_at(two, monkeypatch, at, when, moving)
        await two.in_order()
        two.later(3)
        await two.mover().turn()
        two.later(3)
        assert await two.mover().turn() == 0, "nothing is left to move"
        await two.in_order()
        state = await two.west.call(call)
        if state.outcome == Outcome.ABANDONED:
            there = await two.east.acd.call(call)
            assert there is None or there.state is CallState.ENDED
        else:
            where, known = await two.place_of(call)
            assert known.state is CallState.WAITING
            assert known.score in (score, score - 4e15)
            if situation == "full":
                assert where == "west"
            await (two.east if where == "east" else two.west).acd.ended(call, by="caller")
        if asked < at:
            break
    else:
        pytest.fail("a move has more commands than were killed")
    for pool in (two.west, two.east):
        told = await pool.told()
        received = [entry.call for entry in told if entry.event is Event.CALL_RECEIVED]
        ended = [entry.call for entry in told if entry.event is Event.CALL_ENDED]
        assert len(received) == len(set(received))
        assert len(ended) == len(set(ended))
        assert await pool.lines_in_use() == set()


class Losing(Mortal):
    """Counts the commands of both pools; the reply to the one with this number is lost."""

    def __init__(self, proxy: LossyProxy, at: int) -> None:
        super().__init__(at, "")
        self.proxy = proxy

    def due(self) -> None:
        self.proxy.lose_next()


async def test_every_reply_lost_once(two: TwoPools, lossy: LossyProxy) -> None:
    """Executed, reply lost, asked again by the connection: it moves once."""
    far = TwoPools(*(Pool(Acd(lossy.url, pool.acd.pool, clock=two.west.clock, timeout=PATIENT), two.west.clock)
                     for pool in (two.west, two.east)))  # fmt: skip
    for pool in (far.west, far.east):
        await pool.acd.boot()
    for at in range(1, 5):
        call = await two.west.waits(f"c00000002{at:02}")
        losing = Losing(lossy, at)
        with pytest.MonkeyPatch.context() as patch:
            for pool in (far.west, far.east):
                losing.guard(pool.acd, patch)
            assert await far.mover().move(call, far.east.acd.pool)
        assert lossy.lost == at
        assert (await two.place_of(call))[0] == "east"
    received = [entry.call for entry in await two.east.told() if entry.event is Event.CALL_RECEIVED]
    assert len(received) == len(set(received)) == 4
    await asyncio.gather(far.west.acd.close(), far.east.acd.close())


async def test_two_movers_at_once(two: TwoPools) -> None:
    await two.west.waits(CALL)
    departure = await two.west.acd.depart(CALL, two.east.acd.pool)
    results = await asyncio.gather(*(two.mover().finish(departure) for _ in range(4)))
    assert results == [True] * 4
    assert (await two.place_of(CALL))[0] == "east"


async def test_who_hangs_up_on_the_way_is_not_offered_to_anybody_for_long(two: TwoPools) -> None:
    await two.east.ready("cso1")
    await two.west.waits(CALL)
    departure = await two.west.acd.depart(CALL, two.east.acd.pool)
    await two.east.acd.receive(two.west.acd.pool, departure.token, departure.payload)
    offer = await two.east.offered()
    assert await two.west.acd.ended(CALL, by="caller") is Outcome.ABANDONED
    two.later(3)
    await two.mover().turn()
    assert (await two.east.call(CALL)).state is CallState.ENDED
    assert (await two.east.cso(offer.cso)).call == ""


async def test_a_hung_up_call_that_waits_for_its_mover_is_kept(two: TwoPools) -> None:
    """The other pool may be away for longer than an ended call is kept."""
    await two.west.waits(CALL)
    await two.west.acd.depart(CALL, two.east.acd.pool)
    await two.west.acd.ended(CALL, by="caller")
    key = f"suar:{{{two.west.acd.pool}}}:call:{CALL}"
    assert await two.west.acd._wire.call("TTL", key) == -1
    two.later(3)
    await two.mover().turn()
    assert 0 < await two.west.acd._wire.call("TTL", key) <= 1800


async def test_a_no_that_is_older_than_anothers_yes(two: TwoPools, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mover heard that the lines were full; before it says so, a line was free and another mover used it."""
    await two.west.waits(CALL)
    departure = await two.west.acd.depart(CALL, two.east.acd.pool)
    mover = two.mover()
    real = two.east.acd.receive

    async def answered_a_while_ago(*args: str) -> None:
        await real(*args)  # the other mover
        raise Refused("no", slug="lines-full")

    with monkeypatch.context() as patch:
        patch.setattr(two.east.acd, "receive", answered_a_while_ago)
        assert await mover.finish(departure)
    assert (await two.place_of(CALL))[0] == "east"
    await two.in_order()
