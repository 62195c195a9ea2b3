"""The demo telephone over HTTP: what its page needs, the CSOs' telephones, and the REST API of the stand-in.

Mounted in demo mode only (SUAR_DEMO); everything that changes something must come from our own pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from config.errors import NotFound, Problem, Refused
from config.settings import settings
from ivr.carriers.twilio_fallback import documents
from ivr.carriers.twilio_trail import call_id
from ivr.telephone.demo import demo_exchange
from ivr.telephone.exchange import Exchange
from ivr.telephone.machine import TERMINAL, Leg
from ivr.telephone.rest import rest_router
from ivr.telephone.stream import stream
from tickets.seed import SAMPLES

router = APIRouter(prefix="/telepon", include_in_schema=False)

MOST_CALLS = 40  # at the same time on the demo telephone
LEFT_ALONE = 3.0  # seconds without its page before a telephone hangs up
LABELS = {
    "in_outage": "area padam",
    "no_outage": "area tidak padam",
    "several_premises": "beberapa persil",
    "unknown": "tidak dikenal",
    "life_support": "alat medis di rumah",
    "has_open_report": "punya laporan terbuka",
}


class Dialling(BaseModel):
    """Who calls which number."""

    model_config = ConfigDict(extra="forbid")
    number: Annotated[str, Field(pattern=r"^(\+[1-9][0-9]{6,14})?$", description="E.164; empty: withheld")] = ""
    dialled: Annotated[str, Field(pattern=r"^[0-9]{3,8}$")] = "021123"


class Key(BaseModel):
    """One key."""

    model_config = ConfigDict(extra="forbid")
    digit: Annotated[str, Field(pattern=r"^[0-9*#]$")]


def exchange_of(request: Request) -> Exchange:
    """The exchange of this process, made when it is first needed."""
    state = request.app.state
    if getattr(state, "exchange", None) is None:
        if not settings().demo or not settings().twilio_account_sid:
            raise NotFound("Telepon peraga tidak dinyalakan di sini.", slug="no-demo")
        state.exchange = demo_exchange(settings())
    return cast(Exchange, state.exchange)


async def close(app: FastAPI) -> None:
    """End the exchange with its process."""
    exchange = getattr(app.state, "exchange", None)
    if exchange is not None:
        await exchange.close()


router.include_router(rest_router(exchange_of), prefix="/rest")


@router.get("/contoh")
async def samples() -> list[dict[str, str]]:
    """The sample callers of the demo data; on the screen only the ends of their numbers."""
    return [{"key": key, "number": number, "shown": masked(number), "label": LABELS.get(key, key)}
            for key, number in SAMPLES.items()]  # fmt: skip


@router.post("/panggil")
async def dial(request: Request, dialling: Dialling) -> dict[str, str]:
    """Pick up the demo telephone and dial."""
    _same_origin(request)
    exchange = exchange_of(request)
    if sum(leg.status not in TERMINAL for leg in exchange.legs.values()) >= MOST_CALLS:
        raise Refused("Telepon peraga sedang ramai. Coba lagi sebentar.", slug="demo-full")
    dialled = "+62" + dialling.dialled.removeprefix("0") if dialling.dialled.startswith("0") else dialling.dialled
    leg = exchange.call(dialling.number or "anonymous", dialled)
    return {"call": leg.sid, "id": call_id(leg.sid)}


@router.post("/{sid}/angka")
async def press(request: Request, sid: str, key: Key) -> dict[str, bool]:
    """Press a key; `heard` is false when nobody was listening."""
    _same_origin(request)
    return {"heard": _leg(request, sid).press(key.digit)}


@router.post("/{sid}/tutup", status_code=204)
async def hang_up(request: Request, sid: str) -> Response:
    """Hang up."""
    _same_origin(request)
    _leg(request, sid).hang_up()
    return Response(status_code=204)


@router.get("/{sid}/aliran")
async def events(request: Request, sid: str, first: str = "") -> StreamingResponse:
    """Everything about this call, from its beginning, as server-sent events; `first`: the call whose callback it is."""
    leg = _leg(request, sid)
    body = _attended(leg, stream(leg, call_id(first or leg.sid), request.app.state.acd))
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


@router.get("/{sid}/kembali")
async def called_back(request: Request, sid: str) -> dict[str, str]:
    """The call that rings now at the telephone that made call `sid`; "" when none does."""
    leg = exchange_of(request).ringing_at(_leg(request, sid).caller)
    return {"call": leg.sid if leg and leg.status == "ringing" else ""}


@router.post("/{sid}/angkat", status_code=204)
async def pick_up(request: Request, sid: str) -> Response:
    """The caller, who is called back, picks up."""
    _same_origin(request)
    _leg(request, sid).pick_up()
    return Response(status_code=204)


@router.get("/suara/{name:path}")
async def sound(name: str) -> FileResponse:
    """A rendered sentence."""
    path = settings().sounds_dir / name
    if not re.fullmatch(r"(studio/)?[0-9a-f]{20}\.wav", name) or not path.is_file():
        raise NotFound("Suara itu tidak ada.", slug="no-sound")
    return FileResponse(path, media_type="audio/wav", headers={"cache-control": "public, max-age=86400"})


@router.get("/cadangan/{name}")
async def fallback(name: str) -> Response:
    """The static fallback, which at a utility stands on another host (`suar twilio fallback`)."""
    made = documents(f"{settings().base_url}/telepon/cadangan")
    if name not in made:
        raise NotFound("Dokumen itu tidak ada.", slug="no-document")
    return Response(made[name], media_type="text/xml")


@router.get("/kaki/{cso}")
async def telephone(request: Request, cso: str) -> dict[str, Any]:
    """The CSO's telephone: "none", "ringing" or "talking"."""
    leg = exchange_of(request).ringing_at(f"client:{cso}")
    state = "none" if leg is None else "talking" if leg.status == "in-progress" else "ringing"
    return {"state": state}


