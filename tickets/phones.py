"""Telephone numbers in one form: E.164."""

from __future__ import annotations

import phonenumbers

from config.errors import Invalid


def normalise(text: str) -> str:
    """`0812…`, `62 812…` and `+62812…` as `+62812…`; "" (withheld) stays. Raises Invalid `phone`, digits untold."""
    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, "ID")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise Invalid("Nomor telepon tidak dikenali bentuknya; tulis dari 0 atau +62.", slug="phone", field="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
