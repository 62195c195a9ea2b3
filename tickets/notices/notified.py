"""Customers who were told that power is back, or that it is done: their reports know it (ITIL: told before closed)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from tickets import timers
from tickets.incidents import incidents
from tickets.kinds import NoticeChannel, RecipientStatus, ReportingKind
from tickets.models import Notice, NoticeRecipient, Report
from tickets.notices import notices

TOLD = "notice-told"  # timer: some reports at a time
# The reports of a great outage are finished some at a time, too (tickets/outages/attached.py).
SOON = timedelta(seconds=30)
NEXT = timedelta(seconds=1)
KNOW = (RecipientStatus.SENT, RecipientStatus.DELIVERED)
OPEN = (RecipientStatus.WAITING, RecipientStatus.SENDING)
HOW = {NoticeChannel.SMS: ReportingKind.SMS, NoticeChannel.CALL: ReportingKind.IVR}


def soon(session: Session, notice: Notice, *, now: datetime) -> None:
    """Some have been told: their reports are to know it."""
    if notice.event in notices.DONE and not timers.armed(session, TOLD, str(notice.id)):
        timers.arm(session, TOLD, str(notice.id), now + SOON)


def tell(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Timer: the finished reports that a notice is about and whose number was told of it."""
    notice, found = session.get_one(Notice, int(key)), 0
    more = notice.superseded_at is None and _open(session, notice)  # before the reads: what comes during them counts
    for channel, how in HOW.items():
        told = (
            NoticeRecipient.notice_id == notice.id,
            or_(NoticeRecipient.phone == Report.phone, NoticeRecipient.phone == Report.mobile),
            NoticeRecipient.channel == channel,
            NoticeRecipient.status.in_(KNOW),
        )
        mine = (
            notices.reports(notice),
            incidents.FINISHED,
            Report.told_at.is_(None),
            exists().where(*told),
        )
        ids = session.scalars(select(Report.id).where(*mine).order_by(Report.id).limit(incidents.AT_ONCE)).all()
        incidents.told(session, ids, by=notice.created_by, how=how, now=now)
        found += len(ids)
        if len(ids) == incidents.AT_ONCE:
            timers.arm(session, TOLD, key, now + NEXT)
            return
    if found or more:  # who was told meanwhile saw this timer, which goes with what it does: it looks once more
        timers.arm(session, TOLD, key, now + SOON)


def _open(session: Session, notice: Notice) -> bool:
    """Whether somebody may still be told."""
    mine = (NoticeRecipient.notice_id == notice.id, NoticeRecipient.status.in_(OPEN))
    return notice.collected_at is None or bool(session.scalar(select(exists().where(*mine))))
