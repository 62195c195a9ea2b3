"""Is the process alive, is it ready, and its figures."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from starlette.responses import JSONResponse, Response

from agent_desk.security import database
from config import migrate
from config.errors import Problem
from config.operator import operator
from router.agents import CsoState
from router.api import last_hour
from router.calls import CallState, Outcome
from router.history.models import CallRecord
from router.store.figures import PREFIX, Together, counted

router = APIRouter(include_in_schema=False)

CHECK_SECONDS = 1.0


@router.get("/livez")
async def livez() -> JSONResponse:
    """The event loop turns."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Store, database and migrations; every reason that speaks against it."""
    reasons = [reason for reason in (await _store(request), await _sql(request)) if reason]
    body = {"status": "unavailable" if reasons else "ok", "reasons": reasons}
    return JSONResponse(body, 503 if reasons else 200)


async def _store(request: Request) -> str:
    if not request.app.state.store_ready:
        return "store: not reached yet"
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await request.app.state.acd.place("c00000000")
    except (Problem, OSError, TimeoutError) as error:
        return f"store: {type(error).__name__}"
    return ""


async def _sql(request: Request) -> str:
    db = database(request)

    def at_head() -> str:
        url = db.engine.url.render_as_string(hide_password=False)
        return "" if migrate.at_head(url) else "database: migrations are not at head"

    try:
        return await asyncio.to_thread(at_head)
    except Exception as error:  # whatever the driver says: not ready
        return f"database: {type(error).__name__}"


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus: the live figures at this instant, then those that the processes count themselves."""
    registry = CollectorRegistry()
    _now(request, registry)
    with contextlib.suppress(DBAPIError):  # the live figures are told also while the database is away
        await asyncio.to_thread(_ended, request, registry)
        await asyncio.to_thread(_told, request, registry)
    registry.register(Together(await _counted(request)))
    registry.register(_Foreign())
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _counted(request: Request) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """What every process has counted, this one too; of the others nothing while the store is away."""
    found = {("web", socket.gethostname()): counted()}
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            others: dict[tuple[str, str], list[dict[str, Any]]] = await request.app.state.figures.told()
            return others | found
    except (Problem, OSError, TimeoutError):
        return found


class _Foreign:
    """What libraries count of this process: memory, processor time, garbage."""

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks a collector."""
        yield from (family for family in REGISTRY.collect() if not family.name.startswith(PREFIX))


def _ended(request: Request, registry: CollectorRegistry) -> None:
    rows = select(CallRecord.outcome, func.count()).where(CallRecord.outcome != "").group_by(CallRecord.outcome)
    with database(request).reading() as session:
        found = {row[0]: row[1] for row in session.execute(rows)}
    family = CounterMetricFamily("suar_calls", "Calls that ended, from the history", labels=["outcome"])
    for outcome in Outcome:
        family.add_metric([outcome.value], found.get(outcome.value, 0))
    registry.register(_Told(family))


def _told(request: Request, registry: CollectorRegistry) -> None:
    """How true it was what callers were told in the last hour."""
    estimates, levels = last_hour(request, request.app.state.acd.pool, database(request))
    mae = Gauge("suar_estimate_mae_seconds", "Told wait beside the real one", ["queue"], registry=registry)
    coverage = Gauge("suar_estimate_coverage", "Share of waits within the range told", ["queue"], registry=registry)
    broken = Gauge("suar_promises_broken_share", "Share of told callers", ["queue"], registry=registry)
    for queue, quality in estimates.items():
        figures = ((mae, quality.mae_s), (coverage, quality.coverage), (broken, quality.broken_share))
        for gauge, figure in figures:
            if figure is not None:
                gauge.labels(queue).set(figure)
    level = Gauge("suar_service_level", "Share answered in the queue's time", ["queue"], registry=registry)
    for queue, share in levels.items():
        if share is not None:
            level.labels(queue).set(share)


class _Told:
    """A figure that somebody else has counted."""

    def __init__(self, family: CounterMetricFamily) -> None:
        self._family = family

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What prometheus_client asks a collector."""
        yield self._family


def _now(request: Request, registry: CollectorRegistry) -> None:
    live = request.app.state.live
    Gauge("suar_sse_clients", "Open pages", registry=registry).set(live.listeners)
    Gauge("suar_store_up", "The store answers", registry=registry).set(0 if live.lost else 1)
    if live.pool is None:
        return
    callers = Gauge("suar_queue_callers", "Callers waiting", ["queue"], registry=registry)
    waiting = Counter(c.queue for c in live.pool.calls.values() if c.state is CallState.WAITING and not c.virtual)
    for queue in operator().queues.queues:
        callers.labels(queue).set(waiting[queue])
    csos = Gauge("suar_csos", "CSOs logged in", ["state"], registry=registry)
    states = Counter(cso.state for cso in live.pool.csos.values())
    for state in CsoState:
        csos.labels(state.value).set(states[state])
    calls = Gauge("suar_calls_live", "Live calls", ["state"], registry=registry)
    where = Counter(call.state for call in live.pool.calls.values())
    for call_state in CallState:
        if call_state is not CallState.ENDED:
            calls.labels(call_state.value).set(where[call_state])
    Gauge("suar_lines_in_use", "Lines in use", registry=registry).set(live.pool.lines)
    Gauge("suar_surge_level", "Level of the surge ladder, 0 to 4", registry=registry).set(live.pool.level)
