"""/masuk, /keluar and the way home."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from agent_desk import accounts
from agent_desk.accounts import Principal, TooManyAttempts, WrongLogin
from agent_desk.pages import render, set_cookie
from agent_desk.permissions import HOME, Role, who_may
from agent_desk.security import COOKIE, clock, database
from config.errors import Problem
from config.settings import settings
from router.agents import CsoState
from router.store.acd import Acd
from router.store.answers import levels
from router.store.types import Cso
from tickets.schemas import Text

router = APIRouter(include_in_schema=False)


@router.get("/")
async def home(request: Request) -> Response:
    """To the page of the role; a visitor to the login."""
    principal: Principal | None = request.state.principal
    return RedirectResponse(HOME[principal.role] if principal else "/masuk", 303)


@router.get("/masuk")
async def form(request: Request, ke: str = "") -> Response:
    """The login page."""
    if request.state.principal is not None:
        return RedirectResponse(HOME[request.state.principal.role], 303)
    return render(request, "masuk.html", login="", ke=_inside(ke), fault=None)


@router.post("/masuk")
async def log_in(
    request: Request,
    username: Annotated[Text, Form(max_length=64)],
    password: Annotated[str, Form(max_length=200)],
    ke: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Checks name and password; a CSO is announced to the router as paused."""
    login = username.strip().lower()
    try:
        token, principal = await asyncio.to_thread(_check, request, login, password)
    except (WrongLogin, TooManyAttempts) as fault:
        return render(request, "masuk.html", fault.status, login=login, ke=_inside(ke), fault=fault)
    if principal.role == Role.CSO:
        with contextlib.suppress(Problem):  # while the store is away: /meja does it later
            await log_in_cso(request.app.state.acd, principal)
    target = _inside(ke)
    if not target or principal.role not in who_may("GET", target):
        target = HOME[principal.role]
    response = RedirectResponse(target, 303)
    set_cookie(response, COOKIE, token, seconds=int(accounts.SHIFT.total_seconds()))
    return response


@router.post("/keluar")
async def log_out(request: Request) -> Response:
    """Ends this login; a CSO gets no more calls (after the one it has)."""
    principal: Principal = request.state.principal
    if principal.role == Role.CSO and not await _ask_out(request.app.state.acd, principal.login):
        raise Problem("Belum tercatat keluar: server telepon tidak menjawab. Coba lagi.", status=503)

    def end() -> None:
        with database(request).transaction() as session:
            accounts.revoke(session, principal.session)

    await asyncio.to_thread(end)
    response = RedirectResponse("/masuk", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _check(request: Request, login: str, password: str) -> tuple[str, Principal]:
    now, db = clock(request).now(), database(request)
    place = f"login:{login}:{request.client.host if request.client else ''}"
    with db.reading() as session:
        accounts.check_throttle(session, place, now=now)
        account = accounts.check_password(session, login, password)
    if account is None:
        with db.transaction() as session:
            left = accounts.count_failure(session, place, now=now)
        raise WrongLogin(left)
    with db.transaction() as session:
        accounts.forgive(session, place)
        account = session.merge(account, load=False)
        token, row = accounts.open_session(session, account, now=now)
        return token, accounts.principal_of(account, row)


def endpoint_of(principal: Principal) -> tuple[str, str]:
    """(carrier, endpoint) of a CSO's telephone."""
    if settings().asterisk:
        return "asterisk", principal.endpoint or principal.login
    return "twilio", principal.endpoint or f"client:{principal.login}"


async def log_in_cso(acd: Acd, principal: Principal) -> Cso:
    """A CSO becomes known to the router, paused; a second login of the same CSO is no fault."""
    carrier, endpoint = endpoint_of(principal)
    return await acd.log_in(
        principal.login, queues=principal.queues, endpoint=endpoint, carrier=carrier, skills=levels(principal.skills)
    )


async def _ask_out(acd: Acd, login: str) -> bool:
    try:
        await acd.ask_state(login, CsoState.LOGGED_OUT)
    except Problem as problem:
        return problem.slug in ("unknown-cso", "illegal-move")
    return True


def _inside(target: str) -> str:
    """Only a path of ours: no address of another site, no second slash."""
    parts = urlsplit(target)
    fine = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return parts.path if fine else ""
