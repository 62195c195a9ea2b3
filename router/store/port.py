"""The verbs of the live state, as other rooms see them. `router.store.acd.Acd` implements them.

Every mutating method with `cmd`, a command id: the same id within ten minutes gives the same answer and changes
nothing (R4), so a caller whose reply was lost simply asks again. The others are idempotent by their token or nature.
Refusals raise config.errors.Problem with a stable slug: unknown-call, unknown-cso, unknown-queue, illegal-move,
stale-token. A reply that cannot be had in time raises StoreUnavailable. A refusal changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

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


class AcdPort(Protocol):
    """The verbs of the live state. Instants and durations in ms."""

    pool: str

    # --- a pool's rules
    async def configure(
        self,
        *,
        queues: Sequence[QueueRules],
        partners: Sequence[PartnerRules],
        lines: int,
        emergency_lines: int,
        priority_step_ms: int = 60_000,
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
    ) -> str: ...
    # saves the flow's state and its durable intents at once; answers `answer`, or the earlier one for a repeated token
    async def note(
        self, call: str, *, cmd: str, note: dict[str, Any]
    ) -> None: ...  # one call.noted entry, nothing else
    async def enqueue(
        self, call: str, *, queue: str, priority: int = 0, emergency: bool = False, cmd: str
    ) -> Place: ...
    # from the IVR, from another queue, from a conversation (transfer: keeps its score; the CSO goes to wrap-up);
    # with emergency also while being offered (the offer goes on, a return goes to the emergency band)
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
    async def telephone(
        self, cso: str, *, reachable: bool
    ) -> None: ...  # its registration; unreachable = offered nothing, whatever the state. Also before log_in

    # --- time passing
    async def sweep(self) -> int: ...  # returns expired offers, ends wrap-ups, drops dead leases; answers how many

    # --- reading
    async def snapshot(self) -> Snapshot: ...
    async def journal(self, after: str, *, count: int = 500, block_ms: int = 0) -> list[Entry]: ...
    async def committed(self, follower: str, entry: str) -> None: ...  # a durable follower has all up to this entry
    async def trim(self, before: str) -> None: ...  # never past what every durable follower has committed
