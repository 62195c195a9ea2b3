"""What the store's functions answer, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from router.agents import CsoState
from router.calls import CallState, Outcome
from router.pace import Pace


@dataclass(frozen=True)
class Admission:
    """The answer to a call that arrived. `level` is the surge ladder's level, 0 to 4."""

    admitted: bool
    level: int
    lines: int  # in use after this call
    reason: str = ""  # why refused: "lines-full", "trunk-full"; why only to a short triage: "reserve", "gapped"
    reserve: bool = False  # a short triage: only emergency lines were left, or the area's callers are gapped
    trunk_lines: int = 0  # in use on its trunk after this call
    kept: bool = False  # a callback of this number ended: this call has its place in the next queue


@dataclass(frozen=True)
class MissedCall:
    """A call that came and went while nobody told of it."""

    id: str
    carrier: str
    channel: str
    ani: str  # E.164; "" when withheld
    trunk: str
    region: str
    dialled: str
    arrived: int  # ms since the epoch
    outcome: Outcome  # refused, announced, answered or lost
    reason: str = ""  # why refused


@dataclass(frozen=True)
class Call:
    """A live call as the store knows it. Instants in ms since the epoch; 0 = not yet."""

    id: str
    state: CallState
    carrier: str  # "asterisk" | "twilio"
    channel: str  # the carrier's own name of the caller's leg (Asterisk channel, Twilio CallSid)
    ani: str  # E.164 or "" when withheld
    trunk: str
    region: str
    queue: str = ""
    priority: int = 0
    emergency: bool = False
    score: float = 0.0
    arrived: int = 0
    queued: int = 0
    offered: int = 0
    answered: int = 0
    ended: int = 0
    cso: str = ""  # offered to or talking with
    token: str = ""  # of the live offer or hand-over
    partner: str = ""
    outcome: str = ""
    by: str = ""  # who said that it had ended
    menu: str = ""  # version of the menu this call follows
    step: str = ""  # token of the last step answered
    answer: str = ""  # what that step answered (for a repeated webhook)
    flow: str = ""  # opaque to the store
    dialled: str = ""
    leg: str = ""  # the carrier's name of the CSO's leg, given with `answered`
    partner_answered: int = 0
    skills: dict[str, int] = field(default_factory=dict)  # what a CSO must have: name → least level, 1 to 5
    area: str = ""  # where the caller was located; "" = not yet
    gapped: bool = False  # more callers of the area than are let through: no officer but for an emergency
    moved_to: str = ""  # the pool that has it, or that it is on its way to
    held: int = 0  # the caller hears music since then
    guest: str = ""  # the CSO who is consulted
    guest_token: str = ""
    guest_state: str = ""  # "offered" while the guest's telephone is rung, "talking"
    guest_leg: str = ""
    passed: str = ""  # token of the conversation out of which it was passed on last
    virtual: bool = False  # a callback whose caller is not reached yet: nobody holds the line, the place is kept
    dial: str = ""  # the number of a callback, E.164
    until: int = 0  # a callback out of the line: when it comes back into it
    attempts: int = 0  # how often a callback was not reached
    kept: str = ""  # the callback whose place this call took over and has not used yet
    promised_from: int = 0  # of the promise told last in this wait: from when …
    promised_until: int = 0  # … until when a CSO is on the line
    broken: int = 0  # promises broken in all waits of this call
    level: int = 0  # of the surge ladder, when this call was asked for by its name


@dataclass(frozen=True)
class Cso:
    """A CSO as the store knows it."""

    id: str
    state: CsoState
    since: int
    queues: tuple[str, ...]
    endpoint: str  # what the carrier rings: "cso1" (Asterisk endpoint), "client:cso1" (Twilio)
    carrier: str
    reason: str = ""
    next: str = ""  # state asked for during a call, taken after it
    next_reason: str = ""
    call: str = ""
    token: str = ""
    wrap_until: int = 0
    telephone: bool = True  # False: not registered, so offered nothing
    levels: dict[str, int] = field(default_factory=dict)  # proficiency in each of its queues, 1 to 5
    skills: dict[str, int] = field(default_factory=dict)  # skills, languages (`en`), regions (`region-31`), 1 to 5
    calls: int = 0  # answered since logging in


