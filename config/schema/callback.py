"""How callers are called back: hours, attempts, and when refused numbers are."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from config.schema.base import Shape

Hour = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$", description="Local time, e.g. 07:00")]


class Callback(Shape):
    """How somebody is called back who asked for it."""

    attempts: int = Field(default=3, ge=1, le=10, description="How often a telephone is rung that nobody answers.")
    retry_after: float = Field(default=300, ge=10, le=86_400, description="Seconds between two attempts.")
    ring: float = Field(default=30, gt=4, le=120, description="Seconds the caller's telephone rings.")
    hours: tuple[Hour, Hour] = Field(
        default=("07:00", "21:00"), description="Nobody is rung outside; the clock of the caller's own region."
    )

    @model_validator(mode="after")
    def _open_at_all(self) -> Callback:
        if self.hours[0] == self.hours[1]:
            raise ValueError("hours: from and to are the same")
        return self


class Recall(Shape):
    """When the numbers that did not get through are called back."""

    level: int = Field(default=1, ge=0, le=4, description="Surge level up to which it is done.")
    lines: float = Field(default=0.8, gt=0, le=1, description="Share of the lines in use below which it is done.")
    every: float = Field(default=5, gt=0, le=3600, description="Seconds between two numbers.")
    queue: str = Field(default="", description='The queue they join; "" = last_resort')
