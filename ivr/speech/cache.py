"""The cache of sounds: one file per text and language, named by its hash; a recording of the same name goes first.

Nothing is rendered while a caller waits.
"""

from __future__ import annotations

import hashlib
import logging
import re
import wave
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from config.settings import settings
from ivr.instructions import Fragment

log = logging.getLogger(__name__)
TELEPHONE = (8000, 16, 1)  # Hz, bit, channels


def name_of(text: str, language: str = "id") -> str:
    """The file's name without its ending: text and language are the identity. Indonesian is named by the text alone."""
    identity = text if language == "id" else f"{language}:{text}"
    return hashlib.sha256(identity.encode()).hexdigest()[:20]


def path_for(text: str, language: str = "id") -> Path:
    """Where the rendered sound of a text is, or will be: 8 kHz, 16 bit, mono."""
    return settings().sounds_dir / f"{name_of(text, language)}.wav"


def sound_of(text: str, language: str = "id") -> Path:
    """What is played: the operator's recording where there is a right one, else the rendered file (which may be
    missing). Both folders are looked into each time, so a recording counts from the next caller on.
    """
    rendered = path_for(text, language)
    recorded = recordings_dir() / rendered.name
    try:
        found = recorded.stat()
    except OSError:
        return rendered
    return rendered if wrong(recorded, found.st_mtime_ns, found.st_size) else recorded


def recordings_dir() -> Path:
    """Where the operator puts what a studio has recorded; below the sounds, so Asterisk finds it too."""
    return settings().sounds_dir / "studio"


@lru_cache(maxsize=4096)
def wrong(path: Path, _changed: int, _size: int) -> str:
    """Why a recording cannot be played; "" when it can. Read once for each change of the file."""
    try:
        with wave.open(str(path), "rb") as sound:
            found = (sound.getframerate(), sound.getsampwidth() * 8, sound.getnchannels())
            whole = len(sound.readframes(sound.getnframes())) == sound.getnframes() * sound.getsampwidth() * found[2]
    except (OSError, EOFError, wave.Error) as fault:
        reason = f"is no WAV of plain samples ({fault or type(fault).__name__})"
    else:
        if found == TELEPHONE and whole:
            return ""
        rate, bits, channels = found
        reason = f"has {rate} Hz, {bits} bit, {channels} channel(s)" if found != TELEPHONE else "ends too early"
    log.warning("the recording %s %s: the rendered sound is played instead", path.name, reason)
    return f"{reason}; wanted are 8000 Hz, 16 bit, 1 channel"


def recording_faults() -> list[str]:
    """What is wrong with the operator's recordings, one line each."""
    faults = []
    for path in sorted(recordings_dir().glob("[!.]*")):
        found = path.stat()
        reason = wrong(path, found.st_mtime_ns, found.st_size)
        if not re.fullmatch(r"[0-9a-f]{20}\.wav", path.name):
            reason = "is no name that `suar prompts list` gives: nobody will hear it"
        if reason:
            faults.append(f"{path}: {reason}")
    return faults


def available(fragments: Sequence[Fragment]) -> list[Path]:
    """The files of the fragments that have a sound. What is missing is told by its key and left out."""
    files = []
    for fragment in fragments:
        path = sound_of(fragment.text, fragment.language)
        if path.exists():
            files.append(path)
        else:
            log.warning("the sound of %s is not rendered", fragment.key)
    return files


def audible(fragments: Iterable[Fragment]) -> bool:
    """Whether each of them has its sound."""
    return all(sound_of(fragment.text, fragment.language).exists() for fragment in fragments if fragment.text)


def duration_ms(path: Path) -> int:
    """How long a sound lasts."""
    with wave.open(str(path), "rb") as sound:
        return round(sound.getnframes() * 1000 / sound.getframerate())
