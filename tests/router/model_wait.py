"""How fast each queue moves, and who is at work, said again from what the journal tells: the oracle of 15_pace.lua."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from router.events import Entry, Event
from router.pace import Pace

JOINING = {
    Event.CALL_QUEUED, Event.CALL_RETURNED, Event.CALL_HANDED_BACK, Event.CALL_CALLBACK, Event.CALL_DUE,
    Event.CALL_RECALLED, Event.CALL_STAYED, Event.CALL_RECEIVED, Event.CALL_ADOPTED,
}  # fmt: skip
LEAVING = {
    Event.CALL_OFFERED, Event.CALL_HANDED_OVER, Event.CALL_LEFT_QUEUE, Event.CALL_ENDED, Event.CALL_SCHEDULED,
    Event.CALL_DEPARTED,
}  # fmt: skip
WITH_A_CSO = {Event.CALL_OFFERED}
PLACE_KEPT = {Event.CALL_CALLBACK, Event.CALL_SCHEDULED}  # leaves the line, but not the queue


@dataclass
class Work:
    """What a call takes of one CSO."""

    queue: str
    claimed: int
    answered: int = 0
    ceased: int = 0


@dataclass
class PaceOfJournal:
    """Every queue's pace."""

    paces: dict[str, Pace] = field(default_factory=lambda: defaultdict(Pace))
    line: dict[str, str] = field(default_factory=dict)  # call in line → queue
    queue: dict[str, str] = field(default_factory=dict)  # call → queue it is offered from
    work: dict[str, Work] = field(default_factory=dict)

    def read(self, entries: Iterable[Entry]) -> None:
        """Go on."""
        for entry in entries:
            if entry.event is Event.CSO_STATE:
                self._cso(entry)
            elif entry.event in JOINING or entry.event in LEAVING:
                self._line(entry)

    def _line(self, entry: Entry) -> None:
        before = self.line.pop(entry.call, None)
        if before:
            self.paces[before].leaves(entry.at)
            if entry.event not in WITH_A_CSO and entry.event not in PLACE_KEPT:
                self.paces[before].loses()
        if entry.event in WITH_A_CSO:
            self.queue[entry.call] = entry.queue
        scheduled = entry.event in (Event.CALL_CALLBACK, Event.CALL_RECALLED) and "place" not in entry.data
        if entry.event in JOINING and not scheduled:
            self.line[entry.call] = entry.queue
            self.paces[entry.queue].joins(entry.at)

    def _cso(self, entry: Entry) -> None:
        state, now = entry.data["state"], entry.at
        work = self.work.get(entry.cso)
        if state == "offered":
            if work is None:
                self.work[entry.cso] = Work(self.queue[entry.call], now)
        elif work is None:
            return
        elif state == "talking":
            work.answered = work.answered or now
        elif state == "wrap_up":
            work.ceased = work.ceased or now
        else:
            del self.work[entry.cso]
            if work.answered:
                wrap = (now - work.ceased) / 1000 if work.ceased else 0.0
                claimed = work.claimed
                self.paces[work.queue].free((now - claimed) / 1000, (work.answered - claimed) / 1000, wrap)


def staff_of(csos: Iterable[dict[str, str]], lanes_of: Any) -> dict[str, int]:
    """`:staff`, counted from the hashes of the CSOs. `lanes_of(cso)`: every lane the CSO serves."""
    count: Counter[str] = Counter()
    for cso in csos:
        if cso["at_work"] == "1":
            lanes = sorted(lanes_of(cso))
            count["*"] += 1
            count.update(lanes)
            count.update(f"{a}|{b}" for a, b in combinations(lanes, 2))
    return dict(count)
