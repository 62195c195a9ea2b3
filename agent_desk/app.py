"""The composition root of the web process: what it is made of, and in which order it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from agent_desk import (
    board,
    board_alerts,
    board_calls,
    board_control,
    board_crews,
    board_level,
    board_nodes,
    board_orders,
    board_outages,
    board_places,
    crew,
    desk,
    desk_links,
    desk_stream,
    health,
    housekeeping,
    login,
    mobile_api,
    problems,
    public_report,
    recordings,
    telephone,
    tracking,
)
from agent_desk.live import Live
from agent_desk.news import alerts, fingerprint
from agent_desk.openapi import describe
from agent_desk.pages import STATIC
from agent_desk.security import SecurityHeaders, guard
from agent_desk.shield import Shield
from config.clock import Clock, SystemClock
from config.database import Database, database
from config.errors import Problem
from config.settings import settings
from ivr.carriers import twilio_api, twilio_messages, twilio_notices, twilio_sounds
from ivr.service import IvrService, build
from router.api import api as router_api
from router.calls_api import api as calls_api
from router.partners_api import api as partners_api
from router.store.acd import Acd
from router.store.figures import Figures
from router.store.limits import Limits
from router.surge_api import api as surge_api
from router.talk_api import api as talk_api
from tickets import api as tickets_api
from tickets import decision_api, reports_api
from tickets.compensation import api as compensation_api
from tickets.figures import api as figures_api
from tickets.incidents import api as incidents_api
from tickets.notices import api as notices_api
from tickets.outages import api as outages_api
from tickets.outages import attached_api
from tickets.workorders import api as workorders_api

log = logging.getLogger(__name__)

RETRY = 0.5  # seconds between attempts to reach the store


def create_app(
    *,
    db: Database | None = None,
    acd: Acd | None = None,
    ivr: IvrService | None = None,
    clock: Clock | None = None,
    figures: Figures | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """The application. Tests give their own database, store client and clock."""
    app = FastAPI(
        title="Suar",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        dependencies=[Depends(guard)],
    )
    app.state.db = db or database()
    app.state.clock = clock or SystemClock()
    app.state.acd = acd or Acd.from_settings()
    app.state.ivr = ivr or build(app.state.acd)
    app.state.figures = figures or Figures.from_settings()
    app.state.limits = limits or Limits.from_settings()
    app.state.store_ready = False
    app.state.live = Live(news=lambda: fingerprint(app.state.db), alerts=lambda: alerts(app.state.db))
    for module in (
        health,
        login,
        desk,
        desk_links,
        desk_stream,
        board,
        board_level,
        board_nodes,
        board_control,
        board_outages,
        board_places,
        board_alerts,
        board_calls,
        board_crews,
        board_orders,
        crew,
        recordings,
    ):
        app.include_router(module.router)
    for module in (tracking, public_report):
        app.include_router(module.router)
    for api in (
        tickets_api.router,
        decision_api.router,
        mobile_api.router,
        reports_api.router,
        outages_api.router,
        notices_api.router,
        figures_api.router,
        compensation_api.router,
        attached_api.router,
        incidents_api.router,
        workorders_api.router,
        calls_api,
        router_api,
        surge_api,
        talk_api,
        partners_api,
        twilio_api.router,
    ):
        app.include_router(api)
    app.include_router(twilio_messages.router)
    app.include_router(twilio_notices.router)
    app.include_router(twilio_sounds.router)
    if settings().demo:
        app.include_router(telephone.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's own way
    problems.install(app)
    app.add_middleware(SecurityHeaders, https=settings().base_url.startswith("https:"))
    app.add_middleware(Shield)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(_open_store(app), name="open-store"),
        asyncio.create_task(app.state.live.run(app.state.acd), name="live"),
        asyncio.create_task(app.state.live.watch_news(), name="news"),
        asyncio.create_task(housekeeping.forever(app.state.db, app.state.clock), name="housekeeping"),
    ]
    try:
        yield
    finally:
        await end_streams(app)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _close(app)


async def _open_store(app: FastAPI) -> None:
    """The pages are served while the store is still coming up; /readyz says so meanwhile."""
    told = False
    while True:
        try:
            await app.state.acd.boot()
            await app.state.ivr.start()
            app.state.store_ready = True
            return
        except (Problem, OSError, TimeoutError) as error:
            if not told:
                log.warning("waiting for the store (%s)", type(error).__name__)
                told = True
            await asyncio.sleep(RETRY)


async def end_streams(app: FastAPI) -> None:
    """Ends every open event stream, so that the server can stop at once."""
    app.state.live.stop()
    if settings().demo:
        await telephone.close(app)


async def _close(app: FastAPI) -> None:
    if app.state.store_ready:
        with contextlib.suppress(Problem, OSError, TimeoutError):
            await app.state.ivr.stop()
    app.state.figures.close()
    app.state.limits.close()
    await app.state.acd.close()
