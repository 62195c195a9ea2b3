"""Calls that are over, as a list: which ones, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from router.calls import Outcome
from router.history.models import CallRecord
from router.history.schemas import EndedCallView

SHOWN_DIGITS = 4


@dataclass(frozen=True)
class Wanted:
    """Calls that arrived at `since` or later and before `until`, and have ended; empty = any."""

    since: datetime
    until: datetime
    outcomes: Sequence[Outcome] = field(default=())
    queues: Sequence[str] = field(default=())


def ended_calls(
    session: Session, pool: str, wanted: Wanted, *, limit: int, offset: int = 0, whole_numbers: bool = False
) -> list[EndedCallView]:
    """The list, newest arrival first. Numbers show their last four digits unless all are asked for."""
    rows = select(CallRecord).where(
        CallRecord.pool == pool,
        CallRecord.arrived_at >= wanted.since,
        CallRecord.arrived_at < wanted.until,
        CallRecord.outcome.in_([*wanted.outcomes]) if wanted.outcomes else CallRecord.outcome != "",
    )
    if wanted.queues:
        rows = rows.where(CallRecord.queue.in_([*wanted.queues]))
    rows = rows.order_by(CallRecord.arrived_at.desc(), CallRecord.id).limit(limit).offset(offset)
    return list(_views(session.scalars(rows), whole_numbers=whole_numbers))


def _views(records: Iterator[CallRecord] | Sequence[CallRecord], *, whole_numbers: bool) -> Iterator[EndedCallView]:
    for record in records:
        view = EndedCallView.model_validate(record, from_attributes=True)
        number = record.callback_number or record.ani
        view.number = number if whole_numbers else covered(number)
        served = record.answered_at or record.partner_answered_at or record.ended_at
        if record.queued_at and served:
            view.waited_s = round(max(0.0, (served - record.queued_at).total_seconds()), 1)
        yield view


def covered(number: str) -> str:
    """`••••4417`; "" = withheld."""
    return f"••••{number[-SHOWN_DIGITS:]}" if number else ""
