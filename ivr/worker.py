"""The process `suar worker`: jobs (rq), the relay between outbox and jobs, the wishes of callers, letters."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Iterable
from typing import Any

from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.timeouts import TimerDeathPenalty
from sqlalchemy.exc import SQLAlchemyError

from config.clock import SystemClock
from config.database import Database, database
from config.heartbeat import Heartbeat
from config.operator import stamps
from config.redis import sync_redis
from config.settings import settings
from config.yaml_file import ConfigError
from ivr.intents import Intents
from ivr.mailbox import Mailbox
from ivr.recordings import AtCarrier, Collector
from ivr.speech.prompts import render_all, render_changed
from ivr.speech.voices import VoiceFailed
from ivr.thread import Part
from router.store.acd import Acd
from tickets import clockwork, idempotency, jobs
from tickets.dialogue import conversations
from tickets.outages import heard

log = logging.getLogger(__name__)

IDLE_S = 0.2  # between two looks at the queue of jobs
RELAY_S = 0.5
RETRY_S = 1.0
FORGET_S = 600.0
FILES_S = 1.0  # between two looks at the operator's files
VOICE_S = 30.0  # until a voice that failed is asked again


class ThreadWorker(SimpleWorker):  # type: ignore[misc, unused-ignore]
    """rq's worker beside an event loop: no signal handlers, and a time limit that needs no signal either."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        """The process has its own."""


def job_queue(connection: Any, lane: str = "") -> Queue:
    """The queue of this pool's jobs; its lines beside it have a name (tickets/jobs.py)."""
    return jobs.lane(Queue(f"suar-{settings().pool}", connection=connection), lane)


class Jobs(Part):
    """Runs jobs. It looks for work instead of blocking on it: it stops at once and outlives the store."""

    def __init__(self, url: str, lane: str = "") -> None:
        super().__init__(f"jobs {lane}".strip())
        self._url, self._lane = url, lane

    def _work(self) -> None:
        connection = sync_redis(self._url)
        queue, troubled = job_queue(connection, self._lane), False
        while not self._stop.is_set():
            try:
                if queue.count:
                    worker = ThreadWorker(
                        [queue], connection=connection, maintenance_interval=60, log_job_description=False
                    )
                    worker.work(burst=True, logging_level="WARNING")
                troubled = False
            except RedisError as fault:
                if not troubled:
                    log.warning("jobs are waiting: %s", type(fault).__name__)
                troubled = True
                self._stop.wait(RETRY_S)
            self._stop.wait(IDLE_S)


async def serve() -> None:
    """Run until SIGTERM or SIGINT. A part that ends by itself ends the process: its supervisor starts a new one."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    beating = asyncio.create_task(Heartbeat().forever())
    acd, stop_rendering = Acd.from_settings(), threading.Event()
    threads: list[Part] = [Jobs(settings().store_url, lane) for lane in jobs.LANES]
    if settings().imap_url:
        threads.append(Mailbox(database(), settings(), SystemClock()))
    parts: list[asyncio.Future[None]] = [
        asyncio.create_task(_relay(database(), stop)),
        asyncio.create_task(Intents(acd, database()).run(stop)),
        asyncio.create_task(_forget(database(), stop)),
        asyncio.create_task(Collector(acd, database(), SystemClock(), _carrier()).run(stop)),
        *(asyncio.wrap_future(one.ended) for one in threads),
    ]
    for one in threads:
        one.start()
    rendering = asyncio.create_task(_prompts(stop_rendering))
    try:
        await _while_all_live(parts, stop)
    finally:
        stop.set()
        stop_rendering.set()
        await asyncio.gather(*(asyncio.to_thread(one.stop) for one in threads))
        tasks = (*parts, rendering, beating)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await acd.close()


async def _while_all_live(parts: Iterable[asyncio.Future[None]], stop: asyncio.Event) -> None:
    """Until `stop`; raises what ended a part before that."""
    stopping = asyncio.create_task(stop.wait())
    either: list[asyncio.Future[Any]] = [*parts, stopping]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for part in parts:
        if part.done():
            part.result()


def _carrier() -> AtCarrier | None:
    """Where sounds are fetched that a carrier has recorded."""
    if not settings().twilio_account_sid:
        return None
    from ivr.carriers.twilio_sounds import TwilioSounds  # noqa: PLC0415 - its library only where it is used

    return TwilioSounds(settings())


async def _prompts(stop: threading.Event) -> None:
    """What is still missing in the cache of sounds; and, whenever the operator's files change, what these want said."""
    seen: dict[str, int] = {}
    while True:
        pause, now = FILES_S, stamps(settings().config_dir)
        try:
            if now != seen:
                await asyncio.to_thread(render_changed if seen else render_all, stop)
            seen = now
        except ConfigError:
            seen = now  # those who take calls tell what is wrong
        except (VoiceFailed, OSError, SQLAlchemyError) as fault:
            log.error("not every sentence could be rendered (%s)", type(fault).__name__)
            pause = VOICE_S
        await asyncio.sleep(pause)


async def _forget(db: Database, stop: asyncio.Event) -> None:
    """What was written in conversations that are over, and answers kept for requests that were not sent again, are not
    kept; a few answers at a time, so that writers need not wait.
    """

    def some() -> int:
        now = SystemClock().now()
        with db.transaction() as session:
            conversations.forget(session, now=now)
            heard.forget(session, now=now)
            return idempotency.forget(session, now=now)

    while not stop.is_set():
        gone = 0
        try:
            gone = await asyncio.to_thread(some)
        except SQLAlchemyError as fault:
            log.warning("what is old could not be forgotten: %s", type(fault).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RELAY_S if gone else FORGET_S)


async def _relay(db: Database, stop: asyncio.Event) -> None:
    def begin() -> None:
        with db.transaction() as session:
            clockwork.begin(session, now=SystemClock().now())

    queue, troubled, begun = job_queue(sync_redis(settings().store_url)), False, False
    while not stop.is_set():
        pause = RELAY_S
        try:
            if not begun:
                await asyncio.to_thread(begin)
            begun = True
            await asyncio.to_thread(jobs.relay_once, db, queue, now=SystemClock().now())
            troubled = False
        except (RedisError, SQLAlchemyError) as fault:
            if not troubled:
                log.warning("the outbox is waiting: %s", type(fault).__name__)
            troubled, pause = True, RETRY_S
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
