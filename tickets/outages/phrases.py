"""What is said about an outage: pure composition of the operator's sentences, in pieces that are a sound each. The text
is the identity of the sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config import languages, zones
from config.operator import operator, prefixes
from config.schema.statements import Sentences
from tickets.kinds import CauseKind

LANGUAGES = (*languages.LANGUAGES,)
MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS: dict[int | None, str] = {-1: "kemarin ", 0: "", 1: "besok "}
_ENGLISH_DAYS: dict[int | None, str] = {-1: "yesterday ", 0: "", 1: "tomorrow "}
_STEPS = ((60, 10), (360, 30), (24 * 60, 60))  # up to so many minutes, told in steps of so many


def local(instant: datetime, zone: str) -> datetime:
    """The instant on the clocks of WIB, WITA or WIT."""
    return instant.astimezone(zones.clock(zone))


def spoken_time(instant: datetime, zone: str, now: datetime | None, language: str = "id") -> str:
    """`pukul 18 lewat 58 WIB`, `18:58 WIB`; with the day when it is not today, with the date when `now` is None. The
    zone is always said.
    """
    at = local(instant, zone)
    days = None if now is None else (at.date() - local(now, zone).date()).days
    if language == "en":
        return f"{_ENGLISH_DAYS.get(days, f'{at:%-d %B} ')}{at:%H:%M} {zone}"
    day = _DAYS.get(days, f"tanggal {at.day} {MONTHS[at.month - 1]} ")
    minute = f" lewat {at.minute}" if at.minute else ""
    return f"{day}pukul {at.hour}{minute} {zone}"


def time_in_pieces(instant: datetime, zone: str, now: datetime, language: str = "id") -> str:
    """A spoken time that `time_pieces` cuts: `at 18 hours 58 minutes WIB`, since each English 18:58 would be a sound of
    its own.
    """
    if language == "id":
        return spoken_time(instant, zone, now)
    at = local(instant, zone)
    day = _ENGLISH_DAYS.get(
        (at.date() - local(now, zone).date()).days, f"on the {at.day} {ENGLISH_MONTHS[at.month - 1]} "
    )
    minute = f" {at.minute} minutes" if at.minute else ""
    return f"{day}at {at.hour} hours{minute} {zone}"


_CUT = re.compile(r" (?=pukul |lewat |at |\d+ minutes|[A-Z])")


def time_pieces(time: str) -> list[str]:
    """A time of `time_in_pieces`, cut into pieces of which few exist: each has its sound beforehand."""
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
    if language == "en":
        return spoken_time(instant, zone, now, language)
    at = local(instant, zone)
    days = (at.date() - local(now, zone).date()).days
    return f"{_DAYS.get(days, f'tanggal {at.day} {MONTHS[at.month - 1]} ')}pukul {at:%H.%M} {zone}"


def duration(time: timedelta) -> str:
    """`3 jam 20 menit`; minutes that have begun do not count."""
    hours, minutes = divmod(time // timedelta(minutes=1), 60)
    parts = [f"{hours} jam"] if hours else []
    return " ".join([*parts, f"{minutes} menit"] if minutes or not hours else parts)


def roughly(time: timedelta) -> int | None:
    """Minutes in the steps in which a time ahead is told: ten minutes, from an hour half hours, from six hours hours.
    None: more than a day.
    """
    minutes = max(0.0, time.total_seconds() / 60)
    for most, step in _STEPS:
        if minutes < most + step / 2:
            return max(step, int(minutes / step + 0.5) * step)
    return None


def rough_words(minutes: int, language: str = "id") -> str:
    """`40 menit`, `3 setengah jam`; `40 minutes`, `3 and a half hours`."""
    hours, rest = divmod(minutes, 60)
    if language == "en":
        if not hours:
            return f"{minutes} minutes"
        return f"{hours} and a half hours" if rest else "1 hour" if hours == 1 else f"{hours} hours"
    if not hours:
        return f"{minutes} menit"
    return f"{hours} setengah jam" if rest else f"{hours} jam"


def speakable(text: str) -> str:
    """One line without control and invisible characters: a carrier's document could not hold them."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


