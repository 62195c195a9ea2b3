"""What every URL we give to Twilio carries: enough to rebuild a forgotten call (T4). Twilio signs it back to us."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from config.settings import settings

_CALL = re.compile(r"c[0-9a-z]{8,40}")
_STEP = re.compile(r"([0-9A-Za-z._-]{1,80})-(\d{1,6})")
_NAME = re.compile(r"[a-z0-9-]{0,40}")
_LABEL = re.compile(r"([a-z0-9-]{1,32})\.([a-z0-9-]{0,40})\.([0-9]{1,15})\.([0-9])\.([01])")
_KEYS = re.compile(r"[0-9*#]{0,12}")

# Twilio's connection overrides; it keeps the part behind # to itself, also when it signs. A document that does not come
# is dead air, so the fallback is asked for early; once more when a process of ours has just died. News may take the
# 15 s that Twilio has in all: a store that restarts is back by then.
DOCUMENT = "#ct=2000&rt=4000&rc=1&rp=ct,5xx"
NEWS = "#ct=2000&rt=4000&rc=3&rp=ct,rt,5xx"


class Malformed(ValueError):
    """A webhook without the shape of Twilio's, or with a URL that is not one of ours."""


@dataclass(frozen=True)
class Trail:
    """The state of a caller's leg as its own URLs tell it. `step` is "<chain>-<counter>": the step's token.

    The counter goes up with every document, so a repeated webhook repeats its token and nothing else does.
    """

    call: str
    step: str
    queue: str = ""
    arrived: int = 0  # ms
    priority: int = 0
    emergency: bool = False
    keys: str = ""  # keys that mean something while waiting

    def label(self, pool: str) -> str:
        """The same, for the caller's place in a conference, where no address of ours is asked any more."""
        return f"{pool}.{self.queue}.{self.arrived}.{self.priority}.{int(self.emergency)}"

    def next(self) -> Trail:
        """The trail of the document that follows this one."""
        chain, _, count = self.step.rpartition("-")
        return replace(self, step=f"{chain}-{int(count) + 1}")

    def url(self, path: str, **more: str) -> str:
        """An absolute URL at which Twilio goes on, or which it tells what became of a leg."""
        query = {
            "call": self.call,
            "step": self.step,
            "queue": self.queue,
            "at": str(self.arrived),
            "pr": str(self.priority),
            "em": "1" if self.emergency else "",
            "keys": self.keys,
        }
        return address(path, **{k: v for k, v in {**query, **more}.items() if v})


def address(path: str, **query: str) -> str:
    """A webhook of ours as Twilio is given it."""
    return f"{settings().base_url}{path}?{urlencode(query)}{NEWS if path.endswith('-status') else DOCUMENT}"


def read_trail(query: QueryParams) -> Trail:
    """The trail of a signed URL; raises Malformed."""
    call, step, queue, keys = (query.get(name, "") for name in ("call", "step", "queue", "keys"))
    at, priority = query.get("at", "0"), query.get("pr", "0")
    fits = (
        _CALL.fullmatch(call)
        and _STEP.fullmatch(step)
        and _NAME.fullmatch(queue)
        and _KEYS.fullmatch(keys)
        and re.fullmatch(r"[0-9]{1,15}", at)
        and re.fullmatch(r"[0-9]", priority)
    )
    if not fits:
        raise Malformed("trail")
    return Trail(call, step, queue, int(at), int(priority), query.get("em") == "1", keys)


def read_label(call: str, label: str, pool: str) -> Trail | None:
    """The trail of a caller in a conference; None when the label is not one of this pool's."""
    found = _LABEL.fullmatch(label)
    if found is None or found[1] != pool:
        return None
    _, queue, arrived, priority, emergency = found.groups()
    return Trail(call, "label-0", queue, int(arrived), int(priority), emergency == "1")


def call_id(call_sid: str) -> str:
    """Our id of a caller's leg: the same for a repeated arrival."""
    return "c" + call_sid.lower()
