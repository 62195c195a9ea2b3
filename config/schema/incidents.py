"""incidents.yaml: priority = impact × urgency, the clocks with their thresholds, escalation (seed 004 L124–L249)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from config.schema.base import Shape
from config.schema.reports import Category

Degree = Annotated[int, Field(ge=1, le=3, description="1 is the highest.")]
Priority = Annotated[int, Field(ge=1, le=5, description="1 is the highest.")]
Minutes = Annotated[float, Field(gt=0, le=10_080)]


class Threshold(Shape):
    """When somebody is warned that a clock runs out, and when it has."""

    warn: Minutes
    late: Minutes

    @model_validator(mode="after")
    def _in_this_order(self) -> Threshold:
        if self.warn >= self.late:
            raise ValueError("warn must come before late")
        return self

    @property
    def warn_after(self) -> timedelta:
        return timedelta(minutes=self.warn)

    @property
    def late_after(self) -> timedelta:
        return timedelta(minutes=self.late)


class Clocks(Shape):
    """Each clock of tickets/incidents/clocks.py."""

    response: Threshold
    recovery: Threshold
    promise: Threshold
    answer: Threshold
    told: Threshold


class Escalation(Shape):
    """What happens to an alert that nobody takes."""

    remind: Minutes
    remind_first: Minutes = Field(description="Of priority 1.")
    supervisor: Minutes
    director: Minutes
    taken: Minutes = Field(description="So long a taken one is left alone.")

    @model_validator(mode="after")
    def _in_this_order(self) -> Escalation:
        if self.supervisor >= self.director:
            raise ValueError("supervisor must come before director")
        return self


class Incidents(Shape):
    impact: dict[Category, Degree] = Field(default={}, description="By fault; 3 for those that are not named.")
    urgency: dict[Category, Degree] = Field(default={}, description="By category; 3 for those that are not named.")
    matrix: dict[Degree, Annotated[list[Priority], Field(min_length=3, max_length=3)]] = Field(
        description="Impact → the priority for each urgency."
    )
    clocks: Clocks
    escalation: Escalation
    close_hours: float = Field(default=24, gt=0, le=720)

    @model_validator(mode="after")
    def _whole_and_falling(self) -> Incidents:
        """Less impact or less urgency never makes more priority."""
        if set(self.matrix) != {1, 2, 3}:
            raise ValueError("the matrix needs a row for each impact: 1, 2 and 3")
        rows = [self.matrix[impact] for impact in (1, 2, 3)]
        if any(row != sorted(row) for row in rows) or any(list(col) != sorted(col) for col in zip(*rows, strict=True)):
            raise ValueError("in the matrix a lower impact or urgency has a higher priority")
        return self
