"""How long it will take, what is told of it, and what becomes of what was told."""

from __future__ import annotations

import random

import pytest

from config.errors import NotFound, Refused
from router.agents import CsoState
from router.estimate import Estimate, Promise, estimate, minutes, next_promise
from router.events import Event
from router.pace import Pace
from router.store.types import Outlook, QueueRules
from tests.fixtures.router import Pool
from tests.router.model_wait import PaceOfJournal

pytestmark = [pytest.mark.store, pytest.mark.anyio]

STEADY = Pace(handled=100, busy=200.0, spread=200.0**2, ring=5.0)
MINUTE = 60_000


def stands(ahead: float, csos: int, **extra: object) -> Outlook:
    given: dict[str, object] = {"ready": 0, "wrapping": 0, "now": 0, "pace": STEADY, **extra}
    return Outlook(place=int(ahead) + 1, serving=csos, csos=csos, ahead=ahead, **given)  # type: ignore[arg-type]


def mean(ahead: float, csos: int, **extra: object) -> float:
    found = estimate(stands(ahead, csos, **extra))
    assert found is not None
    return found.mean


# --- the formula


def test_without_abandonment_it_is_departures_times_their_distance() -> None:
    usual = (100 * 200.0 + 4 * 194.0) / 104  # four calls of the usual length stand in for what was not measured
    assert mean(9, 20) == pytest.approx(10 * usual / 20 + 5)


def test_who_gives_up_ahead_makes_it_shorter() -> None:
    leaving = Pace(handled=100, busy=200.0, spread=200.0**2, ring=5.0, waited=10_000.0, lost=20.0)
    rate, theta = 20 / ((100 * 200.0 + 4 * 194.0) / 104), 20 / 10_000
    assert mean(9, 20, pace=leaving) == pytest.approx(sum(1 / (rate + j * theta) for j in range(10)) + 5)


def test_nobody_at_work_is_not_a_number() -> None:
    assert estimate(stands(3, 0)) is None


def test_one_who_is_free_answers_at_once() -> None:
    assert mean(0, 20, ready=1) == 5.0
    assert mean(5, 20, ready=3) == pytest.approx(mean(2, 20))


def test_many_in_wrap_up_are_free_soon() -> None:
    pace = Pace(handled=100, busy=200.0, spread=200.0**2, ring=5.0, wrap=30.0)
    usual = mean(9, 20, pace=pace, wrapping=3)
    assert mean(9, 20, pace=pace, wrapping=8) < usual - 30 < mean(9, 20, pace=pace, wrapping=0) - 30


def test_the_range_is_wider_for_who_waits_longer_and_when_little_is_known() -> None:
    near, far = estimate(stands(2, 20)), estimate(stands(100, 20))
    unknown = estimate(stands(100, 20, pace=Pace()))
    assert near
    assert far
    assert unknown
    assert near.low < near.mean < near.high
    assert near.high - near.low < far.high - far.low < unknown.high - unknown.low


# --- what is told


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0, 40, (0, 1)),  # less than a minute
        (10, 130, (0, 3)),
        (125, 230, (2, 4)),
        (120, 240, (2, 4)),
        (1190, 1500, (19, 25)),
        (1200, 1500, (20, None)),  # more than twenty minutes
        (1000, 9000, (16, None)),
        (0, 9000, (None, None)),  # nothing that would help
    ],
)
def test_a_range_is_rounded_outwards(low: float, high: float, told: tuple[int | None, int | None]) -> None:
    assert minutes(low, high) == told


def test_the_first_thing_told_is_a_promise() -> None:
    told = next_promise(None, Estimate(170, 100, 230), now=0)
    assert (told.low, told.high, told.new, told.broken) == (1, 4, True, False)
    assert told.promise == Promise(earliest=MINUTE, until=4 * MINUTE)


