"""What a measurement says: a table for people, and one line of JSON for tools."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


@dataclass
class Report:
    """The figures of one bench. What is compared is a ratio inside one run, so that a busy machine slows both sides."""

    bench: str
    runs: int
    ratios: dict[str, float] = field(default_factory=dict)
    medians: dict[str, float] = field(default_factory=dict)
    spread: dict[str, list[float]] = field(default_factory=dict)  # smallest and largest of the runs
    text: list[str] = field(default_factory=list)

    def section(self, title: str, *notes: str) -> None:
        """A heading and what must be known to read what follows."""
        self.text += ["", title, *(f"  {note}" for note in notes)]

    def row(self, name: str, values: Sequence[float], unit: str, *, label: str = "") -> float:
        """One figure: its median goes into the JSON as `name`."""
        middle = median(values)
        self.medians[name] = _short(middle)
        self.spread[name] = [_short(min(values)), _short(max(values))]
        between = f"{_short(min(values)):,} … {_short(max(values)):,}" if len(values) > 1 else ""
        self.text.append(f"  {label or name:<58} {_short(middle):>12,} {unit:<8} {between}")
        return middle

    def ratio(self, name: str, values: Sequence[float], goal: str = "", *, label: str) -> None:
        """A ratio, with its goal if there is one; the ratios are taken run by run, then their median."""
        self.ratios[name] = _short(median(values))
        self.row(name, values, "", label=f"{label} (goal {goal})" if goal else label)

    def say(self, sentence: str) -> None:
        """A line under the figures."""
        self.text.append(f"  {sentence}")

    def table(self) -> str:
        """For people."""
        head = f"suar bench {self.bench}: medians of {self.runs}, then smallest … largest; {machine()}"
        return "\n".join([head, *self.text, ""])

    def line(self) -> str:
        """For tools."""
        known = {"bench": self.bench, "ratios": self.ratios, "medians": self.medians, "spread": self.spread}
        return json.dumps({**known, "runs": self.runs, "machine": machine()}, ensure_ascii=False)


def _short(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < 1000 else round(value)


def machine() -> str:
    """Where it was measured, and how busy that was."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if _linux() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = "/".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, load {load}"


def _linux() -> bool:
    return Path("/proc/cpuinfo").exists()
