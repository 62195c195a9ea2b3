"""WhatsApp over Twilio: a signed message in, TwiML Messaging out (docs/channels.md).

What is not Twilio's gets 403. Twilio's own gets 200 and an answer in words, whatever happens here: a message that met
silence is worse than one that has to be sent again.
"""

from __future__ import annotations

import asyncio
import logging

from fastapi import APIRouter, Request, Response
from twilio.twiml.messaging_response import MessagingResponse

from config.clock import Clock
from config.database import Database
from config.logging import told
from config.operator import operator
from ivr.carriers.twilio_context import e164
from ivr.carriers.twilio_signature import FAILURES, MESSAGE, NotTwilio, Webhook, read_webhook
from ivr.carriers.twilio_twiml import speakable
from tickets.dialogue.conversations import Written, receive
from tickets.kinds import ReportingKind

log = logging.getLogger(__name__)
router = APIRouter(prefix="/twilio", include_in_schema=False)

DEADLINE = 12.0  # seconds; Twilio waits 15
LONGEST = 1500  # characters of one WhatsApp message; Twilio refuses more than 1,600
_WHATSAPP = "whatsapp:"


@router.post("/whatsapp")
async def whatsapp(request: Request) -> Response:
    """One message of a customer."""
    try:
        hook = await read_webhook(request, MESSAGE)
    except NotTwilio as fault:
        FAILURES.labels(fault.reason).inc()
        log.warning("webhook refused: %s", fault.reason)
        return Response(status_code=403)
    state = request.app.state
    try:
        async with asyncio.timeout(DEADLINE):
            reply = await asyncio.to_thread(_answer, state.db, state.clock, _message(hook))
    except Exception as fault:  # whatever it is, the customer is told that it has to be sent again
        log.error("a written message failed: %s", told(fault))
        reply = operator().messages.sentences["broken"].text("id")
    return Response(document(reply), media_type="text/xml")


def document(reply: str) -> str:
    """TwiML: as many messages as it takes, broken between lines."""
    response = MessagingResponse()
    for part in _parts(speakable(reply)):
        response.message(part)
    return str(response)


def _message(hook: Webhook) -> Written:
    sender = hook.get("From").strip()
    number = e164(sender.removeprefix(_WHATSAPP))
    media, place = hook.get("NumMedia"), "Latitude" in hook.form  # a location comes without text and without media
    return Written(
        channel=ReportingKind.WHATSAPP if sender.startswith(_WHATSAPP) else ReportingKind.SMS,
        sender=number or sender[:64],
        id=hook.sid,
        text=hook.get("Body"),
        phone=number,
        attachments=place + (int(media) if media.isdecimal() and len(media) < 3 else 0),
    )


def _answer(db: Database, clock: Clock, message: Written) -> str:
    with db.transaction() as session:
        return receive(session, message, now=clock.now()).text


def _parts(text: str) -> list[str]:
    parts = [""]
    for line in text.splitlines():
        for piece in [line[at : at + LONGEST] for at in range(0, max(1, len(line)), LONGEST)]:
            if parts[-1] and len(parts[-1]) + len(piece) + 1 > LONGEST:
                parts.append("")
            parts[-1] += f"\n{piece}" if parts[-1] else piece
    return [part for part in parts if part]
