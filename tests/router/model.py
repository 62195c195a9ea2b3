"""What the library should do, said again in plain Python with scans over plain dictionaries: the oracle."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from config.errors import IllegalMove
from router.agents import CSOS, CsoEvent, CsoState
from router.calls import CALLS, CallEvent, CallState, Outcome, outcome_of
from router.store.types import Admission, PartnerRules, QueueRules, Strategy, TrunkRules
from tests.router.model_admission import Admissions, ModelGap
from tests.router.model_callback import BEFORE_THEY_TALK, Callbacks, Refusal
from tests.router.model_overflow import ModelPartner, OverflowModel, Stale
from tests.router.model_talk import Talks

BAND = -4e15
SETUP, GRACE = 5000, 2000
C, S = CallState, CsoState
ASKED = {S.READY: CsoEvent.READY, S.PAUSED: CsoEvent.PAUSE, S.LOGGED_OUT: CsoEvent.LOG_OUT}


class Full(Exception):
    """The queue takes no more callers."""


@dataclass
class ModelCall:
    id: str
    number: int
    arrived: int
    state: CallState = C.IVR
    queue: str = ""
    skills: dict[str, int] = field(default_factory=dict)
    score: float = 0.0
    emergency: bool = False
    cso: str = ""
    token: str = ""
    last_token: str = ""
    deadline: int = 0
    queued: int = 0
    due: int = 0
    rang: bool = False
    partner: str = ""
    partner_answered: int = 0
    over: str = ""
    avoid: list[tuple[str, int]] = field(default_factory=list)
    handed: int = 0
    handed_why: str = ""
    outcome: str = ""
    virtual: bool = False
    dial: str = ""
    until: int = 0
    attempts: int = 0
    kept: bool = False  # took the place of a callback and has not used it yet
    kept_from: str = ""  # of this one
    ani: str = ""
    held: int = 0
    guest: str = ""
    guest_token: str = ""
    guest_last: str = ""
    guest_state: CsoState | None = None
    guest_deadline: int = 0
    guest_rang: bool = False
    triage: bool = False  # let in to a few words only, not in line yet
    trunk: str = ""
    region: str = ""
    area: str = ""
    gap: str = ""  # the one that was asked
    gapped: bool = False
    admission: Admission | None = None


@dataclass
class ModelCso:
    id: str
    queues: dict[str, int]  # proficiency
    skills: dict[str, int] = field(default_factory=dict)
    state: CsoState = S.LOGGED_OUT
    free: int = 0
    turn: int = 0  # number of the last offer
    answered: int = 0  # since logging in
    next: CsoState | None = None
    call: str = ""
    wrap_until: int = 0
    wrap_limit: int = 0
    assigned: bool = False  # queues and skills are a supervisor's
    telephone: bool = True


@dataclass
class Model(OverflowModel, Callbacks, Talks, Admissions):
    queues: dict[str, QueueRules]
    partners: dict[str, PartnerRules]
    lines: int
    now: int
    calls: dict[str, ModelCall] = field(default_factory=dict)
    csos: dict[str, ModelCso] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    arrivals: int = 0
    offers: int = 0
    emergency_lines: int = 2
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)  # number → when first, its call
    trunks: dict[str, TrunkRules] = field(default_factory=dict)
    gaps: dict[str, ModelGap] = field(default_factory=dict)
    automatic: int = 0
    by_hand: tuple[int, int] | None = None  # level, until

    stale = Stale  # for the modules of the topics
    partner_load: int = 0
    partner_states: dict[str, ModelPartner] = field(default_factory=lambda: defaultdict(ModelPartner))

    # --- what can be asked of it

    def live(self) -> list[ModelCall]:
        return [call for call in self.calls.values() if call.state is not C.ENDED]

    def waiting(self) -> list[ModelCall]:
        found = [call for call in self.calls.values() if call.state is C.WAITING]
        return sorted(found, key=lambda call: (call.score, call.number))

    def eligible(self, call: ModelCall) -> list[ModelCso]:
        found = [
            cso
            for cso in self.csos.values()
            if cso.state is S.READY
            and call.queue in cso.queues
            and cso.id not in self.away
            and all(cso.skills.get(name, 0) >= least for name, least in call.skills.items())
        ]
        return sorted(found, key=lambda cso: (*self._rank(call, cso), cso.id))

    def _rank(self, call: ModelCall, cso: ModelCso) -> tuple[int, ...]:
        match self.queues[call.queue].strategy:
            case Strategy.BEST_SKILL:
                return -cso.queues[call.queue] - sum(cso.skills[name] for name in call.skills), cso.free
            case Strategy.FEWEST_CALLS:
                return cso.answered, cso.free
            case Strategy.ROUND_ROBIN:
                return (cso.turn,)
            case _:
                return (cso.free,)

    # --- calls

    def arrive(self, name: str, ani: str = "", trunk: str = "", region: str = "") -> Admission:
        known = self.calls.get(name)
        if known and known.admission:
            return known.admission
        call = ModelCall(name, self.arrivals + 1, self.now, trunk=trunk, region=region)
        admission = self.admission(call)
        self.arrivals += 1
        self.calls[name] = call
        if admission.admitted:
            call.admission = replace(admission, kept=self.admit(call, ani, admission.reason))
        else:
            call.state, call.outcome, call.admission = C.ENDED, Outcome.REFUSED.value, admission
            self.keep_number(call, ani)
        return call.admission

    def new_call(self, name: str, arrived: int) -> ModelCall:
        self.arrivals += 1
        self.calls[name] = ModelCall(name, self.arrivals, arrived)
        return self.calls[name]

    def enqueue(self, name: str, queue: str, emergency: bool, skills: dict[str, int] | None = None) -> None:
        call = self.calls[name]
        asked = call.skills if skills is None else skills
        emergency = emergency or call.emergency
        score = call.score or call.arrived
        if emergency and not call.emergency:
            score += BAND
        if call.state is C.OFFERED and emergency:
            call.queue, call.emergency, call.score = queue, True, score
            return
        if call.state is C.PARTNER and call.emergency:
            return
        middle = call.state
        if middle is C.PARTNER and emergency and not call.partner_answered:
            middle = CALLS.next(middle, CallEvent.HAND_BACK)
        most = self.queues[queue].max_waiting
        if (
            call.state is C.IVR
            and not emergency
            and not call.kept
            and 0 < most <= sum(one.queue == queue and not one.virtual for one in self.waiting())
        ):
            raise Full
        middle = CALLS.next(middle, CallEvent.LEAVE_QUEUE) if middle is C.WAITING else middle
        to = CALLS.next(middle, CallEvent.ENQUEUE)
        if call.state is C.TALKING:
            self.part(call)
            self._hang_up(self.csos[call.cso], call.queue)
            call.last_token = call.token
        if call.state is C.PARTNER:
            self._take_back(call, "emergency")
        if not (call.state is C.WAITING and call.queue == queue) and not call.kept:
            call.queued = self.now
        call.kept = False
        self.got_through(call)
        call.last_token, call.token, call.cso = call.token or call.last_token, "", ""
        call.over = call.over if call.queue == queue else ""
        call.queue, call.emergency, call.score, call.skills = queue, emergency, score, asked
        self._wait(call, to, call.queued)

    def leave_queue(self, name: str) -> None:
        call = self.calls[name]
        if call.virtual:
            raise Refusal("no-caller")
        call.state = CALLS.next(call.state, CallEvent.LEAVE_QUEUE)
        call.queue = ""

    def offer_next(self) -> tuple[str, str] | None:
        for call in self.waiting():
            for cso in self.eligible(call) if self.may_be_offered(call) else ():
                return call.id, cso.id
        return None

    def offered(self, name: str, cso_name: str, token: str) -> None:
        call, cso = self.calls[name], self.csos[cso_name]
        call.state = CALLS.next(call.state, CallEvent.OFFER)
        call.cso, call.token, call.rang = cso_name, token, False
        call.deadline = self.now + SETUP + self.queues[call.queue].offer_ms + GRACE
        cso.state, cso.call = CSOS.next(cso.state, CsoEvent.OFFER), name
        self.offers = max(self.offers, int(token.partition("-")[0]))
        cso.turn = self.offers

    def _held(self, call: ModelCall, token: str) -> bool:
        """True when the token is the call's; False when it is over; raises Stale."""
        if token and token == call.token:
            return True
        if token and token == call.last_token:
            return False
        raise Stale

    def ringing(self, name: str, token: str) -> None:
        call = self.calls[name]
        if self._held(call, token) and call.state is C.OFFERED:
            call.deadline, call.rang = self.now + self.queues[call.queue].offer_ms + GRACE, True

    def answered(self, name: str, token: str) -> None:
        call = self.calls[name]
        if not self._held(call, token) or call.state not in (C.OFFERED, C.CALLING, C.TALKING):
            raise Stale
        if call.state is C.OFFERED and call.virtual:
            self.dialled(call)
        elif call.state is C.OFFERED:
            cso = self.csos[call.cso]
            call.state, cso.state = CALLS.next(call.state, CallEvent.ANSWER), CSOS.next(cso.state, CsoEvent.ANSWER)
            cso.answered += 1

    def returned(self, name: str, token: str, reason: str) -> None:
        call = self.calls[name]
        if self._held(call, token):
            self._give_back(call, reason)

    def _give_back(self, call: ModelCall, reason: str) -> None:
        to = CALLS.next(call.state, CallEvent.RETURN)
        cso = self.csos[call.cso]
        ours = reason == "failed" or (reason == "expired" and not call.rang)
        event = CsoEvent.RELEASE if ours else CsoEvent.NO_ANSWER
        if event is CsoEvent.RELEASE:
            cso.free = self.now
        self._let_go(cso, event)
        call.last_token, call.token, call.cso = call.token, "", ""
        self._wait(call, to, call.queued)

    def ended(self, name: str) -> str | None:
        call = self.calls[name]
        if call.state is C.ENDED:
            return call.outcome
        if call.virtual and call.state in BEFORE_THEY_TALK:
            return None
        if call.triage and call.state is C.IVR:
            self.keep_number(call, call.ani)
        return self._end(call)

    def _end(self, call: ModelCall) -> str:
        if call.state is C.PARTNER:
            self.ended_at_partner(call)
        call.outcome = outcome_of(call.state, partner_answered=bool(call.partner_answered), given=None).value
        if call.state is C.OFFERED:
            self._let_go(self.csos[call.cso], CsoEvent.RELEASE)
        elif call.state is C.TALKING:
            self.part(call)
            self._hang_up(self.csos[call.cso], call.queue)
        from_ivr = call.state is C.IVR
        call.state = C.ENDED
        call.last_token, call.token = call.token, ""
        if from_ivr and call.kept:
            self.stand_again(call)
        return call.outcome

    def _wait(self, call: ModelCall, to: CallState, since: int) -> None:
        call.state, call.deadline = to, 0
        call.due = 0 if call.virtual else self.due_of(call, since)

    # --- CSOs

    def log_in(self, name: str, queues: dict[str, int], skills: dict[str, int]) -> None:
        cso = self.csos.setdefault(name, ModelCso(name, queues))
        if cso.state is S.LOGGED_OUT:
            cso.state, cso.answered, cso.assigned = S.PAUSED, 0, False
        if not cso.assigned:
            cso.queues, cso.skills = queues, skills

    def ask_state(self, name: str, state: CsoState) -> None:
        cso = self.csos[name]
        if cso.state in (S.OFFERED, S.TALKING):
            cso.next = None if state is S.READY else state
        elif cso.state is not state:
            self._turn(cso, ASKED[state])
            cso.next = None
            self._settle(cso)

    def _turn(self, cso: ModelCso, event: CsoEvent) -> None:
        cso.state = CSOS.next(cso.state, event)
        if cso.state is S.READY and event is not CsoEvent.RELEASE:
            cso.free = self.now

    def _let_go(self, cso: ModelCso, event: CsoEvent) -> None:
        self._turn(cso, event)
        self._take_next(cso)

    def _take_next(self, cso: ModelCso) -> None:
        if cso.next:
            self._turn(cso, ASKED[cso.next])
        cso.next = None
        self._settle(cso)

    def _settle(self, cso: ModelCso) -> None:
        if cso.state not in (S.OFFERED, S.TALKING, S.WRAP_UP):
            cso.call = ""
        if cso.state is not S.WRAP_UP:
            cso.wrap_until = 0

    def _hang_up(self, cso: ModelCso, queue: str) -> None:
        cso.state = CSOS.next(cso.state, CsoEvent.END)
        cso.wrap_until = self.now + self.queues[queue].wrap_up_ms
        cso.wrap_limit = self.now + self.queues[queue].wrap_up_max_ms
        if not self.queues[queue].wrap_up_ms:
            self._wrapped(cso)

    def _wrapped(self, cso: ModelCso) -> None:
        self._turn(cso, CsoEvent.WRAPPED)
        self._take_next(cso)

    # --- time

    def sweep(self) -> int:
        self.expire_level()
        expired = [call for call in self.live() if 0 < call.deadline <= self.now and call.token]
        expired = [call for call in expired if call.state in (C.OFFERED, C.CALLING, C.PARTNER)]
        for call in sorted(expired, key=lambda one: (one.deadline, one.id)):
            if call.state is C.PARTNER and call.partner_answered:
                self.lasts(call)
            elif call.state is C.PARTNER:
                self._take_back(call, "expired")
            elif call.state is C.CALLING:
                self.miss(call, "expired")
            else:
                self._give_back(call, "expired")
        wrapped = [cso for cso in self.csos.values() if cso.state is S.WRAP_UP and cso.wrap_until <= self.now]
        for cso in wrapped:
            self._wrapped(cso)
        return len(expired) + len(wrapped) + self.late_guests() + self.due()


__all__ = ["Full", "IllegalMove", "Model", "Refusal", "Stale"]
