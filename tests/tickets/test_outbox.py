"""What must happen outside the database happens, whoever is killed in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.job import JobStatus
from sqlalchemy.orm import Session

from config.database import Database
from config.redis import sync_redis
from tests.fixtures.servers import StoreUnderTest
from tickets import jobs, outbox

pytestmark = [pytest.mark.database, pytest.mark.store]

NOW = datetime.now(UTC)
ran: list[tuple[str, dict[str, Any]]] = []


def job(key: str, payload: dict[str, Any]) -> None:
    """Stands for a job of ivr/jobs.py."""
    ran.append((key, payload))


def failing_job(key: str, payload: dict[str, Any]) -> None:
    """A job that cannot do its work."""
    raise RuntimeError("no voice")


@pytest.fixture
def queue(store: StoreUnderTest, monkeypatch: pytest.MonkeyPatch) -> Any:
    ran.clear()
    monkeypatch.setattr(jobs, "JOBS", {"render": jobs.Work(f"{__name__}.job")})
    client: Redis = sync_redis(store.url)
    yield Queue("jobs", connection=client)
    client.close()


def _put(db: Database, key: str = "statement:1") -> None:
    with db.transaction() as session:
        outbox.put(session, "render", key, {"texts": ["Ada."], "statement": 1})


def _work(queue: Queue) -> None:
    SimpleWorker([queue], connection=queue.connection).work(burst=True, logging_level="ERROR")


def test_the_same_work_is_asked_for_once(db: Database, queue: Queue) -> None:
    _put(db)
    _put(db)
    assert jobs.relay_once(db, queue, now=NOW) == 1
    _work(queue)
    assert ran == [("statement:1", {"texts": ["Ada."], "statement": 1})]


def test_what_was_not_committed_is_not_done(db: Database, queue: Queue) -> None:
    with db.engine.connect() as connection, Session(connection) as session:
        outbox.put(session, "render", "k", {})
        session.rollback()
    assert jobs.relay_once(db, queue, now=NOW) == 0


KILLED_AFTER_COMMIT = """
import os, signal, sys
from config.database import Database
from tickets import outbox
with Database(sys.argv[1]).transaction() as session:
    outbox.put(session, "render", "statement:1", {"texts": ["Ada."], "statement": 1})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_between_commit_and_enqueue_loses_nothing(db: Database, queue: Queue) -> None:
    url = db.engine.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", KILLED_AFTER_COMMIT, url], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert queue.count == 0
    assert jobs.relay_once(db, queue, now=NOW) == 1
    _work(queue)
    assert len(ran) == 1


def test_a_kill_between_enqueue_and_mark_does_the_work_once(
    db: Database, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(db)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "mark_enqueued", lambda *_, **__: None)
        jobs.relay_once(db, queue, now=NOW)
    jobs.relay_once(db, queue, now=NOW)
    assert queue.count == 1
    _work(queue)
    assert len(ran) == 1


def test_a_closed_row_is_never_enqueued_again(db: Database, queue: Queue) -> None:
    _put(db)
    jobs.relay_once(db, queue, now=NOW)
    for _ in range(2):
        with db.transaction() as session:
            outbox.close(session, "render", "statement:1", now=NOW)
    assert jobs.relay_once(db, queue, now=NOW + timedelta(hours=1)) == 0
    with db.reading() as session:
        assert outbox.open_count(session) == 0


def test_a_row_whose_job_vanished_is_enqueued_again_after_a_minute(db: Database, queue: Queue) -> None:
    _put(db)
    jobs.relay_once(db, queue, now=NOW)
    queue.connection.flushall()  # the queue's memory is gone
    assert jobs.relay_once(db, queue, now=NOW + timedelta(seconds=59)) == 0
    assert jobs.relay_once(db, queue, now=NOW + timedelta(seconds=60)) == 1
    assert queue.count == 1


def test_a_job_still_in_line_is_left_there(db: Database, queue: Queue) -> None:
    _put(db)
    jobs.relay_once(db, queue, now=NOW)
    jobs.relay_once(db, queue, now=NOW + timedelta(seconds=61))
    assert queue.count == 1


def test_a_failed_job_is_tried_again(db: Database, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(db)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "JOBS", {"render": jobs.Work(f"{__name__}.failing_job")})
        jobs.relay_once(db, queue, now=NOW)
        _work(queue)
    jobs.relay_once(db, queue, now=NOW + timedelta(seconds=61))
    _work(queue)
    assert len(ran) == 1


@pytest.mark.parametrize(("seconds_ago", "again"), [(5, False), (60, True)])
def test_a_job_whose_worker_was_killed_is_tried_again_when_nobody_can_be_at_it(
    db: Database, queue: Queue, seconds_ago: int, again: bool
) -> None:
    _put(db)
    jobs.relay_once(db, queue, now=NOW)
    (started,) = queue.jobs
    queue.remove(started)
    started.set_status(JobStatus.STARTED)
    started.started_at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    started.save()
    jobs.relay_once(db, queue, now=NOW + timedelta(seconds=61))
    assert queue.count == (1 if again else 0)


def test_a_job_that_a_killed_worker_has_half_deleted_is_tried_again(db: Database, queue: Queue) -> None:
    """The row of its execution is gone, the list of its executions still names it: so it is, too, when the row's own
    time was over.
    """
    _put(db)
    jobs.relay_once(db, queue, now=NOW)
    (started,) = queue.jobs
    queue.remove(started)
    started.set_status(JobStatus.STARTED)
    with queue.connection.pipeline() as pipeline:
        execution = Execution.create(started, 600, pipeline)
        pipeline.delete(execution.key)
        pipeline.execute()
    jobs.relay_once(db, queue, now=NOW + timedelta(seconds=61))
    assert queue.started_job_registry.count == 0
    _work(queue)
    assert len(ran) == 1


def test_a_job_that_was_taken_out_of_the_line_and_never_begun_is_tried_again(db: Database, queue: Queue) -> None:
    """A worker killed in between: the job says that it waits, and stands in no line."""
    _put(db)
    jobs.relay_once(db, queue, now=NOW)
    assert Queue.dequeue_any([queue], None, connection=queue.connection)
    assert queue.count == 0
    jobs.relay_once(db, queue, now=NOW + timedelta(seconds=61))
    assert queue.count == 1
    assert queue.intermediate_queue.get_job_ids() == []
    _work(queue)
    assert len(ran) == 1


def test_a_job_whose_line_is_gone_is_tried_again(db: Database, queue: Queue) -> None:
    """Of what the store had, only a part came back."""
    _put(db)
    jobs.relay_once(db, queue, now=NOW)
    queue.connection.delete(queue.key)
    jobs.relay_once(db, queue, now=NOW + timedelta(seconds=61))
    _work(queue)
    assert len(ran) == 1


def test_work_without_a_job_stays_open(db: Database, queue: Queue) -> None:
    with db.transaction() as session:
        outbox.put(session, "pigeon", "k", {})
    assert jobs.relay_once(db, queue, now=NOW) == 0
    with db.reading() as session:
        assert outbox.open_count(session) == 1
