"""HTTP: the calls that are over, by what became of them: a list and a table. Who may is decided before (agent_desk)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from config import csv_table
from config.clock import Clock, SystemClock
from config.database import Database
from config.errors import Invalid, NotFound, Refused
from config.openapi import TABLE_TOO
from config.operator import operator
from router.api import durable, live
from router.calls import Outcome
from router.history.ended import Wanted, ended_calls
from router.history.schemas import EndedCallView
from router.partners_api import midnight
from router.store.acd import Acd

log = logging.getLogger(__name__)
api = APIRouter(prefix="/api/v1", tags=["router"])

WHOLE_NUMBERS = frozenset({"supervisor", "operator"})  # who may call back
MOST = 10_000


def now(request: Request) -> datetime:
    """By the application's clock."""
    clock: Clock = getattr(request.app.state, "clock", None) or SystemClock()
    return clock.now()


@api.get("/calls", response_model=list[EndedCallView], responses=TABLE_TOO)
def read_calls(
    request: Request,
    acd: Annotated[Acd, Depends(live)],
    db: Annotated[Database, Depends(durable)],
    *,
    outcome: Annotated[list[Outcome] | None, Query()] = None,
    queue: Annotated[list[str] | None, Query(max_length=64)] = None,
    since: Annotated[datetime | None, Query(description="With its zone; without: since midnight.")] = None,
    until: Annotated[datetime | None, Query(description="With its zone; without: until now.")] = None,
    numbers: Annotated[Literal["covered", "whole"], Query()] = "covered",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 200,
    offset: Annotated[int, Query(ge=0)] = 0,
    format: Annotated[Literal["json", "csv"], Query()] = "json",
) -> list[EndedCallView] | Response:
    """Calls that arrived within a time and have ended, newest first: `?outcome=abandoned` are those who gave up.

    Numbers show their last four digits; `numbers=whole` is for supervisors and operators, and is told in the log.
    Refused: unknown-queue, zone-missing, numbers-covered.
    """
    who = request.state.principal
    if numbers == "whole" and who.role not in WHOLE_NUMBERS:
        raise Refused("Nomor lengkap hanya untuk supervisor dan operator.", slug="numbers-covered", status=403)
    if unknown := set(queue or ()) - operator().queues.queues.keys():
        raise NotFound("Antrean itu tidak dikenal.", slug="unknown-queue", field=min(unknown))
    at = now(request)
    wanted = Wanted(
        _zoned(since, "since") or midnight(at, operator()), _zoned(until, "until") or at, outcome or (), queue or ()
    )
    with db.reading() as session:
        whole = numbers == "whole"
        found = ended_calls(session, acd.pool, wanted, limit=limit, offset=offset, whole_numbers=whole)
    if whole:
        log.info("a list of %d calls with whole numbers was read by %s", len(found), who.login)
    return Response(_table(found), media_type=csv_table.MEDIA) if format == "csv" else found


def _zoned(instant: datetime | None, field: str) -> datetime | None:
    if instant is not None and instant.tzinfo is None:
        raise Invalid(
            "Tulis waktu dengan zonanya, misalnya 2026-08-04T12:00:00+07:00.", slug="zone-missing", field=field
        )
    return instant.astimezone(UTC) if instant else None


def _table(views: list[EndedCallView]) -> str:
    names = list(EndedCallView.model_fields)
    return csv_table.table(names, (list(view.model_dump(mode="json").values()) for view in views))