def test_a_promise_that_can_be_kept_counts_down_and_never_grows() -> None:
    promise = Promise(earliest=2 * MINUTE, until=5 * MINUTE)
    longest = 5
    for now in range(0, 5 * MINUTE, 10_000):
        left = (promise.until - now) / 1000
        told = next_promise(promise, Estimate(min(60, left), 5, 600), now)  # however wide what is thought now
        assert not told.new
        assert told.promise == promise
        assert told.high is not None
        assert told.high <= longest
        longest = told.high
    assert longest == 1


def test_an_earlier_end_does_not_replace_what_was_told() -> None:
    told = next_promise(Promise(2 * MINUTE, 5 * MINUTE), Estimate(40, 20, 60), now=0)
    assert (told.low, told.high, told.new) == (0, 5, False)


def test_a_promise_is_broken_as_soon_as_it_cannot_be_kept_and_at_the_latest_at_its_end() -> None:
    promise = Promise(2 * MINUTE, 5 * MINUTE)
    early = next_promise(promise, Estimate(500, 400, 650), now=MINUTE)
    assert early.broken
    assert early.new
    assert (early.low, early.high) == (6, 11)
    assert early.promise == Promise(MINUTE + 6 * MINUTE, MINUTE + 11 * MINUTE)
    assert not next_promise(promise, Estimate(5, 1, 10), now=5 * MINUTE).broken
    late = next_promise(promise, Estimate(5, 1, 10), now=6 * MINUTE)
    assert late.broken
    assert (late.low, late.high) == (0, 1)


def test_who_cannot_be_told_a_time_is_told_so_and_nothing_is_promised() -> None:
    told = next_promise(None, None, now=0)
    assert (told.low, told.high, told.new, told.promise) == (None, None, False, None)
    held = next_promise(Promise(0, 5 * MINUTE), None, now=MINUTE)
    assert (held.high, held.broken) == (4, False), "what was promised is promised"
    over = next_promise(Promise(0, 5 * MINUTE), None, now=6 * MINUTE)
    assert over.broken
    assert not over.new


# --- the store


async def test_a_place_says_everything_the_estimate_needs(pool: Pool) -> None:
    for cso in ("cso1", "cso2", "cso3"):
        await pool.ready(cso, "gangguan", "keluhan")
    for n in (1, 2, 3):
        await pool.waits(f"c000000000{n}")
        offer = await pool.offered()
        await pool.acd.answered(offer.call, offer.token)
    for n in (4, 5):
        await pool.waits(f"c000000000{n}")
    pool.later(100)
    await pool.acd.ended("c0000000001", by="caller")  # into wrap-up
    found = await pool.acd.place("c0000000005")
    assert found is not None
    assert (found.place, found.serving, found.ready, found.csos, found.wrapping) == (2, 3, 0, 3, 1)
    assert (found.ahead, found.now) == (1.0, pool.clock.ms())
    assert found.pace.line == 2


