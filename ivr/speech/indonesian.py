"""Indonesian read aloud by rule: numbers, ordinals, digits, times with their zone, durations (own rules).

`spoken` is what the renderer applies to every text: captions keep their figures, the voice gets words.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_DIGITS = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
# Each power with its name; "satu ratus" and "satu ribu" have words of their own, "satu juta" has not.
_POWERS = ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (1000, "ribu"), (100, "ratus"), (10, "puluh"))
_LIMIT = 10**15
_ZONES = {"WIB": "W I B", "WITA": "Wita", "WIT": "W I T"}


_MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli"),
    *("Agustus", "September", "Oktober", "November", "Desember"),
)


def caption(name: str, value: str) -> str:
    """As it stands in an Indonesian sentence: a place in line is an ordinal."""
    return f"ke-{value}" if name == "place" else value


def number(value: int) -> str:
    """A cardinal: 14 → "empat belas", 1230 → "seribu dua ratus tiga puluh"."""
    if value < 0:
        return f"minus {number(-value)}"
    if value >= _LIMIT:
        return digits(str(value))
    if value < 10:
        return _DIGITS[value]
    if value < 20:
        return {10: "sepuluh", 11: "sebelas"}.get(value) or f"{_DIGITS[value - 10]} belas"
    for power, name in _POWERS:
        if value >= power:
            return _of(value, power, name)
    raise AssertionError("every number from 20 has a power")


def _of(value: int, power: int, name: str) -> str:
    count, rest = divmod(value, power)
    head = f"se{name}" if count == 1 and power <= 1000 else f"{number(count)} {name}"
    return f"{head} {number(rest)}" if rest else head


def ordinal(value: int) -> str:
    """1 → "pertama", 3 → "ketiga", 12 → "kedua belas"."""
    return "pertama" if value == 1 else f"ke{number(value)}"


def digits(text: str) -> str:
    """One after the other: "081" → "nol delapan satu"."""
    return " ".join(_DIGITS[int(digit)] for digit in text if digit.isdecimal())


def time(hour: int, minute: int, zone: str = "") -> str:
    """21.30 WIB → "pukul dua puluh satu lewat tiga puluh menit W I B"."""
    past = f" lewat {number(minute)} menit" if minute else ""
    return f"pukul {number(hour)}{past}{f' {_ZONES.get(zone, zone)}' if zone else ''}"


def duration(minutes: int) -> str:
    """75 → "satu jam lima belas menit"."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{number(hours)} jam"] if hours else []
    if rest or not hours:
        parts.append(f"{number(rest)} menit")
    return " ".join(parts)


def date(day: int, month: int, year: int | None = None) -> str:
    """4.8.2019 → "empat Agustus dua ribu sembilan belas"."""
    return f"{number(day)} {_MONTHS[month - 1]}" + (f" {number(year)}" if year else "")


def money(rupiah: int) -> str:
    """5000 → "lima ribu rupiah"."""
    return f"{number(rupiah)} rupiah"


_SHORT = {"Jl": "Jalan", "Jln": "Jalan", "Gg": "Gang", "Jend": "Jenderal", "Kec": "Kecamatan", "Kel": "Kelurahan"}
_SIGNS = {"%": " persen", "±": "kurang lebih ", "&": " dan ", "/": " garis miring "}
Found = re.Match[str]


def _plain(figures: str) -> str:
    return number(int(figures.replace(".", "")))


def _decimal(whole: str, part: str | None) -> str:
    return f"{_plain(whole)} koma {digits(part)}" if part else _plain(whole)


# In this order: what is longer is read first.
_RULES: tuple[tuple[str, Callable[[Found], str]], ...] = (
    (
        r"(?:\bpukul )?\b([01]?\d|2[0-4])[.:]([0-5]\d)(?: (WIB|WITA|WIT))?\b(?![.,]?\d)",
        lambda found: time(int(found[1]), int(found[2]), found[3] or ""),
    ),
    (
        r"\b(0?[1-9]|[12]\d|3[01])[/-](0?[1-9]|1[0-2])[/-](\d{4})\b",
        lambda found: date(int(found[1]), int(found[2]), int(found[3])),
    ),
    (
        r"\bRp ?(\d+)(?:,(\d{1,2}))? (ribu|juta|miliar|triliun)\b",
        lambda found: f"{_decimal(found[1], found[2])} {found[3]} rupiah",
    ),
    (r"\bRp ?(\d{1,3}(?:\.\d{3})+|\d+)(?:,00)?(?!\d)", lambda found: money(int(found[1].replace(".", "")))),
    (r"\b\d{1,3}(?:\.\d{3})+\b", lambda found: _plain(found[0])),
    (r"\bke-(\d{1,4})\b", lambda found: ordinal(int(found[1]))),
    (r"\b(?:0\d+|\d{7,})\b", lambda found: digits(found[0])),
    (r"\b(\d{1,6}),(\d{1,4})\b", lambda found: _decimal(found[1], found[2])),
    (r"\b\d{1,6}\b", lambda found: _plain(found[0])),
    (r"\b(?:WIB|WITA|WIT)\b", lambda found: _ZONES[found[0]]),
    (rf"\b({'|'.join(_SHORT)})\.", lambda found: _SHORT[found[1]]),
    (r"[%±&/]", lambda found: _SIGNS[found[0]]),
)


def spoken(text: str) -> str:
    """The text as a voice should get it: no figures, no abbreviations of zones, no signs."""
    for pattern, read in _RULES:
        text = re.sub(pattern, read, text)
    return re.sub(r"\s+", " ", text).strip()
