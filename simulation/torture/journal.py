"""The invariants of the live state, from the entries of the journal alone: streaming, pure.

`Checker.feed` takes every entry in order; `finish` compares what the journal told with what the store says at the end.
What is found are sentences in `violations`; calls and CSOs are named in them, telephone numbers never.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from router.calls import CALLS, CallState, Outcome
from router.events import Entry, Event
from router.store.audit_state import Live
from simulation.torture.ending import differences
from simulation.torture.lanes import Waiting
from simulation.torture.told import BAND, BIRTHS, HELD, MOVES, RANKED, TOKENED, WORDS, C, Desk, E, Rules, Told


@dataclass
class Checker:
    """Everything that must hold, entry by entry."""

    rules: Rules
    patience_ms: int = 120_000  # how late a wrap-up may end when whoever sweeps was killed
    violations: list[str] = field(default_factory=list)
    calls: dict[str, Told] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    csos: dict[str, Desk] = field(default_factory=dict)
    waiting: Waiting = field(default_factory=Waiting)
    entries: int = 0
    told: Counter[str] = field(default_factory=Counter)  # how often each event came
    last: tuple[int, int] = (0, 0)
    last_at: int = 0
    epoch: str = ""
    lines: int = 0  # calls on a line that were admitted
    at: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # number → the call that was refused last

    def _wrong(self, entry: Entry, sentence: str) -> None:
        self.violations.append(f"journal: {entry.id} {entry.event.value} {entry.call or entry.cso}: {sentence}")

    def feed(self, entry: Entry) -> None:
        """One entry, the next in order."""
        self.entries += 1
        self.told[entry.event.value] += 1
        self._order(entry)
        if entry.event is Event.CSO_STATE:
            self._cso(entry)
        elif entry.event is Event.UNKNOWN:
            self._wrong(entry, "an event without a name here")
        elif entry.event is Event.DAMAGE:
            self._wrong(entry, "an entry of an index had to be put right")
        elif entry.call and entry.event not in WORDS:
            self._call(entry)

    def _order(self, entry: Entry) -> None:
        ms, _, number = entry.id.partition("-")
        ident = (int(ms), int(number))
        if ident <= self.last:
            self._wrong(entry, "not after the entry before it")
        if entry.at < self.last_at:
            self._wrong(entry, f"its instant lies {self.last_at - entry.at} ms before the entry before it")
        if entry.event is Event.STORE_STARTED or not self.epoch:
            if entry.epoch == self.epoch:
                self._wrong(entry, "a start of the store without a new epoch")
            self.epoch = entry.epoch
        elif entry.epoch != self.epoch:
            self._wrong(entry, "another epoch without a start of the store")
        self.last, self.last_at = ident, entry.at

    # --- calls

    def _call(self, entry: Entry) -> None:
        if entry.event in BIRTHS or (entry.event is Event.CALL_ADOPTED and entry.call not in self.calls):
            self._born(entry)
            return
        call = self.calls.get(entry.call)
        if call is None:
            if entry.event is not Event.CALL_NOTED or entry.call not in self.ended:
                self._wrong(entry, "after its end" if entry.call in self.ended else "a call nobody announced")
            return
        if entry.event is Event.CALL_REACHED and call.adopted and call.state is C.WAITING:
            return self._known_again(call, entry)
        if entry.event in TOKENED and entry.token != call.token:
            self._wrong(entry, "under a token that is not the live one")
        before = self._moved(call, entry)
        effect = EFFECTS.get(entry.event)
        if effect:
            effect(self, call, entry, before)

    def _born(self, entry: Entry) -> None:
        back = entry.event is Event.CALL_RECEIVED  # moved away and moved back
        if entry.call in self.calls or (entry.call in self.ended and not back):
            self._wrong(entry, "arrived again")
            return
        ani = str(entry.data.get("ani") or "")
        if entry.event is Event.CALL_REFUSED:
            self.ended.add(entry.call)
            if ani and not any(call.virtual and call.number == ani for call in self.calls.values()):
                self.refused[ani] = entry.call
            return
        self.ended.discard(entry.call)
        self._promised(entry, ani)
        state = BIRTHS.get(entry.event, C.WAITING)
        call = Told(entry.call, state, carrier=entry.carrier, ani=ani, number=str(entry.data.get("number") or ""))
        call.virtual = entry.event is Event.CALL_RECALLED or bool(entry.data.get("virtual"))
        call.adopted = entry.event is Event.CALL_ADOPTED
        self.calls[entry.call] = call
        if not call.virtual and "arrived" not in entry.data:  # told late, its line is free again
            self._take_line(call, entry)
        if state is C.WAITING:
            self._joined(call, entry)

    def _promised(self, entry: Entry, ani: str) -> None:
        """A number that got through, or that is to be called back anyway, need not be kept any more."""
        self.refused.pop(ani, None)
        self.refused.pop(str(entry.data.get("number") or ""), None)

    def _moved(self, call: Told, entry: Entry) -> CallState:
        """The table's move; answers the state before."""
        before, to = call.state, call.state
        if entry.event in (Event.CALL_QUEUED, Event.CALL_ADOPTED):
            allowed = before is C.WAITING or E.ENQUEUE in CALLS.moves[before]
            to = C.WAITING
        elif entry.event is Event.CALL_OFFERED and call.directed == entry.token != "":
            allowed = before is C.OFFERED
        elif entry.event is Event.CALL_SCHEDULED and call.missed:
            allowed, to = before is C.CALLING, C.SCHEDULED
        elif entry.event is Event.CALL_UNREACHED:
            allowed = before is C.CALLING
        elif entry.event in MOVES:
            allowed = MOVES[entry.event] in CALLS.moves[before]
            to = CALLS.moves[before].get(MOVES[entry.event], before)
        else:
            allowed = True
        if not allowed:
            self._wrong(entry, f"cannot happen to a call that is {before.value}")
        if before is C.WAITING and (to is not C.WAITING or entry.event in RANKED):
            self.waiting.remove(call.lane, call.virtual, call.id)
        call.state = to
        return before

    def _take_line(self, call: Told, entry: Entry) -> None:
        if call.on_line:
            return
        call.on_line = True
        self.lines += not call.adopted
        if not call.adopted and self.lines > self.rules.lines:
            self._wrong(entry, f"{self.lines} calls on {self.rules.lines} lines")

    def _leave_line(self, call: Told) -> None:
        if call.on_line:
            call.on_line = False
            self.lines -= not call.adopted

    def _joined(self, call: Told, entry: Entry) -> None:
        """In line, with the score it had; its number has got through."""
        self.refused.pop(call.ani, None)
        if entry.queue:
            call.queue = entry.queue
        if "score" in entry.data:
            emergency, score = bool(entry.data.get("emergency")), float(entry.data["score"])
            call.skills = str(entry.data.get("skills") or "")
            if call.score is not None and score != call.score - (BAND if emergency and not call.emergency else 0):
                self._wrong(entry, f"the score was {call.score:.0f} and is {score:.0f}")
            if call.emergency and not emergency:
                self._wrong(entry, "was an emergency and is none")
            call.score, call.emergency = score, emergency
        if call.score is None:
            self._wrong(entry, "in line without a score")
            return
        self.waiting.add(call.lane, call.virtual, call.id, call.score)

    def _queued(self, call: Told, entry: Entry, before: CallState) -> None:
        if before in HELD:
            self._released(call)
        call.token = ""
        self._joined(call, entry)

    def _noted(self, call: Told, entry: Entry, _before: CallState) -> None:
        moved = call.state in (C.OFFERED, C.MOVING)
        if entry.data.get("what") == "emergency" and not call.emergency and entry.queue and moved:
            call.emergency, call.queue = True, entry.queue
            call.score = (call.score or 0.0) - BAND

    def _offered(self, call: Told, entry: Entry, _before: CallState) -> None:
        desk = self.csos.setdefault(entry.cso, Desk())
        self._is_free(desk, entry)
        if call.directed != entry.token:
            self._is_next(desk, call, entry)
        if call.virtual:
            self._take_line(call, entry)
        call.cso, call.token, call.directed = entry.cso, entry.token, ""
        desk.call = call.id

    def _is_next(self, desk: Desk, call: Told, entry: Entry) -> None:
        """Nobody is passed over: neither in its own line nor in another one that this CSO serves."""
        if desk.queues and not call.lane.served_by(desk.carrier, desk.queues, desk.skills):
            self._wrong(entry, f"to {entry.cso}, who does not serve {call.lane.name}")
        better = self.waiting.better(call.lane, call.virtual, call.score or 0.0)
        if better:
            self._wrong(entry, f"{better} waits in the same lane with a lower score")
        if desk.queues:
            passed = self.waiting.passed_over(desk.carrier, desk.queues, desk.skills, call.score or 0.0)
            if passed:
                self._wrong(entry, f"{passed} waits for the same CSO with a lower score")

    def _is_free(self, desk: Desk, entry: Entry) -> None:
        if desk.call:
            self._wrong(entry, f"to {entry.cso}, who has {desk.call}")
        if desk.state != "ready":
            self._wrong(entry, f"to {entry.cso}, who is {desk.state}")
        if not desk.telephone:
            self._wrong(entry, f"to {entry.cso}, whose telephone cannot be reached")

    def _released(self, call: Told) -> None:
        desk = self.csos.get(call.cso)
        if desk and desk.call == call.id:
            desk.call = ""
        call.cso = ""

    def _returned(self, call: Told, entry: Entry, _before: CallState) -> None:
        self._released(call)
        call.token = ""
        if call.virtual:
            self._leave_line(call)
        self._joined(call, entry)

    def _with_cso(self, call: Told, entry: Entry, _before: CallState) -> None:
        if entry.cso != call.cso:
            self._wrong(entry, f"by {entry.cso}, offered to {call.cso}")

    def _known_again(self, call: Told, entry: Entry) -> None:
        """A conversation that went on while the store had forgotten it: nobody was offered to anybody."""
        self.waiting.remove(call.lane, call.virtual, call.id)
        if (desk := self.csos.setdefault(entry.cso, Desk())).call:
            self._wrong(entry, f"with {entry.cso}, who has {desk.call}")
        call.state, call.cso, call.token, desk.call = C.TALKING, entry.cso, entry.token, call.id

    def _reached(self, call: Told, entry: Entry, before: CallState) -> None:
        self._with_cso(call, entry, before)
        call.virtual = False

    def _transferred(self, call: Told, entry: Entry, _before: CallState) -> None:
        self._released(call)
        call.token = entry.token
        if entry.data.get("kind") == "attended":
            if entry.cso != call.guest:
                self._wrong(entry, f"to {entry.cso}, consulted was {call.guest or 'nobody'}")
            call.state, call.cso, call.guest = C.TALKING, entry.cso, ""
        else:
            call.directed = entry.token

    def _consulted(self, call: Told, entry: Entry, before: CallState) -> None:
        guest = str(entry.data.get("guest", ""))
        if before is not C.TALKING or call.guest:
            self._wrong(entry, f"while it is {before.value}, with {call.guest or 'nobody'} as guest")
        desk = self.csos.setdefault(guest, Desk())
        self._is_free(desk, entry)
        call.guest, desk.call = guest, call.id

    def _guest_left(self, call: Told, entry: Entry, _before: CallState) -> None:
        if entry.data.get("guest") != call.guest:
            self._wrong(entry, f"the guest is {call.guest or 'nobody'}")
        desk = self.csos.get(call.guest)
        if desk:
            desk.call = ""
        call.guest = ""

    def _handed_over(self, call: Told, entry: Entry, before: CallState) -> None:
        if before in HELD:
            self._released(call)
        partner = str(entry.data.get("partner", ""))
        if call.emergency and partner not in self.rules.outside:
            self._wrong(entry, "an emergency handed to a partner")
        call.partner, call.token = partner, entry.token
        self.at[partner] = self.at.get(partner, 0) + 1
        rules = self.rules.partners.get(partner)
        if rules and not rules.outside and self.at[partner] > rules.cap:
            self._wrong(entry, f"{self.at[partner]} calls at {partner}")

    def _handed_back(self, call: Told, entry: Entry, _before: CallState) -> None:
        self._left_partner(call)
        call.token = ""
        self._joined(call, entry)

    def _left_partner(self, call: Told) -> None:
        if call.partner:
            self.at[call.partner] -= 1
        call.partner = ""

    def _callback(self, call: Told, entry: Entry, _before: CallState) -> None:
        call.virtual, call.number = True, str(entry.data.get("number") or "")
        self._promised(entry, call.ani)
        self._leave_line(call)
        self._joined(call, entry)

    def _rejoined(self, call: Told, entry: Entry, _before: CallState) -> None:
        call.token = ""
        self._joined(call, entry)

    def _unreached(self, call: Told, entry: Entry, before: CallState) -> None:
        self._with_cso(call, entry, before)
        call.missed = True

    def _scheduled(self, call: Told, _entry: Entry, before: CallState) -> None:
        if before is C.CALLING:
            self._released(call)
            self._leave_line(call)
        call.token, call.missed = "", False

    def _departed(self, call: Told, entry: Entry, _before: CallState) -> None:
        call.token = entry.token

    def _left_queue(self, call: Told, _entry: Entry, _before: CallState) -> None:
        call.queue = ""

    def _ended(self, call: Told, entry: Entry, before: CallState) -> None:
        outcome = entry.data.get("outcome", "")
        if outcome not in set(Outcome):
            self._wrong(entry, f"without an outcome that has a name: {outcome!r}")
        if outcome == Outcome.REFUSED:
            self._wrong(entry, "refused after it was taken in")
        if entry.data.get("state") != before.value:
            self._wrong(entry, f"was {entry.data.get('state')}, as the journal tells {before.value}")
        if before in HELD:
            self._released(call)
        if call.guest:
            self._wrong(entry, f"while {call.guest} is its guest")
        self._left_partner(call)
        self._leave_line(call)
        self.ended.add(call.id)
        del self.calls[call.id]

    # --- CSOs

    def _cso(self, entry: Entry) -> None:
        desk, data = self.csos.setdefault(entry.cso, Desk()), entry.data
        state = str(data.get("state", ""))
        if state in ("offered", "talking"):
            if entry.call != desk.call:
                self._wrong(entry, f"is {state} with {entry.call}, was given {desk.call or 'nobody'}")
        elif desk.call and desk.call in self.calls:
            self._wrong(entry, f"is {state}, but has {desk.call}")
        else:
            desk.call = ""
        if desk.state == "wrap_up" and entry.at > desk.wrap_until + self.patience_ms:
            self._wrong(entry, f"was in wrap-up {entry.at - desk.wrap_until} ms too long")
        desk.state, desk.telephone = state, bool(data.get("telephone", True))
        desk.wrap_until = int(data.get("wrap_until") or 0)
        if state == "wrap_up" and desk.wrap_until <= int(data.get("since", 0)):
            self._wrong(entry, "wrap-up without an end")
        if "queues" in data:
            desk.carrier, desk.queues, desk.skills = entry.carrier, str(data["queues"]), str(data.get("skills", ""))

    # --- the end

    def finish(self, live: Live) -> None:
        """What the journal told is what the store says."""
        self.violations += [f"journal: {one}" for one in differences(self.calls, self.csos, self.refused, live)]


