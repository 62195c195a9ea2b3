"""statements.yaml: what is said about an outage, composed by template. Placeholders in braces."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema.areas import Code
from config.schema.base import Shape, template

Holding = Annotated[str, template("area", may=("estimate",))]


class Statements(Shape):
    """Sentences for callers. The holding ones are approved in advance and need nobody to go live."""

    holding: Holding = Field(description="Said from the moment an outage is proposed or confirmed.")
    holding_by_region: dict[Code, Holding] = Field(default={}, description="Replaces `holding` below a region.")
    announcement: Annotated[str, template("area", "since", "cause", "estimate", "as_of")]
    estimate: Annotated[str, template("etr")] = Field(description="{estimate} when a time is known.")
    estimate_unknown: Annotated[str, template()] = Field(description="{estimate} when none is.")
    cause_unknown: Annotated[str, template()] = Field(description="{cause} when none is known.")
    estimate_moved: Annotated[str, template("before", "etr")] = Field(description="{estimate} after a revision.")
    estimate_gone: Annotated[str, template("before")] = Field(description="{estimate} when the promised time is void.")
    again: Annotated[str, template("lit", "dark")] = Field(description="Before {estimate}: power came and went again.")
    partly: Annotated[str, template()] = Field(description="Before {estimate}: some of it has power again.")
    holding_planned: Holding = Field(description="The holding sentence of planned work that has begun.")
    two_people: bool = Field(description="A statement is approved by another person than its author.")
