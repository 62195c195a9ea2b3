"""HTTP: the level of the surge ladder, by hand and by itself, and the gaps. Who may is decided before (agent_desk)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from config.database import Database
from config.errors import NotFound
from config.operator import operator
from router.api import durable, live
from router.history import service
from router.history.fold import moment
from router.history.schemas import LevelEntryView
from router.store.acd import Acd
from router.store.types import Gauges

api = APIRouter(prefix="/api/v1", tags=["surge"])


class OverrideIn(BaseModel):
    """A level by hand. `until` with its zone; absent = until it is released."""

    level: int
    reason: str = Field(max_length=200)
    until: datetime | None = None


class GapIn(BaseModel):
    """So many callers of an area are let through; `per_s` 0 takes the gap off."""

    per_s: float
    burst: float = 0.0
    reason: str = Field(max_length=200)
    until: datetime | None = None


class OverrideView(BaseModel):
    """Who set the level, why, and until when (null: until it is released)."""

    level: int
    reason: str
    by: str
    until: datetime | None


class GapView(BaseModel):
    """A gap that was set by hand."""

    area: str
    per_s: float
    burst: float
    reason: str
    by: str
    until: datetime | None


class LevelView(BaseModel):
    """The level in force, what the ladder would have, and the figures it goes by."""

    level: int
    automatic: int
    meets: str
    callbacks: bool
    partners: bool
    override: OverrideView | None
    gaps: list[GapView]
    lines: int
    capacity: int
    emergency_lines: int
    longest_wait_s: float
    arrivals_per_hour: float
    arrivals_per_hour_by_area: dict[str, float]
    refused_last_minute: float
    numbers_to_call_back: int
    withheld_refused: int


Live = Annotated[Acd, Depends(live)]


def _login(request: Request) -> str:
    login: str = request.state.principal.login
    return login


Login = Annotated[str, Depends(_login)]


def _ms(until: datetime | None) -> int:
    return int(until.timestamp() * 1000) if until else 0


def _until(ms: int) -> datetime | None:
    return moment(ms) if ms else None


@api.get("/level")
async def read_level(acd: Live) -> LevelView:
    """The surge ladder now."""
    return _view(await acd.gauges())


@api.put("/level")
async def put_level(body: OverrideIn, acd: Live, by: Login) -> LevelView:
    """A level by hand, over the ladder's. Refused: level-range, reason-missing, until-past."""
    await acd.override_level(body.level, reason=body.reason, by=by, until=_ms(body.until))
    return _view(await acd.gauges())


@api.delete("/level/override")
async def release_level(acd: Live, by: Login, reason: Annotated[str, Query(max_length=200)] = "") -> LevelView:
    """Back to the ladder's own level. Refused: reason-missing."""
    await acd.release_override(by=by, reason=reason)
    return _view(await acd.gauges())


@api.get("/level/log")
def read_log(
    acd: Live, db: Annotated[Database, Depends(durable)], limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[LevelEntryView]:
    """Every change of level and every gap by hand, newest first: what, who, why, until when."""
    with db.reading() as session:
        return service.level_log(session, acd.pool, limit)


@api.put("/gaps/{area}")
async def put_gap(area: str, body: GapIn, acd: Live, by: Login) -> LevelView:
    """A gap by hand. Refused: unknown-area, rate-range, reason-missing, until-past."""
    if area not in operator().areas.areas:
        raise NotFound("Wilayah itu tidak dikenal.", slug="unknown-area", field="area")
    await acd.set_gap(area, per_s=body.per_s, burst=body.burst, by=by, reason=body.reason, until=_ms(body.until))
    return _view(await acd.gauges())


def _view(gauges: Gauges) -> LevelView:
    rules = operator().surge.levels[gauges.level]
    by_hand = gauges.override
    return LevelView(
        level=gauges.level,
        automatic=gauges.automatic,
        meets=rules.meets,
        callbacks=rules.callbacks,
        partners=rules.partners,
        override=OverrideView(level=by_hand.level, reason=by_hand.reason, by=by_hand.by, until=_until(by_hand.until))
        if by_hand
        else None,
        gaps=[
            GapView(
                area=gap.area, per_s=gap.per_s, burst=gap.burst, reason=gap.reason, by=gap.by, until=_until(gap.until)
            )
            for gap in gauges.gaps
        ],
        lines=gauges.lines,
        capacity=gauges.capacity,
        emergency_lines=gauges.emergency_lines,
        longest_wait_s=max((queue.oldest_ms for queue in gauges.queues.values()), default=0) / 1000,
        arrivals_per_hour=round(gauges.arrivals.per_hour, 1),
        arrivals_per_hour_by_area={code: round(rate.per_hour, 1) for code, rate in gauges.areas.items()},
        refused_last_minute=round(gauges.refusals.minute, 1),
        numbers_to_call_back=gauges.refused,
        withheld_refused=gauges.withheld_refused,
    )
