"""How routes tell in the API's description what they refuse: problem documents (RFC 9457) by their slugs."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA = "application/problem+json"
SCHEMA = "#/components/schemas/Problem"

# The component behind SCHEMA.
PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "What was refused, and why (RFC 9457). It has changed nothing. Programs decide by `slug`, which "
    "never changes; `title` is an Indonesian sentence for people. A problem may carry more members, such as `number`.",
    "required": ["type", "status", "slug", "title"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "slug": {"type": "string", "pattern": "^[a-z0-9-]+$"},
        "title": {"type": "string", "minLength": 1},
        "field": {"type": "string", "description": "The field of the request that is wrong."},
        "errors": {
            "type": "array",
            "description": "Of `invalid`: every field that is wrong, and how.",
            "items": {
                "type": "object",
                "required": ["field", "kind"],
                "properties": {"field": {"type": "string"}, "kind": {"type": "string"}},
            },
        },
    },
}


# `responses` of a list that is also given as a table (`format=csv`).
TABLE_TOO: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


def faults(by_status: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: {404: "unknown-report", 409: "report-open rule-r11"}; slugs with blanks between."""
    return {status: answer(status, slugs.split()) for status, slugs in by_status.items()}


def answer(status: int, slugs: list[str]) -> dict[str, Any]:
    """One response of the description."""
    common = {"type": "about:blank", "status": status, "title": "Sebabnya, dalam satu kalimat."}
    examples = {slug: {"value": {**common, "slug": slug}} for slug in slugs}
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{slug}`' for slug in slugs)}",
        "content": {MEDIA: {"schema": {"$ref": SCHEMA}, "examples": examples}},
    }
