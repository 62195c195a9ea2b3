"""dispatch.yaml: who is sent where, and when a crew counts as silent (docs/crews.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from config.schema.base import Shape
from config.schema.reports import Category, Label

Skill = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,24}$", description="Kept with crews and orders; never renamed.")]
Km = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Minutes = Annotated[int, Field(gt=0, le=7 * 24 * 60)]
Stage = Literal["accepted", "enroute", "arrived", "working", "temporary", "power_on"]


class Silent(Shape):
    """How long a crew may say nothing."""

    accept_minutes: Minutes = 5
    position_minutes: int = Field(default=30, ge=0, le=24 * 60, description="On its way; 0 = never silent for that.")
    step_minutes: dict[Stage, Minutes] = Field(
        default={"accepted": 20, "enroute": 60, "arrived": 30, "working": 240, "temporary": 1440, "power_on": 30},
        description="In that state; one that is not listed may last for ever.",
    )


class Dispatch(Shape):
    """What decides which crew is sent."""

    most_orders: int = Field(default=3, ge=1, le=50)
    km_per_order: Km = 5
    radius_km: Km = 40
    radius_by_ulp: dict[str, Km] = Field(default={})
    beyond_radius: bool = Field(default=False, description="Send the nearest from outside when nobody inside can come.")
    other_ulp_km: Km = 15
    retry_minutes: Minutes = 5
    skills: dict[Skill, Label] = Field(default={})
    usual_skills: list[Skill] = Field(default=[], description="Of a crew for which none are entered.")
    faults: dict[Category, Skill] = Field(default={})
    fault_location: str = Field(default="", description='A skill; "" = any crew.')
    silent: Silent = Silent()
    street_metres: int = Field(default=300, gt=0, le=2000)

    def radius(self, ulp: str) -> float:
        """How far away a crew is looked for, km."""
        return self.radius_by_ulp.get(ulp, self.radius_km)

    @property
    def retry(self) -> timedelta:
        """When orders that wait are offered again."""
        return timedelta(minutes=self.retry_minutes)
