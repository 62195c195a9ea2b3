"""Jobs: the sound of a statement, short messages, and the worker that does them beside an event loop."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import ClassVar

import pytest

from config.clock import SystemClock
from config.database import Database
from config.redis import sync_redis
from config.settings import Settings
from ivr import jobs, numbers, worker
from ivr.speech import cache, prompts, render, voices
from ivr.speech.readers import READERS
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import until
from tickets import outbox
from tickets.jobs import relay_once
from tickets.models import Statement
from tickets.outages import lookup, statements
from tickets.outages.outages import confirm_outage

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
        return statements.publish(session, outage.id, text=TEXT, by="spv1", now=now).id


@pytest.mark.store
def test_a_published_statement_gets_its_sound_and_may_be_heard(here: Settings, sqlite_db: Database) -> None:
    statement = a_statement(sqlite_db)
    queue = worker.job_queue(sync_redis(here.store_url))
    assert relay_once(sqlite_db, queue, now=SystemClock().now()) == 3  # also the notice of its start
    work = worker.Jobs(here.store_url)
    work.start()
    try:
        until(lambda: _rendered(sqlite_db, statement), 15, "the statement is rendered")
        until(lambda: not _open(sqlite_db), 15, "the outbox is empty")
    finally:
        work.stop()
    assert cache.path_for(TEXT).exists()


class Counting(voices.Tones):
    """A voice that says what it was asked for."""

    said: ClassVar[list[tuple[str, str]]] = []

    def speak(self, text: str, language: str) -> tuple[array[int], int]:
        self.said.append((language, text))
        return super().speak(text, language)


@pytest.mark.store
def test_a_publication_makes_the_sounds_of_its_own_words_and_no_others(
    here: Settings, sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the outbox, the relay and the queue: what else may be said is in the cache already."""
    before = [*prompts.fixed()][:20]
    for piece in before:
        render.render([piece.text], language=piece.language)
    Counting.said = []
    monkeypatch.setattr(render, "voice", Counting)
    statement = a_statement(sqlite_db)
    queue = worker.job_queue(sync_redis(here.store_url))
    work = worker.Jobs(here.store_url)
    work.start()
    try:
        relay_once(sqlite_db, queue, now=SystemClock().now())
        until(lambda: _rendered(sqlite_db, statement), 15, "the statement is rendered")
        until(lambda: not _open(sqlite_db), 15, "the outbox is empty")
    finally:
        work.stop()
    with sqlite_db.reading() as session:
        (outage,) = lookup.live_outages(session, now=SystemClock().now())
    assert {
        (language, text) for language in outage.said for text in map(READERS[language].spoken, outage.pieces(language))
    } | {("id", READERS["id"].spoken(outage.holding_text)), ("id", outage.area_name)} <= set(Counting.said)
    assert len(Counting.said) == len(set(Counting.said)), "each once"
    others = {
        READERS[one.language].spoken(one.text)
        for one in prompts.fixed()
        if one.key.partition(".")[0] not in ("outage", "area")
    }
    assert not {text for _, text in Counting.said} & others
    with sqlite_db.reading() as session:
        (heard,) = lookup.live_outages(session, now=SystemClock().now())
    assert heard.spoken == TEXT


@pytest.mark.store
def test_every_language_of_a_text_is_made_before_it_counts_as_rendered(
    here: Settings, sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Counting.said = []
    monkeypatch.setattr(render, "voice", Counting)
    statement = a_statement(sqlite_db)
    jobs.render(f"statement:{statement}", {"texts": {"id": [TEXT], "en": ["Power is out."]}, "statement": statement})
    assert [language for language, _ in Counting.said] == ["id", "en"]
    assert cache.path_for("Power is out.", "en").exists()
    assert _rendered(sqlite_db, statement)


@pytest.mark.unit
def test_nobody_who_publishes_waits_for_a_long_look() -> None:
    """What is polled between a publication and the next caller; the rendering itself is measured by docs/ivr.md."""
    assert worker.RELAY_S + worker.IDLE_S <= 1.0


def _rendered(db: Database, statement: int) -> bool:
    with db.reading() as session:
        return session.get_one(Statement, statement).rendered_at is not None


def _open(db: Database) -> int:
    """How many sounds are still to be made; the notice of the outage leaves by another lane."""
    with db.reading() as session:
        return len(outbox.due(session, ["render"], now=SystemClock().now() + outbox.PATIENCE))


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
