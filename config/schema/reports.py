"""reports.yaml: the categories of faults (G), complaints (K) and requests (P), and what is asked about each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.schema.base import Shape

Category = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$", description="Kept in reports; never renamed.")]
Label = Annotated[str, Field(min_length=1, max_length=120, description="As people see it.")]

# Of whoever does not say what it is. The telephone menu reports `padam`.
UNSAID_FAULT, UNSAID_COMPLAINT = "padam", "lain"


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as fault:
        raise ValueError(f"no regular expression: {fault.msg}") from None
    return pattern


class DetailField(Shape):
    """One thing that is asked; its answer stands under `name` in the report's details."""

    name: str = Field(pattern=r"^[a-z][a-zA-Z0-9]{0,31}$")
    label: Label
    kind: Literal["text", "number", "choice"] = Field(description="A number is a whole one.")
    required: bool = False
    pattern: Annotated[str, AfterValidator(_compiles)] = Field(default="", description='Of a whole text; "" = any.')
    choices: dict[str, Label] = Field(default={}, description="Of a choice: code → label.")
    least: int | None = Field(default=None, description="Of a number.")
    most: int | None = Field(default=None, description="Of a number.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> DetailField:
        for key, kind in (("pattern", "text"), ("choices", "choice"), ("least", "number"), ("most", "number")):
            if getattr(self, key) not in ("", {}, None) and self.kind != kind:
                raise ValueError(f"{key} belongs to kind: {kind}")
        if self.kind == "choice" and not self.choices:
            raise ValueError("a choice needs choices")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("least is more than most")
        return self


class ReportCategory(Shape):
    """What a report is about."""

    label: Label
    premises: bool = Field(default=False, description="Only about a premises that is a customer's.")
    fields: list[DetailField] = Field(default=[], description="Asked in this order.")

    @model_validator(mode="after")
    def _names_once(self) -> ReportCategory:
        names = [field.name for field in self.fields]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"the field {min(twice)!r} stands twice")
        return self


class Reports(Shape):
    """What may be reported, and how long an answer may take."""

    response_hours: int = Field(default=24, gt=0, le=168)
    faults: dict[Category, ReportCategory] = Field(min_length=1)
    complaints: dict[Category, ReportCategory] = Field(min_length=1)
    requests: dict[Category, ReportCategory] = Field(min_length=1)

    def of(self, kind: str) -> Mapping[str, ReportCategory]:
        """The categories of a kind of report (G, K, P)."""
        return {"G": self.faults, "K": self.complaints, "P": self.requests}[kind]
