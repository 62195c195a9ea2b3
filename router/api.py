"""HTTP: calls, queues, CSOs. Included by agent_desk, which adds who may see it; needs `app.state.acd`."""

from __future__ import annotations

import asyncio
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from config.clock import Clock, SystemClock
from config.database import Database, database
from config.operator import operator
from router.history import service
from router.history.quality import EstimateQuality, LastHour
from router.history.schemas import AgentView, CallRecordView, EstimateView, QueueView, ServiceLevelView
from router.store.acd import Acd

api = APIRouter(prefix="/api/v1", tags=["router"])


def live(request: Request) -> Acd:
    """The live state of the process's pool."""
    return cast(Acd, request.app.state.acd)


def durable(request: Request) -> Database:
    """The process's database, or the one a test gave the application."""
    return getattr(request.app.state, "db", None) or database()


def last_hour(request: Request, pool: str, db: Database) -> tuple[dict[str, EstimateQuality], dict[str, float | None]]:
    """The figures of the last hour, by queue; blocking, read at most every few seconds."""
    state = request.app.state
    kept: LastHour = getattr(state, "last_hour", None) or LastHour()
    state.last_hour = kept
    clock: Clock = getattr(state, "clock", None) or SystemClock()
    within = {name: float(queue.service_level.seconds) for name, queue in operator().queues.queues.items()}
    return kept.read(db, pool, clock.now(), within)


@api.get("/calls/{call}")
def read_call(call: str, db: Annotated[Database, Depends(durable)]) -> CallRecordView:
    """The record of a call with every event."""
    with db.reading() as session:
        return service.call_record(session, call)


@api.get("/queues")
async def read_queues(
    request: Request, acd: Annotated[Acd, Depends(live)], db: Annotated[Database, Depends(durable)]
) -> list[QueueView]:
    """Every queue now; how true what callers were told was, and how many were answered in time, in the last hour."""
    rules = operator().queues.queues
    found = service.queues(await acd.snapshot(), {name: queue.title for name, queue in rules.items()})
    estimates, levels = await asyncio.to_thread(last_hour, request, acd.pool, db)
    for view in found:
        target = rules[view.name].service_level
        view.estimate = EstimateView.model_validate(estimates.get(view.name, EstimateQuality()))
        view.service_level = ServiceLevelView(share=levels.get(view.name), target=target.share, seconds=target.seconds)
    return found


@api.get("/agents")
async def read_agents(acd: Annotated[Acd, Depends(live)]) -> list[AgentView]:
    """Every CSO who is logged in, now."""
    return service.agents(await acd.snapshot())
