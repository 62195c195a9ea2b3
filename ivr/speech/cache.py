"""The cache of sounds: one file per text, named by its hash. Nothing is rendered while a caller waits."""

from __future__ import annotations

import hashlib
import logging
import wave
from collections.abc import Sequence
from pathlib import Path

from config.settings import settings
from ivr.instructions import Fragment

log = logging.getLogger(__name__)


def name_of(text: str, language: str = "id") -> str:
    """The file's name without its ending: text and language are the identity. Indonesian is named by the text alone."""
    identity = text if language == "id" else f"{language}:{text}"
    return hashlib.sha256(identity.encode()).hexdigest()[:20]


def path_for(text: str, language: str = "id") -> Path:
    """Where the rendered sound of a text is, or will be: 8 kHz, 16 bit, mono."""
    return settings().sounds_dir / f"{name_of(text, language)}.wav"


def available(fragments: Sequence[Fragment]) -> list[Path]:
    """The files of the fragments that are rendered. What is missing is told by its key and left out."""
    files = []
    for fragment in fragments:
        path = path_for(fragment.text, fragment.language)
        if path.exists():
            files.append(path)
        else:
            log.warning("the sound of %s is not rendered", fragment.key)
    return files


def duration_ms(path: Path) -> int:
    """How long a sound lasts."""
    with wave.open(str(path), "rb") as sound:
        return round(sound.getnframes() * 1000 / sound.getframerate())
