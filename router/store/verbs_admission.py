"""The verbs around admission: numbers that did not get through."""

from __future__ import annotations

from router.store import answers
from router.store.types import RefusedNumber
from router.store.verbs import Verbs


class AdmissionVerbs(Verbs):
    """Who did not get in."""

    async def refused(self, limit: int = 100) -> list[RefusedNumber]:
        """The numbers that did not get through within a day, the longest waiting first."""
        return answers.refused(await self._do("refused", limit))
