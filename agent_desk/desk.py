"""/meja: what a CSO does. Commands come by POST; what they changed comes back over the stream."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk import desk_data, desk_view, login, words
from agent_desk.accounts import Principal
from agent_desk.live import Live
from agent_desk.models import WrapUp
from agent_desk.pages import render
from agent_desk.problems import wants_json
from agent_desk.security import clock, database, principal_of
from config.errors import Invalid, Problem, Refused
from config.operator import operator
from router.agents import CsoState
from router.store.types import Call, Cso
from tickets import reports
from tickets.kinds import ReportingKind, ReportKind
from tickets.outages import lookup
from tickets.outages.again import file_or_apply
from tickets.outages.scopes import place_of
from tickets.reports import ReportOpen
from tickets.schemas import NewReport, RowId

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]
MORE_MS = 60_000  # by one press of "Tambah 1 menit"
WITHOUT_CALL = "tanpa"  # in the place of a call id: a report that nobody is on the line for
# What the tickets call a field, and what the form calls it.
FIELDS = {"phone": "telepon", "comment": "keterangan", "trouble": "gangguan", "premises_id": "persil"}
ASKED = {"siap": CsoState.READY, "istirahat": CsoState.PAUSED, "keluar": CsoState.LOGGED_OUT}


@router.get("/meja")
async def desk(request: Request, me: Me) -> Response:
    """The whole page; the call on the desk, if there is one, is in it already."""
    cso = await _cso(request, me)
    call = cso.call if cso else ""
    context = await _card_context(request, me, call) if call else await _idle_context(request)
    chosen = context["card"].chosen if call else None
    return render(
        request,
        "meja.html",
        desk=desk_view.desk_view(_live(request).pool, me.login, clock(request).ms()),
        keys=desk_view.keys(),
        softphone=desk_view.softphone(),
        not_here=desk_view.NOT_HERE,
        statements=await _statements(request, context["area"], chosen.id if chosen else None),
        **context,
    )


@router.get("/meja/keadaan")
async def state(request: Request, me: Me) -> JSONResponse:
    """The desk as a value, read from the store now (for programs; the page has the stream)."""
    cso = await request.app.state.acd.cso(me.login)
    if cso is None:
        return JSONResponse({"state": CsoState.LOGGED_OUT.value, "call": "", "token": ""})
    fields = ("reason", "next", "call", "token", "since", "wrap_until")
    return JSONResponse({"state": cso.state.value, **{name: getattr(cso, name) for name in fields}})


@router.post("/meja/keadaan")
async def ask_state(
    request: Request,
    me: Me,
    keadaan: Annotated[Literal["siap", "istirahat", "keluar"], Form()],
    alasan: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Asks for a state; during a call it is taken after the call. Istirahat needs its reason."""
    wanted = ASKED[keadaan]
    if wanted is CsoState.PAUSED and alasan not in words.REASONS:
        raise Invalid("Pilih alasan istirahat.", slug="reason-missing", field="alasan")
    reason = alasan if wanted is CsoState.PAUSED else ""
    try:
        cso = await request.app.state.acd.ask_state(me.login, wanted, reason=reason)
    except Problem as problem:
        if not _unknown(problem):
            raise
        # The store was lost, or this desk was closed for silence: log in anew, then ask again.
        await login.log_in_cso(request.app.state.acd, me)
        cso = await request.app.state.acd.ask_state(me.login, wanted, reason=reason)
    return _done(request, {"state": cso.state.value, "next": cso.next, "since": cso.since})


