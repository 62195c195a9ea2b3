"""One batch of a notice on its way: which numbers the carrier is asked for now, and what became of them (ADR 55).

A number is `sending` before the carrier is asked. Whoever dies over it leaves it so: a sender that can be asked the
same twice is asked again; with any other nobody knows whether it was told, and it is not told again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from config.operator import operator
from tickets import outbox, timers
from tickets.kinds import NoticeChannel, NoticeEvent, RecipientStatus
from tickets.models import CarrierPace, Notice, NoticeRecipient
from tickets.notices import notices, notified, recipients, subscriptions
from tickets.once import insert_once
from tickets.outages import phrases

AGAIN = "notice-again"  # timer: one more turn of a batch
COLLECTING = timedelta(seconds=2)
SWEEP = timedelta(minutes=5)  # a call that nothing was heard of for so long is over


@dataclass(frozen=True)
class Turn:
    """One job's share of a batch (the payload of its outbox row)."""

    notice: int
    batch: int
    channel: NoticeChannel
    turn: int = 0
    failures: int = 0  # turns before this one in which the carrier had no time, one after the other

    @classmethod
    def read(cls, channel: NoticeChannel, payload: Mapping[str, int]) -> Turn:
        """As `recipients.put` wrote it."""
        return cls(payload["notice"], payload["batch"], channel, payload["turn"], payload["failures"])

    @property
    def key(self) -> str:
        """Of its outbox row; whoever is asked twice by it has done it once."""
        return f"{self.notice}:{self.batch}:{self.turn}"

    def mine(self) -> tuple[Any, ...]:
        """The condition for its numbers."""
        row = NoticeRecipient
        return row.notice_id == self.notice, row.batch == self.batch, row.channel == self.channel


@dataclass(frozen=True)
class Message:
    """What the carrier is asked for: a number, and the name by which it tells us what became of it."""

    to: str
    reference: str


@dataclass(frozen=True)
class Claimed:
    """What is said, and to whom: `sending` from here on."""

    text: str
    messages: Sequence[Message] = ()


@dataclass(frozen=True)
class Said:
    """What a call says, and whether it asks for an answer."""

    spoken: str
    asks: bool


@dataclass(frozen=True)
class Outcome:
    """What the carrier answered about one number."""

    status: RecipientStatus
    reason: str = ""
    again: bool = False  # it had no time: not sent, may be tried again


REFUSED = "refused"  # reason: the number has told the carrier that it wants nothing
SENT = Outcome(RecipientStatus.SENT)
RINGING = Outcome(RecipientStatus.SENDING)  # nothing is known before it is picked up
REACHED = (RecipientStatus.SENT, RecipientStatus.DELIVERED, RecipientStatus.UNCERTAIN)


def not_before(session: Session, turn: Turn, *, now: datetime) -> datetime | None:
    """Until when this turn has to wait: a newer notice for a part of the outage has yet to find those for whom this one
    is no longer true, or it is quiet. None = it may be done now.
    """
    notice = session.get_one(Notice, turn.notice)
    if notice.outage_id is not None:
        newer = select(Notice.event).where(
            Notice.outage_id == notice.outage_id,
            Notice.id > notice.id,
            Notice.partial,
            Notice.collected_at.is_(None),
            Notice.superseded_at.is_(None),
        )
        if any(notice.event in notices.SUPERSEDES[event] for event in session.scalars(newer)):
            return now + COLLECTING
    return _quiet_until(session, turn, notice, now)


def _quiet_until(session: Session, turn: Turn, notice: Notice, now: datetime) -> datetime | None:
    """When the quiet hours of the place are over, if they concern this turn."""
    quiet = operator().notices.quiet
    if quiet is None or not (quiet.calls if turn.channel is NoticeChannel.CALL else notice.event.value in quiet.sms):
        return None
    here = phrases.local(now, notices.zone(session, notice))
    begin, end, at = quiet.from_time(), quiet.until_time(), here.time()
    inside = begin <= at < end if begin < end else at >= begin or at < end
    if not inside:
        return None
    morning = here.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return morning if morning > here else morning + timedelta(days=1)