Effect = Callable[[Checker, Told, Entry, CallState], Any]
EFFECTS: dict[Event, Effect] = {
    Event.CALL_QUEUED: Checker._queued,
    Event.CALL_ADOPTED: Checker._queued,
    Event.CALL_LEFT_QUEUE: Checker._left_queue,
    Event.CALL_NOTED: Checker._noted,
    Event.CALL_OFFERED: Checker._offered,
    Event.CALL_RETURNED: Checker._returned,
    Event.CALL_ANSWERED: Checker._with_cso,
    Event.CALL_RINGING: Checker._with_cso,
    Event.CALL_DIALLED: Checker._with_cso,
    Event.CALL_REACHED: Checker._reached,
    Event.CALL_UNREACHED: Checker._unreached,
    Event.CALL_SCHEDULED: Checker._scheduled,
    Event.CALL_TRANSFERRED: Checker._transferred,
    Event.CALL_CONSULTED: Checker._consulted,
    Event.CALL_GUEST_LEFT: Checker._guest_left,
    Event.CALL_HANDED_OVER: Checker._handed_over,
    Event.CALL_HANDED_BACK: Checker._handed_back,
    Event.CALL_CALLBACK: Checker._callback,
    Event.CALL_DUE: Checker._rejoined,
    Event.CALL_STAYED: Checker._rejoined,
    Event.CALL_DEPARTED: Checker._departed,
    Event.CALL_ENDED: Checker._ended,
}


def check(entries: Iterable[Entry], rules: Rules, live: Live | None = None) -> list[str]:
    """Everything wrong with a whole journal."""
    checker = Checker(rules)
    for entry in entries:
        checker.feed(entry)
    if live is not None:
        checker.finish(live)
    return checker.violations
