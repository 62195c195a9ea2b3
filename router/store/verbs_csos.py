"""The verbs of a CSO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.errors import Invalid
from router.agents import CsoState
from router.store import answers
from router.store.types import Cso
from router.store.verbs import Verbs, queues_text, skills_text


class CsoVerbs(Verbs):
    """Logging in, states, the desk's and the telephone's signs of life."""

    async def log_in(
        self,
        cso: str,
        *,
        queues: Sequence[str] | Mapping[str, int],
        endpoint: str,
        carrier: str,
        skills: Mapping[str, int] | None = None,
    ) -> Cso:
        """To PAUSED; while logged in it only changes queues, skills and telephone.

        `queues`: name → proficiency 1 to 5, or words as `gangguan` (3) and `gangguan:5`. Languages and regions are
        skills: `en`, `region-31`. What a supervisor assigned since the CSO came stays. Refused: unknown-queue,
        unknown-skill.
        """
        served = queues if isinstance(queues, Mapping) else answers.levels(" ".join(queues))
        await self._do("log_in", cso, endpoint, carrier, queues_text(served), skills_text(skills or {}))
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