def claim(session: Session, turn: Turn, *, most: int | None, repeatable: bool, now: datetime) -> Claimed:
    """The next numbers of a batch; nobody when there are none, or what they would be told is no longer true.
    `repeatable`: the sender may be asked for the same again.
    """
    notice = session.get_one(Notice, turn.notice, with_for_update={"read": True})
    over = notice.superseded_at is not None
    if over or not repeatable:
        lost_at = now - SWEEP if turn.channel is NoticeChannel.CALL else now
        died = (*turn.mine(), NoticeRecipient.status == RecipientStatus.SENDING, NoticeRecipient.at <= lost_at)
        _set(session, died, status=RecipientStatus.UNCERTAIN, at=now, reason="interrupted")
    said = notice.spoken if turn.channel is NoticeChannel.CALL else notice.text
    if over:
        return Claimed(said)
    open_ = (RecipientStatus.WAITING, RecipientStatus.SENDING) if repeatable else (RecipientStatus.WAITING,)
    rows = select(NoticeRecipient).where(*turn.mine(), NoticeRecipient.status.in_(open_))
    if turn.channel is NoticeChannel.CALL:
        # A telephone that was not answered just now: half the pause, for it began when its turn did.
        rested = now - timedelta(minutes=operator().notices.calls.again_minutes) / 2
        rows = rows.where(or_(NoticeRecipient.attempts == 0, NoticeRecipient.at <= rested))
    # Locked: a job may run twice, and both would ask for the same numbers.
    rows = rows.order_by(NoticeRecipient.attempts, NoticeRecipient.phone).limit(most).with_for_update()
    found = session.scalars(rows).all()
    if repeatable:
        _set(session, (*turn.mine(), NoticeRecipient.status.in_(open_)), status=RecipientStatus.SENDING, at=now)
        return Claimed(said, [Message(row.phone, "") for row in found])
    for row in found:
        row.status, row.reference, row.at = RecipientStatus.SENDING, uuid4().hex, now
        row.attempts += 1
    session.flush()
    return Claimed(said, [Message(row.phone, row.reference or "") for row in found])


def reserve(session: Session, carrier: str, count: int, *, per_second: float, now: datetime) -> datetime:
    """From when on `count` may be sent at this pace; whoever comes next is given the time behind them."""

    def known() -> CarrierPace | None:
        return session.scalar(select(CarrierPace).where(CarrierPace.carrier == carrier).with_for_update())

    row, _ = insert_once(session, CarrierPace(carrier=carrier, free_at=now), known)
    begin = max(now, row.free_at)
    row.free_at = begin + timedelta(seconds=count / per_second)
    session.flush()
    return begin


def settle(session: Session, turn: Turn, outcomes: Mapping[str, Outcome], *, now: datetime) -> None:
    """What the carrier answered, by number. Of a call nothing is known before it was picked up, or was not."""
    rows = select(NoticeRecipient).where(*turn.mine(), NoticeRecipient.phone.in_(outcomes))
    for row in session.scalars(rows.order_by(NoticeRecipient.phone).with_for_update()).all():
        outcome = outcomes[row.phone]
        # Uncertain: the job ran twice, and the other one took us for dead. Else the carrier's own news was here first.
        if row.status in (RecipientStatus.SENDING, RecipientStatus.UNCERTAIN):
            _apply(turn, row, outcome, now)
        if outcome.reason == REFUSED:
            subscriptions.refuse(session, row.phone, refused=True, by="system", now=now)
    session.flush()


def news(session: Session, reference: str, status: RecipientStatus, *, reason: str = "", now: datetime) -> None:
    """What a carrier tells later of a message it was given; an unknown reference, or what is older than what is known,
    changes nothing.
    """
    row = session.scalar(select(NoticeRecipient).where(NoticeRecipient.reference == reference).with_for_update())
    if row is not None and _ORDER[status] > _ORDER[row.status]:
        row.status, row.reason, row.at, before = status, reason, now, row.status
        if before is RecipientStatus.UNCERTAIN and status in notified.KNOW:
            notified.soon(session, session.get_one(Notice, row.notice_id), now=now)


def picked_up(session: Session, reference: str, *, now: datetime) -> Said | None:
    """Somebody has answered a call; None when it is no longer true, or nobody has that reference."""
    row = session.scalar(select(NoticeRecipient).where(NoticeRecipient.reference == reference).with_for_update())
    notice = session.get(Notice, row.notice_id) if row is not None else None
    if row is None or notice is None or notice.superseded_at is not None:
        return None
    row.status, row.reason, row.at = RecipientStatus.SENT, "", now
    notified.soon(session, notice, now=now)
    return Said(notice.spoken, asks=notice.event is NoticeEvent.RESTORED)


