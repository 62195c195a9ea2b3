"""The jobs that tell people of an outage (tickets/notices/notices.py): who is told, then batch by batch. Each may run
twice.

They have a line of their own in the queue of jobs: eighty thousand messages must not hold the sound of a statement.
"""

from __future__ import annotations

import time
from typing import Any

from config.clock import Clock, SystemClock
from config.database import Database, database
from config.settings import settings
from ivr.sender import FileSender, Sender
from tickets import outbox
from tickets.kinds import NoticeChannel
from tickets.notices import batches, notices, recipients
from tickets.notices.batches import Turn

COLLECT_S = 5.0
TURN_S = 20.0  # a turn of a batch begins nothing new after so long


def collect(key: str, payload: dict[str, Any]) -> None:
    """Find out who is told of a notice; after a while the batches that are ready come first."""
    db, clock = database(), SystemClock()
    more = collect_some(db, payload["notice"], clock)
    with db.transaction() as session:
        outbox.close(session, notices.COLLECT, key, now=clock.now())
        if more:
            notices.collect(session, payload["notice"], turn=payload["turn"] + 1)


def collect_some(db: Database, notice: int, clock: Clock) -> bool:
    """Page by page, for some seconds; False when everybody is known."""
    began, more = time.monotonic(), True
    while more and time.monotonic() - began < COLLECT_S:
        with db.transaction() as session:
            more = recipients.collect(session, notice, now=clock.now())
    return more


def send_sms(key: str, payload: dict[str, Any]) -> None:
    """A turn of a batch of short messages."""
    send(database(), Turn.read(NoticeChannel.SMS, payload), sender(), SystemClock())


def call(key: str, payload: dict[str, Any]) -> None:
    """A turn of a batch of calls."""
    send(database(), Turn.read(NoticeChannel.CALL, payload), caller(), SystemClock())


def sender() -> Sender:
    """Of short messages, by the settings."""
    if settings().twilio_messaging:
        from ivr.carriers.twilio_notices import TwilioSender  # noqa: PLC0415 - a carrier's library where it is used

        return TwilioSender(settings())
    return FileSender(settings().data.resolve() / "sms")


def caller() -> Sender | None:
    """Of calls, by the settings; None = no carrier can make them."""
    if settings().asterisk:
        from ivr.carriers.asterisk_notices import AsteriskCaller  # noqa: PLC0415 - the same

        return AsteriskCaller()
    if settings().twilio_account_sid:
        from ivr.carriers.twilio_notices import TwilioCaller  # noqa: PLC0415 - the same

        return TwilioCaller(settings())
    return None


def send(db: Database, turn: Turn, by: Sender | None, clock: Clock) -> None:
    """Until the batch is empty, its turn is over, or the carrier has no time."""
    with db.transaction() as session:
        until = batches.not_before(session, turn, now=clock.now())
        if until is not None:
            batches.postpone(session, turn, until, now=clock.now())
            return
        if by is None:
            batches.give_up(session, turn, "no-carrier", now=clock.now())
    began, more, troubled = time.monotonic(), by is not None, False
    while by is not None and more and not troubled and time.monotonic() - began < TURN_S:
        more, troubled = _some(db, turn, by, clock)
    with db.transaction() as session:
        batches.finish(session, turn, troubled=troubled, now=clock.now())


def _some(db: Database, turn: Turn, by: Sender, clock: Clock) -> tuple[bool, bool]:
    """As many as are handed over together; whether there may be more, and whether the carrier had no time for some."""
    now = clock.now()
    with db.transaction() as session:
        claimed = batches.claim(session, turn, most=by.at_once, repeatable=by.repeatable, now=now)
        begin = now
        if by.per_second and claimed.messages:
            begin = batches.reserve(session, by.carrier, len(claimed.messages), per_second=by.per_second, now=now)
    if not claimed.messages:
        return False, False
    time.sleep((begin - now).total_seconds())
    outcomes = by.send(turn.key, claimed.messages, claimed.text)
    with db.transaction() as session:
        if by.repeatable:
            batches.settle_all(session, turn, now=clock.now())
        else:
            batches.settle(session, turn, outcomes, now=clock.now())
    return True, any(outcome.again for outcome in outcomes.values())
