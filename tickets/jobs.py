"""The relay between the outbox and the queue of jobs (rq). The jobs themselves live in ivr/ and are called by name."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from rq import Queue
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus

from config.database import Database
from tickets import outbox
from tickets.models import Outbox

log = logging.getLogger(__name__)

# Outbox kind → job, called with (key, payload).
JOBS = {"render": "ivr.jobs.render", "sms": "ivr.jobs.send_sms", "email": "ivr.jobs.send_email"}
TIMEOUT = 20  # seconds a job may take
RESULT_TTL = 60
_WAITING = {JobStatus.QUEUED, JobStatus.SCHEDULED, JobStatus.DEFERRED, JobStatus.CREATED}


def relay_once(db: Database, queue: Queue, *, now: datetime) -> int:
    """Enqueue what is due; returns how many rows. Killed anywhere in here, the next round does the rest:
    a row is marked only after its job is in the queue, and the job's id is the row's.
    """
    with db.reading() as session:
        rows = outbox.due(session, tuple(JOBS), now=now)
    for row in rows:
        _enqueue(queue, row)
    if rows:
        with db.transaction() as session:
            outbox.mark_enqueued(session, [row.id for row in rows], now=now)
    return len(rows)


def job_id(row: Outbox) -> str:
    """The one job of a row (rq allows letters, digits, `_` and `-`)."""
    return f"{row.kind}-{row.id}"


def _enqueue(queue: Queue, row: Outbox) -> None:
    for attempt in ("first", "after clearing a dead job"):
        try:
            queue.enqueue(
                JOBS[row.kind],
                args=(row.key, row.payload),
                job_id=job_id(row),
                unique=True,
                job_timeout=TIMEOUT,
                result_ttl=RESULT_TTL,
                failure_ttl=RESULT_TTL,
            )
            return
        except DuplicateJobError:
            if _alive(queue, row):
                return
        log.info("outbox row %s enqueued again (%s)", row.id, attempt)


def _alive(queue: Queue, row: Outbox) -> bool:
    """Whether the row's earlier job may still do its work; a finished, failed or abandoned one is removed."""
    try:
        job = Job.fetch(job_id(row), connection=queue.connection)
    except NoSuchJobError:
        return False
    status = job.get_status()
    # A worker killed between taking a job out of the line and beginning it leaves it waiting in no line: nobody would
    # ever come to it. One that is seen in the very moment of being taken is done twice.
    if status in _WAITING and queue.get_job_position(job) is not None:
        return True
    # A killed worker leaves its job STARTED for minutes; the job's own time-out says when nobody can be at it.
    started = job.started_at
    if status is JobStatus.STARTED and started is not None:
        started = started if started.tzinfo else started.replace(tzinfo=UTC)
        if datetime.now(UTC) - started < timedelta(seconds=TIMEOUT + 10):
            return True
    queue.intermediate_queue.remove(job.id)
    job.delete()
    return False
