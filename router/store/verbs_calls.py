"""The verbs of a call: arriving, steps of its flow, the line, the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from router.calls import Outcome
from router.store import answers
from router.store.types import Admission, Call, MissedCall, Place
from router.store.verbs import Verbs, skills_text


class CallVerbs(Verbs):
    """From ring to end."""

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
        alone: bool = False,
    ) -> Admission:
        """A call arrived. A known call gets the admission it had. `alone`: the carrier serves it without us, with the
        announcement of level 4: the number is kept and no callback of it is taken over, whatever the level is by now.
        """
        given = (cmd, call, carrier, channel, ani, trunk, region, dialled, menu, int(alone))
        return answers.admission(await self._do("admit", *given))

    async def missed(self, calls: Sequence[MissedCall]) -> int:
        """Calls that came and went while nobody told of them; answers how many of them were not known.

        The number is kept for calling back, unless somebody talked with it. A refused one is told as refused, another
        one as arrived and ended (`by` "cel"). Half an hour after its end a call is not known any more: ask the history
        first.
        """
        if not calls:
            return 0
        return int(await self._do("missed", json.dumps([asdict(call) for call in calls])))

    async def call(self, call: str) -> Call | None:
        """The call with the state of its flow; half an hour after its end None."""
        return self._call(call, await self._do("call", call))

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

    async def enqueue(
        self,
        call: str,
        *,
        queue: str,
        priority: int = 0,
        emergency: bool = False,
        skills: Mapping[str, int] | None = None,
        token: str = "",
        cmd: str,
    ) -> Place:
        """Put the call in line: from the IVR, from another queue, from a conversation (a transfer; the CSO goes to
        wrap-up). The first score stays, except that an emergency goes to its own band; as an emergency also while it
        is offered or on its way to a partner. `skills`: name → least level; None = as before. `token`: only while the
        conversation or the offer has it; "" = in any case.

        Refused: unknown-queue, unknown-skill, unknown-call, stale-token, queue-full (from the IVR only), illegal-move.
        """
        asked = "" if skills is None else skills_text(skills) or "-"
        reply = await self._do("enqueue", cmd, call, queue, priority, int(emergency), asked, token)
        return answers.place(json.loads(reply))

    async def leave_queue(self, call: str, *, cmd: str) -> None:
        """Back to the IVR by the caller's own key."""
        await self._do("leave_queue", cmd, call)

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
