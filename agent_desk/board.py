"""/papan: the live figures, and the official word on an outage: confirm, write, publish, restore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk import accounts, words
from agent_desk.accounts import Principal
from agent_desk.board_control import control_context
from agent_desk.board_level import level_context
from agent_desk.board_view import board_view
from agent_desk.live import Live, Sign, Subscription
from agent_desk.pages import render
from agent_desk.permissions import CONTROL, PUBLISHERS
from agent_desk.problems import wants_json
from agent_desk.security import clock, database, principal_of
from config.errors import Invalid
from config.operator import operator
from tickets import lookup, outages, phrases

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
    cards = {**await _outage_context(request, me), **await level_context(request), **await control_context(request)}
    return render(request, "papan.html", view=view, words=words, **cards)


@router.get("/papan/angka")
async def figures(request: Request) -> JSONResponse:
    """The live figures as a value."""
    live: Live = request.app.state.live
    return JSONResponse(board_view(live.pool, clock(request).ms()))


@router.get("/papan/padam")
async def show_outages(request: Request, me: Me) -> Response:
    """Outages and statements."""
    return render(request, "papan_padam.html", **await _outage_context(request, me))


async def _subscribed(request: Request) -> AsyncIterator[Subscription]:
    async with request.app.state.live.subscribe(lambda entry: True) as subscription:
        yield subscription


@router.get("/papan/aliran", response_class=EventSourceResponse)
async def stream(
    request: Request, me: Me, subscription: Annotated[Subscription, Depends(_subscribed)]
) -> AsyncIterable[ServerSentEvent]:
    """Events: `board` (the whole view, at most four a second), `news`, `lost`, `bye`."""
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
        for sign in signs & {Sign.NEWS, Sign.LOST}:
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


@router.post("/papan/padam")
async def confirm(
    request: Request,
    me: Me,
    area: Annotated[str, Form(max_length=13)],
    sebab: Annotated[str, Form(max_length=160)] = "",
    perkiraan: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Confirms an outage: its holding sentence is spoken from now on."""
    now = clock(request).now()
    etr = _etr(perkiraan, area, now)
    outage = await _write(
        request, lambda s: outages.confirm_outage(s, area=area, cause=sebab, etr=etr, by=me.login, now=now).id
    )
    return await _shown(request, me, {"outage": outage})


@router.post("/papan/padam/{outage}/pernyataan")
async def publish(request: Request, me: Me, outage: Id, teks: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Publishes the text as it stands (composed from the facts when empty): the next caller hears it."""
    now = clock(request).now()
    text = teks.strip() or None

    def write(session: Session) -> dict[str, Any]:
        row = outages.publish_statement(session, outage, text=text, by=me.login, now=now)
        return {"statement": row.id, "version": row.version, "text": row.text}

    return await _shown(request, me, await _write(request, write))


@router.post("/papan/padam/{outage}/nyala")
async def restore(request: Request, me: Me, outage: Id) -> Response:
    """Power is back: nothing is announced any more, attached reports are finished."""
    now = clock(request).now()
    await _write(request, lambda s: outages.restore_outage(s, outage, by=me.login, now=now).id)
    return await _shown(request, me, {"outage": outage})


async def _shown(request: Request, me: Principal, body: dict[str, Any]) -> Response:
    if wants_json(request):
        return JSONResponse(body, 201)
    if request.headers.get("hx-request"):
        return await show_outages(request, me)
    return RedirectResponse("/papan", 303)


async def _outage_context(request: Request, me: Principal) -> dict[str, Any]:
    now = clock(request).now()

    def look(session: Session) -> list[dict[str, Any]]:
        known = {one.id: one for one in lookup.live_outages(session, now=now)}
        rows = outages.list_outages(session)
        return [_row(session, row, known[row.id], now) for row in rows if row.id in known]

    return {
        "outages": await _read(request, look),
        "areas": [(code, area.name) for code, area in operator().areas.areas.items()],
        "may_control": me.role in CONTROL,
        "may_publish": me.role in PUBLISHERS,
    }


def _row(session: Session, outage: Any, known: Any, now: datetime) -> dict[str, Any]:
    versions = outages.statements(session, outage.id)
    return {
        "id": outage.id,
        "known": known,
        "cause": outage.cause,
        "version": versions[0].version if versions else 0,
        "rendered": bool(versions and versions[0].rendered_at),
        "zone": operator().unit_of(outage.area)[1].zone,
        "late": outage.etr is not None and outage.etr < now,
        "draft": phrases.announcement(
            outage.area, since=outage.reported_start, cause=outage.cause, etr=outage.etr, as_of=now
        ),
    }


def _etr(text: str, area: str, now: datetime) -> datetime | None:
    """`21.30` or `21:30`: the next time the clocks of that area show it; "" = not known yet."""
    if not text:
        return None
    try:
        hour, minute = (int(part) for part in text.replace(".", ":").split(":"))
        local = phrases.local(now, _zone(area))
        etr = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise Invalid("Tulis perkiraan sebagai jam, misalnya 21.30.", slug="etr", field="perkiraan") from None
    return etr if etr > local else etr + timedelta(days=1)


def _zone(area: str) -> str:
    try:
        return operator().unit_of(area)[1].zone
    except KeyError:
        raise Invalid("Wilayah itu tidak dikenal.", slug="unknown-area", field="area") from None


async def _read(request: Request, work: Callable[[Session], T]) -> T:
    def run() -> T:
        with database(request).reading() as session:
            return work(session)

    return await asyncio.to_thread(run)


async def _write(request: Request, work: Callable[[Session], T]) -> T:
    def run() -> T:
        with database(request).transaction() as session:
            return work(session)

    return await asyncio.to_thread(run)
