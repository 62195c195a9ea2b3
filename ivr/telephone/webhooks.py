"""How this telephone asks our server: as Twilio does, signed with an HMAC of our own (the twilio package checks it)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

log = logging.getLogger(__name__)

READ_TIMEOUT = 15.0  # seconds, Twilio's own
TRIES = 2  # Twilio's rc=1: once more when the connection fails


@dataclass(frozen=True)
class Answer:
    """What the server said; status 0 = no connection."""

    status: int
    body: str
    ms: float = 0.0


def signature(token: str, url: str, parameters: Mapping[str, str]) -> str:
    """Base64 of HMAC-SHA1 over the URL and then every parameter's name and value, sorted by name."""
    text = url + "".join(name + parameters[name] for name in sorted(parameters))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Webhooks:
    """Signed POST requests, from threads of its own so that nobody else's wait."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._closed = False
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="telephone")

    async def post(self, url: str, parameters: Mapping[str, str]) -> Answer:
        """Ask; never raises: a failure is an Answer too."""
        if self._closed:
            return Answer(0, "")
        loop = asyncio.get_running_loop()
        started = loop.time()
        answer = await loop.run_in_executor(self._threads, self._post, url, dict(parameters))
        return Answer(answer.status, answer.body, round((loop.time() - started) * 1000, 1))

    def close(self) -> None:
        """Start no more requests."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _post(self, url: str, parameters: dict[str, str]) -> Answer:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signature(self._token, url, parameters),
            "user-agent": "TwilioProxy/1.1",
        }
        for attempt in range(1, TRIES + 1):
            connection = kind(parts.hostname or "", parts.port, timeout=READ_TIMEOUT)
            try:
                path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
                connection.request("POST", path, urlencode(parameters), headers)
                response = connection.getresponse()
                return Answer(response.status, response.read().decode("utf-8", "replace"))
            except (OSError, http.client.HTTPException) as fault:
                log.warning("webhook, attempt %d: %s", attempt, type(fault).__name__)
            finally:
                connection.close()
        return Answer(0, "")
