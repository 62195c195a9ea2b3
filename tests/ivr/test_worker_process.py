"""The process `suar worker`, as the supervisor starts and stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from config.clock import SystemClock
from config.database import Database
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import until
from tickets import idempotency
from tickets.models import KeptAnswer, Statement
from tickets.outages import statements
from tickets.outages.outages import confirm_outage

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
    with sqlite_db.transaction() as session:
        long_ago = SystemClock().now() - idempotency.KEPT - timedelta(hours=1)
        told = {"principal": "spv1", "route": "POST /api/v1/reports", "fingerprint": "", "status": 201, "answer": "{}"}
        session.add(KeptAnswer(**told, key="lama", at=long_ago))
        session.add(KeptAnswer(**told, key="baru", at=SystemClock().now()))
    process = subprocess.Popen(command, env=environ, start_new_session=True)
    try:
        until(beat.exists, 20, "the first beat")
        until(lambda: _kept(sqlite_db) == ["baru"], 20, "what was kept long enough is gone")
        with sqlite_db.transaction() as session:
            now = SystemClock().now()
            outage = confirm_outage(session, area="31.71.06", cause="transmisi", etr=None, by="spv1", now=now)
            statement = statements.publish(session, outage.id, text=TEXT, by="spv1", now=now).id
        until(lambda: _rendered(sqlite_db, statement), 30, "the statement may be heard")
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - asked < 3.0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("part", ["Intents.run", "jobs.relay_once", "Jobs._work"])
def test_a_part_that_ends_by_a_fault_ends_the_process_without_the_faults_text(
    part: str, tmp_path: Path, store: StoreUnderTest, sqlite_db: Database
) -> None:
    """A process that beats without doing its work would never be started again."""
    environ = {**os.environ, "SUAR_DATA": str(tmp_path), "SUAR_REDIS_URL": store.url, "SUAR_POOL": store.pool}
    broken = f"def fail(*_, **__): raise ArithmeticError('+628120000101')\nimport ivr.worker\nivr.worker.{part} = fail"
    command = [sys.executable, "-c", f"{broken}\nfrom suar.processes import *\nrun('worker', PROCESSES['worker'])"]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "ArithmeticError" in ended.stderr
    assert "628120000101" not in ended.stderr


def _kept(db: Database) -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(KeptAnswer.key)))


def _rendered(db: Database, statement: int) -> bool:
    with db.reading() as session:
        return session.get_one(Statement, statement).rendered_at is not None
