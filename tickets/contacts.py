"""Who is back about a report, by which channel, and the keys that make each step of his happen once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tickets.kinds import ReportingKind


@dataclass(frozen=True)
class Contact:
    """Somebody who is back. `key` makes each step happen once (at most 100 characters); the steps of one contact share
    `call`, or without a call the key.
    """

    by: str  # login, or a channel's own name
    channel: ReportingKind
    key: str
    call: str = ""
    name: str = ""  # of the CSO, for the tag in a follow-up; "" = the login

    @property
    def told(self) -> dict[str, Any]:
        """Who and by which channel, as the history takes it."""
        return {"by": self.by, "channel": self.channel, "call": self.call}


def step_key(step: str, contact: Contact) -> str:
    return f"{step}:{contact.key}"
