"""The library against the model, step by step on a real store, and the invariants of the live state after each step.

The invariants are read from the store's own structures and from the journal, not from the verbs under test.
"""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config.clock import VirtualClock
from config.errors import IllegalMove, Problem
from router.agents import CsoState
from router.events import Event
from router.store.acd import Acd
from router.store.audit import load, violations
from router.store.wire import Wire
from tests.fixtures.clock import START
from tests.fixtures.router import PARTNERS, RULES, Pool
from tests.fixtures.wait import PATIENT
from tests.router import machine_admission, machine_callback, machine_overflow, machine_talk, machine_wait
from tests.router.machine_admission import AdmissionMachine, way_of
from tests.router.machine_callback import CallbackMachine, number_of
from tests.router.machine_overflow import OverflowRules
from tests.router.machine_talk import TalkMachine
from tests.router.machine_wait import WaitRules
from tests.router.model import Full, Model, Refusal, Stale
from tests.router.model_admission import LEVEL_GAPS, TRUNKS, ModelGap

pytestmark = pytest.mark.store

CALLS = st.integers(0, 11).map(lambda n: f"c00000000{n:02}")
CSO_NAMES = st.sampled_from([f"cso{n}" for n in range(1, 5)])
QUEUES = st.sampled_from([rule.name for rule in RULES])
LINES = 8
LEVELS = st.integers(1, 5)
ASKED: list[dict[str, int] | None] = [None, None, {}, {"en": 3}, {"en": 2, "prabayar": 4}]


Source = st.DataObject | random.Random
T = TypeVar("T")


def pick(source: Source, among: Sequence[T]) -> T:
    """One of several: Hypothesis decides, or a die."""
    return source.choice(among) if isinstance(source, random.Random) else source.draw(st.sampled_from(among))


