"""/regu: a crew's work orders on its telephone; the next step is one large button."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.problems import wants_json
from agent_desk.security import clock, database, principal_of
from config.errors import Invalid, Refused
from tickets import workorders
from tickets.schemas import RowId, Text
from tickets.states import WorkOrderEvent
from tickets.views import WorkOrderView

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]


@router.get("/regu")
async def crew(request: Request, me: Me) -> Response:
    """The order in hand first (the furthest along), then those that wait."""

    def look() -> tuple[str, str, list[WorkOrderView]]:
        with database(request).reading() as session:
            mine = workorders.crew_of(session, me.login)
            if mine is None:
                return "", "", []
            return mine.name, mine.plate, workorders.list_orders(session, crew_id=mine.id)

    name, plate, orders = await asyncio.to_thread(look)
    begun = [o for o in orders if o.status not in ("assigned", "accepted")]
    rest = [o for o in orders if o not in begun]
    return render(request, "regu.html", name=name, plate=plate, orders=[*begun, *rest])


@router.post("/regu/{order}/langkah")
async def step(
    request: Request,
    me: Me,
    order: Annotated[RowId, Path()],
    langkah: Annotated[str, Form(max_length=24)],
    catatan: Annotated[Text, Form(max_length=500)] = "",
) -> Response:
    """One step of this crew's own order."""
    try:
        event = WorkOrderEvent(langkah)
    except ValueError:
        raise Invalid("Langkah itu tidak dikenal.", slug="unknown-step", field="langkah") from None

    def move() -> str:
        with database(request).transaction() as session:
            if workorders.crew_of(session, me.login) is None:
                raise Refused("Akun ini belum punya regu.", slug="no-crew", status=403)
            now = clock(request).now()
            return workorders.advance(session, order, event, by=me.login, now=now, note=catatan).status.value

    status = await asyncio.to_thread(move)
    if wants_json(request):
        return JSONResponse({"order": order, "status": status})
    return RedirectResponse("/regu", 303)
