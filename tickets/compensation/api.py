"""The HTTP face of compensation: the answer for one customer, the table for billing, what is exempt."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from config import csv_table
from config.openapi import TABLE_TOO, faults
from config.schema.compensation import Exempt
from tickets.api import Db, Id, Login, Now, Number
from tickets.compensation import answers, darkness, exemptions, words
from tickets.compensation.rules import Assessment
from tickets.idempotency import Write
from tickets.models import Exemption, Premises
from tickets.schemas import Body, Idpel, Text

router = APIRouter(prefix="/api/v1")

MonthIn = Annotated[str, Query(pattern=r"^[0-9]{4}-[0-9]{2}$", description="On the clock of the UP3: 2026-11.")]


class CompensationOut(Body):
    """What a premises is owed for a month. `percent` and `amount` are null while a fact of `missing` is not known."""

    month: str
    regulation: str | None
    provisional: str = Field(description="Why the regulation's figures are not certain; empty: they are.")
    dark_minutes: int = Field(description="Without power; what several outages and reports say of one time, once.")
    exempt_minutes: int = Field(description="Beside these: not held against the utility.")
    interruptions: int
    declared_hours: float | None
    declared_times: int | None
    percent: int | None = Field(description="Of the minimum bill (biaya beban).")
    amount: int | None = Field(description="Rupiah.")
    final: bool = Field(description="The month is over and power is on.")
    missing: list[str]
    sentence: str = Field(description="The same in words, for who tells it.")

    @classmethod
    def of(cls, found: Assessment) -> CompensationOut:
        return cls(
            month=str(found.month),
            regulation=found.regulation.name if found.regulation else None,
            provisional=found.regulation.provisional if found.regulation else "",
            dark_minutes=darkness.minutes(found.dark.time),
            exempt_minutes=darkness.minutes(found.exempt),
            interruptions=found.dark.times,
            declared_hours=found.declared_hours,
            declared_times=found.declared_times,
            percent=found.percent,
            amount=found.amount,
            final=found.final,
            missing=[one.value for one in found.missing],
            sentence=words.told(found),
        )


class ExemptionIn(Body):
    """Not held against the utility from now on; without a reason it counts again."""

    reason: Exempt | None
    note: Text = Field(min_length=1, max_length=500, description="Why; who asks later reads it.")


class ExemptionOut(Body):
    """What was decided, by whom and when."""

    outage: int | None
    reason: Exempt | None
    note: str
    by: str
    date_time: datetime

    @classmethod
    def of(cls, row: Exemption) -> ExemptionOut:
        return cls(outage=row.outage_id, reason=row.reason, note=row.note, by=row.by, date_time=row.at)


@router.get("/compensation", tags=["compensation"], responses=faults({404: "unknown-premises", 422: "month"}))
def of_premises(db: Db, now: Now, idpel: Annotated[Idpel, Query()], month: MonthIn | None = None) -> CompensationOut:
    """What a customer is owed for a month; without one the month it was dark in last, this or the one before."""
    with db.reading() as session:
        return CompensationOut.of(answers.of_premises(session, Premises.idpel == idpel, month, now=now))


@router.get(
    "/compensation/table",
    tags=["compensation"],
    response_class=Response,
    responses={**TABLE_TOO, **faults({404: "unknown-unit", 422: "month"})},
)
def table(
    db: Db, now: Now, unit: Annotated[str, Query(pattern=r"^[a-z0-9-]{1,32}$", description="UP3")], month: MonthIn
) -> StreamingResponse:
    """For billing, as CSV: the premises of a UP3 that are owed something, or would be if what is missing were known."""
    return StreamingResponse(answers.table(db, unit, month, now=now), media_type=csv_table.MEDIA)


@router.put(
    "/outages/{outage}/exemption",
    tags=["compensation"],
    responses=faults({404: "unknown-outage", 422: "exempt-planned note-missing"}),
)
def exempt_outage(outage: Id, body: ExemptionIn, write: Write, now: Now, by: Login) -> ExemptionOut:
    """An outage is not held against the utility (force majeure …), or is again; who decided stays with it."""

    def put(session: Session) -> ExemptionOut:
        row = exemptions.of_outage(session, outage, body.reason, note=body.note, by=by, now=now)
        return ExemptionOut.of(row)

    return write(put)


@router.put(
    "/reports/{number}/exemption",
    tags=["compensation"],
    responses=faults({404: "unknown-report", 422: "exempt-planned note-missing"}),
)
def exempt_report(number: Number, body: ExemptionIn, write: Write, now: Now, by: Login) -> ExemptionOut:
    """The same of the fault of one report, such as one in the customer's own installation."""

    def put(session: Session) -> ExemptionOut:
        row = exemptions.of_report(session, number, body.reason, note=body.note, by=by, now=now)
        return ExemptionOut.of(row)

    return write(put)
