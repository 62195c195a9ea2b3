"""The relay of outbox and timers into the queue of jobs (rq). The jobs themselves live in ivr/ and are called by
name.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rq import Queue
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.executions import Execution
from rq.job import Job, JobStatus

from config.database import Database
from tickets import outbox, timers
from tickets.models import Outbox, Timer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What does one kind of row."""

    function: str
    seconds: int = 20  # that it may take
    lane: str = ""  # a line and a thread of its own, so that nobody waits behind it


# Outbox kind → its work, called with (key, payload).
JOBS = {
    "render": Work("ivr.jobs.render"),
    "email": Work("ivr.jobs.send_email"),
    "notice": Work("ivr.notices.collect", 60, "notices"),
    "notice-sms": Work("ivr.notices.send_sms", 60, "notices"),
    "notice-call": Work("ivr.notices.call", 60, "calls"),
}
TIMER = Work("ivr.jobs.run_timer")  # called with the timer's id
LANES = ("", "notices", "calls")
RESULT_TTL = 60
_WAITING = {JobStatus.QUEUED, JobStatus.SCHEDULED, JobStatus.DEFERRED, JobStatus.CREATED}


def relay_once(db: Database, queue: Queue, *, now: datetime) -> int:
    """Enqueue what is due, timers first; returns how many jobs. Killed anywhere in here, the next round does the rest:
    a row is marked only after its job is in the queue, and the job's id is the row's.
    """
    with db.reading() as session:
        fallen_due = timers.due(session, now=now)
        rows = outbox.due(session, tuple(JOBS), now=now)
    for timer in fallen_due:
        _enqueue(queue, job_id(timer), TIMER, timer.id)
    for row in rows:
        _enqueue(queue, job_id(row), JOBS[row.kind], row.key, row.payload)
    if fallen_due or rows:
        with db.transaction() as session:
            timers.mark_enqueued(session, [timer.id for timer in fallen_due], now=now)
            outbox.mark_enqueued(session, [row.id for row in rows], now=now)
    return len(fallen_due) + len(rows)


def job_id(row: Outbox | Timer) -> str:
    """The one job of a row (rq allows letters, digits, `_` and `-`)."""
    return f"{'timer' if isinstance(row, Timer) else row.kind}-{row.id}"


def lane(queue: Queue, name: str) -> Queue:
    """The line of that name beside the pool's own ("")."""
    return Queue(f"{queue.name}-{name}", connection=queue.connection) if name else queue


def _enqueue(queue: Queue, name: str, work: Work, *args: object) -> None:
    queue = lane(queue, work.lane)
    for _ in range(2):  # once more when a job that is over had the name
        try:
            queue.enqueue(
                work.function,
                args=args,
                job_id=name,
                unique=True,
                job_timeout=work.seconds,
                result_ttl=RESULT_TTL,
                failure_ttl=RESULT_TTL,
            )
            return
        except DuplicateJobError:
            if _alive(queue, name, work.seconds):
                return


def _alive(queue: Queue, name: str, seconds: int) -> bool:
    """Whether an earlier job of this name may still do its work; a finished, failed or abandoned one is removed."""
    try:
        job = Job.fetch(name, connection=queue.connection)
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
        if datetime.now(UTC) - started < timedelta(seconds=seconds + 10):
            return True
    if status is not JobStatus.FINISHED:  # one that falls due every minute finds its former self
        log.info("job %s is dead (%s) and is enqueued again", name, status)
    queue.intermediate_queue.remove(job.id)
    _forget_executions(queue, job)
    job.delete()
    return False


def _forget_executions(queue: Queue, job: Job) -> None:
    """Nobody is at it any more, all at once. rq deletes a job piece by piece and cannot when the list of its executions
    names one whose own row is gone: its time was over (sooner than the list's), or a worker was killed while deleting.
    """
    connection = queue.connection
    with connection.pipeline() as pipeline:
        for one in job.execution_registry.get_execution_ids():
            Execution(one, job.id, connection).delete(job, pipeline)
        pipeline.execute()
