"""What the answers of the stand-in's REST API have in common."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

Body = dict[str, Any] | None


class RestFault(Exception):
    """An error in Twilio's words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def one(form: dict[str, list[str]], name: str) -> str:
    """The value of a field of a form, "" when it is not there."""
    return form.get(name, [""])[0]


def rfc2822(at: float) -> str | None:
    """An instant as the API writes it; 0 = not yet."""
    return formatdate(at) if at else None


def page(found: list[dict[str, Any]], name: str, address: str, query: Mapping[str, str]) -> dict[str, Any]:
    """One page of a list."""
    size, number = int(query.get("PageSize", 50)), int(query.get("Page", 0))
    here = f"{address}?PageSize={size}&Page="
    more = len(found) > (number + 1) * size
    return {
        name: found[number * size : (number + 1) * size],
        "first_page_uri": f"{here}0",
        "next_page_uri": f"{here}{number + 1}" if more else None,
        "previous_page_uri": f"{here}{number - 1}" if number else None,
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": min(len(found), (number + 1) * size),
        "uri": f"{here}{number}",
    }
