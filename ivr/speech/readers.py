"""Who reads figures aloud: one module for each language of config/languages.py."""

from __future__ import annotations

from typing import Protocol

from ivr.speech import english, indonesian


class Reader(Protocol):
    """What a language's module holds; figures stay figures in captions and become words for the voice."""

    def caption(self, name: str, value: str) -> str:
        """A value as it stands in a sentence of this language, e.g. the placeholder `place` and "3"."""
        ...

    def spoken(self, text: str) -> str:
        """The text as a voice should get it: no figures, no abbreviations."""
        ...


READERS: dict[str, Reader] = {"id": indonesian, "en": english}
