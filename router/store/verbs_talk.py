"""The verbs of a conversation: hold, consult, transfer. Those of a wrap-up and of a supervisor."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from config.errors import Invalid
from router.agents import CsoState
from router.store import answers
from router.store.types import Call, Cso, Guest, HandOver, Offer
from router.store.verbs import Verbs, queues_text, skills_text


class TalkVerbs(Verbs):
    """`token` is the one the call was answered with. Refused beside what each says: unknown-call, stale-token, and
    illegal-move while nobody talks.
    """

    async def adopt_talk(
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
        cso: str,
        leg: str,
    ) -> bool:
        """A conversation that the store has forgotten, as `adopt` and with the CSO's leg; False when the call is known,
        or the CSO has another one.
        """
        given = (carrier, channel, ani, trunk, region, queue, arrived, priority, int(emergency), cso, leg)
        return bool(await self._do("adopt_talk", call, *given, secrets.token_hex(8)))

    async def hold(self, call: str, token: str) -> None:
        """The caller hears music; the call stays TALKING. Again, it changes nothing."""
        await self._do("hold", call, token)

    async def resume(self, call: str, token: str) -> None:
        """The caller is heard again; the history counts how long it was."""
        await self._do("resume", call, token)

    async def consult(self, call: str, token: str, *, cso: str, cmd: str) -> Guest:
        """Ring another CSO, who becomes the call's guest; whether the caller hears it is for `hold` to say.

        Refused: unknown-cso, cso-not-free (not ready, telephone away, another carrier), consult-running.
        """
        reply = await self._do("consult", cmd, call, token, cso, secrets.token_hex(8))
        name, by, guest, guest_token, deadline, carrier, channel, endpoint = reply
        return Guest(name, by, guest, guest_token, int(deadline), carrier, channel, endpoint)

    async def guest_ringing(self, call: str, guest_token: str) -> None:
        """The guest's telephone rings; the deadline starts again now."""
        await self._do("guest_ringing", call, guest_token)

    async def guest_answered(self, call: str, guest_token: str, *, leg: str = "") -> Call:
        """The guest is there. With the caller not held that is a conference of three."""
        return self._known(call, await self._do("guest_answered", call, guest_token, leg))

    async def guest_left(self, call: str, guest_token: str, *, reason: str) -> None:
        """The guest does not come (as `returned`, and cancelled) or has gone; the call stays with its CSO.

        A guest who has taken the call over is no guest any more: stale-token.
        """
        await self._do("guest_left", call, guest_token, reason)

    async def complete(self, call: str, token: str, *, cmd: str) -> Call:
        """The guest takes the call over and its token with it; the CSO goes to wrap-up. A hold ends.

        Refused: no-guest when nobody is consulted, or has not answered yet.
        """
        return self._known(call, await self._do("complete", cmd, call, token))

    async def transfer(self, call: str, token: str, *, cso: str, cmd: str) -> Offer:
        """To another CSO unasked, who is rung as for any offer; no answer there puts the call into its queue with its
        score. The CSO goes to wrap-up at once.

        Refused: unknown-cso, cso-not-free. (To a queue: `enqueue`.)
        """
        name, other, fresh, queue, deadline, carrier, channel, endpoint = await self._do(
            "transfer", cmd, call, token, cso, secrets.token_hex(8)
        )
        return Offer(name, other, fresh, queue, int(deadline), carrier, channel, endpoint)

    async def refer(self, call: str, token: str, *, partner: str, cmd: str) -> HandOver:
        """To a partner centre with room; what it does not take is handed back to the queue of the call.

        Refused: unknown-partner, partner-full, emergency-stays.
        """
        return HandOver(*await self._do("refer", cmd, call, token, partner, secrets.token_hex(8)))

    async def extend_wrap_up(self, cso: str, ms: int, *, cmd: str) -> Cso:
        """So much longer, for this CSO alone. Refused: illegal-move without a wrap-up; wrap-up-limit beyond the
        queue's wrap_up_max_ms, counted from the end of the conversation.
        """
        if ms <= 0:
            raise Invalid("Lamanya harus lebih dari nol.", field="ms")
        return self._cso(cso, await self._do("extend_wrap_up", cmd, cso, ms))

    async def force(self, cso: str, state: CsoState, *, by: str, reason: str) -> Cso:
        """A supervisor asks for somebody else: ready | paused | logged_out, after a call or an offer, else now.

        The CSO may ask for another state afterwards. Nobody who is logged out becomes ready: illegal-move.
        """
        if state not in (CsoState.READY, CsoState.PAUSED, CsoState.LOGGED_OUT):
            raise Invalid("Status itu tidak dapat diminta.", field="state")
        return self._cso(cso, await self._do("force", cso, state.value, by, reason))

    async def assign(
        self,
        cso: str,
        *,
        queues: Mapping[str, int] | None = None,
        skills: Mapping[str, int] | None = None,
        by: str,
    ) -> Cso:
        """A supervisor gives a CSO who is logged in other queues (name → proficiency) or skills; None = as they are.

        It holds at once and until the CSO logs out, whatever the desk says; state and call stay. Refused:
        unknown-queue, unknown-skill, illegal-move when logged out.
        """
        given = queues_text(queues or {}), skills_text(skills or {})
        reply = await self._do("assign", cso, int(queues is not None), given[0], int(skills is not None), given[1], by)
        return self._cso(cso, reply)

    def _known(self, call: str, reply: tuple[list[str], list[str]]) -> Call:
        found = self._call(call, reply)
        assert found is not None  # noqa: S101 - the function would have said unknown-call
        return found

    def _cso(self, cso: str, reply: tuple[list[str], int]) -> Cso:
        fields, away = reply
        return answers.cso(cso, answers.pairs(fields), reachable=not away)
