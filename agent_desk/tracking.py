"""/lacak: a customer without a login follows a report by IDPEL or meter and report number, and says of a finished one
whether it is finished and what the crew was worth.

Every pair that does not fit gets the same answer after the same work, and few attempts are allowed: nothing can be
found out by trying.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from agent_desk import accounts, desk_data, words
from agent_desk.accounts import TooManyAttempts
from agent_desk.pages import render
from agent_desk.security import clock, database
from config.errors import Refused
from tickets import completion
from tickets.contacts import Contact
from tickets.incidents import told
from tickets.kinds import ReportingKind, ReportKind
from tickets.models import Report
from tickets.schemas import Text
from tickets.states import ReportStatus

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
    return await _shown(request, _digits(pelanggan), _digits(nomor), None)


@router.post("/lacak/jawaban")
async def answer(
    request: Request,
    *,
    pelanggan: Annotated[str, Form(max_length=24)] = "",
    nomor: Annotated[str, Form(max_length=24)] = "",
    selesai: Annotated[Literal["ya", "tidak"], Form()],
    kunci: Annotated[str, Form(pattern=r"^[A-Za-z0-9_-]{8,64}$")],
    bintang: Annotated[int, Form(ge=0, le=5)] = 0,
    komentar: Annotated[Text, Form(max_length=1000)] = "",
) -> Response:
    """ "Laporan sudah selesai?", with stars for the crew. A no opens the report again under its number (C9)."""
    now = clock(request).now()

    def take(session: Session, report: Report) -> str:
        contact = Contact("lacak", ReportingKind.WEB, f"lacak:{kunci}", name="web")
        if selesai == "ya" and bintang:
            completion.rate(
                session, report.number, stars=bintang, comment=komentar, by="lacak", channel=ReportingKind.WEB, now=now
            )
        told_so = completion.confirm(
            session, report.number, finished=selesai == "ya", note=komentar, contact=contact, now=now
        )
        if selesai == "ya":
            return "Terima kasih. Jawaban Anda kami catat."
        return f"Kami tindak lanjuti lagi. Nomor laporan: {words.grouped(told_so.number)}."

    return await _shown(request, _digits(pelanggan), _digits(nomor), take)


async def _shown(request: Request, place: str, number: str, take: Callable[[Session, Report], str] | None) -> Response:
    """The report after `take` has done its work with it, and the sentence that it gave."""
    who = f"lacak:{request.client.host if request.client else ''}"
    try:
        found, left = await asyncio.to_thread(_find, request, who, place, number, take)
    except TooManyAttempts as fault:
        return render(request, "lacak.html", 429, place="", number="", fault=fault, left=0)
    if found is None:
        return render(request, "lacak.html", 404, place=place, number=number, fault=None, left=left)
    code = 409 if found.refused else 200
    return render(request, "lacak_hasil.html", code, found=found, place=place, key=secrets.token_urlsafe(12))


@dataclass(frozen=True)
class Found:
    """A report as its customer may see it."""

    tracking: desk_data.Tracking
    has_crew: bool  # a G; a complaint has none to wait for
    finished: bool
    may_answer: bool
    said: str
    refused: str


def _find(
    request: Request, who: str, place: str, number: str, take: Callable[[Session, Report], str] | None
) -> tuple[Found | None, int]:
    now, db = clock(request).now(), database(request)
    with db.reading() as session:
        accounts.check_throttle(session, who, now=now)
        report = told.by_pair(session, place, number)
    if report is None:
        with db.transaction() as session:
            return None, accounts.count_failure(session, who, now=now)
    said = refused = ""
    if take is not None:
        try:
            with db.transaction() as session:
                said = take(session, report)
        except Refused as fault:
            refused = fault.title
    with db.reading() as session:
        report = session.get_one(Report, report.id)
        seen = desk_data.tracking(session, report.id, now=now)
        assert seen is not None  # noqa: S101 - the report is there
        finished = report.status is ReportStatus.SELESAI
        # The count of failures stays: one's own pair would otherwise buy guesses at others'.
        asked = completion.waits_for_the_customer(session, report)
        has_crew = report.kind is ReportKind.GANGGUAN
        return Found(seen, has_crew, finished, asked, said, refused), accounts.ATTEMPTS


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
