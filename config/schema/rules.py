"""rules.yaml: what an operator may set about the rules of reports (docs/rules.md)."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from config.schema.base import Shape
from config.schema.reports import Category


class RuleClock(StrEnum):
    """From when the three hours of the rules count."""

    FIRST_REPORT = "first_report"
    LAST_REOPENING = "last_reopening"


class Rules(Shape):
    rule_clock: RuleClock = Field(
        default=RuleClock.FIRST_REPORT,
        description="The clock of the law (Lama Gangguan) starts with the first report whatever stands here.",
    )
    one_building: list[Category] = Field(
        default=["padam"], min_length=1, description='Faults of reports.yaml that count as "1 (satu) bangunan padam".'
    )
    position_minutes: float = Field(
        default=15, gt=0, le=180, description="So old may a crew's position be that a caller is told."
    )

    @property
    def position_age(self) -> timedelta:
        """How old a position may be."""
        return timedelta(minutes=self.position_minutes)
