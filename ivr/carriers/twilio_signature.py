"""Is this request Twilio's? Everything is refused that is not signed, not shaped like a webhook, or not ours.

What is signed is the address that Twilio was given: SUAR_PUBLIC_URL, then path and query as they came over the wire.
Nothing that a proxy or a caller says about it (Host, X-Forwarded-*) is read (docs/decisions/0074-signed-address.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from prometheus_client import Counter
from starlette.datastructures import ImmutableMultiDict, QueryParams
from starlette.requests import ClientDisconnect, Request
from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator, get_signature_algorithm

from config.settings import settings

FAILURES = Counter(
    "suar_webhook_signature_failures", "Webhooks refused with 403, by reason.", ["reason"]
)  # exposed as suar_webhook_signature_failures_total

MAX_BODY = 64 * 1024
# What a request is about, and how its name looks.
CALL = ("CallSid", re.compile(r"CA[0-9a-fA-F]{32}"))
MESSAGE = ("MessageSid", re.compile(r"(SM|MM)[0-9a-fA-F]{32}"))


class NotTwilio(Exception):
    """The request is refused; `reason` is one of few words, for the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Webhook:
    """A request that Twilio signed."""

    sid: str  # CallSid or MessageSid
    form: ImmutableMultiDict[str, str]  # what Twilio tells; asked by GET it stands in the query
    query: QueryParams

    def get(self, name: str) -> str:
        """A form parameter, "" when absent."""
        return self.form.get(name, "")


async def read_webhook(request: Request, about: tuple[str, re.Pattern[str]] = CALL) -> Webhook:
    """The request as a Webhook; raises NotTwilio."""
    posted = request.method == "POST"
    form = _form(await _body(request) if posted else b"")
    _check_signature(request, form)
    if not posted:
        form = ImmutableMultiDict(request.query_params.multi_items())
    account, sid = form.get("AccountSid", ""), form.get(about[0], "")
    if account != settings().twilio_account_sid:
        raise NotTwilio("account")
    if not about[1].fullmatch(sid):
        raise NotTwilio("malformed")
    return Webhook(sid, form, request.query_params)


def _check_signature(request: Request, form: ImmutableMultiDict[str, str]) -> None:
    signature = request.headers.get("x-twilio-signature", "")
    secrets, algorithm = _secrets(request.headers.get("x-twilio-webhooks-signature-settings", ""))
    if not secrets:
        raise NotTwilio("not-configured")
    if not signature:
        raise NotTwilio("missing")
    raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    url = settings().base_url + raw_path.partition(b"?")[0].decode("latin-1")
    if query:
        url += "?" + query.decode("latin-1")
    if not signature.isascii() or not any(
        RequestValidator(secret).validate(url, form, signature, algorithm=algorithm) for secret in secrets
    ):
        raise NotTwilio("wrong")


def _secrets(header: str) -> tuple[list[str], str]:
    """What a request may be signed with, and how. The header only names a key; which secret belongs to it, and that it
    signs by SHA-256, is ours to say.
    """
    now = settings()
    if not header:
        return [token for token in (now.twilio_auth_token, now.twilio_secondary_token) if token], HMAC_SHA1
    named = dict(part.strip().partition("=")[::2] for part in header.split(","))
    if not now.twilio_signing_key or named.get("key") != now.twilio_signing_key:
        raise NotTwilio("wrong")
    if get_signature_algorithm(header) != HMAC_SHA256:
        raise NotTwilio("wrong")
    return [secret for secret in (now.twilio_signing_secret,) if secret], HMAC_SHA256


async def _body(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise NotTwilio("malformed")
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise NotTwilio("malformed")
    except ClientDisconnect:
        raise NotTwilio("malformed") from None
    return body


def _form(body: bytes) -> ImmutableMultiDict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
        return ImmutableMultiDict(pairs)
    except ValueError:
        raise NotTwilio("malformed") from None
