"""Who told us of a place: people, not calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Heard:
    """Somebody was heard from a place: by a call, or by a report of any channel."""

    at: datetime
    area: str
    ulp: str
    feeder: str = ""  # "" = not known
    phone: str = ""  # E.164; "" = withheld
    premises: int | None = None
    reported: bool = False  # a fault, not only a call


def distinct(heard: Iterable[Heard]) -> int:
    """How many people that is at least: whoever shares a number or a premises counts once, and all who tell neither
    count once together. So ten calls of one number are one person, and so is one number for ten premises.
    """
    leader: dict[object, object] = {}

    def find(key: object) -> object:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for one in heard:
        keys: list[object] = [one.phone] if one.phone else []
        keys += [one.premises] if one.premises is not None else []
        first, last = (keys or [None])[0], (keys or [None])[-1]
        leader[find(first)] = find(last)
    return sum(key == head for key, head in leader.items())
