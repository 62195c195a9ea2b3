"""The verbs of a callback (virtual hold): the caller hangs up, the place stays, and is called when the turn comes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import Invalid
from router.calls import Outcome
from router.store import answers
from router.store.types import Call, Place
from router.store.verbs import Verbs, skills_text

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True)
class LostCallback:
    """A callback as the history knows it: enough to put it back where it was. Instants in ms."""

    id: str
    carrier: str
    ani: str
    trunk: str
    region: str
    number: str  # E.164
    queue: str
    score: int
    priority: int
    arrived: int
    queued: int
    asked: int  # when the callback was asked for
    until: int = 0  # out of the line until then
    attempts: int = 0
    skills: str = ""  # `en:3 prabayar:1`


class CallbackVerbs(Verbs):
    """Asked for, put off, reached or not, taken back."""

    async def call_back(
        self,
        call: str,
        *,
        number: str,
        queue: str = "",
        until: int = 0,
        priority: int = 0,
        skills: Mapping[str, int] | None = None,
        cmd: str,
    ) -> Place | None:
        """The caller hangs up and is called at this number when the turn comes; the place in line, or None when it is
        out of the line `until` (ms; 0 = in line at once).

        `queue`, `priority` and `skills` as for `enqueue`; from a queue "" keeps it. The line is free from now on, and
        the end of the old channel no longer ends the call. Refused: number-invalid, callback-exists (this number is to
        be called back already), emergency-no-callback, unknown-queue, unknown-skill, unknown-call, illegal-move.
        """
        if not _NUMBER.fullmatch(number):
            raise Invalid(
                "Nomor telepon harus dalam bentuk internasional, mulai dengan +.", slug="number-invalid", field="number"
            )
        asked = "" if skills is None else skills_text(skills) or "-"
        reply = json.loads(await self._do("call_back", cmd, call, number, queue, priority, until, asked))
        return answers.place(reply) if reply else None

    async def reached(self, call: str, token: str, *, channel: str) -> Call:
        """The caller answered on `channel`: they talk. From here on the call is like any other."""
        found = self._call(call, await self._do("reached", call, token, channel))
        assert found is not None  # noqa: S101 - the function would have said unknown-call
        return found

    async def unreached(self, call: str, token: str, *, reason: str) -> None:
        """The caller was not reached: again later with the same score, or the end (unreached) after the last attempt.

        Reasons: no-answer | busy | unreachable | failed | expired | cso-gone (the CSO hung up: no attempt, the turn
        comes again at once).
        """
        await self._do("unreached", call, token, reason)

    async def schedule(self, call: str, *, until: int, reason: str) -> None:
        """A callback in line steps out of it until an instant (ms) and keeps its score. Refused: not-callback."""
        await self._do("schedule", call, until, reason)

    async def cancel(self, call: str, *, by: str) -> Outcome:
        """Nobody is to be called back any more. Refused: not-callback, for a caller who is on the line."""
        return Outcome(await self._do("cancel", call, by))

    async def recall_next(self, queue: str, *, priority: int = 0) -> str | None:
        """The number that was refused first becomes a callback with the place it would have had; its call, or None."""
        reply = await self._do("recall_next", queue, priority)
        return str(reply) if reply else None

    async def adopt_callback(self, lost: LostCallback) -> bool:
        """Put a callback back that the store has lost; False when it knows the call or the number."""
        fields = {
            "carrier": lost.carrier, "ani": lost.ani, "trunk": lost.trunk, "region": lost.region,
            "dial": lost.number, "queue": lost.queue, "skills": lost.skills,
            "score": str(lost.score), "priority": str(lost.priority), "arrived": str(lost.arrived),
            "queued": str(lost.queued), "asked": str(lost.asked), "until": str(lost.until),
            "attempts": str(lost.attempts),
        }  # fmt: skip
        return bool(await self._do("adopt_callback", lost.id, json.dumps(fields)))
