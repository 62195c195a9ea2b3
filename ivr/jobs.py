"""The jobs that outbox and timers ask for (tickets/jobs.py enqueues them by name). Each may run twice: it closes its
row, or finds its timer gone.
"""

from __future__ import annotations

from typing import Any

from config.clock import SystemClock
from config.database import database
from config.mail_url import mail_server
from config.settings import settings
from ivr import mail_servers
from ivr.mail_message import compose
from ivr.speech.render import render as render_texts
from tickets import outbox, timers
from tickets.clockwork import HANDLERS
from tickets.outages.statements import mark_rendered


def render(key: str, payload: dict[str, Any]) -> None:
    """Make the sound of some texts; only then callers on Asterisk hear the statement."""
    render_texts(payload["texts"])
    for language, texts in payload.get("others", {}).items():
        render_texts(texts, language=language)
    now = SystemClock().now()
    with database().transaction() as session:
        if payload.get("statement") is not None:
            mark_rendered(session, payload["statement"], now=now)
        outbox.close(session, "render", key, now=now)


def send_email(key: str, payload: dict[str, Any]) -> None:
    """Send one letter. Raises MailFailed: the row stays open and is tried again."""
    found = settings()
    sender: mail_servers.MailSender = mail_servers.FileSender(found.data.resolve() / "mail")
    if found.smtp_url:
        sender = mail_servers.SmtpSender(mail_server(found.smtp_url, "smtp"))
    sender.send(compose(payload, own=found.mail_from or "suar@localhost.localdomain"))
    with database().transaction() as session:
        outbox.close(session, "email", key, now=SystemClock().now())


def run_timer(timer: int) -> None:
    """Do what fell due. What fails stays due and is tried again."""
    timers.run(database(), timer, HANDLERS, now=SystemClock().now())
