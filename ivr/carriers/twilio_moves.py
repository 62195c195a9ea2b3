"""Where a caller's leg goes: to a CSO, to a partner, back into line, on hold. Each move is confirmed or tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from config.settings import settings
from ivr.carriers.base import repaired
from ivr.carriers.twilio_legs import chain, quietly
from ivr.carriers.twilio_reconcile import HungUp
from ivr.carriers.twilio_rest import RestFailed, TwilioRest
from ivr.carriers.twilio_trail import Trail
from ivr.line import recorded
from router.calls import CallState, Outcome
from router.store.acd import Acd
from router.store.types import Call

log = logging.getLogger(__name__)

TRIES = 5  # then the call is left to its own wait loop and the reconciliation
PAUSE = 0.25  # seconds: a leg that has fetched its document is not in the conference yet
IN_LINE = (CallState.WAITING, CallState.OFFERED)


class Moves:
    """The callers' legs."""

    def __init__(self, acd: Acd, rest: TwilioRest, hung_up: HungUp) -> None:
        self._acd, self._rest, self._hung_up = acd, rest, hung_up
        self._met: dict[str, asyncio.Event] = {}  # token → the redirect arrived

    def arrived(self, token: str) -> None:
        """The document at a destination was fetched."""
        if token in self._met:
            self._met[token].set()

    async def bring(self, call: Call) -> None:
        """To the CSO who has answered, or to the partner."""
        to_partner = call.state is CallState.PARTNER
        more = {"token": call.token} | ({"partner": call.partner} if to_partner else {})
        url = _trail(call, call.token).url("/twilio/partner" if to_partner else "/twilio/meet", **more)
        await self._move(call, url, call.token, lambda now: now.state is call.state and now.token == call.token)

    async def record(self, call: Call) -> None:
        """From the first conversation to the end of the call, on the caller's own leg (T5)."""
        if call.state is not CallState.TALKING or not recorded(call):
            return
        try:
            await self._rest.record(call.channel, _trail(call, "rec").url("/twilio/recording-status", kind="call"))
        except RestFailed as fault:  # the conversation goes on
            log.error("call %s is not recorded: %s", call.id, fault)

    async def to_line(self, call: Call, token: str) -> None:
        """Out of the conversation of `token` into our line, which plays music. For the caller's leaving, the conference
        ends.
        """
        url = _trail(call, waiting(token)).url("/twilio/wait", token=waiting(token))
        await self._move(call, url, waiting(token), lambda now: now.state in IN_LINE)

    async def _move(self, call: Call, url: str, token: str, still: Callable[[Call], bool]) -> None:
        """Repeated until the webhook there has been fetched (T2), while the call is `still` to go there."""
        met = self._met.setdefault(token, asyncio.Event())
        for _ in range(TRIES):
            try:
                if not await self._rest.redirect(call.channel, url):
                    await quietly(self._hung_up(call.id))
                    break
            except RestFailed as fault:
                log.warning("a call could not be moved: %s", fault)
            try:
                async with asyncio.timeout(settings().redirect_confirm_ms / 1000):
                    await met.wait()
                break
            except TimeoutError:
                now = await self._acd.call(call.id)
                if now is None or not still(now):
                    break
        self._met.pop(token, None)

    async def hold(self, call: str) -> None:
        """The caller hears music, or the others, as the store says."""
        for _ in range(TRIES):
            known = await self._acd.call(call)
            if known is None or known.state is not CallState.TALKING:
                return
            music = _trail(known, known.token).url("/twilio/hold") if known.held else ""
            try:
                if await self._rest.hold(known.id, known.channel, music=music):
                    return
            except RestFailed as fault:
                log.warning("a caller could not be put on hold, or back: %s", fault)
            await asyncio.sleep(PAUSE)

    async def talks_to_partner(self, call: Call) -> bool:
        """Whether the partner has answered, and nobody told us. Then the talk goes on, and nobody of ours is offered
        the caller.
        """
        try:
            legs = await self._rest.live(parent=call.channel)
        except RestFailed as fault:
            log.warning("a partner's leg could not be looked for: %s", fault)
            return False
        if not any(leg.status == "in-progress" for leg in legs):
            return False
        repaired("unseen-answer", call.id)
        await self._acd.ended(call.id, by="unseen-answer", outcome=Outcome.PARTNER_ANSWERED)
        return True


def waiting(token: str) -> str:
    """The token of a redirect into line, out of the conversation of `token`."""
    return f"w.{token}"


def _trail(call: Call, token: str) -> Trail:
    return Trail(
        call.id,
        f"{chain(token)}-0",
        queue=call.queue,
        arrived=call.arrived,
        priority=call.priority,
        emergency=call.emergency,
    )
