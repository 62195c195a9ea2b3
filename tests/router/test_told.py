"""What the journal tells of each move, to the last word, and what is kept in the end: desk, connectors, history and the
wallboard live on it. Each day is written down in tests/router/told.

A line of the journal is: seconds after the start, event, who and what it is about, then the data. Tokens are told by
their number, instants after the start by @, scores of emergencies by !. Who means to change what is told changes the
page: `SUAR_ACCEPT=1 pytest tests/router/test_told.py`, and reads the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router.agents import CsoState
from router.events import Entry
from router.store.audit import load
from router.store.wire import Wire
from tests.fixtures.clock import START
from tests.fixtures.router import PARTNERS, RULES, Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

RULES_OF_THE_DAY: dict[str, Any] = {
    "queues": (
        replace(RULES[0], callback_attempts=2, callback_retry_ms=60_000, callback_ring_ms=20_000),
        *RULES[1:],
    ),
    "partners": PARTNERS,
}
ONE, TWO = "c0000000001", "c0000000002"


def short(value: Any) -> str:
    """Data as text: instants as seconds after the start, tokens by their number."""
    start = int(START.timestamp() * 1000)
    if isinstance(value, dict):
        return " ".join(f"{name}={short(value[name])}" for name in sorted(value))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return json.dumps(value)
    if isinstance(value, int | float) or (str(value).lstrip("-").isdigit() and str(value)[0] in "-123456789"):
        number = float(value)
        if number > 1e12:
            return f"@{(number - start) / 1000:g}"
        return f"!{(number + 4e15 - start) / 1000:g}" if number < -1e12 else f"{number:g}"
    return token(str(value)) or "''"


def token(text: str) -> str:
    """`12-3f…` is #12."""
    number, _, rest = text.partition("-")
    return f"#{number}" if number.isdigit() and len(rest) == 16 else text


def line(entry: Entry, cmd: str) -> str:
    """One entry."""
    seconds = (entry.at - int(START.timestamp() * 1000)) / 1000
    about = [entry.call, entry.cso, entry.queue, token(entry.token), entry.carrier, f"cmd:{cmd}" if cmd else ""]
    return f"{seconds:g} {entry.event.value} {' '.join(filter(None, about))} | {short(entry.data)}".replace(
        "c000000000", "c"
    )


async def lines(pool: Pool) -> list[str]:
    """Everything told since the last time."""
    wire, after = Wire(pool.acd._url), pool._seen
    rows = await wire.call("XRANGE", f"suar:{{{pool.acd.pool}}}:journal", "(" + after, "+")
    wire.close()
    commands = [dict(zip(flat[::2], flat[1::2], strict=True)).get("cmd", "") for _, flat in rows]
    return [line(entry, cmd) for entry, cmd in zip(await pool.told(), commands, strict=True)]


async def conversation(pool: Pool) -> None:
    """Arrival, line, offer, hold, a guest who takes over, a transfer, a referral, the end."""
    acd = pool.acd
    await pool.ready("cso1")
    await pool.ready("cso2")
    await acd.admit(
        ONE, carrier="asterisk", channel="PJSIP/1", ani="+628110000001", trunk="jakarta", region="31", dialled="021123",
        menu="m1", cmd="a1",
    )  # fmt: skip
    await acd.note(ONE, cmd="n1", note={"what": "heard"})
    await acd.enqueue(ONE, queue="keluhan", priority=1, skills={"en": 2}, cmd="q1")
    pool.later(1)
    await acd.leave_queue(ONE, cmd="l1")
    await acd.enqueue(ONE, queue="gangguan", skills={}, cmd="q2")
    offer = await pool.offered()
    pool.later(2)
    await acd.ringing(ONE, offer.token)
    await acd.answered(ONE, offer.token, leg="leg1")
    await acd.hold(ONE, offer.token)
    pool.later(3)
    await acd.resume(ONE, offer.token)
    guest = await acd.consult(ONE, offer.token, cso="cso2", cmd="k1")
    await acd.guest_ringing(ONE, guest.token)
    await acd.guest_answered(ONE, guest.token, leg="leg2")
    await acd.hold(ONE, offer.token)
    pool.later(1)
    await acd.complete(ONE, offer.token, cmd="o1")
    pool.later(31)
    await acd.sweep()
    moved = await acd.transfer(ONE, guest.token, cso="cso1", cmd="t1")
    await acd.answered(ONE, moved.token, leg="leg3")
    sent = await acd.refer(ONE, moved.token, partner="mitra", cmd="r1")
    pool.later(2)
    await acd.partner_answered(ONE, sent.token)
    pool.later(60)
    await acd.ended(ONE, by="caller")


