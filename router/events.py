"""The names of what the journal tells. One stream per pool; every reader (desk, board, connectors, history) uses these.

An entry has flat string fields: `e` name, `t` ms, `ep` epoch, and where they apply `call`, `cso`, `queue`,
`token`, `carrier`, `cmd`; everything else is one JSON object in `d`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Event(StrEnum):
    """The name of a journal entry."""

    CALL_ARRIVED = "call.arrived"  # d: ani, trunk, region, dialled, level, lines
    CALL_REFUSED = "call.refused"  # d: ani, reason
    CALL_NOTED = "call.noted"  # d: what, …: something the caller heard or keyed (for the desk's card)
    CALL_INTENT = "call.intent"  # d: kind, key, …: a durable write wanted by the IVR (ivr/intents.py executes it)
    CALL_QUEUED = "call.queued"  # d: score, priority, emergency, place, skills (what is asked of a CSO)
    CALL_LEFT_QUEUE = "call.left_queue"
    CALL_OFFERED = "call.offered"  # token, cso; d: deadline, endpoint
    CALL_RINGING = "call.ringing"  # token, cso: the CSO's telephone rings
    CALL_RETURNED = "call.returned"  # token, cso; d: reason; back in line with its score
    CALL_ANSWERED = "call.answered"  # token, cso
    CALL_HANDED_OVER = "call.handed_over"  # token; d: partner, address, reason
    CALL_PARTNER_ANSWERED = "call.partner_answered"  # token; d: partner
    CALL_HANDED_BACK = "call.handed_back"  # token; d: partner, reason
    CALL_CALLBACK = "call.callback"  # the caller hangs up and keeps the place; d: number, until, score, place
    CALL_SCHEDULED = "call.scheduled"  # a callback out of the line; d: until, reason (hours | unreached), attempts
    CALL_DUE = "call.due"  # and back in line; d: as queued
    CALL_DIALLED = "call.dialled"  # token, cso: the CSO is on the line, ring the caller; d: number, deadline, leg
    CALL_REACHED = "call.reached"  # token, cso; d: channel: they talk
    CALL_UNREACHED = "call.unreached"  # token, cso; d: reason, attempts
    CALL_RECALLED = "call.recalled"  # a refused number becomes a callback; d: of, ani, … as queued
    CALL_HELD = "call.held"  # token, cso
    CALL_RESUMED = "call.resumed"  # token, cso; d: held_ms
    CALL_CONSULTED = "call.consulted"  # token, cso; d: guest, guest_token, endpoint, deadline
    CALL_GUEST_ANSWERED = "call.guest_answered"  # token, cso; d: guest, guest_token, leg
    CALL_GUEST_LEFT = "call.guest_left"  # token, cso; d: guest, guest_token, reason
    CALL_TRANSFERRED = (
        "call.transferred"  # token, cso (the new ones); d: from, from_token, kind (attended | blind), leg
    )
    CALL_PROMISED = "call.promised"  # d: low, high (ms from now), until (ms), broken (the former promise was)
    CALL_LOCATED = "call.located"  # d: area, gapped
    CALL_DEPARTED = "call.departed"  # token; d: pool, everything the other pool needs
    CALL_STAYED = "call.stayed"  # token; d: pool, reason; back in line with its score
    CALL_RECEIVED = "call.received"  # from another pool; d: pool (the former), as queued
    CALL_ENDED = "call.ended"  # cso if it talked; d: outcome, by, state (the state it was in)
    CALL_ADOPTED = "call.adopted"  # rebuilt from a live channel after a loss of state; d: as queued
    CSO_STATE = "cso.state"  # cso; d: state, since, reason, next, by (a supervisor); queues, skills if changed
    LEVEL = "level"  # d: level, reason, by, hand (an override), until (of it; 0 = until released)
    GAP = "gap"  # d: area, per_s (0 = off), burst, by, reason, until
    PARTNER_STATE = "partner"  # d: partner, open, reachable, breaker (closed | open | half), reason, by
    STORE_STARTED = "store.started"  # a new epoch
    DAMAGE = "damage"  # an index named what is not there; d: where, done (removed, mended, later), why
    CLOCK = "clock"  # the store's clock jumped, or nobody swept for long: timers began again; d: gap (ms)
    UNKNOWN = "unknown"  # told by a newer version of the library; d: event (its name), …: for history, else skipped


@dataclass(frozen=True)
class Entry:
    """One entry of the journal."""

    id: str  # stream id, "ms-n"
    event: Event
    at: int  # ms
    epoch: str
    call: str = ""
    cso: str = ""
    queue: str = ""
    token: str = ""
    carrier: str = ""
    data: dict[str, Any] = field(default_factory=dict)
