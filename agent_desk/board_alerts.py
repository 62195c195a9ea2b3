"""/papan: what somebody must look at, the worst that nobody has taken first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Path, Request
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk import words
from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.permissions import TAKERS
from agent_desk.problems import wants_json
from agent_desk.security import clock, database, principal_of
from config.errors import Invalid
from config.operator import operator
from tickets.incidents import escalation, incidents
from tickets.kinds import AlertKind, AlertLevel, ReportingKind
from tickets.models import Alert
from tickets.schemas import Text

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
MOST = 20  # on the card; the rest is counted
LEVELS = {
    AlertLevel.OPERATOR: ("Operator", ""),
    AlertLevel.SUPERVISOR: ("Supervisor", "warn"),
    AlertLevel.DIRECTOR: ("Direktur", "bad"),
}


@router.get("/papan/peringatan")
async def show(request: Request, me: Me) -> Response:
    """The card alone."""
    return render(request, "papan_peringatan.html", **await alert_context(request, me))


@router.post("/papan/peringatan/{alert}")
async def take(request: Request, me: Me, alert: Id) -> Response:
    """I look after it. Refused: unknown-alert, alert-over, alert-taken."""
    now = clock(request).now()
    return await _done(request, me, alert, lambda session: escalation.take(session, alert, by=me.login, now=now))


@router.post("/papan/peringatan/{alert}/kabar")
async def tell(
    request: Request,
    me: Me,
    alert: Id,
    cara: Annotated[Literal["call", "other"], Form()],
    catatan: Annotated[Text, Form(max_length=400)] = "",
) -> Response:
    """The customer whom the alert is about knows that it is finished, or cannot be reached (`other`, with a note). Of
    an outage: all whom no notice has reached, as the note says. Refused: unknown-alert, note-missing, not-finished.
    """
    now, how = clock(request).now(), ReportingKind(cara)

    def work(session: Session) -> None:
        about = escalation.untold(session, alert)
        try:
            if about.outage_id is not None:
                incidents.tell_all(session, about.outage_id, by=me.login, note=catatan, now=now)
            else:
                number = escalation.numbers(session, [about])[about.report_id or 0]
                incidents.tell(session, number, by=me.login, how=how, note=catatan, now=now)
        except Invalid as fault:
            fault.field = "catatan"
            raise

    return await _done(request, me, alert, work)


async def _done(request: Request, me: Principal, alert: int, work: Callable[[Session], object]) -> Response:
    def run() -> None:
        with database(request).transaction() as session:
            work(session)

    await asyncio.to_thread(run)
    if wants_json(request):
        return JSONResponse({"alert": alert}, 201)
    if request.headers.get("hx-request"):
        return await show(request, me)
    return RedirectResponse("/papan", 303)


async def alert_context(request: Request, me: Principal) -> dict[str, Any]:
    """What the card shows."""
    now = clock(request).now()

    def look() -> tuple[list[Alert], dict[int, str], int]:
        with database(request).reading() as session:
            rows = escalation.waiting(session, unit=None, level=None, limit=MOST)
            return rows, escalation.numbers(session, rows), escalation.count(session)

    rows, numbers, count = await asyncio.to_thread(look)
    units = operator().areas.units
    alerts = []
    for row in rows:
        unit = units.get(row.unit)
        word, css = LEVELS[row.level]
        alerts.append(
            {
                "row": row,
                "number": numbers.get(row.report_id or 0, ""),
                "untold": row.kind is AlertKind.NOT_TOLD,
                "unit": unit.name if unit else row.unit,
                "level": word,
                "css": css,
                "since": words.moment(row.at, now, unit.zone if unit else "WIB"),
            }
        )
    return {"alerts": alerts, "alert_count": count, "may_take": me.role in TAKERS}
