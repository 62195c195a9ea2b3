"""What a carrier tells us, the same for every carrier."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Arrival:
    """A new call. `call` is our id: `c` + 24 lower-case hex or digits, chosen by the carrier module."""

    call: str
    carrier: str
    channel: str
    ani: str  # E.164, "" when withheld
    dialled: str
    trunk: str


@dataclass(frozen=True)
class Step:
    """The caller's channel asks what to do next.

    `token` is fresh for every step and repeated only when the same step is asked again (webhook retry).
    `digits` is what was keyed since the last instruction ("" = silence or nothing asked).
    `name` says where in the dialplan or which webhook: "next", "waiting" (once a round of the wait loop),
    "key" (a key while waiting), "after-offer", "after-partner", "resume" (from the fallback).
    """

    call: str
    token: str
    name: str
    digits: str = ""
    extra: dict[str, str] = field(default_factory=dict)  # e.g. dialstatus
