"""The rules of conversations: held, consulted, passed on; and what a supervisor does meanwhile."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from router.agents import CsoState
from tests.fixtures.router import PARTNERS, RULES

CSO_NAMES = [f"cso{n}" for n in range(1, 5)]
REASONS = ["no-answer", "failed", "cancelled", "left"]
STATES = [CsoState.READY, CsoState.PAUSED, CsoState.LOGGED_OUT]
EXTENSIONS = [20_000, 120_000]

# How often each comes in a busy hour.
BUSY = {
    "hold": 2, "resume": 2, "consult": 8, "guest_ringing": 2, "guest_answered": 6, "guest_left": 2, "complete": 5,
    "transfer": 3, "refer": 2, "extend_wrap_up": 2, "force": 1, "assign": 1,
}  # fmt: skip


def arguments(dice: random.Random, verb: str) -> dict[str, Any] | None:
    """What a verb of this module is asked with; None for the others."""
    if verb not in BUSY:
        return None
    cso = dice.choice(CSO_NAMES)
    return {
        "refer": {"data": dice, "partner": dice.choice([*(one.name for one in PARTNERS), "nowhere"])},
        "guest_left": {"data": dice, "reason": dice.choice(REASONS)},
        "extend_wrap_up": {"cso": cso, "ms": dice.choice(EXTENSIONS)},
        "force": {"cso": cso, "state": dice.choice([*STATES, CsoState.READY])},
        "assign": {
            "cso": cso,
            "queues": {rule.name: dice.randint(1, 5) for rule in dice.sample(RULES, 2)},
            "skills": {"en": dice.randint(1, 5)} if dice.random() < 0.5 else {},
        },
    }.get(verb, {"data": dice})


class TalkMachine(RuleBasedStateMachine):
    """Needs of LivePool: acd, model, run, both, some_token, pick."""

    def __init__(self) -> None:
        super().__init__()
        self.guests: list[tuple[str, str]] = []

    def some_talk(self, data: Any) -> tuple[str, str]:
        """A call and a token: mostly of two who talk."""
        talking = [(call.id, call.token) for call in self.model.live() if call.state == "talking"]
        return self.pick(data, talking * 5 + [self.some_token(data)])

    def some_cso(self, data: Any) -> str:
        """Mostly one who is free."""
        free = [cso.id for cso in self.model.csos.values() if cso.state is CsoState.READY]
        return self.pick(data, sorted(free) * 3 + CSO_NAMES)

    def some_guest(self, data: Any) -> tuple[str, str]:
        """Mostly one who is there, or is being rung."""
        live = [(call.id, call.guest_token) for call in self.model.live() if call.guest]
        return self.pick(data, live * 6 + (self.guests[-4:] or [self.some_token(data)]))

    def next_cmd(self) -> str:
        self.serial += 1
        return f"t{self.serial}"

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def hold(self, data: Any) -> None:
        call, token = self.some_talk(data)
        self.both(self.acd.hold(call, token), lambda: self.model.hold(call, token))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def resume(self, data: Any) -> None:
        call, token = self.some_talk(data)
        self.both(self.acd.resume(call, token), lambda: self.model.resume(call, token))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def consult(self, data: Any) -> None:
        (call, token), cso, cmd = self.some_talk(data), self.some_cso(data), self.next_cmd()
        guest = self.both(
            self.acd.consult(call, token, cso=cso, cmd=cmd), lambda: self.model.may_consult(call, token, cso)
        )
        if guest:
            self.model.consulted(call, cso, guest.token)
            self.guests.append((call, guest.token))
            assert self.run(self.acd.consult(call, token, cso=cso, cmd=cmd)) == guest

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def guest_ringing(self, data: Any) -> None:
        call, token = self.some_guest(data)
        self.both(self.acd.guest_ringing(call, token), lambda: self.model.guest_ringing(call, token))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def guest_answered(self, data: Any) -> None:
        call, token = self.some_guest(data)
        self.both(self.acd.guest_answered(call, token, leg="x"), lambda: self.model.guest_answered(call, token))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), reason=st.sampled_from(REASONS))
    def guest_left(self, data: Any, reason: str) -> None:
        call, token = self.some_guest(data)
        self.both(self.acd.guest_left(call, token, reason=reason), lambda: self.model.guest_left(call, token, reason))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def complete(self, data: Any) -> None:
        joined = [(call.id, call.token) for call in self.model.live() if call.guest_state is CsoState.TALKING]
        (call, token), cmd = self.pick(data, joined * 5 + [self.some_talk(data)]), self.next_cmd()
        done = self.both(self.acd.complete(call, token, cmd=cmd), lambda: self.model.complete(call, token))
        if done:
            self.tokens.append((call, done.token))
            assert self.run(self.acd.complete(call, token, cmd=cmd)) == done

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def transfer(self, data: Any) -> None:
        (call, token), cso, cmd = self.some_talk(data), self.some_cso(data), self.next_cmd()
        offer = self.both(
            self.acd.transfer(call, token, cso=cso, cmd=cmd), lambda: self.model.may_transfer(call, token, cso)
        )
        if offer:
            self.model.transferred(call, cso, offer.token)
            self.tokens.append((call, offer.token))
            assert self.run(self.acd.transfer(call, token, cso=cso, cmd=cmd)) == offer

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), partner=st.sampled_from([*(one.name for one in PARTNERS), "nowhere"]))
    def refer(self, data: Any, partner: str) -> None:
        (call, token), cmd = self.some_talk(data), self.next_cmd()
        given = self.both(
            self.acd.refer(call, token, partner=partner, cmd=cmd), lambda: self.model.may_refer(call, token, partner)
        )
        if given:
            self.model.referred(call, partner, given.token)
            self.tokens.append((call, given.token))
            assert self.run(self.acd.refer(call, token, partner=partner, cmd=cmd)) == given

    @rule(cso=st.sampled_from(CSO_NAMES), ms=st.sampled_from(EXTENSIONS))
    def extend_wrap_up(self, cso: str, ms: int) -> None:
        if cso in self.model.csos:
            cmd = self.next_cmd()
            longer = self.both(self.acd.extend_wrap_up(cso, ms, cmd=cmd), lambda: self.model.extend_wrap_up(cso, ms))
            if longer:
                assert self.run(self.acd.extend_wrap_up(cso, ms, cmd=cmd)) == longer

    @rule(cso=st.sampled_from(CSO_NAMES), state=st.sampled_from(STATES))
    def force(self, cso: str, state: CsoState) -> None:
        if cso in self.model.csos:
            self.both(self.acd.force(cso, state, by="spv1", reason=""), lambda: self.model.ask_state(cso, state))

    @rule(
        cso=st.sampled_from(CSO_NAMES),
        queues=st.dictionaries(st.sampled_from([one.name for one in RULES]), st.integers(1, 5), max_size=2),
        skills=st.dictionaries(st.just("en"), st.integers(1, 5)),
    )
    def assign(self, cso: str, queues: dict[str, int], skills: dict[str, int]) -> None:
        if cso in self.model.csos:
            self.both(
                self.acd.assign(cso, queues=queues, skills=skills, by="spv1"),
                lambda: self.model.assign(cso, queues, skills),
            )

    @invariant()
    def the_conversations_are_the_models(self) -> None:
        """Held since when, consulting whom, under which token."""
        calls = self.run(self.acd.snapshot()).calls
        real = {one.id: (one.held, one.guest, one.guest_token, one.guest_state) for one in calls}
        model = {one.id: one for one in self.model.live() if one.id in real}
        assert real == {
            name: (one.held, one.guest, one.guest_token, one.guest_state or "") for name, one in model.items()
        }
