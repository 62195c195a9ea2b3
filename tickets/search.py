"""Search as you type: customers and reports by number, name and address, each by its beginning (ADR 38).

Every question is a few ranges of the register (tickets/register.py), read in the register's own order and never further
than SCAN entries, so that ten million customers cost what a hundred thousand do. When a bound was reached, or there is
more than fits, the answer says so (`narrow`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from tickets import lookup, words
from tickets.kinds import EntryKind
from tickets.models import PremisesEntry, Report, ReportEntry
from tickets.states import ReportStatus
from tickets.views import PremisesView

SCAN = 10_000  # entries of one range that are looked at for the other words, at most
DRIVERS = 2  # words whose range is looked through, the longest first: they are the rarest as a rule
AFTER_ALL = "\U0010ffff"  # sorts behind everything that begins alike

Row = TypeVar("Row")
Model = type[PremisesEntry] | type[ReportEntry]


@dataclass(frozen=True)
class Found(Generic[Row]):
    """The best first. `narrow`: there is more than this, or there may be; another letter or word helps."""

    rows: list[Row]
    narrow: bool


def premises(session: Session, q: str, *, limit: int = 20) -> Found[PremisesView]:
    """Customers by IDPEL, meter, telephone, name or address. Raises Invalid (tickets/words.py: query)."""
    search = _Search(session, PremisesEntry, limit)
    search.run(words.query(q))
    return Found(lookup.premises_by_ids(session, search.found), search.narrow)


def reports(
    session: Session, q: str, *, unit: str | None = None, status: ReportStatus | None = None, limit: int = 50
) -> Found[Report]:
    """Reports by their number, and by the numbers, names and addresses of who reported and of the premises; of one UP3
    and one status if given. Of equals the newest first. Raises Invalid (tickets/words.py: query).
    """
    wanted = [Report.unit == unit] if unit is not None else []
    if status is not None:
        wanted.append(Report.status == status)
    search = _Search(session, ReportEntry, limit, wanted)
    search.run(words.query(q))
    rows = {row.id: row for row in session.scalars(select(Report).where(Report.id.in_(search.found)))}
    return Found([rows[one] for one in search.found if one in rows], search.narrow)


class _Search:
    """One question: collects the ids of owners in the order in which they are to be shown."""

    def __init__(self, session: Session, model: Model, limit: int, wanted: Sequence[ColumnElement[bool]] = ()) -> None:
        self._session, self._model, self._limit, self._wanted = session, model, limit, wanted
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
        for number in query.numbers:
            self._exactly(number)
        for number in query.numbers:
            self._unseen |= not self._range(EntryKind.NUMBER, number)
        if query.words:
            self._words(query.words)

    def _words(self, typed: tuple[str, ...]) -> None:
        whole = self._through(" ".join(typed), ())  # one after the other, as they stand in a name or an address
        if len(typed) == 1 or self._full:
            self._unseen = not whole
            return
        drivers = sorted((word for word in typed if not words.is_number(word)), key=len, reverse=True)
        for word in drivers[:DRIVERS]:
            if self._through(word, [other for other in typed if other != word]) or self._full:
                return
        self._unseen = True

    def _through(self, start: str, others: Sequence[str]) -> bool:
        names, places = (self._range(kind, start, others) for kind in (EntryKind.NAME, EntryKind.PLACE))
        return names and places

    def _exactly(self, number: str) -> None:
        """Whoever has just this number, the newest first: a caller's reports may be many."""
        entry = self._model
        rows = select(entry.owner).where(entry.kind == EntryKind.NUMBER, entry.text == number)
        if self._wanted:
            rows = rows.join(Report, Report.id == entry.owner).where(*self._wanted)
        for owner in self._session.scalars(rows.order_by(entry.owner.desc()).limit(self._limit + 1)):
            self._found[owner] = None

    def _range(self, kind: EntryKind, start: str, others: Sequence[str] = ()) -> bool:
        """Entries that begin so and have words that begin like the others; True when the whole range was seen."""
        if self._full:
            return False
        most = 3 * self._limit + 1  # an owner may stand there several times
        entry = self._model
        inside = (entry.kind == kind, entry.text >= start, entry.text < start + AFTER_ALL)
        near = select(entry.text, entry.owner).where(*inside).order_by(entry.text, entry.owner)
        part = near.limit(SCAN).subquery()
        rows = select(part.c.text, part.c[1].label("owner"))
        rows = rows.where(*(part.c.text.contains(f" {word}", autoescape=True) for word in others))
        if self._wanted:
            rows = rows.join(Report, Report.id == part.c[1]).where(*self._wanted)
        got = self._session.execute(rows.order_by(part.c.text, part.c[1]).limit(most)).all()
        for row in sorted(got, key=lambda row: (row.text, -row.owner)):
            self._found.setdefault(row.owner)
        if len(got) == most:
            return False
        if not others and not self._wanted:
            return True
        return self._session.execute(near.offset(SCAN).limit(1)).first() is None
