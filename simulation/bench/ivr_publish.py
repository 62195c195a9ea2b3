"""From a supervisor's "publish" until the next caller hears the statement: its sounds are made, and it counts."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from config.database import Database
from simulation.bench.exchange import Exchange, suar, until
from simulation.bench.report import Report
from tickets.models import Statement

AREA = "31.74.01"
LIMIT_MS = 3000.0
TEXT = "{area} padam karena gangguan gardu. Regu {crew} sudah di lokasi. Perkiraan menyala pukul {clock} WIB."
EVERY_S = 0.01


async def measure(at: Exchange, report: Report, *, quick: bool) -> None:
    """`publish_3s`: the slowest of a run, of the three seconds there are."""
    key = await _key(at)
    outage = await _post(at, key, "outages", {"area": AREA, "cause": "gangguan gardu"})
    database = Database(f"sqlite:///{at.data / 'suar.db'}")
    runs = []
    try:
        for run in range(report.runs):
            texts = [_text(run, number) for number in range(3 if quick else 20)]
            runs.append([await _published(at, key, database, outage["id"], text) for text in texts])
    finally:
        database.dispose()
    report.section(
        "A statement published",
        f"{len(runs[0])} in a run, each with words never said before. From the request until it",
        "counts for callers on Asterisk: all its sounds are made, in two languages.",
    )
    report.row("publish_ms", [sorted(run)[len(run) // 2] for run in runs], "ms", label="median")
    report.row("publish_slowest_ms", [max(run) for run in runs], "ms", label="slowest")
    report.ratio("publish_3s", [max(run) / LIMIT_MS for run in runs], "≤ 1", label="slowest / 3 s")


def _text(run: int, number: int) -> str:
    clock = datetime(2019, 8, 4, 18, tzinfo=UTC) + timedelta(minutes=37 * run + number)
    return TEXT.format(area="Tebet", crew=chr(ord("A") + number % 26), clock=f"{clock:%H.%M}")


async def _published(at: Exchange, key: str, database: Database, outage: int, text: str) -> float:
    began = time.perf_counter()
    statement = await _post(at, key, f"outages/{outage}/statements", {"text": text})

    def counts() -> bool:
        with database.reading() as session:
            found = session.get(Statement, statement["id"])
            return found is not None and found.rendered_at is not None

    async def heard() -> bool:
        return await asyncio.to_thread(counts)

    await until(heard, 30, "the sound of a statement", every=EVERY_S)
    return (time.perf_counter() - began) * 1e3


async def _key(at: Exchange) -> str:
    """Of a supervisor, who publishes."""
    await suar(at, "account", "put", "penyelia", "--role", "supervisor", "--password", secrets.token_hex(12))
    return (await suar(at, "key", "create", "bench", "--scope", "*", "--account", "penyelia")).split()[-1]


async def _post(at: Exchange, key: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    address = f"http://127.0.0.1:{at.environ['SUAR_PORT']}/api/v1/{path}"
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    asked = urllib.request.Request(address, json.dumps(body).encode(), headers)

    def answer() -> dict[str, Any]:
        with urllib.request.urlopen(asked, timeout=20) as said:  # noqa: S310
            found: dict[str, Any] = json.load(said)
            return found

    return await asyncio.to_thread(answer)