@router.post("/kaki/{cso}/jawab", status_code=204)
async def answer(request: Request, cso: str) -> Response:
    """The CSO picks up."""
    _same_origin(request)
    _ringing(request, cso).pick_up()
    return Response(status_code=204)


@router.post("/kaki/{cso}/tutup", status_code=204)
async def put_down(request: Request, cso: str) -> Response:
    """The CSO hangs up, or refuses while it rings."""
    _same_origin(request)
    _ringing(request, cso).hang_up("busy")
    return Response(status_code=204)


def masked(number: str) -> str:
    """+62812…0101 → 0812 •••• 0101."""
    local = "0" + number.removeprefix("+62")
    return f"{local[:4]} •••• {local[-4:]}"


async def _attended(leg: Leg, heard: AsyncGenerator[str]) -> AsyncIterator[str]:
    """A telephone whose page has gone (closed, reloaded, crashed) hangs up: no CSO is offered an empty room."""
    leg.pages += 1
    try:
        async with contextlib.aclosing(heard):
            async for item in heard:
                yield item
    finally:
        leg.pages -= 1
        asyncio.get_running_loop().call_later(LEFT_ALONE, _left, leg)


def _left(leg: Leg) -> None:
    if not leg.pages:
        leg.hang_up()


def _leg(request: Request, sid: str) -> Leg:
    leg = exchange_of(request).legs.get(sid)
    if leg is None or leg.called.startswith("client:") or leg.direction == "outbound-dial":
        raise NotFound("Panggilan itu sudah tidak ada.", slug="unknown-call")
    return leg


def _ringing(request: Request, cso: str) -> Leg:
    leg = exchange_of(request).ringing_at(f"client:{cso}")
    if leg is None:
        raise NotFound("Telepon ini tidak sedang berdering.", slug="no-leg")
    return leg


def _same_origin(request: Request) -> None:
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if foreign or site not in ("same-origin", "none"):
        raise Problem("Permintaan ini tidak datang dari halaman kami.", slug="foreign-origin", status=403)
