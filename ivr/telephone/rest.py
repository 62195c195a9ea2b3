"""A stand-in for Twilio's REST API: the calls of an Exchange, with Twilio's paths, fields and errors.

Source of the fields: Twilio's published OpenAPI document (twilio_api_v2010.json, MIT).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ivr.telephone.exchange import Exchange
from ivr.telephone.machine import TERMINAL, Fetch, Leg, Reporting
from ivr.telephone.rest_answers import Body, RestFault, one, page, rfc2822
from ivr.telephone.rest_conferences import conferences, participants, update_participant
from ivr.telephone.rest_messages import create_message
from ivr.telephone.rest_recordings import add_recordings

Work = Callable[[Exchange, dict[str, list[str]]], tuple[int, Body]]
Run = Callable[[Request, str, Work], Awaitable[JSONResponse]]

FIELDS_UNUSED = (
    "phone_number_sid", "price", "answered_by", "forwarded_from", "group_sid", "caller_name",
    "trunk_sid",
)  # fmt: skip


def rest_router(exchange_of: Callable[[Request], Exchange]) -> APIRouter:
    """The routes below the base that stands for https://api.twilio.com."""
    router = APIRouter(prefix="/2010-04-01/Accounts/{account}", include_in_schema=False)

    async def run(request: Request, account: str, work: Work) -> JSONResponse:
        exchange = exchange_of(request)
        try:
            _check_login(request, exchange, account)
            form = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
            status, body = work(exchange, form)
        except RestFault as fault:
            more_info = f"https://www.twilio.com/docs/errors/{fault.code}"
            said = {"code": fault.code, "message": fault.message, "more_info": more_info, "status": fault.status}
            return JSONResponse(said, fault.status)
        return JSONResponse(body, status)

    @router.post("/Calls.json")
    async def create(request: Request, account: str) -> JSONResponse:
        return await run(request, account, _create)

    @router.get("/Calls.json")
    async def listing(request: Request, account: str) -> JSONResponse:
        query = dict(request.query_params)
        return await run(request, account, lambda exchange, _form: (200, _list(exchange, query, account)))

    @router.get("/Calls/{sid}.json")
    async def fetch(request: Request, account: str, sid: str) -> JSONResponse:
        return await run(request, account, lambda exchange, _form: (200, resource(exchange, _leg(exchange, sid))))

    @router.post("/Calls/{sid}.json")
    async def update(request: Request, account: str, sid: str) -> JSONResponse:
        return await run(request, account, lambda exchange, form: _update(exchange, sid, form))

    _beside_calls(router, run)
    add_recordings(router, run)
    return router


def _beside_calls(router: APIRouter, run: Run) -> None:
    """Messages and conferences."""

    @router.post("/Messages.json")
    async def message(request: Request, account: str) -> JSONResponse:
        return await run(request, account, create_message)

    @router.get("/Conferences.json")
    async def listing_of_conferences(request: Request, account: str) -> JSONResponse:
        query = dict(request.query_params)
        return await run(request, account, lambda exchange, _form: (200, conferences(exchange, query)))

    @router.get("/Conferences/{conference}/Participants.json")
    async def listing_of_participants(request: Request, account: str, conference: str) -> JSONResponse:
        query = dict(request.query_params)
        return await run(request, account, lambda exchange, _form: (200, participants(exchange, conference, query)))

    @router.post("/Conferences/{conference}/Participants/{sid}.json")
    async def change_participant(request: Request, account: str, conference: str, sid: str) -> JSONResponse:
        return await run(
            request, account, lambda exchange, form: update_participant(exchange, conference, sid, form)
        )  # fmt: skip


def resource(exchange: Exchange, leg: Leg) -> dict[str, Any]:
    """The Call resource."""
    uri = f"/2010-04-01/Accounts/{exchange.account}/Calls/{leg.sid}"
    return dict.fromkeys(FIELDS_UNUSED) | {
        "sid": leg.sid,
        "parent_call_sid": leg.parent or None,
        "account_sid": exchange.account,
        "api_version": "2010-04-01",
        "date_created": rfc2822(leg.started),
        "date_updated": rfc2822(leg.ended_at or leg.answered_at or leg.started),
        "start_time": rfc2822(leg.answered_at),
        "end_time": rfc2822(leg.ended_at),
        "duration": str(leg.duration) if leg.ended_at else None,
        "direction": leg.direction,
        "from": leg.caller,
        "from_formatted": leg.caller,
        "to": leg.called,
        "to_formatted": leg.called,
        "status": leg.status,
        "price_unit": "USD",
        "queue_time": "0",
        "uri": f"{uri}.json",
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
    }


def _create(exchange: Exchange, form: dict[str, list[str]]) -> tuple[int, Body]:
    to, caller, url = (one(form, name) for name in ("To", "From", "Url"))
    if not to:
        raise RestFault(400, 21201, "No 'To' number is specified")
    if not caller:
        raise RestFault(400, 21213, "No 'From' number is specified")
    if not url.startswith(("http://", "https://")):
        raise RestFault(400, 21205, "Url is not a valid URL")
    reporting = Reporting(one(form, "StatusCallback"), frozenset(form.get("StatusCallbackEvent", ["completed"])))
    ring_seconds = float(one(form, "Timeout") or 60)
    return 201, resource(exchange, exchange.dial(to, caller, url, reporting=reporting, ring_seconds=ring_seconds))


def _update(exchange: Exchange, sid: str, form: dict[str, list[str]]) -> tuple[int, Body]:
    leg = _leg(exchange, sid)
    status, url = one(form, "Status"), one(form, "Url")
    if leg.status in TERMINAL:
        raise RestFault(400, 21220, "Call is not in-progress. Cannot redirect.")
    if status in ("completed", "canceled"):
        if status == "completed" or not leg.answered_at:
            leg.hang_up()
    elif url:
        if leg.status != "in-progress":
            raise RestFault(400, 21220, "Call is not in-progress. Cannot redirect.")
        leg.fallback = one(form, "FallbackUrl")
        leg.execute(Fetch(url))
    else:
        raise RestFault(400, 21218, "Nothing to update")
    return 200, resource(exchange, leg)


def _list(exchange: Exchange, query: dict[str, str], account: str) -> dict[str, Any]:
    names = {"to": "To", "from": "From", "status": "Status", "parent_call_sid": "ParentCallSid"}
    calls = [resource(exchange, leg) for leg in reversed(exchange.legs.values())]
    found = [call for call in calls if all(query.get(asked) in (None, call[name]) for name, asked in names.items())]
    return page(found, "calls", f"/2010-04-01/Accounts/{account}/Calls.json", query)


def _leg(exchange: Exchange, sid: str) -> Leg:
    leg = exchange.legs.get(sid) if re.fullmatch(r"CA[0-9a-f]{32}", sid) else None
    if leg is None:
        raise RestFault(404, 20404, "The requested resource was not found")
    return leg


def _check_login(request: Request, exchange: Exchange, account: str) -> None:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(secret, validate=True)
    except binascii.Error:
        given = b""
    wanted = [f"{name}:{key}".encode() for name, key in {exchange.account: exchange.token, **exchange.keys}.items()]
    known = any(hmac.compare_digest(given, one) for one in wanted)
    if kind.lower() != "basic" or not known or account != exchange.account:
        raise RestFault(401, 20003, "Authenticate")
