"""Is what callers are told true? One queue on a virtual clock: our estimate beside the running mean of app_queue.

`python -m simulation.waiting` prints the table, with `--markdown` as docs/router/estimate.md has it. Ours are the very
functions of router/estimate.py and router/pace.py. Asterisk's app_queue (apps/app_queue.c: `recalc_holdtime`,
`say_position`) takes a mean of the waits of those who were answered, the newest with a weight of a quarter, the same
for every place, and says |mean + 30 s - waited so far| in whole minutes.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from router.estimate import Promise, estimate, next_promise
from router.pace import Pace
from router.store.types import Outlook

TALK = (4.732, 1.115)  # log-normal, seconds: mean 211 (calls of an operator's line, measured)
RING_S, WRAP_S = 4.0, 30.0
HANDLING_S = RING_S + math.exp(TALK[0] + TALK[1] ** 2 / 2) + WRAP_S
ROUND_S = 60.0  # how often a waiting caller is told
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Scenario:
    """Load (1 = as many calls as the CSOs of the start can handle) and CSOs at work, by the minute."""

    name: str
    load: Callable[[float], float]
    csos: Callable[[float], int]
    minutes: int = 180
    patience_s: float = 900.0
    counted_from: int = 30  # minute; what is told before is not counted


SCENARIOS = (
    Scenario("calm", lambda m: 0.93, lambda m: 40),
    Scenario("busy", lambda m: 1.15, lambda m: 40),
    Scenario("sudden surge", lambda m: 0.8 if m < 60 else 5.0 if m < 120 else 1.0, lambda m: 40, counted_from=60),
    Scenario("CSOs go to break", lambda m: 0.97, lambda m: 40 if m < 60 or m >= 100 else 28, counted_from=50),
    Scenario("recovery", lambda m: 2.5 if m < 60 else 0.5, lambda m: 40 if m < 60 else 50, counted_from=50),
)


@dataclass
class Caller:
    """One who has to wait."""

    number: int
    came: int
    counted: bool
    gone: bool = False
    promise: Promise | None = None
    first: Promise | None = None  # what ours told first
    broken: bool = False
    theirs: int = -1  # minutes that app_queue told first
    theirs_until: int = 0
    theirs_broken: bool = False


@dataclass
class Score:
    """How true it was. Seconds; shares from 0 to 1."""

    errors: list[float] = field(default_factory=list)
    covered: int = 0
    told: int = 0
    broken: int = 0

    def add(self, wait: float | None, told: tuple[float, float, float]) -> None:
        """One caller who was told (from, middle, until); `wait` None = gave up."""
        low, middle, high = told
        self.told += 1
        if wait is not None:
            self.errors.append(abs(middle - wait))
            self.covered += low <= wait <= high

    @property
    def mae(self) -> float:
        """Mean distance between what was told first and the wait of those who were answered."""
        return sum(self.errors) / len(self.errors) if self.errors else 0.0

    @property
    def coverage(self) -> float:
        """Share of those whose wait lay within what was told first."""
        return self.covered / len(self.errors) if self.errors else 0.0

    @property
    def broken_share(self) -> float:
        """Share of all who were told something that was not kept, whether they stayed or gave up."""
        return self.broken / self.told if self.told else 0.0


class Hall:
    """CSOs, a line, and two who watch it and speak to the callers."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.ours, self.theirs = Score(), Score()
        self._dice = random.Random(seed)  # noqa: S311 - a simulation
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = count()
        self._now = 0
        self._line: list[Caller] = []  # in the order they came
        self._pace = Pace()
        self._holdtime = 0
        self._free = set(range(scenario.csos(0)))
        self._busy: set[int] = set()
        self._leaving: set[int] = set()
        self._wrapping: set[int] = set()

    def run(self) -> Hall:
        """Until the last minute."""
        end = self.scenario.minutes * MINUTE_MS
        self._at(self._gap(), self._arrive)
        for minute in range(self.scenario.minutes):
            self._at(minute * MINUTE_MS, self._roster)
        while self._heap and self._heap[0][0] <= end:
            self._now, _, happen = heapq.heappop(self._heap)
            happen()
        return self

    def _at(self, instant: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (int(instant), next(self._serial), happen))

    def _gap(self) -> float:
        rate = self.scenario.load(self._now / MINUTE_MS) * self.scenario.csos(0) / HANDLING_S
        return self._now + self._dice.expovariate(rate) * 1000

    def _roster(self) -> None:
        """CSOs come, or go: the free ones at once, the others after their call."""
        staying = self._free | (self._busy - self._leaving)
        off = self.scenario.csos(self._now / MINUTE_MS) - len(staying)
        while off > 0:
            off -= 1
            if self._leaving:
                self._leaving.pop()
            else:
                self._free.add(next(self._serial) + 1_000_000)
        for cso in sorted(staying)[: max(0, -off)]:
            if cso in self._free:
                self._free.remove(cso)
            else:
                self._leaving.add(cso)
        self._match()

    # --- callers

    def _arrive(self) -> None:
        self._at(self._gap(), self._arrive)
        caller = Caller(next(self._serial), self._now, self._now >= self.scenario.counted_from * MINUTE_MS)
        self._pace.joins(self._now)
        self._line.append(caller)
        self._match()
        if not caller.gone:
            patience = self._dice.expovariate(1 / self.scenario.patience_s)
            self._at(self._now + patience * 1000, lambda: self._give_up(caller))
            self._tell(caller)

    def _give_up(self, caller: Caller) -> None:
        if caller.gone:
            return
        caller.gone = True
        del self._line[self._ahead(caller)]
        self._pace.leaves(self._now)
        self._pace.loses()
        self._count(caller, answered=False)

    def _match(self) -> None:
        while self._free and self._line:
            caller = self._line.pop(0)
            caller.gone = True
            cso = min(self._free)
            self._free.remove(cso)
            self._busy.add(cso)
            self._pace.leaves(self._now)
            talk = self._dice.lognormvariate(*TALK)
            self._at(self._now + RING_S * 1000, partial(self._count, caller, answered=True))
            self._at(self._now + (RING_S + talk) * 1000, partial(self._hang_up, cso, self._now))

    def _hang_up(self, cso: int, claimed: int) -> None:
        self._wrapping.add(cso)
        self._at(self._now + WRAP_S * 1000, partial(self._wrapped, cso, claimed))

    def _wrapped(self, cso: int, claimed: int) -> None:
        self._pace.free((self._now - claimed) / 1000, RING_S, WRAP_S)
        self._busy.remove(cso)
        self._wrapping.remove(cso)
        if cso in self._leaving:
            self._leaving.remove(cso)
        else:
            self._free.add(cso)
        self._match()

    # --- what they are told

    def _ahead(self, caller: Caller) -> int:
        return bisect_left(self._line, caller.number, key=lambda other: other.number)

    def _tell(self, caller: Caller) -> None:
        if caller.gone:
            return
        ahead = self._ahead(caller)
        csos = len(self._free) + len(self._busy - self._leaving)
        wrapping = len(self._wrapping - self._leaving)
        outlook = Outlook(
            place=ahead + 1, ready=0, serving=csos, csos=csos, wrapping=wrapping, ahead=ahead,
            now=self._now, pace=self._pace,
        )  # fmt: skip
        told = next_promise(caller.promise, estimate(outlook), self._now)
        caller.broken |= told.broken
        caller.promise = told.promise
        caller.first = caller.first or told.promise
        self._app_queue_tells(caller)
        self._at(self._now + ROUND_S * 1000, partial(self._tell, caller))

    def _app_queue_tells(self, caller: Caller) -> None:
        minutes = abs(self._holdtime + 30 - (self._now - caller.came) // 1000) // 60
        until = self._now + (minutes + 1) * MINUTE_MS  # whole minutes: one more is still the same number
        if caller.theirs < 0:
            caller.theirs, caller.theirs_until = minutes, until
        elif until > caller.theirs_until + MINUTE_MS:
            caller.theirs_broken, caller.theirs_until = True, until

    def _count(self, caller: Caller, *, answered: bool) -> None:
        if answered:
            self._holdtime = (self._holdtime * 3 + (self._now - caller.came) // 1000) >> 2
        if not caller.counted or caller.first is None:
            return  # a CSO was free at once
        wait = (self._now - caller.came) / 1000
        low, high = ((instant - caller.came) / 1000 for instant in (caller.first.earliest, caller.first.until))
        self.ours.add(wait if answered else None, (low, (low + high) / 2, high))
        self.ours.broken += caller.broken or wait > high
        said = caller.theirs * 60.0
        self.theirs.add(wait if answered else None, (said - 60, said, said + 60))
        self.theirs.broken += caller.theirs_broken or wait > said + 60


def compare(scenario: Scenario, seeds: int = 5) -> tuple[Score, Score]:
    """Ours and app_queue's over several days of the same kind."""
    ours, theirs = Score(), Score()
    for seed in range(seeds):
        hall = Hall(scenario, seed).run()
        for whole, part in ((ours, hall.ours), (theirs, hall.theirs)):
            whole.errors += part.errors
            whole.covered += part.covered
            whole.told += part.told
            whole.broken += part.broken
    return ours, theirs


def table(seeds: int = 5) -> list[tuple[str, ...]]:
    """A row for each scenario: name, callers told, then MAE, coverage and share broken of ours and of app_queue."""
    rows = []
    for scenario in SCENARIOS:
        ours, theirs = compare(scenario, seeds)
        figures = [
            text
            for score in (ours, theirs)
            for text in (f"{score.mae:.0f} s", f"{score.coverage:.0%}", f"{score.broken_share:.0%}")
        ]
        rows.append((scenario.name, str(ours.told), *figures))
    return rows


HEAD = ("Scenario", "Callers told", "MAE", "within", "broken", "app_queue: MAE", "within", "broken")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    rows = table(given.seeds)
    if given.markdown:
        lines = ["| " + " | ".join(row) + " |" for row in (HEAD, tuple("---" for _ in HEAD), *rows)]
    else:
        lines = ["".join(f"{cell:<18}" for cell in row) for row in (HEAD, *rows)]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
