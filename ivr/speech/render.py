"""Texts become sounds: at start, when a statement is published, never in a caller's way."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from config.settings import settings
from ivr.speech import sound
from ivr.speech.cache import path_for
from ivr.speech.readers import READERS
from ivr.speech.voices import Tones, Voice, find_voice

log = logging.getLogger(__name__)
MANY = 50  # sounds: from here on the operator is told how it goes


@lru_cache(maxsize=1)
def voice() -> Voice:
    """The voice of this process."""
    found = find_voice()
    if isinstance(found, Tones):
        log.warning(
            "no voice on this machine: callers hear tones, the telephone page shows the words. "
            "Install espeak-ng, or the optional requirements for speech."
        )
    return found


def render(
    texts: Iterable[str], *, language: str = "id", again: bool = False, stop: threading.Event | None = None
) -> int:
    """Render what is not rendered yet (or everything `again`); answers how many files were written.

    Once `stop` is set it ends after the sentences begun. Raises VoiceFailed when a text could not be rendered; those
    before it stay.
    """
    wanted = [text for text in dict.fromkeys(texts) if text and (again or not path_for(text, language).exists())]
    if len(wanted) >= MANY:
        log.info("making %d sounds, once", len(wanted))
    made = 0
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for written in pool.map(lambda text: _render(text, language, stop), wanted):
            made += written
            if written and made % MANY == 0:
                log.info("%d of %d sounds made", made, len(wanted))
    return made


def _render(text: str, language: str, stop: threading.Event | None) -> bool:
    if stop is not None and stop.is_set():
        return False
    samples, rate = voice().speak(READERS[language].spoken(text), language)
    sound.write(path_for(text, language), sound.telephone(samples, rate, ends_sentence=text[-1] in ".?!"))
    return True


def voice_changed() -> bool:
    """Whether the cache holds tones and there is a voice by now. Another voice's files stay: some may be recorded."""
    mark = _mark()
    tones = mark.exists() and mark.read_text(encoding="utf-8") == Tones.signature
    return tones and voice().signature != Tones.signature


def remember_voice() -> None:
    """From now on the cache is of this voice."""
    _mark().parent.mkdir(parents=True, exist_ok=True)
    _mark().write_text(voice().signature, encoding="utf-8")


def _mark() -> Path:
    return settings().sounds_dir / ".voice"
