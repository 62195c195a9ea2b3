"""/telepon: the demo telephone's page; its API is the carrier room's (ivr/telephone)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from agent_desk.pages import render
from ivr.telephone import api
from ivr.telephone.api import close

__all__ = ["close", "router"]

router = APIRouter(include_in_schema=False)
router.include_router(api.router)


@router.get("/telepon")
async def telephone(request: Request) -> Response:
    """A telephone in a browser tab."""
    return render(request, "telepon.html")