@dataclass(frozen=True)
class Pieces:
    """A text in pieces, each of which is a sound: what stands before the estimate, the estimate, what follows."""

    before: tuple[str, ...]
    estimate: str = ""
    after: tuple[str, ...] = ()

    def said(self, *, estimate: str = "", crew: str = "") -> tuple[str, ...]:
        """As it is spoken at an instant: with how long it still takes instead of the estimate, and the crew's state."""
        return tuple(text for text in (*self.before, estimate or self.estimate, crew, *self.after) if text)


def _cut(template: str, news: list[str], **values: str) -> Pieces:
    """A template cut at its {estimate}, which is the last of `news`."""
    head, _, tail = template.partition("{estimate}")
    before, after = (speakable(part.format(**values)) for part in (head, tail))
    if "{estimate}" not in template:
        return Pieces((before,))
    return Pieces((before, *news[:-1]), news[-1], (after,) if after else ())


def holding(area: str, name: str = "", estimate: str = "") -> str:
    """The holding sentence as one text."""
    return " ".join(holding_pieces(area, name, estimate).said())


def holding_pieces(area: str, name: str = "", estimate: str = "", language: str = "id") -> Pieces:
    """The sentence that is true before anyone has approved another one; `name`: as the place is spoken; `estimate`:
    a sentence, "" = none is known.
    """
    words = operator().statements.words(language)
    template = next(
        (words.holding_by_region[code] for code in prefixes(area) if code in words.holding_by_region), words.holding
    )
    return _cut(template, [estimate or words.estimate_unknown], area=name or operator().area_name(area))


def planned_pieces(name: str, estimate: str, language: str = "id") -> Pieces:
    """The same of planned work that has begun: it does not speak of reports."""
    words = operator().statements.words(language)
    return _cut(words.holding_planned, [estimate or words.estimate_unknown], area=name)


def promise(etr: datetime, since: datetime, zone: str, *, before: datetime | None = None, language: str = "id") -> str:
    """The sentence of an estimate, or that it has moved: with its date unless it is of the day on which it began, so
    that it is true until its time has come.
    """
    same_day = local(etr, zone).date() == local(since, zone).date()
    words = operator().statements.words(language)

    def said(instant: datetime) -> str:
        return spoken_time(instant, zone, since if same_day else None, language)

    if before is not None:
        return words.estimate_moved.format(before=said(before), etr=said(etr))
    return words.estimate.format(etr=said(etr))


def soon(etr: datetime | None, now: datetime, language: str = "id") -> str:
    """How long it still takes, instead of when; "" while that is far or not known. True at this instant alone."""
    rules = operator().statements
    template = rules.words(language).estimate_soon
    if etr is None or not template or not now < etr <= now + timedelta(minutes=rules.soon_minutes):
        return ""
    minutes = roughly(etr - now)
    return template.format(duration=rough_words(minutes, language)) if minutes else ""


def unchanged(etr: datetime | None, now: datetime, language: str = "id") -> str:
    """To who calls again: nothing is new; "" where the operator has no sentence for it."""
    words = operator().statements.words(language)
    if etr is None:
        return words.unchanged_unknown
    minutes = roughly(etr - now)
    if minutes is None:
        return words.unchanged_later
    return words.unchanged.format(duration=rough_words(minutes, language)) if words.unchanged else ""


def crew(state: str, language: str = "id") -> str:
    """How far the foremost crew is, in a sentence; "" = nothing is said."""
    return next((text for one, text in operator().statements.words(language).crew.items() if one == state), "")


def fixed(language: str = "id") -> Iterator[str]:
    """Every sentence that is decided at the instant it is said, and so has its sound from the beginning."""
    rules = operator().statements
    words = rules.words(language)
    yield from (words.estimate_unknown, words.partly, *words.crew.values())
    yield from (text for text in (words.unchanged_later, words.unchanged_unknown) if text)
    for minutes in sorted({minutes for minutes in range(10, 24 * 60 + 1, 10) if _told(minutes)}):
        if words.unchanged:
            yield words.unchanged.format(duration=rough_words(minutes, language))
        if words.estimate_soon and minutes <= rules.soon_minutes:
            yield words.estimate_soon.format(duration=rough_words(minutes, language))


