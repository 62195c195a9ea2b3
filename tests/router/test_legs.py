"""A carrier that begins only so many legs a second: it is never asked for more than it can ring, and nobody is lost."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest

from router.calls import CallState
from router.store.audit import audit
from router.store.types import Offer, PartnerRules
from tests.fixtures.router import RULES, Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

PAIRS = 24
TICK = 0.25  # seconds
PICKS_UP = 3.0  # seconds after the telephone rang


class Slow:
    """A carrier that makes one telephone ring a second, first asked for first, and rings none that is not wanted."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.asked: deque[Offer] = deque()
        self.ringing: list[tuple[int, Offer]] = []
        self.free_at = 0
        self.most = 0

    async def works(self) -> None:
        """What it does in this instant."""
        now = self.pool.clock.ms()
        while self.asked and not await self.wanted(self.asked[0]):
            self.asked.popleft()
        self.most = max(self.most, len(self.asked))
        if self.asked and now >= self.free_at:
            offer, self.free_at = self.asked.popleft(), now + 1000
            await self.pool.acd.ringing(offer.call, offer.token)
            self.ringing.append((now, offer))
        for since, offer in list(self.ringing):
            if now - since >= PICKS_UP * 1000:
                self.ringing.remove((since, offer))
                if await self.wanted(offer):
                    await self.pool.acd.answered(offer.call, offer.token)

    async def wanted(self, offer: Offer) -> bool:
        """Whether the offer stands."""
        call = await self.pool.call(offer.call)
        return call.state is CallState.OFFERED and call.token == offer.token


async def burst(pool: Pool) -> None:
    """So many callers and CSOs at once."""
    for number in range(PAIRS):
        await pool.waits(f"c{number:010}", carrier="twilio")
    for number in range(PAIRS):
        await pool.ready(f"cso{number}", carrier="twilio")


async def talking(pool: Pool) -> int:
    """How many are in conversation."""
    return sum(call.state is CallState.TALKING for call in (await pool.acd.snapshot()).calls)


async def test_a_burst_at_a_slow_carrier_is_connected_at_its_pace_in_the_order_of_arrival(pool: Pool) -> None:
    await pool.configure(lines=100, legs_per_second={"twilio": 1})
    await burst(pool)
    carrier, seconds, order = Slow(pool), 0.0, []
    while await talking(pool) < PAIRS:
        while offer := await pool.acd.offer_next():
            carrier.asked.append(offer)
            order.append(offer.call)
        await carrier.works()
        assert await audit(pool.acd._url, pool.acd.pool) == []
        assert seconds < PAIRS + 10, f"{await talking(pool)} of {PAIRS} talk"
        pool.later(TICK)
        seconds += TICK
        await pool.acd.sweep()
        for number in range(PAIRS):
            await pool.acd.heartbeat(f"cso{number}")
    assert order == sorted(order), "nobody was offered twice, and nobody was passed over"
    assert carrier.most <= 3, "what the carrier cannot begin soon waits in line"


async def test_another_carrier_is_not_slowed_down(pool: Pool) -> None:
    await pool.configure(lines=100, legs_per_second={"twilio": 0.1})
    for number in range(3):
        await pool.waits(f"c{number:010}", carrier="twilio")
        await pool.ready(f"cso{number}", carrier="twilio")
    assert (await pool.offered()).call == "c0000000000"
    assert await pool.acd.offer_next() is None, "the next leg begins in ten seconds"
    await pool.waits("c0000000010")
    await pool.ready("cso10")
    assert (await pool.offered()).call == "c0000000010"
    pool.later(8.1)
    assert (await pool.offered()).call == "c0000000001"


async def test_the_time_until_the_turn_comes_is_not_counted_by_the_deadline(pool: Pool) -> None:
    await pool.configure(legs_per_second={"twilio": 0.5})
    deadlines = []
    for number in range(2):
        await pool.waits(f"c{number:010}", carrier="twilio")
        await pool.ready(f"cso{number}", carrier="twilio")
    now = pool.clock.ms()
    for _ in range(2):
        deadlines.append((await pool.offered()).deadline - now)
    assert deadlines == [22_000, 24_000]


async def test_a_guest_a_transfer_and_a_called_back_caller_take_their_turns_too(pool: Pool) -> None:
    await pool.configure(legs_per_second={"twilio": 0.2})
    await pool.waits("c0000000001", carrier="twilio")
    for name in ("cso1", "cso2", "cso3"):
        await pool.ready(name, carrier="twilio")
    offer = await pool.offered()
    await pool.acd.answered(offer.call, offer.token)
    guest = await pool.acd.consult(offer.call, offer.token, cso="cso2", cmd="k1")
    now = pool.clock.ms()
    assert guest.deadline - now == 27_000
    moved = await pool.acd.transfer(offer.call, offer.token, cso="cso3", cmd="t1")
    assert moved.deadline - guest.deadline == 5_000

    pool.later(60)
    await pool.arrives("c0000000002", carrier="twilio")
    await pool.acd.call_back("c0000000002", number="+628110000002", queue="gangguan", cmd="b1")
    await pool.ready("cso4", carrier="twilio")
    back = await pool.offered()
    await pool.acd.answered(back.call, back.token)
    await pool.waits("c0000000003", carrier="twilio")
    await pool.ready("cso5", carrier="twilio")
    pool.later(3)
    assert await pool.acd.offer_next() is None, "two legs for the callback: the third begins seven seconds from now"
    pool.later(5.1)
    assert (await pool.offered()).call == "c0000000003"


async def test_nobody_is_taken_back_from_a_partner_for_a_cso_who_cannot_be_rung_soon(pool: Pool) -> None:
    rules = [replace(RULES[0], max_wait_ms=1, drain_after_ms=1_000)]
    partners = [PartnerRules("mitra", cap=9, addresses={"twilio": "sip:mitra@mitra.example"})]
    await pool.configure(queues=rules, partners=partners, legs_per_second={"twilio": 0.1})
    await pool.waits("c0000000001", carrier="twilio")
    pool.later(1)
    assert await pool.acd.overflow_next()
    pool.later(2)
    await pool.waits("c0000000002", carrier="twilio")
    for name in ("cso1", "cso2"):
        await pool.ready(name, "gangguan", carrier="twilio")
    assert (await pool.offered()).call == "c0000000002"
    assert await pool.acd.drain_next() is None
    pool.later(8.1)
    assert await pool.acd.drain_next() == ("c0000000001", "mitra")
