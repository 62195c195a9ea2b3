"""What the journal tells of each move, to the last word, and what is kept in the end: desk, connectors, history and the
wallboard live on it. Each day is written down in tests/router/told.

A line of the journal is: seconds after the start, event, who and what it is about, then the data. Tokens are told by
their number, instants after the start by @, scores of emergencies by !. Who means to change what is told changes the
page: `SUAR_ACCEPT=1 pytest tests/router/test_told.py`, and reads the difference.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router.agents import CsoState
from router.events import Entry
from router.store.audit import load
from router.store.verbs_callback import LostCallback
from router.store.wire import Wire
from tests.fixtures.clock import START
from tests.fixtures.router import PARTNERS, RULES, Pool, TwoPools

pytestmark = [pytest.mark.store, pytest.mark.anyio]

RULES_OF_THE_DAY: dict[str, Any] = {
    "queues": (
        replace(RULES[0], callback_attempts=2, callback_retry_ms=60_000, callback_ring_ms=20_000),
        *RULES[1:],
    ),
    "partners": PARTNERS,
}
ONE, TWO = "c0000000001", "c0000000002"
_TOKEN = re.compile(r"\b(\d+)-[0-9a-f]{16}\b")


def short(value: Any) -> str:
    """Data as text: instants as seconds after the start, tokens by their number."""
    start = int(START.timestamp() * 1000)
    if isinstance(value, dict):
        return " ".join(f"{name}={short(value[name])}" for name in sorted(value))
    if isinstance(value, str) and value.startswith("{"):  # the store writes its fields in any order
        return f"({short(json.loads(value))})"
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


async def house(pool: Pool) -> None:
    """What is set by hand: the level, a gap, a partner, somebody else's queues; and by whom."""
    acd = pool.acd
    await acd.set_level(1, reason="lines", by="ladder")
    await acd.override_level(3, reason="latihan", by="spv1", until=pool.clock.ms() + 60_000)
    await acd.override_level(2, reason="latihan", by="spv1")
    await acd.release_override(by="spv2", reason="selesai")
    await acd.override_level(4, reason="lagi", by="spv1", until=pool.clock.ms() + 9_000)
    pool.later(9)
    await acd.sweep()
    await acd.set_gap("31.71", per_s=0.5, burst=1, by="spv1", reason="padam", until=pool.clock.ms() + 60_000)
    for call in (ONE, TWO):
        await pool.arrives(call)
        await acd.locate(call, "31.71.06")
    await acd.set_gap("31.71", per_s=0, by="spv2", reason="menyala")
    await acd.triaged(TWO)
    await acd.ended(TWO, by="caller")
    for open_, by in ((False, "hours"), (True, "spv1"), (False, "spv1"), (True, "spv1")):
        await acd.partner_state("mitra", open=open_, by=by, reason=f"oleh {by}")
    await acd.partner_state("mitra", reachable=False, by="probe", reason="probe")
    await pool.ready("cso1", skills={"en": 2})
    await acd.ask_state("cso1", CsoState.PAUSED, reason="salat")
    await acd.log_in("cso1", queues=["keluhan"], endpoint="cso1-b", carrier="asterisk")
    await acd.force("cso1", CsoState.READY, by="spv1", reason="")
    await acd.log_in("cso2", queues=["keluhan"], endpoint="cso2", carrier="asterisk")
    pool.later(46)
    await acd.heartbeat("cso1")
    await acd.sweep()


