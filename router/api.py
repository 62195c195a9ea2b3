"""HTTP: calls, queues, CSOs. Included by agent_desk, which adds who may see it; needs `app.state.acd`."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from config.database import Database, database
from config.operator import operator
from router.history import service
from router.history.schemas import AgentView, CallRecordView, QueueView
from router.store.acd import Acd

api = APIRouter(prefix="/api/v1", tags=["router"])


def live(request: Request) -> Acd:
    """The live state of the process's pool."""
    return cast(Acd, request.app.state.acd)


def durable(request: Request) -> Database:
    """The process's database, or the one a test gave the application."""
    return getattr(request.app.state, "db", None) or database()


@api.get("/calls/{call}")
def read_call(call: str, db: Annotated[Database, Depends(durable)]) -> CallRecordView:
    """The record of a call with every event."""
    with db.reading() as session:
        return service.call_record(session, call)


@api.get("/queues")
async def read_queues(acd: Annotated[Acd, Depends(live)]) -> list[QueueView]:
    """Every queue now."""
    titles = {name: queue.title for name, queue in operator().queues.queues.items()}
    return service.queues(await acd.snapshot(), titles)


@api.get("/agents")
async def read_agents(acd: Annotated[Acd, Depends(live)]) -> list[AgentView]:
    """Every CSO who is logged in, now."""
    return service.agents(await acd.snapshot())
