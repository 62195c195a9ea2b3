"""What is officially said about an outage: versions of one text, of which callers hear the published one. Nothing stays
that is no longer true: with the time it promised it is withdrawn, and callers hear the holding sentence (ADR 46).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config.errors import Invalid, NotFound, Refused
from config.operator import operator
from tickets import timers
from tickets.incidents import alerts
from tickets.kinds import AlertKind, AlertLevel, NoticeEvent
from tickets.models import Outage, Statement
from tickets.notices import notices
from tickets.outages import phrases, scopes, spoken
from tickets.outages.moves import locked, remember
from tickets.outages.phrases import Told
from tickets.outages.spoken import may_promise
from tickets.states import LIVE, STATEMENT, OutageStatus, StatementEvent, StatementStatus

EXPIRES = "statement-expires"  # timer; its key is the outage's id
LATELY = 60  # minutes that a composed text may have stood on a board before it was sent
_ENDED = (StatementStatus.REPLACED, StatementStatus.WITHDRAWN)


class TwoPeople(Refused):
    """statements.yaml wants another person for this step than the one who wrote the text."""

    slug = "two-people"

    def __init__(self) -> None:
        super().__init__("Pernyataan ini harus disetujui orang lain daripada penulisnya.")


def publish(
    session: Session, outage_id: int, *, text: str | None, by: str, now: datetime, etr: datetime | None = None
) -> Statement:
    """Written, approved and said in one step, replacing the last version; callers on Asterisk hear it as soon as its
    sound is made. Composed from the outage's facts when `text` is None. `etr`: the time that the text was written with.

    Raises NotFound (`unknown-outage`), Invalid (`statement-empty`), TwoPeople, Refused (`outage-over`,
    `outage-not-begun`, `statement-outdated`: the estimate is another one by now).
    """
    if operator().statements.two_people:
        raise TwoPeople
    outage = locked(session, outage_id)
    statement = _written(session, outage, text, etr=etr, by=by, now=now)
    _approve(statement, by=by, now=now)
    return _say(session, outage, statement, now=now)


def draft(
    session: Session, outage_id: int, *, text: str | None, by: str, now: datetime, etr: datetime | None = None
) -> Statement:
    """A new version that nobody hears yet; of planned work also before it begins. Raises as `publish` does."""
    return _written(session, locked(session, outage_id), text, etr=etr, by=by, now=now)


def approve(session: Session, outage_id: int, version: int, *, by: str, now: datetime) -> Statement:
    """Somebody answers for it. Raises NotFound (`unknown-outage`, `unknown-statement`), TwoPeople, IllegalMove and
    Refused (`outage-over`, `statement-outdated`).
    """
    outage = locked(session, outage_id)
    statement = _version(session, outage, version)
    check_lasting(outage)
    STATEMENT.next(statement.status, StatementEvent.APPROVE)
    if operator().statements.two_people and by == statement.author:
        raise TwoPeople
    if statement.etr != may_promise(outage, now):
        raise _outdated()
    _approve(statement, by=by, now=now)
    session.flush()
    return statement


def release(session: Session, outage_id: int, version: int, *, now: datetime) -> Statement:
    """What was approved is said from now on. Raises as `approve` does, and Refused (`outage-not-begun`)."""
    outage = locked(session, outage_id)
    statement = _version(session, outage, version)
    STATEMENT.next(statement.status, StatementEvent.PUBLISH)
    return _say(session, outage, statement, now=now)


def withdraw(session: Session, outage_id: int, version: int, *, by: str, now: datetime) -> Statement:
    """A version is not true, or is not wanted; after a published one callers hear the holding sentence. Raises NotFound
    (`unknown-outage`, `unknown-statement`), IllegalMove.
    """
    outage = locked(session, outage_id)
    statement = _version(session, outage, version)
    published = statement.status is StatementStatus.PUBLISHED
    _withdraw(statement, now)
    remember(session, outage, "withdraw", by=by, now=now, note=f"pernyataan v{version}")
    if published:
        timers.disarm(session, EXPIRES, str(outage.id))
    return statement


def withdraw_all(session: Session, outage: Outage, *, now: datetime) -> None:
    """Nothing that was written about it holds any more: power is back, or is gone again."""
    for statement in _lasting(session, outage):
        _withdraw(statement, now)
    session.flush()
    timers.disarm(session, EXPIRES, str(outage.id))
    alerts.end(session, AlertKind.STATEMENT_EXPIRED, str(outage.id), now=now)


def renew(session: Session, outage: Outage, *, by: str, now: datetime) -> Statement | None:
    """The facts have changed under what was written. An outage that has spoken says what is different: at once, or
    where two people are wanted in a draft, callers hearing the holding sentence until it is approved. None: nothing
    had been said.
    """
    spoken = select(Statement.id).where(Statement.outage_id == outage.id, Statement.published_at.is_not(None)).limit(1)
    said, alone = session.scalar(spoken) is not None, not operator().statements.two_people
    for statement in _lasting(session, outage):
        # The sound of a new version takes a moment: the published one is replaced by it, not taken away before.
        if not (said and alone and statement.status is StatementStatus.PUBLISHED):
            _withdraw(statement, now)
    session.flush()
    if not said:
        return None
    statement = _written(session, outage, None, by=by, now=now)
    if alone:
        _approve(statement, by=by, now=now)
        return _say(session, outage, statement, now=now)
    timers.disarm(session, EXPIRES, str(outage.id))
    _warn(session, outage, "Keterangan padam berubah: pernyataan ditarik, penggantinya menunggu persetujuan.", now)
    return statement


def expire(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """The promised time has come and power has not: callers hear the holding sentence, the supervisor is warned."""
    outage = locked(session, int(key))
    over = [one for one in _lasting(session, outage) if one.etr is not None and one.etr <= now]
    for statement in over:
        _withdraw(statement, now)
    session.flush()
    if any(statement.published_at for statement in over):
        _warn(session, outage, "Perkiraan nyala sudah lewat: pernyataan ditarik, tulis perkiraan yang baru.", now)


def mark_rendered(session: Session, statement_id: int, *, now: datetime) -> None:
    """The sound of a statement exists. Called by the render job; a second time changes nothing."""
    unheard = (Statement.id == statement_id, Statement.rendered_at.is_(None))
    session.execute(update(Statement).where(*unheard).values(rendered_at=now))


def versions(session: Session, outage_id: int) -> list[Statement]:
    """Every version of an outage's statement, the newest first."""
    rows = select(Statement).where(Statement.outage_id == outage_id)
    return list(session.scalars(rows.order_by(Statement.version.desc())))


