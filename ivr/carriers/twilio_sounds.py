"""Recordings at Twilio: it tells when one is finished; the sound is fetched off the call's path, and deleted there."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path

import requests
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from twilio.base.exceptions import TwilioException

from config.settings import Settings
from ivr.carriers.twilio_rest import TWILIO, RestFailed, answer_of, client
from ivr.carriers.twilio_signature import FAILURES, NotTwilio, Webhook, read_webhook
from ivr.carriers.twilio_trail import Malformed, read_trail
from tickets import recordings
from tickets.kinds import RecordingKind

log = logging.getLogger(__name__)
router = APIRouter(prefix="/twilio", include_in_schema=False)

SID = re.compile(r"RE[0-9a-fA-F]{32}")
TIMEOUT = 30.0  # seconds without a byte
LARGEST = 512 * 1024 * 1024  # bytes: nine hours
CHUNK = 64 * 1024


@router.post("/recording-status")
async def recording(request: Request) -> Response:
    """A recording is finished. Its address is not asked: only its name, at the account of the settings."""
    try:
        hook = await read_webhook(request)
        call, kind = read_trail(hook.query).call, RecordingKind(hook.query.get("kind", ""))
        sid = _sid(hook)
    except (NotTwilio, Malformed, ValueError) as fault:
        reason = fault.reason if isinstance(fault, NotTwilio) else "malformed"
        FAILURES.labels(reason).inc()
        log.warning("webhook refused: %s", reason)
        return Response(status_code=403)
    status = hook.get("RecordingStatus")
    if status not in ("completed", "absent"):
        return Response(status_code=204)

    def note() -> None:
        with request.app.state.db.transaction() as session:
            now = request.app.state.clock.now()
            if status == "completed":
                recordings.at_carrier(session, kind=kind, call=call, source=sid, now=now)
            elif kind is RecordingKind.NOTE:
                recordings.note_spoken(session, call, silent=True, now=now)

    try:
        await asyncio.to_thread(note)
    except SQLAlchemyError as fault:
        log.error("a recording could not be noted: %s", type(fault).__name__)
        return Response(status_code=503)
    return Response(status_code=204)


def _sid(hook: Webhook) -> str:
    found = hook.get("RecordingSid")
    if not SID.fullmatch(found):
        raise Malformed("recording")
    return found


class TwilioSounds:
    """Fetches and deletes; blocking."""

    def __init__(self, settings: Settings) -> None:
        self._client = client(settings)
        self._base = settings.twilio_api_url.rstrip("/") or TWILIO
        self._account, self._token = settings.twilio_account_sid, settings.twilio_auth_token

    def fetch(self, source: str, to: Path) -> bool:
        """The sound as a WAV; False: Twilio does not have it (yet). Raises RestFailed."""
        url = f"{self._base}/2010-04-01/Accounts/{self._account}/Recordings/{source}.wav"
        size = 0
        with requests.get(url, auth=(self._account, self._token), timeout=TIMEOUT, stream=True) as answer:
            if answer.status_code == 404:
                return False
            if answer.status_code != 200:
                raise RestFailed(f"status {answer.status_code}")
            with to.open("wb") as file:
                for chunk in answer.iter_content(CHUNK):
                    size += len(chunk)
                    if size > LARGEST:
                        raise RestFailed("a recording that is too large")
                    file.write(chunk)
        return True

    def delete(self, source: str) -> None:
        """Gone there. What cannot be deleted now is told: somebody must look after it."""
        try:
            self._client.recordings(source).delete()
        except (TwilioException, OSError) as fault:
            status = answer_of(fault)[0] if isinstance(fault, TwilioException) else 0
            if status != 404:
                log.error("a recording stays at Twilio: %s, status %d", type(fault).__name__, status)
