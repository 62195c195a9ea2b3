"""The score card: figures that Suar counts and values that somebody entered, weighed. Nothing is invented: what nobody
has entered has no score, and the card says how much of its weight is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import NotFound, Refused
from config.operator import operator
from config.schema.kpi import CardEntry, Figure, Kpi
from tickets.figures import definitions, facts
from tickets.figures.facts import By, Period
from tickets.models import ScoreEntry


@dataclass(frozen=True)
class Line:
    """One line of the card. `realised` is None while it is not known ("belum diisi")."""

    code: str
    entry: CardEntry
    weight: float  # normalised: all together are 100
    realised: float | None
    score: float | None  # 1 where the target is met
    entered: ScoreEntry | None  # of what is entered by hand: who, when

    @property
    def points(self) -> float | None:
        """What it adds to the total."""
        return None if self.score is None else self.weight * self.score


@dataclass(frozen=True)
class Card:
    """`weights` is the sum as configured, `covered` the normalised weight that is known, `total` the points of it."""

    lines: tuple[Line, ...]
    weights: float
    covered: float
    total: float


def weigh(kpi: Kpi, counted: Mapping[Figure, float | None], entered: Mapping[str, ScoreEntry]) -> Card:
    """The card of these values; pure."""
    weights = sum(entry.weight for entry in kpi.card.values())
    lines = []
    for code, entry in kpi.card.items():
        by_hand = None if entry.figure else entered.get(code)
        realised = counted.get(entry.figure) if entry.figure else by_hand.value if by_hand else None
        score = None
        if realised is not None:
            score = min(kpi.best_score, definitions.achieved(realised, entry.target, more_is_better=entry.more))
        lines.append(Line(code, entry, 100 * entry.weight / weights, realised, score, by_hand))
    known = [line for line in lines if line.points is not None]
    return Card(tuple(lines), weights, sum(line.weight for line in known), sum(line.points or 0 for line in known))


def of(session: Session, period: Period, unit: str | None, *, now: datetime) -> Card:
    """The card of a UP3, or of all. Raises NotFound (`unknown-unit`)."""
    kpi = operator().kpi
    (scope,) = facts.scopes(session, period, By.ALL, unit, now=now)
    counted = {one.figure: one.value.value for one in definitions.judge(scope.sample, kpi)}
    return weigh(kpi, counted, _entered(session, period, unit))


def enter(
    session: Session, code: str, *, period: Period, unit: str | None, value: float, note: str, by: str, now: datetime
) -> ScoreEntry:
    """A value that Suar cannot count, for exactly this period and unit. A later one takes its place; both stay.

    Raises NotFound (`unknown-entry`, `unknown-unit`), Refused (`entry-counted`: Suar counts it).
    """
    files = operator()
    if code not in files.kpi.card:
        raise NotFound("Baris kartu skor itu tidak ada.", slug="unknown-entry", field="entry")
    if files.kpi.card[code].figure is not None:
        raise Refused("Baris ini dihitung sendiri oleh Suar.", slug="entry-counted", field="entry")
    facts.units_of(unit)
    row = ScoreEntry(
        entry=code, unit=unit or "", since=period.since, until=period.until, value=value, note=note, by=by, at=now
    )
    session.add(row)
    session.flush()
    return row


def _entered(session: Session, period: Period, unit: str | None) -> dict[str, ScoreEntry]:
    mine = (ScoreEntry.unit == (unit or ""), ScoreEntry.since == period.since, ScoreEntry.until == period.until)
    return {row.entry: row for row in session.scalars(select(ScoreEntry).where(*mine).order_by(ScoreEntry.id))}
