"""compensation.yaml: what customers are owed when power was off too long or too often (Tingkat Mutu Pelayanan, TMP): by
regulation and the day it came into force, and the quality that each unit has declared.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field, model_validator

from config.schema.base import Shape

Percent = int


class Exempt(StrEnum):
    """What is not held against the utility (Permen ESDM 27/2017 Pasal 7 and 8)."""

    PLANNED = "planned"  # work that was announced in time; Suar knows by itself
    NOT_NEGLIGENT = "not_negligent"
    SAFETY = "safety"
    INVESTIGATION = "investigation"
    FORCE_MAJEURE = "force_majeure"  # sebab kahar


class Step(Shape):
    """So much for so many hours above what was declared."""

    up_to: float | None = Field(default=None, gt=0, description="Hours, these included; absent in the last step.")
    percent: Percent = Field(ge=0, le=1000)


class Penalty(Shape):
    """In % of the minimum bill (biaya beban): by hours, or by whether the tariff is subject to adjustment."""

    steps: list[Step] = Field(default=[])
    adjusted: Percent | None = Field(default=None, ge=0, le=1000)
    other: Percent | None = Field(default=None, ge=0, le=1000)

    @model_validator(mode="after")
    def _one_way(self) -> Penalty:
        flat = (self.adjusted is None, self.other is None)
        if flat not in ((True, True), (False, False)) or bool(self.steps) is not flat[0]:
            raise ValueError("either steps, or adjusted and other")
        bounds = [step.up_to for step in self.steps if step.up_to is not None]
        ends = not self.steps or (self.steps[-1].up_to is None and len(bounds) == len(self.steps) - 1)
        if not ends or bounds != sorted(set(bounds)):
            raise ValueError("steps rise, and only the last is without up_to")
        return self

    @property
    def percents(self) -> list[Percent]:
        """What it can be."""
        return [step.percent for step in self.steps] or [self.adjusted or 0, self.other or 0]


class Regulation(Shape):
    """One regulation, for the months that begin while it is in force."""

    name: str = Field(max_length=80)
    spoken: str = Field(max_length=120, description="As a caller hears it.")
    in_force: date
    source: str = Field(description="Where these figures were read.")
    tolerance: float = Field(default=0, ge=0, le=100, description="% above what was declared that is owed nothing.")
    duration: Penalty = Field(description="Lama gangguan, hours in a month.")
    count: Penalty = Field(description="Jumlah gangguan, times in a month.")
    exempt: list[Exempt]
    notice_hours: float = Field(default=24, ge=0, description="So long before planned work customers must be told.")
    provisional: str = Field(
        default="", max_length=240, description="Why its figures are not certain; empty: they are."
    )

    @property
    def percents(self) -> set[Percent]:
        """What somebody can be owed."""
        return {*self.duration.percents, *self.count.percents}


class Declared(Shape):
    """The quality a unit has declared; the narrowest counts: a ULP's, its UP3's, everybody's."""

    unit: str | None = Field(default=None, description="UP3; absent: all.")
    ulp: str | None = None
    since: date
    until: date | None = Field(default=None, description="The first day it does not hold any more.")
    hours: float | None = Field(default=None, ge=0, description="Lama gangguan in a month.")
    times: int | None = Field(default=None, ge=0, description="Jumlah gangguan in a month.")

    @model_validator(mode="after")
    def _says_something(self) -> Declared:
        if self.hours is None and self.times is None:
            raise ValueError("hours or times")
        if self.ulp is not None and self.unit is None:
            raise ValueError("a ulp needs its unit")
        return self


class Compensation(Shape):
    dark_faults: list[str] = Field(min_length=1, description="Categories of reports.yaml that mean: no power.")
    regulations: list[Regulation] = Field(min_length=1, description="The oldest first.")
    declared: list[Declared] = Field(default=[], description="What each unit announced.")

    @model_validator(mode="after")
    def _in_order(self) -> Compensation:
        days = [one.in_force for one in self.regulations]
        if days != sorted(set(days)):
            raise ValueError("regulations: the oldest first, each from a day of its own")
        return self

    def in_force(self, day: date) -> Regulation | None:
        """The regulation of a day; None before the first."""
        return next((one for one in reversed(self.regulations) if one.in_force <= day), None)

    def declared_hours(self, unit: str, ulp: str, day: date) -> float | None:
        """Lama gangguan that a ULP has declared; None: not entered."""
        return next((one.hours for one in self._declared(unit, ulp, day) if one.hours is not None), None)

    def declared_times(self, unit: str, ulp: str, day: date) -> int | None:
        """Jumlah gangguan likewise."""
        return next((one.times for one in self._declared(unit, ulp, day) if one.times is not None), None)

    def _declared(self, unit: str, ulp: str, day: date) -> list[Declared]:
        """The narrowest first, of those the newest."""
        holds = [
            one
            for one in self.declared
            if one.unit in (None, unit)
            and one.ulp in (None, ulp)
            and one.since <= day
            and (one.until is None or day < one.until)
        ]
        return sorted(holds, key=lambda one: (one.ulp is not None, one.unit is not None, one.since), reverse=True)
