"""Many calls at once through the service on a real store: steps that come twice, late or after the end, hang-ups
between any two of them and told twice, callers out of the fallback. Each call that came has one outcome, and
nothing is left.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from config.errors import Problem
from ivr.instructions import Bye, Instruction, Record, Reject, Renamed, Wait
from ivr.signals import Arrival, Step
from router.calls import Outcome
from router.events import Event
from router.history.follower import Follower
from router.history.models import CallEvent, CallRecord
from router.store.audit import audit
from tests.fixtures.ivr_service import AT_MENTENG, AT_TEBET, Ivr
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.anyio]
CALLS, LINES = 80, 60
KEYS = [*"0123456789*#", "1", "1", "2", "0", "", "", "540000000001", "000000000000"]
MAY_SAY = {"stale-token", "unknown-call", "step-failed", "illegal-move"}
WITNESSES = ("caller", "list", "carrier-status", "cel")


@dataclass
class Walker:
    """One caller and the carrier that speaks for him."""

    ivr: Ivr
    number: int
    dice: random.Random
    tokens: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.carrier = self.dice.choice(["asterisk", "twilio"])
        twilio = f"CA{self.number:032x}"
        self.call = twilio if self.carrier == "twilio" else f"c1564894{self.number:03}x{self.number}"
        self.ani = self.dice.choice([AT_MENTENG, AT_TEBET, "", f"+62812555{self.number:04}"])

    async def lives(self) -> None:
        """From ring to end."""
        if self.dice.random() < 0.1:  # the step of the arrival was never answered: out of the fallback
            answer = await self.asks("resume")
        else:
            arrival = Arrival(self.call, self.carrier, f"ch-{self.call}", self.ani, dialled="021123", trunk="")
            answer = await self.ivr.service.arrived(arrival, self.token())
            if self.dice.random() < 0.3:
                again = await self.ivr.service.arrived(arrival, self.tokens[-1])
                assert again == answer or isinstance(again, Reject)
        for _ in range(self.dice.randrange(14)):
            await asyncio.sleep(0)
            if isinstance(answer, Bye | Reject) and self.dice.random() < 0.7:
                break
            if self.dice.random() < 0.05:
                await self.hangs_up()
            answer = await self.moves(answer)
        await self.hangs_up()
        if self.dice.random() < 0.3:  # a step that was under way
            await self.asks("next", self.dice.choice(KEYS))
        await self.hangs_up()

    async def moves(self, answer: Instruction | None) -> Instruction | None:
        dice = self.dice
        self.ivr.pool.clock.advance(ms=dice.randrange(3000))
        if dice.random() < 0.15:
            return await self.asks("next", dice.choice(KEYS), token=dice.choice(self.tokens))
        if dice.random() < 0.05:
            return await self.asks("resume", dice.choice(["", "", "9"]))
        if isinstance(answer, Record):
            return await self.asks("recorded", recorded_ms=str(dice.choice([0, 300, 9000])))
        if isinstance(answer, Wait):
            return await self.asks(dice.choice(["waiting", "key"]), dice.choice(["", "1", "9"]))
        return await self.asks("next", dice.choice(KEYS))

    async def asks(self, name: str, digits: str = "", *, token: str = "", **extra: str) -> Instruction | None:
        """One step; the same question at once again has the same answer."""
        told = {"carrier": self.carrier, "channel": f"ch-{self.call}", "ani": self.ani, **extra}
        step = Step(self.call, token or self.token(), name, digits, told)
        try:
            answer = await self.ivr.service.step(step)
            if not token and self.dice.random() < 0.2 and not isinstance(answer, Renamed):
                again = await self.ivr.service.step(step)
                assert again == answer or isinstance(again, Bye | Wait)
        except Problem as problem:
            self.said.add(problem.slug)
            return None
        return answer

    async def hangs_up(self) -> None:
        """Told by several witnesses, some of them at once."""
        by = self.dice.sample(WITNESSES, 2)
        await asyncio.gather(*(self.ivr.service.hung_up(self.call, by=one) for one in by))

    def token(self) -> str:
        self.tokens.append(f"{self.number}.{len(self.tokens)}")
        return self.tokens[-1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("level", [0, 3])
async def test_every_call_that_came_has_one_outcome_and_nothing_is_left(ivr: Ivr, seed: int, level: int) -> None:
    pool = ivr.pool
    await pool.configure(lines=LINES)
    await pool.acd.override_level(level, reason="uji", by="spv1")
    ivr.menteng_is_dark(text="Area Menteng padam.")
    walkers = [
        Walker(ivr, n, random.Random(f"{seed} {level} {n}"))  # noqa: S311 - the same for the same seed
        for n in range(CALLS)
    ]
    await asyncio.gather(*(walker.lives() for walker in walkers))
    assert set().union(*(walker.said for walker in walkers)) <= MAY_SAY

    snapshot = await pool.acd.snapshot()
    assert [call.id for call in snapshot.calls] == []
    assert all(call.virtual for call in snapshot.callbacks)
    for call in snapshot.callbacks:  # a place that is kept is no end
        await pool.acd.ended(call.id, by="supervisor")
    assert await audit(pool.acd._url, pool.acd.pool, timeout=PATIENT) == []
    assert (await pool.acd.gauges()).lines == 0

    while await Follower(pool.acd, ivr.db).once():
        pass
    with ivr.db.reading() as session:
        outcomes = {row.id: row.outcome for row in session.scalars(select(CallRecord))}
        ends = Counter(
            session.scalars(select(CallEvent.call).where(CallEvent.event.in_([Event.CALL_ENDED, Event.CALL_REFUSED])))
        )
    assert set(outcomes) >= {walker.call for walker in walkers}
    assert set(outcomes.values()) <= {outcome.value for outcome in Outcome}
    assert ends == dict.fromkeys(outcomes, 1)
    assert {"left_ivr", "announced"} <= set(outcomes.values()), "the walks went somewhere"
