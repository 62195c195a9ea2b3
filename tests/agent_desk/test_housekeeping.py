"""What nobody will ask for again is removed, and nothing else is."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from agent_desk import accounts, housekeeping
from agent_desk.models import Account, Throttle, WebSession
from config.database import Database
from tests.fixtures.desk import Web
from tests.fixtures.tickets import NOON
from tests.fixtures.wait import until
from tickets.models import KeptAnswer

pytestmark = pytest.mark.database


def people(db: Database) -> None:
    """Two logins a shift apart, one of them ended by hand; two who failed; two answers kept, three days apart."""
    with db.transaction() as session:
        cso = Account(login="cso1", name="Sari", role="cso", password_hash="x", endpoint="", queues=[], partner="")
        session.add(cso)
        session.flush()
        accounts.open_session(session, cso, now=NOON - timedelta(hours=13))
        _, ended = accounts.open_session(session, cso, now=NOON)
        accounts.revoke(session, ended.id)
        accounts.open_session(session, cso, now=NOON)
        for place, at in (("lacak:1", NOON - accounts.PAUSE), ("lacak:2", NOON)):
            for _ in range(accounts.ATTEMPTS):
                accounts.count_failure(session, place, now=at)
        for key, at in (("old", NOON - timedelta(days=3)), ("new", NOON)):
            row = KeptAnswer(
                principal="app:x", route="POST /x", key=key, fingerprint="", status=201, answer="{}", at=at
            )
            session.add(row)


def left(db: Database) -> tuple[int, int, list[str]]:
    with db.reading() as session:
        sessions = session.scalar(select(func.count()).select_from(WebSession)) or 0
        throttles = session.scalar(select(func.count()).select_from(Throttle)) or 0
        return sessions, throttles, list(session.scalars(select(KeptAnswer.key)))


def test_what_is_over_goes_and_what_counts_stays(db: Database) -> None:
    people(db)
    assert housekeeping.tidy(db, now=NOON) == 3
    assert left(db) == (2, 1, ["new"])
    with db.reading() as session, pytest.raises(accounts.TooManyAttempts):
        accounts.check_throttle(session, "lacak:2", now=NOON)
    assert housekeeping.tidy(db, now=NOON) == 0


def test_more_than_one_batch(db: Database) -> None:
    many = housekeeping.BATCH + 2
    with db.transaction() as session:
        session.add_all(Throttle(key=f"{n:064}", failures=1, until=NOON - timedelta(seconds=n)) for n in range(many))
        session.add(Throttle(key="later", failures=1, until=NOON + timedelta(seconds=1)))
    assert housekeeping.tidy(db, now=NOON) == many
    assert left(db) == (0, 1, [])


@pytest.fixture
def demo_utility(demo_utility: tuple[Path, dict[str, Any]], tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """The demo's database, in which somebody failed long ago."""
    template, people = demo_utility
    path = shutil.copyfile(template, tmp_path / "failed.db")
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        session.add(Throttle(key="long ago", failures=1, until=NOON - timedelta(days=900)))
    database.dispose()
    return path, people


@pytest.mark.store
def test_the_web_process_does_it_when_it_starts(web: Web) -> None:
    until(lambda: left(web.db)[1] == 0, 20, "what was over is gone")
