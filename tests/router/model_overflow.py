"""The oracle of overflow: who leaves, for which partner, what becomes of both. With scans, as the model is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from router.agents import CsoState
from router.calls import CALLS, CallEvent, CallState

if TYPE_CHECKING:
    from tests.router.model import ModelCall

SETUP, GRACE = 5000, 2000
BLAMELESS = {"drained", "emergency"}
RESTING = {CsoState.PAUSED, CsoState.NOT_ANSWERING, CsoState.LOGGED_OUT}


class Stale(Exception):
    """The token is not the live one."""


@dataclass
class ModelPartner:
    """What is kept of a partner between calls."""

    hours: bool = True
    hand: str = ""
    reachable: bool | None = None
    breaker: str = "closed"
    failures: int = 0
    retry: int = 0
    until: int = 0
    trial: str = ""
    load: int = 0
    next: int = 0

    @property
    def open(self) -> bool:
        return self.hand == "open" if self.hand else self.hours


class OverflowModel:
    """A part of Model."""

    calls: dict[str, ModelCall]
    csos: dict[str, Any]
    away: set[str]
    queues: dict[str, Any]
    partners: dict[str, Any]
    partner_states: dict[str, ModelPartner]
    now: int
    level: Any
    partner_load: int

    waiting: Any
    eligible: Any
    _held: Any
    _wait: Any
    _end: Any

    def at(self, partner: str) -> int:
        return sum(call.state is CallState.PARTNER and call.partner == partner for call in self.calls.values())

    # --- who

    def due_of(self, call: ModelCall, since: int) -> int:
        """When it may leave by itself; 0 = never. The call waits already."""
        rules = self.queues[call.queue]
        if call.emergency:
            call.over = ""
            return since + rules.outside_ms if rules.outside else 0
        over = "estimate" if call.over == "estimate" and rules.partners else ""
        if rules.partners and not over and 0 < rules.over_place < self._place(call):
            over = "place"
        call.over = over if rules.partners else call.over if call.over == "estimate" else ""
        if not rules.partners:
            return 0
        if over:
            return since
        return since + rules.max_wait_ms if rules.max_wait_ms else 0

    def _line(self, call: ModelCall) -> list[ModelCall]:
        """Everybody on the line in the lane of a call, in order."""
        return [one for one in self.waiting() if _same_lane(one, call) and not one.virtual]

    def _place(self, call: ModelCall) -> int:
        callbacks = [one for one in self.waiting() if _same_lane(one, call) and one.virtual]
        return 1 + self._line(call).index(call) + sum(one.score < call.score for one in callbacks)

    def _at_work(self, call: ModelCall, skills: bool = True) -> int:
        return sum(
            call.queue in cso.queues
            and cso.state not in RESTING
            and not cso.next
            and cso.id not in self.away
            and all(cso.skills.get(name, 0) >= least for name, least in call.skills.items() if skills)
            for cso in self.csos.values()
        )

    def _queue_line(self, head: ModelCall) -> list[ModelCall]:
        """Everybody on the line in the queue of a call, whatever is asked of a CSO."""
        return [one for one in self.waiting() if one.queue == head.queue and not one.virtual]

    def _crowd(self, head: ModelCall) -> str:
        rules, length = self.queues[head.queue], len(self._queue_line(head))
        if rules.partners and 0 < rules.over_level <= self.level:
            return "level"
        crowd = rules.over_ratio and length > rules.over_ratio * max(self._at_work(head, skills=False), 1)
        return "ratio" if rules.partners and crowd else ""

    def _is_next(self, call: ModelCall) -> bool:
        return self._place(call) == 1 and self._at_work(call) > 0

    # --- where

    def has_room(self, name: str) -> bool:
        rules, state = self.partners[name], self.partner_states[name]
        if rules.outside or not state.open or state.reachable is False or self.at(name) >= rules.cap:
            return False
        if rules.rate:
            interval, burst = math.ceil(1000 / rules.rate), max(1, math.floor(rules.rate))
            if state.next - (burst - 1) * interval > self.now:
                return False
        if state.breaker == "open":
            return self.now >= state.until
        return state.breaker == "closed" or not state.trial

    def _load(self, name: str) -> int:
        return max(self.partner_states[name].load, self.partner_load)

    def _with_room(self, queue: str) -> list[str]:
        found = [name for name in self.queues[queue].partners if self.has_room(name)]
        return sorted(found, key=self._load) if self.queues[queue].by_share else found

    def _allowed(self, call: ModelCall, partners: list[str]) -> str:
        for name in partners:
            since = [at for one, at in call.avoid if one == name]
            if all(self.now - at >= self.partners[name].again_ms for at in since):
                return name
        return ""

    def overflow_next(self) -> tuple[str, str, str] | None:
        """The lowest head's lane first; each lane's own rules within it."""
        for head in self.waiting():
            if (
                not head.virtual
                and self._line(head)[0] is head
                and not self.eligible(head)
                and (found := self._leaver(head))
            ):
                return found
        return None

    def _leaver(self, head: ModelCall) -> tuple[str, str, str] | None:
        rules, line, partners = self.queues[head.queue], self._line(head), self._with_room(head.queue)
        due = sorted((one for one in line if 0 < one.due <= self.now), key=lambda one: (one.due, one.id))
        for call in due:
            if call.emergency and rules.outside:
                return call.id, rules.outside, "outside"
            if call.emergency:
                continue  # the rule was taken away while it waited
            late = rules.max_wait_ms and self.now >= call.queued + rules.max_wait_ms
            partner = self._allowed(call, partners)
            if partner and (late or not self._is_next(call)):
                return call.id, partner, "max-wait" if late else call.over
        why = self._crowd(head)
        served = [one for one in self._queue_line(head) if not self.eligible(one)] if why else []
        for call in self._from_the_end(served):
            partner = "" if call.emergency else self._allowed(call, partners)
            if partner and not self._is_next(call):
                return call.id, partner, why
        return None

    def _from_the_end(self, line: list[ModelCall]) -> list[ModelCall]:
        """The lanes by their last callers, the latest first; of each the latest first."""
        lanes: dict[str, list[ModelCall]] = {}
        for call in reversed(line):
            lanes.setdefault(repr(sorted(call.skills.items())), []).append(call)
        return [call for lane in lanes.values() for call in lane]

    # --- what becomes of it

    def handed_over(self, name: str, partner: str, token: str, why: str) -> None:
        call, rules, state = self.calls[name], self.partners[partner], self.partner_states[partner]
        call.state = CALLS.next(call.state, CallEvent.HAND_OVER)
        call.partner, call.token, call.partner_answered = partner, token, 0
        call.handed, call.handed_why = self.now, why
        call.deadline = self.now + SETUP + rules.ring_ms + GRACE
        if rules.outside:
            return
        load = self._load(partner)
        self.partner_load, state.load = load, load + math.floor(1_000_000 / rules.share)
        state.next = max(self.now, state.next) + (math.ceil(1000 / rules.rate) if rules.rate else 0)
        if state.breaker != "closed":
            state.breaker, state.trial = "half", name

    def partner_answered(self, name: str, token: str) -> None:
        call = self.calls[name]
        if not self._held(call, token) or call.state is not CallState.PARTNER:
            raise Stale
        if not call.partner_answered:
            call.partner_answered = self.now
            call.deadline = self.now + self.partners[call.partner].short_ms

    def hand_back(self, name: str, token: str, reason: str) -> None:
        call = self.calls[name]
        if self._held(call, token):
            self._take_back(call, reason)

    def partner_left(self, name: str, token: str) -> str:
        call = self.calls[name]
        if not self._held(call, token) or call.state is not CallState.PARTNER:
            return call.outcome
        call.partner_answered = call.partner_answered or self.now
        if self.now - call.partner_answered < self.partners[call.partner].short_ms:
            self._take_back(call, "dropped")
            return ""
        return str(self._end(call))

    def drain_next(self) -> tuple[str, str] | None:
        leaving = [one for one in self.calls.values() if one.state is CallState.PARTNER and not one.partner_answered]
        for call in sorted(leaving, key=lambda one: (one.score, one.number)):
            rules, partner = self.queues[call.queue], call.partner
            calmed = call.handed_why == "level" and self.level < rules.over_level
            late = rules.drain_after_ms and self.now >= call.handed + rules.drain_after_ms
            if call.handed_why != "referred" and self.eligible(call) and (calmed or late):
                self._take_back(call, "drained")
                return call.id, partner
        return None

    def partner_state(self, name: str, *, is_open: bool | None, reachable: bool | None, by: str) -> None:
        state = self.partner_states[name]
        if is_open is not None and by == "hours":
            state.hours = is_open
            state.hand = "" if state.hand == "open" and is_open else state.hand
        elif is_open is not None:
            state.hand = "shut" if not is_open else "" if state.hours else "open"
            if is_open and state.breaker != "closed":
                state.breaker, state.failures, state.trial = "closed", 0, ""
        if reachable is not None and reachable is not state.reachable:
            if state.reachable is False and state.breaker == "open":
                state.until = self.now
            state.reachable = reachable

    def mark_due(self, name: str, estimate_ms: int | None) -> bool:
        call = self.calls[name]
        rules = self.queues.get(call.queue)
        if call.state is not CallState.WAITING or call.virtual or call.emergency or not rules or not rules.partners:
            return False
        if estimate_ms is not None and not 0 < rules.over_estimate_ms < estimate_ms:
            return False
        call.over, call.due = "estimate", min(call.due or self.now, self.now)
        return True

    def lasts(self, call: ModelCall) -> None:
        """A talk with a partner is longer than a short one."""
        state, call.deadline = self.partner_states[call.partner], 0
        if self.partners[call.partner].outside:
            return
        if state.breaker == "closed":
            state.failures = 0
        elif state.trial == call.id:
            state.failures, state.breaker, state.trial = 0, "closed", ""

    def _take_back(self, call: ModelCall, reason: str) -> None:
        to = CALLS.next(call.state, CallEvent.HAND_BACK)
        self._blame(call, reason)
        if reason not in BLAMELESS:
            call.avoid = [(call.partner, self.now), *call.avoid]
        call.last_token, call.token, call.partner, call.partner_answered = call.token, "", "", 0
        self._wait(call, to, self.now if call.emergency else call.queued)

    def _blame(self, call: ModelCall, reason: str) -> None:
        rules, state = self.partners[call.partner], self.partner_states[call.partner]
        if rules.outside:
            return
        if reason in BLAMELESS:
            state.trial = "" if state.trial == call.id else state.trial
            return
        state.failures += 1
        if state.breaker == "half" and state.trial == call.id:
            self._break(state, min(state.retry * 2, rules.retry_limit_ms))
        elif state.breaker == "closed" and 0 < rules.failures <= state.failures:
            self._break(state, rules.retry_ms)

    def _break(self, state: ModelPartner, retry: int) -> None:
        state.breaker, state.trial, state.retry, state.until = "open", "", retry, self.now + retry

    def ended_at_partner(self, call: ModelCall) -> None:
        """The end of a call that is there, whoever said so."""
        if call.partner_answered and self.now - call.partner_answered >= self.partners[call.partner].short_ms:
            self.lasts(call)
        state = self.partner_states[call.partner]
        state.trial = "" if state.trial == call.id else state.trial


def _same_lane(one: ModelCall, other: ModelCall) -> bool:
    return (one.queue, one.skills) == (other.queue, other.skills)
