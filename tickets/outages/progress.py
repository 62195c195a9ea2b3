"""How far the notices of an outage are: counted over the numbers they go to, never which numbers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tickets.kinds import NoticeAnswer, RecipientStatus
from tickets.models import Notice, NoticeRecipient
from tickets.outages import moves as outage_moves

MOST = 50  # notices of one outage that are told of


@dataclass(frozen=True)
class Progress:
    """One notice and how many numbers are how far."""

    notice: Notice
    by_status: dict[RecipientStatus, int] = field(default_factory=dict)
    by_answer: dict[NoticeAnswer, int] = field(default_factory=dict)

    @property
    def recipients(self) -> int:
        """Numbers known so far."""
        return sum(self.by_status.values())

    @property
    def told(self) -> int:
        """Numbers that the carrier has taken."""
        return sum(self.by_status.get(one, 0) for one in (RecipientStatus.SENT, RecipientStatus.DELIVERED))

    @property
    def over(self) -> bool:
        """Whether nothing is sent any more."""
        if self.notice.superseded_at is not None:
            return True
        going = sum(self.by_status.get(one, 0) for one in (RecipientStatus.WAITING, RecipientStatus.SENDING))
        return self.notice.collected_at is not None and not going


def of_outage(session: Session, outage_id: int) -> list[Progress]:
    """Every notice of an outage, the newest first. Raises NotFound (`unknown-outage`)."""
    outage_moves.found(session, outage_id)
    rows = select(Notice).where(Notice.outage_id == outage_id).order_by(Notice.id.desc()).limit(MOST)
    return _counted(session, session.scalars(rows).all())


def newest(session: Session, outages: Collection[int], *, now: datetime) -> dict[int, Progress]:
    """The newest notice of each of these outages that is begun."""
    begun = (Notice.outage_id.in_(outages), Notice.begins_at <= now)
    last = select(func.max(Notice.id)).where(*begun).group_by(Notice.outage_id)
    rows = session.scalars(select(Notice).where(Notice.id.in_(last))).all()
    return {one.notice.outage_id: one for one in _counted(session, rows) if one.notice.outage_id is not None}


def _counted(session: Session, notices: Collection[Notice]) -> list[Progress]:
    found = {notice.id: Progress(notice) for notice in notices}
    columns = (NoticeRecipient.notice_id, NoticeRecipient.status, NoticeRecipient.answer)
    rows = select(*columns, func.count()).where(NoticeRecipient.notice_id.in_(found)).group_by(*columns)
    for notice, status, answer, count in session.execute(rows):
        one = found[notice]
        one.by_status[status] = one.by_status.get(status, 0) + count
        if answer is not None:
            one.by_answer[answer] = one.by_answer.get(answer, 0) + count
    return list(found.values())
