"""An Instruction as TwiML. Every document ends in something: the next webhook or a hang-up, never dead air."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from config.settings import locale_of, settings
from ivr.carriers.twilio_trail import Trail
from ivr.instructions import Ask, Bye, Fragment, Instruction, Play, Record, Reject, Renamed, Wait, apart

MOST_BYTES = 64 * 1024  # of a document; Twilio reads no more
MOST_SPOKEN = 4000  # characters of one <Say>; Twilio takes 4096
_UNSPEAKABLE = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")  # not XML characters


def render(instruction: Instruction, trail: Trail) -> str:
    """The document for `instruction`; `trail` is that of the step being answered."""
    response = VoiceResponse()
    onward = trail.next()
    if not isinstance(instruction, Reject | Renamed):
        # Outside of a <Gather> no key interrupts; what is keyed there the carrier does not tell us.
        legal, say = apart(instruction.say)
        _say(response, legal)
    match instruction:
        case Play():
            _say(response, say)
            response.redirect(onward.url("/twilio/step"), method="POST")
        case Ask():
            _say(_gather(response, onward.url("/twilio/step"), instruction.digits, instruction.first_timeout), say)
        case Record():
            _record(response, instruction, say, onward)
        case Wait():
            gather = _gather(response, onward.url("/twilio/wait"), 1, 1)
            _say(gather, say)
            gather.play(_music(instruction.music, instruction.round_seconds))
        case Bye():
            if say:  # for the emergency key; after any other it is said again
                _say(_gather(response, onward.url("/twilio/step"), 1, 1, action_on_empty_result=False), say)
            response.hangup()
        case Reject():
            response.reject(reason="busy" if instruction.reason == "busy" else "rejected")
    return str(response)


def _record(response: VoiceResponse, wanted: Record, say: Sequence[Fragment], onward: Trail) -> None:
    """Any key ends it, and is told: the emergency key is one. Of a caller who says nothing Twilio does not ask the
    action, it goes on in the document.
    """
    _say(response, say)
    response.record(
        action=onward.url("/twilio/recorded"),
        method="POST",
        max_length=wanted.seconds,
        timeout=wanted.silence,
        play_beep=True,
        trim="trim-silence",
        finish_on_key="0123456789*#",
        recording_status_callback=onward.url("/twilio/recording-status", kind="note"),
        recording_status_callback_method="POST",
        recording_status_callback_event="completed absent",
    )
    response.redirect(onward.url("/twilio/recorded", nothing="1"), method="POST")


def _music(name: str, seconds: int) -> str:
    return f"{settings().base_url}/twilio/moh.wav?seconds={seconds}" + ("" if name == "default" else f"&music={name}")


def hold_music(name: str) -> str:
    """On hold, until Twilio is told otherwise."""
    response = VoiceResponse()
    response.play(_music(name, 60), loop=0)
    return str(response)


def join(call: str, *, after: str, label: str = "") -> str:
    """Into the conference of this call. The caller has a `label`; only the caller's leaving ends it, so that a CSO can
    be exchanged.
    """
    response = VoiceResponse()
    dial = Dial(action=after, method="POST")
    named = {"participant_label": label} if label else {}
    dial.conference(call, beep="false", start_conference_on_enter=True, end_conference_on_exit=bool(label), **named)
    response.append(dial)
    return str(response)


def dial_out(address: str, *, after: str, timeout: int, answered: str = "", say: Sequence[Fragment] = ()) -> str:
    """Ring a partner or an emergency telephone, then go on at `after`."""
    return str(_dialling(address, timeout=timeout, say=say, told=answered, action=after, method="POST"))


def _dialling(address: str, *, timeout: int, say: Sequence[Fragment], told: str = "", **onward: str) -> VoiceResponse:
    """Ring a sip: URI, a number (E.164) or a client name."""
    response = VoiceResponse()
    _say(response, say)
    dial = Dial(timeout=timeout, **onward)
    news = {"status_callback": told, "status_callback_event": "answered"} if told else {}
    if address.startswith(("sip:", "sips:")):
        dial.sip(address, **news)
    elif address.startswith("+"):
        dial.number(address, **news)
    else:
        dial.client(address.removeprefix("client:"), **news)
    response.append(dial)
    return response


def fallback(retry: str, say: Sequence[Fragment]) -> str:
    """What a caller hears when a step cannot be answered: `say` (an apology, what was last published) and a way out.

    Any key is an emergency; silence asks again. While no process of ours answers, the static documents of
    twilio_fallback.py say the same.
    """
    response = VoiceResponse()
    gather = _gather(response, retry, 1, 4)
    _say(gather, say)
    return str(response)


def static_fallback(emergency: str, again: str, say: Sequence[Fragment]) -> str:
    """The same without a process of ours: a key leads to the document `emergency`, silence back to us (`again`)."""
    response = VoiceResponse()
    gather = _gather(response, emergency, 1, 4, method="GET", action_on_empty_result=False)
    _say(gather, say)
    response.redirect(again, method="POST")
    return str(response)


def static_emergency(address: str, again: str, *, timeout: int, say: Sequence[Fragment]) -> str:
    """Rings `address`; unanswered, the document `again` asks once more."""
    response = _dialling(address, timeout=timeout, say=say)
    response.redirect(again, method="GET")
    return str(response)


def hang_up(say: Sequence[Fragment] = ()) -> str:
    """The end of a leg."""
    response = VoiceResponse()
    _say(response, say)
    response.hangup()
    return str(response)


def ask_once(say: Sequence[Fragment], action: str, timeout: int) -> str:
    """One key, or none, goes to `action`; `timeout` seconds."""
    response = VoiceResponse()
    _say(_gather(response, action, 1, timeout), say)
    return str(response)


def _gather(response: VoiceResponse, action: str, digits: int, timeout: int, **other: Any) -> Gather:
    """Keys barge in on whatever is nested; silence reaches `action` too (actionOnEmptyResult).

    One key: # and * are keys like others. Several: # ends early. Twilio knows one time-out for both silences.
    """
    gather = Gather(
        input="dtmf",
        action=action,
        num_digits=digits,
        timeout=timeout,
        finish_on_key="#" if digits > 1 else "",
        **{"method": "POST", "action_on_empty_result": True, **other},
    )
    response.append(gather)
    return gather


def speakable(text: str) -> str:
    """Without characters that a document cannot hold."""
    return _UNSPEAKABLE.sub(" ", text)


def _say(parent: VoiceResponse | Gather, fragments: Iterable[Fragment]) -> None:
    for fragment in fragments:
        voice = settings().twilio_voice(fragment.language)
        for part in spoken_parts(speakable(fragment.text)):
            # Both are set: a default voice of another language can make <Say> fail.
            parent.say(part, language=locale_of(voice), voice=voice)


def spoken_parts(text: str) -> list[str]:
    """The text in pieces that a voice takes, broken between words."""
    return wrap(text, MOST_SPOKEN, replace_whitespace=False) if len(text) > MOST_SPOKEN else [text]
