"""How this telephone asks our server: as Twilio does, signed with an HMAC of our own (the twilio package checks it).

What stands behind # of an address are Twilio's connection overrides: time-outs, how often and after what to try again.
They are neither sent nor signed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit

log = logging.getLogger(__name__)

ALL_TOGETHER = 15.0  # seconds of one webhook with everything that is tried again; Twilio's own


@dataclass(frozen=True)
class Overrides:
    """Twilio's connection overrides, with its defaults. `policy`: the faults after which it tries again."""

    connect: float = 5.0  # seconds
    read: float = 15.0
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, fragment: str) -> Overrides:
        """Those of an address; raises ValueError for what Twilio does not know or allow."""
        given = {name: values[0] for name, values in parse_qs(fragment, strict_parsing=bool(fragment)).items()}
        read, connect = int(given.pop("rt", 15000)), int(given.pop("ct", 5000))
        retries, policy = int(given.pop("rc", 1)), frozenset(given.pop("rp", "ct").split(","))
        if given or not (100 <= read <= 15000 and 100 <= connect <= 10000 and 0 <= retries <= 5):
            raise ValueError("no such connection override")
        if not policy <= {"4xx", "5xx", "ct", "rt", "all"}:
            raise ValueError("no such retry policy")
        return cls(connect / 1000, read / 1000, retries, policy)


@dataclass(frozen=True)
class Answer:
    """What the server said; status 0 = no connection."""

    status: int
    body: str
    ms: float = 0.0
    fault: str = ""  # in the words of a retry policy; "" when it was answered with 2xx


def signature(token: str, url: str, parameters: Mapping[str, str]) -> str:
    """Base64 of HMAC-SHA1 over the URL and then every parameter's name and value, sorted by name."""
    text = url + "".join(name + parameters[name] for name in sorted(parameters))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Webhooks:
    """Signed requests, from threads of its own so that nobody else's wait."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._closed = False
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="telephone")

    async def post(self, url: str, parameters: Mapping[str, str]) -> Answer:
        """Ask by POST; never raises: a failure is an Answer too."""
        return await self.ask("POST", url, parameters)

    async def ask(self, method: str, url: str, parameters: Mapping[str, str]) -> Answer:
        """Ask; by GET the parameters stand in the address, which is all that is signed then."""
        if self._closed:
            return Answer(0, "")
        loop = asyncio.get_running_loop()
        started = loop.time()
        answer = await loop.run_in_executor(self._threads, self._ask, method, url, dict(parameters))
        return Answer(answer.status, answer.body, round((loop.time() - started) * 1000, 1), answer.fault)

    def close(self) -> None:
        """Start no more requests."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, method: str, url: str, parameters: dict[str, str]) -> Answer:
        url, fragment = urldefrag(url)
        overrides = Overrides.of(fragment)
        until = time.monotonic() + ALL_TOGETHER
        if method == "GET":
            url += ("&" if "?" in url else "?") + urlencode(parameters)
            parameters = {}
        for attempt in range(overrides.retries + 1):
            left = until - time.monotonic()
            if left <= 0:
                break
            answer = self._once(method, url, parameters, overrides, left)
            if not answer.fault or not overrides.policy & {answer.fault, "all"}:
                return answer
            log.warning("webhook, attempt %d: %s", attempt + 1, answer.fault)
        return answer

    def _once(self, method: str, url: str, parameters: dict[str, str], overrides: Overrides, seconds: float) -> Answer:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {"x-twilio-signature": signature(self._token, url, parameters), "user-agent": "TwilioProxy/1.1"}
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
        connection = kind(parts.hostname or "", parts.port, timeout=min(overrides.connect, seconds))
        fault = "ct"
        try:
            connection.connect()
            fault = "rt"
            connection.sock.settimeout(min(overrides.read, seconds))
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request(method, path, urlencode(parameters) if method == "POST" else None, headers)
            response = connection.getresponse()
            refused = f"{response.status // 100}xx" if response.status >= 400 else ""
            return Answer(response.status, response.read().decode("utf-8", "replace"), fault=refused)
        except (OSError, http.client.HTTPException):
            return Answer(0, "", fault=fault)
        finally:
            connection.close()
