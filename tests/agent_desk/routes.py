"""Every route of the application, with example values in the place of parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount


def every_route(app: FastAPI) -> list[tuple[str, str]]:
    """(method, path) of all of them, static files apart."""
    return sorted(set(_walk(app.routes, "")))


def _walk(routes: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes, prefix + route.include_context.prefix)
        elif not isinstance(route, Mount):
            path = re.sub(r"\{number[^}]*\}", "54000000001", prefix + route.path)
            path = re.sub(r"\{[^}]+\}", "1", path)
            yield from ((method, path) for method in route.methods if method not in ("HEAD", "OPTIONS"))
