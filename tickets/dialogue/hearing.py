"""What a written message holds: words, numbers, areas. Pure; the words are the operator's (messages.yaml)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from config.errors import Invalid
from config.operator import Operator
from tickets.customers.phones import normalise

BRIEF = 4  # words; a longer message is no command, whatever words stand in it
_NUMBER = re.compile(r"(?<![\d+])\d(?:[ .-]?\d)*(?!\d)")
_PHONE = re.compile(r"(?<!\d)(?:\+62|62|0)[ -]?8\d(?:[ -]?\d){6,11}(?!\d)")


def plain(text: str) -> str:
    """Small letters and digits, one blank between words, one at either end."""
    return " " + " ".join(re.sub(r"[^\w]", " ", text.lower()).replace("_", " ").split()) + " "


def longest(text: str, words: Iterable[str]) -> int:
    """The length of the longest of these words in the text (`plain`); 0: none."""
    return max((len(word) for word in words if f" {word} " in text), default=0)


def best(text: str, tables: Mapping[str, Iterable[str]]) -> str:
    """The key whose word in the text (`plain`) is the longest; "" when none is there."""
    found = {key: longest(text, words) for key, words in tables.items()}
    key = max(found, key=lambda one: found[one], default="")
    return key if key and found[key] else ""


def choice(text: str, most: int, *, least: int = 1) -> int | None:
    """The number somebody answers a list with: `2`, `2.`, `nomor 2`."""
    found = re.fullmatch(r" (?:no |nomor |pilih |pilihan )?(\d{1,2}) ", plain(text))
    number = int(found[1]) if found else -1
    return number if least <= number <= most else None


def numbers(text: str, *lengths: int) -> list[str]:
    """The numbers of these lengths, each once, in their order; telephone numbers are none of them.

    Digits may be grouped by blanks, dots and hyphens. A message that is one such number is what was asked for.
    """
    alone = re.sub(r"[ .-]", "", text.strip())
    if alone.isdecimal() and alone.isascii() and len(alone) in lengths:
        return [] if _PHONE.fullmatch(alone) else [alone]
    found: list[str] = []
    for match in _NUMBER.finditer(_PHONE.sub(" ", text)):
        parts = re.split(r"[ .-]", match[0])
        joined = "".join(parts)
        found += [one for one in ([joined] if len(joined) in lengths else parts) if len(one) in lengths]
    return list(dict.fromkeys(one for one in found if one.isascii()))


def only_telephone(text: str) -> bool:
    """Whether the message is a mobile number and nothing else."""
    return _PHONE.fullmatch(text.strip()) is not None


def telephone(text: str) -> str:
    """The first mobile number in the text (E.164), "" when there is none."""
    found = _PHONE.search(text)
    try:
        return normalise(found[0] if not found[0].startswith("62") else f"+{found[0]}") if found else ""
    except Invalid:
        return ""


def areas(text: str, known: Operator) -> list[str]:
    """The areas that are meant: those named in the text, the most exact only; else those the text is a part of."""
    heard = plain(text)
    names = {code: plain(area.name) for code, area in known.areas.areas.items()}
    short = {code: re.sub(r"^ (kota|kabupaten|kecamatan) ", " ", name) for code, name in names.items()}
    said = [code for code in names if names[code] in heard or short[code] in heard]
    said = [code for code in said if not any(other.startswith(f"{code}.") for other in said)]
    if len(said) > 1:
        exact = [code for code in said if names[code] in heard]
        said = exact or said
    if said or len(heard) < 5:  # three letters and the blanks
        return said
    return [code for code, name in names.items() if heard.strip() in name]
