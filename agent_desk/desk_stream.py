"""The desk's event stream: a snapshot, then what concerns this CSO; and the desk's sign of life."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from agent_desk import accounts
from agent_desk.accounts import Principal
from agent_desk.desk_view import desk_view, waiting
from agent_desk.live import Live, Sign, Subscription
from agent_desk.security import clock, database, principal_of
from config.errors import Problem
from router.events import Entry

router = APIRouter(include_in_schema=False)

BEAT = 10.0  # seconds
STREAM_ID = re.compile(r"\d{1,20}-\d{1,20}")
MISSED = 500  # entries looked through after a lost connection


async def _subscribed(request: Request, me: Annotated[Principal, Depends(principal_of)]) -> AsyncIterator[Subscription]:
    """A yield-dependency: its end is reached whatever becomes of the stream."""
    live: Live = request.app.state.live

    def mine(entry: Entry) -> bool:
        return entry.cso == me.login or _on_my_desk(live, me.login, entry)

    async with live.subscribe(mine) as subscription:
        yield subscription


def _on_my_desk(live: Live, login: str, entry: Entry) -> bool:
    cso = live.pool.csos.get(login) if live.pool else None
    return bool(entry.call and cso and cso.call == entry.call)


@router.post("/meja/denyut", status_code=204)
async def beat(request: Request, me: Annotated[Principal, Depends(principal_of)]) -> Response:
    """A desk without a stream says that it is there."""
    await request.app.state.acd.heartbeat(me.login)
    return Response(status_code=204)


@router.get("/meja/aliran", response_class=EventSourceResponse)
async def stream(
    request: Request,
    me: Annotated[Principal, Depends(principal_of)],
    subscription: Annotated[Subscription, Depends(_subscribed)],
    last_event_id: Annotated[str, Header()] = "",
) -> AsyncIterable[ServerSentEvent]:
    """Events: `snapshot` and `entry` (both with the whole desk), `waiting`, `news`, `lost`, `bye`."""
    live: Live = request.app.state.live
    missed = await _missed(request, me, last_event_id)
    yield _desk(live, request, me, "snapshot", missed=missed)
    shown, next_beat = waiting(live.pool, _cso(live, me)), 0.0
    loop = asyncio.get_running_loop()
    yield ServerSentEvent(event="waiting", data=shown)
    while True:
        if loop.time() >= next_beat:
            if not await _still_here(request, me):
                yield ServerSentEvent(event="bye", data={})
                return
            next_beat = loop.time() + BEAT
        item = await subscription.get(1.0)
        if item is Sign.STOP:
            return
        if isinstance(item, Entry):
            yield _desk(live, request, me, "entry", entry=item)
        elif item is Sign.RESYNC:
            yield _desk(live, request, me, "snapshot")
        elif item is not None and item is not Sign.ALERTS:
            yield ServerSentEvent(event=item.value, data={})
        now = waiting(live.pool, _cso(live, me))
        if now != shown:
            shown = now
            yield ServerSentEvent(event="waiting", data=shown)


def _desk(live: Live, request: Request, me: Principal, event: str, **more: Any) -> ServerSentEvent:
    entry: Entry | None = more.pop("entry", None)
    if entry is not None:
        more["entry"] = {"event": entry.event.value, "call": entry.call, "at": entry.at}
    data = {"desk": desk_view(live.pool, me.login, clock(request).ms()), **more}
    # The pool may be ahead of the entry: then this event tells more, and a resumption from it repeats, never skips.
    position = entry.id if entry else live.pool.journal if live.pool else None
    return ServerSentEvent(event=event, id=position, data=data)


def _cso(live: Live, me: Principal) -> Any:
    return live.pool.csos.get(me.login) if live.pool else None


async def _missed(request: Request, me: Principal, after: str) -> list[dict[str, Any]]:
    """What concerned this CSO while the connection was gone; the snapshot beside it is the truth in any case."""
    if not STREAM_ID.fullmatch(after):
        return []
    try:
        entries = await request.app.state.acd.journal(after, count=MISSED)
    except Problem:
        return []
    return [{"event": e.event.value, "call": e.call, "at": e.at} for e in entries if e.cso == me.login]


async def _still_here(request: Request, me: Principal) -> bool:
    """Beats for the desk, and looks whether the login was revoked."""

    def look() -> bool:
        with database(request).reading() as session:
            return accounts.session_lives(session, me.session, now=clock(request).now())

    if not await asyncio.to_thread(look):
        return False
    try:
        await request.app.state.acd.heartbeat(me.login)
    except Problem:
        return True  # unknown to the router, or the store is away: the page shows it by itself
    return True
