"""The caller's leg: each webhook is a signal, each document an instruction. A handler and what it says when broken."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from config.clock import SystemClock
from config.errors import Problem
from config.languages import FIRST
from config.operator import operator
from ivr.carriers import twilio_twiml
from ivr.carriers.twilio_context import Context
from ivr.carriers.twilio_trail import Trail
from ivr.instructions import Fragment, Instruction, Wait
from ivr.menu import Menu
from ivr.signals import Arrival, Step
from router.calls import CallState
from router.store.acd import StoreUnavailable

log = logging.getLogger(__name__)
_clock = SystemClock()

# Twilio's word for how a Dial ended → Asterisk's, which the flow knows.
DIAL_STATUS = {"completed": "ANSWER", "answered": "ANSWER", "busy": "BUSY", "no-answer": "NOANSWER"}


async def voice(context: Context) -> str:
    """A new call. Asked again (retry, or the static fallback's way back) it answers the same."""
    trail = _first_trail(context)
    arrival = Arrival(
        call=trail.call,
        carrier="twilio",
        channel=context.hook.sid,
        ani=context.ani,
        dialled=context.dialled,
        trunk=context.trunk,
    )
    instruction = await context.ivr.arrived(arrival, trail.step)
    call = await context.acd.call(trail.call)  # its first arrival, so that a repeated webhook is answered the same
    return await _document(context, instruction, replace(trail, arrived=call.arrived if call else trail.arrived))


async def step(context: Context) -> str:
    """The caller has heard, keyed or kept silent."""
    name = "resume" if context.hook.query.get("name") == "resume" else "next"
    return await _step(context, name, context.digits)


async def recorded(context: Context) -> str:
    """The caller has spoken. The hash and the other keys only end it; the emergency key is heard."""
    seconds = context.hook.get("RecordingDuration")
    told = f"{seconds}000" if seconds.isdigit() and "nothing" not in context.hook.query else "0"
    key = context.digits if context.digits == operator().menu.emergency.key else ""
    return await _step(context, "recorded", key, recorded_ms=told)


async def wait(context: Context) -> str:
    """A round of waiting is over, or a key was pressed; or a redirect has brought the caller back into line."""
    if context.token:
        await _confirm(context)
    key = context.digits if context.digits and context.digits in context.trail.keys else ""
    return await _step(context, "key" if key else "waiting", key)


async def meet(context: Context) -> str:
    """The caller's leg has arrived where the CSO waits for it (T2: this is the confirmation)."""
    if not await _wanted(context, CallState.TALKING):
        return await _step(context, "waiting", "")
    await _confirm(context)
    return twilio_twiml.join(
        context.call, after=context.trail.next().url("/twilio/met"), label=context.trail.label(context.acd.pool)
    )  # fmt: skip


async def hold(context: Context) -> str:
    """What a caller hears on hold."""
    known = operator().queues.queues.get(context.trail.queue)
    return twilio_twiml.hold_music(known.announce.music if known else "default")


async def met(context: Context) -> str:
    """The conversation is over and the caller is still there."""
    return twilio_twiml.hang_up(_sentences(operator().menu.goodbye))


async def partner(context: Context) -> str:
    """The caller's leg rings a partner centre, unless the hand-over is over by now (an emergency was keyed)."""
    if not await _wanted(context, CallState.PARTNER):
        return await _step(context, "waiting", "")
    rules = operator().partners.partners[context.hook.query.get("partner", "")]
    await _confirm(context)
    trail = context.trail
    return twilio_twiml.dial_out(
        rules.twilio,
        after=trail.next().url("/twilio/after-partner", token=context.token),
        answered=trail.url("/twilio/partner-status", token=context.token),
        timeout=round(rules.ring_timeout),
    )


async def after_partner(context: Context) -> str:
    """The partner has hung up, or never answered: then back into the line with the old score."""
    if context.hook.get("CallStatus") == "completed":  # it was the caller who hung up
        await context.ivr.hung_up(context.caller_call, by="caller")
        return twilio_twiml.hang_up()
    status = DIAL_STATUS.get(context.hook.get("DialCallStatus"), "CHANUNAVAIL")
    seconds = context.hook.get("DialCallDuration")
    talked = f"{seconds}000" if seconds.isdigit() else ""
    return await _step(context, "after-partner", "", dialstatus=status, token=context.token, answeredtime_ms=talked)


async def after_emergency(context: Context) -> str:
    """The emergency telephone has spoken with the caller, or was not answered: then before everyone in our own line."""
    if DIAL_STATUS.get(context.hook.get("DialCallStatus")) == "ANSWER":
        return twilio_twiml.hang_up(_sentences(operator().menu.goodbye))
    return await _step(context, "resume", "")


def broken(context: Context) -> str:
    """The fallback: never dead air. An emergency keyed while we are broken rings the emergency telephone, and the
    address remembers it until somebody has spoken with the caller.
    """
    trail = (context.trail if "step" in context.hook.query else _first_trail(context)).next()
    resumes, rang = context.hook.query.get("name") == "resume", bool(context.hook.get("DialCallStatus"))
    keyed = bool(context.digits) and (resumes or not context.digits.strip(operator().menu.emergency.key))
    trail = replace(trail, emergency=trail.emergency or keyed)
    number = operator().queues.emergency_number
    if number and (keyed or (resumes and trail.emergency and not rang)):  # it has just rung: a breath in between
        return twilio_twiml.dial_out(
            number,
            after=trail.url("/twilio/after-emergency", name="resume"),
            answered=trail.url("/twilio/emergency-status"),
            timeout=30,
            say=_sentences(operator().menu.fallback.telephone),
        )
    announced = context.ivr.last_announcement()
    said = [*_sentences(operator().menu.fallback.say), *([Fragment("", announced)] if announced else [])]
    said += [
        piece for other in operator().menu.languages[1:] for piece in _sentences(operator().menu.fallback.say, other)
    ]
    return twilio_twiml.fallback(trail.url("/twilio/step", name="resume"), said)


def broken_bye(_context: Context) -> str:
    """Nothing is left to say."""
    return twilio_twiml.hang_up()


def _sentences(keys: Sequence[str], language: str = FIRST) -> list[Fragment]:
    menu = Menu(operator().menu, operator().prompts)
    return [piece for key in keys for piece in menu.say(key, language)]


async def _wanted(context: Context, state: CallState) -> bool:
    """Whether the call is still to go where this redirect leads; a store that is away has not said otherwise."""
    try:
        call = await context.acd.call(context.call)
    except StoreUnavailable:
        return True
    return call is not None and call.state is state and call.token == context.token


def _first_trail(context: Context) -> Trail:
    return Trail(context.caller_call, "a-0", arrived=_clock.ms())


async def _step(context: Context, name: str, digits: str, **extra: str) -> str:
    trail = context.trail
    said = Step(trail.call, trail.step, name, digits, {**_memory(context), **extra})
    try:
        instruction = await context.ivr.step(said)
    except Problem as problem:
        if problem.slug != "unknown-call":
            raise
        # The store has forgotten this call: its own URL knows enough to put it back (T4).
        instruction = await context.ivr.step(replace(said, name="resume", digits=""))
    return await _document(context, instruction, trail)


def _memory(context: Context) -> dict[str, str]:
    trail = context.trail
    return {
        "carrier": "twilio",
        "channel": context.hook.sid,
        "ani": context.ani,
        "dialled": context.dialled,
        "trunk": context.trunk,
        "queue": trail.queue,
        "arrived": str(trail.arrived),
        "priority": str(trail.priority),
        "emergency": "1" if trail.emergency else "0",
    }


async def _document(context: Context, instruction: Instruction, trail: Trail) -> str:
    if isinstance(instruction, Wait):
        trail = replace(trail, queue=instruction.queue, keys=instruction.keys)
        call = await context.acd.call(trail.call)
        if call:
            trail = replace(trail, arrived=call.arrived, priority=call.priority, emergency=call.emergency)
    return twilio_twiml.render(instruction, trail)


async def _confirm(context: Context) -> None:
    note = {"what": "met", "token": context.token}
    try:
        await context.acd.note(context.call, cmd=f"met:{context.token}", note=note)
    except Problem as problem:
        # The connector asks again; the caller is where they should be.
        log.warning("the arrival of a redirect could not be noted: %s", problem.slug)
