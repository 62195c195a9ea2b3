"""The process `suar worker`, as the supervisor starts and stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.clock import SystemClock
from config.database import Database
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import until
from tickets.models import Statement
from tickets.outages import confirm_outage, publish_statement

pytestmark = pytest.mark.store
TEXT = "Area Menteng, padam karena gangguan transmisi."


def test_it_beats_does_its_work_and_stops_within_three_seconds(
    tmp_path: Path, store: StoreUnderTest, sqlite_db: Database
) -> None:
    beat = tmp_path / "beat"
    environ = {
        **os.environ, "SUAR_DATA": str(tmp_path), "SUAR_REDIS_URL": store.url, "SUAR_POOL": store.pool,
        "SUAR_HEARTBEAT": str(beat),
    }  # fmt: skip
    command = [sys.executable, "-c", "import asyncio, ivr.worker; asyncio.run(ivr.worker.serve())"]
    process = subprocess.Popen(command, env=environ, start_new_session=True)
    try:
        until(beat.exists, 20, "the first beat")
        with sqlite_db.transaction() as session:
            now = SystemClock().now()
            outage = confirm_outage(session, area="31.71.06", cause="transmisi", etr=None, by="spv1", now=now)
            statement = publish_statement(session, outage.id, text=TEXT, by="spv1", now=now).id
        until(lambda: _rendered(sqlite_db, statement), 30, "the statement may be heard")
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - asked < 3.0
    finally:
        process.kill()
        process.wait()


def _rendered(db: Database, statement: int) -> bool:
    with db.reading() as session:
        return session.get_one(Statement, statement).rendered_at is not None
