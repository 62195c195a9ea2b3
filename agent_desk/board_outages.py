"""/papan: what a supervisor does about an outage, and what is said of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Form, Path, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk import board_notices, words
from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.permissions import APPROVERS, CONTROL, PUBLISHERS
from agent_desk.problems import wants_json
from agent_desk.security import clock, database, principal_of
from config import zones
from config.errors import Invalid, Problem
from config.operator import operator
from tickets.detection import proposals
from tickets.models import Outage, Statement
from tickets.outages import (
    estimates,
    fault_locations,
    links,
    lookup,
    outages,
    phrases,
    planned,
    progress,
    scopes,
    spoken,
    statements,
    supply,
)
from tickets.outages.moves import found
from tickets.outages.outages import Facts
from tickets.states import OutageStatus, StatementStatus
from tickets.views import KnownOutage

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Why = Annotated[str, Form(max_length=240)]
Cause = Annotated[str, Form(max_length=160)]
Clock = Annotated[str, Form(max_length=5)]
Words = Annotated[str, Form(max_length=1000)]
With = Annotated[str, Form(max_length=40)]  # the estimate that the words were written with
RECENT = timedelta(hours=24)  # so long a restored outage stays in view: it may go again
MOST = 20  # recent ones and planned ones
# Fields of the services as the forms call them.
FIELDS = {
    "etr": "perkiraan",
    "place": "tempat",
    "reason": "alasan",
    "text": "teks",
    "reportedStartTime": "mulai",
    "cause": "pekerjaan",
}
T = TypeVar("T")


@router.get("/papan/padam")
async def show_outages(request: Request, me: Me) -> Response:
    """The card alone."""
    return render(request, "papan_padam.html", **await outage_context(request, me))


@router.post("/papan/padam")
async def confirm(
    request: Request, me: Me, area: Annotated[str, Form(max_length=40)], sebab: Cause = "", perkiraan: Clock = ""
) -> Response:
    """Confirms an outage: its holding sentence is spoken from now on."""
    now = clock(request).now()
    etr = _next_time(perkiraan, area, now)

    def write(session: Session) -> int:
        return outages.confirm_outage(session, covers=[area], cause=sebab, etr=etr, by=me.login, now=now).id

    return await done(request, me, write)


@router.post("/papan/padam/rencana")
async def schedule(
    request: Request,
    me: Me,
    *,
    area: Annotated[str, Form(max_length=40)],
    pekerjaan: Cause,
    mulai: Annotated[str, Form(max_length=16)],
    selesai: Annotated[str, Form(max_length=16)],
) -> Response:
    """Announces planned work."""
    now = clock(request).now()
    starts, ends = _instant(mulai, area, "mulai"), _instant(selesai, area, "selesai")

    def write(session: Session) -> int:
        return planned.schedule(
            session, covers=[area], cause=pekerjaan, starts=starts, ends=ends, by=me.login, now=now
        ).id

    return await done(request, me, write)


@router.post("/papan/padam/{outage}/benar")
async def agree(request: Request, me: Me, outage: Id, sebab: Cause = "", perkiraan: Clock = "") -> Response:
    """A proposal is right."""
    now = clock(request).now()

    def write(session: Session) -> int:
        area = found(session, outage).area
        facts = Facts(cause=sebab, etr=_next_time(perkiraan, area, now))
        return outages.confirm_proposal(session, outage, facts, by=me.login, now=now).id

    return await done(request, me, write)


@router.post("/papan/padam/{outage}/batal")
async def dismiss(request: Request, me: Me, outage: Id, alasan: Why = "") -> Response:
    """A proposal was wrong, or planned work is called off."""
    now = clock(request).now()
    return await done(request, me, lambda s: outages.dismiss_outage(s, outage, note=alasan, by=me.login, now=now).id)


@router.post("/papan/padam/{outage}/perkiraan")
async def revise(request: Request, me: Me, outage: Id, perkiraan: Clock = "", alasan: Why = "") -> Response:
    """Another estimate, with its reason; empty = not known any more."""
    now = clock(request).now()

    def write(session: Session) -> int:
        etr = _next_time(perkiraan, found(session, outage).area, now)
        return estimates.revise(session, outage, etr, reason=alasan, by=me.login, now=now).outage_id

    return await done(request, me, write)


@router.post("/papan/padam/{outage}/sebagian")
async def restore_partially(
    request: Request, me: Me, outage: Id, bagian: Annotated[list[str] | None, Form()] = None
) -> Response:
    """These parts have power again."""
    now = clock(request).now()
    return await done(request, me, lambda s: supply.restore_partially(s, outage, bagian or [], by=me.login, now=now).id)


@router.post("/papan/padam/{outage}/nyala")
async def restore(request: Request, me: Me, outage: Id) -> Response:
    """Power is back: nothing is announced any more, attached reports are finished."""
    now = clock(request).now()
    return await done(request, me, lambda s: outages.restore_outage(s, outage, by=me.login, now=now).id)


@router.post("/papan/padam/{outage}/lagi")
async def reopen(request: Request, me: Me, outage: Id, alasan: Why = "") -> Response:
    """Power went again, everywhere."""
    now = clock(request).now()
    return await done(request, me, lambda s: supply.reopen(s, outage, note=alasan, by=me.login, now=now).id)


@router.post("/papan/padam/{outage}/selesai")
async def close(request: Request, me: Me, outage: Id) -> Response:
    """SELESAI."""
    now = clock(request).now()
    return await done(request, me, lambda s: outages.close_outage(s, outage, by=me.login, now=now).id)


@router.post("/papan/padam/{outage}/konsep")
async def draft(request: Request, me: Me, outage: Id, teks: Words = "", saat: With = "") -> Response:
    """Writes a version that somebody else approves."""
    now, text, etr = clock(request).now(), teks.strip() or None, _written_with(saat)
    return await _said(request, me, lambda s: statements.draft(s, outage, text=text, etr=etr, by=me.login, now=now))


@router.post("/papan/padam/{outage}/pernyataan")
async def publish(request: Request, me: Me, outage: Id, teks: Words = "", saat: With = "") -> Response:
    """Publishes the text as it stands (composed from the facts when empty): the next caller hears it."""
    now, text, etr = clock(request).now(), teks.strip() or None, _written_with(saat)
    return await _said(request, me, lambda s: statements.publish(s, outage, text=text, etr=etr, by=me.login, now=now))


@router.post("/papan/padam/{outage}/pernyataan/{version}/setujui")
async def approve(request: Request, me: Me, outage: Id, version: Id) -> Response:
    """Answers for a draft; it is said at once, of planned work when that begins."""
    now = clock(request).now()

    def write(session: Session) -> Statement:
        statement = statements.approve(session, outage, version, by=me.login, now=now)
        if found(session, outage).status_kind is OutageStatus.SCHEDULED:
            return statement
        return statements.release(session, outage, version, now=now)

    return await _said(request, me, write)


@router.post("/papan/padam/{outage}/pernyataan/{version}/tarik")
async def withdraw(request: Request, me: Me, outage: Id, version: Id) -> Response:
    """Not true, or not wanted."""
    now = clock(request).now()
    return await _said(request, me, lambda s: statements.withdraw(s, outage, version, by=me.login, now=now))


async def _said(request: Request, me: Principal, work: Callable[[Session], Statement]) -> Response:
    def write(session: Session) -> dict[str, Any]:
        row = work(session)
        return {"statement": row.id, "version": row.version, "text": row.text, "status": row.status.value}

    return await _shown(request, me, await _write(request, write))


async def done(request: Request, me: Principal, work: Callable[[Session], int]) -> Response:
    """Does it, and shows the card as it is then."""
    return await _shown(request, me, {"outage": await _write(request, work)})


async def _shown(request: Request, me: Principal, body: dict[str, Any]) -> Response:
    if wants_json(request):
        return JSONResponse(body, 201)
    if request.headers.get("hx-request"):
        return await show_outages(request, me)
    return RedirectResponse("/papan", 303)


async def _write(request: Request, work: Callable[[Session], T]) -> T:
    def run() -> T:
        try:
            with database(request).transaction() as session:
                return work(session)
        except Problem as fault:
            fault.field = FIELDS.get(fault.field or "", fault.field)
            raise

    return await asyncio.to_thread(run)


async def outage_context(request: Request, me: Principal) -> dict[str, Any]:
    """What the card and the forms beside it show."""
    now = clock(request).now()

    def look() -> dict[str, Any]:
        with database(request).reading() as session:
            known = {one.id: one for one in lookup.live_outages(session, now=now)}
            # One that has no live scope (another outage has its code) is not heard of, and still somebody's work.
            live = outages.list_outages(session)
            attached = links.count(session, [row.id for row in live])
            shown = {
                "outages": [_live(session, row, known.get(row.id), now, attached[row.id]) for row in live],
                "lit": [_other(row) for row in _recent(session, now)],
                "works": [_planned(session, row, now) for row in _works(session)],
            }
            every = [one for some in shown.values() for one in some]
            told = progress.newest(session, [one["id"] for one in every], now=now)
            for one in every:
                one["told"] = board_notices.sentence(told[one["id"]]) if one["id"] in told else ""
            return shown

    files = operator()
    ulps = [(f"{scopes.ULP}{ulp}", name) for unit in files.areas.units.values() for ulp, name in unit.ulp.items()]
    return {
        **await asyncio.to_thread(look),
        "ulps": [(code.removeprefix(scopes.ULP), name) for code, name in ulps],
        "areas": [*((code, area.name) for code, area in files.areas.areas.items()), *ulps],
        "two_people": files.statements.two_people,
        "may_control": me.role in CONTROL,
        "may_publish": me.role in PUBLISHERS,
        "may_approve": me.role in APPROVERS,
    }


def _recent(session: Session, now: datetime) -> Sequence[Outage]:
    lit = (Outage.status_kind == OutageStatus.RESTORED, Outage.restored_at > now - RECENT)
    return session.scalars(select(Outage).where(*lit).order_by(Outage.restored_at.desc()).limit(MOST)).all()


def _works(session: Session) -> Sequence[Outage]:
    coming = select(Outage).where(Outage.status_kind == OutageStatus.SCHEDULED)
    return session.scalars(coming.order_by(Outage.reported_start).limit(MOST)).all()


def _other(outage: Outage) -> dict[str, Any]:
    return {"id": outage.id, "name": scopes.name(outage), "row": outage, "zone": _zone(outage.area)}


def _planned(session: Session, outage: Outage, now: datetime) -> dict[str, Any]:
    return {**_other(outage), **_written(session, outage, now)}


def _live(session: Session, outage: Outage, known: KnownOutage | None, now: datetime, attached: int) -> dict[str, Any]:
    codes = scopes.of(session, outage.id, live=True)
    return {
        **_other(outage),
        **_written(session, outage, now),
        "spoken": known.spoken if known else "",
        "holding": known is None or known.holding,
        "proposed": outage.status_kind is OutageStatus.PREDICTED,
        "partly": outage.status_kind is OutageStatus.PARTIALLY_RESTORED,
        "late": outage.etr is not None and outage.etr <= now,
        "parts": _parts(codes, outage.area),
        "attached": attached,
        "places": [
            (place.place, words.WORK_ORDER[order.status] if order else words.NO_CREW)
            for place, order in fault_locations.of(session, outage.id)
        ],
        "evidence": proposals.words(outage.evidence) if outage.evidence and "place" in outage.evidence else "",
    }


def _written(session: Session, outage: Outage, now: datetime) -> dict[str, Any]:
    """The versions that are said or may still be, and the words that the facts give."""
    versions = statements.versions(session, outage.id)
    waiting = (StatementStatus.DRAFT, StatementStatus.APPROVED)
    promise = spoken.may_promise(outage, now)
    return {
        "published": next((one for one in versions if one.status is StatementStatus.PUBLISHED), None),
        "waiting": [one for one in versions if one.status in waiting],
        "draft": statements.composed(session, outage, now=now),
        "promise": promise.isoformat() if promise else "",
    }


def _parts(codes: Sequence[str], area: str) -> list[tuple[str, str]]:
    """What may have power again apart from the rest: the scopes, or what is listed inside the only one."""
    parts = list(codes) if len(codes) > 1 else []
    for code in codes:
        parts += [one for one in operator().areas.areas if one.startswith(f"{code}.")]
    return [(code, scopes.spoken([code], area)) for code in parts]


def _written_with(saat: str) -> datetime | None:
    try:
        return datetime.fromisoformat(saat) if saat else None
    except ValueError:
        raise Invalid("Muat ulang papan, lalu coba lagi.", slug="etr", field="teks") from None


def _next_time(text: str, area: str, now: datetime) -> datetime | None:
    """`21.30` or `21:30`: the next time the clocks of that area show it; "" = not known yet."""
    if not text:
        return None
    try:
        hour, minute = (int(part) for part in text.replace(".", ":").split(":"))
        local = phrases.local(now, _zone(area))
        etr = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise Invalid("Tulis perkiraan sebagai jam, misalnya 21.30.", slug="etr", field="perkiraan") from None
    return etr if etr > local else etr + timedelta(days=1)


def _instant(text: str, area: str, field: str) -> datetime:
    """`2026-11-23T09:00` as the clocks of that area show it."""
    zone = zones.clock(_zone(area))
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
    except ValueError:
        raise Invalid("Tulis tanggal dan jamnya.", slug="instant", field=field) from None


def _zone(code: str) -> str:
    area = next(iter(operator().areas_of_ulp(code.removeprefix(scopes.ULP))), "") if ":" in code else code
    try:
        return operator().unit_of(area)[1].zone
    except KeyError:
        raise Invalid("Wilayah itu tidak dikenal.", slug="unknown-area", field="area") from None