async def test_the_time_a_call_takes_is_measured_until_the_cso_is_free_again(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    pool.later(4)
    await pool.acd.answered(offer.call, offer.token)
    pool.later(100)
    await pool.acd.ended("c0000000001", by="caller")
    assert (await pool.acd.outlook("gangguan")).pace.handled == 0, "wrap-up is not over"
    pool.later(20)
    await pool.acd.ask_state("cso1", CsoState.READY)
    pace = (await pool.acd.outlook("gangguan")).pace
    assert (pace.handled, pace.busy, pace.ring, pace.wrap) == (1, 124.0, 4.0, 20.0)


async def test_an_offer_that_nobody_took_is_no_call_handled(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits("c0000000001")
    offer = await pool.offered()
    pool.later(10)
    await pool.acd.ringing(offer.call, offer.token)
    await pool.acd.returned(offer.call, offer.token, reason="no-answer")
    found = await pool.acd.outlook("gangguan")
    assert (found.pace.handled, found.pace.line, found.csos) == (0, 1, 0)


async def test_who_pauses_is_no_longer_counted_and_who_wants_to_neither(pool: Pool) -> None:
    await pool.talks("c0000000001")
    await pool.ready("cso2")
    await pool.ready("cso3")
    assert (await pool.acd.outlook("gangguan")).csos == 3
    await pool.acd.ask_state("cso1", CsoState.PAUSED, reason="istirahat")  # after the call
    await pool.acd.ask_state("cso2", CsoState.PAUSED, reason="istirahat")
    await pool.acd.telephone("cso3", reachable=False)
    assert (await pool.acd.outlook("gangguan")).csos == 0
    await pool.acd.telephone("cso3", reachable=True)
    assert (await pool.acd.outlook("gangguan")).csos == 1


async def test_who_gives_up_is_reckoned_with(pool: Pool) -> None:
    for n in range(4):
        await pool.waits(f"c000000000{n}")
    pool.later(100)
    await pool.acd.ended("c0000000000", by="caller")
    found = await pool.acd.outlook("gangguan")
    waited = 4 * 100 + (6 * 0.001)  # they came a millisecond apart
    assert found.pace.leaving(found.now) == pytest.approx(1 / (waited * 0.99), rel=1e-3)


async def test_callers_of_other_queues_count_as_far_as_they_take_the_same_csos(pool: Pool) -> None:
    await pool.acd.log_in("cso1", queues=("gangguan", "keluhan"), endpoint="cso1", carrier="asterisk")
    await pool.acd.log_in("cso2", queues=("keluhan",), endpoint="cso2", carrier="asterisk")
    for cso in ("cso1", "cso2"):
        await pool.acd.telephone(cso, reachable=True)
        await pool.acd.ask_state(cso, CsoState.READY)
    for n in (1, 2):
        await pool.waits(f"c000000000{n}", "keluhan")
    await pool.waits("c0000000003", "darurat", emergency=True)
    found = await pool.acd.outlook("gangguan")
    assert (found.place, found.ahead, found.csos) == (1, 1.0, 1), "half of the two, since half of their CSOs are ours"
    await pool.waits("c0000000004", "gangguan")
    assert (await pool.acd.place("c0000000004")).ahead == 1.0  # type: ignore[union-attr]


async def test_a_lane_that_opens_later_finds_who_is_at_work(pool: Pool) -> None:
    await pool.acd.log_in("cso1", queues=("gangguan",), endpoint="cso1", carrier="asterisk", skills={"en": 3})
    await pool.acd.ask_state("cso1", CsoState.READY)
    await pool.acd.log_in("cso2", queues=("gangguan",), endpoint="cso2", carrier="asterisk")
    await pool.acd.ask_state("cso2", CsoState.READY)
    await pool.waits("c0000000001", skills={"en": 2})
    await pool.waits("c0000000002")
    speaks, any_other = await pool.acd.place("c0000000001"), await pool.acd.place("c0000000002")
    assert speaks
    assert any_other
    assert (speaks.csos, any_other.csos) == (1, 2)
    assert any_other.ahead == 1.0, "the English call takes one of the two CSOs"


async def test_the_store_keeps_the_pace_by_the_same_rule(pool: Pool) -> None:
    """A random hour: what the store has is what router/pace.py makes of the journal, to the last digit."""
    dice = random.Random(804)  # noqa: S311
    for n in range(4):
        await pool.ready(f"cso{n}", "gangguan", "keluhan", "darurat")
    waiting: list[str] = []
    talking: list[str] = []
    for n in range(150):
        pool.later(dice.choice([0.2, 1.7, 9.03, 40.0]))
        match dice.randrange(5):
            case 0 | 1:
                waiting.append(await pool.waits(f"c{n:010}", dice.choice(["gangguan", "keluhan"])))
            case 2 if offer := await pool.acd.offer_next():
                waiting.remove(offer.call)
                pool.later(3.3)
                await pool.acd.answered(offer.call, offer.token)
                talking.append(offer.call)
            case 3 if talking:
                await pool.acd.ended(talking.pop(0), by="caller")
            case 4 if waiting:
                await pool.acd.ended(waiting.pop(dice.randrange(len(waiting))), by="caller")
        await pool.acd.renew([*waiting, *talking])
        for cso in range(4):
            await pool.acd.heartbeat(f"cso{cso}")
        await pool.acd.sweep()
    oracle = PaceOfJournal()
    oracle.read(await pool.told())
    for queue in ("gangguan", "keluhan"):
        pace = (await pool.acd.outlook(queue)).pace
        assert pace == oracle.paces[queue]
        assert pace.handled > 5
        assert pace.lost > 0


async def test_a_promise_is_recorded_with_its_instant_and_the_next_one_breaks_it(pool: Pool) -> None:
    await pool.waits("c0000000001")
    now = pool.clock.ms()
    first = await pool.acd.promise("c0000000001", low_ms=60_000, high_ms=180_000, cmd="p1")
    assert first == (now + 180_000, False)
    call = await pool.call("c0000000001")
    assert (call.promised_from, call.promised_until, call.broken) == (now + 60_000, now + 180_000, 0)
    pool.later(200)
    assert await pool.acd.promise("c0000000001", low_ms=60_000, high_ms=180_000, cmd="p1") == first
    assert (await pool.acd.promise("c0000000001", low_ms=0, high_ms=60_000, cmd="p2"))[1]
    call = await pool.call("c0000000001")
    assert (call.promised_until, call.broken) == (pool.clock.ms() + 60_000, 1)
    told = [entry.data for entry in await pool.told() if entry.event is Event.CALL_PROMISED]
    assert told == [
        {"low": 60_000, "high": 180_000, "until": now + 180_000, "broken": False},
        {"low": 0, "high": 60_000, "until": now + 260_000, "broken": True},
    ]


async def test_another_wait_is_another_promise(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.acd.promise("c0000000001", low_ms=0, high_ms=60_000, cmd="p1")
    pool.later(1)
    await pool.enqueue("c0000000001", "keluhan")
    assert (await pool.call("c0000000001")).promised_until == 0
    assert not (await pool.acd.promise("c0000000001", low_ms=0, high_ms=60_000, cmd="p2"))[1]


async def test_a_promise_outlives_an_offer_that_nobody_took(pool: Pool) -> None:
    await pool.waits("c0000000001")
    await pool.acd.promise("c0000000001", low_ms=0, high_ms=60_000, cmd="p1")
    await pool.ready("cso1")
    offer = await pool.offered()
    with pytest.raises(Refused):  # already ringing: there is nothing to be told
        await pool.acd.promise("c0000000001", low_ms=0, high_ms=60_000, cmd="p2")
    pool.later(10)
    await pool.acd.returned(offer.call, offer.token, reason="no-answer")
    assert (await pool.acd.promise("c0000000001", low_ms=0, high_ms=60_000, cmd="p3"))[1]


async def test_only_who_waits_in_a_known_queue_has_a_wait(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    with pytest.raises(Refused):
        await pool.acd.promise("c0000000001", low_ms=0, high_ms=1, cmd="p1")
    with pytest.raises(NotFound):
        await pool.acd.promise("c0000000009", low_ms=0, high_ms=1, cmd="p1")
    with pytest.raises(NotFound):
        await pool.acd.outlook("kosong")
    await pool.configure(queues=(QueueRules("kosong", offer_ms=15_000, wrap_up_ms=0),))
    assert estimate(await pool.acd.outlook("kosong")) is None


async def test_callbacks_of_other_queues_count_like_callers(pool: Pool) -> None:
    await pool.ready("cso1", "gangguan", "keluhan")
    await pool.waits("c0000000001", "keluhan")
    await pool.acd.call_back("c0000000001", number="+628110000099", cmd="b1")
    assert (await pool.acd.outlook("gangguan")).ahead == 1.0
