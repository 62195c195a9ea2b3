"""One webhook with what is needed to answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ivr.carriers.twilio_signature import Webhook
from ivr.carriers.twilio_trail import Trail, call_id, read_trail
from ivr.port import IvrPort
from ivr.trunks import as_dialled, trunk_dialled
from router.store.acd import Acd

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# What Twilio puts in From for a withheld number (letters on a keypad: ANONYMOUS, BLOCKED, UNKNOWN, RESTRICTED, …).
_WITHHELD = {"+266696687", "+2562533", "+8656696", "+7378742833", "+17378742833", "+86282452253"}


class AnnouncingIvr(IvrPort, Protocol):
    """The service that answers steps; it also knows what was last published."""

    def last_announcement(self) -> str: ...


@dataclass
class Context:
    """A signed webhook, the service that answers steps and the live state."""

    hook: Webhook
    ivr: AnnouncingIvr
    acd: Acd
    path: str

    def check(self) -> None:
        """Raise Malformed when the URL is not one that we gave out."""
        if not self.path.endswith(("/voice", "/status")):
            _ = self.trail

    @cached_property
    def trail(self) -> Trail:
        """What our own URL carries (T4)."""
        return read_trail(self.hook.query)

    @property
    def call(self) -> str:
        """Our id of the caller's call; on a leg of a CSO the trail names it."""
        return self.trail.call

    @property
    def caller_call(self) -> str:
        """Our id when this webhook is about the caller's own leg."""
        return call_id(self.hook.sid)

    @property
    def token(self) -> str:
        """The token of the offer or hand-over that this leg belongs to."""
        return self.hook.query.get("token", "")[:100]

    @property
    def digits(self) -> str:
        """What was keyed; nothing else passes."""
        return re.sub(r"[^0-9*#]", "", self.hook.get("Digits"))[:24]

    @property
    def ani(self) -> str:
        """The caller's number (E.164), "" when withheld."""
        return e164(self.hook.get("From"))

    @property
    def dialled(self) -> str:
        """As people dial it: +6221123 → 021123."""
        return as_dialled(self.hook.get("To"))

    @property
    def trunk(self) -> str:
        """The trunk by which the number dialled arrives."""
        return trunk_dialled(self.dialled)


def e164(number: str) -> str:
    """A caller's number as Twilio gives it, "" when withheld."""
    number = number.strip()
    return number if _E164.fullmatch(number) and number not in _WITHHELD else ""
