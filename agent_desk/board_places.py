"""/papan: where an outage must be mended; each place sends a crew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from agent_desk import board_outages
from agent_desk.board_outages import Id, Me
from agent_desk.security import clock
from tickets.outages import fault_locations
from tickets.outages.fault_locations import Where

router = APIRouter(include_in_schema=False)


@router.post("/papan/padam/{outage}/titik")
async def add_place(
    request: Request,
    me: Me,
    outage: Id,
    tempat: Annotated[str, Form(max_length=160)] = "",
    ulp: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """A place to be mended: one work order."""
    now = clock(request).now()

    def write(session: Session) -> int:
        return fault_locations.add(session, outage, Where(tempat, ulp), by=me.login, now=now).outage_id

    return await board_outages.done(request, me, write)
