"""The stand-in's short messages: taken, remembered, and reported as delivered.

Source of the fields and errors: Twilio's OpenAPI document and its pages of the message resource.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from ivr.telephone.exchange import Exchange
from ivr.telephone.rest_answers import Body, RestFault, one, rfc2822

LONGEST = 1600  # characters of a body


def create_message(exchange: Exchange, form: dict[str, list[str]]) -> tuple[int, Body]:
    """One message to one number."""
    to, body = one(form, "To"), one(form, "Body")
    sender, service, url = one(form, "From"), one(form, "MessagingServiceSid"), one(form, "StatusCallback")
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", to):
        raise RestFault(400, 21211, "The 'To' number is not a valid phone number.")
    if not body:
        raise RestFault(400, 21602, "Message body is required.")
    if len(body) > LONGEST:
        raise RestFault(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if not sender and not service:
        raise RestFault(400, 21603, "A 'From' phone number is required.")
    if to in exchange.stopped:
        raise RestFault(400, 21610, "Attempt to send to unsubscribed recipient")
    sid = "SM" + secrets.token_hex(16)
    exchange.messages.append((to, body))
    if url:
        told = {"MessageSid": sid, "SmsSid": sid, "AccountSid": exchange.account, "To": to, "From": sender}
        for status in ("sent", "delivered"):
            exchange.report(url, {**told, "MessageStatus": status, "SmsStatus": status}, sid)
    return 201, _resource(exchange, sid, form)


def _resource(exchange: Exchange, sid: str, form: dict[str, list[str]]) -> dict[str, Any]:
    service = one(form, "MessagingServiceSid")
    uri = f"/2010-04-01/Accounts/{exchange.account}/Messages/{sid}"
    now = rfc2822(exchange.clock.ms() / 1000)
    return {
        "sid": sid,
        "account_sid": exchange.account,
        "api_version": "2010-04-01",
        "body": one(form, "Body"),
        "date_created": now,
        "date_sent": None,
        "date_updated": now,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": one(form, "From") or None,
        "messaging_service_sid": service or None,
        "num_media": "0",
        "num_segments": "0" if service else "1",
        "price": None,
        "price_unit": "USD",
        "status": "accepted" if service else "queued",
        "to": one(form, "To"),
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }
