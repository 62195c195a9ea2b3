"""What one process knows of the pool: a snapshot at its start, then the journal. It lags behind, as in life."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from router.calls import CallState
from router.events import Entry, Event
from router.store.acd import Acd
from router.store.types import Snapshot

C = CallState

STATE_AFTER: dict[Event, CallState] = {
    Event.CALL_ARRIVED: C.IVR,
    Event.CALL_QUEUED: C.WAITING,
    Event.CALL_ADOPTED: C.WAITING,
    Event.CALL_LEFT_QUEUE: C.IVR,
    Event.CALL_OFFERED: C.OFFERED,
    Event.CALL_RETURNED: C.WAITING,
    Event.CALL_ANSWERED: C.TALKING,
    Event.CALL_HANDED_OVER: C.PARTNER,
    Event.CALL_HANDED_BACK: C.WAITING,
    Event.CALL_CALLBACK: C.WAITING,
    Event.CALL_SCHEDULED: C.SCHEDULED,
    Event.CALL_DUE: C.WAITING,
    Event.CALL_DIALLED: C.CALLING,
    Event.CALL_REACHED: C.TALKING,
    Event.CALL_UNREACHED: C.SCHEDULED,
    Event.CALL_RECALLED: C.WAITING,
    Event.CALL_TRANSFERRED: C.OFFERED,
    Event.CALL_DEPARTED: C.MOVING,
    Event.CALL_STAYED: C.WAITING,
    Event.CALL_RECEIVED: C.WAITING,
}


@dataclass
class Seen:
    """A call as this process last heard of it."""

    id: str
    state: CallState
    cso: str = ""
    token: str = ""
    virtual: bool = False
    guest: str = ""
    guest_token: str = ""


@dataclass(frozen=True)
class Held:
    """A call, and the token that somebody shows for it."""

    call: str
    token: str
    foreign: bool = False  # it was never this call's


@dataclass
class World:
    """Live calls, CSOs, and what used to be true."""

    calls: dict[str, Seen] = field(default_factory=dict)
    csos: dict[str, str] = field(default_factory=dict)
    gone: deque[str] = field(default_factory=lambda: deque(maxlen=60))
    tokens: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=60))
    after: str = ""

    def begin(self, snapshot: Snapshot) -> None:
        """What is so now."""
        self.after = snapshot.journal
        for call in (*snapshot.calls, *snapshot.callbacks):
            self.calls[call.id] = Seen(call.id, call.state, call.cso, call.token, call.virtual)
        self.csos = {cso.id: cso.state.value for cso in snapshot.csos}

    async def follow(self, acd: Acd) -> None:
        """What was told since."""
        if not self.after:
            self.begin(await acd.snapshot())
        self.hear(await acd.journal(self.after, count=2000))

    def hear(self, entries: Iterable[Entry]) -> None:
        """Some entries."""
        for entry in entries:
            self.after = entry.id
            if entry.event is Event.CSO_STATE:
                self.csos[entry.cso] = str(entry.data.get("state", ""))
            elif entry.event is Event.CALL_ENDED:
                self.calls.pop(entry.call, None)
                self.gone.append(entry.call)
            elif entry.event in STATE_AFTER:
                self._moved(entry)
            elif entry.event is Event.CALL_CONSULTED and entry.call in self.calls:
                seen = self.calls[entry.call]
                seen.guest, seen.guest_token = entry.data.get("guest", ""), entry.data.get("guest_token", "")
            if entry.token:
                self.tokens.append((entry.call, entry.token))

    def _moved(self, entry: Entry) -> None:
        state = STATE_AFTER[entry.event]
        seen = self.calls.setdefault(entry.call, Seen(entry.call, state))
        seen.state = state
        if entry.event in (Event.CALL_CALLBACK, Event.CALL_RECALLED, Event.CALL_REACHED):
            seen.virtual = entry.event is not Event.CALL_REACHED
        if state in (C.IVR, C.WAITING, C.SCHEDULED):
            seen.cso = seen.token = seen.guest = seen.guest_token = ""
        else:
            seen.cso, seen.token = entry.cso or seen.cso, entry.token or seen.token

    def one(self, dice: random.Random, *states: CallState) -> Seen | None:
        """A call in one of these states (any, when none is named)."""
        found = [call for call in self.calls.values() if not states or call.state in states]
        return found[int(dice.random() * len(found))] if found else None

    def held(self, dice: random.Random, *states: CallState) -> Held | None:
        """A call and its token: mostly the right one, sometimes an old one, sometimes of another call."""
        lot = dice.random()
        seen = self.one(dice, *states)
        if seen is None and dice.random() < 0.95:
            return None
        if self.tokens and (lot < 0.06 or seen is None):
            return Held(*self.tokens[int(dice.random() * len(self.tokens))])
        if seen is None:
            return None
        if lot < 0.11 and self.tokens:
            owner, token = self.tokens[int(dice.random() * len(self.tokens))]
            return Held(seen.id, token, foreign=owner != seen.id)
        return Held(seen.id, seen.token)

    def any_call(self, dice: random.Random, *states: CallState) -> str | None:
        """The name of a call in one of these states; sometimes of any other, or of one that has ended."""
        lot = dice.random()
        if lot < 0.05 and self.gone:
            return self.gone[int(dice.random() * len(self.gone))]
        seen = self.one(dice) if lot < 0.15 else self.one(dice, *states)
        return seen.id if seen else None
