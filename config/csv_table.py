"""Tables for programs like Excel: UTF-8, a header, and nothing that a table program would compute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

MEDIA = "text/csv; charset=utf-8"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The whole table as text."""
    return lines([header, *rows])


def lines(rows: Iterable[Sequence[object]]) -> str:
    """A part of a table; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue()


def _plain(value: object) -> object:
    """A text that begins like a formula gets an apostrophe before it; a telephone number is such a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