async def trouble(pool: Pool) -> None:
    """An offer that fails, a guest who is busy, an emergency out of an offer, a partner that hands back, a loss."""
    acd = pool.acd
    await pool.ready("cso1")
    await pool.ready("cso2")
    await pool.waits(ONE)
    first = await pool.offered()
    await acd.returned(ONE, first.token, reason="busy")
    second = await pool.offered()
    await acd.enqueue(ONE, queue="darurat", emergency=True, cmd="e1")
    await acd.returned(ONE, second.token, reason="failed")
    third = await pool.offered()
    await acd.answered(ONE, third.token)
    await acd.ask_state("cso1", CsoState.READY)
    guest = await acd.consult(ONE, third.token, cso="cso1", cmd="k1")
    await acd.guest_left(ONE, guest.token, reason="declined")
    await acd.enqueue(ONE, queue="darurat", cmd="e2")
    await acd.telephone("cso2", reachable=False)
    await acd.force("cso1", CsoState.PAUSED, by="spv1", reason="rapat")
    await acd.assign("cso1", queues={"keluhan": 4}, skills={"en": 1}, by="spv1")
    await pool.waits(TWO, priority=2)
    pool.later(200)
    sent = await acd.overflow_next()
    assert sent is not None
    await acd.hand_back(TWO, sent.token, reason="busy")
    await acd.adopt(
        "c0000000003", carrier="asterisk", channel="PJSIP/3", ani="+628110000003", trunk="bandung", region="32",
        queue="keluhan", arrived=pool.clock.ms() - 5000, priority=1, emergency=False,
    )  # fmt: skip
    await acd.set_level(2, reason="lines", by="ladder")
    await acd.sweep()


async def callback(pool: Pool) -> None:
    """The place is kept, the CSO is rung first; not reached, again later; put off; reached."""
    acd = pool.acd
    await pool.ready("cso1")
    await pool.arrives(ONE)
    await acd.call_back(ONE, number="+628110000009", queue="gangguan", priority=1, cmd="b1")
    first = await pool.offered()
    await acd.answered(ONE, first.token, leg="leg1")
    pool.later(5)
    await acd.unreached(ONE, first.token, reason="busy")
    pool.later(60)
    await acd.heartbeat("cso1")
    await acd.sweep()
    await acd.schedule(ONE, until=pool.clock.ms() + 9000, reason="hours")
    pool.later(9)
    await acd.sweep()
    second = await pool.offered()
    await acd.answered(ONE, second.token, leg="leg2")
    await acd.reached(ONE, second.token, channel="PJSIP/9")
    await acd.ended(ONE, by="caller")
    await pool.configure(**RULES_OF_THE_DAY, lines=1)
    await pool.arrives(TWO)
    await pool.arrives("c0000000003", ani="+628110000003")
    await acd.recall_next("keluhan", priority=1)


async def kept(pool: Pool) -> list[str]:
    """Every key, but for those that the journal or the configuration says already."""
    wire = Wire(pool.acd._url)
    live = await load(wire, pool.acd.pool)
    wire.close()
    found = []
    for suffix in sorted(live.keys):
        if suffix.startswith((":journal", ":queues", ":partners", ":strategies", ":rates", ":counts", ":pool")):
            continue
        value = live.keys[suffix]
        if isinstance(value, frozenset):
            value = " ".join(sorted(value))
        elif isinstance(value, dict):
            value = {name: item for name, item in value.items() if item not in ("", "0", 0.0)}
        found.append(f"{suffix} {short(value)}".replace("c000000000", "c"))
    return found


DAYS = (conversation, trouble, callback)


@pytest.mark.parametrize("day", DAYS)
async def test_a_day_is_told_to_the_last_word(pool: Pool, day: Callable[[Pool], Awaitable[None]]) -> None:
    await pool.configure(**RULES_OF_THE_DAY)
    await pool.told()
    await day(pool)
    told = "\n".join([*await lines(pool), "", *await kept(pool), ""])
    page = Path(__file__).parent / "told" / f"{day.__name__}.txt"
    if os.environ.get("SUAR_ACCEPT"):
        page.write_text(told, encoding="utf-8")
    assert told.splitlines() == page.read_text(encoding="utf-8").splitlines()