def unreached(session: Session, reference: str, reason: str, *, now: datetime) -> None:
    """A call is over that nobody has answered: it may be made once more."""
    row = session.scalar(select(NoticeRecipient).where(NoticeRecipient.reference == reference).with_for_update())
    if row is not None and row.status in (RecipientStatus.SENDING, RecipientStatus.UNCERTAIN):
        once_more = row.attempts < operator().notices.calls.attempts
        row.status = RecipientStatus.WAITING if once_more else RecipientStatus.FAILED
        row.reason, row.at = reason, now


# News are taken in this order only: a carrier's callbacks may come in any.
_ORDER = {
    status: at
    for at, status in enumerate(
        (
            RecipientStatus.WAITING,
            RecipientStatus.SENDING,
            RecipientStatus.UNCERTAIN,
            RecipientStatus.SENT,
            RecipientStatus.FAILED,
            RecipientStatus.DELIVERED,
        )
    )
}


def settle_all(session: Session, turn: Turn, *, now: datetime) -> None:
    """Every number that was asked for has been taken."""
    asked = (*turn.mine(), NoticeRecipient.status == RecipientStatus.SENDING)
    _set(session, asked, status=RecipientStatus.SENT, at=now)


def give_up(session: Session, turn: Turn, reason: str, *, now: datetime) -> None:
    """Nobody of the batch can be told."""
    waiting = (*turn.mine(), NoticeRecipient.status == RecipientStatus.WAITING)
    _set(session, waiting, status=RecipientStatus.FAILED, at=now, reason=reason)


def finish(session: Session, turn: Turn, *, troubled: bool, now: datetime) -> None:
    """The turn is over: what is left of the batch gets another one, at once or after a pause."""
    outbox.close(session, recipients.SEND[turn.channel], turn.key, now=now)
    rules, calls = operator().notices.retry, turn.channel is NoticeChannel.CALL
    notice = session.get_one(Notice, turn.notice)
    superseded = notice.superseded_at is not None
    notified.soon(session, notice, now=now)
    if troubled:
        pause = min(rules.first_seconds * 2**turn.failures, rules.most_seconds)
        if not superseded:
            again(session, turn, now + timedelta(seconds=pause), failures=turn.failures + 1)
    elif not superseded and _any(session, turn, RecipientStatus.WAITING, fresh=calls):
        recipients.put(session, turn.notice, turn.batch, turn.channel, turn=turn.turn + 1)
    elif calls and _any(session, turn, *((RecipientStatus.SENDING,) if superseded else UNREACHED)):
        again(session, turn, now + timedelta(minutes=operator().notices.calls.again_minutes))


UNREACHED = (RecipientStatus.WAITING, RecipientStatus.SENDING)


def postpone(session: Session, turn: Turn, until: datetime, *, now: datetime) -> None:
    """Not now: the same turn comes at `until`."""
    outbox.close(session, recipients.SEND[turn.channel], turn.key, now=now)
    again(session, turn, until, failures=turn.failures)


def again(session: Session, turn: Turn, at: datetime, *, failures: int = 0) -> None:
    """One more turn of the batch at `at`."""
    payload = {"notice": turn.notice, "batch": turn.batch, "turn": turn.turn + 1, "failures": failures}
    key = f"{turn.notice}:{turn.batch}:{turn.channel.value}"
    timers.arm(session, AGAIN, key, at, {**payload, "channel": turn.channel.value})


def go_on(session: Session, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Timer: the pause of a batch is over."""
    turn = Turn.read(NoticeChannel(payload["channel"]), payload)
    recipients.put(session, turn.notice, turn.batch, turn.channel, turn=turn.turn, failures=turn.failures)


def _apply(turn: Turn, row: NoticeRecipient, outcome: Outcome, now: datetime) -> None:
    row.at, row.reason, row.status = now, outcome.reason, outcome.status
    if not outcome.again:
        return
    limit, tried = operator().notices.retry.attempts, row.attempts
    if turn.channel is NoticeChannel.CALL:
        row.attempts -= 1  # nothing has rung
        tried = turn.failures + 1
    row.status = RecipientStatus.WAITING if tried < limit else RecipientStatus.FAILED


def _any(session: Session, turn: Turn, *statuses: RecipientStatus, fresh: bool = False) -> bool:
    wanted = [*turn.mine(), NoticeRecipient.status.in_(statuses)]
    if fresh:
        wanted.append(NoticeRecipient.attempts == 0)
    return session.scalar(select(NoticeRecipient.batch).where(*wanted).limit(1)) is not None


def _set(session: Session, rows: Sequence[Any], **values: Any) -> None:
    session.execute(update(NoticeRecipient).where(*rows).values(**values).execution_options(synchronize_session=False))
