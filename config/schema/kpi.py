"""kpi.yaml: targets of the figures, and the score card they are weighed in."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from config.schema.base import Shape


class Figure(StrEnum):
    """What Suar can count by itself; tickets/figures/definitions.py says how."""

    RESPONSE_TIME = "response_time"
    RESPONSE_WITHIN = "response_within"
    RECOVERY_TIME = "recovery_time"
    RECOVERY_WITHIN = "recovery_within"
    PROMISE_KEPT = "promise_kept"
    REPEATED_REPORTS = "repeated_reports"
    NEGATIVE_RATINGS = "negative_ratings"
    SATISFACTION = "satisfaction"
    FIRST_RESPONSE = "first_response"
    FIRST_RESPONSE_WITHIN = "first_response_within"
    COMPLAINTS_PER_DAY = "complaints_per_day"
    RESOLUTION_TIME = "resolution_time"
    DOCUMENTATION = "documentation"


# The direction of each: of the others less is better.
MORE_IS_BETTER = frozenset(
    {
        Figure.RESPONSE_WITHIN,
        Figure.RECOVERY_WITHIN,
        Figure.PROMISE_KEPT,
        Figure.SATISFACTION,
        Figure.FIRST_RESPONSE_WITHIN,
        Figure.DOCUMENTATION,
    }
)


class Aim(Shape):
    """In the figure's own unit (minutes, %, stars …)."""

    target: float = Field(ge=0)
    threshold: float = Field(ge=0, description="Beyond it somebody must act.")


class CardEntry(Shape):
    """One line of the score card."""

    label: str = Field(min_length=1, max_length=160)
    weight: float = Field(gt=0)
    target: float = Field(gt=0)
    unit: str = Field(max_length=24)
    figure: Figure | None = Field(default=None, description="Counted; without: entered by hand.")
    more_is_better: bool | None = Field(default=None, description="Of what is entered by hand.")

    @model_validator(mode="after")
    def _one_direction(self) -> CardEntry:
        if (self.figure is None) is (self.more_is_better is None):
            raise ValueError("more_is_better belongs to what is entered by hand, and only there")
        return self

    @property
    def more(self) -> bool:
        """Whether more is better."""
        return self.figure in MORE_IS_BETTER if self.figure else bool(self.more_is_better)


Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Kept with what is entered; never renamed.")]


class Kpi(Shape):
    response_minutes: int = Field(gt=0, description="From the report to the arrival of the crew.")
    recovery_minutes: int = Field(gt=0, description="From the start of work to power on.")
    negative_stars: int = Field(ge=1, le=4, description="So many stars or fewer are a negative rating.")
    best_score: float = Field(default=1, ge=1, le=2, description="What a target that is beaten counts at most.")
    figures: dict[Figure, Aim]
    card: dict[Code, CardEntry] = Field(min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> Kpi:
        if missing := set(Figure) - self.figures.keys():
            raise ValueError(f"figures: {min(missing).value} has no target")
        for figure, aim in self.figures.items():
            wrong = aim.threshold > aim.target if figure in MORE_IS_BETTER else aim.threshold < aim.target
            if wrong:
                raise ValueError(f"figures: the threshold of {figure.value} is better than its target")
        return self
