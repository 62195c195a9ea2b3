"""How fast a queue moves: exponentially weighted figures, kept by the store at O(1) an event.

This is the rule; router/store/acd/15_pace.lua says it again for the store, and a test compares the two on random
events. Seconds, except `at`.
"""

from __future__ import annotations

from dataclasses import dataclass

FORGET = 0.02  # weight of the newest of many: about the last hundred calls count
FORGET_LEAVING = 0.01


@dataclass
class Pace:
    """Of one queue. A mean of nothing is 0."""

    handled: float = 0.0  # calls in the means below
    busy: float = 0.0  # mean: from the claim of a CSO for a call until the CSO is free again
    spread: float = 0.0  # its variance
    ring: float = 0.0  # mean: from the claim to the answer
    wrap: float = 0.0  # mean: from the end of the conversation until free again
    line: int = 0  # callers and callbacks in line now
    at: int = 0  # ms, when `line` changed last
    waited: float = 0.0  # time spent in line by all of them together, forgotten by departures
    lost: float = 0.0  # who left the line without a CSO, forgotten by departures

    def free(self, busy: float, ring: float, wrap: float) -> None:
        """A CSO is free again after a call of this queue."""
        weight = max(FORGET, 1 / (self.handled + 1))
        off = busy - self.busy
        self.spread = (1 - weight) * (self.spread + weight * off * off)
        self.busy += weight * off
        self.ring += weight * (ring - self.ring)
        self.wrap += weight * (wrap - self.wrap)
        self.handled += 1

    def joins(self, now: int) -> None:
        """Somebody joins the line, or is back in it."""
        self._pass(now)
        self.line += 1

    def leaves(self, now: int) -> None:
        """Somebody leaves the line, whatever for."""
        self._pass(now)
        self.line = max(0, self.line - 1)
        self.waited *= 1 - FORGET_LEAVING
        self.lost *= 1 - FORGET_LEAVING

    def loses(self) -> None:
        """Whoever left just now did so without a CSO: gave up, or went elsewhere."""
        self.lost += 1

    def _pass(self, now: int) -> None:
        self.waited += self.line * max(0, now - self.at) / 1000
        self.at = now

    def leaving(self, now: int) -> float:
        """How likely one who waits leaves without a CSO, per second."""
        waited = self.waited + self.line * max(0, now - self.at) / 1000
        return self.lost / waited if waited > 0 else 0.0
