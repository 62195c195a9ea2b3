"""What is live now, as the pages see it: a snapshot of the store with every later journal entry folded in.

Folding is a pure function of the entries; the test `snapshot + entries after it == a fresh snapshot` holds it to the
store. What the store forgets but a screen still needs (the call just ended, for wrap-up; what the caller heard) is kept
beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from router.agents import CsoState
from router.calls import CallState
from router.events import Entry, Event
from router.store.answers import levels
from router.store.types import Breaker, Call, Cso, Partner, Snapshot

# Notes that the machinery writes to itself (a confirmed redirect) are nothing a caller heard.
MACHINE_NOTES = frozenset({"met"})
KEYED_WISHES = frozenset({"report", "subscribe", "voice-note"})  # `still-dark` is a note as well
WITHOUT_LINE = frozenset({CallState.WAITING, CallState.SCHEDULED})
_NEW = frozenset({Event.CALL_ARRIVED, Event.CALL_ADOPTED, Event.CALL_RECALLED, Event.CALL_RECEIVED})


@dataclass
class Pool:
    """The live state of one pool up to the journal id `journal`."""

    at: int
    level: int
    journal: str
    calls: dict[str, Call]
    csos: dict[str, Cso]
    ringing: set[str] = field(default_factory=set)  # calls whose CSO's telephone rings
    heard: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)  # call → (ms, note)
    partners: dict[str, Partner] = field(default_factory=dict)  # as they were read beside the snapshot; seats stale

    @classmethod
    def of(cls, snapshot: Snapshot, *, before: Pool | None = None) -> Pool:
        """From a fresh snapshot; what was kept beside the state is carried over from the pool before."""
        pool = cls(
            at=snapshot.at,
            level=snapshot.level,
            journal=snapshot.journal,
            calls={
                call.id: call for call in (*snapshot.calls, *snapshot.callbacks) if call.state is not CallState.ENDED
            },
            csos={cso.id: cso for cso in snapshot.csos},
        )
        if before is not None:
            pool.heard = {call: notes for call, notes in before.heard.items() if pool.knows(call)}
        return pool

    def knows(self, call: str) -> bool:
        """Whether the call is live, or just over and still on a desk."""
        return call in self.calls or any(cso.call == call for cso in self.csos.values())

    @property
    def lines(self) -> int:
        """Lines in use: every live call holds one, a callback only while it is offered or talking."""
        return sum(not (call.virtual and call.state in WITHOUT_LINE) for call in self.calls.values())

    def fold(self, entry: Entry) -> None:
        """One entry later. An entry about a call that is not known changes nothing but the position."""
        self.journal, self.at = entry.id, max(self.at, entry.at)
        if entry.event is Event.CSO_STATE:
            self._cso(entry)
        elif entry.event is Event.PARTNER_STATE:
            self._partner(entry.data)
        elif entry.event is Event.LEVEL:
            self.level = int(entry.data.get("level", self.level))
        elif entry.event in _NEW:
            self.calls[entry.call] = _arrived(entry, self.calls.get(entry.call))
        elif entry.event is Event.CALL_NOTED:
            self._noted(entry)
        elif entry.event is Event.CALL_INTENT and entry.data.get("kind") in KEYED_WISHES:
            wish = {"what": entry.data["kind"]}  # without the number and the rest of it
            self.heard.setdefault(entry.call, []).append((entry.at, wish))
        elif entry.event is Event.CALL_ENDED:
            self.calls.pop(entry.call, None)
            self.ringing.discard(entry.call)
        elif entry.call in self.calls and entry.event in _MOVES:
            self._moved(entry)

    def _partner(self, data: dict[str, Any]) -> None:
        if known := self.partners.get(str(data["partner"])):
            breaker = Breaker(data["breaker"])
            self.partners[known.name] = replace(
                known, open=bool(data["open"]), reachable=data.get("reachable"), breaker=breaker
            )

    def _noted(self, entry: Entry) -> None:
        what = entry.data.get("what")
        if what not in MACHINE_NOTES:
            self.heard.setdefault(entry.call, []).append((entry.at, entry.data))
        call = self.calls.get(entry.call)
        if what == "emergency" and call is not None and call.state is CallState.OFFERED:
            self.calls[entry.call] = replace(call, emergency=True)  # the offer goes on; a return takes the other band

    def _moved(self, entry: Entry) -> None:
        call = _MOVES[entry.event](self.calls[entry.call], entry)
        # What ends a conversation ends its hold, and says how long that was.
        self.calls[entry.call] = replace(call, held=0) if "held_ms" in entry.data else call
        if entry.event is Event.CALL_RINGING:
            self.ringing.add(entry.call)
        elif entry.event in (Event.CALL_OFFERED, Event.CALL_ANSWERED, Event.CALL_RETURNED):
            self.ringing.discard(entry.call)

    def _cso(self, entry: Entry) -> None:
        data = entry.data
        state = CsoState(data["state"])
        if state is CsoState.LOGGED_OUT:
            self.csos.pop(entry.cso, None)
            return
        known = self.csos.get(entry.cso)
        cso = known or Cso(id=entry.cso, state=state, since=entry.at, queues=(), endpoint="", carrier=entry.carrier)
        if "queues" in data:  # a supervisor gave others
            served, skills = levels(data["queues"]), levels(data.get("skills", ""))
            cso = replace(cso, queues=tuple(served), levels=served, skills=skills)
        call = self.calls.get(entry.call)
        self.csos[entry.cso] = replace(
            cso,
            state=state,
            since=int(data.get("since", entry.at)),
            reason=str(data.get("reason") or ""),
            next=str(data.get("next") or ""),
            next_reason=str(data.get("next_reason") or ""),
            wrap_until=int(data.get("wrap_until") or 0),
            calls=int(data.get("calls") or 0),
            telephone=bool(data.get("telephone", cso.telephone)),
            call=entry.call,
            token=_token(call, entry.cso) if call and state in (CsoState.OFFERED, CsoState.TALKING) else "",
        )
        # What a caller heard stays as long as the call is live or on a desk.
        self.heard = {known_call: notes for known_call, notes in self.heard.items() if self.knows(known_call)}


def _token(call: Call, cso: str) -> str:
    return call.guest_token if cso == call.guest else call.token


def _arrived(entry: Entry, known: Call | None) -> Call:
    data = entry.data
    if known is not None:
        return known
    adopted = entry.event is not Event.CALL_ARRIVED
    return Call(
        id=entry.call,
        state=CallState.WAITING if adopted else CallState.IVR,
        carrier=entry.carrier,
        channel=str(data.get("channel", "")),
        ani=str(data.get("ani", "")),
        trunk=str(data.get("trunk", "")),
        region=str(data.get("region", "")),
        queue=entry.queue,
        arrived=int(data.get("arrived", entry.at)),
        queued=entry.at if adopted else 0,
        emergency=bool(data.get("emergency", False)),
        priority=int(data.get("priority", 0)),
        virtual=bool(data.get("virtual", entry.event is Event.CALL_RECALLED)),
    )


def _queued(call: Call, entry: Entry) -> Call:
    data = entry.data
    return replace(
        call,
        state=CallState.WAITING,
        queue=entry.queue or call.queue,
        queued=int(data.get("queued", entry.at)),
        priority=int(data.get("priority", call.priority)),
        emergency=bool(data.get("emergency", call.emergency)),
        score=float(data.get("score", call.score)),
        cso="",
        token="",
        held=0,
    )


def _back(call: Call, state: CallState) -> Call:
    return replace(_alone(call), state=state, cso="", token="", partner="", offered=0)


def _waiting(call: Call, entry: Entry) -> Call:
    return _back(call, CallState.WAITING)


def _scheduled(call: Call, entry: Entry) -> Call:
    return _back(call, CallState.SCHEDULED)


def _callback(call: Call, entry: Entry) -> Call:
    later = int(entry.data.get("until") or 0) > entry.at
    waits = CallState.SCHEDULED if later else CallState.WAITING
    return replace(_back(call, waits), virtual=True, queue=entry.queue or call.queue, queued=call.queued or entry.at)


def _transferred(call: Call, entry: Entry) -> Call:
    state = CallState.TALKING if entry.data.get("kind") == "attended" else CallState.OFFERED
    return replace(_alone(call), state=state, cso=entry.cso, token=entry.token, offered=entry.at)


def _consulted(call: Call, entry: Entry) -> Call:
    guest, token = (str(entry.data.get(name, "")) for name in ("guest", "guest_token"))
    return replace(call, guest=guest, guest_token=token, guest_state="offered")


def _alone(call: Call) -> Call:
    return replace(call, held=0, guest="", guest_token="", guest_state="", guest_leg="")


_MOVES: dict[Event, Callable[[Call, Entry], Call]] = {
    Event.CALL_QUEUED: _queued,
    Event.CALL_LEFT_QUEUE: lambda call, entry: replace(call, state=CallState.IVR, queue="", queued=0),
    Event.CALL_OFFERED: lambda call, entry: replace(
        call, state=CallState.OFFERED, cso=entry.cso, token=entry.token, offered=entry.at
    ),
    Event.CALL_RINGING: lambda call, entry: call,
    Event.CALL_RETURNED: _waiting,
    Event.CALL_ANSWERED: lambda call, entry: replace(
        call, state=CallState.TALKING, cso=entry.cso or call.cso, token=entry.token, answered=entry.at
    ),
    Event.CALL_HANDED_OVER: lambda call, entry: replace(
        _alone(call), state=CallState.PARTNER, cso="", token=entry.token, partner=str(entry.data.get("partner", ""))
    ),
    Event.CALL_PARTNER_ANSWERED: lambda call, entry: replace(call, answered=entry.at),
    Event.CALL_HANDED_BACK: _waiting,
    Event.CALL_CALLBACK: _callback,
    Event.CALL_SCHEDULED: _scheduled,
    Event.CALL_DUE: _waiting,
    Event.CALL_DIALLED: lambda call, entry: replace(call, state=CallState.CALLING),
    Event.CALL_REACHED: lambda call, entry: replace(call, state=CallState.TALKING, virtual=False, answered=entry.at),
    Event.CALL_UNREACHED: _scheduled,
    Event.CALL_TRANSFERRED: _transferred,
    Event.CALL_HELD: lambda call, entry: replace(call, held=entry.at),
    Event.CALL_RESUMED: lambda call, entry: replace(call, held=0),
    Event.CALL_CONSULTED: _consulted,
    Event.CALL_GUEST_ANSWERED: lambda call, entry: replace(
        call, guest_state="talking", guest_leg=str(entry.data.get("leg", ""))
    ),
    Event.CALL_GUEST_LEFT: lambda call, entry: replace(call, guest="", guest_token="", guest_state="", guest_leg=""),
    Event.CALL_LOCATED: lambda call, entry: replace(
        call, area=str(entry.data.get("area", "")), gapped=bool(entry.data.get("gapped"))
    ),
    Event.CALL_DEPARTED: lambda call, entry: replace(call, state=CallState.MOVING, token=entry.token),
    Event.CALL_STAYED: _waiting,
}
