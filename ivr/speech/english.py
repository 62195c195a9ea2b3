"""English read aloud by rule, for callers in Indonesia: figures as there, words as in Britain (own rules).

Captions keep 24 hours and the zone ("18:58 WIB"), money in rupiah; the voice gets words.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_POWERS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_LIMIT = 10**15
_ORDINALS = {
    **{"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"},
    "twelve": "twelfth",
}
_ZONES = {"WIB": "Western Indonesia Time", "WITA": "Central Indonesia Time", "WIT": "Eastern Indonesia Time"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_INDONESIAN_MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli"),
    *("Agustus", "September", "Oktober", "November", "Desember"),
)


def caption(name: str, value: str) -> str:
    """As it stands in an English sentence: the months of the calendar have English names."""
    if name == "month" and value in _INDONESIAN_MONTHS:
        return _MONTHS[_INDONESIAN_MONTHS.index(value)]
    return value


def number(value: int) -> str:
    """A cardinal: 1234 → "one thousand two hundred and thirty-four"."""
    if value < 0:
        return f"minus {number(-value)}"
    if value >= _LIMIT:
        return digits(str(value))
    if value < 20:
        return _SMALL[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        return f"{_TENS[tens]}-{_SMALL[rest]}" if rest else _TENS[tens]
    power, name = next(found for found in _POWERS if value >= found[0])
    count, rest = divmod(value, power)
    head = f"{number(count)} {name}"
    if not rest:
        return head
    return f"{head} and {number(rest)}" if rest < 100 else f"{head} {number(rest)}"


def ordinal(value: int) -> str:
    """1 → "first", 23 → "twenty-third"."""
    head, joint, last = re.fullmatch(r"(?:(.*)([ -]))?(\w+)", number(value)).groups("")  # type: ignore[union-attr]
    if last in _ORDINALS:
        return head + joint + _ORDINALS[last]
    return head + joint + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def digits(text: str) -> str:
    """One after the other: "081" → "zero eight one"."""
    return " ".join(_SMALL[int(digit)] for digit in text if digit.isdecimal())


def time(hour: int, minute: int, zone: str = "") -> str:
    """18:58 WIB → "eighteen fifty-eight Western Indonesia Time"; 7:00 → "seven o'clock", 18:00 → "eighteen hundred"."""
    if minute:
        said = f"{number(hour)} {'oh ' if minute < 10 else ''}{number(minute)}"
    else:
        said = f"{number(hour)} hundred" if hour > 12 else "midnight" if hour == 0 else f"{number(hour)} o'clock"
    return f"{said} {_ZONES[zone]}" if zone else said


def duration(minutes: int) -> str:
    """75 → "one hour fifteen minutes"."""
    hours, rest = divmod(minutes, 60)
    parts = [_counted(hours, "hour")] if hours else []
    if rest or not hours:
        parts.append(_counted(rest, "minute"))
    return " ".join(parts)


def date(day: int, month: int, year: int | None = None) -> str:
    """4.8.2019 → "the fourth of August two thousand and nineteen"."""
    return f"the {ordinal(day)} of {_MONTHS[month - 1]}" + (f" {number(year)}" if year else "")


def money(rupiah: int) -> str:
    """5000 → "five thousand rupiah"."""
    return f"{number(rupiah)} rupiah"


def _counted(value: int, unit: str) -> str:
    return f"{number(value)} {unit}{'' if value == 1 else 's'}"


_SIGNS = {"%": " percent", "±": "about ", "&": " and ", "/": " slash "}
Found = re.Match[str]


def _plain(figures: str) -> str:
    return number(int(re.sub(r"[.,]", "", figures)))


def _date(found: Found) -> str:
    return date(int(found[1]), _MONTHS.index(found[2]) + 1, int(found[3]) if found[3] else None)


# In this order: what is longer is read first. Thousands and decimals are written as in English, money as in Indonesia.
_RULES: tuple[tuple[str, Callable[[Found], str]], ...] = (
    (
        r"\b([01]?\d|2[0-4])[.:]([0-5]\d)(?: (WIB|WITA|WIT))?\b(?![.,]?\d)",
        lambda found: time(int(found[1]), int(found[2]), found[3] or ""),
    ),
    (rf"\b([12]?\d|3[01]) ({'|'.join(_MONTHS)})(?: (\d{{4}})\b)?", _date),
    (r"\bRp ?(\d{1,3}(?:[.,]\d{3})+|\d+)(?:,00)?(?!\d)", lambda found: f"{_plain(found[1])} rupiah"),
    (r"\b\d{1,3}(?:,\d{3})+\b", lambda found: _plain(found[0])),
    (r"\b(\d{1,4})(?:st|nd|rd|th)\b", lambda found: ordinal(int(found[1]))),
    (r"\b(?:0\d+|\d{7,})\b", lambda found: digits(found[0])),
    (r"\b(\d{1,6})\.(\d{1,4})\b", lambda found: f"{_plain(found[1])} point {digits(found[2])}"),
    (r"\b\d{1,6}\b", lambda found: _plain(found[0])),
    (r"\b(?:WIB|WITA|WIT)\b", lambda found: _ZONES[found[0]]),
    (r"[%±&/]", lambda found: _SIGNS[found[0]]),
)


def spoken(text: str) -> str:
    """The text as a voice should get it: no figures, no abbreviations of zones, no signs."""
    for pattern, read in _RULES:
        text = re.sub(pattern, read, text)
    return re.sub(r"\s+", " ", text).strip()
