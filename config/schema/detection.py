"""detection.yaml: when many calls from a place say that it is dark (docs/detection.md)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from config.schema.base import Shape

Minutes = Annotated[int, Field(ge=1, le=24 * 60)]
HOURS_OF_DAY = 24


class Prior(Shape):
    """What is expected of a place that has no past, from the number of its customers."""

    people_per_customer_day: float = Field(gt=0, lt=1, description="People who call or report.")
    customers_least: int = Field(gt=0, description="A place is never thought smaller: its register may be incomplete.")
    hours: list[Annotated[float, Field(gt=0)]] = Field(
        min_length=HOURS_OF_DAY, max_length=HOURS_OF_DAY, description="How a day's people spread over its hours."
    )
    level_weight: float = Field(
        gt=0, description="How many people a place's own level must have shown to weigh as much."
    )
    hour_weight: float = Field(gt=0, description="The same for each hour of its day, and of its week.")


class Quiet(Shape):
    """When a place is not proposed although many call."""

    dismissed_minutes: int = Field(ge=0, le=24 * 60, description="After its proposal was dismissed.")
    restored_minutes: int = Field(ge=0, le=24 * 60, description="After power came back: people still ring about it.")


class Told(Shape):
    """When a caller from a place without a known outage hears that others reported too."""

    people: int = Field(ge=2, description="Others with a report, of the same feeder or the same ULP.")
    minutes: Minutes


class Detection(Shape):
    """The test, its correction for being asked so often, and what becomes of what it finds."""

    windows: list[Minutes] = Field(min_length=1, max_length=6, description="Minutes looked back; each is a test.")
    false_alarms_per_year: float = Field(
        gt=0,
        description="At most so many in the whole utility, if the baseline is right; shared by all tests of a year.",
    )
    people_least: int = Field(ge=2, description="Fewer people are no outage, however unlikely.")
    reports_least: int = Field(ge=0, description="So many of them must have reported a fault: calls alone may be news.")
    spread: float = Field(gt=0, description="Size of the negative binomial: hours differ by 1/√spread of their mean.")
    memory_weeks: int = Field(ge=2, le=52, description="How far back the baseline looks.")
    clip: float = Field(gt=0, lt=0.1, description="An hour less likely than this teaches no more than that hour would.")
    feeder_share: float = Field(
        gt=0, le=1, description="Share of an ULP's feeders, two at least, that make it the ULP."
    )
    area_share: float = Field(gt=0, le=1, description="Share of an area's ULPs, two at least, that make it the area.")
    prior: Prior
    lapse_minutes: int = Field(
        ge=60, le=24 * 60, description="A proposal nobody decided on ends, when hardly anybody is heard from there."
    )
    quiet: Quiet
    told: Told

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.windows != sorted(set(self.windows)):
            raise ValueError("windows must rise")
        if self.windows[-1] > 60:
            raise ValueError("windows end at 60 minutes: the baseline counts hours")
        return self

    @property
    def longest(self) -> int:
        """Minutes."""
        return self.windows[-1]
