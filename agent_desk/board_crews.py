"""/papan/regu: the crews of a UP3, who is on duty, who commands them; skills and posko: /api/v1/crews."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.permissions import CONTROL
from agent_desk.problems import wants_json
from agent_desk.security import clock, database, principal_of
from config.errors import NotFound, Problem
from config.operator import operator
from tickets import tracking
from tickets.workorders import crews
from tickets.workorders.crews import CrewView

router = APIRouter(include_in_schema=False)

MOST = 200

Me = Annotated[Principal, Depends(principal_of)]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/papan/regu")
async def show(request: Request, me: Me, up3: Annotated[str, Query(max_length=32)] = "") -> Response:
    """Who commands each crew, what it has in hand, where it was last, and which are without the mobile application or
    silent. Refused: unknown-unit.
    """
    units = operator().areas.units
    if up3 and up3 not in units:
        raise NotFound("UP3 itu tidak dikenal.", slug="unknown-unit", field="up3")

    def look() -> list[CrewView]:
        with database(request).reading() as session:
            return crews.list_crews(session, unit=up3 or None, limit=MOST)

    found = await asyncio.to_thread(look)
    return render(
        request,
        "papan_regu.html",
        crews=[(one, tracking.position_of(one.crew)) for one in found],
        units=units,
        chosen=up3,
        shown=MOST,
        most=operator().dispatch.most_orders,
        fresh=clock(request).now() - operator().rules.position_age,
        may_control=me.role in CONTROL,
    )


@router.post("/papan/regu/{crew}/tugas")
async def duty(request: Request, me: Me, crew: Id, bertugas: Annotated[Literal["ya", "tidak"], Form()]) -> Response:
    """On duty from now on, or off: it keeps what it has and gets no more. Refused: unknown-crew, crew-moved."""
    now = clock(request).now()
    return await _done(
        request, crew, lambda session: crews.change(session, crew, on_duty=bertugas == "ya", by=me.login, now=now)
    )


@router.post("/papan/regu/{crew}/pinjamkan")
async def lend(request: Request, me: Me, crew: Id, up3: Annotated[str, Form(max_length=32)]) -> Response:
    """Another UP3 commands it. Refused: unknown-crew, unknown-unit, same-unit, crew-busy, crew-moved."""
    now = clock(request).now()
    return await _done(request, crew, lambda session: crews.lend(session, crew, to=up3, by=me.login, now=now))


@router.post("/papan/regu/{crew}/kembalikan")
async def take_back(request: Request, me: Me, crew: Id) -> Response:
    """Its own UP3 commands it again. Refused: unknown-crew, not-lent, crew-busy, crew-moved."""
    now = clock(request).now()
    return await _done(request, crew, lambda session: crews.take_back(session, crew, by=me.login, now=now))


async def _done(request: Request, crew: int, work: Callable[[Session], object]) -> Response:
    def run() -> None:
        try:
            with database(request).transaction() as session:
                work(session)
        except Problem as fault:
            fault.field = "up3" if fault.field == "unit" else fault.field
            raise

    await asyncio.to_thread(run)
    return JSONResponse({"crew": crew}, 201) if wants_json(request) else RedirectResponse("/papan/regu", 303)
