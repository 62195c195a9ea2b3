"""/papan/panggilan: the calls that are over, by what became of them; the table for programs is /api/v1/calls."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from agent_desk import words
from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.permissions import who_may
from agent_desk.security import clock, database, principal_of
from config.errors import NotFound
from config.operator import operator
from router.calls import Outcome
from router.history.ended import Wanted, ended_calls
from router.history.schemas import EndedCallView
from router.partners_api import midnight
from tickets import recordings
from tickets.recordings import Heard

router = APIRouter(include_in_schema=False)

SHOWN = 200
SPANS = {"jam": "Satu jam terakhir", "hari": "Hari ini", "minggu": "Tujuh hari terakhir"}


@router.get("/papan/panggilan")
async def calls(
    request: Request,
    me: Annotated[Principal, Depends(principal_of)],
    hasil: Annotated[Literal["semua"] | Outcome, Query()] = Outcome.ABANDONED,
    antrean: Annotated[str, Query(max_length=64)] = "",
    sejak: Annotated[Literal["jam", "hari", "minggu"], Query()] = "hari",
) -> Response:
    """Of a time, an outcome and a queue, newest first; numbers show their last four digits. Refused: unknown-queue."""
    if antrean and antrean not in operator().queues.queues:
        raise NotFound("Antrean itu tidak dikenal.", slug="unknown-queue", field="antrean")
    now = clock(request).now()
    today = midnight(now, operator())
    since = {"jam": now - timedelta(hours=1), "hari": today, "minggu": today - timedelta(days=6)}[sejak]
    outcomes = () if hasil == "semua" else (Outcome(hasil),)
    wanted = Wanted(since, now, outcomes, (antrean,) if antrean else ())

    listens = me.role in who_may("GET", "/rekaman/panggilan/1")

    def look() -> tuple[list[EndedCallView], dict[str, list[Heard]]]:
        with database(request).reading() as session:
            found = ended_calls(session, request.app.state.acd.pool, wanted, limit=SHOWN)
            return found, recordings.of_calls(session, [one.id for one in found]) if listens else {}

    found, recorded = await asyncio.to_thread(look)
    query = [("since", since.isoformat()), ("format", "csv"), ("limit", "10000")]
    query += [("outcome", one.value) for one in outcomes] + [("queue", name) for name in wanted.queues]
    return render(
        request,
        "papan_panggilan.html",
        words=words,
        calls=found,
        listens=listens,
        recorded=recorded,
        shown=SHOWN,
        chosen={"hasil": str(hasil), "antrean": antrean, "sejak": sejak},
        spans=SPANS,
        outcomes={outcome.value: words.OUTCOMES[outcome] for outcome in Outcome},
        queues={name: queue.title for name, queue in operator().queues.queues.items()},
        csv=f"/api/v1/calls?{urlencode(query)}",
    )
