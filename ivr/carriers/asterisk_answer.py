"""An AGI request as a signal, and an instruction as channel variables. Pure: no socket, no store."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from config.operator import Operator
from ivr.carriers.asterisk_names import named
from ivr.carriers.base import e164
from ivr.instructions import Ask, Bye, Fragment, Instruction, Play, Record, Reject, Renamed, Wait, apart
from ivr.signals import Arrival, Step
from ivr.trunks import as_dialled, trunk_dialled

CALL = re.compile(r"[cn][0-9a-z]{8,40}")  # n: a notice, nobody has called
TOKEN = re.compile(r"[0-9A-Za-z.-]{1,64}")
NODE = re.compile(r"[a-z0-9]{0,12}")
DIGITS = re.compile(r"[0-9*#]{0,32}")
SOUND_BYTES = 1800  # of names of files in one answer: Asterisk cuts an AGI line at 2,048 bytes


class BadRequest(ValueError):
    """Not a request our dialplan makes; nothing of it is repeated in the text."""


@dataclass(frozen=True)
class Request:
    """What the dialplan's [step] sends, in its order."""

    name: str
    channel: str
    token: str
    call: str
    digits: str = ""
    ani: str = ""
    dialled: str = ""
    queue: str = ""
    arrived: str = ""
    priority: str = ""
    emergency: str = ""
    offer: str = ""
    status: str = ""
    rang: str = ""
    talked: str = ""
    node: str = ""

    @classmethod
    def read(cls, name: str, channel: str, args: Sequence[str]) -> Request:
        """Check the shape of everything that decides something; raises BadRequest."""
        if not 2 <= len(args) <= 14:
            raise BadRequest("arguments")
        request = cls(name, channel, *args)
        request = replace(request, channel=named(request.node, channel), dialled=as_dialled(request.dialled))
        shapes = ((TOKEN, request.token), (CALL, request.call), (DIGITS, request.digits), (NODE, request.node))
        if not all(shape.fullmatch(text) for shape, text in shapes):
            raise BadRequest("shape")
        return request


def arrival(request: Request) -> Arrival:
    """A new call."""
    return Arrival(
        call=request.call,
        carrier="asterisk",
        channel=request.channel,
        ani=e164(request.ani),
        dialled=request.dialled,
        trunk=trunk_dialled(request.dialled),
    )


def step(request: Request, operator: Operator) -> Step:
    """A question of a call that is already ours."""
    return Step(request.call, request.token, request.name, request.digits, _extra(request, operator))


def _extra(request: Request, operator: Operator) -> dict[str, str]:
    match request.name:
        case "after-offer" | "after-partner":
            return {
                "dialstatus": request.status,
                "token": request.offer,
                "ringtime_ms": request.rang,
                "answeredtime_ms": request.talked,
            }
        case "recorded":
            return {"recorded_ms": _sound_ms(request.talked)}
        case "resume":
            return {
                "carrier": "asterisk",
                "channel": request.channel,
                "ani": e164(request.ani),
                "trunk": trunk_dialled(request.dialled),
                "dialled": request.dialled,
                "queue": request.queue,
                "arrived": request.arrived,
                "priority": request.priority,
                "emergency": request.emergency or "0",
            }
    return {}


def _sound_ms(size: str) -> str:
    """How long a WAV of so many bytes is: two for each of 8,000 samples a second, behind a header of 44."""
    return str(max(0, int(size) - 44) // 16) if size.isdecimal() else "0"


Sounds = Callable[[Sequence[Fragment]], list[str]]


def variables(instruction: Instruction, *, sounds: Sounds, emergency_key: str, emergency_queue: str) -> dict[str, str]:
    """What the dialplan reads; the acknowledgement is set by the server after all of these."""
    match instruction:
        case Play(say) | Bye(say):
            return {**_speech(say, sounds), "SUAR_DO": "play" if isinstance(instruction, Play) else "bye"}
        case Ask(say, digits, first, inter):
            return {
                **_speech(say, sounds),
                "SUAR_MAX": str(digits),
                "SUAR_FIRST": str(first),
                "SUAR_INTER": str(inter),
                "SUAR_DO": "ask",
            }
        case Record(say, seconds, silence):
            return {
                **_speech(say, sounds),
                "SUAR_SECONDS": str(seconds),
                "SUAR_SILENCE": str(silence),
                "SUAR_DO": "record",
            }
        case Wait(say, queue, keys, seconds, music):
            return {
                **_speech(say, sounds),
                "SUAR_KEYSET": keys if emergency_key in keys else keys + emergency_key,
                "SUAR_ROUND": str(seconds),
                "SUAR_MUSIC": music,
                "SUAR_Q": queue,
                "SUAR_EMG": "1" if queue == emergency_queue else "0",
                "SUAR_DO": "wait",
            }
        case Reject():
            return {"SUAR_PLAY": "", "SUAR_DO": "reject"}
        case Renamed(call, then):
            there = variables(then, sounds=sounds, emergency_key=emergency_key, emergency_queue=emergency_queue)
            return {"SUAR_CALL": call, **there}


def _speech(say: Sequence[Fragment], sounds: Sounds) -> dict[str, str]:
    """What a key interrupts, and before it what is heard to its end ([legal] of the dialplan)."""
    legal, rest = apart(say)
    first = _list(sounds(legal), SOUND_BYTES)
    told = {"SUAR_LEGAL": first} if legal else {}
    return {**told, "SUAR_PLAY": _list(sounds(rest), SOUND_BYTES - len(first))}


def _list(files: list[str], most: int) -> str:
    """Whole names, as many as there is room for."""
    said = "&".join(files)
    return said if len(said) <= most else said[: most + 1].rpartition("&")[0]


def assignment(values: dict[str, str]) -> tuple[str, str]:
    """Name and value of one `SET VARIABLE` that sets them all, in order: one command, one answer (T8)."""
    if any("," in value or '"' in value or "\\" in value for value in values.values()):
        raise BadRequest("a value with a separator")
    return f"ARRAY({','.join(values)})", ",".join(values.values())
