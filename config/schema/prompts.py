"""prompts.yaml: every sentence a caller may hear, by key. The text is the source; audio is rendered from it."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from config.schema.base import Bilingual, Shape, names_in

# What may stand in braces; the flow fills it in (ivr/nodes/).
PLACEHOLDERS = frozenset({"number", "place", "key", "name", "low", "high", "percent", "regulation", "month"})


class Prompt(Bilingual):
    """What may be spoken, in one line."""

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


class Prompts(Shape):
    prompts: dict[str, Prompt] = Field(min_length=1)
