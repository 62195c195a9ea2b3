"""The oracle of conversations: who is held, who is consulted, to whom a call is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.errors import IllegalMove
from router.agents import CSOS, CsoEvent, CsoState
from router.calls import CALLS, CallEvent, CallState
from tests.router.model_callback import Refusal

if TYPE_CHECKING:
    from tests.router.model import Model, ModelCall

C, S = CallState, CsoState
SETUP, GRACE = 5000, 2000


class Talks:
    """The verbs of a conversation, and a supervisor's."""

    def conversation(self: Model, name: str, token: str, verb: str) -> ModelCall:
        call = self.calls[name]
        if not self._held(call, token):
            raise self.stale
        if call.state is not C.TALKING:
            raise IllegalMove("call", call.state, verb)
        return call

    def must_be_free(self: Model, name: str) -> None:
        if name not in self.csos:
            raise Refusal("unknown-cso")
        if self.csos[name].state is not S.READY or name in self.away:
            raise Refusal("cso-not-free")

    def part(self: Model, call: ModelCall) -> None:
        """A conversation is over: its guest and its hold are too."""
        call.held = 0
        if call.guest:
            self._guest_goes(call, CsoEvent.RELEASE, end_of_line=call.guest_state is S.TALKING)

    def hold(self: Model, name: str, token: str) -> None:
        call = self.conversation(name, token, "hold")
        call.held = call.held or self.now

    def resume(self: Model, name: str, token: str) -> None:
        self.conversation(name, token, "resume").held = 0

    def may_consult(self: Model, name: str, token: str, cso: str) -> None:
        if self.conversation(name, token, "consult").guest:
            raise Refusal("consult-running")
        self.must_be_free(cso)

    def consulted(self: Model, name: str, cso: str, guest_token: str) -> None:
        call = self.calls[name]
        call.guest, call.guest_token, call.guest_state, call.guest_rang = cso, guest_token, S.OFFERED, False
        call.guest_deadline = self.now + SETUP + self.queues[call.queue].offer_ms + GRACE
        self._reserve(cso, call, guest_token)

    def _reserve(self: Model, cso_name: str, call: ModelCall, token: str) -> None:
        cso = self.csos[cso_name]
        cso.state, cso.call = CSOS.next(cso.state, CsoEvent.OFFER), call.id
        self.offers = max(self.offers, int(token.partition("-")[0]))
        cso.turn = self.offers

    def _as_guest(self: Model, call: ModelCall, token: str) -> bool:
        if token and token == call.guest_token:
            return True
        if token and token == call.guest_last:
            return False
        raise self.stale

    def guest_ringing(self: Model, name: str, token: str) -> None:
        call = self.calls[name]
        if self._as_guest(call, token) and call.guest_state is S.OFFERED:
            call.guest_deadline, call.guest_rang = self.now + self.queues[call.queue].offer_ms + GRACE, True

    def guest_answered(self: Model, name: str, token: str) -> None:
        call = self.calls[name]
        if token and token == call.token == call.guest_last:
            return
        if not self._as_guest(call, token):
            raise self.stale
        if call.guest_state is S.OFFERED:
            cso = self.csos[call.guest]
            cso.state = CSOS.next(cso.state, CsoEvent.ANSWER)
            call.guest_state, call.guest_deadline = S.TALKING, 0

    def guest_left(self: Model, name: str, token: str, reason: str) -> None:
        call = self.calls[name]
        if token and token == call.token:
            raise self.stale
        if self._as_guest(call, token):
            self._guest_left(call, reason)

    def _guest_left(self: Model, call: ModelCall, reason: str) -> None:
        talked = call.guest_state is S.TALKING
        fault_of_ours = reason == "failed" or (reason == "expired" and not call.guest_rang)
        release = talked or fault_of_ours or reason == "cancelled"
        event = CsoEvent.RELEASE if release else CsoEvent.NO_ANSWER
        self._guest_goes(call, event, end_of_line=talked or fault_of_ours)

    def _guest_goes(self: Model, call: ModelCall, event: CsoEvent, *, end_of_line: bool) -> None:
        cso = self.csos[call.guest]
        if end_of_line:
            cso.free = self.now
        call.guest_last, call.guest, call.guest_token, call.guest_state = call.guest_token, "", "", None
        call.guest_deadline = 0
        self._let_go(cso, event)

    def complete(self: Model, name: str, token: str) -> None:
        call = self.conversation(name, token, "complete")
        if call.guest_state is not S.TALKING:
            raise Refusal("no-guest")
        former = self.csos[call.cso]
        call.cso, call.token, call.last_token, call.guest_last = call.guest, call.guest_token, token, call.guest_token
        call.guest, call.guest_token, call.guest_state, call.held = "", "", None, 0
        self._hang_up(former, call.queue)
        self.csos[call.cso].answered += 1

    def may_transfer(self: Model, name: str, token: str, cso: str) -> None:
        self.conversation(name, token, "transfer")
        self.must_be_free(cso)

    def transferred(self: Model, name: str, cso: str, token: str) -> None:
        call = self.calls[name]
        former = self._pass_on(call)
        call.state, call.queued, call.rang = CALLS.next(call.state, CallEvent.TRANSFER), self.now, False
        call.cso, call.token = cso, token
        call.deadline = self.now + SETUP + self.queues[call.queue].offer_ms + GRACE
        self._reserve(cso, call, token)
        self._hang_up(self.csos[former], call.queue)

    def _pass_on(self: Model, call: ModelCall) -> str:
        self.part(call)
        call.last_token, former = call.token, call.cso
        call.cso = ""
        return former

    def may_refer(self: Model, name: str, token: str, partner: str) -> None:
        if self.conversation(name, token, "refer").emergency:
            raise Refusal("emergency-stays")
        if partner not in self.partners:
            raise Refusal("unknown-partner")
        if not self.has_room(partner):
            raise Refusal("partner-full")

    def referred(self: Model, name: str, partner: str, token: str) -> None:
        call = self.calls[name]
        former = self._pass_on(call)
        call.queued = self.now
        self.handed_over(name, partner, token, "referred")
        self._hang_up(self.csos[former], call.queue)

    def late_guests(self: Model) -> int:
        late = [call for call in self.live() if 0 < call.guest_deadline <= self.now]
        for call in late:
            self._guest_left(call, "expired")
        return len(late)

    # --- wrap-up and supervisors

    def extend_wrap_up(self: Model, name: str, ms: int) -> None:
        cso = self.csos[name]
        if cso.state is not S.WRAP_UP:
            raise IllegalMove("cso", cso.state, "extend")
        if cso.wrap_until + ms > cso.wrap_limit:
            raise Refusal("wrap-up-limit")
        cso.wrap_until += ms

    def assign(self: Model, name: str, queues: dict[str, int], skills: dict[str, int]) -> None:
        cso = self.csos[name]
        if cso.state is S.LOGGED_OUT:
            raise IllegalMove("cso", cso.state, "assign")
        cso.queues, cso.skills, cso.assigned = queues, skills, True
