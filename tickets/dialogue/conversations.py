"""Written messages come in here: each is answered once, the dialogue remembered, its wishes fulfilled in one
transaction. Channels (WhatsApp, e-mail) only carry text in and out (docs/channels.md).
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from config.logging import told
from config.operator import operator
from config.settings import settings
from tickets.dialogue.channel_facts import Facts, drive
from tickets.dialogue.dialogue import step
from tickets.dialogue.turn import VERSION, Sender, State
from tickets.kinds import ReportingKind
from tickets.models import Conversation, InboundMessage
from tickets.notices import answers
from tickets.once import insert_once

log = logging.getLogger(__name__)

LONGEST = 4000  # characters of a message that are read
KEPT = timedelta(days=30)  # how long a message counts as one that was answered
LOOP = 20  # letters of one sender within an hour; what writes more than that is a machine


@dataclass(frozen=True)
class Written:
    """One message as its channel brought it. `sender`: a number (E.164) or an address; `id` is the channel's own."""

    channel: ReportingKind
    sender: str
    id: str
    text: str
    phone: str = ""  # E.164
    attachments: int = 0
    thread: str = ""  # conversations of one sender that are told apart; "" = there is one


@dataclass(frozen=True)
class Reply:
    """What is written back; "" = nothing, to a machine. `repeated`: the message had come before."""

    text: str
    repeated: bool = False


def receive(session: Session, message: Written, *, now: datetime) -> Reply:
    """Answer one message. The same message a second time gets the same words and does nothing."""
    key = key_of(message)
    fresh = InboundMessage(key=key, channel=message.channel, sender=message.sender, at=now, reply="")
    known = select(InboundMessage).where(InboundMessage.key == key)
    row, is_new = insert_once(session, fresh, lambda: session.scalar(known))
    if not is_new:
        return Reply(row.reply, repeated=True)
    if message.channel is ReportingKind.EMAIL and _within_the_hour(session, message.sender, now) > LOOP:
        log.warning("a sender of letters writes without end and is not answered")
        return Reply("")
    talk = _conversation(session, message, now)
    state, row.reply = _turn(session, message, talk, key, now)
    talk.version, talk.state = VERSION, asdict(state)
    talk.expires_at = now + timedelta(hours=operator().messages.expires(message.channel.value))
    session.flush()
    return Reply(row.reply)


def key_of(message: Written) -> str:
    """The one name of a message; nothing personal can be read from it."""
    return hashlib.sha256(f"{message.channel}:{message.id}".encode()).hexdigest()


def forget(session: Session, *, now: datetime) -> int:
    """Remove conversations that are over and messages that nobody can repeat any more; answers how many rows."""
    over = delete(Conversation).where(Conversation.expires_at <= now).returning(Conversation.id)
    old = delete(InboundMessage).where(InboundMessage.at <= now - KEPT).returning(InboundMessage.id)
    return sum(len(session.execute(rows).all()) for rows in (over, old))


def readable(text: str) -> str:
    """What can be kept and shown: lines of printable characters."""
    lines = ("".join(char if char.isprintable() else " " for char in line) for line in text[:LONGEST].splitlines())
    return "\n".join(line.rstrip() for line in lines).strip()


def _within_the_hour(session: Session, sender: str, now: datetime) -> int:
    rows = select(func.count()).select_from(InboundMessage).where(InboundMessage.sender == sender)
    return session.scalar(rows.where(InboundMessage.at > now - timedelta(hours=1))) or 0


def _conversation(session: Session, message: Written, now: datetime) -> Conversation:
    """Locked: two messages of one sender are answered one after the other."""
    where = (
        Conversation.channel == message.channel,
        Conversation.sender == message.sender,
        Conversation.thread == message.thread,
    )
    fresh = Conversation(
        channel=message.channel, sender=message.sender, thread=message.thread, version=VERSION, state={}, expires_at=now
    )
    known = select(Conversation).where(*where).with_for_update()
    return insert_once(session, fresh, lambda: session.scalar(known))[0]


def _turn(session: Session, message: Written, talk: Conversation, key: str, now: datetime) -> tuple[State, str]:
    sender = Sender(
        now=now,
        text=readable(message.text),
        phone=message.phone,
        letter=message.channel is ReportingKind.EMAIL,
        attachments=message.attachments,
        link=f"{settings().base_url}/lacak",
    )
    facts = Facts(session, message.channel, key, sender, message.sender)
    talking = talk.expires_at > now and talk.state not in ({}, asdict(State()))
    if message.channel is ReportingKind.SMS and not talking:
        # Between two conversations a short message may be the answer to a notice.
        said = answers.by_message(session, message.phone, message.text, now=now)
        if said is not None:
            return State(), said
    if talk.version == VERSION and talk.expires_at > now and talk.state:
        try:
            with session.begin_nested():
                return drive(step(operator(), State(**talk.state), sender), facts)
        except (LookupError, TypeError, ValueError, RuntimeError) as fault:
            # What was asked does not fit the operator's files of today: begin again rather than fail for a day.
            log.error("a conversation was begun again: %s", told(fault))
    return drive(step(operator(), State(), sender), facts)
