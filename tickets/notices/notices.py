"""Notices: what people are told about an outage, once for each of its events, and about a report that is finished. Who
they are: recipients.py; how they are told: batches.py. Nothing is sent in here: the outbox asks for it (DESIGN §2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.operator import operator
from tickets import outbox, timers
from tickets.kinds import NoticeEvent
from tickets.models import Notice, Outage, OutageEstimate, OutagePeriod, Report, Statement
from tickets.once import insert_once
from tickets.outages import phrases, scopes
from tickets.states import StatementStatus

COLLECT = "notice"  # outbox: find out who is told
BEGINS = "notice-begins"  # timer: the same, at its time
ENDS = "notice-ends"  # timer: the time that was promised has come; its key is the outage's id
PROMISES = (NoticeEvent.START, NoticeEvent.ESTIMATE)
DONE = (NoticeEvent.RESTORED, NoticeEvent.FINISHED)  # who was told of it may say that it is not so

# What is no longer true once something else is announced: who has not been told of it yet is not told any more.
SUPERSEDES = {
    NoticeEvent.START: tuple(NoticeEvent),
    NoticeEvent.ESTIMATE: (NoticeEvent.START, NoticeEvent.ESTIMATE, NoticeEvent.PLANNED),
    NoticeEvent.PLANNED: (NoticeEvent.PLANNED, NoticeEvent.CALLED_OFF),
    NoticeEvent.CALLED_OFF: (NoticeEvent.PLANNED,),
    NoticeEvent.RESTORED: tuple(NoticeEvent),
}


def announce(
    session: Session,
    outage: Outage,
    event: NoticeEvent,
    *,
    by: str,
    now: datetime,
    parts: Sequence[str] | None = None,
) -> Notice | None:
    """Tell everybody concerned of an event of an outage: those inside it, and those who reported it or asked. Asked
    again for the same occasion it changes nothing. `parts` = only in these codes (power is back in a part). Planned
    work is told `planned_lead_hours` before it begins. None when the operator's file has no words for the event, or an
    estimate waits for the second of two people: it is told when its statement is published.

    Call it last: outage, estimates, periods and scopes are as they are told, and its locks are the last in order.
    """
    words = operator().notices.about(event.value)
    said = not operator().statements.two_people or _approved(session, outage)
    if words is None or not (words.sms or words.call) or (event is NoticeEvent.ESTIMATE and not said):
        if parts is None:
            supersede(session, outage.id, SUPERSEDES[event], now=now)
        return None
    covered = sorted(parts) if parts is not None else _concerned(session, outage, event)
    where = scopes.name(outage) if parts is None else scopes.spoken(covered, outage.area)
    occasion = _occasion(session, outage, event)
    if parts is not None:
        occasion += f"/{hashlib.sha256(','.join(covered).encode()).hexdigest()[:12]}"
    begins = _begins(outage, event, now)
    told = _Facts.of(outage, whole=said or event is not NoticeEvent.START)

    def known() -> Notice | None:
        same = (Notice.outage_id == outage.id, Notice.event == event, Notice.occasion == occasion)
        return session.scalar(select(Notice).where(*same))

    fresh = Notice(
        outage_id=outage.id,
        event=event,
        occasion=occasion,
        scopes=covered,
        partial=parts is not None,
        text=_said(told, where, words.sms, now, written=True),
        spoken=_said(told, where, words.call, now),
        created_at=now,
        created_by=by,
        begins_at=begins,
        source=0,
        after=[],
        batches=0,
    )
    notice, is_new = insert_once(session, fresh, known)
    if not is_new:
        return notice
    if parts is None:
        supersede(session, outage.id, SUPERSEDES[event], but=notice.id, now=now)
    if event in PROMISES and told.etr is not None:
        timers.arm(session, ENDS, str(outage.id), told.etr)
    _set_out(session, notice, now)
    return notice


def finished(session: Session, report: Report, *, by: str, now: datetime) -> Notice | None:
    """Tell its reporter that a report, locked, is finished: after a while, for a person may tell him at once. None when
    the operator's file has no words for it, or he left no number.
    """
    words = operator().notices.report_finished
    if words is None or not (words.sms or words.call) or not (report.phone or report.mobile):
        return None
    # A report that was opened again and finished in the same instant is finished once more.
    earlier = session.scalar(select(func.count()).where(Notice.report_id == report.id))
    notice = Notice(
        report_id=report.id,
        event=NoticeEvent.FINISHED,
        occasion=f"{now.isoformat()}/{earlier}",
        scopes=[],
        partial=False,
        text=(words.sms or "").format(number=report.number),
        spoken=(words.call or "").format(number=" ".join(report.number)),
        created_at=now,
        created_by=by,
        begins_at=now + timedelta(minutes=words.after_minutes),
        source=0,
        after=[],
        batches=0,
    )
    session.add(notice)
    session.flush()
    _set_out(session, notice, now)
    return notice


def no_news(session: Session, report_ids: Collection[int], *, now: datetime) -> None:
    """Their reporters know that these are finished, or they are open again: who waits is not told of it."""
    mine = (Notice.report_id.in_(report_ids), Notice.superseded_at.is_(None))
    session.execute(update(Notice).where(*mine).values(superseded_at=now).execution_options(synchronize_session=False))


def reports(notice: Notice) -> ColumnElement[bool]:
    """Which reports a notice is about."""
    if notice.report_id is not None:
        return Report.id == notice.report_id
    return Report.outage_id == notice.outage_id


def zone(session: Session, notice: Notice) -> str:
    """The zone of the place that a notice is about."""
    about: Report | Outage = (
        session.get_one(Report, notice.report_id)
        if notice.report_id is not None
        else session.get_one(Outage, notice.outage_id)
    )
    return operator().unit_of(about.area)[1].zone


def _set_out(session: Session, notice: Notice, now: datetime) -> None:
    """What it says is made to be heard; at its time it is found out who is told."""
    if notice.spoken:
        calls = operator().notices.calls
        texts = [notice.spoken, calls.answer, calls.lit, calls.dark]
        outbox.put(session, "render", f"notice:{notice.id}", {"texts": texts, "statement": None})
    if notice.begins_at > now:
        timers.arm(session, BEGINS, str(notice.id), notice.begins_at, {"notice": notice.id})
    else:
        collect(session, notice.id)


def collect(session: Session, notice: int, *, turn: int = 0) -> None:
    """Ask the outbox to find out who is told; again where the last turn has stopped."""
    outbox.put(session, COLLECT, f"{notice}:{turn}", {"notice": notice, "turn": turn})


def supersede(
    session: Session, outage_id: int, events: Sequence[NoticeEvent], *, now: datetime, but: int | None = None
) -> None:
    """What has not been sent yet of these events is not sent any more."""
    older = (Notice.outage_id == outage_id, Notice.event.in_(events), Notice.superseded_at.is_(None), Notice.id != but)
    session.execute(update(Notice).where(*older).values(superseded_at=now))


def begin(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Timer: a notice whose time has come, if it still holds."""
    notice = session.get_one(Notice, payload["notice"])
    if notice.superseded_at is None:
        collect(session, notice.id)


