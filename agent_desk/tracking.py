"""/lacak: a customer without a login follows a report by IDPEL or meter and report number.

Every pair that does not fit gets the same answer after the same work, and few attempts are allowed: nothing can be
found out by trying.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from agent_desk import accounts, desk_data
from agent_desk.accounts import TooManyAttempts
from agent_desk.pages import render
from agent_desk.security import clock, database
from tickets import told

router = APIRouter(include_in_schema=False)


@router.get("/lacak")
async def form(request: Request) -> Response:
    """The search."""
    return render(request, "lacak.html", place="", number="", fault=None, left=None)


@router.post("/lacak")
async def look_up(
    request: Request,
    pelanggan: Annotated[str, Form(max_length=24)] = "",
    nomor: Annotated[str, Form(max_length=24)] = "",
) -> Response:
    """The report's ladder, without anything personal."""
    place, number = _digits(pelanggan), _digits(nomor)
    who = f"lacak:{request.client.host if request.client else ''}"
    try:
        found, left = await asyncio.to_thread(_find, request, who, place, number)
    except TooManyAttempts as fault:
        return render(request, "lacak.html", 429, place="", number="", fault=fault, left=0)
    if found is None:
        return render(request, "lacak.html", 404, place=place, number=number, fault=None, left=left)
    return render(request, "lacak_hasil.html", tracking=found, place=place)


def _find(request: Request, who: str, place: str, number: str) -> tuple[desk_data.Tracking | None, int]:
    now, db = clock(request).now(), database(request)
    with db.reading() as session:
        accounts.check_throttle(session, who, now=now)
        report = told.by_pair(session, place, number)
        found = desk_data.tracking(session, report.id) if report else None
    if found is not None:
        return found, accounts.ATTEMPTS  # the count stays: one's own pair would otherwise buy guesses at others'
    with db.transaction() as session:
        return None, accounts.count_failure(session, who, now=now)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
