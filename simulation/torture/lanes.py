"""Who waits where, as the journal tells it, and whether somebody was passed over."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from functools import lru_cache

from router.store.answers import levels


@dataclass(frozen=True)
class Lane:
    """A queue, the carrier that serves it, and what is asked of a CSO (`en:3 prabayar:1`)."""

    queue: str
    carrier: str
    skills: str = ""

    @property
    def name(self) -> str:
        """As the store writes it."""
        return "+".join((f"{self.queue}@{self.carrier}", *self.skills.split()))

    def served_by(self, carrier: str, queues: str, skills: str) -> bool:
        """Whether a CSO with these queues and skills may be offered its calls."""
        return _serves(self, carrier, queues, skills)


@lru_cache(maxsize=65536)
def _serves(lane: Lane, carrier: str, queues: str, skills: str) -> bool:
    have = levels(skills)
    return (
        carrier == lane.carrier
        and lane.queue in levels(queues)
        and all(have.get(name, 0) >= least for name, least in levels(lane.skills).items())
    )


@dataclass
class Waiting:
    """The lines of all lanes: heaps from which what has left is dropped when it comes to the top."""

    heaps: dict[tuple[Lane, bool], list[tuple[float, str]]] = field(default_factory=dict)
    present: dict[tuple[Lane, bool], dict[str, float]] = field(default_factory=dict)

    def add(self, lane: Lane, virtual: bool, call: str, score: float) -> None:
        """A call joins."""
        heapq.heappush(self.heaps.setdefault((lane, virtual), []), (score, call))
        self.present.setdefault((lane, virtual), {})[call] = score

    def remove(self, lane: Lane, virtual: bool, call: str) -> None:
        """A call leaves."""
        self.present.get((lane, virtual), {}).pop(call, None)

    def head(self, lane: Lane, virtual: bool) -> tuple[float, str] | None:
        """The lowest score and its call."""
        heap, present = self.heaps.get((lane, virtual), []), self.present.get((lane, virtual), {})
        while heap and present.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0] if heap else None

    def better(self, lane: Lane, virtual: bool, score: float) -> str:
        """A call of the same line with a lower score, or ''."""
        head = self.head(lane, virtual)
        return head[1] if head and head[0] < score else ""

    def passed_over(self, carrier: str, queues: str, skills: str, score: float) -> str:
        """A caller with a lower score in any lane that this CSO serves, or ''. Callbacks need a free line: not here."""
        for lane, virtual in self.present:
            if virtual or not lane.served_by(carrier, queues, skills):
                continue
            found = self.better(lane, virtual, score)
            if found:
                return found
        return ""
