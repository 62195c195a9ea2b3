"""The HTTP face of the durable state. Who may ask is decided before (agent_desk), what may be done by the services."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from config.database import Database
from tickets.customers import search
from tickets.idempotency import Write
from tickets.incidents import told
from tickets.kinds import ReportingKind
from tickets.schemas import (
    CustomerOut,
    ReportIn,
    ReportOut,
)
from tickets.views import PremisesView

router = APIRouter(prefix="/api/v1")

Limit = Annotated[int, Query(ge=1, le=200)]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Unit = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,32}$", description="UP3")]
Words = Annotated[
    str,
    Query(
        description="What has been typed so far: letters or digits, three at least (slugs query-short, query-long, "
        "query-characters, phone, number). `Suar-Narrow: true` in the answer: there is more; type on."
    ),
]
Number = Annotated[str, Path(pattern=r"^[0-9]{11}\*?$", description="With or without the star.")]


def _db(request: Request) -> Database:
    found: Database = request.app.state.db
    return found


def _now(request: Request) -> datetime:
    now: datetime = request.app.state.clock.now()
    return now


def _login(request: Request) -> str:
    login: str = request.state.principal.login
    return login


def _channel(request: Request) -> ReportingKind | None:
    """Of the application that asks; None for staff."""
    channel: ReportingKind | None = request.state.principal.channel
    return channel


Db = Annotated[Database, Depends(_db)]
Now = Annotated[datetime, Depends(_now)]
Login = Annotated[str, Depends(_login)]
Channel = Annotated[ReportingKind | None, Depends(_channel)]


@router.post("/reports", status_code=201, tags=["reports"])
def file_report(body: ReportIn, write: Write, now: Now, by: Login, channel: Channel) -> ReportOut:
    """File a report. An application names the premises by IDPEL or meter number and gives a telephone number.

    A premises with an open G gets no second one: `report-open` carries its `number` and, for each intent, the steps
    that the decision table gives (`actions`).
    """

    def file(session: Session) -> ReportOut:
        return told.answer(session, told.file_told(session, body, key=write.key, by=by, channel=channel, now=now))

    return write(file)


@router.get("/customers", tags=["customers"])
def customers(db: Db, response: Response, q: Words, limit: Limit = 20) -> list[CustomerOut]:
    """By the beginning of an IDPEL, meter number or telephone, or of words of the name and the address."""
    with db.reading() as session:
        found = search.premises(session, q, limit=limit)
        narrowed(response, found.narrow)
        return [_customer(view) for view in found.rows]


def narrowed(response: Response, narrow: bool) -> None:
    """Says in the answer whether there is more to be found."""
    response.headers["Suar-Narrow"] = "true" if narrow else "false"


def _customer(view: PremisesView) -> CustomerOut:
    return CustomerOut(
        premises=view.id,
        idpel=view.idpel,
        meter=view.meter,
        name=view.customer_name,
        area=view.area,
        area_name=view.area_name,
        street=view.street,
        address=view.address,
        special_need=view.life_support,
        public_service=view.public_service,
    )
