"""Every error becomes a problem document (RFC 9457) for programs and a polite sentence for people."""

from __future__ import annotations

import logging
import math
import traceback
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_desk.accounts import TooManyAttempts
from agent_desk.pages import render
from agent_desk.security import NotLoggedIn, clock
from config.errors import Problem

log = logging.getLogger(__name__)

MACHINES = ("/api/", "/twilio/", "/telepon/", "/livez", "/readyz", "/metrics", "/static/")
# Stable names, whatever the standard library's phrases become.
SLUGS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "content-too-large"}
SENTENCES = {
    404: "Halaman itu tidak ada.",
    405: "Tindakan itu tidak berlaku di alamat ini.",
    413: "Kiriman terlalu besar.",
    422: "Isian belum lengkap atau bentuknya keliru.",
    500: "Ada kesalahan di pihak kami; sudah tercatat. Silakan coba lagi.",
    503: "Layanan sedang tidak siap. Silakan coba lagi sebentar.",
}


def install(app: FastAPI) -> None:
    """Registers one handler per kind of error."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(DBAPIError, _database)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class only
    if isinstance(error, NotLoggedIn) and not wants_json(request):
        return _to_login(request)
    extra = {"field": error.field} if error.field else {}
    extra |= getattr(error, "extra", {})
    response = answer(request, error.status, error.slug, error.title, **extra)
    if isinstance(error, TooManyAttempts):
        left = error.until - clock(request).now()
        response.headers["Retry-After"] = str(max(1, math.ceil(left.total_seconds())))
    return response


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    status = error.status_code
    slug = SLUGS.get(status, f"http-{status}")
    response = answer(request, status, slug, SENTENCES.get(status, HTTPStatus(status).phrase))
    response.headers.update(error.headers or {})
    return response


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    # Where and what kind of fault; never the value, which may be personal.
    faults = [{"field": ".".join(map(str, e["loc"])), "kind": e["type"]} for e in error.errors()]
    first = str(error.errors()[0]["loc"][-1])
    return answer(request, 422, "invalid", SENTENCES[422], field=first, errors=faults)


async def _database(request: Request, error: Exception) -> Response:
    log.error("database: %s", type(error).__name__)
    return answer(request, 503, "database-unavailable", SENTENCES[503])


def unhandled(error: BaseException, where: str) -> None:
    """Logs where it happened and of what kind; exception texts may hold caller data and stay out."""
    frames = "".join(traceback.format_tb(error.__traceback__)[-6:])
    log.error("%s at %s\n%s", type(error).__name__, where, frames)


def wants_json(request: Request) -> bool:
    """Programs get problem documents: by address, or because they did not ask for a page."""
    if request.scope["path"].startswith(MACHINES):
        return True
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def answer(request: Request, status: int, slug: str, title: str, **extra: Any) -> Response:
    """The error in the form the asker understands."""
    if wants_json(request):
        body = {"type": "about:blank", "status": status, "slug": slug, "title": title, **extra}
        return JSONResponse(body, status, media_type="application/problem+json")
    name = "galat_potongan.html" if request.headers.get("hx-request") else "galat.html"
    field = extra.get("field", "")
    return render(request, name, status, status=status, title=title, slug=slug, field=field)


def _to_login(request: Request) -> Response:
    target = f"/masuk?ke={quote(request.url.path)}" if request.method == "GET" else "/masuk"
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": "/masuk"})
    return RedirectResponse(target, 303)
