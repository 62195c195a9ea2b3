"""/papan: what a supervisor does by hand to a CSO, to the callers of an area and to a partner centre."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk import words
from agent_desk.accounts import Principal
from agent_desk.desk_data import zone_of
from agent_desk.live import Live
from agent_desk.pages import render
from agent_desk.problems import wants_json
from agent_desk.security import principal_of
from config.errors import Invalid, NotFound, Problem, Refused
from config.operator import operator
from router.agents import CsoState
from router.store.acd import Acd
from router.store.types import Gap

router = APIRouter(include_in_schema=False)

Me = Annotated[Principal, Depends(principal_of)]
STATES = {"siap": CsoState.READY, "istirahat": CsoState.PAUSED, "keluar": CsoState.LOGGED_OUT}
USUAL_LEVEL = 3  # of a queue that a CSO did not have


async def control_context(request: Request) -> dict[str, Any]:
    """What the card shows; without the store only the forms."""
    live: Live = request.app.state.live
    try:
        by_hand = (await _acd(request).gauges()).gaps
    except Problem:
        by_hand = ()  # the forms are still there
    return {
        "said": "",
        "by_hand": [_gap(gap) for gap in by_hand],
        "present": sorted(live.pool.csos) if live.pool else [],
        "all_queues": {name: queue.title for name, queue in operator().queues.queues.items()},
        "all_partners": {name: partner.title for name, partner in operator().partners.partners.items()},
        "area_names": {code: area.name for code, area in operator().areas.areas.items()},
    }


def _gap(gap: Gap) -> str:
    """`Mentok: 2,5 penelepon per detik sampai 19.43 WIB, oleh spv1: banjir panggilan`."""
    known = operator().areas.areas.get(gap.area)  # the configuration may have changed since
    until = words.clock(words.ms_to_instant(gap.until), zone_of(gap.area)) if gap.until else ""
    rate = f"{words.figure(gap.per_s)} penelepon per detik" + (f" sampai {until}" if until else "")
    return f"{known.name if known else gap.area}: {rate}, oleh {gap.by}: {gap.reason}"


@router.get("/papan/kendali")
async def show(request: Request) -> Response:
    """The card alone."""
    return render(request, "papan_kendali.html", words=words, **await control_context(request))


@router.post("/papan/kendali/cso")
async def change_cso(
    request: Request,
    me: Me,
    *,
    cso: Annotated[str, Form(max_length=64)],
    keadaan: Annotated[Literal["", "siap", "istirahat", "keluar"], Form()] = "",
    alasan: Annotated[str, Form(max_length=32)] = "",
    antrean: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Another state (during a call: after it), other queues; what is left empty stays."""
    acd = _acd(request)
    found = await acd.cso(cso)
    if found is None:
        raise NotFound("Petugas itu tidak dikenal.", slug="unknown-cso", field="cso")
    if not keadaan and not antrean:
        raise Invalid("Pilih status atau antrean.", slug="nothing-to-change", field="keadaan")
    if keadaan == "istirahat" and alasan not in words.REASONS:
        raise Invalid("Pilih alasan istirahat.", slug="reason-missing", field="alasan")
    if found.state is CsoState.LOGGED_OUT and (antrean or keadaan != "keluar"):
        raise Refused("Petugas itu sedang di luar; ia harus masuk dulu.", slug="logged-out", field="cso")
    if antrean:
        served = {name: found.levels.get(name, USUAL_LEVEL) for name in antrean}
        found = await acd.assign(cso, queues=served, by=me.login)
    if keadaan:
        found = await acd.force(cso, STATES[keadaan], by=me.login, reason=alasan if keadaan == "istirahat" else "")
    said = [words.STATES[found.state].word.lower()]
    if found.next:
        said.append(f"sesudah ini {words.STATES[CsoState(found.next)].word.lower()}")
    if antrean:
        said.append("antrean " + " dan ".join(operator().queues.queues[name].title for name in antrean))
    return await _done(request, f"{cso}: {', '.join(said)}.")


@router.post("/papan/kendali/wilayah")
async def change_gap(
    request: Request,
    me: Me,
    *,
    area: Annotated[str, Form(max_length=13)],
    laju: Annotated[float, Form(ge=0, le=1000)],
    jatah: Annotated[float, Form(ge=1, le=10_000)] = 1,
    menit: Annotated[int, Form(ge=1, le=1440)] = 60,
    alasan: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """So many callers a second of an area for so many minutes; 0 takes the gap off."""
    if area not in operator().areas.areas:
        raise NotFound("Wilayah itu tidak dikenal.", slug="unknown-area", field="area")
    acd = _acd(request)
    until = (await acd.gauges()).at + menit * 60_000 if laju else 0
    await acd.set_gap(area, per_s=laju, burst=jatah, by=me.login, reason=alasan, until=until)
    name = operator().area_name(area)
    return await _done(
        request, f"{name}: {words.figure(laju)} penelepon per detik." if laju else f"{name}: tidak dibatasi."
    )


@router.post("/papan/kendali/mitra")
async def change_partner(
    request: Request,
    me: Me,
    mitra: Annotated[str, Form(max_length=64)],
    buka: Annotated[bool, Form()],
    alasan: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Shut until it is opened by hand; open until its hours open it too. Opening also mends a breaker."""
    if not alasan.strip():
        raise Invalid("Tulis alasannya.", slug="reason-missing", field="alasan")
    await _acd(request).partner_state(mitra, open=buka, by=me.login, reason=alasan)
    title = operator().partners.partners[mitra].title
    return await _done(request, f"{title}: {'dibuka' if buka else 'ditutup'}.")


async def _done(request: Request, said: str) -> Response:
    if wants_json(request):
        return JSONResponse({"said": said})
    if request.headers.get("hx-request"):
        context = await control_context(request) | {"said": said}
        return render(request, "papan_kendali.html", words=words, **context)
    return RedirectResponse("/papan", 303)


def _acd(request: Request) -> Acd:
    return cast(Acd, request.app.state.acd)
