"""What a waiting caller hears: the place, the wait as a promise, the queue's own announcements, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from config.operator import operator
from config.schema.queues import Announce
from ivr import standing as standings
from ivr.carriers.asterisk_answer import variables
from ivr.carriers.twilio_trail import Trail
from ivr.carriers.twilio_twiml import render
from ivr.instructions import Instruction, Wait
from ivr.speech import prompts
from ivr.turn import Promised
from router.agents import CsoState
from router.estimate import Told
from router.events import Event
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import NO_OUTAGE
from tests.fixtures.ivr_service import Ivr
from tests.fixtures.router import RULES

Dial = Callable[..., ScriptedCaller]
TRAIL = Trail("ccall0001", "a-0", "gangguan")
TWO_TO_FOUR = Told(2, 4, new=True, low_ms=120_000, high_ms=240_000)


def waits(call: Dial, world: World, told: Told | None, **announce: object) -> ScriptedCaller:
    world.told = told
    world.announce = Announce(**{"every": 60, **announce})  # type: ignore[arg-type]
    caller = call(NO_OUTAGE)
    caller.presses("0")
    return caller


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (Told(0, 1), "Perkiraan waktu tunggu Anda kurang dari satu menit."),
        (Told(0, 3), "Perkiraan waktu tunggu Anda kurang dari 3 menit."),
        (Told(2, 4), "Perkiraan waktu tunggu Anda 2 sampai 4 menit."),
        (Told(20, None), "Perkiraan waktu tunggu Anda lebih dari 20 menit."),
        (Told(None, None), "Lama waktu tunggu belum dapat diperkirakan."),
    ],
)
def test_the_wait_is_told_in_whole_minutes(call: Dial, world: World, told: Told, heard: str) -> None:
    caller = waits(call, world, told)
    assert heard.rstrip(".") in caller.heard.replace(" .", ".")


def test_every_piece_of_it_is_rendered_beforehand(call: Dial, world: World) -> None:
    rendered = {piece.text for piece in prompts.fixed()}
    for told in (Told(0, 1), Told(0, 3), Told(13, 60), Told(20, None), Told(None, None), Told(5, 7, broken=True)):
        caller = waits(call, world, told, prompts=["waiting.ready"])
        assert {fragment.text for fragment in caller.said} <= rendered


def test_a_new_promise_is_on_record_before_it_is_heard(call: Dial, world: World) -> None:
    caller = waits(call, world, TWO_TO_FOUR)
    assert caller.promises == [Promised(120_000, 240_000)]
    world.told = replace(TWO_TO_FOUR, new=False)
    for _ in range(6):
        caller.keeps_silent()
    assert len(caller.promises) == 1


def test_it_is_told_again_every_so_often_and_not_in_between(call: Dial, world: World) -> None:
    caller = waits(call, world, TWO_TO_FOUR)
    world.told = Told(1, 3)
    heard = [caller.keeps_silent() and "waiting.between" in caller.keys for _ in range(9)]
    assert heard.count(True) in (2, 3), "rounds of 20 s, a minute between two announcements"
    assert not heard[0]


def test_what_cannot_be_kept_is_told_at_once_and_as_such(call: Dial, world: World) -> None:
    caller = waits(call, world, TWO_TO_FOUR)
    world.told = replace(TWO_TO_FOUR, low=6, high=9, broken=True)
    caller.keeps_silent()
    assert caller.keys[:3] == ["emergency.short", "waiting.late", "waiting.between"]
    assert "lebih lama dari yang kami sampaikan" in caller.heard
    assert caller.state.late, "a callback is offered"
    assert len(caller.promises) == 2


def test_a_queue_that_does_not_tell_the_wait_promises_nothing(call: Dial, world: World) -> None:
    caller = waits(call, world, TWO_TO_FOUR, estimate=False, place=False)
    assert caller.keys == ["emergency.short", "queue.officer", "callback.offer"]
    assert not caller.promises


def test_the_queues_own_announcements_come_in_turn(call: Dial, world: World) -> None:
    caller = waits(call, world, None, every=20, place=False, prompts=["waiting.ready", "waiting.far"])
    heard = []
    for _ in range(4):
        caller.keeps_silent()
        heard += [key for key in caller.keys if key.startswith("waiting.")]
    assert heard == ["waiting.ready", "waiting.far", "waiting.ready", "waiting.far"]


def test_an_announcement_that_the_menu_of_the_call_does_not_have_is_left_out(call: Dial, world: World) -> None:
    caller = waits(call, world, None, every=20, place=False, prompts=["not.there"])
    assert caller.keeps_silent() == Wait((), "gangguan", keys="918")


def test_beyond_the_queues_limit_it_is_said_once(call: Dial, world: World) -> None:
    world.max_wait = 50
    caller = waits(call, world, None)
    said = []
    for _ in range(6):
        caller.keeps_silent()
        said.append("waiting.over_limit" in caller.keys)
    assert said.count(True) == 1
    assert not said[0]
    assert caller.state.over_limit


def test_an_emergency_is_told_no_time(call: Dial, world: World) -> None:
    caller = waits(call, world, TWO_TO_FOUR)
    caller.presses("9")
    assert "menit" not in caller.heard
    assert len(caller.promises) == 1


def test_another_line_begins_anew(call: Dial, world: World) -> None:
    caller = waits(call, world, TWO_TO_FOUR)
    caller.presses("9")
    assert (caller.state.queue, caller.state.spoken, caller.state.round) == ("darurat", 0.0, 1)


def test_the_music_of_the_queue_goes_to_the_carrier(call: Dial, world: World) -> None:
    caller = waits(call, world, None, music="tenang")
    assert isinstance(caller.instruction, Wait)
    found = variables(caller.instruction, sounds=lambda _: [], emergency_key="9", emergency_queue="darurat")
    assert found["SUAR_MUSIC"] == "tenang"


# --- with a store


@pytest.mark.store
@pytest.mark.anyio
async def test_a_caller_is_told_promised_and_told_the_truth_when_it_changes(
    ivr: Ivr, sentence: Callable[[Instruction], str]
) -> None:
    pool = ivr.pool
    await pool.ready("cso1")
    await pool.waits("c0000000090")
    offer = await pool.offered()
    await pool.acd.answered(offer.call, offer.token)
    await ivr.arrives()
    waiting = await ivr.keys("0")
    assert "menit" in sentence(waiting)
    call = await pool.call("ccall0001")
    assert call.promised_until > pool.clock.ms()
    promised = call.promised_until

    await keep_alive(ivr, 60)
    assert (await pool.call("ccall0001")).promised_until == promised, "counting down"
    while pool.clock.ms() <= promised:
        await keep_alive(ivr, 30)
        heard = sentence(await ivr.step("waiting"))
        if "lebih lama" in heard:
            break
    await keep_alive(ivr, 30)
    await ivr.step("waiting")
    call = await pool.call("ccall0001")
    assert call.broken == 1
    assert call.promised_until > promised
    told = [entry.data["broken"] for entry in await pool.told() if entry.event is Event.CALL_PROMISED]
    assert told == [False, True]


@pytest.mark.store
@pytest.mark.anyio
async def test_with_nobody_at_work_nothing_is_promised(ivr: Ivr, sentence: Callable[[Instruction], str]) -> None:
    await ivr.arrives()
    assert "belum dapat diperkirakan" in sentence(await ivr.keys("0"))
    assert (await ivr.pool.call("ccall0001")).promised_until == 0


@pytest.mark.store
@pytest.mark.anyio
async def test_the_same_question_again_promises_nothing_again(ivr: Ivr) -> None:
    await ivr.pool.ready("cso1")
    await ivr.pool.waits("c0000000090")
    await ivr.pool.offered()
    await ivr.arrives()
    first = await ivr.keys("0", token="t90")
    until = (await ivr.pool.call("ccall0001")).promised_until
    ivr.pool.later(5)
    assert await ivr.keys("0", token="t90") == first
    assert (await ivr.pool.call("ccall0001")).promised_until == until


@pytest.mark.store
@pytest.mark.anyio
async def test_who_does_not_wait_has_no_standing(ivr: Ivr) -> None:
    await ivr.arrives()
    assert await standings.standing(ivr.pool.acd, "ccall0001") is None


async def keep_alive(ivr: Ivr, seconds: float) -> None:
    """Time passes while the desk and the lines stay."""
    ivr.pool.later(seconds)
    await ivr.pool.acd.heartbeat("cso1")
    await ivr.pool.acd.renew(["ccall0001", "c0000000090"])


def test_the_operators_file_is_as_the_page_says() -> None:
    assert operator().queues.queues["gangguan"].announce.prompts == ["waiting.ready"]
    assert not operator().queues.queues["darurat"].announce.prompts


def test_twilio_plays_the_queues_music() -> None:
    assert "music=tenang" in render(Wait((), "gangguan", music="tenang"), TRAIL)
    assert "music=" not in render(Wait((), "gangguan"), TRAIL)


@pytest.mark.store
@pytest.mark.anyio
async def test_a_queue_may_overflow_by_the_wait_that_was_thought(ivr: Ivr) -> None:
    """The estimate at queueing decides, not the time waited: a partner has the caller at once."""
    impatient = [replace(rule, over_estimate_ms=60_000) if rule.name == "gangguan" else rule for rule in RULES]
    await ivr.pool.configure(queues=impatient)
    await ivr.pool.ready("cso1")
    await ivr.pool.waits("c0000000090")
    await ivr.pool.offered()
    await ivr.pool.waits("c0000000091")  # who is next stays ours
    await ivr.arrives()
    assert await ivr.pool.acd.overflow_next() is None
    await ivr.keys("0")
    given = await ivr.pool.acd.overflow_next()
    assert given is not None
    assert given.call == "ccall0001"


@pytest.mark.store
@pytest.mark.anyio
@pytest.mark.parametrize("left", ["one", "none"])
async def test_who_waits_longer_than_was_thought_may_overflow_then(ivr: Ivr, left: str) -> None:
    """CSOs leave after a caller joined: the estimate is judged again whenever it is made again."""
    impatient = [replace(rule, over_estimate_ms=240_000) if rule.name == "gangguan" else rule for rule in RULES]
    await ivr.pool.configure(queues=impatient)
    csos = [f"cso{n}" for n in range(1, 5)]
    for cso in csos:
        await ivr.pool.ready(cso)
        await ivr.pool.waits(f"cbusy0000{cso}")
        offer = await ivr.pool.offered()
        await ivr.pool.acd.answered(offer.call, offer.token)
    await ivr.pool.waits("c0000000091")  # who is next stays ours
    await ivr.arrives()
    await ivr.keys("0")
    assert await ivr.pool.acd.overflow_next() is None
    await ivr.step("waiting")
    assert await ivr.pool.acd.overflow_next() is None, "still as it was thought"
    for cso in csos[1 if left == "one" else 0 :]:
        await ivr.pool.acd.ask_state(cso, CsoState.PAUSED)
    await ivr.step("waiting")
    given = await ivr.pool.acd.overflow_next()
    assert given is not None
    assert given.call == "ccall0001"
