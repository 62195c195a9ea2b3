"""HTTP: the partner centres now and since midnight; opened and shut by hand. Who may is decided before (agent_desk)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from config import csv_table
from config.clock import Clock, SystemClock
from config.database import Database
from config.errors import Invalid, NotFound
from config.openapi import TABLE_TOO
from config.operator import Operator, operator
from config.zones import OFFSET_HOURS
from router.api import durable, live
from router.history import handovers
from router.history.fold import moment
from router.store.acd import Acd

api = APIRouter(prefix="/api/v1", tags=["partners"])


class PartnerView(BaseModel):
    """A partner centre. Figures since midnight by the clock of the default trunk's region."""

    name: str
    title: str
    calls: int
    cap: int
    open: bool
    by_hand: str  # "open" | "shut" while somebody's word goes before the hours
    by: str
    reason: str
    reachable: bool | None
    breaker: str
    tried_again_at: datetime | None
    handed: int
    answered: int
    returned: dict[str, int]


class OpenIn(BaseModel):
    """By hand. Shut, it stays shut until it is opened by hand; open, until its hours open it too."""

    open: bool
    reason: str = Field(max_length=200)


Live = Annotated[Acd, Depends(live)]
Durable = Annotated[Database, Depends(durable)]


def midnight(now: datetime, rules: Operator) -> datetime:
    """The last one by the clock of the default trunk's region."""
    _, unit = rules.unit_of(rules.areas.trunks[rules.areas.default_trunk].region)
    offset = timedelta(hours=OFFSET_HOURS[unit.zone])
    local = now.astimezone(UTC) + offset
    return local.replace(hour=0, minute=0, second=0, microsecond=0) - offset


async def _views(request: Request, acd: Acd, db: Database) -> list[PartnerView]:
    clock: Clock = getattr(request.app.state, "clock", None) or SystemClock()
    rules = operator()
    start = midnight(clock.now(), rules)

    def read() -> dict[str, handovers.Day]:
        with db.reading() as session:
            return dict(handovers.since(session, acd.pool, start))

    days = await asyncio.to_thread(read)
    titles = {name: partner.title for name, partner in rules.partners.partners.items()}
    views = []
    for partner in await acd.partners():
        day = days.get(partner.name, handovers.Day())
        views.append(
            PartnerView(
                name=partner.name,
                title=titles.get(partner.name, partner.name),
                calls=partner.calls,
                cap=partner.cap,
                open=partner.open,
                by_hand=partner.by_hand,
                by=partner.by,
                reason=partner.reason,
                reachable=partner.reachable,
                breaker=partner.breaker.value,
                tried_again_at=moment(partner.until) if partner.breaker.value == "open" else None,
                handed=day.handed,
                answered=day.answered,
                returned=dict(day.returned),
            )
        )
    return views


@api.get("/partners", response_model=list[PartnerView], responses=TABLE_TOO)
async def read_partners(
    request: Request, acd: Live, db: Durable, format: Annotated[Literal["json", "csv"], Query()] = "json"
) -> list[PartnerView] | Response:
    """Every partner now, and what became of its calls today; `format=csv` for a table."""
    views = await _views(request, acd, db)
    return Response(_table(views), media_type=csv_table.MEDIA) if format == "csv" else views


@api.post("/partners/{name}")
async def put_partner(name: str, body: OpenIn, request: Request, acd: Live, db: Durable) -> PartnerView:
    """Open or shut a partner by hand. Refused: unknown-partner, reason-missing."""
    if not body.reason.strip():
        raise Invalid("Tulis alasannya.", slug="reason-missing", field="reason")
    await acd.partner_state(name, open=body.open, by=request.state.principal.login, reason=body.reason)
    for view in await _views(request, acd, db):
        if view.name == name:
            return view
    raise NotFound("Mitra itu tidak dikenal.", slug="unknown-partner")


def _table(views: list[PartnerView]) -> str:
    reasons = sorted({reason for view in views for reason in view.returned})
    plain = [name for name in PartnerView.model_fields if name not in ("returned", "reason")]
    rows = []
    for view in views:
        values = view.model_dump(mode="json")
        rows.append([*(values[name] for name in plain), *(view.returned.get(reason, 0) for reason in reasons)])
    return csv_table.table([*plain, *(f"returned_{reason}" for reason in reasons)], rows)
