"""/regu: a crew's work orders on its telephone; the next step is one large button."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.problems import wants_json
from agent_desk.security import clock, database, principal_of
from config.errors import Invalid, Refused
from tickets import completion, positions, workorders
from tickets.kinds import ReportingKind
from tickets.schemas import RowId, Text
from tickets.states import WorkOrderEvent
from tickets.views import WorkOrderView

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]


@router.get("/regu")
async def crew(request: Request, me: Me, selesai: Annotated[RowId | None, Query()] = None) -> Response:
    """The order in hand first (the furthest along), then those that wait. `selesai`: this one was just finished, and
    the customer may rate it.
    """

    def look() -> tuple[str, str, list[WorkOrderView]]:
        with database(request).reading() as session:
            mine = workorders.crew_of(session, me.login)
            if mine is None:
                return "", "", []
            return mine.name, mine.plate, workorders.list_orders(session, crew_id=mine.id)

    name, plate, orders = await asyncio.to_thread(look)
    begun = [o for o in orders if o.status not in ("assigned", "accepted")]
    rest = [o for o in orders if o not in begun]
    return render(request, "regu.html", name=name, plate=plate, orders=[*begun, *rest], done=selesai)


@router.post("/regu/posisi")
async def position(
    request: Request,
    me: Me,
    lat: Annotated[float, Form(allow_inf_nan=False)],
    lon: Annotated[float, Form(allow_inf_nan=False)],
    jalan: Annotated[Text, Form(max_length=120)] = "",
) -> Response:
    """Where this crew is now: degrees, and the street as its telephone knows it."""
    now = clock(request).now()

    def tell() -> None:
        with database(request).transaction() as session:
            positions.tell(session, me.login, lat=lat, lon=lon, street=jalan, now=now)

    await asyncio.to_thread(tell)
    return JSONResponse({"at": now.isoformat()})


@router.post("/regu/{order}/nilai")
async def rating(
    request: Request,
    me: Me,
    order: Annotated[RowId, Path()],
    bintang: Annotated[int, Form()],
    komentar: Annotated[Text, Form(max_length=1000)] = "",
) -> Response:
    """The customer's stars, given on the officer's telephone (CSO instruction L245)."""

    def rate() -> int:
        with database(request).transaction() as session:
            number = workorders.number_of(session, order, login=me.login)
            now = clock(request).now()
            row = completion.rate(
                session, number, stars=bintang, comment=komentar, by=me.login, channel=ReportingKind.OTHER, now=now
            )
            return row.stars

    stars = await asyncio.to_thread(rate)
    if wants_json(request):
        return JSONResponse({"order": order, "stars": stars}, 201)
    return RedirectResponse("/regu", 303)


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
    return RedirectResponse(f"/regu?selesai={order}" if event is WorkOrderEvent.COMPLETE else "/regu", 303)
