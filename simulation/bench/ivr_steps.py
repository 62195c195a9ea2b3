"""How long a step of the menu takes in the step server, from the figures that the product itself publishes."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from simulation.bench.exchange import Exchange

NAME = "suar_agi_step_seconds"

Counted = Mapping[float, float]  # upper bound in seconds → steps that took no longer


async def steps(at: Exchange) -> Counted:
    """All steps so far; processes tell their figures every five seconds."""
    return await asyncio.to_thread(_read, f"http://127.0.0.1:{at.environ['SUAR_PORT']}/metrics")


def _read(address: str) -> Counted:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own, on loopback
        families = text_string_to_metric_families(answer.read().decode())
    found: dict[float, float] = {}
    for sample in (one for family in families if family.name == NAME for one in family.samples):
        if sample.name == f"{NAME}_bucket":
            bound = float(sample.labels["le"])
            found[bound] = found.get(bound, 0.0) + sample.value
    return found


def percentile_ms(before: Counted, after: Counted, share: float) -> float:
    """The time within which this share of the steps between the two was answered, evenly spread inside a bucket; the
    largest finite bound for what lies beyond it, 0 without a step.
    """
    counts = {bound: count - before.get(bound, 0.0) for bound, count in sorted(after.items())}
    wanted = share * max(counts.values(), default=0.0)
    lower = below = 0.0
    for bound, count in counts.items():
        if count >= wanted and count > below:
            upper = lower if bound == float("inf") else bound
            return (lower + (upper - lower) * (wanted - below) / (count - below)) * 1e3
        lower, below = bound, count
    return 0.0
