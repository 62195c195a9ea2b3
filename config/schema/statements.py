"""statements.yaml: what is said about an outage, composed by template. Placeholders in braces."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema.areas import Code
from config.schema.base import Shape, template

Holding = Annotated[str, template("area")]


class Statements(Shape):
    """Sentences for callers. The holding ones are approved in advance and need nobody to go live."""

    holding: Holding = Field(description="Said from the moment an outage is proposed or confirmed.")
    holding_by_region: dict[Code, Holding] = Field(default={}, description="Replaces `holding` below a region.")
    announcement: Annotated[str, template("area", "since", "cause", "estimate", "as_of")]
    estimate: Annotated[str, template("etr")] = Field(description="{estimate} when a time is known.")
    estimate_unknown: Annotated[str, template()] = Field(description="{estimate} when none is.")
    cause_unknown: Annotated[str, template()] = Field(description="{cause} when none is known.")
