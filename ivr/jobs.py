"""The jobs that the outbox asks for (tickets/jobs.py enqueues them by name). Each may run twice and closes its row."""

from __future__ import annotations

from typing import Any

from config.clock import SystemClock
from config.database import database
from config.settings import settings
from ivr.sms import FileSender
from ivr.speech.render import render as render_texts
from tickets import outbox
from tickets.outages import mark_rendered


def render(key: str, payload: dict[str, Any]) -> None:
    """Make the sound of some texts; only then callers on Asterisk hear the statement."""
    render_texts(payload["texts"])
    now = SystemClock().now()
    with database().transaction() as session:
        if payload.get("statement") is not None:
            mark_rendered(session, payload["statement"], now=now)
        outbox.close(session, "render", key, now=now)


def send_sms(key: str, payload: dict[str, Any]) -> None:
    """Send one text to some numbers."""
    FileSender(settings().data.resolve() / "sms").send(key, payload["to"], payload["text"])
    with database().transaction() as session:
        outbox.close(session, "sms", key, now=SystemClock().now())
