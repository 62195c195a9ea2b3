"""statements.yaml: what is said about an outage, composed by template. Placeholders in braces."""

from __future__ import annotations

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field

from config.schema.areas import Code
from config.schema.base import Shape


def _template(*names: str) -> AfterValidator:
    """Accept a sentence whose placeholders are exactly `names`."""

    def check(text: str) -> str:
        found = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        if found != set(names):
            raise ValueError(f"must use the placeholders {sorted(names)}, not {sorted(found)}")
        return text

    return AfterValidator(check)


Holding = Annotated[str, _template("area")]


class Statements(Shape):
    """Sentences for callers. The holding ones are approved in advance and need nobody to go live."""

    holding: Holding = Field(description="Said from the moment an outage is proposed or confirmed.")
    holding_by_region: dict[Code, Holding] = Field(default={}, description="Replaces `holding` below a region.")
    announcement: Annotated[str, _template("area", "since", "cause", "estimate", "as_of")]
    estimate: Annotated[str, _template("etr")] = Field(description="{estimate} when a time is known.")
    estimate_unknown: Annotated[str, _template()] = Field(description="{estimate} when none is.")
    cause_unknown: Annotated[str, _template()] = Field(description="{cause} when none is known.")
