"""/papan: the page and its live figures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from agent_desk import accounts, words
from agent_desk.accounts import Principal
from agent_desk.board_alerts import alert_context
from agent_desk.board_control import control_context
from agent_desk.board_level import level_context
from agent_desk.board_nodes import nodes_context
from agent_desk.board_outages import outage_context
from agent_desk.board_view import board_view
from agent_desk.live import Live, Sign, Subscription
from agent_desk.pages import render
from agent_desk.security import clock, database, principal_of

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
TICK = 0.25  # seconds; changes in between are told together
LOOK = 10.0  # seconds between looks whether the login still holds
T = TypeVar("T")


@router.get("/papan")
async def board(request: Request, me: Me) -> Response:
    """The whole page."""
    live: Live = request.app.state.live
    view = board_view(live.pool, clock(request).ms())
    cards = {**await outage_context(request, me), **await alert_context(request, me)}
    cards |= {**await level_context(request), **await control_context(request)}
    cards |= await nodes_context(request)
    return render(request, "papan.html", view=view, words=words, **cards)


@router.get("/papan/angka")
async def figures(request: Request) -> JSONResponse:
    """The live figures as a value."""
    live: Live = request.app.state.live
    return JSONResponse(board_view(live.pool, clock(request).ms()))


async def _subscribed(request: Request) -> AsyncIterator[Subscription]:
    async with request.app.state.live.subscribe(lambda entry: True) as subscription:
        yield subscription


@router.get("/papan/aliran", response_class=EventSourceResponse)
async def stream(
    request: Request, me: Me, subscription: Annotated[Subscription, Depends(_subscribed)]
) -> AsyncIterable[ServerSentEvent]:
    """Events: `board` (the whole view, at most four a second), `news`, `alerts`, `lost`, `bye`."""
    live: Live = request.app.state.live
    loop, next_look = asyncio.get_running_loop(), 0.0
    yield _figures(live, request)
    while True:
        if loop.time() >= next_look:
            if not await _session_lives(request, me):
                yield ServerSentEvent(event="bye", data={})
                return
            next_look = loop.time() + LOOK
        signs = await _changes(subscription)
        if Sign.STOP in signs:
            return
        for sign in signs & {Sign.NEWS, Sign.ALERTS, Sign.LOST}:
            yield ServerSentEvent(event=sign.value, data={})
        # Also without a change: so that a page can tell quiet from stopped.
        yield _figures(live, request)


async def _changes(subscription: Subscription) -> set[Sign]:
    """Waits for the first change (at most two seconds), then collects what comes within one tick."""
    first = await subscription.get(2.0)
    if first is None:
        return set()
    if first is not Sign.STOP:
        await asyncio.sleep(TICK)
    return {item for item in (first, *subscription.drain()) if isinstance(item, Sign)}


def _figures(live: Live, request: Request) -> ServerSentEvent:
    position = live.pool.journal if live.pool else None
    return ServerSentEvent(event="board", id=position, data=board_view(live.pool, clock(request).ms()))


async def _session_lives(request: Request, me: Principal) -> bool:
    return await _read(request, lambda session: accounts.session_lives(session, me.session, now=clock(request).now()))


async def _read(request: Request, work: Callable[[Session], T]) -> T:
    def run() -> T:
        with database(request).reading() as session:
            return work(session)

    return await asyncio.to_thread(run)
