"""What is said about an outage: pure composition of the operator's sentences. The text is the identity of the sound."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from config.operator import operator, prefixes
from config.zones import OFFSET_HOURS

_MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
_DAYS = {-1: "kemarin ", 0: "", 1: "besok "}


def local(instant: datetime, zone: str) -> datetime:
    """The instant on the clocks of WIB, WITA or WIT."""
    return instant.astimezone(timezone(timedelta(hours=OFFSET_HOURS[zone]), zone))


def spoken_time(instant: datetime, zone: str, now: datetime) -> str:
    """`pukul 18 lewat 58 WIB`; with the day when it is not today. The zone is always said."""
    at, today = local(instant, zone), local(now, zone).date()
    day = _DAYS.get((at.date() - today).days, f"tanggal {at.day} {_MONTHS[at.month - 1]} ")
    minute = f" lewat {at.minute}" if at.minute else ""
    return f"{day}pukul {at.hour}{minute} {zone}"


def written_time(instant: datetime, zone: str, now: datetime, *, language: str = "id") -> str:
    """`besok pukul 18.58 WIB`, `tomorrow 18:58 WIB`: the same for the eye."""
    at = local(instant, zone)
    days = (at.date() - local(now, zone).date()).days
    if language == "en":
        return f"{ {-1: 'yesterday ', 0: '', 1: 'tomorrow '}.get(days, f'{at:%-d %B} ') }{at:%H:%M} {zone}"
    return f"{_DAYS.get(days, f'tanggal {at.day} {_MONTHS[at.month - 1]} ')}pukul {at:%H.%M} {zone}"


def speakable(text: str) -> str:
    """One line without control and invisible characters: a carrier's document could not hold them."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def holding(area: str) -> str:
    """The sentence that is true before anyone has approved another one."""
    words = operator().statements
    template = next(
        (words.holding_by_region[code] for code in prefixes(area) if code in words.holding_by_region), words.holding
    )
    return template.format(area=operator().area_name(area))


def announcement(area: str, *, since: datetime, cause: str, etr: datetime | None, as_of: datetime) -> str:
    """The statement composed from facts; `as_of` is the instant of the information."""
    words, (_, unit) = operator().statements, operator().unit_of(area)
    estimate = words.estimate_unknown
    if etr is not None:
        estimate = words.estimate.format(etr=spoken_time(etr, unit.zone, as_of))
    return words.announcement.format(
        area=operator().area_name(area),
        since=spoken_time(since, unit.zone, as_of),
        cause=cause or words.cause_unknown,
        estimate=estimate,
        as_of=spoken_time(as_of, unit.zone, as_of),
    )
