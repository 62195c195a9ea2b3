"""/meja: one click makes a report part of an outage, or the matter of one building."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import JSONResponse, Response

from agent_desk import desk
from agent_desk.desk import Me
from agent_desk.problems import wants_json
from agent_desk.security import clock, database
from tickets.api import Number
from tickets.outages import links
from tickets.schemas import RowId

router = APIRouter(include_in_schema=False)


@router.post("/meja/laporan/{number}/padam")
async def belongs(
    request: Request,
    me: Me,
    number: Number,
    *,
    padam: Annotated[RowId | None, Form()] = None,
    panggilan: Annotated[str, Form(max_length=48)] = "",
    persil: Annotated[RowId | None, Form()] = None,
) -> Response:
    """The report belongs to the outage `padam`; without one to none, and gets its own work order."""
    now = clock(request).now()

    def save() -> int | None:
        with database(request).transaction() as session:
            if padam is None:
                return links.unlink(session, number, by=me.login, now=now).outage_id
            return links.link(session, number, padam, by=me.login, now=now).outage_id

    outage = await asyncio.to_thread(save)
    if wants_json(request):
        return JSONResponse({"outage": outage})
    return await desk.show_call(request, me, panggilan or desk.WITHOUT_CALL, persil=persil)