@router.get("/meja/panggilan/{call}")
async def show_call(
    request: Request,
    me: Me,
    call: str,
    persil: Annotated[RowId | None, Query()] = None,
    nomor: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The screen pop: who, what is known, what to do, the form. `persil` or `nomor` chooses the premises."""
    context = await _card_context(request, me, call, persil=persil, digits=_digits(nomor))
    return render(request, "meja_panggilan.html", **context)


@router.get("/meja/kosong")
async def show_idle(request: Request, me: Me) -> Response:
    """The desk between calls."""
    return render(request, "meja_kosong.html", **await _idle_context(request))


@router.get("/meja/pernyataan")
async def show_statements(
    request: Request, me: Me, area: Annotated[str, Query(max_length=13)] = "", persil: RowId | None = None
) -> Response:
    """The statement bar."""
    return render(request, "meja_pernyataan.html", statements=await _statements(request, area, persil))


@router.get("/meja/tracking/{report}")
async def show_tracking(request: Request, me: Me, report: RowId) -> Response:
    """The ladder of one report."""

    def look() -> desk_data.Tracking | None:
        with database(request).reading() as session:
            return desk_data.tracking(session, report, now=clock(request).now())

    return render(request, "meja_tracking.html", tracking=await asyncio.to_thread(look))


class ReportForm(BaseModel):
    """The form in the middle of the desk. `kunci` makes it one report however often it is sent."""

    kunci: str = Field(min_length=8, max_length=80, pattern=r"^[A-Za-z0-9:_-]+$")
    gangguan: str = Field(default="padam", max_length=40)
    keterangan: str = Field(default="", max_length=2000)
    persil: RowId | None = None
    area: str = Field(default="", max_length=13)
    telepon: str = Field(default="", max_length=30)
    panggilan: str = Field(default="", max_length=48)
    hanya_saya: bool = False
    gabung: bool = False  # the premises has an open report: add to that one

    def new(self, me: Principal, call: Call | None) -> NewReport:
        """As the tickets take it; raises Invalid with the name of the field."""
        try:
            return NewReport(
                kind=ReportKind.GANGGUAN,
                key=f"meja:{me.login}:{self.kunci}",
                reporting_kind=ReportingKind.CALL,
                by=me.login,
                premises_id=self.persil,
                area=None if self.persil else self.area or None,
                trouble=self.gangguan,
                comment=self.keterangan.strip(),
                phone=self.telepon or (call.ani if call else ""),
                call=call.id if call else "",
                only_me=self.hanya_saya,
            )
        except ValidationError as fault:
            field = str(fault.errors()[0]["loc"][0])
            raise Invalid("Isian belum lengkap atau bentuknya keliru.", field=FIELDS.get(field, field)) from None
        except Invalid as fault:
            raise Invalid(fault.title, slug=fault.slug, field=FIELDS.get(fault.field or "", fault.field)) from None


@router.post("/meja/laporan")
async def file_report(request: Request, me: Me, form: Annotated[ReportForm, Form()]) -> Response:
    """Files a G report of this call (or of none)."""
    call = await _call(request, me, form.panggilan)
    new = form.new(me, call)

    def save() -> desk_data.Tracking | None:
        with database(request).transaction() as session:
            file = file_or_apply if form.gabung else reports.file_report
            now = clock(request).now()
            report = file(session, new, now=now)
            return desk_data.tracking(session, report.id, now=now)

    try:
        saved = await asyncio.to_thread(save)
    except ReportOpen as fault:
        return _already_open(request, fault)
    assert saved is not None  # noqa: S101 - it was just written
    if wants_json(request):
        order = {"status": saved.status, "crew": saved.crew, "plate": saved.plate} if saved.status else None
        body = {"number": saved.number, "report": saved.report, "attached": saved.attached, "workOrder": order}
        return JSONResponse(body, 201)
    call_id = call.id if call else WITHOUT_CALL
    return render(request, "meja_tersimpan.html", 201, saved=saved, tracking=saved, call_id=call_id, persil=form.persil)


@router.post("/meja/wrapup")
async def wrap_up(
    request: Request,
    me: Me,
    hasil: Annotated[str, Form(max_length=32)],
    panggilan: Annotated[str, Form(max_length=48)] = "",
) -> Response:
    """The result of the call; then the state asked for during the call, else ready."""
    if hasil not in words.RESULTS:
        raise Invalid("Belum bisa ditutup: pilih hasil, misalnya Terputus.", slug="result-missing", field="hasil")
    cso: Cso | None = await request.app.state.acd.cso(me.login)
    call = panggilan or (cso.call if cso else "")
    if call:
        await _call(request, me, call)
        await asyncio.to_thread(_keep_result, request, me, call, hasil)
    if cso is not None and cso.state is CsoState.WRAP_UP:
        cso = await request.app.state.acd.ask_state(
            me.login, CsoState(cso.next) if cso.next else CsoState.READY, reason=cso.next_reason
        )
    return _done(request, {"state": cso.state.value if cso else CsoState.LOGGED_OUT.value})


@router.post("/meja/wrapup/tambah")
async def more_time(request: Request, me: Me) -> Response:
    """One more minute for the wrap-up. Refused: illegal-move, wrap-up-limit."""
    cmd = f"{me.login}:{secrets.token_hex(8)}"
    cso: Cso = await request.app.state.acd.extend_wrap_up(me.login, MORE_MS, cmd=cmd)
    return _done(request, {"state": cso.state.value, "wrap_until": cso.wrap_until})


def _keep_result(request: Request, me: Principal, call: str, result: str) -> None:
    with database(request).transaction() as session:
        row = session.get(WrapUp, (call, me.login))
        if row is None:
            row = WrapUp(call=call, cso=me.login)
            session.add(row)
        row.result, row.at = result, clock(request).now()


def _already_open(request: Request, fault: ReportOpen) -> Response:
    if wants_json(request):
        raise fault
    response = render(request, "meja_ganda.html", 409, number=fault.number)
    response.headers.update({"HX-Retarget": "#galat-laporan", "HX-Reswap": "outerHTML"})
    return response


def _done(request: Request, body: dict[str, Any]) -> Response:
    if wants_json(request):
        return JSONResponse(body)
    if request.headers.get("hx-request"):
        return Response(status_code=204)
    return RedirectResponse("/meja", 303)


async def _cso(request: Request, me: Principal) -> Cso | None:
    """The CSO in the store; logged in there when the store does not know it (any more)."""
    acd = request.app.state.acd
    try:
        cso: Cso | None = await acd.cso(me.login)
        if cso is None or cso.state is CsoState.LOGGED_OUT:
            cso = await login.log_in_cso(acd, me)
        return cso
    except Problem:
        return None  # the page says that the server of the telephones is away


def _unknown(problem: Problem) -> bool:
    return problem.slug in ("unknown-cso", "illegal-move")


async def _call(request: Request, me: Principal, call_id: str) -> Call | None:
    """A call that is or was on this desk, also as a guest or passed on; None without one. Another CSO's is refused."""
    if call_id in ("", WITHOUT_CALL):
        return None
    pool = _live(request).pool
    call: Call | None = pool.calls.get(call_id) if pool else None
    if call is None:
        call = await request.app.state.acd.call(call_id)
    if call is None:
        raise Refused("Panggilan itu sudah tidak dikenal. Simpan tanpa panggilan.", slug="unknown-call", status=404)
    if call.cso not in ("", me.login) and not await _on_desk(request, me, call_id):
        raise Refused("Panggilan itu bukan milik Anda.", slug="not-your-call", status=403)
    return call


async def _on_desk(request: Request, me: Principal, call_id: str) -> bool:
    cso: Cso | None = await request.app.state.acd.cso(me.login)
    return cso is not None and cso.call == call_id


async def _card_context(
    request: Request, me: Principal, call_id: str, *, persil: int | None = None, digits: str = ""
) -> dict[str, Any]:
    call = await _call(request, me, call_id)
    pool = _live(request).pool
    heard = list(pool.heard.get(call.id, ())) if pool and call else []
    places = (note for _, note in reversed(heard) if note.get("what") in ("located", "elsewhere"))
    place: dict[str, Any] = next(places, {})
    located = place.get("premises")
    told = [(at, note) for at, note in heard if note.get("what") in words.HEARD]
    now = clock(request).now()

    def look() -> desk_data.Card:
        with database(request).reading() as session:
            return desk_data.card(session, call, now=now, premises_id=persil or located, digits=digits)

    card = await asyncio.to_thread(look)
    area = card.chosen.area if card.chosen else (call.region if call else "")
    return {
        "card": card,
        "call_id": call.id if call else WITHOUT_CALL,
        "heard": [(words.ms_to_instant(at), *words.heard(note)) for at, note in told],
        "area": area,
        "zone": desk_data.zone_of(area),
        "areas": _areas(),
        "key": f"{call.id if call else WITHOUT_CALL}:{secrets.token_hex(6)}",
        "greeting": words.greeting(now, me.name),
        "digits": digits,
    }


async def _idle_context(request: Request) -> dict[str, Any]:
    return {"card": None, "call_id": "", "outages": await _statements(request, ""), "area": ""}


async def _statements(request: Request, area: str, persil: int | None = None) -> list[Any]:
    """Live outages with their word; those of the caller's own place first, then the newest."""
    now = clock(request).now()

    def look() -> list[Any]:
        with database(request).reading() as session:
            found = lookup.live_outages(session, now=now)
            here = set(place_of(session, area, persil).codes()) if area else set()
        mine = [o for o in found if here & set(o.codes)]
        rest = [o for o in found if o not in mine]
        return [(o, True) for o in mine] + [(o, False) for o in rest]

    return await asyncio.to_thread(look)


def _areas() -> list[tuple[str, str]]:
    return [(code, area.name) for code, area in operator().areas.areas.items()]


def _digits(text: str) -> str:
    digits = "".join(c for c in text if c.isdigit())
    if text.strip() and len(digits) not in (11, 12):
        raise Invalid("IDPEL punya 12 angka, nomor meter 11 angka.", slug="idpel-length", field="nomor")
    return digits


def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live
