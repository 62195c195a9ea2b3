"""Jobs: the sound of a statement, short messages, and the worker that does them beside an event loop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.clock import SystemClock
from config.database import Database
from config.redis import sync_redis
from config.settings import Settings
from ivr import jobs, numbers, sms, worker
from ivr.speech import cache, render, voices
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import until
from tickets import outbox
from tickets.jobs import relay_once
from tickets.models import Statement
from tickets.outages import confirm_outage, publish_statement

TEXT = "Area Menteng, padam sejak pukul 11 lewat 48 WIB."


@pytest.fixture
def here(tmp_path: Path, store: StoreUnderTest, sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a process of its own: data, store, database, and a voice that is quick."""
    now = Settings(data=tmp_path, redis_url=store.url, pool=store.pool)
    for module in (cache, render, jobs, worker):
        monkeypatch.setattr(module, "settings", lambda: now)
    monkeypatch.setattr(jobs, "database", lambda: sqlite_db)
    monkeypatch.setattr(render, "voice", voices.Tones)
    return now


def a_statement(db: Database) -> int:
    with db.transaction() as session:
        now = SystemClock().now()
        outage = confirm_outage(session, area="31.71.06", cause="transmisi", etr=None, by="spv1", now=now)
        return publish_statement(session, outage.id, text=TEXT, by="spv1", now=now).id


@pytest.mark.store
def test_a_published_statement_gets_its_sound_and_may_be_heard(here: Settings, sqlite_db: Database) -> None:
    statement = a_statement(sqlite_db)
    queue = worker.job_queue(sync_redis(here.store_url))
    assert relay_once(sqlite_db, queue, now=SystemClock().now()) == 2  # the holding sentence and the statement
    work = worker.Jobs(here.store_url)
    work.start()
    try:
        until(lambda: _rendered(sqlite_db, statement), 15, "the statement is rendered")
        until(lambda: not _open(sqlite_db), 15, "the outbox is empty")
    finally:
        work.stop()
    assert cache.path_for(TEXT).exists()


def _rendered(db: Database, statement: int) -> bool:
    with db.reading() as session:
        return session.get_one(Statement, statement).rendered_at is not None


def _open(db: Database) -> int:
    with db.reading() as session:
        return outbox.open_count(session)


@pytest.mark.store
def test_a_job_that_fails_stays_open_in_the_outbox(
    here: Settings, sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(voices.Tones):
        def speak(self, text: str, language: str):  # type: ignore[no-untyped-def]
            raise voices.VoiceFailed("no sound")

    monkeypatch.setattr(render, "voice", Silent)
    a_statement(sqlite_db)
    queue = worker.job_queue(sync_redis(here.store_url))
    relay_once(sqlite_db, queue, now=SystemClock().now())
    work = worker.Jobs(here.store_url)
    work.start()
    try:
        until(lambda: queue.count == 0, 15, "the jobs were tried")
    finally:
        work.stop()
    assert _open(sqlite_db) == 2


@pytest.mark.database
def test_short_messages_leave_once_and_only_their_owner_reads_them(here: Settings, sqlite_db: Database) -> None:
    payload = {"to": ["+628120000001", "+628120000002"], "text": "Listrik sudah menyala."}
    with sqlite_db.transaction() as session:
        outbox.put(session, "sms", "restored:7", payload)
    for _ in range(2):
        jobs.send_sms("restored:7", payload)
    (file,) = (here.data / "sms").iterdir()
    assert [json.loads(line)["to"] for line in file.read_text().splitlines()] == payload["to"]
    assert file.stat().st_mode & 0o077 == 0
    assert _open(sqlite_db) == 0


@pytest.mark.unit
def test_two_messages_are_two_files(tmp_path: Path) -> None:
    sender: sms.SmsSender = sms.FileSender(tmp_path)
    sender.send("a", ["+62811"], "satu")
    sender.send("b", ["+62811"], "dua")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.unit
@pytest.mark.anyio
async def test_numbers_are_fetched_before_they_run_out_and_never_waited_for() -> None:
    blocks: list[int] = []

    def reserve(prefix: str, count: int) -> list[str]:
        blocks.append(count)
        return [f"{prefix}{len(blocks)}{n:02}" for n in range(count)]

    kept = numbers.Numbers(reserve)
    assert kept.take("54") == ""  # nothing yet; a block is on its way
    await kept.settled()
    taken = [kept.take("54") for _ in range(numbers.BLOCK)]
    assert "" not in taken
    await kept.settled()
    taken += [kept.take("54") for _ in range(numbers.BLOCK)]
    assert len(set(taken)) == 2 * numbers.BLOCK
