"""What is said about an outage: pure composition of the operator's sentences. The text is the identity of the sound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import zones
from config.operator import operator, prefixes

MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = {-1: "kemarin ", 0: "", 1: "besok "}


def local(instant: datetime, zone: str) -> datetime:
    """The instant on the clocks of WIB, WITA or WIT."""
    return instant.astimezone(zones.clock(zone))


def spoken_time(instant: datetime, zone: str, now: datetime | None, language: str = "id") -> str:
    """`pukul 18 lewat 58 WIB`, `at 18 hours 58 minutes WIB`; with the day when it is not today, with the date when
    `now` is None. The zone is always said.
    """
    at = local(instant, zone)
    if language == "en":
        return _english_time(at, zone, local(now, zone) if now else None)
    date = f"tanggal {at.day} {MONTHS[at.month - 1]} "
    day = date if now is None else _DAYS.get((at.date() - local(now, zone).date()).days, date)
    minute = f" lewat {at.minute}" if at.minute else ""
    return f"{day}pukul {at.hour}{minute} {zone}"


def _english_time(at: datetime, zone: str, now: datetime | None) -> str:
    date = f"on the {at.day} {ENGLISH_MONTHS[at.month - 1]} "
    days = {-1: "yesterday ", 0: "", 1: "tomorrow "}
    day = date if now is None else days.get((at.date() - now.date()).days, date)
    minute = f" {at.minute} minutes" if at.minute else ""
    return f"{day}at {at.hour} hours{minute} {zone}"


_CUT = re.compile(r" (?=pukul |lewat |at |\d+ minutes|[A-Z])")


def time_pieces(time: str) -> list[str]:
    """A spoken time cut into pieces of which few exist, so that each has its sound before anybody calls."""
    return _CUT.split(time)


def every_time_piece(language: str) -> Iterator[str]:
    """All pieces that `time_pieces` may answer for a time within the last days."""
    id_ = language == "id"
    yield from ("kemarin", "besok") if id_ else ("yesterday", "tomorrow")
    yield from ((f"tanggal {day}" if id_ else f"on the {day}") for day in range(1, 32))
    yield from (MONTHS if id_ else ENGLISH_MONTHS)
    yield from ((f"pukul {hour}" if id_ else f"at {hour} hours") for hour in range(24))
    yield from ((f"lewat {minute}" if id_ else f"{minute} minutes") for minute in range(1, 60))
    yield from zones.OFFSET_HOURS


def written_time(instant: datetime, zone: str, now: datetime, *, language: str = "id") -> str:
    """`besok pukul 18.58 WIB`, `tomorrow 18:58 WIB`: the same for the eye."""
    at = local(instant, zone)
    days = (at.date() - local(now, zone).date()).days
    if language == "en":
        return f"{ {-1: 'yesterday ', 0: '', 1: 'tomorrow '}.get(days, f'{at:%-d %B} ') }{at:%H:%M} {zone}"
    return f"{_DAYS.get(days, f'tanggal {at.day} {MONTHS[at.month - 1]} ')}pukul {at:%H.%M} {zone}"


def duration(time: timedelta) -> str:
    """`3 jam 20 menit`; minutes that have begun do not count."""
    hours, minutes = divmod(time // timedelta(minutes=1), 60)
    parts = [f"{hours} jam"] if hours else []
    return " ".join([*parts, f"{minutes} menit"] if minutes or not hours else parts)


def speakable(text: str) -> str:
    """One line without control and invisible characters: a carrier's document could not hold them."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def holding(area: str, name: str = "", estimate: str = "") -> str:
    """The sentence that is true before anyone has approved another one; `name`: as the place is spoken; `estimate`:
    a sentence, "" = none is known.
    """
    words = operator().statements
    template = next(
        (words.holding_by_region[code] for code in prefixes(area) if code in words.holding_by_region), words.holding
    )
    return template.format(area=name or operator().area_name(area), estimate=estimate or words.estimate_unknown)


def holding_planned(name: str, estimate: str) -> str:
    """The same of planned work that has begun: it does not speak of reports."""
    words = operator().statements
    return words.holding_planned.format(area=name, estimate=estimate or words.estimate_unknown)


def promise(etr: datetime, since: datetime, zone: str) -> str:
    """The sentence of an estimate: with its date unless it is of the day on which it began, so that it is true until
    its time has come.
    """
    same_day = local(etr, zone).date() == local(since, zone).date()
    return operator().statements.estimate.format(etr=spoken_time(etr, zone, since if same_day else None))


@dataclass(frozen=True)
class Told:
    """What an outage's statement is composed from; `as_of` is the instant of the information."""

    area: str  # code
    since: datetime
    cause: str
    etr: datetime | None
    as_of: datetime
    name: str = ""  # of the place, as it is spoken; "" = the area's
    before: datetime | None = None  # the other time that was promised last
    again: tuple[datetime, datetime] | None = None  # power came back, and went again
    partly: bool = False  # some of it has power again


def announcement(told: Told) -> str:
    """The statement composed from facts; it says what is different from what was told before.

    It may be said until the time it promises. When that is on another day, every time is said with its date: "besok"
    would be wrong after midnight.
    """
    words, (_, unit) = operator().statements, operator().unit_of(told.area)
    etr, before, as_of = told.etr, told.before, told.as_of
    later = etr is not None and local(etr, unit.zone).date() != local(as_of, unit.zone).date()

    def said(instant: datetime) -> str:
        return spoken_time(instant, unit.zone, None if later else as_of)

    news = []
    if told.again is not None:
        news.append(words.again.format(lit=said(told.again[0]), dark=said(told.again[1])))
    if told.partly:
        news.append(words.partly)
    if etr is None:
        news.append(words.estimate_gone.format(before=said(before)) if before else words.estimate_unknown)
    elif before is not None:
        news.append(words.estimate_moved.format(before=said(before), etr=said(etr)))
    else:
        news.append(words.estimate.format(etr=said(etr)))
    return words.announcement.format(
        area=told.name or operator().area_name(told.area),
        since=said(told.since),
        cause=told.cause or words.cause_unknown,
        estimate=" ".join(news),
        as_of=said(as_of),
    )
