"""The one typed caller of the Functions library: one verb, one function, one method (router/store/port.py)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import hiredis

from config.clock import Clock
from config.errors import Invalid
from config.settings import settings
from router.agents import CsoState
from router.calls import Outcome
from router.events import Entry
from router.store import answers, library
from router.store.port import AcdPort
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
from router.store.wire import Link, StoreUnavailable, Wire

__all__ = ["Acd", "AcdPort", "StoreUnavailable"]

_NAME = re.compile(r"[\w.-]{1,64}")
_ENTRY = re.compile(r"\d+(-\d+)?")


class Acd:
    """The live state of one pool. Belongs to one event loop; connects at the first verb; `close()` at the end.

    `clock`: a virtual one, whose time every verb then carries; without it the store's own clock rules.
    """

    def __init__(self, url: str, pool: str, *, clock: Clock | None = None, timeout: float = 1.0) -> None:
        self.pool = pool
        self.epoch = ""  # of the connection made last
        self._url, self._timeout, self._clock = url, timeout, clock
        self._root = f"suar:{{{pool}}}"
        self._wire = Wire(url, timeout=timeout, greet=self._greet)
        self._readers: list[Wire] = []  # connections for blocking reads that nobody uses now

    @classmethod
    def from_settings(cls, *, clock: Clock | None = None) -> Acd:
        """The pool and store of this process's settings."""
        return cls(settings().store_url, settings().pool, clock=clock)

    @classmethod
    async def open(
        cls,
        url: str,
        pool: str,
        *,
        clock: Clock | None = None,
        timeout: float = 1.0,  # noqa: ASYNC109 - of every verb from then on, not of this call alone
    ) -> Acd:
        """An Acd that has already spoken to its store; raises StoreUnavailable. `timeout` in seconds."""
        acd = cls(url, pool, clock=clock, timeout=timeout)
        await acd.boot()
        return acd

    async def close(self) -> None:
        """Close every connection."""
        self._wire.close()
        while self._readers:
            self._readers.pop().close()

    async def _greet(self, link: Link) -> None:
        """The library this process speaks is loaded, and the pool knows of the store's start."""
        try:
            known = await link.send(("FCALL", library.PREFIX + "version", 0))
        except hiredis.ReplyError:
            known = ""
        if known != library.version():
            await link.send(("FUNCTION", "LOAD", "REPLACE", library.source()))
        info: str = await link.send(("INFO", "server"))
        run = re.search(r"run_id:(\w+)", info)
        self.epoch = await link.send(self._command("boot", (run[1] if run else "",)))

    def _command(self, verb: str, args: Sequence[str | int | float]) -> tuple[str | int | float, ...]:
        now = self._clock.ms() if self._clock else ""
        return ("FCALL", library.PREFIX + verb, 1, self._root, now, *args)

    async def _do(self, verb: str, *args: str | int | float) -> Any:
        try:
            return await self._wire.call(*self._command(verb, args))
        except hiredis.ReplyError as error:
            raise answers.problem(str(error)) from None

    # --- a pool's rules

    async def configure(
        self,
        *,
        queues: Sequence[QueueRules],
        partners: Sequence[PartnerRules],
        lines: int,
        emergency_lines: int,
        priority_step_ms: int = 60_000,
    ) -> None:
        """The operator's rules; replaces the former ones."""
        for name in (*(queue.name for queue in queues), *(partner.name for partner in partners)):
            if not _NAME.fullmatch(name):
                raise Invalid("Nama antrean atau mitra hanya huruf, angka, titik, garis.", field=name)
        rules = json.dumps([asdict(queue) for queue in queues]), json.dumps([asdict(one) for one in partners])
        await self._do("configure", *rules, lines, emergency_lines, priority_step_ms)

    async def boot(self) -> str:
        """Tell the pool of a new start of the store (each new connection does so by itself); answers the epoch."""
        try:
            info: str = await self._wire.call("INFO", "server")
        except hiredis.ReplyError as error:
            raise answers.problem(str(error)) from None
        run = re.search(r"run_id:(\w+)", info)
        self.epoch = await self._do("boot", run[1] if run else "")
        return self.epoch

    async def set_level(self, level: int, *, reason: str, by: str) -> None:
        """The surge ladder's level, 0 to 4."""
        await self._do("set_level", level, reason, by)

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
    ) -> Admission:
        """A call arrived. A known call gets the admission it had."""
        return answers.admission(
            await self._do("admit", cmd, call, carrier, channel, ani, trunk, region, dialled, menu)
        )

    async def call(self, call: str) -> Call | None:
        """The call with the state of its flow; half an hour after its end None."""
        return self._call(call, await self._do("call", call))

    def _call(self, call: str, reply: Sequence[Any]) -> Call | None:
        fields, flow = reply
        return answers.call(call, answers.pairs(fields), answers.pairs(flow)) if fields else None

    async def step(
        self,
        call: str,
        *,
        token: str,
        flow: str,
        answer: str,
        intents: Sequence[dict[str, Any]] = (),
        notes: Sequence[dict[str, Any]] = (),
    ) -> str:
        """Save the flow's state and its durable intents at once; the last token again answers what it answered then.

        A token older than the last one is a late repetition: stale-token.
        """
        texts = [json.dumps(one, ensure_ascii=False) for one in (*intents, *notes)]
        return str(await self._do("step", call, token, flow, answer, len(intents), *texts))

    async def note(self, call: str, *, cmd: str, note: dict[str, Any]) -> None:
        """Something for the call's card: one journal entry, nothing else."""
        await self._do("note", cmd, call, json.dumps(note, ensure_ascii=False))

    async def enqueue(self, call: str, *, queue: str, priority: int = 0, emergency: bool = False, cmd: str) -> Place:
        """Put the call in line; from another queue or a conversation it keeps its score."""
        reply = await self._do("enqueue", cmd, call, queue, priority, int(emergency))
        return answers.place(json.loads(reply))

    async def leave_queue(self, call: str, *, cmd: str) -> None:
        """Back to the IVR by the caller's own key."""
        await self._do("leave_queue", cmd, call)

    async def place(self, call: str) -> Place | None:
        """Where a waiting call stands; None when it does not wait."""
        reply = await self._do("place", call)
        return answers.place(reply) if reply else None

    async def offer_next(self) -> Offer | None:
        """Claim the best waiting call for its longest-free CSO."""
        reply = await self._do("offer_next", secrets.token_hex(8))
        if not reply:
            return None
        name, cso, token, queue, deadline, carrier, channel, endpoint = reply
        return Offer(name, cso, token, queue, int(deadline), carrier, channel, endpoint)

    async def ringing(self, call: str, token: str) -> None:
        """The CSO's telephone rings; the deadline starts again now."""
        await self._do("ringing", call, token)

    async def answered(self, call: str, token: str, *, leg: str = "") -> Call:
        """The CSO has the caller. The same token again answers the same."""
        found = self._call(call, await self._do("answered", call, token, leg))
        assert found is not None  # noqa: S101 - the function would have said unknown-call
        return found

    async def returned(self, call: str, token: str, *, reason: str) -> None:
        """Back in line with its score: no-answer | declined | busy | unreachable | failed | expired."""
        await self._do("returned", call, token, reason)

    async def overflow_next(self) -> HandOver | None:
        """Hand a caller whose wait is over to a partner with room."""
        reply = await self._do("overflow_next", secrets.token_hex(8))
        return HandOver(*reply) if reply else None

    async def partner_answered(self, call: str, token: str) -> None:
        """The partner has the caller."""
        await self._do("partner_answered", call, token)

    async def hand_back(self, call: str, token: str, *, reason: str) -> None:
        """The partner did not take the caller, who waits again with the same score."""
        await self._do("hand_back", call, token, reason)

    async def ended(self, call: str, *, by: str, outcome: Outcome | None = None) -> Outcome | None:
        """The call is over, whoever says so and however often; None for a call nobody knows."""
        reply = await self._do("ended", call, by, outcome.value if outcome else "")
        return Outcome(reply) if reply else None

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
    ) -> bool:
        """Put a live channel that the store does not know (or thinks is in the IVR) into its queue."""
        reply = await self._do(
            "adopt", call, carrier, channel, ani, trunk, region, queue, arrived, priority, int(emergency)
        )
        return bool(reply)

    async def renew(self, calls: Iterable[str]) -> None:
        """These channels are alive: the leases of their lines go on (15 minutes each)."""
        if names := list(calls):
            await self._do("renew", *names)

    # --- a CSO

    async def log_in(self, cso: str, *, queues: Sequence[str], endpoint: str, carrier: str) -> Cso:
        """To PAUSED; while logged in it only changes queues and telephone."""
        await self._do("log_in", cso, endpoint, carrier, *queues)
        found = await self.cso(cso)
        assert found is not None  # noqa: S101 - it has just been written
        return found

    async def ask_state(self, cso: str, state: CsoState, *, reason: str = "") -> Cso:
        """ready | paused | logged_out; during an offer or a call it is kept and taken after it (and its wrap-up)."""
        if state not in (CsoState.READY, CsoState.PAUSED, CsoState.LOGGED_OUT):
            raise Invalid("Status itu tidak dapat diminta.", field="state")
        fields, away = await self._do("ask_state", cso, state.value, reason)
        return answers.cso(cso, answers.pairs(fields), reachable=not away)

    async def heartbeat(self, cso: str) -> None:
        """The desk is alive; 45 s without it log the CSO out."""
        await self._do("heartbeat", cso)

    async def cso(self, cso: str) -> Cso | None:
        """The CSO; None when it has not been logged in for a day."""
        fields, away = await self._do("cso", cso)
        return answers.cso(cso, answers.pairs(fields), reachable=not away) if fields else None

    async def telephone(self, cso: str, *, reachable: bool) -> None:
        """Whether the CSO's telephone is registered; unreachable, it is offered nothing."""
        await self._do("telephone", cso, int(reachable))

    # --- time passing

    async def sweep(self) -> int:
        """Return expired offers, end wrap-ups, drop dead leases and silent desks; answers how many."""
        return int(await self._do("sweep"))

    # --- reading

    async def snapshot(self) -> Snapshot:
        """Everything live at one instant."""
        return answers.snapshot(await self._do("snapshot"))

    async def journal(self, after: str, *, count: int = 500, block_ms: int = 0) -> list[Entry]:
        """Entries after an id, oldest first; with `block_ms` waits that long for the first one."""
        stream = self._root + ":journal"
        after = after or "0-0"
        try:
            if block_ms <= 0:
                rows = await self._wire.call("XRANGE", stream, "(" + after, "+", "COUNT", count)
            else:
                rows = await self._wait_for(stream, after, count, block_ms)
        except hiredis.ReplyError as error:
            raise answers.problem(str(error)) from None
        return [answers.entry(ident, flat) for ident, flat in rows]

    async def _wait_for(self, stream: str, after: str, count: int, block_ms: int) -> Any:
        # A blocked connection serves nobody else: each waiting reader has one, kept for the next wait.
        wire = self._readers.pop() if self._readers else Wire(self._url, timeout=self._timeout)
        try:
            reply = await wire.call(
                "XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", stream, after, block=block_ms / 1000
            )
        except BaseException:
            wire.close()
            raise
        self._readers.append(wire)
        return reply[0][1] if reply else []

    async def committed(self, follower: str, entry: str) -> None:
        """A durable follower (history, intents) has everything up to this entry; nothing after it is ever trimmed."""
        if not _ENTRY.fullmatch(entry):
            raise Invalid("Bukan nomor catatan jurnal.", field="entry")
        await self._do("committed", follower, entry)

    async def trim(self, before: str) -> None:
        """Drop the entries before an id, as far as every durable follower has committed them (R8)."""
        await self._do("trim", before)
