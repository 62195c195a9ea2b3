"""/rekaman: voice notes and recorded calls are heard in the browser; who listened is written down."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.security import clock, database, principal_of
from config.errors import NotFound
from tickets import recordings, workorders
from tickets.kinds import RecordingKind
from tickets.recordings import Heard
from tickets.schemas import RowId

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]
Id = Annotated[RowId, Path()]


@router.get("/rekaman/catatan/{recording}")
async def note(request: Request, me: Me, recording: Id) -> Response:
    """A caller's voice note on a report. Refused: unknown-recording."""
    return await _sound(request, me, recording, RecordingKind.NOTE)


@router.get("/rekaman/panggilan/{recording}")
async def conversation(request: Request, me: Me, recording: Id) -> Response:
    """A conversation. Refused: unknown-recording."""
    return await _sound(request, me, recording, RecordingKind.CALL)


@router.get("/regu/{order}/catatan/{recording}")
async def note_for_crew(request: Request, me: Me, order: Id, recording: Id) -> Response:
    """A voice note on the report of an order that this crew has in hand. Refused: unknown-work-order,
    not-your-work-order, unknown-recording.
    """

    def number() -> str:
        with database(request).reading() as session:
            found = workorders.number_of(session, order, login=me.login)
            crew = workorders.crew_of(session, me.login)
            if crew is None or order not in {one.id for one in workorders.list_orders(session, crew_id=crew.id)}:
                raise NotFound("Pekerjaan itu sudah selesai.", slug="unknown-work-order")
            return found

    return await _sound(request, me, recording, RecordingKind.NOTE, report=await asyncio.to_thread(number))


@router.get("/papan/rekaman/{recording}")
async def about(request: Request, me: Me, recording: Id) -> Response:
    """One conversation: to be heard, who has listened, and to be deleted. Refused: unknown-recording."""

    def look() -> tuple[Heard, list[tuple[str, str, object]]]:
        with database(request).reading() as session:
            found = recordings.one(session, recording)
            return found, [(row.by, row.role, row.at) for row in recordings.listeners(session, recording)]

    found, listeners = await asyncio.to_thread(look)
    return render(request, "rekaman.html", found=found, listeners=listeners)


@router.post("/papan/rekaman/{recording}/hapus")
async def remove(request: Request, me: Me, recording: Id) -> Response:
    """The sound is deleted for good, before its time. Refused: unknown-recording."""

    def gone() -> None:
        with database(request).transaction() as session:
            recordings.remove(session, recording, by=me.login, now=clock(request).now())

    await asyncio.to_thread(gone)
    return RedirectResponse("/papan/panggilan", 303)


async def _sound(request: Request, me: Principal, recording: int, kind: RecordingKind, *, report: str = "") -> Response:
    now = clock(request).now()

    def listen() -> Response:
        with database(request).transaction() as session:
            row = recordings.heard(session, recording, kind, by=me.login, role=me.role, now=now, report=report)
            file = recordings.path_of(row)
        if not file.is_file():
            raise NotFound("Suara rekaman itu tidak ada lagi.", slug="unknown-recording")
        return FileResponse(
            file, media_type="audio/wav", filename=f"rekaman-{recording}.wav", content_disposition_type="inline"
        )

    return await asyncio.to_thread(listen)
