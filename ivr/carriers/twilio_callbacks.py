"""What Twilio tells us about legs: the CSO's, the partner's, the end of the caller's. Late news is harmless."""

from __future__ import annotations

import logging
from typing import TypeGuard

from config.errors import Problem
from ivr.carriers import twilio_twiml
from ivr.carriers.twilio_context import Context
from ivr.endings import cso_left
from router.calls import CallState, Outcome
from router.store.acd import Acd
from router.store.types import Call

log = logging.getLogger(__name__)

TERMINAL = {"completed", "busy", "failed", "no-answer", "canceled"}
RETURN_REASON = {"no-answer": "no-answer", "busy": "declined", "failed": "unreachable", "canceled": "failed"}
NO_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


async def cso(context: Context) -> str:
    """A CSO has picked up: into the conference, if the offer still stands."""
    try:
        await context.acd.answered(context.call, context.token, leg=context.hook.sid)
    except Problem as problem:
        if problem.status == 503:
            raise
        call = await context.acd.call(context.call)
        if not _is_talking(call, context.token):  # a repeated webhook finds its own success
            log.info("a CSO picked up too late: %s", problem.slug)
            return twilio_twiml.hang_up()
    return twilio_twiml.join(context.call, after=context.trail.next().url("/twilio/met"))


async def cso_status(context: Context) -> str:
    """Ringing, or the end of a CSO's leg. The token says whether it still matters."""
    status, call, token = context.hook.get("CallStatus"), context.call, context.token
    try:
        if status == "ringing":
            await context.acd.ringing(call, token)
        elif status == "completed":
            now = await context.acd.call(call)
            if _is_talking(now, token) and now.state is CallState.CALLING:
                await context.acd.unreached(call, token, reason="cso-gone")
            elif _is_talking(now, token):
                await left(context.acd, now, token)
            else:
                await context.acd.returned(call, token, reason="failed")
        elif status in TERMINAL:
            await context.acd.returned(call, token, reason=RETURN_REASON[status])
    except Problem as problem:
        if problem.status == 503:
            raise
        log.debug("news of a leg that no longer matters: %s", problem.slug)
    return NO_TWIML


async def guest(context: Context) -> str:
    """A CSO who is consulted has picked up: into the conference, if still wanted."""
    try:
        await context.acd.guest_answered(context.call, context.token, leg=context.hook.sid)
    except Problem as problem:
        if problem.status == 503:
            raise
        log.info("a guest picked up too late: %s", problem.slug)
        return twilio_twiml.hang_up()
    return twilio_twiml.join(context.call, after=context.trail.next().url("/twilio/met"))


async def guest_status(context: Context) -> str:
    """Ringing, or the end of a guest's leg. A guest who has taken the call over is its CSO."""
    status, call, token = context.hook.get("CallStatus"), context.call, context.token
    now = await context.acd.call(call)
    try:
        if _is_talking(now, token):
            return await cso_status(context)
        if status == "ringing":
            await context.acd.guest_ringing(call, token)
        elif status == "completed" and now is not None:
            await left(context.acd, now, token)
        elif status in TERMINAL:
            await context.acd.guest_left(call, token, reason=RETURN_REASON[status])
    except Problem as problem:
        if problem.status == 503:
            raise
        log.debug("news of a guest who no longer matters: %s", problem.slug)
    return NO_TWIML


async def left(acd: Acd, call: Call, token: str) -> None:
    """The leg of a CSO in a conversation has ended by itself. Only a conversation with the caller ends by it: a guest
    goes on talking, and whoever is on hold was not said goodbye to.
    """
    if token == call.guest_token:
        await acd.guest_left(call.id, token, reason="left" if call.guest_state == "talking" else "failed")
    elif call.guest_state == "talking":
        await acd.complete(call.id, token, cmd=f"{token}:left")
    else:
        await cso_left(acd, call, token)


async def partner_status(context: Context) -> str:
    """A partner has picked up."""
    if context.hook.get("CallStatus") == "in-progress":
        try:
            await context.acd.partner_answered(context.call, context.token)
        except Problem as problem:
            if problem.status == 503:
                raise
            log.debug("news of a hand-over that no longer matters: %s", problem.slug)
    return NO_TWIML


async def emergency_status(context: Context) -> str:
    """The emergency telephone has picked up: nothing of ours takes the caller away from it any more."""
    if context.hook.get("CallStatus") == "in-progress":
        await context.acd.ended(context.call, by="emergency-telephone", outcome=Outcome.ANSWERED)
    return NO_TWIML


async def status(context: Context) -> str:
    """The caller's leg: only its end is news (T3)."""
    if context.hook.get("CallStatus") in TERMINAL:
        await context.ivr.hung_up(context.caller_call, by="caller", channel=context.hook.sid)
    return NO_TWIML


def broken_leg(_context: Context) -> str:
    """A CSO cannot be connected: hang up, and the offer's deadline returns the caller to the line."""
    return twilio_twiml.hang_up()


def nothing(_context: Context) -> str:
    """Nothing to hear."""
    return NO_TWIML


def _is_talking(call: Call | None, token: str) -> TypeGuard[Call]:
    """The CSO is on the line: with the caller, or while the caller's telephone is rung."""
    return call is not None and call.state in (CallState.TALKING, CallState.CALLING) and call.token == token
