"""What we answer to a signal: one of these values. A carrier module renders it (channel variables, TwiML)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fragment:
    """A piece of speech: text and language are its identity (the audio is cached under their hash).

    `key` names the sentence for tests, captions and the desk's card, e.g. "outage.announcement". `legal`: heard to
    its end, before everything else of its instruction; a key interrupts all other speech.
    """

    key: str
    text: str
    language: str = "id"
    legal: bool = False


@dataclass(frozen=True)
class Play:
    """Speak, then ask for the next step."""

    say: tuple[Fragment, ...]


@dataclass(frozen=True)
class Ask:
    """Speak and collect keys (barge-in on the first key), then ask for the next step. Seconds."""

    say: tuple[Fragment, ...]
    digits: int
    first_timeout: int = 6
    inter_timeout: int = 3


@dataclass(frozen=True)
class Record:
    """Speak, then a beep, then keep what the caller says until `#`, silence or the longest time, all in seconds; then
    ask for the next step, named "recorded". Whoever hangs up meanwhile keeps what was said. One sound per call.
    """

    say: tuple[Fragment, ...]
    seconds: int = 20
    silence: int = 4


@dataclass(frozen=True)
class Wait:
    """Speak (place and wait), then music until a redirect, a key of `keys`, or the end of the round.

    The round ends after `round_seconds` with a step named "waiting".
    """

    say: tuple[Fragment, ...]
    queue: str
    keys: str = "9"
    round_seconds: int = 20
    music: str = "default"  # a class of recordings


@dataclass(frozen=True)
class Bye:
    """Speak and hang up."""

    say: tuple[Fragment, ...] = ()


@dataclass(frozen=True)
class Reject:
    """Refuse before answering (lines full)."""

    reason: str = "busy"


@dataclass(frozen=True)
class Renamed:
    """From now on the channel is that of another call, and does `then`; `then` is what is kept."""

    call: str
    then: Instruction


def apart(say: Sequence[Fragment]) -> tuple[list[Fragment], list[Fragment]]:
    """Legal notices, which are heard first and to their end, and the rest, which the first key interrupts."""
    return [piece for piece in say if piece.legal], [piece for piece in say if not piece.legal]


Instruction = Play | Ask | Record | Wait | Bye | Reject | Renamed
