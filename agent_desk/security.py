"""The guard before every route: who asks, may they, and does the form come from our own page."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import cast

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_desk import accounts
from agent_desk.accounts import Principal
from agent_desk.permissions import ANYONE, who_may
from config.clock import Clock
from config.database import Database
from config.errors import Problem

COOKIE = "suar"
FORM_COOKIE = "suar_form"  # visitors without a login: the same random value in cookie and form
CSRF_HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Signed by the carrier, or checked for same origin by the demo telephone itself.
OTHER_PROOF = ("/twilio/", "/telepon/")
OPEN = ("/livez", "/readyz", "/metrics", *OTHER_PROOF)  # nobody is looked up for these

CSP = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(self)",
}


class NotLoggedIn(Problem):
    """No valid session and no API key."""

    slug = "not-logged-in"
    status = 401

    def __init__(self) -> None:
        super().__init__("Silakan masuk dulu.")


class Forbidden(Problem):
    """The role does not allow it."""

    slug = "forbidden"
    status = 403

    def __init__(self) -> None:
        super().__init__("Halaman ini bukan untuk peran Anda.")


class WrongOrigin(Problem):
    """A form without this session's token: not from our page, or from before a new login."""

    slug = "csrf"
    status = 403

    def __init__(self) -> None:
        super().__init__("Formulir ini sudah kedaluwarsa. Muat ulang halaman lalu kirim lagi.")


def database(request: Request) -> Database:
    """The database of this application."""
    return cast(Database, request.app.state.db)


def clock(request: Request) -> Clock:
    """The clock of this application."""
    return cast(Clock, request.app.state.clock)


async def guard(request: Request) -> None:
    """Dependency of every route. Leaves `request.state.principal` (None = visitor) and `request.state.csrf`."""
    request.state.principal = principal = await _who(request)
    request.state.csrf = principal.csrf if principal else request.cookies.get(FORM_COOKIE, "")
    path = request.scope["path"]  # as it is routed; `request.url` is put together from what the client sent
    roles = who_may(request.method, path)
    if ANYONE not in roles:
        if principal is None:
            raise NotLoggedIn()
        if principal.role not in roles:
            raise Forbidden()
    if request.method not in SAFE and not path.startswith(OTHER_PROOF):
        await _check_form(request, principal)


def principal_of(request: Request) -> Principal:
    """Dependency: who is logged in; only for routes that are not public."""
    principal = request.state.principal
    if principal is None:
        raise NotLoggedIn()
    return cast(Principal, principal)


async def _who(request: Request) -> Principal | None:
    if request.scope["path"].startswith(OPEN):
        return None
    key = _api_key(request)
    token = request.cookies.get(COOKIE, "")
    if not key and not token:
        return None

    def look() -> Principal | None:
        with database(request).reading() as session:
            if key:
                return accounts.principal_by_key(session, key)
            return accounts.principal_by_token(session, token, now=clock(request).now())

    return await asyncio.to_thread(look)


def _api_key(request: Request) -> str:
    if request.headers.get("x-api-key"):
        return request.headers["x-api-key"]
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def _check_form(request: Request, principal: Principal | None) -> None:
    if principal is not None and not principal.csrf:
        return  # an API key is sent by programs only, never by a browser on its own
    sent = request.headers.get(CSRF_HEADER, "")
    if not sent and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get("csrf", "")
        sent = field if isinstance(field, str) else ""
    if not sent or not request.state.csrf or not hmac.compare_digest(sent.encode(), request.state.csrf.encode()):
        raise WrongOrigin()


def new_form_token() -> str:
    """For a visitor's first form."""
    return secrets.token_urlsafe(24)


class SecurityHeaders:
    """Adds the headers to every answer, and lets nothing but static files be cached."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = dict(HEADERS)
        if https:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if static and b"v=" in scope["query_string"]:
                    headers["Cache-Control"] = "public, max-age=31536000, immutable"
                elif static:
                    headers["Cache-Control"] = "no-cache"
                else:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)
