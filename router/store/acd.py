"""The one typed caller of the Functions library: one verb, one function, one method.

Every mutating method takes `cmd`, a command id: the same id within ten minutes gives the same answer and changes
nothing (R4), so a caller whose reply was lost simply asks again. `now` (ms) is given only by a virtual clock.
Refusals raise config.errors.Problem with a stable slug: unknown-call, unknown-cso, unknown-queue, illegal-move,
stale-token, call-exists. A reply that cannot be had in time raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from config.errors import Problem
from router.agents import CsoState
from router.calls import Outcome
from router.events import Entry
from router.store.types import (
    Admission,
    Call,
    Cso,
    HandOver,
    Offer,
    PartnerRules,
    Place,
    QueueRules,
    Snapshot,
)


class StoreUnavailable(Problem):
    """The store did not answer in time."""

    slug = "store-unavailable"
    status = 503


class AcdPort(Protocol):
    """The verbs of the live state. `router.store.acd.Acd` implements them over redis-py asyncio, auto-pipelined."""

    # --- a pool's rules
    async def configure(
        self, *, queues: Sequence[QueueRules], partners: Sequence[PartnerRules], lines: int, emergency_lines: int
    ) -> None: ...
    async def boot(self) -> str: ...  # tells the pool of a new start of the store; answers the epoch
    async def set_level(self, level: int, *, reason: str, by: str) -> None: ...

    # --- a call
    async def admit(
        self,
        call: str,
        *,
        carrier: str,
        channel: str,
        ani: str,
        trunk: str,
        region: str,
        dialled: str,
        menu: str,
        cmd: str,
    ) -> Admission: ...
    async def call(self, call: str) -> Call | None: ...
    async def step(
        self,
        call: str,
        *,
        token: str,
        flow: str,
        answer: str,
        intents: Sequence[dict[str, Any]] = (),
        notes: Sequence[dict[str, Any]] = (),
    ) -> str: ...  # saves the flow's state and its durable intents at once; answers `answer`, or the earlier one for a repeated token
    async def enqueue(
        self, call: str, *, queue: str, priority: int = 0, emergency: bool = False, cmd: str
    ) -> Place: ...
    async def leave_queue(self, call: str, *, cmd: str) -> None: ...
    async def place(self, call: str) -> Place | None: ...
    async def offer_next(self) -> Offer | None: ...  # claims the best waiting call for the longest-free CSO
    async def ringing(self, call: str, token: str) -> None: ...  # the deadline starts again now
    async def answered(self, call: str, token: str, *, leg: str = "") -> Call: ...
    async def returned(
        self, call: str, token: str, *, reason: str
    ) -> None: ...  # no-answer | declined | busy | unreachable | failed | expired
    async def overflow_next(self) -> HandOver | None: ...
    async def partner_answered(self, call: str, token: str) -> None: ...
    async def hand_back(self, call: str, token: str, *, reason: str) -> None: ...
    async def ended(self, call: str, *, by: str, outcome: Outcome | None = None) -> Outcome | None: ...
    # idempotent; without `outcome` the state it was in decides (router/calls.py: outcome_of)
    async def adopt(
        self,
        call: str,
        *,
        carrier: str,
        channel: str,
        ani: str,
        trunk: str,
        region: str,
        queue: str,
        arrived: int,
        priority: int,
        emergency: bool,
    ) -> bool: ...  # puts a live channel that the store does not know (or thinks is in the IVR) into its queue
    async def renew(self, calls: Iterable[str]) -> None: ...  # these channels are alive: their line leases go on

    # --- a CSO
    async def log_in(self, cso: str, *, queues: Sequence[str], endpoint: str, carrier: str) -> Cso: ...
    async def ask_state(
        self, cso: str, state: CsoState, *, reason: str = ""
    ) -> Cso: ...  # ready | paused | logged_out; during a call: after it
    async def heartbeat(self, cso: str) -> None: ...
    async def cso(self, cso: str) -> Cso | None: ...

    # --- time passing
    async def sweep(self) -> int: ...  # returns expired offers, ends wrap-ups, drops dead leases; answers how many

    # --- reading
    async def snapshot(self) -> Snapshot: ...
    async def journal(self, after: str, *, count: int = 500, block_ms: int = 0) -> list[Entry]: ...
    async def trim(self, before: str) -> None: ...
