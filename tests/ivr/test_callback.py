"""Offered to be called back: in line, at night, when the queue is full, and when the caller calls again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ivr.instructions import Ask, Bye, Instruction, Wait
from router.calls import CallState
from tests.fixtures.ivr_service import AT_TEBET, Ivr
from tests.fixtures.router import RULES

pytestmark = [pytest.mark.store, pytest.mark.anyio]
Sentence = Callable[[Instruction], str]
CALL = "ccall0001"


async def in_line(ivr: Ivr, ani: str = AT_TEBET, call: str = CALL) -> Instruction:
    await ivr.arrives(call, ani)
    return await ivr.keys("0", call)


async def test_the_key_keeps_the_place_and_says_goodbye(ivr: Ivr, sentence: Sentence) -> None:
    waiting = await in_line(ivr)
    assert isinstance(waiting, Wait)
    assert "1" in waiting.keys
    assert "9" in waiting.keys
    assert "tekan satu" in sentence(waiting)
    before = await ivr.pool.call(CALL)
    goodbye = await ivr.step("key", digits="1")
    assert isinstance(goodbye, Bye)
    assert "saat giliran Anda tiba" in sentence(goodbye)
    await ivr.service.hung_up(CALL)
    call = await ivr.pool.call(CALL)
    assert (call.state, call.virtual, call.dial, call.score) == (CallState.WAITING, True, AT_TEBET, before.score)
    assert isinstance(await ivr.step("waiting"), Bye), "the old line is told nothing more"


async def test_it_is_offered_once_not_every_round(ivr: Ivr, sentence: Sentence) -> None:
    await in_line(ivr)
    assert "tekan satu" not in sentence(await ivr.step("waiting"))


async def test_at_night_it_is_said_when(ivr: Ivr, sentence: Sentence) -> None:
    ivr.clock.advance(seconds=12 * 3600)  # 23:48 WIB
    await in_line(ivr)
    goodbye = await ivr.step("key", digits="1")
    assert "pada jam layanan" in sentence(goodbye)
    assert (await ivr.pool.call(CALL)).state is CallState.SCHEDULED


async def test_a_withheld_number_is_told_honestly_and_waits_on(ivr: Ivr, sentence: Sentence) -> None:
    waiting = await in_line(ivr, "")
    assert isinstance(waiting, Wait)
    assert "1" not in waiting.keys
    assert "tekan satu" not in sentence(waiting)
    told = await ivr.step("key", digits="1")
    assert isinstance(told, Wait)
    assert "tidak tampil" in sentence(told)


async def test_an_emergency_is_not_offered_it(ivr: Ivr) -> None:
    await ivr.arrives(CALL, AT_TEBET)
    waiting = await ivr.keys("9")
    assert isinstance(waiting, Wait)
    assert "1" not in waiting.keys
    assert isinstance(await ivr.step("key", digits="1"), Wait)
    assert not (await ivr.pool.call(CALL)).virtual


async def test_offered_to_a_cso_at_that_moment_the_caller_waits_on(ivr: Ivr, sentence: Sentence) -> None:
    await in_line(ivr)
    await ivr.pool.ready("cso1")
    await ivr.pool.offered()
    told = await ivr.step("key", digits="1")
    assert isinstance(told, Wait)
    assert "Urutan Anda tidak berubah" in sentence(told)


async def full_queue(ivr: Ivr) -> None:
    """Gangguan takes one caller, and has one."""
    rules = [replace(rule, max_waiting=1) if rule.name == "gangguan" else rule for rule in RULES]
    await ivr.pool.configure(queues=rules)
    await ivr.pool.waits("c0000000001")


async def test_a_full_queue_offers_it(ivr: Ivr, sentence: Sentence) -> None:
    await full_queue(ivr)
    asked = await in_line(ivr)
    assert isinstance(asked, Ask)
    assert "sedang penuh" in sentence(asked)
    assert "tekan satu" in sentence(asked)
    goodbye = await ivr.keys("1")
    assert "saat giliran Anda tiba" in sentence(goodbye)
    assert (await ivr.pool.call(CALL)).virtual


async def test_a_wrong_key_at_a_full_queue_costs_nobody_the_callback(ivr: Ivr, sentence: Sentence) -> None:
    await full_queue(ivr)
    await in_line(ivr)
    for key in ("*", "*", "5"):
        assert "tekan satu" in sentence(await ivr.keys(key))
    assert "saat giliran Anda tiba" in sentence(await ivr.keys("1"))


async def test_whoever_goes_on_keying_what_is_not_offered_is_said_goodbye(ivr: Ivr, sentence: Sentence) -> None:
    await full_queue(ivr)
    await in_line(ivr)
    await ivr.keys("5")
    assert "hubungi kembali" in sentence(await ivr.keys("5"))


@pytest.mark.parametrize("ani", [AT_TEBET, ""])
async def test_a_full_queue_is_never_silence(ivr: Ivr, sentence: Sentence, ani: str) -> None:
    await full_queue(ivr)
    said = await in_line(ivr, ani)
    assert "sedang penuh" in sentence(said)
    goodbye = await ivr.keys("") if ani else said
    assert isinstance(goodbye, Bye)
    assert "hubungi kembali" in sentence(goodbye)


async def test_who_calls_again_hears_that_the_place_stays(ivr: Ivr, sentence: Sentence) -> None:
    await in_line(ivr)
    score = (await ivr.pool.call(CALL)).score
    await ivr.step("key", digits="1")
    ivr.clock.advance(seconds=60)
    again = await in_line(ivr, call="ccall0002")
    assert "Tempat Anda dalam antrean tetap" in sentence(again)
    assert (await ivr.pool.call("ccall0002")).score == score
    assert (await ivr.pool.call(CALL)).outcome == "cancelled"
