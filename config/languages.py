"""The languages a caller can be spoken to in. Another one: a line here, its reader in ivr/speech/readers.py, its
sentences in prompts.yaml, and its name in `languages` of menu.yaml (docs/ivr.md).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """`espeak`: the name of its voice there. `twilio`: a voice of that carrier, with the locale in its name."""

    title: str
    espeak: str
    twilio: str


FIRST = "id"  # what every sentence exists in, and what is spoken where nothing was chosen
LANGUAGES = {
    "id": Language("Indonesia", "id", "Google.id-ID-Wavenet-A"),
    "en": Language("Inggris", "en-gb", "Google.en-GB-Wavenet-A"),
}
