"""4 August 2019 as the surge ladder would have seen it: `python -m simulation.blackout` prints the day.

Sourced: 80,000 attempts in nine hours, 36,000 on an ordinary day, 720 lines, 105 agents (kontan, 1 September 2019).
Derived or assumed, and labelled so: the attempts of each hour, 194 s a conversation, 365 s of patience, and which share
of callers the announcement and the keys serve at each level. Flows, not single callers: what a level does to the
lines, not to one person.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from router.ladder import Rules, State, decide
from router.store.types import Gauges, QueueGauge, Rate

STEP_S = 5
HOURS = (13_500, 11_500, 9_500, 8_500, 8_000, 8_500, 8_500, 7_000, 5_000)  # from 12:00 [assumed; the sum is sourced]
FIRST_QUARTER = 0.4  # of the first hour's attempts come within 15 minutes [assumed]
BEFORE = AFTER = 1_500  # an hour, 36,000 / 24
OPENS, STARTS, ENDS, CLOSES = 11.5, 12.0, 21.0, 22.5  # hours of the day, WIB
LINES, EMERGENCY_LINES, AGENTS = 720, 20, 105
TALK_S, PATIENCE_S = 194.0, 365.0
# Per level [assumed]: seconds in the announcement and the menu, and the share that needs no officer on the line.
ANNOUNCED = ((75.0, 0.30), (75.0, 0.55), (75.0, 0.85), (40.0, 0.92), (20.0, 1.0))
AREA = "31"


@dataclass(frozen=True)
class Row:
    """One look at the day."""

    clock: str
    arrivals: float  # an hour, now
    lines: int
    wait_s: int
    refused: int  # since the start of the day
    level: int
    why: str = ""  # of a change


@dataclass
class House:
    """Callers as three flows: listening, in line, talking."""

    listening: float = 0.0
    waiting: float = 0.0
    talking: float = 0.0
    refused: float = 0.0
    arrivals: Rate = field(default_factory=Rate)

    @property
    def lines(self) -> float:
        return self.listening + self.waiting + self.talking

    def step(self, attempts: float, level: int) -> None:
        """`attempts` callers within one step, at this level."""
        fade_1, fade_5 = (1 - STEP_S / 60), (1 - STEP_S / 300)
        self.arrivals = Rate(self.arrivals.minute * fade_1 + attempts, self.arrivals.five * fade_5 + attempts)
        seconds, contained = ANNOUNCED[level]
        through = self.listening * min(1.0, STEP_S / seconds)
        self.listening -= through
        self.waiting += through * (1 - contained)
        self.waiting -= self.waiting * STEP_S / PATIENCE_S
        self.talking -= self.talking * STEP_S / TALK_S
        taken = min(self.waiting, AGENTS - self.talking)
        self.waiting, self.talking = self.waiting - taken, self.talking + taken
        if level < 4:  # at level 4 the carrier's front speaks, no line of ours is used
            admitted = min(attempts, LINES - self.lines)
            self.listening, self.refused = self.listening + admitted, self.refused + attempts - admitted

    @property
    def wait_s(self) -> float:
        """How long the line is, in time: its length over the rate at which it is left."""
        return self.waiting / (AGENTS / TALK_S + self.waiting / PATIENCE_S) if self.waiting >= 1 else 0.0


def attempts_per_hour(hour: float) -> float:
    """At an hour of the day (12.5 = 12:30)."""
    if not STARTS <= hour < ENDS:
        return BEFORE if hour < STARTS else AFTER
    within, total = hour - STARTS, HOURS[int(hour - STARTS)]
    if within >= 1:
        return total
    return total * FIRST_QUARTER * 4 if within < 0.25 else total * (1 - FIRST_QUARTER) / 0.75


def day(rules: Rules, *, ladder: bool = True) -> Iterator[Row]:
    """Every change of level, and every half hour. Without the ladder the level stays 0."""
    rules = replace(rules, normal={AREA: BEFORE})
    house, state = House(), State()
    for step in range(int((CLOSES - OPENS) * 3600 / STEP_S)):
        seconds = OPENS * 3600 + step * STEP_S
        rate = attempts_per_hour(seconds / 3600)
        house.step(rate * STEP_S / 3600, state.level)
        why = ""
        if ladder:
            _, state, why = decide(rules, state, _gauges(house), int(seconds * 1000))
        if why or seconds % 1800 == 0:
            clock = f"{int(seconds // 3600):02}:{int(seconds % 3600 // 60):02}:{int(seconds % 60):02}"
            refused = round(house.refused)
            yield Row(clock, rate, round(house.lines), round(house.wait_s), refused, state.level, why)


def _gauges(house: House) -> Gauges:
    return Gauges(
        at=0, level=0, automatic=0, override=None, lines=round(house.lines), capacity=LINES,
        emergency_lines=EMERGENCY_LINES, trunks={},
        queues={"gangguan": QueueGauge(round(house.waiting), 0, round(house.wait_s * 1000))},
        serving=AGENTS, working=AGENTS, arrivals=house.arrivals, refusals=Rate(),
        regions={AREA: house.arrivals}, areas={}, gaps=(), refused=0, withheld_refused=0, ladder="", ladder_turn=0,
    )  # fmt: skip


def table(rows: Iterator[Row]) -> str:
    """For the documentation (docs/router/surge.md)."""
    lines = ["| WIB | attempts/h | lines in use | wait | refused so far | level | why |", "|---" * 7 + "|"]
    for row in rows:
        level = f"**{row.level}**" if row.why else str(row.level)
        cells = (row.clock, f"{row.arrivals:,.0f}", row.lines, f"{row.wait_s} s", f"{row.refused:,}", level, row.why)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    from config.operator import operator
    from router.surge import ladder_rules

    without = list(day(ladder_rules(operator()), ladder=False))[-1]
    sys.stdout.write(table(day(ladder_rules(operator()))) + f"\n\nWithout the ladder {without.refused:,} refused.\n")
