"""Is this request Twilio's? Everything is refused that is not signed, not shaped like a webhook, or not ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from prometheus_client import Counter
from starlette.datastructures import ImmutableMultiDict, QueryParams
from starlette.requests import ClientDisconnect, Request
from twilio.request_validator import RequestValidator

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
    form: ImmutableMultiDict[str, str]
    query: QueryParams

    def get(self, name: str) -> str:
        """A form parameter, "" when absent."""
        return self.form.get(name, "")


async def read_webhook(request: Request, about: tuple[str, re.Pattern[str]] = CALL) -> Webhook:
    """The request as a Webhook; raises NotTwilio."""
    form = _form(await _body(request))
    _check_signature(request, form)
    account, sid = form.get("AccountSid", ""), form.get(about[0], "")
    if account != settings().twilio_account_sid:
        raise NotTwilio("account")
    if not about[1].fullmatch(sid):
        raise NotTwilio("malformed")
    return Webhook(sid, form, request.query_params)


def _check_signature(request: Request, form: ImmutableMultiDict[str, str]) -> None:
    token, signature = settings().twilio_auth_token, request.headers.get("x-twilio-signature", "")
    if not token:
        raise NotTwilio("not-configured")
    if not signature:
        raise NotTwilio("missing")
    # The URL as Twilio knows it: our public address, then path and query exactly as they came over the wire.
    raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    url = settings().base_url + raw_path.partition(b"?")[0].decode("latin-1")
    if query:
        url += "?" + query.decode("latin-1")
    if not signature.isascii() or not RequestValidator(token).validate(url, form, signature):
        raise NotTwilio("wrong")


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
