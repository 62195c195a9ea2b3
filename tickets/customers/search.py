"""Search as you type: customers and reports by number, name and address, each by its beginning (ADR 38).

Every question is a few ranges of the register (register.py), read in the register's own order and never further
than SCAN entries, so that ten million customers cost what a hundred thousand do. When a bound was reached, or there is
more than fits, the answer says so (`narrow`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from tickets import words
from tickets.bulk import table
from tickets.kinds import EntryKind
from tickets.models import PremisesEntry, Report, ReportEntry
from tickets.outages import lookup
from tickets.views import PremisesView

SCAN = 10_000  # entries of one range that are looked at for the other words, at most
DRIVERS = 2  # words whose range is looked through, the longest first: they are the rarest as a rule
AFTER_ALL = "\U0010ffff"  # sorts behind everything that begins alike
WORDY = (EntryKind.NAME, EntryKind.PLACE)

Row = TypeVar("Row")
Model = type[PremisesEntry] | type[ReportEntry]


@dataclass(frozen=True)
class Found(Generic[Row]):
    """The best first. `narrow`: there is more than this, or there may be; another letter or word helps."""

    rows: list[Row]
    narrow: bool


def premises(session: Session, q: str, *, limit: int = 20) -> Found[PremisesView]:
    """Customers by IDPEL, meter, telephone, name or address. Raises Invalid (tickets/words.py: query)."""
    search = _Search(session, PremisesEntry, limit, {})
    search.run(words.query(q))
    return Found(lookup.premises_by_ids(session, search.found), search.narrow)


def reports(session: Session, q: str, wanted: Mapping[str, str] | None = None, *, limit: int = 50) -> Found[Report]:
    """Reports by their number, and by the numbers, names and addresses of who reported and of the premises; of those
    whose columns have the `wanted` values (worklists.Wanted). Of equals the newest first. Raises Invalid
    (tickets/words.py: query).
    """
    search = _Search(session, ReportEntry, limit, dict(wanted or {}))
    search.run(words.query(q))
    rows = {row.id: row for row in session.scalars(select(Report).where(Report.id.in_(search.found)))}
    return Found([rows[one] for one in search.found if one in rows], search.narrow)


@dataclass(frozen=True)
class _Range:
    """Entries of one kind that begin so (or are just so) and have words that begin like the others."""

    kind: EntryKind
    start: str
    others: tuple[str, ...] = ()
    exact: bool = False


class _Search:
    """One question: collects the ids of owners in the order in which they are to be shown."""

    def __init__(self, session: Session, model: Model, limit: int, wanted: dict[str, str]) -> None:
        self._session, self._model, self._limit, self._wanted = session, model, limit, wanted
        self._most = 3 * limit + 1  # rows of one range: an owner may stand there several times
        self._found: dict[int, None] = {}
        self._unseen = False  # a range was not read to its end

    @property
    def found(self) -> list[int]:
        return list(self._found)[: self._limit]

    @property
    def narrow(self) -> bool:
        return self._unseen or self._full

    @property
    def _full(self) -> bool:
        return len(self._found) > self._limit

    def run(self, query: words.Query) -> None:
        if query.numbers:
            exactly = [_Range(EntryKind.NUMBER, number, exact=True) for number in query.numbers]
            begun = [_Range(EntryKind.NUMBER, number) for number in query.numbers]
            self._unseen = not self._read([*exactly, *begun], begun)
        else:
            self._words(query.words)

    def _words(self, typed: tuple[str, ...]) -> None:
        # One after the other, as they stand in a name or an address, is best; any order will do.
        ranges = [_Range(kind, " ".join(typed)) for kind in WORDY]
        drivers = sorted((word for word in typed if not words.is_number(word)), key=len, reverse=True)
        if len(typed) == len(drivers) == 1:
            self._unseen = not self._read(ranges, ranges)
            return
        for word in drivers[:DRIVERS]:
            others = tuple(other for other in typed if other != word)
            through = [_Range(kind, word, others) for kind in WORDY]
            if self._read([*ranges, *through], through) or self._full:
                return
            ranges = []
        self._unseen = True

    def _read(self, ranges: list[_Range], whole: list[_Range]) -> bool:
        """Read ranges in their order, by one statement; True when of `whole` nothing was left unread."""
        shape = tuple((one.exact, len(one.others)) for one in ranges)
        values: dict[str, Any] = {"most": self._most, "scan": SCAN, **self._wanted}
        for at, one in enumerate(ranges):
            values |= _bound(one, at)
        got = self._session.execute(_statement(self._model, shape, tuple(self._wanted)), values).all()
        for row in sorted(got, key=lambda row: (row.step, row.text, -row.owner)):
            self._found.setdefault(row.owner)
        counts = [0] * len(ranges)
        for row in got:
            counts[row.step] += 1
        read = [one for at, one in enumerate(ranges) if one in whole and counts[at] < self._most]
        return not self._full and len(read) == len(whole) and all(map(self._to_its_end, read))

    def _to_its_end(self, one: _Range) -> bool:
        """Whether the bound was not reached; without a condition fewer rows than were asked for say so already."""
        if not (one.others or self._wanted):
            return True
        beyond = _beyond(self._model)
        return self._session.execute(beyond, {"scan": SCAN, **_bound(one, 0)}).first() is None


def _bound(one: _Range, at: int) -> dict[str, Any]:
    values = {f"kind{at}": int(one.kind), f"start{at}": one.start, f"end{at}": one.start + AFTER_ALL}
    # A word is letters and digits (tickets/words.py): nothing in it is a wildcard.
    return values | {f"like{at}_{n}": f"% {other}%" for n, other in enumerate(one.others)}


@lru_cache(maxsize=256)
def _statement(model: Model, shape: tuple[tuple[bool, int], ...], wanted: tuple[str, ...]) -> TextClause:
    """One SELECT for some ranges: (exact?, how many other words) each, and which columns of a report are given."""
    return text(" UNION ALL ".join(_part(model, at, *one, wanted) for at, one in enumerate(shape)))


def _part(model: Model, at: int, exact: bool, others: int, wanted: tuple[str, ...]) -> str:
    name, owner = table(model).name, table(model).c[2].name
    inside = f"kind = :kind{at} AND text {f'= :start{at}' if exact else f'>= :start{at} AND text < :end{at}'}"
    way = "DESC" if exact else "ASC"  # a caller's reports may be many: the newest of them
    near = f"SELECT text, {owner} AS owner FROM {name} WHERE {inside}"  # noqa: S608 - names of our own
    near += f" ORDER BY text, {owner} {way} LIMIT"
    if not others and not wanted:
        return f"SELECT {at} AS step, text, owner FROM ({near} :most) AS part{at}"  # noqa: S608 - names of our own
    like = [f"near{at}.text LIKE :like{at}_{n}" for n in range(others)]
    join = f" JOIN report ON report.id = near{at}.owner" if wanted else ""
    given = " AND ".join([*like, *(f"report.{column} = :{column}" for column in wanted)])
    kept = f"SELECT near{at}.text, near{at}.owner FROM ({near} :scan) AS near{at}{join} WHERE {given}"  # noqa: S608 - names of our own
    kept += f" ORDER BY near{at}.text, near{at}.owner {way} LIMIT :most"
    return f"SELECT {at} AS step, text, owner FROM ({kept}) AS part{at}"  # noqa: S608 - names of our own


@lru_cache(maxsize=2)
def _beyond(model: Model) -> TextClause:
    name, owner = table(model).name, table(model).c[2].name
    inside = "kind = :kind0 AND text >= :start0 AND text < :end0"
    return text(f"SELECT 1 FROM {name} WHERE {inside} ORDER BY text, {owner} LIMIT 1 OFFSET :scan")  # noqa: S608 - names of our own
