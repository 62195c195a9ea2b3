"""The oracle of callbacks: who waits without a line, whose number is known, who takes a place over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from router.agents import CSOS, CsoEvent
from router.calls import CALLS, CallEvent, CallState, Outcome

if TYPE_CHECKING:
    from tests.router.model import Model, ModelCall

C = CallState
SETUP, GRACE = 5000, 2000
OFF_THE_LINE = (C.WAITING, C.SCHEDULED)
BEFORE_THEY_TALK = (C.WAITING, C.SCHEDULED, C.OFFERED, C.CALLING)


class Refusal(Exception):
    """The library refuses with this slug."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class Callbacks:
    """The verbs of a callback."""

    def on_line(self: Model) -> list[ModelCall]:
        """Calls that occupy a line."""
        return [call for call in self.live() if not (call.virtual and call.state in OFF_THE_LINE)]

    def callbacks(self: Model) -> dict[str, ModelCall]:
        """By number."""
        return {call.dial: call for call in self.live() if call.virtual}

    def may_be_offered(self: Model, call: ModelCall) -> bool:
        kept = 0 if call.emergency else self.emergency_lines
        return not call.virtual or len(self.on_line()) < self.lines - kept

    def admit(self: Model, call: ModelCall, ani: str, reason: str) -> bool:
        """A new caller, who may have been waiting for a callback; let in to a few words only the callback stays."""
        call.ani, old = ani, self.callbacks().get(ani)
        if reason or self.level == 4:
            call.triage = True
            return False
        if old and old.state in OFF_THE_LINE:
            call.score, call.queued, call.kept, call.emergency = old.score, old.queued, True, old.emergency
            call.kept_from = old.id
            self.finish(old, Outcome.CANCELLED)
        self.refused.pop(ani, None)
        return call.kept

    def got_through(self: Model, call: ModelCall) -> None:
        """In line: of the triage no more."""
        if call.triage:
            call.triage = False
            self.refused.pop(call.ani, None)

    def keep_number(self: Model, call: ModelCall, ani: str) -> None:
        self.refused.setdefault(ani, (self.now, call.id))

    def call_back(self: Model, name: str, number: str, queue: str, until: int) -> None:
        call = self.calls[name]
        queue = queue or call.queue
        if not queue:
            raise Refusal("unknown-queue")
        if call.emergency:
            raise Refusal("emergency-no-callback")
        if call.virtual:
            raise Refusal("callback-exists")
        to = CALLS.next(call.state, CallEvent.CALL_BACK)
        if number in self.callbacks():
            raise Refusal("callback-exists")
        if call.state is C.IVR and not call.kept:
            call.queued = self.now
        call.virtual, call.dial, call.queue, call.kept = True, number, queue, False
        call.score = call.score or call.arrived
        self.got_through(call)
        self._wait(call, to, call.queued)
        if until > self.now:
            call.state, call.until = CALLS.next(to, CallEvent.SCHEDULE), until

    def dialled(self: Model, call: ModelCall) -> None:
        """The CSO answered."""
        cso = self.csos[call.cso]
        call.state, cso.state = CALLS.next(call.state, CallEvent.DIAL), CSOS.next(cso.state, CsoEvent.ANSWER)
        call.deadline = self.now + SETUP + self.queues[call.queue].callback_ring_ms + GRACE

    def reached(self: Model, name: str, token: str) -> None:
        call = self.calls[name]
        if not self._held(call, token) or call.state not in (C.CALLING, C.TALKING):
            raise self.stale()
        if call.state is C.CALLING:
            call.state, call.virtual, call.deadline = CALLS.next(call.state, CallEvent.REACHED), False, 0
            self.csos[call.cso].answered += 1

    def unreached(self: Model, name: str, token: str, reason: str) -> None:
        call = self.calls[name]
        if self._held(call, token):
            self.miss(call, reason)

    def miss(self: Model, call: ModelCall, reason: str) -> None:
        to, cso, rules = CALLS.next(call.state, CallEvent.UNREACHED), self.csos[call.cso], self.queues[call.queue]
        call.attempts += reason != "cso-gone"
        if call.attempts >= rules.callback_attempts:
            self.finish(call, Outcome.UNREACHED)
            return
        call.state, call.until = to, self.now + (0 if reason == "cso-gone" else rules.callback_retry_ms)
        call.last_token, call.token, call.cso, call.deadline = call.token, "", "", 0
        if reason == "cso-gone":
            cso.free = self.now
        self._let_go(cso, CsoEvent.RELEASE)

    def schedule(self: Model, name: str, until: int) -> None:
        call = self.calls[name]
        if call.state is C.SCHEDULED and call.until == until:
            return
        if not call.virtual:
            raise Refusal("not-callback")
        call.state, call.until = CALLS.next(call.state, CallEvent.SCHEDULE), until

    def cancel(self: Model, name: str) -> str:
        call = self.calls[name]
        if call.state is not C.ENDED:
            if not call.virtual:
                raise Refusal("not-callback")
            self.finish(call, Outcome.CANCELLED)
        return call.outcome

    def finish(self: Model, call: ModelCall, outcome: Outcome) -> None:
        """A callback ends."""
        if call.state in (C.OFFERED, C.CALLING):
            self._let_go(self.csos[call.cso], CsoEvent.RELEASE)
        call.state, call.outcome = C.ENDED, outcome.value
        call.last_token, call.token = call.token, ""

    def stand_again(self: Model, call: ModelCall) -> None:
        """Took the place of a callback and hung up before being in line: still called back."""
        old = self.calls[call.kept_from]
        if old.dial not in self.callbacks():
            again = self.new_call(f"{call.id}r", old.arrived)
            again.virtual, again.dial, again.queue, again.skills = True, old.dial, old.queue, old.skills
            again.score, again.queued, again.emergency = old.score, old.queued, old.emergency
            again.attempts = old.attempts
            self._wait(again, C.WAITING, again.queued)
            if old.until > self.now:
                again.state, again.until = C.SCHEDULED, old.until

    def recall_next(self: Model, queue: str) -> str | None:
        for number, (at, of) in sorted(self.refused.items(), key=lambda item: (item[1][0], item[0])):
            del self.refused[number]
            if number not in self.callbacks() and f"{of}r" not in self.calls:
                call = self.new_call(f"{of}r", at)
                call.virtual, call.dial, call.queue, call.score, call.queued = True, number, queue, at, self.now
                self._wait(call, C.WAITING, self.now)
                return call.id
        return None

    def due(self: Model) -> int:
        """Time passes."""
        found = [call for call in self.live() if call.state is C.SCHEDULED and call.until <= self.now]
        for call in found:
            call.state = CALLS.next(call.state, CallEvent.DUE)
        self.refused = {number: kept for number, kept in self.refused.items() if kept[0] > self.now - 86_400_000}
        return len(found)
