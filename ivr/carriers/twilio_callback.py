"""Called back over Twilio: the CSO is in the conference, the caller's telephone is rung, and joins it."""

from __future__ import annotations

import logging

from config.errors import Problem
from config.operator import operator
from ivr.carriers import twilio_twiml
from ivr.carriers.twilio_callbacks import NO_TWIML, TERMINAL
from ivr.carriers.twilio_context import Context
from ivr.carriers.twilio_legs import chain, quietly
from ivr.carriers.twilio_rest import RestFailed, TwilioRest
from ivr.carriers.twilio_trail import Trail
from router.calls import CallState
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Call

log = logging.getLogger(__name__)

REASONS = {"no-answer": "no-answer", "busy": "busy", "failed": "unreachable", "canceled": "expired"}


class CallerLegs:
    """The telephones of callers that are being rung, by the token of their offer."""

    def __init__(self, acd: Acd, rest: TwilioRest) -> None:
        self._acd, self._rest = acd, rest
        self._sids: dict[str, str] = {}
        self._over: set[str] = set()  # no longer wanted, and not made yet

    async def ring(self, name: str, token: str) -> None:
        """The CSO is there: ring the caller."""
        call = await self._acd.call(name)
        if call is None or call.token != token or call.state is not CallState.CALLING:
            return
        self._sids[token] = ""
        trail = Trail(call.id, f"{chain(token)}-0", queue=call.queue, arrived=call.arrived, priority=call.priority)
        try:
            sid = await self._rest.create_leg(
                call.dial,
                url=trail.url("/twilio/reached", token=token),
                status_url=trail.url("/twilio/reached-status", token=token),
                ring_seconds=round(operator().queues.callback_of(call.queue).ring),
                wanted=lambda: token not in self._over,
            )
        except RestFailed as fault:
            log.warning("a caller cannot be rung: %s", fault)
            sid = None
        if sid is None:
            del self._sids[token]
            await quietly(self._acd.unreached(call.id, token, reason="failed"))
            return
        self._sids[token] = sid
        if token in self._over:
            await self.drop(token)

    async def ring_again(self, call: Call) -> None:
        """After a restart: the leg that an earlier life of this process made, else the one nobody made."""
        ringing = await self._rest.live(to=call.dial)
        if ringing:
            self._sids[call.token] = ringing[0].sid
        else:
            await self.ring(call.id, call.token)

    def over(self, token: str) -> None:
        """Nobody wants it any more; a leg that waits for its turn is not made."""
        if self._sids.get(token) == "":
            self._over.add(token)

    async def drop(self, token: str) -> None:
        """Stop ringing."""
        self._over.discard(token)
        sid = self._sids.pop(token, "")
        if sid:
            await self._rest.complete(sid)

    def forget(self, token: str) -> None:
        """They talk: the call's own end ends the leg."""
        self._sids.pop(token, None)


async def reached(context: Context) -> str:
    """The caller has picked up: into the conference where the CSO is."""
    try:
        await context.acd.reached(context.call, context.token, channel=context.hook.sid)
    except StoreUnavailable:
        raise
    except Problem as problem:
        log.info("a caller picked up too late: %s", problem.slug)
        return twilio_twiml.hang_up()
    return twilio_twiml.join(
        context.call, after=context.trail.next().url("/twilio/met"), label=context.trail.label(context.acd.pool)
    )  # fmt: skip


async def reached_status(context: Context) -> str:
    """The end of the caller's leg: never answered, or the conversation is over."""
    status = context.hook.get("CallStatus")
    try:
        if status == "completed":
            await context.ivr.hung_up(context.call, by="caller")
        elif status in TERMINAL:
            await context.acd.unreached(context.call, context.token, reason=REASONS[status])
    except StoreUnavailable:
        raise
    except Problem as problem:
        log.debug("news of a leg that no longer matters: %s", problem.slug)
    return NO_TWIML