def _told(minutes: int) -> bool:
    return roughly(timedelta(minutes=minutes)) == minutes


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
    name_en: str = ""  # in English; "" = as `name`
    cause_kind: CauseKind | None = None

    def dumps(self) -> dict[str, Any]:
        """To be kept with the statement."""
        found: dict[str, Any] = {}
        for name, value in vars(self).items():
            one = [each.isoformat() for each in value] if isinstance(value, tuple) else value
            found[name] = one.isoformat() if isinstance(one, datetime) else one
        return found

    @classmethod
    def loads(cls, raw: dict[str, Any]) -> Told:
        """From `dumps`. What this version does not know is dropped."""
        values = {name: value for name, value in raw.items() if name in cls.__dataclass_fields__}
        for name in ("since", "etr", "as_of", "before"):
            values[name] = datetime.fromisoformat(values[name]) if values.get(name) else None
        if values.get("again"):
            lit, dark = values["again"]
            values["again"] = (datetime.fromisoformat(lit), datetime.fromisoformat(dark))
        if values.get("cause_kind"):
            values["cause_kind"] = CauseKind(values["cause_kind"])
        return cls(**values)

    @property
    def zone(self) -> str:
        """WIB, WITA or WIT."""
        return operator().unit_of(self.area)[1].zone

    def place(self, language: str = "id") -> str:
        """Where, as it is spoken."""
        return (self.name_en if language == "en" else "") or self.name or operator().area_name(self.area)

    def why(self, language: str = "id") -> str:
        """The cause, as it is spoken; "" = not known, or not in this language. What was written is Indonesian."""
        words = operator().statements.words(language)
        if self.cause and words is operator().statements:
            return self.cause
        return next((text for kind, text in words.causes.items() if kind == self.cause_kind), "")

    def said(self, instant: datetime, language: str = "id") -> str:
        """A time of it. When what it promises is on another day, every time is said with its date: "besok" would be
        wrong after midnight. What promises nothing may be said for days.
        """
        today = local(self.as_of, self.zone).date()
        dated = local(self.etr or instant, self.zone).date() != today
        return spoken_time(instant, self.zone, None if dated else self.as_of, language)


def announcement(told: Told) -> str:
    """The statement composed from facts, as one text; it says what is different from what was told before. It may be
    said until the time it promises.
    """
    return " ".join(pieces(told).said())


def pieces(told: Told, language: str = "id") -> Pieces:
    """The same in pieces."""
    words = operator().statements.words(language)
    news = [again(told, words, language)] if told.again is not None else []
    if told.partly:
        news.append(words.partly)
    if told.etr is None:
        news.append(gone(told.before, told, language) if told.before else words.estimate_unknown)
    elif told.before is not None:
        news.append(moved(told.before, told, language))
    else:
        news.append(estimate(told, language))
    known = bool(told.cause or told.cause_kind)
    return _cut(
        words.announcement,
        news,
        area=told.place(language),
        since=told.said(told.since, language),
        cause=told.why(language) if known else words.cause_unknown,
        as_of=told.said(told.as_of, language),
    )


def again(told: Told, words: Sentences, language: str) -> str:
    """Power came, and went again; "" where it did not."""
    if told.again is None:
        return ""
    lit, dark = (told.said(instant, language) for instant in told.again)
    return words.again.format(lit=lit, dark=dark)


def estimate(told: Told, language: str = "id") -> str:
    """When power is thought to be back, by itself."""
    words = operator().statements.words(language)
    return words.estimate.format(etr=told.said(told.etr, language)) if told.etr else words.estimate_unknown


def moved(before: datetime, told: Told, language: str = "id") -> str:
    """What was promised to somebody, and what is now."""
    words = operator().statements.words(language)
    if told.etr is None:
        return gone(before, told, language)
    return words.estimate_moved.format(before=told.said(before, language), etr=told.said(told.etr, language))


def gone(before: datetime, told: Told, language: str = "id") -> str:
    """What was promised does not hold, and nothing is in its place."""
    return operator().statements.words(language).estimate_gone.format(before=told.said(before, language))


def written(text: str, told: Told, language: str = "id") -> Pieces:
    """A supervisor's own words and how old they are. They are Indonesian: in English it is what the facts give."""
    words = operator().statements
    if language == "en" and words.en is not None:
        return pieces(told, language)
    age = words.information
    if not age or age.partition("{")[0].strip() in text:
        return Pieces((text,))
    return Pieces((text,), after=(age.format(as_of=told.said(told.as_of)),))