async def again(pool: Pool) -> None:
    """Promises, a place that is taken over and left, a callback that the store had lost, one that is taken back."""
    acd = pool.acd
    await pool.waits(ONE, priority=1, skills={"en": 2})
    await acd.promise(ONE, low_ms=60_000, high_ms=180_000, cmd="p1")
    await acd.promise(ONE, low_ms=120_000, high_ms=240_000, cmd="p2")
    await acd.call_back(ONE, number="+628110000001", cmd="b1")
    pool.later(40)
    await pool.arrives(TWO)
    await acd.ended(TWO, by="caller")
    await acd.cancel(f"{TWO}r", by="spv1")
    lost = LostCallback(
        "c0000000003", carrier="asterisk", ani="+628110000003", trunk="bandung", region="32", number="+628110000003",
        queue="gangguan", score=pool.clock.ms() - 90_000, priority=1, arrived=pool.clock.ms() - 30_000,
        queued=pool.clock.ms() - 20_000, asked=pool.clock.ms() - 10_000, until=pool.clock.ms() + 5_000, attempts=1,
        skills="en:3",
    )  # fmt: skip
    await acd.adopt_callback(lost)
    pool.later(5)
    await acd.sweep()
    await pool.ready("cso1", skills={"en": 4})
    offer = await pool.offered()
    await acd.ringing("c0000000003", offer.token)
    pool.later(17)
    await acd.sweep()
    await acd.ask_state("cso1", CsoState.READY)
    offer = await pool.offered()
    await acd.answered("c0000000003", offer.token, leg="leg1")
    await acd.unreached("c0000000003", offer.token, reason="cso-gone")


async def kept(pool: Pool) -> list[str]:
    """Every key, but for those that the journal or the configuration says already."""
    wire = Wire(pool.acd._url)
    live = await load(wire, pool.acd.pool)
    wire.close()
    found = []
    for suffix in sorted(live.keys):
        if suffix.startswith(
            (":journal", ":bell", ":queues", ":partners", ":strategies", ":rates", ":counts", ":pool")
        ):
            continue
        value = live.keys[suffix]
        if isinstance(value, frozenset):
            value = " ".join(sorted(value))
        elif isinstance(value, dict):
            value = {name: item for name, item in value.items() if item not in ("", "0", 0.0)}
        found.append(_TOKEN.sub(r"#\1", f"{suffix} {short(value)}").replace("c000000000", "c"))
    return found


DAYS = (conversation, trouble, callback, house, again)


@pytest.mark.parametrize("day", DAYS)
async def test_a_day_is_told_to_the_last_word(pool: Pool, day: Callable[[Pool], Awaitable[None]]) -> None:
    await pool.configure(**RULES_OF_THE_DAY)
    await pool.told()
    await day(pool)
    as_written(day.__name__, [*await lines(pool), "", *await kept(pool)])


async def test_a_move_is_told_by_both_pools_to_the_last_word(two: TwoPools) -> None:
    """One who moves, one who is not taken, one who hangs up on the way, a callback."""
    west, east = two.west, two.east
    for n in range(1, 5):
        await west.waits(f"c000000000{n}", priority=n, skills={"en": 2})
    await west.acd.step(ONE, token="t1", flow='{"node": "wait"}', answer="A")
    await west.acd.call_back("c0000000004", number="+628110000004", cmd="b4")
    two.later(9)
    await east.ready("cso1", skills={"en": 3})
    await two.mover().move(ONE, east.acd.pool)
    await east.configure(lines=3)
    await two.mover().move(TWO, east.acd.pool)
    departure = await west.acd.depart("c0000000003", east.acd.pool)
    await west.acd.ended("c0000000003", by="caller")
    await two.mover().finish(departure)
    await two.mover().move("c0000000004", east.acd.pool)
    told = [*await lines(west), "", *await lines(east), "", *await kept(west), "", *await kept(east)]
    names = ((east.acd.pool, "east"), (west.acd.pool, "west"))
    for name, plain in names:
        told = [row.replace(name, plain) for row in told]
    as_written("moves", told)


def as_written(day: str, told: list[str]) -> None:
    """The same as the page, or the page is made of it."""
    page = Path(__file__).parent / "told" / f"{day}.txt"
    if os.environ.get("SUAR_ACCEPT"):
        page.write_text("\n".join([*told, ""]), encoding="utf-8")
    assert told == page.read_text(encoding="utf-8").splitlines()