def check_lasting(outage: Outage) -> None:
    """Raises Refused (`outage-over`)."""
    if outage.status_kind not in (*LIVE, OutageStatus.SCHEDULED):
        raise Refused("Padam itu sudah berakhir.", slug="outage-over")


def composed(session: Session, outage: Outage, *, now: datetime) -> str:
    """The words that the facts of now give."""
    return phrases.announcement(_told(session, outage, now=now))


def _told(session: Session, outage: Outage, *, now: datetime) -> Told:
    etr = may_promise(outage, now)
    told = select(Statement.etr).where(Statement.outage_id == outage.id, Statement.published_at.is_not(None))
    other = told.where(Statement.etr.is_not(None) if etr is None else Statement.etr != etr)
    return Told(
        area=outage.area,
        name=scopes.name(outage),
        name_en=scopes.name_en(outage, scopes.of(session, outage.id, live=True)),
        since=outage.reported_start,
        cause=outage.cause,
        cause_kind=outage.cause_kind,
        etr=etr,
        as_of=now,
        before=session.scalar(other.order_by(Statement.published_at.desc(), Statement.version.desc()).limit(1)),
        again=_again(session, outage),
        partly=outage.status_kind is OutageStatus.PARTIALLY_RESTORED,
    )


def _as_composed(text: str, told: Told) -> Told | None:
    """The facts of the minute, not long ago, that give just this text: a supervisor who sends what the board has
    composed for him has not written words of his own. None: he has.
    """
    for minutes in range(LATELY + 1):
        then = replace(told, as_of=told.as_of - timedelta(minutes=minutes))
        if phrases.announcement(then) == text:
            return then
    return None


def _again(session: Session, outage: Outage) -> tuple[datetime, datetime] | None:
    back = scopes.lit_before(session, outage)
    return (back, outage.reopened_at) if back and outage.reopened_at else None


