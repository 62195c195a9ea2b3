"""Twilio's webhooks: a signed request in, TwiML out.

A request that is not Twilio's gets 403. Twilio's own question always gets 200 and a document within the deadline, if
need be the fallback: an error page would be played to a caller as a broken line. News that could not be taken gets 503,
so that Twilio tells it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Query, Request, Response

from config.logging import told
from config.operator import operator
from config.settings import settings
from ivr.carriers import twilio_callback, twilio_callbacks, twilio_steps
from ivr.carriers.twilio_context import Context
from ivr.carriers.twilio_music import music
from ivr.carriers.twilio_signature import FAILURES, NotTwilio, read_webhook
from ivr.carriers.twilio_trail import Malformed
from ivr.carriers.twilio_twiml import MOST_BYTES
from router.pools import Pools, named
from router.store.acd import Acd

log = logging.getLogger(__name__)
router = APIRouter(prefix="/twilio", include_in_schema=False)

Handler = Callable[[Context], Awaitable[str]]
Broken = Callable[[Context], str]


class TooLong(ValueError):
    """A document that Twilio would not read to its end."""


async def _answer(request: Request, handler: Handler, broken: Broken | None) -> Response:
    try:
        context = Context(
            await read_webhook(request), request.app.state.ivr, request.app.state.acd, request.url.path
        )  # fmt: skip
        context.check()
    except (NotTwilio, Malformed) as fault:
        reason = fault.reason if isinstance(fault, NotTwilio) else "malformed"
        FAILURES.labels(reason).inc()
        log.warning("webhook refused: %s", reason)
        return Response(status_code=403)
    try:
        async with asyncio.timeout(settings().step_deadline_ms / 1000):
            context.acd = await _pool_of(request, context)
            document = await handler(context)
        if len(document.encode()) > MOST_BYTES:
            raise TooLong
    except Exception as fault:  # whatever it is, the caller must not hear it
        log.error("webhook %s failed: %s", context.path, told(fault))
        if broken is None:
            return Response(status_code=503)
        document = broken(context)
    return Response(document, media_type="text/xml")


async def _pool_of(request: Request, context: Context) -> Acd:
    """The pool that has the call; without other pools nobody is asked."""
    state, others = request.app.state, named(operator().queues, settings().pool)
    if not others or context.path.endswith(("/voice", "/status")):  # a new call; an end, which the service knows where
        return context.acd
    if not hasattr(state, "pools") or state.pools.home is not state.acd:
        state.pools = Pools(state.acd, others)
    found: Acd = await state.pools.of(context.call)
    return found


def _route(path: str, handler: Handler, broken: Broken | None) -> None:
    """`broken` says what is answered when the handler fails; None: it was news."""

    async def endpoint(request: Request) -> Response:
        return await _answer(request, handler, broken)

    router.add_api_route(path, endpoint, methods=["GET", "POST"], name=f"twilio{path}")


_route("/voice", twilio_steps.voice, twilio_steps.broken)
_route("/step", twilio_steps.step, twilio_steps.broken)
_route("/recorded", twilio_steps.recorded, twilio_steps.broken)
_route("/wait", twilio_steps.wait, twilio_steps.broken)
_route("/meet", twilio_steps.meet, twilio_steps.broken)
_route("/met", twilio_steps.met, twilio_steps.broken_bye)
_route("/reached", twilio_callback.reached, twilio_callbacks.broken_leg)
_route("/reached-status", twilio_callback.reached_status, None)
_route("/partner", twilio_steps.partner, twilio_steps.broken)
_route("/after-partner", twilio_steps.after_partner, twilio_steps.broken)
_route("/after-emergency", twilio_steps.after_emergency, twilio_steps.broken)
_route("/hold", twilio_steps.hold, twilio_callbacks.nothing)
_route("/guest", twilio_callbacks.guest, twilio_callbacks.broken_leg)
_route("/guest-status", twilio_callbacks.guest_status, None)
_route("/cso", twilio_callbacks.cso, twilio_callbacks.broken_leg)
_route("/cso-status", twilio_callbacks.cso_status, None)
_route("/partner-status", twilio_callbacks.partner_status, None)
_route("/emergency-status", twilio_callbacks.emergency_status, None)
_route("/status", twilio_callbacks.status, None)


@router.get("/moh.wav")
async def moh(
    seconds: int = Query(20, ge=1, le=120), name: str = Query("default", alias="music", pattern="^[a-z0-9-]{1,32}$")
) -> Response:
    """The music of one round of waiting. Not signed: it is the same for everyone."""
    sound = await asyncio.to_thread(music, seconds, name)
    return Response(sound, media_type="audio/wav", headers={"cache-control": "public, max-age=86400"})
