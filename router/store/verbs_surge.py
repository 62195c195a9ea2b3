"""The verbs of admission under load: numbers that did not get through, gaps, gauges, the level of the surge ladder."""

from __future__ import annotations

import re

from config.errors import NotFound
from router.store import answers
from router.store.types import Gauges, RefusedNumber
from router.store.verbs import Verbs

_AREA = re.compile(r"\d{2}(\.\d{2}){0,3}")


def area_code(text: str) -> str:
    """An area's code as it is written (`19.71.02`); raises NotFound (unknown-area)."""
    if not _AREA.fullmatch(text):
        raise NotFound("Wilayah itu tidak dikenal.", slug="unknown-area")
    return text


class SurgeVerbs(Verbs):
    """How many are let in, and what the pool does about it."""

    async def refused(self, limit: int = 100) -> list[RefusedNumber]:
        """The numbers that did not get through within a day, the longest waiting first."""
        return answers.refused(await self._do("refused", max(limit, 0)))

    async def gauges(self) -> Gauges:
        """The figures of this instant, without a look at every call."""
        return answers.gauges(await self._do("gauges"))

    async def locate(self, call: str, area: str) -> bool:
        """The caller is in this area; answers whether the call is gapped. Counted, and held against the area's gap,
        once a call. Never for an emergency.

        Refused: unknown-call, unknown-area.
        """
        return bool(int(await self._do("locate", call, area_code(area))))

    async def triaged(self, call: str) -> None:
        """The caller hears a few words only and is released; the number is kept unless it gets into line."""
        await self._do("triaged", call)

    async def set_gap(
        self, area: str, *, per_s: float, burst: float = 0.0, by: str, reason: str, until: int = 0
    ) -> None:
        """Let only so many callers of an area through, by hand; `per_s` 0 takes it off. `until` ms, 0 = for good.

        Refused: unknown-area, rate-range, reason-missing, until-past.
        """
        await self._do("set_gap", area_code(area), per_s, burst, by, reason.strip(), until)

    async def set_level(self, level: int, *, reason: str, by: str) -> None:
        """The level (0 to 4) that holds while none is set by hand. Refused: level-range."""
        await self._do("set_level", level, reason, by, "", "")

    async def climb(self, level: int, *, reason: str, turn: int, state: str) -> bool:
        """What the ladder decided, with its state (JSON), if nobody else has decided since `turn` (Gauges).

        Answers whether it was the one. Refused: level-range.
        """
        return bool(await self._do("set_level", level, reason, "ladder", turn, state))

    async def override_level(self, level: int, *, reason: str, by: str, until: int = 0) -> None:
        """A level by hand, until an instant (ms; 0 = until it is released). The ladder only waits meanwhile.

        Refused: level-range, reason-missing, until-past.
        """
        await self._do("override_level", level, reason.strip(), by, until)

    async def release_override(self, *, by: str, reason: str) -> None:
        """Back to the ladder's own level; nothing when none was set by hand. Refused: reason-missing."""
        await self._do("release_override", by, reason.strip())