def _outdated() -> Refused:
    return Refused("Perkiraan nyala sudah berubah. Tulis pernyataan yang baru.", slug="statement-outdated")


def _version(session: Session, outage: Outage, version: int) -> Statement:
    rows = select(Statement).where(Statement.outage_id == outage.id, Statement.version == version)
    statement = session.scalar(rows.execution_options(populate_existing=True))
    if statement is None:
        raise NotFound("Pernyataan itu tidak ada.", slug="unknown-statement")
    return statement


def _lasting(session: Session, outage: Outage) -> list[Statement]:
    """The versions that are said or may still be."""
    rows = select(Statement).where(Statement.outage_id == outage.id, Statement.status.not_in(_ENDED))
    return list(session.scalars(rows.execution_options(populate_existing=True)))


def _written(
    session: Session, outage: Outage, text: str | None, *, by: str, now: datetime, etr: datetime | None = None
) -> Statement:
    check_lasting(outage)
    if etr is not None and etr != may_promise(outage, now):
        raise _outdated()
    told = _told(session, outage, now=now)
    words = phrases.speakable(text) if text is not None else phrases.announcement(told)
    if not words:
        raise Invalid("Pernyataan kosong.", slug="statement-empty", field="text")
    same = told if text is None else _as_composed(words, told)
    last = session.scalar(select(func.max(Statement.version)).where(Statement.outage_id == outage.id)) or 0
    statement = Statement(
        outage_id=outage.id,
        version=last + 1,
        text=words,
        status=StatementStatus.DRAFT,
        author=by,
        created_at=now,
        etr=may_promise(outage, now),
        facts=(same or told).dumps(),
        own=same is None,
    )
    session.add(statement)
    session.flush()
    return statement


def _approve(statement: Statement, *, by: str, now: datetime) -> None:
    statement.status = STATEMENT.next(statement.status, StatementEvent.APPROVE)
    statement.approver, statement.approved_at = by, now


def _say(session: Session, outage: Outage, statement: Statement, *, now: datetime) -> Statement:
    check_lasting(outage)
    if outage.status_kind not in LIVE:
        raise Refused("Pekerjaan itu belum mulai.", slug="outage-not-begun")
    if statement.etr != may_promise(outage, now):
        raise _outdated()
    promised_before = _last_said(session, outage)
    for old in _lasting(session, outage):
        if old.status is StatementStatus.PUBLISHED:
            old.status = STATEMENT.next(old.status, StatementEvent.REPLACE)
            old.replaced_at = now
    statement.status = STATEMENT.next(statement.status, StatementEvent.PUBLISH)
    statement.published_at = now
    session.flush()
    if statement.etr is not None:
        timers.arm(session, EXPIRES, str(outage.id), statement.etr)
    else:
        timers.disarm(session, EXPIRES, str(outage.id))
    alerts.end(session, AlertKind.STATEMENT_EXPIRED, str(outage.id), now=now)
    spoken.prepare(session, outage, statement, now=now)
    if operator().statements.two_people and (statement.etr or promised_before):
        # Until now it was nobody's word: a time, or that the one they were told of does not hold.
        notices.announce(session, outage, NoticeEvent.ESTIMATE, by=statement.approver or statement.author, now=now)
    return statement


def _last_said(session: Session, outage: Outage) -> datetime | None:
    """The time in what was last published; of power that is gone again the start was told anew, without a time."""
    rows = select(Statement.etr).where(Statement.outage_id == outage.id, Statement.published_at.is_not(None))
    if outage.reopened_at is not None:
        rows = rows.where(Statement.published_at >= outage.reopened_at)
    return session.scalar(rows.order_by(Statement.published_at.desc(), Statement.version.desc()).limit(1))


def _withdraw(statement: Statement, now: datetime) -> None:
    statement.status = STATEMENT.next(statement.status, StatementEvent.WITHDRAW)
    statement.withdrawn_at = now


def _warn(session: Session, outage: Outage, text: str, now: datetime) -> None:
    alerts.put(
        session,
        AlertKind.STATEMENT_EXPIRED,
        str(outage.id),
        level=AlertLevel.SUPERVISOR,
        unit=operator().unit_of(outage.area)[0],
        text=f"{scopes.name(outage)}: {text}"[:240],
        outage_id=outage.id,
        now=now,
    )
