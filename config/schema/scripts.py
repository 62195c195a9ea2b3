"""scripts.yaml: what is said about a report, by a CSO and in the menu (docs/rules.md). Placeholders in braces.

The parts of one sentence are joined by commas when it is rendered (tickets/scripts.py), so none ends with a stop.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from config.schema.base import Shape, template

RELATED = "Nomor Laporan Terkait G: {number}"  # literal: the instruction's L138, decision C4


def _part(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    if not text:
        raise ValueError("must say something")
    if text[-1] in ".,;":
        raise ValueError(f"must not end with {text[-1]!r}: parts are joined by commas, the stop is set by itself")
    return text


def _literal(text: str) -> str:
    if text != RELATED:
        raise ValueError(f"must be {RELATED!r}: whoever searches for related reports looks for these words")
    return text


Part = Annotated[str, AfterValidator(_part)]
Plain = Annotated[Part, template(may=("salutation",))]


class Promise(Shape):
    """S1: less than three hours, and the first call."""

    say: Plain
    promotion: Plain = Field(description='Of PLN Mobile: added only for "1 bangunan padam" (R08).')


class Position(Shape):
    """S2: three hours or more, the crew is on its way and its position is known."""

    say: Annotated[Part, template("street", may=("salutation",))]
    promotion: Plain


class Late(Shape):
    """S3: three hours or more, without a position."""

    say: Plain
    repeated: Plain = Field(description="Added when this contact's Lapor Ulang is required.")
    offered: Plain = Field(description="Added when Lapor Ulang is only offered (C8).")
    promotion: Plain


class MissingData(Shape):
    """S4: the completion note says why the report could not be finished (L325 to L331)."""

    data_incomplete: Plain
    phone_unreachable: Plain


class Completed(Shape):
    """How a closed report was finished; `note` is added when the unit wrote one."""

    say: Annotated[Part, template("resolved", may=("salutation",))]
    note: Annotated[Part, template("note", may=("salutation",))]


class Related(Shape):
    """N1: what is written into a new complaint after a closed one (L138)."""

    cso: Annotated[str, template("prefix", "cso")] = Field(description="The tag of the CSO who took it: CC.54.HANA.")
    number: Annotated[str, AfterValidator(_literal)]


class Question(Shape):
    """One answer about PLN Mobile, step by step (R03 to R05)."""

    question: Plain
    answer: list[Annotated[str, template(may=("salutation",))]] = Field(min_length=1)


class Spoken(Shape):
    """The sentences that are told to a caller, by a CSO or by the telephone menu."""

    promise: Promise
    position: Position
    late: Late
    missing_data: MissingData
    completed: Completed


class Scripts(Spoken):
    related: Related
    guide: list[Question] = Field(min_length=1)
    en: Spoken | None = Field(
        default=None, description="For callers who chose English in the menu; absent: they hear the Indonesian."
    )

    def of(self, language: str) -> Spoken:
        """The sentences in a language of the menu."""
        return self.en if language == "en" and self.en is not None else self
