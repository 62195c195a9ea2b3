"""prompts.yaml: every sentence a caller may hear, by key. The text is the source; audio is rendered from it."""

from __future__ import annotations

import re
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from config.languages import FIRST, LANGUAGES
from config.schema.base import Shape, names_in

# What may stand in braces; the flow fills it in (ivr/nodes/).
PLACEHOLDERS = frozenset({"number", "place", "key", "name", "low", "high", "percent", "regulation", "month"})


class Prompt(Shape):
    """What may be spoken, in one line: language → text. Indonesian is always there; which others must be is told by
    `languages` of menu.yaml.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, str] = Field(init=False)

    id: str = Field(min_length=1)
    legal: bool = Field(default=False, description="Heard to its end; a key interrupts every other sentence.")

    @model_validator(mode="before")
    @classmethod
    def _one_line(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            return raw
        return {key: re.sub(r"\s+", " ", text).strip() if isinstance(text, str) else text for key, text in raw.items()}

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for language, text in self.texts().items():
            if language not in LANGUAGES:
                raise ValueError(f"neither `legal` nor a language: {language!r} (languages: {', '.join(LANGUAGES)})")
            try:
                names = names_in(text)
            except ValueError as fault:
                raise ValueError(f"braces do not match: {fault}") from fault
            if unknown := names - PLACEHOLDERS:
                raise ValueError(f"no such placeholder: {', '.join(sorted(unknown))}")
            if text and names != names_in(self.id):
                raise ValueError(f"{language} must hold the same placeholders as id")
        return self

    def texts(self) -> dict[str, str]:
        """Language → text."""
        return {FIRST: self.id, **self.__pydantic_extra__}

    def text(self, language: str) -> str:
        """The sentence in `language`, or Indonesian where it is not translated."""
        return self.texts().get(language) or self.id


class Prompts(Shape):
    prompts: dict[str, Prompt] = Field(min_length=1)
