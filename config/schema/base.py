"""What every shape shares."""

from __future__ import annotations

from string import Formatter
from typing import Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class Shape(BaseModel):
    """Frozen, and refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def names_in(text: str) -> frozenset[str]:
    """The placeholders of a sentence, e.g. {"place"} of "Anda di urutan {place}.". Raises ValueError when braces do not
    match or hold more than a name, which would first be noticed when the sentence is said.
    """
    fields = [part[1:] for part in Formatter().parse(text) if part[1] is not None]
    if any(form or conversion for _, form, conversion in fields):
        raise ValueError("a placeholder is a name in braces, nothing else")
    return frozenset(str(name) for name, _, _ in fields)


class Bilingual(Shape):
    """One sentence in each language. Indonesian is always there."""

    id: str = Field(min_length=1)
    en: str = ""

    @model_validator(mode="after")
    def _same_names(self) -> Self:
        if self.en and names_in(self.en) != names_in(self.id):
            raise ValueError("both languages must hold the same placeholders")
        return self

    def text(self, language: str) -> str:
        """The sentence in `language`, or Indonesian where it is not translated."""
        return (self.en if language == "en" else "") or self.id


def template(*must: str, may: tuple[str, ...] = ()) -> AfterValidator:
    """A sentence in which each of `must` stands in braces, perhaps some of `may`, and nothing else."""

    def check(text: str) -> str:
        found = names_in(text)
        if not set(must) <= found <= {*must, *may}:
            more = f" and perhaps {sorted(may)}" if may else ""
            raise ValueError(f"must use the placeholders {sorted(must)}{more}, not {sorted(found)}")
        return text

    return AfterValidator(check)
