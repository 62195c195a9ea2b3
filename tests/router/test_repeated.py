"""A command whose answer was lost is given again: the same answer, and nothing happens twice (R4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

CALL = "c0000000001"
Verb = Callable[[Pool, str, str], Awaitable[Any]]  # pool, token, cmd

IN_THE_MENU: dict[str, Verb] = {
    "note": lambda p, _, cmd: p.acd.note(CALL, cmd=cmd, note={"what": "met"}),
    "enqueue": lambda p, _, cmd: p.acd.enqueue(CALL, queue="keluhan", cmd=cmd),
}
IN_LINE: dict[str, Verb] = {
    "leave_queue": lambda p, _, cmd: p.acd.leave_queue(CALL, cmd=cmd),
    "promise": lambda p, _, cmd: p.acd.promise(CALL, low_ms=1000, high_ms=2000, cmd=cmd),
    "call_back": lambda p, _, cmd: p.acd.call_back(CALL, number="+628110000099", cmd=cmd),
    "enqueue elsewhere": lambda p, _, cmd: p.acd.enqueue(CALL, queue="keluhan", cmd=cmd),
}
TALKING: dict[str, Verb] = {
    "consult": lambda p, token, cmd: p.acd.consult(CALL, token, cso="cso2", cmd=cmd),
    "transfer": lambda p, token, cmd: p.acd.transfer(CALL, token, cso="cso2", cmd=cmd),
    "refer": lambda p, token, cmd: p.acd.refer(CALL, token, partner="mitra", cmd=cmd),
    "enqueue out of it": lambda p, _, cmd: p.acd.enqueue(CALL, queue="keluhan", cmd=cmd),
}
WITH_A_GUEST: dict[str, Verb] = {"complete": lambda p, token, cmd: p.acd.complete(CALL, token, cmd=cmd)}
AFTERWARDS: dict[str, Verb] = {"extend_wrap_up": lambda p, _, cmd: p.acd.extend_wrap_up("cso1", 9_000, cmd=cmd)}
EVERY = {**IN_THE_MENU, **IN_LINE, **TALKING, **WITH_A_GUEST, **AFTERWARDS}


async def until(pool: Pool, verb: str) -> str:
    """The day goes on until the verb makes sense; the token of the conversation, if there is one."""
    if verb in IN_THE_MENU:
        await pool.arrives(CALL)
        return ""
    if verb in IN_LINE:
        await pool.waits(CALL)
        return ""
    token = (await pool.talks(CALL)).token
    await pool.ready("cso2")
    if verb in WITH_A_GUEST:
        guest = await pool.acd.consult(CALL, token, cso="cso2", cmd="k")
        await pool.acd.guest_answered(CALL, guest.token)
    if verb in AFTERWARDS:
        await pool.acd.ended(CALL, by="caller")
    return token


@pytest.mark.parametrize("verb", EVERY)
async def test_a_command_is_done_once_and_answers_the_same(pool: Pool, verb: str) -> None:
    token = await until(pool, verb)
    first = await EVERY[verb](pool, token, "once")
    await pool.told()
    before = await pool.acd.snapshot()
    assert await EVERY[verb](pool, token, "once") == first
    assert (await pool.told(), await pool.acd.snapshot()) == ([], before)


async def test_it_is_remembered_for_ten_minutes_and_each_verb_for_itself(pool: Pool) -> None:
    await pool.waits(CALL)
    first = await pool.acd.promise(CALL, low_ms=1000, high_ms=2000, cmd="once")
    pool.later(599)
    assert await pool.acd.promise(CALL, low_ms=1000, high_ms=2000, cmd="once") == first
    await pool.acd.note(CALL, cmd="once", note={"what": "met"})
    await pool.acd.leave_queue(CALL, cmd="once")
    assert [entry.event.value for entry in await pool.told()][-3:] == ["call.promised", "call.noted", "call.left_queue"]
    wire = pool.acd._wire
    kept = await wire.call("KEYS", f"suar:{{{pool.acd.pool}}}:cmd:*")
    assert len(kept) == 4
    assert all([590_000 < await wire.call("PTTL", key) <= 600_000 for key in kept])
