"""What every shape shares."""

from __future__ import annotations

from string import Formatter

from pydantic import AfterValidator, BaseModel, ConfigDict


class Shape(BaseModel):
    """Frozen, and refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def template(*must: str, may: tuple[str, ...] = ()) -> AfterValidator:
    """A sentence in which each of `must` stands in braces, perhaps some of `may`, and nothing else."""

    def check(text: str) -> str:
        fields = [part[1:] for part in Formatter().parse(text) if part[1] is not None]
        found = {str(name) for name, _, _ in fields}
        if not set(must) <= found <= {*must, *may}:
            more = f" and perhaps {sorted(may)}" if may else ""
            raise ValueError(f"must use the placeholders {sorted(must)}{more}, not {sorted(found)}")
        if any(form or conversion for _, form, conversion in fields):
            raise ValueError("a placeholder is a name in braces, nothing else")
        return text

    return AfterValidator(check)
