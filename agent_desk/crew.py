"""/regu: a crew's work orders on its telephone; the next step is one large button."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk import words
from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.problems import wants_json
from agent_desk.security import clock, database, principal_of
from config.errors import Invalid, Refused
from config.operator import operator
from tickets import completion, recordings, workorders
from tickets.kinds import ReportingKind
from tickets.models import Crew
from tickets.recordings import Heard
from tickets.schemas import RowId, Text
from tickets.states import WITH_CREW, WorkOrderEvent, WorkOrderStatus
from tickets.views import WorkOrderView
from tickets.workorders import crews, positions

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]


@dataclass(frozen=True)
class Shown:
    """What a crew sees: its orders, which of them is in front, and the one whose customer may give stars."""

    crew: Crew | None
    orders: tuple[WorkOrderView, ...]
    rated: int | None  # a finished order of a report
    notes: tuple[Heard, ...] = ()  # what the reporter has said about the order in front

    @property
    def borrowed(self) -> str:
        """The UP3 that has lent this crew, by name."""
        home = self.crew.home_unit if self.crew else ""
        return operator().areas.units[home].name if home else ""

    @property
    def zone(self) -> str:
        """The time zone of its UP3."""
        return operator().areas.units[self.crew.unit].zone if self.crew else "WIB"


@router.get("/regu")
async def crew(
    request: Request,
    me: Me,
    selesai: Annotated[RowId | None, Query()] = None,
    kerja: Annotated[RowId | None, Query()] = None,
) -> Response:
    """The order that was chosen (`kerja`), else the one in hand (the furthest along), then those that wait; they may be
    worked in any order (SOP Autodispatch APKT v1.3). `selesai`: this one was just finished; where it was a report's,
    the customer may rate it.
    """

    def look() -> Shown:
        with database(request).reading() as session:
            mine = workorders.crew_of(session, me.login)
            if mine is None:
                return Shown(None, (), None)
            orders = workorders.list_orders(session, crew_id=mine.id)
            orders.sort(key=lambda order: (order.id != kerja, -WITH_CREW.index(WorkOrderStatus(order.status))))
            rated = workorders.rateable(session, selesai, mine) if selesai else None
            about = orders[0].report_id if orders else None
            return Shown(mine, tuple(orders), rated, tuple(recordings.notes_of(session, about)) if about else ())

    return render(request, "regu.html", shown=await asyncio.to_thread(look))


@router.post("/regu/siap")
async def ready(request: Request, me: Me) -> Response:
    """A crew that said nothing for long is there again."""

    def tell() -> None:
        with database(request).transaction() as session:
            crews.ready(session, me.login, now=clock(request).now())

    await asyncio.to_thread(tell)
    return JSONResponse({"ready": True}) if wants_json(request) else RedirectResponse("/regu", 303)


@router.post("/regu/posisi")
async def position(
    request: Request,
    me: Me,
    lat: Annotated[float, Form(allow_inf_nan=False)],
    lon: Annotated[float, Form(allow_inf_nan=False)],
    jalan: Annotated[Text, Form(max_length=120)] = "",
) -> Response:
    """Where this crew is now: degrees, and the street as its telephone knows it, if it does."""
    now = clock(request).now()

    def tell() -> Crew:
        with database(request).transaction() as session:
            return positions.tell(session, me.login, lat=lat, lon=lon, street=jalan, now=now)

    told = await asyncio.to_thread(tell)
    said = f"Posisi terkirim {words.clock(now, operator().areas.units[told.unit].zone)}"
    said += f": {told.street}." if told.street else "; nama jalannya tidak kami kenal."
    return JSONResponse({"at": now.isoformat(), "street": told.street, "said": said})


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
    if event is WorkOrderEvent.COMPLETE:
        return RedirectResponse(f"/regu?selesai={order}", 303)
    gone = event in (WorkOrderEvent.DECLINE, WorkOrderEvent.RETURN)
    return RedirectResponse("/regu" if gone else f"/regu?kerja={order}", 303)
