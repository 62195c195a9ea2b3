"""The real worker, killed wherever the outbox could lose or double something: each row's job has its effect once."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from sqlalchemy import select

from config.database import Database
from config.redis import sync_redis
from tests.fixtures.product import REPOSITORY, prepared
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import until
from tickets import outbox
from tickets.jobs import job_id
from tickets.models import Outbox

pytestmark = [pytest.mark.database, pytest.mark.store, pytest.mark.timeout(900)]

PATIENT_S = 120.0
NUMBERS = ["+628110000001", "+628110000002"]

# Kills its own process before or after a function that it is told, then is what `suar worker` is.
MORTAL = """
import importlib, os, signal, sys
place, when = sys.argv[1:3]
module, _, path = place.partition(":")
*owners, name = path.split(".")
owner = importlib.import_module(module)
for one in owners:
    owner = getattr(owner, one)
real = getattr(owner, name)
def deadly(*args, **kwargs):
    if when == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, deadly)
from suar.processes import PROCESSES, run
run("worker", PROCESSES["worker"])
"""

# Whoever wants something done, killed as soon as it is committed.
WRITER = """
import json, os, signal, sys
from config.database import Database
from tickets import outbox
url, count, numbers = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
with Database(url).transaction() as session:
    for serial in range(count):
        outbox.put(session, "sms", f"row:{serial}", {"to": numbers, "text": f"Laporan {serial}"})
os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass
class House:
    """A database, a store and a data folder, in which workers live and die."""

    db: Database
    queue: Queue
    environ: dict[str, str]
    data: Path

    @property
    def url(self) -> str:
        return self.db.engine.url.render_as_string(hide_password=False)

    def write(self, count: int) -> None:
        """So many rows, by a process that dies of it."""
        words = [sys.executable, "-c", WRITER, self.url, str(count), json.dumps(NUMBERS)]
        killed = subprocess.run(words, cwd=REPOSITORY, env=self.environ, check=False, timeout=PATIENT_S)
        assert killed.returncode == -signal.SIGKILL

    def dies(self, place: str, when: str) -> None:
        """A worker that is killed before or after this function."""
        words = [sys.executable, "-c", MORTAL, place, when]
        killed = subprocess.run(words, cwd=REPOSITORY, env=self.environ, check=False, timeout=PATIENT_S)
        assert killed.returncode == -signal.SIGKILL

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """`suar worker`, killed at the end if it still lives."""
        process = subprocess.Popen([sys.executable, "-m", "suar", "worker"], cwd=REPOSITORY, env=self.environ)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def a_minute_passes(self) -> None:
        """For the rows that are not done, and for the jobs that a dead worker had begun."""
        with self.db.transaction() as session:
            for row in session.scalars(select(Outbox).where(Outbox.done_at.is_(None))):
                if row.enqueued_at is not None:
                    row.enqueued_at -= timedelta(seconds=61)
                with contextlib.suppress(NoSuchJobError):
                    job = Job.fetch(job_id(row), connection=self.queue.connection)
                    if job.get_status() is JobStatus.STARTED and job.started_at is not None:
                        job.started_at -= timedelta(seconds=61)
                        job.save()

    def open(self) -> int:
        """Rows that are not done."""
        with self.db.reading() as session:
            return outbox.open_count(session)

    def marked(self) -> int:
        """Rows of which the database says that the queue has their jobs."""
        with self.db.reading() as session:
            return len(session.scalars(select(Outbox).where(Outbox.enqueued_at.is_not(None))).all())

    def finish(self) -> None:
        """A worker that nobody kills does what is left."""
        with self.worker() as process:

            def done() -> bool:
                assert process.poll() is None, "the worker has died"
                return self.open() == 0

            until(done, PATIENT_S, "the outbox is empty")

    def sent(self) -> Counter[tuple[str, str]]:
        """What reached whom: (row, number) → how often."""
        found: Counter[tuple[str, str]] = Counter()
        for path in (self.data / "sms").glob("*.jsonl"):
            found.update((one["key"], one["to"]) for one in map(json.loads, path.read_text().splitlines()))
        return found

    def each_once(self, count: int) -> bool:
        return self.sent() == Counter((f"row:{serial}", number) for serial in range(count) for number in NUMBERS)


@pytest.fixture
def house(db: Database, store: StoreUnderTest, tmp_path: Path) -> Iterator[House]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SUAR_", "REDIS_URL"))}
    environ |= {
        "SUAR_DATA": str(tmp_path),
        "SUAR_DATABASE_URL": db.engine.url.render_as_string(hide_password=False),
        "SUAR_REDIS_URL": store.url,
        "SUAR_POOL": store.pool,
    }
    (tmp_path / "sounds").symlink_to(shutil.copytree(prepared()[0] / "sounds", tmp_path / "rendered"))
    client = sync_redis(store.url)
    yield House(db, Queue(f"suar-{store.pool}", connection=client), environ, tmp_path)
    client.close()


POINTS = [
    ("tickets.jobs:_enqueue", "before"),  # read, not enqueued
    ("tickets.jobs:_enqueue", "after"),  # one enqueued, nothing marked
    ("tickets.outbox:mark_enqueued", "after"),  # all enqueued, marked, not committed
    ("rq.worker:SimpleWorker.execute_job", "before"),  # taken out of the line, not begun
    ("ivr.sms:FileSender.send", "before"),  # in the job
    ("ivr.sms:FileSender.send", "after"),  # in the job after its effect: its row is not closed
]


def test_killed_at_every_point_one_after_the_other(house: House) -> None:
    """First who wrote the rows, as soon as they are committed; then a worker at each point; at the end the store loses
    all it had. The last worker does what is left.
    """
    house.write(30)
    assert (house.open(), house.queue.count, house.marked()) == (30, 0, 0)
    for place, when in POINTS:
        house.dies(place, when)
        if place.startswith("tickets."):
            assert house.marked() == 0
        assert house.open() > 0, "the worker's other thread may have done some"
        house.a_minute_passes()
    house.queue.connection.flushall()
    house.finish()
    assert house.each_once(30)
    assert house.queue.count == 0


def test_killed_in_the_middle_of_many(house: House) -> None:
    house.write(30)
    for begun in (3, 14):
        with house.worker() as process:
            until(lambda least=begun: len(house.sent()) >= least * len(NUMBERS), PATIENT_S, "some are sent")
            process.kill()
        house.a_minute_passes()
    house.finish()
    assert house.each_once(30)
