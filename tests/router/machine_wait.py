"""After every step of the machine: the store's pace is the rule's, its staff is who is at work, promises hold."""

from __future__ import annotations

import random
from collections.abc import Awaitable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from router.calls import CallState
from router.store.acd import Acd
from router.store.wire import Wire
from tests.router.model import Model
from tests.router.model_wait import PaceOfJournal, staff_of

BUSY = {"promise_somebody": 4}


def arguments(dice: random.Random, verb: str) -> dict[str, Any] | None:
    """What a verb is asked with in a busy hour."""
    return {"dice": dice} if verb == "promise_somebody" else None


AT_WORK = ("ready", "offered", "talking", "wrap_up")


class WaitRules:
    """Inherited by the machine of test_stateful.py."""

    acd: Acd
    wire: Wire
    model: Model
    serial: int

    def pick(self, source: Any, among: list[Any]) -> Any:
        raise NotImplementedError

    def run(self, work: Awaitable[Any]) -> Any:
        raise NotImplementedError

    @precondition(lambda self: self.model.waiting())
    @rule(data=st.data(), low=st.integers(0, 5), more=st.integers(1, 10))
    def promise(self, data: Any, low: int, more: int) -> None:
        call = self.pick(data, [one.id for one in self.model.waiting()])
        self.promise_one(call, low, more)

    def promise_somebody(self, dice: random.Random) -> None:
        if waiting := self.model.waiting():
            self.promise_one(dice.choice(waiting).id, dice.randint(0, 5), dice.randint(1, 10))

    def promise_one(self, call: str, low: int, more: int) -> None:
        self.serial += 1
        given: dict[str, Any] = {
            "low_ms": low * 60_000, "high_ms": (low + more) * 60_000, "cmd": f"p{self.serial}",
        }  # fmt: skip
        before = self.run(self.acd.call(call))
        answer = self.run(self.acd.promise(call, **given))
        assert answer == (self.model.now + given["high_ms"], before.promised_until > 0)
        assert self.run(self.acd.promise(call, **given)) == answer, "a lost reply changes nothing"
        after = self.run(self.acd.call(call))
        assert (after.promised_until, after.broken) == (answer[0], before.broken + answer[1])

    @invariant()
    def the_pace_is_the_rule(self) -> None:
        self.run(self._check_pace())

    async def _check_pace(self) -> None:
        oracle = self.__dict__.setdefault("_paces", PaceOfJournal())
        entries = await self.acd.journal(self.__dict__.get("_paced", "0-0"), count=10_000)
        if entries:
            self.__dict__["_paced"] = entries[-1].id
        oracle.read(entries)
        for queue, expected in oracle.paces.items():
            found = (await self.acd.outlook(queue)).pace
            assert found == expected, queue
            waiting = [one for one in self.model.waiting() if one.queue == queue]
            assert found.line == len(waiting) or any(one.state is not CallState.WAITING for one in waiting)

    @invariant()
    def the_staff_is_who_is_at_work(self) -> None:
        self.run(self._check_staff())

    async def _check_staff(self) -> None:
        root = f"suar:{{{self.acd.pool}}}"
        csos = []
        for key in await self.wire.call("KEYS", f"{root}:cso:*"):
            flat = await self.wire.call("HGETALL", key)
            cso = {"id": key.rpartition(":")[2], "at_work": "0", **dict(zip(flat[::2], flat[1::2], strict=True))}
            away = await self.wire.call("HEXISTS", f"{root}:telephones", cso["id"])
            works = cso["state"] in AT_WORK and not cso["next"] and not away
            assert (cso["at_work"] == "1") == works
            csos.append(cso)
        serving = {
            key.partition(":serving:")[2]: set(await self.wire.call("SMEMBERS", key))
            for key in await self.wire.call("KEYS", f"{root}:serving:*")
        }
        expected = staff_of(csos, lambda cso: [lane for lane, who in serving.items() if cso["id"] in who])
        flat = await self.wire.call("HGETALL", f"{root}:staff")
        found = {lane: int(n) for lane, n in zip(flat[::2], flat[1::2], strict=True) if n != "0"}
        assert found == expected
