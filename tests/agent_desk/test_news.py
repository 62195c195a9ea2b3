"""What tells every desk and board that something official has changed."""

from __future__ import annotations

import pytest

from agent_desk.news import fingerprint
from config.database import Database
from tests.fixtures.life import Life
from tickets.models import OutageHistory
from tickets.states import OutageStatus

pytestmark = pytest.mark.database


def entry(db: Database, number: int, outage: int, life: Life) -> None:
    """An entry of an outage under the number that it drew, whenever it is committed."""
    with db.transaction() as session:
        session.add(
            OutageHistory(
                id=number, outage_id=outage, at=life.now, by="spv1", event="etr", status=OutageStatus.CONFIRMED, note=""
            )
        )


def test_an_entry_that_is_committed_after_a_newer_one_is_news(db: Database) -> None:
    life = Life(db)
    small, large = life.confirm("31.71.06"), life.confirm("31.74.01")
    entry(db, 1001, small, life)
    seen = fingerprint(db)
    assert fingerprint(db) == seen
    entry(db, 1000, large, life)  # drawn earlier, committed later
    assert fingerprint(db) != seen
