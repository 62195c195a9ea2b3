"""What a report is about (reports.yaml), and the answers that belong to it: pure checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from config.errors import Invalid
from config.operator import operator
from config.schema.reports import UNSAID_COMPLAINT, UNSAID_FAULT, DetailField, ReportCategory
from tickets.kinds import ReportKind

LONGEST = 240  # characters of one answer
MOST = 2**53 - 1  # what JSON keeps exactly everywhere
_UNSAID = {ReportKind.GANGGUAN: UNSAID_FAULT, ReportKind.KELUHAN: UNSAID_COMPLAINT}
_GROUPED = re.compile(r"\d{1,3}(\.\d{3})+")  # 2.200, as numbers are written here


def category(kind: ReportKind, code: str) -> tuple[str, ReportCategory]:
    """The category with its code; "" is the one of who does not say. Raises Invalid (`category-missing`: a request
    says what is asked for; `unknown-category`).
    """
    wanted = code or _UNSAID.get(kind, "")
    if not wanted:
        raise Invalid("Sebutkan apa yang diminta.", slug="category-missing", field="troubleCode")
    known = operator().reports.of(kind.value)
    if wanted not in known:
        raise Invalid("Jenis laporan itu tidak dikenal.", slug="unknown-category", field="troubleCode")
    return wanted, known[wanted]


def label(kind: ReportKind, code: str) -> str:
    """The category as people see it; the code itself when the operator has taken it out since."""
    found = operator().reports.of(kind.value).get(code)
    return found.label if found else code


def details(wanted: ReportCategory, told: Mapping[str, Any]) -> dict[str, str | int]:
    """The answers in the form they are kept: text without blanks around it, whole numbers, codes of choices; an empty
    answer is none. Raises Invalid with the field's name: `detail-unknown`, `detail-missing`, `detail-wrong`.
    """
    fields = {field.name: field for field in wanted.fields}
    for name in told:
        if name not in fields:
            raise Invalid("Isian itu tidak ditanyakan untuk jenis ini.", slug="detail-unknown", field="details")
    kept = {}
    for name, field in fields.items():
        value = told.get(name)
        text = value.strip() if isinstance(value, str) else value
        if text is None or text == "":
            if field.required:
                raise Invalid(f"{field.label} belum diisi.", slug="detail-missing", field=name)
            continue
        kept[name] = _answer(field, text)
    return kept


def _answer(field: DetailField, told: Any) -> str | int:
    answer = _number(field, told) if field.kind == "number" else _text(field, told)
    if answer is None:
        raise Invalid(f"{field.label}: bentuknya keliru.", slug="detail-wrong", field=field.name)
    return answer


def _number(field: DetailField, told: Any) -> int | None:
    if isinstance(told, str):
        digits = told.replace(".", "") if _GROUPED.fullmatch(told) else told
        told = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None
    if not isinstance(told, int) or isinstance(told, bool):
        return None
    low = -MOST if field.least is None else field.least
    high = MOST if field.most is None else field.most
    return told if low <= told <= high else None


def _text(field: DetailField, told: Any) -> str | None:
    if not isinstance(told, str) or len(told) > LONGEST or not told.isprintable():
        return None
    if field.kind == "choice":
        return told if told in field.choices else None
    return told if not field.pattern or re.fullmatch(field.pattern, told, re.ASCII) else None
