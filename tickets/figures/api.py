"""The HTTP face of figures: KPI and the score card, as JSON or as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from config import csv_table
from config.openapi import TABLE_TOO, faults
from config.operator import operator
from tickets.api import Db, Login, Now, Unit
from tickets.figures import card, categories, definitions, facts
from tickets.figures.definitions import DEFINITIONS, Judged
from tickets.figures.facts import By, Period, Scope
from tickets.idempotency import Write
from tickets.kinds import ReportKind
from tickets.schemas import Body, Text

router = APIRouter(prefix="/api/v1/kpi", tags=["figures"])

Since = Annotated[date, Query(description="The first day, on the clock of each UP3.")]
Until = Annotated[date, Query(description="The first day that does not count any more; a year after `since` at most.")]
Format = Annotated[Literal["json", "csv"], Query()]
ASKED = {**TABLE_TOO, **faults({404: "unknown-unit", 422: "period"})}
Entry = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="A line of the card (kpi.yaml).")]


class FigureOut(Body):
    """A figure of a ULP, a UP3 or all of them. Times are means; without a count there is no value."""

    unit: str = Field(description="UP3; empty: all.")
    ulp: str = Field(description="Empty: the whole UP3.")
    name: str
    figure: str
    label: str
    measured_in: str
    direction: Literal["more", "less"] = Field(description="What is better.")
    target: float
    threshold: float
    value: float | None
    median: float | None
    p90: float | None = Field(description="Nine in ten are not above it.")
    count: int = Field(description="How many it was counted from.")
    achievement: float | None = Field(description="In %: 100 where the target is just met.")
    reached: bool | None
    beyond_threshold: bool | None
    counted_from: str
    source: str

    @classmethod
    def of(cls, scope: Scope, judged: Judged) -> FigureOut:
        what, value = DEFINITIONS[judged.figure], judged.value
        return cls(
            unit=scope.unit,
            ulp=scope.ulp,
            name=scope.name,
            figure=judged.figure.value,
            label=what.label,
            measured_in=what.unit,
            direction="more" if judged.more_is_better else "less",
            target=judged.aim.target,
            threshold=judged.aim.threshold,
            value=_round(value.value),
            median=_round(value.median),
            p90=_round(value.p90),
            count=value.count,
            achievement=None if judged.achieved is None else _round(100 * judged.achieved),
            reached=judged.reached,
            beyond_threshold=judged.beyond,
            counted_from=what.counted_from,
            source=what.source,
        )


class CountOut(Body):
    """So many reports of a category in a month."""

    unit: str
    month: str
    kind: ReportKind
    category: str
    label: str
    reports: int

    @classmethod
    def of(cls, one: categories.Count) -> CountOut:
        return cls(
            unit=one.unit,
            month=one.month,
            kind=one.kind,
            category=one.category,
            label=one.label,
            reports=one.reports,
        )


class LineOut(Body):
    """One line of the score card."""

    entry: str
    label: str
    measured_in: str
    figure: str | None = Field(description="null: entered by hand.")
    direction: Literal["more", "less"]
    weight: float = Field(description="As configured.")
    normalised_weight: float = Field(description="All together are 100.")
    target: float
    realised: float | None = Field(description="null: not entered, or nothing to count.")
    state: Literal["dihitung", "diisi", "belum diisi", "belum ada data"]
    score: float | None
    points: float | None
    entered_by: str | None
    entered_date_time: datetime | None
    note: str

    @classmethod
    def of(cls, line: card.Line) -> LineOut:
        entry, entered = line.entry, line.entered
        known, by_hand = line.realised is not None, entry.figure is None
        return cls(
            entry=line.code,
            label=entry.label,
            measured_in=entry.unit,
            figure=entry.figure.value if entry.figure else None,
            direction="more" if entry.more else "less",
            weight=entry.weight,
            normalised_weight=round(line.weight, 2),
            target=entry.target,
            realised=_round(line.realised),
            state=("diisi" if known else "belum diisi") if by_hand else ("dihitung" if known else "belum ada data"),
            score=_round(line.score),
            points=_round(line.points),
            entered_by=entered.by if entered else None,
            entered_date_time=entered.at if entered else None,
            note=entered.note if entered else "",
        )


class CardOut(Body):
    """The score card. While `covered` is below 100, `total` is what the known lines give, no whole score."""

    unit: str
    since: date
    until: date
    weights: float = Field(description="The sum of the weights as configured.")
    covered: float = Field(description="How much of the normalised weight is known.")
    total: float
    lines: list[LineOut]


class EntryIn(Body):
    """A value that Suar cannot count."""

    since: date
    until: date
    unit: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] | None = None
    value: float = Field(ge=0, le=1e9, allow_inf_nan=False)
    note: Text = Field(default="", max_length=240)


@router.get("", response_model=list[FigureOut], responses=ASKED)
def figures(
    db: Db, now: Now, *, since: Since, until: Until, by: By = By.UP3, unit: Unit = None, format: Format = "json"
) -> list[FigureOut] | Response:
    """The figures of a period; each says what it was counted from. `format=csv` for a table."""
    period = Period(since, until)
    with db.reading() as session:
        found = list(_figures(facts.scopes(session, period, by, unit, now=now)))
    return _table(FigureOut, found) if format == "csv" else found


@router.get(
    "/categories",
    response_model=list[CountOut],
    responses=ASKED,
)
def by_category(
    db: Db, since: Since, until: Until, unit: Unit = None, format: Format = "json"
) -> list[CountOut] | Response:
    """What was reported, by UP3, month, kind and category; `format=csv` for a table."""
    with db.reading() as session:
        found = [CountOut.of(one) for one in categories.counts(session, Period(since, until), unit)]
    return _table(CountOut, found) if format == "csv" else found


@router.get("/card", response_model=CardOut, responses=ASKED)
def score_card(
    db: Db, now: Now, *, since: Since, until: Until, unit: Unit = None, format: Format = "json"
) -> CardOut | Response:
    """The weighted score card of a UP3 or of all; `format=csv` gives its lines."""
    with db.reading() as session:
        found = card.of(session, Period(since, until), unit, now=now)
        lines = [LineOut.of(line) for line in found.lines]
    if format == "csv":
        return _table(LineOut, lines)
    return CardOut(
        unit=unit or "",
        since=since,
        until=until,
        weights=found.weights,
        covered=round(found.covered, 2),
        total=round(found.total, 2),
        lines=lines,
    )


@router.put("/card/{entry}", responses=faults({404: "unknown-entry unknown-unit", 409: "entry-counted", 422: "period"}))
def enter(entry: Entry, body: EntryIn, write: Write, now: Now, by: Login) -> LineOut:
    """Enter by hand what Suar cannot count, for exactly this period; who and when stay with it."""
    period = Period(body.since, body.until)

    def put(session: Session) -> LineOut:
        row = card.enter(
            session, entry, period=period, unit=body.unit, value=body.value, note=body.note, by=by, now=now
        )
        found = card.weigh(operator().kpi, {}, {entry: row})
        return LineOut.of(next(line for line in found.lines if line.code == entry))

    return write(put)


def _figures(scopes: Iterator[Scope]) -> Iterator[FigureOut]:
    kpi = operator().kpi
    for scope in scopes:
        yield from (FigureOut.of(scope, judged) for judged in definitions.judge(scope.sample, kpi))


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _table(shape: type[Body], rows: Sequence[Body]) -> Response:
    names = [field.alias or name for name, field in shape.model_fields.items()]
    values = ([*row.model_dump(mode="json").values()] for row in rows)
    return Response(csv_table.table(names, values), media_type=csv_table.MEDIA)
