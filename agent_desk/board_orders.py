"""/papan/pekerjaan: what the crews of a UP3 have to do, in the order in which it is given, with its clocks. Nothing of
who reported it; what can be changed: /api/v1/work-orders.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from starlette.responses import Response

from agent_desk import words
from agent_desk.pages import render
from agent_desk.security import clock, database
from config.errors import NotFound
from config.operator import operator
from tickets import workorders
from tickets.incidents import clocks
from tickets.kinds import Clock
from tickets.models import WorkOrder

router = APIRouter(include_in_schema=False)

MOST = 200
CLOCKS = {Clock.RESPONSE: "Tiba", Clock.RECOVERY: "Nyala", Clock.PROMISE: "Janji"}
CSS = {"running": "", "warned": "warn", "late": "bad"}


@router.get("/papan/pekerjaan")
async def show(request: Request, up3: Annotated[str, Query(max_length=32)] = "") -> Response:
    """Open work orders: who has each, how far it is, until when somebody must have arrived and power be on. Refused:
    unknown-unit.
    """
    units, now = operator().areas.units, clock(request).now()
    if up3 and up3 not in units:
        raise NotFound("UP3 itu tidak dikenal.", slug="unknown-unit", field="up3")

    def look() -> list[dict[str, Any]]:
        with database(request).reading() as session:
            found = workorders.list_orders(session, unit=up3 or None, limit=MOST)
            rows = select(WorkOrder).where(WorkOrder.id.in_([one.id for one in found]))
            orders = {row.id: row for row in session.scalars(rows)}
            return [
                {
                    "view": one,
                    "ulp": units[one.unit].ulp[one.ulp] if one.unit in units else one.ulp,
                    "zone": units[one.unit].zone if one.unit in units else "WIB",
                    "word": words.WORK_ORDER[one.status],
                    "clocks": [
                        (word, CSS[running.state(now)], running.late)
                        for name, word in CLOCKS.items()
                        if (running := clocks.of_order(orders[one.id], name)) is not None
                    ],
                }
                for one in found
            ]

    found = await asyncio.to_thread(look)
    return render(request, "papan_pekerjaan.html", orders=found, units=units, chosen=up3, most=MOST)
