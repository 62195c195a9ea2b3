"""Rendering: one Jinja environment, the words as filters, the form token in every page."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from agent_desk import security, words
from config.settings import settings

HERE = Path(__file__).parent
STATIC = HERE / "static"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of this process. An undefined name is an error, not an empty place on a screen."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "clock": words.clock,
        "moment": words.moment,
        "age": words.age,
        "phone": words.masked_phone,
        "local": words.local_number,
        "idpel": words.masked_idpel,
        "grouped": words.grouped,
    }
    env.globals |= {"static": static, "words": words}
    return env


@lru_cache(maxsize=64)
def _version(name: str, mtime: int) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def static(name: str) -> str:
    """The address of a static file with its version, so that it may be cached for ever."""
    path = STATIC / name
    if not path.is_file():
        return f"/static/{name}"
    return f"/static/{name}?v={_version(name, path.stat().st_mtime_ns)}"


def render(request: Request, template: str, code: int = 200, /, **context: Any) -> HTMLResponse:
    """A page or a fragment. Visitors get the cookie that proves that a form is from our page."""
    principal = getattr(request.state, "principal", None)
    csrf = getattr(request.state, "csrf", None)
    # Where the guard was not asked (an address that does not exist) nothing is known of the visitor's cookie.
    fresh = security.new_form_token() if csrf == "" else ""
    html = (
        environment()
        .get_template(template)
        .render(
            me=principal,
            csrf=csrf or fresh,
            now=security.clock(request).now(),
            demo=settings().demo,
            **context,
        )
    )
    response = HTMLResponse(html, code)
    if fresh:
        set_cookie(response, security.FORM_COOKIE, fresh)
    return response


def set_cookie(response: HTMLResponse | Any, name: str, value: str, *, seconds: int | None = None) -> None:
    """HttpOnly, SameSite=Lax; Secure when we are reached over HTTPS."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=settings().base_url.startswith("https:"),
        path="/",
    )