@dataclass(frozen=True)
class Offer:
    """A call claimed for one CSO. Whoever holds the token may answer, return or release it."""

    call: str
    cso: str
    token: str
    queue: str
    deadline: int  # ms; when the reaper takes the claim back unless it rings (then: ringing + offer_ms + 2 s)
    carrier: str
    channel: str
    endpoint: str


@dataclass(frozen=True)
class Guest:
    """Another CSO, claimed to be consulted by the one who has the call."""

    call: str
    cso: str  # who asks
    guest: str
    token: str  # the guest's own
    deadline: int  # as an Offer's
    carrier: str
    channel: str  # the caller's
    endpoint: str  # the guest's


@dataclass(frozen=True)
class HandOver:
    """A call given to a partner centre; `address` is what the carrier dials."""

    call: str
    partner: str
    token: str
    carrier: str
    channel: str
    address: str


class Strategy(StrEnum):
    """Which of a queue's free CSOs is offered the next call; of equals the one who has been free longest."""

    LONGEST_IDLE = "longest-idle"
    BEST_SKILL = "best-skill"  # the highest sum of proficiency in the queue and in the skills that are asked for
    ROUND_ROBIN = "round-robin"  # whose last offer lies back furthest
    FEWEST_CALLS = "fewest-calls"  # answered since logging in


@dataclass(frozen=True)
class QueueRules:
    """What the functions need to know of a queue (from config/utility/queues.yaml). Times in ms."""

    name: str
    offer_ms: int  # how long a CSO's telephone rings
    wrap_up_ms: int
    max_wait_ms: int = 0  # overflow to `partners` after this wait; 0 = never
    partners: tuple[str, ...] = ()
    strategy: Strategy = Strategy.LONGEST_IDLE
    max_waiting: int = 0  # callers in the queue beyond which no more are taken in; 0 = no limit
    pools: tuple[str, ...] = ()  # other pools its callers may be moved to, tried before the partners
    wrap_up_max_ms: int = 300_000  # with every extension, from the end of the conversation
    callback_attempts: int = 3  # how often a number is rung before the callback ends unreached
    callback_retry_ms: int = 300_000  # between two attempts
    callback_ring_ms: int = 30_000  # how long the caller's telephone rings
    # Overflow, beside max_wait_ms: who joins beyond this place, who is told a longer wait; and, from the end of the
    # line, while there are more callers per CSO at work, or the surge level is this. 0 = never.
    over_place: int = 0
    over_estimate_ms: int = 0
    over_ratio: float = 0.0
    over_level: int = 0
    by_share: bool = False  # among `partners`: by their shares, else in the order given
    drain_after_ms: int = 0  # a caller who rings at a partner comes back for a free CSO after this; 0 = never
    outside: str = ""  # the partner entry that an emergency rings when nobody of ours takes it within outside_ms
    outside_ms: int = 0


@dataclass(frozen=True)
class PartnerRules:
    """What the functions need to know of a partner centre."""

    name: str
    cap: int  # calls at the same time
    addresses: dict[str, str] = field(default_factory=dict)  # carrier → what it dials
    ring_ms: int = 20_000
    rate: float = 0.0  # new calls per second; 0 = no limit
    share: float = 1.0  # weight among the partners of a queue that goes by share
    failures: int = 5  # in a row, then the breaker opens; 0 = never
    retry_ms: int = 30_000  # until one call is tried; doubles with each trial that fails, up to retry_limit_ms
    retry_limit_ms: int = 600_000
    short_ms: int = 5_000  # a conversation that the partner ends sooner was none
    again_ms: int = 300_000  # a caller it failed is not sent there again for so long
    outside: bool = False  # a telephone for emergencies: no rule keeps a call from it


class Breaker(StrEnum):
    """Of a partner that fails one call after the other."""

    CLOSED = "closed"
    OPEN = "open"  # it is left alone until an instant
    HALF = "half"  # one call at a time, on trial


