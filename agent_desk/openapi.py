"""The API's description of itself, `GET /api/v1/openapi.json`: complete and true; tests fuzz the API by it.

Who may use an operation and which scope a key needs come from the table of permissions, what every operation may refuse
from here, what only one refuses from agent_desk/refusals.py or its route (config/openapi.py).
"""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from agent_desk.permissions import ANYONE, FOR_APPLICATIONS, Rule, rule_of
from agent_desk.refusals import refusals
from config.openapi import MEDIA, PROBLEM, answer

ABOUT = """\
Reports, their tracking, outages, customers, work orders and the live queues of the hotline 123. Field names are those
of CIM (IEC 61968-3) where it has one. Instants carry their zone. docs/api.md is for who integrates an application.

Whatever is refused is a problem document with a stable `slug`. Writing requests may be sent again with the same
`Idempotency-Key`. Requests with a key are limited per minute; `RateLimit` tells what is left.
"""
SECURITY: dict[str, Any] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "`suar key create`; it has scopes."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "The same key, as `Authorization: Bearer …`."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "suar",
        "description": "A login in a browser; writing requests also carry `X-CSRF-Token`.",
    },
}
HEADERS: dict[str, Any] = {
    "RateLimit": {
        "description": "With a key: requests left, seconds until all are back.",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {"description": "With a key: requests per 60 seconds.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
}
METHODS = ("get", "post", "put", "patch", "delete")


def describe(app: FastAPI) -> dict[str, Any]:
    """The description; made once."""
    if app.openapi_schema is None:
        told = get_openapi(title="Suar", version="1", description=ABOUT, routes=app.routes)
        told["paths"] = {path: item for path, item in told["paths"].items() if path.startswith("/api/")}
        parts = told.setdefault("components", {})
        parts["securitySchemes"], parts["headers"] = SECURITY, HEADERS
        schemas = parts.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = PROBLEM
        for path, item in told["paths"].items():
            for method in METHODS:
                if method in item:
                    _operation(method.upper(), path, item[method])
        app.openapi_schema = told
    return app.openapi_schema


def _operation(method: str, path: str, operation: dict[str, Any]) -> None:
    rule = rule_of(method, re.sub(r"\{[^}]+\}", "1", path))
    operation["security"] = _security(rule)
    operation["description"] = "\n\n".join(filter(None, [operation.get("description", ""), _who(rule)]))
    responses = operation["responses"]
    if MEDIA not in responses.get("422", {}).get("content", {}):
        responses.pop("422", None)  # FastAPI's own form of it, which we do not use
    own, common = refusals(method, path), _common(method, operation)
    for status in own.keys() | common.keys():
        key, slugs = str(status), [*own.get(status, []), *common.get(status, [])]
        if key in responses:
            _join(responses[key], answer(status, slugs))
        else:
            responses[key] = answer(status, slugs)
    for key, response in responses.items():
        names = [name for name in HEADERS if key == "429" or name != "Retry-After"]
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    operation["responses"] = dict(sorted(responses.items()))


def _security(rule: Rule) -> list[dict[str, list[str]]]:
    if ANYONE in rule.roles:
        return []
    scopes = [rule.scope] if rule.scope else []
    return [{"key": scopes}, {"bearer": scopes}, {"session": []}]


def _who(rule: Rule) -> str:
    if ANYONE in rule.roles:
        return "Open to everyone."
    who = f"Roles: {', '.join(sorted(rule.roles))}."
    if rule.scope:
        who += f" Scope: `{rule.scope}`{', applications too' if rule.scope in FOR_APPLICATIONS else ''}."
    return who


def _common(method: str, operation: dict[str, Any]) -> dict[int, list[str]]:
    """What every operation of this form may answer, whatever it is about."""
    writes, body = method != "GET", "requestBody" in operation
    found = {
        400: ["bad-request"] if body else [],
        401: ["not-logged-in"],
        403: ["forbidden", "scope-missing", *(["csrf"] if writes else [])],
        404: ["not-found"] if any(one["in"] == "path" for one in operation.get("parameters", [])) else [],
        413: ["content-too-large"] if body else [],
        422: ["invalid"],
        429: ["rate-limited"],
        503: ["database-unavailable", "store-unavailable"],
    }
    if any("48 hours" in one.get("description", "") for one in operation.get("parameters", [])):
        found |= {409: ["request-running"], 422: ["invalid", "key-reused"]}
    return {status: slugs for status, slugs in found.items() if slugs}


def _join(own: dict[str, Any], common: dict[str, Any]) -> None:
    """The slugs of a route stand first."""
    content = own.setdefault("content", {}).setdefault(MEDIA, common["content"][MEDIA])
    content["examples"] = {**content.get("examples", {}), **common["content"][MEDIA]["examples"]}
    own["description"] = f"{own['description']}, {common['description'].partition(': ')[2]}"
