"""Called back over Twilio: the CSO is in the conference, the caller's telephone is rung, and joins it."""

from __future__ import annotations

import logging

from config.errors import Problem
from config.operator import operator
from ivr.carriers import twilio_twiml
from ivr.carriers.twilio_callbacks import NO_TWIML, TERMINAL
from ivr.carriers.twilio_context import Context
from ivr.carriers.twilio_rest import RestFailed, TwilioRest
from ivr.carriers.twilio_trail import Trail
from router.calls import CallState
from router.events import Entry
from router.store.acd import Acd, StoreUnavailable

log = logging.getLogger(__name__)

REASONS = {"no-answer": "no-answer", "busy": "busy", "failed": "unreachable", "canceled": "expired"}


class CallerLegs:
    """The telephones of callers that are being rung, by the token of their offer."""

    def __init__(self, acd: Acd, rest: TwilioRest) -> None:
        self._acd, self._rest = acd, rest
        self._sids: dict[str, str] = {}

    async def ring(self, entry: Entry, chain: str) -> None:
        """The CSO is there: ring the caller."""
        call = await self._acd.call(entry.call)
        if call is None or call.token != entry.token or call.state is not CallState.CALLING:
            return
        trail = Trail(call.id, f"{chain}-0", queue=call.queue, arrived=call.arrived, priority=call.priority)
        try:
            sid = await self._rest.create_leg(
                call.dial,
                url=trail.url("/twilio/reached", token=entry.token),
                status_url=trail.url("/twilio/reached-status", token=entry.token),
                ring_seconds=round(operator().queues.callback_of(call.queue).ring),
            )
        except RestFailed as fault:
            log.warning("a caller cannot be rung: %s", fault)
            sid = None
        if sid is None:
            await self._acd.unreached(call.id, entry.token, reason="failed")
        else:
            self._sids[entry.token] = sid

    async def drop(self, token: str) -> None:
        """Stop ringing."""
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
    return twilio_twiml.join(context.call, caller=True, after=context.trail.next().url("/twilio/met"))


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
