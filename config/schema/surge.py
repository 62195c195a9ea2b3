"""surge.yaml: the levels of the surge ladder."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from config.schema.areas import Code
from config.schema.base import Shape


class AreaGap(Shape):
    """So many callers of an area are let through, the others get the short triage."""

    per_s: float = Field(gt=0, lt=1e6, description="Callers a second.")
    burst: float = Field(ge=1, lt=1e6, description="Callers at once.")


class Level(Shape):
    """One level: the figures at which it begins (absent: not by that figure), and what it does."""

    meets: str = Field(description="What callers meet, for the people at work.")
    lines: float | None = Field(default=None, gt=0, le=1, description="Share of all lines in use.")
    wait: float | None = Field(default=None, gt=0, description="Seconds waited.")
    arrivals: float | None = Field(default=None, gt=1, description="Times the normal arrivals of an area.")
    callbacks: bool = Field(
        default=False, description="A callback is offered to everybody in line; else to whoever waits `long_wait`."
    )
    partners: bool = Field(
        default=False, description="Callers of queues that name partners, but no level of their own, go there."
    )
    gaps: dict[Code, AreaGap] = Field(default={}, description="By area code; the most specific one counts.")


class Surge(Shape):
    raise_after: float = Field(ge=0, description="Seconds at or over a figure.")
    lower_after: float = Field(gt=0, description="Seconds under all of them, for each level down.")
    lower_share: float = Field(gt=0, lt=1, description="`under` means under this share of the figures.")
    long_wait: float = Field(
        default=180, ge=0, description="Seconds of expected wait from which a callback is offered at any level."
    )
    front: int = Field(
        default=200,
        ge=0,
        description="Level 4 on Asterisk: callers at once who hear the announcement; who comes beyond is refused "
        "before the call is answered, and the number kept. 0 = nobody is answered.",
    )
    normal: dict[Code, float] = Field(description="Area → calls an hour on an ordinary day; more than 0.")
    levels: dict[int, Level]

    @property
    def partners_from(self) -> int:
        """The first level at which partners are open; 0 = at none."""
        return next((n for n in range(1, 5) if self.levels[n].partners), 0)

    @model_validator(mode="after")
    def _a_ladder(self) -> Self:
        if sorted(self.levels) != [0, 1, 2, 3, 4]:
            raise ValueError("levels: 0, 1, 2, 3 and 4, each once")
        for figure in ("lines", "wait", "arrivals"):
            steps = [value for n in range(5) if (value := getattr(self.levels[n], figure)) is not None]
            if steps != sorted(steps):
                raise ValueError(f"levels: {figure} must not fall from one level to the next")
            if getattr(self.levels[0], figure) is not None:
                raise ValueError(f"levels: level 0 is where nothing has begun, it has no {figure}")
        for means in ("callbacks", "partners"):
            steps = [getattr(self.levels[n], means) for n in range(5)]
            if steps != sorted(steps):
                raise ValueError(f"levels: {means} must not end from one level to the next")
        if any(normal <= 0 for normal in self.normal.values()):
            raise ValueError("normal: more than 0 calls an hour")
        return self
