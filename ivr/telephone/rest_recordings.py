"""Recordings in the stand-in's REST API: begun on a live call, listed, stopped, fetched as a sound, deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ivr.telephone.exchange import Exchange
from ivr.telephone.machine import TERMINAL
from ivr.telephone.rest_answers import Body, RestFault, one, page, rfc2822
from ivr.telephone.tapes import Tape, Told

Work = Callable[[Exchange, dict[str, list[str]]], tuple[int, Body]]
Run = Callable[[Request, str, Work], Awaitable[JSONResponse]]


def add_recordings(router: APIRouter, run: Run) -> None:
    """The routes."""

    @router.post("/Calls/{sid}/Recordings.json")
    async def begin(request: Request, account: str, sid: str) -> JSONResponse:
        return await run(request, account, lambda exchange, form: (201, _begin(exchange, sid, form)))

    @router.get("/Calls/{sid}/Recordings.json")
    async def listing(request: Request, account: str, sid: str) -> JSONResponse:
        query, here = dict(request.query_params), f"/2010-04-01/Accounts/{account}/Calls/{sid}/Recordings.json"

        def work(exchange: Exchange, _form: dict[str, list[str]]) -> tuple[int, Body]:
            found = [_resource(exchange, tape) for tape in exchange.tapes.of(sid)]
            return 200, page(found, "recordings", here, query)

        return await run(request, account, work)

    @router.get("/Recordings/{sid}.wav")
    async def sound(request: Request, account: str, sid: str) -> Response:
        found: list[bytes] = []

        def work(exchange: Exchange, _form: dict[str, list[str]]) -> tuple[int, Body]:
            found.append(_tape(exchange, sid).sound())
            return 200, None

        refused = await run(request, account, work)
        return Response(found[0], media_type="audio/x-wav") if found else refused

    @router.delete("/Recordings/{sid}.json")
    async def delete(request: Request, account: str, sid: str) -> Response:
        def work(exchange: Exchange, _form: dict[str, list[str]]) -> tuple[int, Body]:
            del exchange.tapes.known[_tape(exchange, sid).sid]
            return 204, None

        answer = await run(request, account, work)
        return Response(status_code=204) if answer.status_code == 204 else answer


def _begin(exchange: Exchange, sid: str, form: dict[str, list[str]]) -> dict[str, Any]:
    leg = exchange.legs.get(sid)
    if leg is None or leg.status in TERMINAL or leg.status != "in-progress":
        raise RestFault(404, 21220, "Requested resource is not eligible for recording")
    told = Told(one(form, "RecordingStatusCallback"), leg.parameters())
    return _resource(exchange, exchange.tapes.begin(sid, "StartCallRecordingAPI", told))


def _tape(exchange: Exchange, sid: str) -> Tape:
    tape = exchange.tapes.known.get(sid)
    if tape is None:
        raise RestFault(404, 20404, "The requested resource was not found")
    return tape


def _resource(exchange: Exchange, tape: Tape) -> dict[str, Any]:
    return {
        "account_sid": exchange.account,
        "api_version": "2010-04-01",
        "call_sid": tape.call,
        "conference_sid": None,
        "date_created": rfc2822(tape.began),
        "date_updated": rfc2822(tape.began),
        "start_time": rfc2822(tape.began),
        "duration": str(tape.seconds) if tape.over else None,
        "sid": tape.sid,
        "price": None,
        "price_unit": "USD",
        "status": "completed" if tape.over else "in-progress",
        "channels": 1,
        "source": tape.source,
        "error_code": None,
        "uri": f"/2010-04-01/Accounts/{exchange.account}/Recordings/{tape.sid}.json",
        "encryption_details": None,
        "track": "both",
    }