@dataclass(frozen=True)
class Partner:
    """A partner centre now."""

    name: str
    calls: int
    cap: int
    open: bool
    reachable: bool | None  # None: nobody can tell
    breaker: Breaker
    until: int = 0  # ms; when an open breaker lets one call try
    failures: int = 0  # in a row
    by_hand: str = ""  # "open" | "shut" while somebody's word goes before the hours
    by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class TrunkRules:
    """The lines of one trunk; 0 lines = as many as there are in total."""

    name: str
    lines: int = 0
    emergency_lines: int = 0  # the last of them, kept for calls that may be emergencies


@dataclass(frozen=True)
class LevelGap:
    """At this level of the ladder so many callers of an area may come (a bucket of `burst`, filled by `per_s`)."""

    level: int
    area: str
    per_s: float
    burst: float


@dataclass(frozen=True)
class Gap:
    """The same, set by hand."""

    area: str
    per_s: float
    burst: float
    by: str
    reason: str
    until: int  # ms; 0 = until it is taken off


@dataclass(frozen=True)
class Override:
    """A level set by hand; the ladder only waits meanwhile."""

    level: int
    reason: str
    by: str
    until: int  # ms; 0 = until it is released


@dataclass(frozen=True)
class Rate:
    """Calls of the last minute and of the last five: each arrival fades away with that time constant."""

    minute: float = 0.0
    five: float = 0.0

    @property
    def per_hour(self) -> float:
        """Calls an hour, by the slower figure."""
        return self.five * 12


@dataclass(frozen=True)
class QueueGauge:
    """One queue now."""

    waiting: int
    callbacks: int
    oldest_ms: int  # how long the longest waiting of those next in line waits; 0 = nobody


@dataclass(frozen=True)
class Gauges:
    """What the surge ladder and the board read once a second; no call is looked at for it."""

    at: int
    level: int  # in force
    automatic: int  # the ladder's
    override: Override | None
    lines: int  # in use
    capacity: int
    emergency_lines: int
    trunks: dict[str, tuple[int, int]]  # in use, of so many (0 = of the total)
    queues: dict[str, QueueGauge]
    serving: int  # CSOs logged in
    working: int  # of them at work: neither paused, nor about to be, nor unreachable
    arrivals: Rate  # every attempt, also refused ones
    refusals: Rate
    regions: dict[str, Rate]  # by the trunk's region
    areas: dict[str, Rate]  # where callers were located, and every shorter code of it
    gaps: tuple[Gap, ...]  # set by hand
    refused: int  # numbers to be called back
    withheld_refused: int  # refused without a number, ever
    ladder: str  # its state, JSON
    ladder_turn: int


@dataclass(frozen=True)
class RefusedNumber:
    """A number that did not get through and is to be called back; `call` is the first that was refused."""

    call: str
    number: str  # E.164
    at: int  # ms
    trunk: str
    region: str
    carrier: str


@dataclass(frozen=True)
class Departure:
    """A call on its way to another pool, with everything that pool needs (`payload`, opaque)."""

    call: str
    pool: str
    token: str
    payload: str
    live: bool  # False: the caller has hung up meanwhile
    emergency: bool


@dataclass(frozen=True)
class Place:
    """Where a waiting call stands: 1 = next."""

    place: int
    ready: int  # CSOs ready for its queue
    serving: int  # CSOs logged in for its queue, in any state but logged out


@dataclass(frozen=True)
class Outlook(Place):
    """And everything that an estimate of the wait needs (router/estimate.py)."""

    csos: int  # at work for it: neither paused nor unreachable, nor about to be paused
    wrapping: int  # of them in wrap-up
    ahead: float  # callers and callbacks to be served before, also of other queues as far as they take the same CSOs
    now: int  # ms
    pace: Pace


@dataclass(frozen=True)
class Snapshot:
    """Everything live in one pool, read at one instant, and the journal id to go on from."""

    at: int
    level: int
    lines: int
    calls: tuple[Call, ...]
    csos: tuple[Cso, ...]
    partners: dict[str, int]  # calls now at each partner
    journal: str  # id of the newest entry
    callbacks: tuple[Call, ...] = ()  # without a line: waiting for their turn or for their hour
    extra: dict[str, Any] = field(default_factory=dict)  # epoch; capacity: lines, emergency_lines
