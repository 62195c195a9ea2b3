"""/papan: every Asterisk, as the connector tells of it."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from agent_desk.pages import render
from config.errors import Problem

router = APIRouter(include_in_schema=False)

SECONDS = 1.0
UP, CHANNELS = "suar_asterisk_up", "suar_asterisk_channels"


async def nodes_context(request: Request) -> dict[str, Any]:
    """Node → whether its manager answers, and its channels; nothing while nobody tells, or none is configured."""
    try:
        async with asyncio.timeout(SECONDS):
            told = await request.app.state.figures.told()
    except (Problem, OSError, TimeoutError):
        told = {}
    found: dict[str, dict[str, int]] = {}
    for (process, _), families in told.items():
        for family in families if process == "connector" else ():
            if family["name"] in (UP, CHANNELS):
                for _, labels, value in family["samples"]:
                    found.setdefault(labels["node"], {})[family["name"]] = int(value)
    nodes = [
        {"name": name or "Asterisk", "up": bool(values.get(UP)), "channels": values.get(CHANNELS, 0)}
        for name, values in sorted(found.items())
    ]
    return {"nodes": nodes}


@router.get("/papan/asterisk")
async def card(request: Request) -> Response:
    """The card, asked for again and again by itself."""
    return render(request, "papan_asterisk.html", **await nodes_context(request))
