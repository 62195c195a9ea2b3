"""The guard before every route: who asks, may they, and does the form come from our own page."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import cast

from fastapi import Request
from prometheus_client import Counter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_desk import accounts, keys
from agent_desk.accounts import Principal
from agent_desk.permissions import ANYONE, EVERY_SCOPE, Rule, rule_of
from config.clock import Clock
from config.database import Database
from config.errors import Problem

COOKIE = "suar"
FORM_COOKIE = "suar_form"  # visitors without a login: the same random value in cookie and form
CSRF_HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Signed by the carrier, or checked for same origin by the demo telephone itself.
OTHER_PROOF = ("/twilio/", "/telepon/")
API = "/api/"  # the only place of programs with a key
OPEN = ("/livez", "/readyz", "/metrics", *OTHER_PROOF)  # nobody is looked up for these

MEASURED = Counter(
    "suar_api_requests_total",
    "Requests with an API key: allowed, limited, or let through unmeasured because the store was away.",
    ["key", "outcome"],
)

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


class ScopeMissing(Problem):
    """The API key is not for this."""

    slug = "scope-missing"
    status = 403

    def __init__(self, scope: str) -> None:
        super().__init__("Kunci API ini tidak berlaku untuk tindakan itu.")
        self.extra = {"scope": scope}


class RateLimited(Problem):
    """The API key has used up its requests; the headers say when it may ask again."""

    slug = "rate-limited"
    status = 429

    def __init__(self) -> None:
        super().__init__("Terlalu banyak permintaan dengan kunci API ini. Coba lagi sebentar.")


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
    if principal is not None and principal.key:
        await _measure(request, principal)
    path = request.scope["path"]  # as it is routed; `request.url` is put together from what the client sent
    rule = rule_of(request.method, path)
    if ANYONE not in rule.roles:
        if principal is None:
            raise NotLoggedIn()
        _check_rule(rule, principal)
    if request.method not in SAFE and not path.startswith(OTHER_PROOF):
        await _check_form(request, principal)


def principal_of(request: Request) -> Principal:
    """Dependency: who is logged in; only for routes that are not public."""
    principal = request.state.principal
    if principal is None:
        raise NotLoggedIn()
    return cast(Principal, principal)


def _check_rule(rule: Rule, principal: Principal) -> None:
    application = not principal.account
    if not application and principal.role not in rule.roles:
        raise Forbidden()
    if principal.key and rule.scope not in principal.scopes and EVERY_SCOPE not in principal.scopes:
        raise ScopeMissing(rule.scope) if rule.scope else Forbidden()


async def _measure(request: Request, principal: Principal) -> None:
    """The request out of the key's bucket; the answer's headers say what is left of it."""
    measure = await request.app.state.limits.take(principal.key, principal.per_minute)
    outcome = "unmeasured" if measure is None else "allowed" if measure.allowed else "limited"
    MEASURED.labels(principal.key, outcome).inc()
    if measure is not None:
        request.state.headers = measure.headers()
        if not measure.allowed:
            raise RateLimited()


async def _who(request: Request) -> Principal | None:
    path = request.scope["path"]
    if path.startswith(OPEN):
        return None
    key = _api_key(request) if path.startswith(API) else ""
    token = request.cookies.get(COOKIE, "")
    if not key and not token:
        return None

    def look() -> Principal | None:
        now = clock(request).now()
        with database(request).reading() as session:
            if not key:
                return accounts.principal_by_token(session, token, now=now)
            found = keys.principal_by_key(session, key)
        if found is not None and keys.use_is_news(found, now=now):
            with database(request).transaction() as session:
                keys.used(session, found.key, now=now)
        return found

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
    """Adds the headers to every answer, those too that a guard or a route left in `request.state.headers`; lets
    nothing but static files be cached.
    """

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
                for name, value in {**self.headers, **scope.get("state", {}).get("headers", {})}.items():
                    headers.setdefault(name, value)
                if static and b"v=" in scope["query_string"]:
                    headers["Cache-Control"] = "public, max-age=31536000, immutable"
                elif static:
                    headers["Cache-Control"] = "no-cache"
                else:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)
