"""What each process counts of itself, told to the others by way of the store: one web process answers /metrics for all.

A process writes its `suar_` families every few seconds into one hash, under its name and its host. Counters are not
added up: each keeps the labels `process` and `host`, so that a process that starts again is a reset of its own series
and nobody else's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

import hiredis
from prometheus_client import REGISTRY, CollectorRegistry, Gauge, Metric

from config.errors import Problem
from config.settings import settings
from router.store.wire import Wire

log = logging.getLogger(__name__)

EVERY_S = 5.0
STALE_S = 60.0  # silent for longer: it is gone, or has another name now
FORGOTTEN_S = 86400.0
PREFIX = "suar_"
TIMEOUT_S = 1.0

STARTED = Gauge("suar_process_start_time_seconds", "When the process started, in seconds since the epoch.")
STARTED.set(time.time())


def counted(registry: CollectorRegistry = REGISTRY) -> list[dict[str, Any]]:
    """The families of a process that are ours."""
    return [
        {
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "samples": [[one.name, one.labels, one.value] for one in family.samples if not _when(one.name)],
        }
        for family in registry.collect()
        if family.name.startswith(PREFIX)
    ]


def _when(sample: str) -> bool:
    return sample.endswith("_created")


class Figures:
    """The hash of one pool. Outside the pool's own keys, which the library alone writes, but in the same slot."""

    def __init__(self, url: str, pool: str) -> None:
        self._wire = Wire(url, timeout=TIMEOUT_S)
        self._key = f"suar-figures:{{{pool}}}"

    @classmethod
    def from_settings(cls) -> Figures:
        """Of this process's pool and store."""
        return cls(settings().store_url, settings().pool)

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    async def tell(self, process: str, families: Sequence[dict[str, Any]]) -> None:
        """Write what a process of this host has counted; raises StoreUnavailable."""
        told = json.dumps({"at": await self._now(), "host": socket.gethostname(), "families": families})
        await self._wire.call("HSET", self._key, f"{process}@{socket.gethostname()}", told)

    async def told(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """(process, host) → its families, of all that still tell; raises StoreUnavailable."""
        flat: list[str] = await self._wire.call("HGETALL", self._key)
        now, found = await self._now(), {}
        for field, text in zip(flat[::2], flat[1::2], strict=True):
            entry = json.loads(text)
            if now - entry["at"] < STALE_S:
                found[field.partition("@")[0], entry["host"]] = entry["families"]
            elif now - entry["at"] > FORGOTTEN_S:
                await self._wire.call("HDEL", self._key, field)
        return found

    async def _now(self) -> float:
        seconds, micros = await self._wire.call("TIME")  # one clock for all hosts
        return int(seconds) + int(micros) / 1e6


class Together:
    """A collector of the families of several processes, labelled with whose they are."""

    def __init__(self, told: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks a collector."""
        merged: dict[str, Metric] = {}
        for (process, host), families in sorted(self._told.items()):
            for family in families:
                metric = merged.setdefault(family["name"], Metric(family["name"], family["help"], family["type"]))
                for name, labels, value in family["samples"]:
                    metric.add_sample(name, {**labels, "process": process, "host": host}, value)
        yield from merged.values()


async def keep_telling(process: str) -> None:
    """Until it is cancelled. A store that is away is told of by those who need it."""
    figures = Figures.from_settings()
    try:
        while True:
            try:
                await figures.tell(process, counted())
            except (Problem, OSError, hiredis.ReplyError) as fault:
                log.debug("figures were not told (%s)", type(fault).__name__)
            await asyncio.sleep(EVERY_S)
    finally:
        figures.close()
