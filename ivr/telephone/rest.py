"""A stand-in for Twilio's REST API: the calls of an Exchange, with Twilio's paths, fields and errors.

Source of the fields: Twilio's published OpenAPI document (twilio_api_v2010.json, MIT).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ivr.telephone.exchange import Exchange
from ivr.telephone.machine import TERMINAL, Fetch, Leg, Reporting

Body = dict[str, Any] | None
FIELDS_UNUSED = (
    "parent_call_sid", "phone_number_sid", "price", "answered_by", "forwarded_from", "group_sid", "caller_name",
    "trunk_sid",
)  # fmt: skip


class RestFault(Exception):
    """An error in Twilio's words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def rest_router(exchange_of: Callable[[Request], Exchange]) -> APIRouter:
    """The routes below the base that stands for https://api.twilio.com."""
    router = APIRouter(prefix="/2010-04-01/Accounts/{account}", include_in_schema=False)

    async def run(request: Request, account: str, work: Callable[[Exchange, dict[str, list[str]]], tuple[int, Body]],
                  ) -> JSONResponse:  # fmt: skip
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

    return router


def resource(exchange: Exchange, leg: Leg) -> dict[str, Any]:
    """The Call resource."""
    uri = f"/2010-04-01/Accounts/{exchange.account}/Calls/{leg.sid}"
    return dict.fromkeys(FIELDS_UNUSED) | {
        "sid": leg.sid,
        "account_sid": exchange.account,
        "api_version": "2010-04-01",
        "date_created": _rfc2822(leg.started),
        "date_updated": _rfc2822(leg.ended_at or leg.answered_at or leg.started),
        "start_time": _rfc2822(leg.answered_at),
        "end_time": _rfc2822(leg.ended_at),
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
    to, caller, url = (_one(form, name) for name in ("To", "From", "Url"))
    if not to:
        raise RestFault(400, 21201, "No 'To' number is specified")
    if not caller:
        raise RestFault(400, 21213, "No 'From' number is specified")
    if not url.startswith(("http://", "https://")):
        raise RestFault(400, 21205, "Url is not a valid URL")
    reporting = Reporting(_one(form, "StatusCallback"), frozenset(form.get("StatusCallbackEvent", ["completed"])))
    ring_seconds = float(_one(form, "Timeout") or 60)
    return 201, resource(exchange, exchange.dial(to, caller, url, reporting=reporting, ring_seconds=ring_seconds))


def _update(exchange: Exchange, sid: str, form: dict[str, list[str]]) -> tuple[int, Body]:
    leg = _leg(exchange, sid)
    status, url = _one(form, "Status"), _one(form, "Url")
    if leg.status in TERMINAL:
        raise RestFault(400, 21220, "Call is not in-progress. Cannot redirect.")
    if status in ("completed", "canceled"):
        if status == "completed" or not leg.answered_at:
            leg.hang_up()
    elif url:
        if leg.status != "in-progress":
            raise RestFault(400, 21220, "Call is not in-progress. Cannot redirect.")
        leg.execute(Fetch(url))
    else:
        raise RestFault(400, 21218, "Nothing to update")
    return 200, resource(exchange, leg)


def _list(exchange: Exchange, query: dict[str, str], account: str) -> dict[str, Any]:
    wanted = {"to": query.get("To"), "from": query.get("From"), "status": query.get("Status")}
    calls = [resource(exchange, leg) for leg in reversed(exchange.legs.values())]
    found = [call for call in calls if all(value in (None, call[name]) for name, value in wanted.items())]
    size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
    here = f"/2010-04-01/Accounts/{account}/Calls.json?PageSize={size}&Page="
    more = len(found) > (page + 1) * size
    return {
        "calls": found[page * size : (page + 1) * size],
        "first_page_uri": f"{here}0",
        "next_page_uri": f"{here}{page + 1}" if more else None,
        "previous_page_uri": f"{here}{page - 1}" if page else None,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": min(len(found), (page + 1) * size),
        "uri": f"{here}{page}",
    }


def _leg(exchange: Exchange, sid: str) -> Leg:
    leg = exchange.legs.get(sid) if re.fullmatch(r"CA[0-9a-f]{32}", sid) else None
    if leg is None:
        raise RestFault(404, 20404, "The requested resource was not found")
    return leg


def _one(form: dict[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


def _rfc2822(at: float) -> str | None:
    return formatdate(at) if at else None


def _check_login(request: Request, exchange: Exchange, account: str) -> None:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(secret, validate=True)
    except binascii.Error:
        given = b""
    wanted = f"{exchange.account}:{exchange.token}".encode()
    if kind.lower() != "basic" or not hmac.compare_digest(given, wanted) or account != exchange.account:
        raise RestFault(401, 20003, "Authenticate")
