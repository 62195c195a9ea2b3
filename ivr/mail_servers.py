"""Letters come from an IMAP server and leave over an SMTP server. Without one they leave as files, as in the demo."""

from __future__ import annotations

import hashlib
import imaplib
import os
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from config.mail_url import MailServer
from ivr.mail_message import MOST_BYTES

TIMEOUT = 15.0  # seconds
AT_ONCE = 50  # letters of one look


class MailFailed(Exception):
    """The server cannot be reached, or refused; the text names no address."""


class MailSender(Protocol):
    """May send a letter twice; it has the same Message-ID then."""

    def send(self, letter: EmailMessage) -> None:
        """Raises MailFailed."""
        ...


class SmtpSender:
    """A submission server."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def send(self, letter: EmailMessage) -> None:
        server = self._server
        try:
            if server.tls == "implicit":
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=TIMEOUT, context=ssl.create_default_context()
                )
            else:
                smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
            with smtp:
                if server.tls == "starttls":
                    smtp.starttls(context=ssl.create_default_context())
                if server.user:
                    smtp.login(server.user, server.password)
                smtp.send_message(letter)
        except (smtplib.SMTPException, OSError) as fault:
            raise MailFailed(type(fault).__name__) from None


class FileSender:
    """One file per letter, readable by its owner only: <folder>/<hash of its Message-ID>.eml."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{hashlib.sha256(letter['Message-ID'].encode()).hexdigest()[:20]}.eml"
        part = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(letter.as_bytes())
        part.replace(path)


class Imap:
    """A logged-in connection with our folder open."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._imap = connection

    def unread(self) -> list[str]:
        """The UIDs of the oldest unread letters."""
        self._imap.noop()
        return [uid.decode() for uid in self._ok(self._imap.uid("SEARCH", "UNSEEN"))[0].split()[:AT_ONCE]]

    def letter(self, uid: str) -> bytes:
        """Its first 256 KiB, without making it read."""
        parts = self._ok(self._imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MOST_BYTES}>)"))
        return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")

    def done(self, uid: str, *, failed: bool = False) -> None:
        """Read; a failed one is flagged too, so that a person finds it."""
        self._ok(self._imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen \Flagged)" if failed else r"(\Seen)"))

    @staticmethod
    def _ok(answer: tuple[str, list[bytes]]) -> list[bytes]:
        if answer[0] != "OK":
            raise MailFailed("refused")
        return [part for part in answer[1] if part is not None] or [b""]


@contextmanager
def imap(server: MailServer) -> Iterator[Imap]:
    """Connect, log in, open the folder; raises MailFailed, also for whatever goes wrong inside."""
    try:
        if server.tls == "implicit":
            connection: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                server.host, server.port, timeout=TIMEOUT, ssl_context=ssl.create_default_context()
            )
        else:
            connection = imaplib.IMAP4(server.host, server.port, timeout=TIMEOUT)
        with connection:
            if server.tls == "starttls":
                connection.starttls(ssl.create_default_context())
            connection.login(server.user, server.password)
            folder = re.sub(r'(["\\])', r"\\\1", server.folder)
            if connection.select(f'"{folder}"')[0] != "OK":
                raise MailFailed("no such folder")
            yield Imap(connection)
    except (imaplib.IMAP4.error, OSError) as fault:
        raise MailFailed(type(fault).__name__) from None