def end(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Timer: who has not been told of a time before it passed is not told of it any more."""
    outage = session.get_one(Outage, int(key), with_for_update=ROW_LOCK)
    if outage.etr is not None and outage.etr <= now:
        supersede(session, outage.id, PROMISES, now=now)


def _occasion(session: Session, outage: Outage, event: NoticeEvent) -> str:
    """What tells this event of the outage from the one before."""
    if event in (NoticeEvent.PLANNED, NoticeEvent.CALLED_OFF):
        span = outage.reported_start.isoformat(timespec="seconds")
    else:
        periods = select(func.count(OutagePeriod.dark_from.distinct())).where(OutagePeriod.outage_id == outage.id)
        span = str(session.scalar(periods) or 0)
    if event not in (NoticeEvent.PLANNED, NoticeEvent.ESTIMATE):
        return span
    version = select(func.max(OutageEstimate.version)).where(OutageEstimate.outage_id == outage.id)
    return f"{span}.{session.scalar(version) or 0}"


def _begins(outage: Outage, event: NoticeEvent, now: datetime) -> datetime:
    if event is not NoticeEvent.PLANNED:
        return now
    return max(now, outage.reported_start - timedelta(hours=operator().notices.planned_lead_hours))


def _concerned(session: Session, outage: Outage, event: NoticeEvent) -> list[str]:
    """The codes of those who are told: who is without power, or all that it covers."""
    dark = scopes.dark(session, outage.id) if event in (NoticeEvent.START, NoticeEvent.ESTIMATE) else ()
    return list(dark) or scopes.largest(scopes.of(session, outage.id))


@dataclass(frozen=True)
class _Facts:
    """What may be told of an outage."""

    zone: str
    since: datetime
    cause: str
    etr: datetime | None

    @classmethod
    def of(cls, outage: Outage, *, whole: bool) -> _Facts:
        """Where two people answer for what is said, a start is told without what the second has not approved."""
        zone = operator().unit_of(outage.area)[1].zone
        return cls(zone, outage.reported_start, outage.cause if whole else "", outage.etr if whole else None)


def _approved(session: Session, outage: Outage) -> bool:
    """Whether what is known now stands in the statement that callers hear."""
    same = Statement.etr.is_(None) if outage.etr is None else Statement.etr == outage.etr
    said = (Statement.outage_id == outage.id, Statement.status == StatementStatus.PUBLISHED, same)
    return session.scalar(select(Statement.id).where(*said).limit(1)) is not None


def _said(told: _Facts, where: str, sentence: str | None, now: datetime, *, written: bool = False) -> str:
    """The operator's sentence about these facts."""
    if sentence is None:
        return ""
    words = operator().statements
    said = phrases.written_time if written else phrases.spoken_time
    return sentence.format(
        area=where,
        since=said(told.since, told.zone, now),
        cause=told.cause or words.cause_unknown,
        estimate=words.estimate.format(etr=said(told.etr, told.zone, now)) if told.etr else words.estimate_unknown,
    )
