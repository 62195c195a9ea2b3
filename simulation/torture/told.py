"""What the journal's entries mean for a call and a CSO: tables, and what is remembered of each."""

from __future__ import annotations

from dataclasses import dataclass

from router.calls import CallEvent, CallState
from router.events import Event
from router.store.types import PartnerRules, QueueRules
from simulation.torture.lanes import Lane

BAND = 4e15
C, E = CallState, CallEvent
HELD = (C.OFFERED, C.CALLING, C.TALKING)

MOVES: dict[Event, CallEvent] = {
    Event.CALL_LEFT_QUEUE: E.LEAVE_QUEUE,
    Event.CALL_OFFERED: E.OFFER,
    Event.CALL_RETURNED: E.RETURN,
    Event.CALL_ANSWERED: E.ANSWER,
    Event.CALL_HANDED_OVER: E.HAND_OVER,
    Event.CALL_HANDED_BACK: E.HAND_BACK,
    Event.CALL_CALLBACK: E.CALL_BACK,
    Event.CALL_SCHEDULED: E.SCHEDULE,
    Event.CALL_DUE: E.DUE,
    Event.CALL_DIALLED: E.DIAL,
    Event.CALL_REACHED: E.REACHED,
    Event.CALL_TRANSFERRED: E.TRANSFER,
    Event.CALL_DEPARTED: E.DEPART,
    Event.CALL_STAYED: E.STAY,
    Event.CALL_ENDED: E.END,
}
BIRTHS = {
    Event.CALL_ARRIVED: C.IVR,
    Event.CALL_REFUSED: C.ENDED,
    Event.CALL_RECALLED: C.WAITING,
    Event.CALL_RECEIVED: C.WAITING,
}
RANKED = frozenset({Event.CALL_QUEUED, Event.CALL_ADOPTED, Event.CALL_CALLBACK})
# What is said of a call without moving it, also after its end.
WORDS = frozenset({Event.CALL_INTENT, Event.CALL_PROMISED, Event.CALL_LOCATED})
# Only with the token of the offer, hand-over or departure that is live.
TOKENED = frozenset(
    {
        Event.CALL_RINGING,
        Event.CALL_RETURNED,
        Event.CALL_ANSWERED,
        Event.CALL_PARTNER_ANSWERED,
        Event.CALL_HANDED_BACK,
        Event.CALL_DIALLED,
        Event.CALL_REACHED,
        Event.CALL_UNREACHED,
        Event.CALL_HELD,
        Event.CALL_RESUMED,
        Event.CALL_STAYED,
        Event.CALL_CONSULTED,
        Event.CALL_GUEST_ANSWERED,
        Event.CALL_GUEST_LEFT,
    }
)


@dataclass(frozen=True)
class Rules:
    """What the pool was configured with."""

    queues: dict[str, QueueRules]
    partners: dict[str, PartnerRules]
    lines: int
    outside: frozenset[str] = frozenset()  # partners that an emergency may be handed to


@dataclass
class Told:
    """A call as the journal tells it."""

    id: str
    state: CallState
    carrier: str = ""
    queue: str = ""
    skills: str = ""
    score: float | None = None
    emergency: bool = False
    virtual: bool = False
    adopted: bool = False
    on_line: bool = False
    cso: str = ""
    token: str = ""
    partner: str = ""
    ani: str = ""
    number: str = ""  # where a callback reaches the caller
    guest: str = ""
    missed: bool = False  # a callback that was not reached: it ends, or is scheduled again
    directed: str = ""  # token of an offer that names its CSO (a blind transfer): no line is looked at

    @property
    def lane(self) -> Lane:
        """Where it waits."""
        return Lane(self.queue, self.carrier, self.skills)


@dataclass
class Desk:
    """A CSO as the journal tells it."""

    state: str = "logged_out"
    call: str = ""  # offered or talking
    carrier: str = ""
    queues: str = ""
    skills: str = ""
    telephone: bool = True
    wrap_until: int = 0
