"""Notices by Twilio: short messages and calls, one request for each number, some at a time (docs/notices.md)."""

from __future__ import annotations

import asyncio
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter, Request, Response
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout
from twilio.base.exceptions import TwilioException
from urllib3.exceptions import NewConnectionError

from config.logging import told
from config.operator import operator
from config.settings import Settings
from ivr.called import Called
from ivr.carriers.twilio_rest import answer_of, caller_id, client
from ivr.carriers.twilio_signature import CALL, FAILURES, MESSAGE, NotTwilio, Webhook, read_webhook
from ivr.carriers.twilio_trail import address
from ivr.carriers.twilio_twiml import ask_once, hang_up
from ivr.instructions import Ask, Bye
from tickets.kinds import RecipientStatus
from tickets.notices import batches
from tickets.notices.batches import REFUSED, RINGING, SENT, Message, Outcome

log = logging.getLogger(__name__)
router = APIRouter(prefix="/twilio", include_in_schema=False)

THREADS = 16  # requests at the same time; one takes some 100 ms
MOST = 50  # numbers that are asked for together: so many are uncertain when the process dies
# Twilio has not taken it. After any other 5xx, as after no answer, nobody knows: it is not asked for again.
AGAIN = {429, 500, 503}
DEADLINE = 12.0  # seconds; Twilio waits 15
STOPPED = 21610  # the number has sent STOP
MESSAGES = {
    "sent": RecipientStatus.SENT,
    "delivered": RecipientStatus.DELIVERED,
    "undelivered": RecipientStatus.FAILED,
    "failed": RecipientStatus.FAILED,
}
NOT_REACHED = {"no-answer": "no-answer", "busy": "busy", "failed": "unreachable", "canceled": "no-answer"}


class _Account(ABC):
    """What both ways have in common."""

    repeatable = False

    def __init__(self, settings: Settings, per_second: float) -> None:
        self.per_second = per_second
        self.at_once: int | None = max(1, min(MOST, round(per_second)))
        self._client = client(settings)

    def send(self, key: str, messages: Sequence[Message], text: str) -> Mapping[str, Outcome]:
        """All of them, each on its own."""
        with ThreadPoolExecutor(min(THREADS, len(messages)), thread_name_prefix="notices") as threads:
            found = threads.map(lambda one: _outcome(lambda: self._ask(one, text)), messages)
            return {one.to: outcome or self._taken for one, outcome in zip(messages, found, strict=True)}

    _taken = SENT

    @abstractmethod
    def _ask(self, message: Message, text: str) -> object:
        """One request to Twilio; raises what Twilio's library does."""


class TwilioSender(_Account):
    """Short messages of the account of the settings."""

    carrier = "twilio-sms"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, operator().notices.sms_per_second)
        sender = settings.twilio_messaging
        self._sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}

    def _ask(self, message: Message, text: str) -> object:
        url = address("/twilio/message-status", reference=message.reference)
        return self._client.messages.create(to=message.to, body=text, status_callback=url, **self._sender)


class TwilioCaller(_Account):
    """Calls of the account of the settings; what they say is asked for when somebody picks up."""

    carrier = "twilio-calls"
    _taken = RINGING

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, operator().notices.calls.per_second)
        self._from = caller_id(settings)

    def _ask(self, message: Message, text: str) -> object:
        return self._client.calls.create(
            to=message.to,
            from_=self._from,
            url=address("/twilio/notice", reference=message.reference),
            method="POST",
            status_callback=address("/twilio/notice-status", reference=message.reference),
            status_callback_method="POST",
            status_callback_event=["completed"],
            timeout=operator().notices.calls.ring_seconds,
        )


def _outcome(request: Callable[[], object]) -> Outcome | None:
    """What became of a request; None = taken."""
    try:
        request()
    except TwilioException as fault:
        return _refused(*answer_of(fault))
    except NoConnection as fault:
        if isinstance(fault, ConnectTimeout) or _never_connected(fault):
            return Outcome(RecipientStatus.FAILED, "no-connection", again=True)
        return Outcome(RecipientStatus.UNCERTAIN, "no-answer")
    except (OSError, ValueError):  # requests' other exceptions are OSErrors; an answer that is not JSON
        return Outcome(RecipientStatus.UNCERTAIN, "no-answer")
    return None


def _refused(status: int, code: int) -> Outcome:
    if status in AGAIN:
        return Outcome(RecipientStatus.FAILED, f"carrier-{status}", again=True)
    if status >= 500:
        return Outcome(RecipientStatus.UNCERTAIN, f"carrier-{status}")
    return Outcome(RecipientStatus.FAILED, REFUSED if code == STOPPED else f"carrier-{code or status}")


def _never_connected(fault: NoConnection) -> bool:
    reason = getattr(fault.args[0], "reason", None) if fault.args else None
    return isinstance(reason, NewConnectionError)


# --- what Twilio tells and asks
@router.post("/message-status")
async def message_status(request: Request) -> Response:
    """How far a short message is."""

    def news(hook: Webhook, reference: str) -> str:
        status = MESSAGES.get(hook.get("MessageStatus"))
        if status is not None:
            reason = f"carrier-{hook.get('ErrorCode')[:8]}" if status is RecipientStatus.FAILED else ""
            state = request.app.state
            with state.db.transaction() as session:
                batches.news(session, reference, status, reason=reason, now=state.clock.now())
        return ""

    return await _answer(request, news, MESSAGE)


@router.post("/notice")
async def notice(request: Request) -> Response:
    """Somebody has picked up."""
    return await _answer(request, lambda _, reference: _document(_called(request).picked_up(reference), reference))


@router.post("/notice-key")
async def notice_key(request: Request) -> Response:
    """A key was pressed, or none."""

    def keyed(hook: Webhook, reference: str) -> str:
        return hang_up(_called(request).keyed(reference, hook.get("Digits")).say)

    return await _answer(request, keyed)


@router.post("/notice-status")
async def notice_status(request: Request) -> Response:
    """A call is over."""

    def over(hook: Webhook, reference: str) -> str:
        reason = NOT_REACHED.get(hook.get("CallStatus"))
        if reason is not None:
            _called(request).unreached(reference, reason)
        return ""

    return await _answer(request, over)


def _called(request: Request) -> Called:
    return Called(request.app.state.db, request.app.state.clock)


def _document(said: Ask | Bye, reference: str) -> str:
    if isinstance(said, Bye):
        return hang_up(said.say)
    return ask_once(said.say, address("/twilio/notice-key", reference=reference), said.first_timeout)


async def _answer(
    request: Request, work: Callable[[Webhook, str], str], about: tuple[str, re.Pattern[str]] = CALL
) -> Response:
    try:
        hook = await read_webhook(request, about)
    except NotTwilio as fault:
        FAILURES.labels(fault.reason).inc()
        log.warning("webhook refused: %s", fault.reason)
        return Response(status_code=403)
    try:
        async with asyncio.timeout(DEADLINE):
            document = await asyncio.to_thread(work, hook, hook.query.get("reference", ""))
    except Exception as fault:  # whatever it is, who was called must not hear it
        log.error("a notice's webhook failed: %s", told(fault))
        if request.url.path.endswith("-status"):
            return Response(status_code=503)  # news: Twilio tells it again
        document = hang_up()
    return Response(document, media_type="text/xml") if document else Response(status_code=204)
