"""What outages need to know of calls, out of the journal: who called, from where, and what each heard."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from config.errors import Invalid
from router.events import Entry, Event
from tickets.customers.phones import normalise
from tickets.detection.arrivals import Call
from tickets.outages.changes import Facts
from tickets.outages.heard import Told
from tickets.outages.scopes import FEEDER

CAME = frozenset({Event.CALL_ARRIVED, Event.CALL_REFUSED})


def calls(entries: Iterable[Entry]) -> list[Call]:
    """In the order of the journal: each call when it came (or found no line), and when its caller was located."""
    found = []
    for entry in entries:
        at = datetime.fromtimestamp(entry.at / 1000, UTC)
        if entry.event in CAME and entry.call:
            came = entry.data.get("arrived")  # of one that nobody told of when it came
            at = datetime.fromtimestamp(came / 1000, UTC) if isinstance(came, int) else at
            found.append(Call(entry.call, at, dialable(str(entry.data.get("ani") or ""))))
        elif entry.event is Event.CALL_NOTED and entry.data.get("what") == "located":
            premises = entry.data.get("premises")
            at_home = int(premises) if premises is not None else None
            feeders = [code.removeprefix(FEEDER) for code in entry.data.get("beside") or () if code.startswith(FEEDER)]
            where = {"area": str(entry.data.get("area") or ""), "feeder": feeders[0] if feeders else ""}
            found.append(Call(entry.call, at, premises=at_home, **where))
    return found


def told(entries: Iterable[Entry]) -> list[Told]:
    """What callers heard of outages. What cannot be read (a note of another version) is not remembered."""
    found = []
    for entry in entries:
        if entry.event is Event.CALL_NOTED and entry.data.get("what") == "told" and entry.call:
            at = datetime.fromtimestamp(entry.at / 1000, UTC)
            with suppress(KeyError, TypeError, ValueError):
                facts = Facts.loads(dict(entry.data["facts"]))
                found.append(Told(entry.call, at, int(entry.data["outage"]), int(entry.data["version"]), facts))
    return found


def dialable(phone: str) -> str:
    """In the form of all numbers; "" for what a trunk tells that is no number."""
    try:
        return normalise(phone)
    except Invalid:
        return ""
