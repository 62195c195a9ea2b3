"""Service hours in menu.yaml: when a node of the menu is entered, and when another one instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config import zones
from config.schema.base import Shape

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "holiday"]
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
Span = Annotated[str, Field(pattern=rf"^{_CLOCK}-(?:{_CLOCK}|24:00)$")]


def _in_order(spans: list[str]) -> list[str]:
    ordered = sorted(span.split("-") for span in spans)
    for begin, end in ordered:
        if begin >= end:
            raise ValueError(f"{begin}-{end} ends before it begins; across midnight write two")
    for (_, end), (begin, _) in pairwise(ordered):
        if begin < end:
            raise ValueError(f"two of the times overlap at {begin}")
    return spans


Spans = Annotated[list[Span], AfterValidator(_in_order)]


def _day_of_year(text: str) -> str:
    date.fromisoformat(text if len(text) > 5 else f"2024-{text}")  # a leap year: any day can be one
    return text


Holiday = Annotated[
    str, Field(pattern=r"^(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}$"), AfterValidator(_day_of_year)
]  # 08-17: every year; 2027-03-10: once


class Hours(Shape):
    """When somebody serves; outside of it a caller enters another node. Wall clock, no daylight saving in Indonesia."""

    zone: Literal["WIB", "WITA", "WIT", "caller"] = Field(
        default="WIB", description="Whose clock: that of the people who serve, or of the caller's region."
    )
    every: Spans = Field(default=["00:00-24:00"], description="Open on each day; [] = closed.")
    days: dict[Day, Spans] = Field(default={}, description="Instead, on this day of the week or on a public holiday.")
    instead: dict[str, str] = Field(min_length=1, description="Node → the node entered instead outside these hours.")

    @model_validator(mode="after")
    def _open_at_all(self) -> Hours:
        if not self.every and not any(self.days.values()):
            raise ValueError("it is never open")
        return self

    def open(self, now: datetime, holidays: Sequence[str], caller_zone: str) -> bool:
        """Whether somebody serves at `now` (an instant)."""
        there = now.astimezone(zones.clock(caller_zone if self.zone == "caller" else self.zone))
        day = f"{there:%Y-%m-%d}"
        spans = self.days.get(DAYS[there.weekday()], self.every)  # type: ignore[call-overload]
        if day in holidays or day[5:] in holidays:
            spans = self.days.get("holiday", spans)
        clock = f"{there:%H:%M}"
        return any(begin <= clock < end for begin, end in (span.split("-") for span in spans))
