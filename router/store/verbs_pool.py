"""The verbs of a pool: its rules and level, time passing, reading."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import hiredis

from config.errors import Invalid
from router.events import Entry
from router.store import answers
from router.store.types import LevelGap, PartnerRules, QueueRules, Snapshot, TrunkRules
from router.store.verbs import Verbs
from router.store.wire import Wire

_NAME = re.compile(r"[\w.-]{1,64}")
_ENTRY = re.compile(r"\d+(-\d+)?")


class PoolVerbs(Verbs):
    """Rules, level, journal."""

    async def configure(
        self,
        *,
        queues: Sequence[QueueRules],
        partners: Sequence[PartnerRules],
        lines: int,
        emergency_lines: int,
        priority_step_ms: int = 60_000,
        trunks: Sequence[TrunkRules] = (),
        gaps: Sequence[LevelGap] = (),
        legs_per_second: Mapping[str, float] | None = None,
        skills: Collection[str] | None = None,
    ) -> None:
        """The operator's rules; replaces the former ones (a level or a gap set by hand stays).

        `legs_per_second`: of each carrier that begins no more. No CSO is claimed whom it could not ring soon. `skills`:
        those there are; callers and CSOs are refused any other (unknown-skill). None: whatever is asked.
        """
        for trunk in trunks:
            if not _NAME.fullmatch(trunk.name) or not 0 <= trunk.emergency_lines <= trunk.lines:
                raise Invalid("Saluran trunk: tidak negatif, cadangan tidak lebih dari semua.", field=trunk.name)
        for name in (*(queue.name for queue in queues), *(partner.name for partner in partners)):
            if not _NAME.fullmatch(name):
                raise Invalid("Nama antrean atau mitra hanya huruf, angka, titik, garis.", field=name)
        rules = json.dumps([asdict(queue) for queue in queues]), json.dumps([asdict(one) for one in partners])
        await self._do(
            "configure",
            *rules,
            lines,
            emergency_lines,
            priority_step_ms,
            json.dumps([asdict(one) for one in trunks]),
            json.dumps([asdict(one) for one in gaps]),
            json.dumps(dict(legs_per_second or {})),
            "" if skills is None else f" {' '.join(sorted(skills))} ",
        )

    async def sweep(self) -> int:
        """Return expired offers, end wrap-ups, drop dead leases and silent desks; answers how many."""
        return int(await self._do("sweep"))

    # --- reading

    async def counted(self) -> tuple[str, str, dict[str, int]]:
        """The epoch, the newest journal id, and how many entries of each name were told in this epoch."""
        epoch, newest, counts = await self._do("counted")
        return epoch, newest, {event: int(count) for event, count in answers.pairs(counts).items()}

    async def snapshot(self) -> Snapshot:
        """Everything live at one instant."""
        return answers.snapshot(await self._do("snapshot"))

    async def journal(self, after: str, *, count: int = 500, block_ms: int = 0, bell: bool = False) -> list[Entry]:
        """Entries after an id, oldest first; with `block_ms` waits that long for the first one.

        `bell`: for one that tells of a queue, a CSO or the pool. What callers in the menu do comes along with it, or
        when the time is over: to be woken by each of their keys costs a process as much as the deciding (ADR 77).
        """
        after = after or "0-0"
        try:
            if block_ms > 0 and not bell:
                rows = await self._wait_for(":journal", after, count, block_ms)
            else:
                if block_ms > 0:
                    await self._wait_for(":bell", after, 1, block_ms)
                rows = await self._wire.call("XRANGE", self._root + ":journal", "(" + after, "+", "COUNT", count)
        except hiredis.ReplyError as error:
            raise answers.problem(str(error)) from None
        return [answers.entry(ident, flat) for ident, flat in rows]

    async def _wait_for(self, stream: str, after: str, count: int, block_ms: int) -> Any:
        # A blocked connection serves nobody else: each waiting reader has one, kept for the next wait.
        wire = self._readers.pop() if self._readers else Wire(self._url, timeout=self._timeout)
        try:
            reply = await wire.call(
                "XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", self._root + stream, after, block=block_ms / 1000
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