class LivePool(OverflowRules, WaitRules, CallbackMachine, TalkMachine, AdmissionMachine):
    """Every verb in any order, with any call, any CSO and any token that was ever given."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = VirtualClock(START)
        self.serial = 0
        self.tokens: list[tuple[str, str]] = []
        self.seen: dict[str, float] = {}
        self.over: set[str] = set()
        self.run(self._open())
        self.model = Model(
            {one.name: one for one in RULES},
            {one.name: one for one in PARTNERS},
            LINES,
            self.clock.ms(),
            trunks={one.name: one for one in TRUNKS},
            gaps={f"{one.level}:{one.area}": ModelGap(one.per_s, one.burst) for one in LEVEL_GAPS},
        )

    async def _open(self) -> None:
        self.acd = await Acd.open(self.url, f"t{uuid.uuid4().hex[:12]}", clock=self.clock, timeout=PATIENT)
        self.pool = Pool(self.acd, self.clock)
        await self.pool.configure(lines=LINES, trunks=TRUNKS, gaps=LEVEL_GAPS)
        self.wire = Wire(self.url)

    def run(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)  # type: ignore[arg-type]

    def teardown(self) -> None:
        self.run(self.acd.close())
        self.wire.close()
        self.run(asyncio.sleep(0))
        self.loop.close()

    def both(self, real: Awaitable[Any], model: Callable[[], Any]) -> Any:
        """Both do it, or both refuse for the same reason."""
        try:
            expected: Any = model()
        except IllegalMove:
            expected = "illegal-move"
        except Stale:
            expected = "stale-token"
        except Full:
            expected = "queue-full"
        except Refusal as refusal:
            expected = refusal.slug
        else:
            return self.run(real)
        with pytest.raises(Problem) as told:
            self.run(real)
        assert told.value.slug == expected
        return None

    @staticmethod
    def pick(source: Source, among: Sequence[T]) -> T:
        return pick(source, among)

    def known(self, call: str) -> bool:
        return call in self.model.calls

    def some_call(self, data: Source) -> str:
        live = sorted(call.id for call in self.model.live())
        return pick(data, live * 3 + sorted(self.model.calls)[-5:])

    def some_token(self, data: Source) -> tuple[str, str]:
        """Mostly one that is live."""
        live = [(call.id, call.token) for call in self.model.live() if call.token]
        return pick(data, live * 8 + self.tokens[-6:])

    @initialize(csos=st.lists(CSO_NAMES, min_size=1, unique=True), calls=st.integers(1, 6))
    def begin(self, csos: list[str], calls: int) -> None:
        """Nothing happens in an empty house: some CSOs are ready and some callers wait."""
        for cso in csos:
            self.log_in(
                cso, {"gangguan": 3, "darurat": 4} if cso < "cso3" else {"keluhan": 2, "gangguan": 5}, {"en": 3}
            )
            self.ask_state(cso, CsoState.READY)
        for number in range(calls):
            self.arrive(f"c00000000{number:02}")
            self.enqueue_one(f"c00000000{number:02}", "keluhan" if number % 3 == 2 else "gangguan", False, False)

    @rule(call=CALLS)
    def arrive(self, call: str) -> None:
        self.arrive_from(call, number_of(call))

    def arrive_from(self, call: str, ani: str) -> None:
        admission = self.run(self.pool.arrives(call, ani=ani, cmd=f"a{self.serial}", **way_of(call)))
        assert admission == self.model.arrive(call, ani, **way_of(call))
        self.serial += 1

    @precondition(lambda self: self.model.calls)
    @rule(
        data=st.data(),
        queue=QUEUES,
        emergency=st.integers(0, 5).map(lambda n: n == 5),
        twice=st.booleans(),
        skills=st.sampled_from(ASKED),
    )
    def enqueue(self, data: Source, queue: str, emergency: bool, twice: bool, skills: dict[str, int] | None) -> None:
        self.enqueue_one(self.some_call(data), queue, emergency, twice, skills)

    def enqueue_one(
        self, call: str, queue: str, emergency: bool, twice: bool, skills: dict[str, int] | None = None
    ) -> None:
        self.serial += 1
        given = {"queue": queue, "emergency": emergency, "skills": skills, "cmd": f"e{self.serial}"}
        place = self.both(
            self.acd.enqueue(call, **given),
            lambda: self.model.enqueue(call, queue, emergency, skills),
        )
        if place and twice:
            assert self.run(self.acd.enqueue(call, **given)) == place

    @precondition(lambda self: self.model.calls)
    @rule(data=st.data())
    def leave_queue(self, data: Source) -> None:
        call = self.some_call(data)
        self.serial += 1
        self.both(self.acd.leave_queue(call, cmd=f"l{self.serial}"), lambda: self.model.leave_queue(call))

    @rule()
    def offer_next(self) -> None:
        expected = self.model.offer_next()
        offer = self.run(self.acd.offer_next())
        assert (offer and (offer.call, offer.cso)) == expected
        if offer:
            self.tokens.append((offer.call, offer.token))
            self.model.offered(offer.call, offer.cso, offer.token)

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def ringing(self, data: Source) -> None:
        call, token = self.some_token(data)
        self.both(self.acd.ringing(call, token), lambda: self.model.ringing(call, token))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def answered(self, data: Source) -> None:
        call, token = self.some_token(data)
        self.both(self.acd.answered(call, token), lambda: self.model.answered(call, token))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), reason=st.sampled_from(["no-answer", "failed", "busy"]))
    def returned(self, data: Source, reason: str) -> None:
        call, token = self.some_token(data)
        self.both(self.acd.returned(call, token, reason=reason), lambda: self.model.returned(call, token, reason))

    @rule(call=CALLS)
    def ended(self, call: str) -> None:
        outcome = self.run(self.acd.ended(call, by="test"))
        assert outcome == (self.model.ended(call) if self.known(call) else None)

    @rule(
        cso=CSO_NAMES,
        queues=st.dictionaries(QUEUES, LEVELS, min_size=1, max_size=3),
        skills=st.dictionaries(st.sampled_from(["en", "prabayar"]), LEVELS),
    )
    def log_in(self, cso: str, queues: dict[str, int], skills: dict[str, int]) -> None:
        self.run(self.acd.log_in(cso, queues=queues, endpoint=cso, carrier="asterisk", skills=skills))
        self.model.log_in(cso, queues, skills)

    @rule(cso=CSO_NAMES, state=st.sampled_from([CsoState.READY, CsoState.READY, CsoState.PAUSED, CsoState.LOGGED_OUT]))
    def ask_state(self, cso: str, state: CsoState) -> None:
        if cso in self.model.csos:
            self.both(self.acd.ask_state(cso, state), lambda: self.model.ask_state(cso, state))

    @rule(cso=CSO_NAMES, reachable=st.booleans())
    def telephone(self, cso: str, reachable: bool) -> None:
        self.run(self.acd.telephone(cso, reachable=reachable))
        (self.model.away.discard if reachable else self.model.away.add)(cso)

    @rule(seconds=st.sampled_from([0.001, 0.5, 3, 20, 40, 200]))
    def later(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        self.model.now = self.clock.ms()
        self.run(self._alive())
        assert self.run(self.acd.sweep()) == self.model.sweep()

    async def _alive(self) -> None:
        await self.acd.renew([call.id for call in self.model.live()])
        for cso in self.model.csos:
            await self.acd.heartbeat(cso)

    @invariant()
    def the_store_is_the_model(self) -> None:
        snapshot = self.run(self.acd.snapshot())
        calls = {
            one.id: (one.state, one.queue, one.score, one.emergency, one.token)
            for one in (*snapshot.calls, *snapshot.callbacks)
        }
        assert {one.id for one in snapshot.callbacks} == {one.id for one in self.model.live()} - {
            one.id for one in self.model.on_line()
        }
        assert calls == {
            one.id: (one.state, one.queue, one.score, one.emergency, one.token) for one in self.model.live()
        }
        csos = {
            one.id: (one.state, one.levels, one.skills, one.call, one.next, one.wrap_until, one.calls)
            for one in snapshot.csos
        }
        assert csos == {
            one.id: (one.state, one.queues, one.skills, one.call, one.next or "", one.wrap_until, one.answered)
            for one in self.model.csos.values()
            if one.state is not CsoState.LOGGED_OUT
        }
        assert snapshot.partners == {name: self.model.at(name) for name in self.model.partners}
        self.check_partners()

    @invariant()
    def the_structures_hold(self) -> None:
        """The raw keys, without a verb: one place for each call, one call for each CSO, every index in step."""
        assert violations(self.run(load(self.wire, self.acd.pool))) == []

    @invariant()
    def the_journal_tells_it(self) -> None:
        """A score changes only when a call becomes an emergency; an end is told once and names its outcome."""
        for entry in self.run(self.pool.told()):
            if entry.event in (Event.CALL_QUEUED, Event.CALL_CALLBACK, Event.CALL_DUE, Event.CALL_RECALLED):
                score = float(entry.data["score"])
                before = self.seen.setdefault(entry.call, score)
                assert score == before or score == before - 4e15
                self.seen[entry.call] = score
            if entry.event is Event.CALL_ENDED:
                assert entry.data["outcome"]
                assert entry.call not in self.over, "ended twice"
                self.over.add(entry.call)


def test_every_verb_in_any_order(store_url: str) -> None:
    LivePool.url = store_url
    examples = int(os.environ.get("SUAR_EXAMPLES", "40"))
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        LivePool,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


# How often each verb comes in a busy hour; Hypothesis seldom gets as deep as a conversation that is handed on.
BUSY = {
    "arrive": 8, "enqueue": 9, "leave_queue": 1, "offer_next": 18, "ringing": 3, "answered": 16,
    "returned": 2, "ended": 8, "log_in": 2, "ask_state": 18, "telephone": 2,
    "later": 8, **machine_callback.BUSY, **machine_talk.BUSY, **machine_admission.BUSY,
    **machine_overflow.WEIGHTS,
    **machine_wait.BUSY,
}  # fmt: skip


def arguments(dice: random.Random, verb: str) -> dict[str, Any]:
    """What a verb is asked with."""
    call, cso = f"c{dice.randrange(10**9):010}", f"cso{dice.randint(1, 4)}"
    queues = [rule.name for rule in RULES]
    states = [CsoState.READY, CsoState.READY, CsoState.READY, CsoState.PAUSED, CsoState.LOGGED_OUT]
    for topic in (machine_callback, machine_talk, machine_admission, machine_wait):
        given = topic.arguments(dice, verb)
        if given is not None:
            return given
    return {
        "arrive": {"call": call},
        "enqueue": {
            "data": dice, "queue": dice.choice(queues), "emergency": dice.random() < 0.1, "twice": dice.random() < 0.3,
            "skills": dice.choice(ASKED),
        },
        "returned": {"data": dice, "reason": dice.choice(["no-answer", "failed", "busy"])},
        "log_in": {
            "cso": cso, "queues": {name: dice.randint(1, 5) for name in dice.sample(queues, dice.randint(1, 3))},
            "skills": {name: dice.randint(1, 5) for name in dice.sample(["en", "prabayar"], dice.randint(0, 2))},
        },
        "ask_state": {"cso": cso, "state": dice.choice(states)},
        "telephone": {"cso": cso, "reachable": dice.random() < 0.8},
        "later": {"seconds": dice.choice([0.001, 0.5, 1, 3, 3, 10, 31, 190, 200])},
        "offer_next": {},
        **machine_overflow.arguments(dice),
    }.get(verb, {"data": dice})  # fmt: skip


def walk(
    url: str,
    seed: int,
    weights: Mapping[str, float],
    csos: int = 4,
    special: Callable[[random.Random, str], dict[str, Any]] = lambda _dice, _verb: {},
) -> Counter[str]:
    """A long walk through the verbs; answers how often calls ended in which way, left for which reason,
    and what the journal told.
    """
    LivePool.url = url
    dice = random.Random(seed)  # noqa: S311
    machine = LivePool()
    try:
        machine.begin(csos=[f"cso{n + 1}" for n in range(csos)], calls=6)
        for _ in range(int(os.environ.get("SUAR_STEPS", "1000"))):
            (verb,) = dice.choices(list(weights), list(weights.values()))
            given = arguments(dice, verb) | special(dice, verb)
            if given.get("data") and not (machine.model.live() and machine.tokens):
                continue
            if verb == "ended":
                given = {"call": machine.some_call(dice)}
            getattr(machine, verb)(**given)
            machine.the_store_is_the_model()
            machine.the_structures_hold()
            machine.the_conversations_are_the_models()
            machine.the_journal_tells_it()
            machine.the_gauges_are_the_models()
            machine.the_pace_is_the_rule()
            machine.the_staff_is_who_is_at_work()
        told = (
            f"{entry.event} {entry.data.get('kind', '')}".strip()
            for entry in machine.run(machine.acd.journal("0-0", count=100_000))
        )
        return Counter(call.outcome for call in machine.model.calls.values()) + machine.seen_there + Counter(told)
    finally:
        machine.teardown()


@pytest.mark.parametrize("seed", [int(os.environ.get("SUAR_SEED", "2019")), 804])
def test_a_busy_hour(store_url: str, seed: int) -> None:
    """With the weights of a busy hour."""
    assert set(walk(store_url, seed, BUSY)) >= {"refused", "left_ivr", "abandoned", "answered", "cancelled"}


def test_a_night_with_hardly_anybody(store_url: str) -> None:
    """The weights of an hour in which most callers go to partners."""
    seed = int(os.environ.get("SUAR_SEED", "1997"))
    reached = walk(store_url, seed, BUSY | machine_overflow.NIGHT, csos=1, special=machine_overflow.at_night)
    reasons = {"max-wait", "place", "estimate", "level", "ratio", "outside"}
    assert sum(reached[reason] for reason in reasons) >= 3, reached  # each reason has scenarios in test_overflow.py
