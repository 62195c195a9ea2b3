"""Letters of customers, part of the process `suar worker`: looked for, answered once each, then marked as read.

A letter is answered in one transaction with the note that it was (tickets/dialogue/conversations.py), and only then
marked on the server. Killed in between, the next look finds it unread, knows it, and marks it.
"""

from __future__ import annotations

import logging

from prometheus_client import Counter
from sqlalchemy.exc import InterfaceError, OperationalError

from config.clock import Clock
from config.database import Database
from config.logging import told
from config.mail_url import mail_server
from config.operator import operator
from config.settings import Settings
from ivr.mail_message import Letter, answer_to, read_letter
from ivr.mail_servers import Imap, MailFailed, imap
from ivr.thread import Part
from tickets import outbox
from tickets.dialogue import hearing
from tickets.dialogue.conversations import Written, key_of, receive
from tickets.kinds import ReportingKind

log = logging.getLogger(__name__)

LETTERS = Counter("suar_letters", "Letters of customers, by what became of them.", ["result"])
RETRY_S = 15.0


class Mailbox(Part):
    """Looks for letters in a thread of its own: IMAP is slow, and blocks."""

    def __init__(self, db: Database, settings: Settings, clock: Clock) -> None:
        super().__init__("mailbox")
        self._db, self._clock = db, clock
        self._server = mail_server(settings.imap_url, "imap")
        self._own, self._pause = settings.mail_from, settings.mail_poll_seconds

    def look(self) -> int:
        """Answer what is unread now; answers how many letters. Raises MailFailed and what the database raises."""
        with imap(self._server) as box:
            return self._read(box)

    def _work(self) -> None:
        troubled = False
        while not self._stop.is_set():
            try:
                with imap(self._server) as box:
                    troubled = False
                    while not self._stop.is_set():
                        if not self._read(box):
                            self._stop.wait(self._pause)
            except (MailFailed, OperationalError, InterfaceError) as fault:
                if not troubled:
                    log.warning("letters are waiting: %s", fault if isinstance(fault, MailFailed) else told(fault))
                troubled = True
                self._stop.wait(min(RETRY_S, self._pause))

    def _read(self, box: Imap) -> int:
        found = box.unread()
        for uid in found:
            if self._stop.is_set():
                break
            raw = box.letter(uid)
            try:
                result = self._one(raw)
            except (OperationalError, InterfaceError):
                raise
            except Exception as fault:  # whatever stands in it, the next letters are read
                log.error("a letter could not be read and is flagged: %s", told(fault))
                result = "failed"
            LETTERS.labels(result).inc()
            box.done(uid, failed=result == "failed")
        return len(found)

    def _one(self, raw: bytes) -> str:
        letter = read_letter(raw, own=self._own)
        if letter.machine:
            return "machine"
        message = _written(letter)
        key = key_of(message)
        with self._db.transaction() as session:
            reply = receive(session, message, now=self._clock.now())
            if reply.repeated or not reply.text:
                return "repeated" if reply.repeated else "machine"
            signature = operator().messages.sentences["mail.signature"].text("id")
            text = f"{reply.text}\n\n{signature}"
            answer = answer_to(letter, text, thread=message.thread, key=key, own=self._own)
            outbox.put(session, "email", f"reply:{key}", answer)
        return "answered"


def _written(letter: Letter) -> Written:
    subject = "" if letter.thread else letter.subject
    text = "\n".join(part for part in (subject, letter.text) if part)
    message = Written(
        channel=ReportingKind.EMAIL,
        sender=letter.sender,
        id=letter.id,
        text=text,
        phone=hearing.telephone(text),
        attachments=letter.attachments,
        thread=letter.thread,
    )
    return message if letter.thread else Written(**{**vars(message), "thread": key_of(message)[:16]})
