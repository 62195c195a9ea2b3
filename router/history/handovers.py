"""One row per hand-over to a partner centre, and the partners' day in figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from router.calls import CallState, Outcome
from router.events import Entry, Event
from router.history.fold import moment
from router.history.models import PartnerHandover

ABOUT = frozenset(
    {Event.CALL_HANDED_OVER, Event.CALL_PARTNER_ANSWERED, Event.CALL_HANDED_BACK, Event.CALL_ENDED}
)  # fmt: skip


@dataclass
class Day:
    """What became of the calls that a partner was given. `returned`: reason → how many."""

    handed: int = 0
    answered: int = 0  # and not dropped at once
    returned: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def fold(session: Session, pool: str, entries: Iterable[Entry]) -> None:
    """Write what a batch tells; a hand-over is known by its token."""
    about = [entry for entry in entries if entry.event in ABOUT and entry.token]
    tokens = {entry.token for entry in about}
    found = session.scalars(
        select(PartnerHandover).where(PartnerHandover.pool == pool, PartnerHandover.token.in_(tokens))
    )
    rows = {row.token: row for row in found}
    for entry in about:
        if entry.event is Event.CALL_HANDED_OVER and entry.token not in rows:
            rows[entry.token] = PartnerHandover(
                pool=pool,
                token=entry.token,
                call=entry.call,
                partner=str(entry.data.get("partner", ""))[:64],
                reason=str(entry.data.get("reason", ""))[:32],
                result="",
                at=moment(entry.at),
            )
            session.add(rows[entry.token])
        elif entry.token in rows:
            _change(rows[entry.token], entry)


def _change(row: PartnerHandover, entry: Entry) -> None:
    at = moment(entry.at)
    if entry.event is Event.CALL_PARTNER_ANSWERED:
        row.answered_at = at
    elif entry.event is Event.CALL_HANDED_BACK:
        row.result, row.ended_at = str(entry.data.get("reason", ""))[:32], at
    elif entry.event is Event.CALL_ENDED and entry.data.get("state") == CallState.PARTNER:
        outcome = str(entry.data.get("outcome", ""))
        row.result, row.ended_at = "answered" if outcome == Outcome.PARTNER_ANSWERED else outcome, at


def since(session: Session, pool: str, start: datetime) -> Mapping[str, Day]:
    """The figures of every partner that was given a call from this instant on."""
    rows = session.execute(
        select(
            PartnerHandover.partner,
            PartnerHandover.result,
            func.count(),
            func.count(PartnerHandover.answered_at),
        )
        .where(PartnerHandover.pool == pool, PartnerHandover.at >= start.astimezone(UTC))
        .group_by(PartnerHandover.partner, PartnerHandover.result)
    )
    days: dict[str, Day] = defaultdict(Day)
    for partner, result, count, picked_up in rows:
        day = days[partner]
        day.handed += count
        if result in ("", "answered"):
            day.answered += picked_up
        else:
            day.returned[result] += count
    return days
