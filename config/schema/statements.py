"""statements.yaml: what is said about an outage, composed by template. Placeholders in braces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.schema.areas import Code
from config.schema.base import Shape, template

Holding = Annotated[str, template("area", may=("estimate",))]
Plain = Annotated[str, template()]
CrewState = Literal["waiting", "assigned", "enroute", "arrived", "working"]
Cause = Literal["animal", "lightingStrike", "lineDown", "poleDown", "treeDown"]  # CIM UnplannedOutage.causeKind


class Sentences(Shape):
    """What is said in one language. The holding sentences are approved in advance and need nobody to go live; those
    without a sentence of their own are not said.
    """

    holding: Holding = Field(description="Said from the moment an outage is proposed or confirmed.")
    holding_by_region: dict[Code, Holding] = Field(default={}, description="Replaces `holding` below a region.")
    announcement: Annotated[str, template("area", "since", "cause", "estimate", "as_of")] = Field(
        description="Spoken in pieces: what stands before {estimate}, the estimate, what follows."
    )
    estimate: Annotated[str, template("etr")] = Field(description="{estimate} when a time is known.")
    estimate_soon: Annotated[str, template("duration")] = Field(
        default="", description="On the telephone instead of `estimate`, from `soon_minutes` before that time."
    )
    estimate_unknown: Plain = Field(description="{estimate} when none is.")
    cause_unknown: Plain = Field(description="{cause} when none is known.")
    causes: dict[Cause, Plain] = Field(default={}, description="{cause} of a kind that nobody has worded otherwise.")
    estimate_moved: Annotated[str, template("before", "etr")] = Field(description="{estimate} after a revision.")
    estimate_gone: Annotated[str, template("before")] = Field(description="{estimate} when the promised time is void.")
    again: Annotated[str, template("lit", "dark")] = Field(description="Before {estimate}: power came and went again.")
    partly: Plain = Field(description="Before {estimate}: some of it has power again.")
    holding_planned: Holding = Field(description="The holding sentence of planned work that has begun.")
    information: Annotated[str, template("as_of")] = Field(
        default="", description="The age of a text that a supervisor has written, said after it."
    )
    crew: dict[CrewState, Plain] = Field(
        default={}, description="After the estimate: how far the foremost crew of the outage is, as its orders say."
    )
    cause_now: Annotated[str, template("cause")] = Field(
        default="", description="To who calls again: the cause that was not known."
    )
    unchanged: Annotated[str, template("duration")] = Field(
        default="", description="To who calls again: nothing is new, and how far the estimate is."
    )
    unchanged_later: Plain = Field(default="", description="The same of an estimate more than a day ahead.")
    unchanged_unknown: Plain = Field(default="", description="The same without an estimate.")


class Statements(Sentences):
    """Sentences for callers, Indonesian first, and the rules of saying them."""

    soon_minutes: int = Field(default=60, ge=0, le=180, description="See `estimate_soon`; 0 = always the time.")
    repeat_hours: int = Field(
        default=6, ge=0, le=24, description="Who calls again within so long hears what has changed; 0 = always all."
    )
    two_people: bool = Field(description="A statement is approved by another person than its author.")
    en: Sentences | None = Field(default=None, description="In English. Without it English callers hear Indonesian.")

    def words(self, language: str) -> Sentences:
        """The sentences of a language."""
        return self.en if language == "en" and self.en is not None else self
