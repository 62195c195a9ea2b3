"""Telephone numbers in one form: E.164."""

from __future__ import annotations

import re

import phonenumbers

from config.errors import Invalid

SHAPE = re.compile(r"\+?[0-9][0-9 ().-]*|\([0-9][0-9 ().-]*")  # letters would be read as keys of a telephone
HOME = 62


def normalise(text: str) -> str:
    """`0812…`, `62 812…` and `+62812…` as `+62812…`; "" (withheld) stays. Raises Invalid `phone`, digits untold."""
    if not text.strip():
        return ""
    number = _parsed(text.strip())
    if number is None:
        raise Invalid("Nomor telepon tidak dikenali bentuknya; tulis dari 0 atau +62.", slug="phone", field="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parsed(text: str) -> phonenumbers.PhoneNumber | None:
    """Long enough to be dialled from elsewhere, too; at home no number begins with 0 behind the trunk's 0."""
    if not SHAPE.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, "ID")
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    wrong = reason != phonenumbers.ValidationResult.IS_POSSIBLE or (
        number.country_code == HOME and bool(number.italian_leading_zero)
    )
    return None if wrong else number
