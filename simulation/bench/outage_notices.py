"""How long it takes to tell eighty thousand people of an outage: the real worker, its queue, and files for messages."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from config.clock import SystemClock
from config.database import Database
from config.operator import operator
from simulation.bench.ground import BenchFailed, own_store
from simulation.bench.postgres import Postgres
from simulation.bench.report import Report
from simulation.bench.search_fill import fill
from tickets.kinds import NoticeEvent, RecipientStatus
from tickets.models import Notice, NoticeRecipient, Outage, OutageEstimate
from tickets.notices import notices
from tickets.outages import outages

BY = "bench"
PEOPLE, QUICK = 80_000, 4_000
PATIENT_S = 900.0
LOOK_S = 0.2


async def measure(report: Report, cluster: Postgres, *, quick: bool) -> None:
    """As many runs as the report wants, each another estimate of the same outage."""
    people = QUICK if quick else PEOPLE
    report.section(
        f"A notice to {people:,} telephones",
        "minutes from its announcement until the last message is a line in a file: collected, batched, sent and marked",
        "by one `suar worker` with its queue in a store of its own; PostgreSQL without durability",
    )
    fill(cluster, "notices", people)
    url = cluster.url("notices")
    database = Database(url)
    outage = _dark(database)
    with tempfile.TemporaryDirectory(prefix="suar-bench-", ignore_cleanup_errors=True) as folder:
        async with own_store() as store:
            with _worker(Path(folder), url, store.url) as process:
                seconds = [_told(database, process, outage, version, people) for version in range(report.runs)]
        lines = sum(path.read_text().count("\n") for path in (Path(folder) / "sms").glob("*.jsonl"))
    database.dispose()
    if lines != people * report.runs:
        raise BenchFailed(f"{lines:,} messages were written, not {people * report.runs:,}.")
    report.row("notices_per_s", [people / one for one in seconds], "1/s")
    # A quick run says what eighty thousand would take at its pace.
    minutes = [one / 60 * PEOPLE / people for one in seconds]
    report.ratio("minutes_for_80000", minutes, "≤ 5", label="minutes for 80,000 short messages")


def _dark(database: Database) -> int:
    every = sorted(code for code in operator().areas.areas if "." not in code)
    now = SystemClock().now()
    with database.transaction() as session:
        return outages.confirm_outage(session, covers=every, cause="transmisi", etr=None, by=BY, now=now).id


@contextmanager
def _worker(folder: Path, database_url: str, store_url: str) -> Iterator[subprocess.Popen[bytes]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SUAR_", "REDIS_URL"))}
    environ |= {"SUAR_DATA": str(folder), "SUAR_DATABASE_URL": database_url, "SUAR_REDIS_URL": store_url}
    environ |= {"SUAR_LOG_LEVEL": "ERROR"}
    process = subprocess.Popen([sys.executable, "-m", "suar", "worker"], env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _told(database: Database, process: subprocess.Popen[bytes], outage: int, version: int, people: int) -> float:
    """Seconds until everybody has been told of one more estimate."""
    now = SystemClock().now()
    with database.transaction() as session:
        session.add(OutageEstimate(outage_id=outage, version=version + 10, etr=None, reason="", by=BY, at=now))
        session.flush()
        row = session.get_one(Outage, outage)
        notice = notices.announce(session, row, NoticeEvent.ESTIMATE, by=BY, now=now)
    began = time.monotonic()
    while notice is None or _sent(database, notice.id) < people:
        if process.poll() is not None or time.monotonic() - began > PATIENT_S:
            raise BenchFailed("The worker did not tell everybody.")
        time.sleep(LOOK_S)
    return time.monotonic() - began


def _sent(database: Database, notice: int) -> int:
    with database.reading() as session:
        if session.get_one(Notice, notice).collected_at is None:
            return 0
        done = (NoticeRecipient.notice_id == notice, NoticeRecipient.status == RecipientStatus.SENT)
        return session.scalar(select(func.count()).where(*done)) or 0
