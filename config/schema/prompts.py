"""prompts.yaml: every sentence a caller may hear, by key. The text is the source; audio is rendered from it."""

from __future__ import annotations

import re
from string import Formatter

from pydantic import Field, field_validator, model_validator

from config.schema.base import Shape

# What may stand in braces; the flow fills it in (ivr/nodes.py).
PLACEHOLDERS = frozenset({"number", "place", "key", "name", "low", "high"})


def names_in(text: str) -> frozenset[str]:
    """The placeholders of a sentence, e.g. {"place"} of "Anda di urutan {place}."."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


class Prompt(Shape):
    """One sentence in each language. Indonesian is always there."""

    id: str = Field(min_length=1)
    en: str = ""

    @field_validator("id", "en")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            names = names_in(text)
        except ValueError as fault:
            raise ValueError(f"braces do not match: {fault}") from fault
        unknown = names - PLACEHOLDERS
        if unknown:
            raise ValueError(f"no such placeholder: {', '.join(sorted(unknown))}")
        return re.sub(r"\s+", " ", text).strip()

    @model_validator(mode="after")
    def _same_names(self) -> Prompt:
        if self.en and names_in(self.en) != names_in(self.id):
            raise ValueError("both languages must hold the same placeholders")
        return self

    def text(self, language: str) -> str:
        """The sentence in `language`, or Indonesian where it is not translated."""
        return (self.en if language == "en" else "") or self.id


class Prompts(Shape):
    prompts: dict[str, Prompt] = Field(min_length=1)
