"""The verbs of the wait: how a place in line looks, and what a caller was told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from router.store import answers
from router.store.types import Outlook
from router.store.verbs import Verbs, skills_text


class WaitVerbs(Verbs):
    """Reading the line, keeping promises."""

    async def place(self, call: str) -> Outlook | None:
        """Where a waiting call stands; None when it does not wait."""
        reply = await self._do("place", call)
        return answers.outlook(reply) if reply else None

    async def outlook(
        self, queue: str, *, carrier: str = "asterisk", skills: Mapping[str, int] | None = None, priority: int = 0
    ) -> Outlook:
        """The same for one who would join the queue now; refused: unknown-queue, unknown-skill."""
        return answers.outlook(await self._do("outlook", queue, carrier, skills_text(skills or {}), priority))

    async def promise(self, call: str, *, low_ms: int, high_ms: int, cmd: str) -> tuple[int, bool]:
        """A waiting caller is about to be told that a CSO will be there between `low_ms` and `high_ms` from now.
        Answers until when (ms), and whether this breaks a promise of the same wait: every second one does, since one
        that can be kept is not told again (router.estimate.next_promise). Refused: unknown-call, not-waiting.
        """
        until, broken = json.loads(await self._do("promise", cmd, call, low_ms, high_ms))
        return int(until), bool(broken)
