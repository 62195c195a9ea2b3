"""Times without power: pure. Whatever several sources say about the same time counts once (ADR 60)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from config import zones
from config.errors import Invalid
from tickets.kinds import CompletionCode
from tickets.states import ReportStatus

# Closed because nobody could be reached: that says nothing about power.
_NOTHING_DONE = (CompletionCode.DATA_INCOMPLETE.value, CompletionCode.PHONE_UNREACHABLE.value)


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """From an instant to another; without an end it is still dark."""

    begin: datetime
    end: datetime | None


@dataclass(frozen=True)
class Dark:
    """What a month of a premises adds up to."""

    time: timedelta
    times: int  # how often it began
    lasting: bool  # and it is dark now


@dataclass(frozen=True)
class Month:
    """A calendar month on the clocks of WIB, WITA or WIT."""

    year: int
    number: int
    zone: str

    @classmethod
    def of(cls, text: str, zone: str) -> Month:
        """From `2026-11`. Raises Invalid (`month`)."""
        year, _, number = text.partition("-")
        if not (year.isdecimal() and number.isdecimal() and 1 <= int(number) <= 12 and 2000 <= int(year) <= 2999):
            raise Invalid("Tulis bulan sebagai TTTT-BB, misalnya 2026-11.", slug="month", field="month")
        return cls(int(year), int(number), zone)

    @classmethod
    def at(cls, instant: datetime, zone: str) -> Month:
        """The one in which an instant is."""
        local = instant.astimezone(zones.clock(zone))
        return cls(local.year, local.month, zone)

    def previous(self) -> Month:
        """The one before."""
        year, month = divmod(self.year * 12 + self.number - 2, 12)
        return Month(year, month + 1, self.zone)

    @property
    def begin(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, self.number, 1, tzinfo=zones.clock(self.zone)).astimezone(UTC)

    @property
    def first_day(self) -> date:
        """By it the regulation is found."""
        return date(self.year, self.number, 1)

    @property
    def end(self) -> datetime:
        """The first instant of the next one."""
        year, month = divmod(self.year * 12 + self.number, 12)
        return datetime(year, month + 1, 1, tzinfo=zones.clock(self.zone)).astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"


def minutes(time: timedelta) -> int:
    """Those that are full."""
    return time // timedelta(minutes=1)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap or touch are one; in order."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.begin):
        if span.end is not None and span.end <= span.begin:
            continue
        last = found[-1] if found else None
        if last is None or (last.end is not None and last.end < span.begin):
            found.append(span)
        elif last.end is not None and (span.end is None or span.end > last.end):
            found[-1] = Span(last.begin, span.end)
    return found


def within(spans: Iterable[Span], month: Month, *, now: datetime) -> Dark:
    """The part of a month, up to now. A time without power is counted in the month in which it began."""
    time, times, lasting = timedelta(0), 0, False
    first, over = month.begin, month.end
    for span in merge(spans):
        end = min(span.end or now, now, over)
        time += max(timedelta(0), end - max(span.begin, first))
        times += first <= span.begin < over and span.begin <= now
        lasting = lasting or span.end is None
    return Dark(time, times, lasting)


@dataclass(frozen=True, slots=True)
class Move:
    """A report was finished or opened again."""

    at: datetime
    status: ReportStatus
    code: str = ""  # CompletionCode of what was finished


def of_report(reported_at: datetime, moves: Sequence[Move], lit: Sequence[datetime]) -> list[Span]:
    """How long a report's premises was dark: from when the utility was told until power was on (Permen ESDM 2/2025
    Pasal 1 angka 2a): when the crew said so (`lit`), else when the report was finished.

    Opened again, a new time begins; but closed only because nobody could be reached, power had never come back.
    """
    spans: list[Span] = []
    begin: datetime | None = reported_at
    last = len(moves) - 1
    for at, move in enumerate(moves):
        if move.status is ReportStatus.BELUM_SELESAI:
            begin = begin or move.at
        elif begin is not None and not (move.code in _NOTHING_DONE and at < last):
            spans.append(Span(begin, _first(lit, begin, move.at) or move.at))
            begin = None
    if begin is not None:
        spans.append(Span(begin, _first(lit, begin, None)))
    return spans


def _first(instants: Sequence[datetime], begin: datetime, end: datetime | None) -> datetime | None:
    return min((one for one in instants if begin <= one and (end is None or one <= end)), default=None)
