"""/papan: the surge level by hand, with its reason, for a while; or back to the ladder's own."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk.accounts import Principal
from agent_desk.pages import render
from agent_desk.problems import wants_json
from agent_desk.security import principal_of
from config.errors import Problem
from config.operator import operator
from router.store.acd import Acd

router = APIRouter(include_in_schema=False)

AUTOMATIC = "otomatis"
MINUTES = (30, 60, 120, 240)


async def level_context(request: Request) -> dict[str, Any]:
    """What the card shows; without the store only the form."""
    meets = {number: level.meets for number, level in operator().surge.levels.items()}
    try:
        gauges = await _acd(request).gauges()
    except Problem:
        gauges = None
    return {"said": "", "surge": gauges, "meets": meets, "minutes": MINUTES}


@router.post("/papan/tingkat")
async def set_level(
    request: Request,
    me: Annotated[Principal, Depends(principal_of)],
    tingkat: Annotated[Literal["otomatis", "0", "1", "2", "3", "4"], Form()],
    alasan: Annotated[str, Form(max_length=200)] = "",
    menit: Annotated[int, Form(ge=1, le=1440)] = 60,
) -> Response:
    """Sets the level for so many minutes, or gives it back to the ladder."""
    acd = _acd(request)
    if tingkat == AUTOMATIC:
        await acd.release_override(by=me.login, reason=alasan)
    else:
        until = (await acd.gauges()).at + menit * 60_000
        await acd.override_level(int(tingkat), reason=alasan, by=me.login, until=until)
    if wants_json(request):
        return JSONResponse({"level": (await acd.gauges()).level})
    if request.headers.get("hx-request"):
        said = "Tangga berjalan otomatis." if tingkat == AUTOMATIC else f"Tingkat {tingkat} dipasang."
        return render(request, "papan_tingkat.html", **await level_context(request) | {"said": said})
    return RedirectResponse("/papan", 303)


def _acd(request: Request) -> Acd:
    return cast(Acd, request.app.state.acd)
