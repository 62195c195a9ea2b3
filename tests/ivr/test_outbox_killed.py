"""The real worker, killed wherever the outbox could lose or double something: each row's job has its effect once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from email import message_from_bytes

import pytest

from tests.fixtures.mortal import PATIENT_S, House
from tests.fixtures.product import REPOSITORY
from tests.fixtures.wait import until

pytestmark = [pytest.mark.database, pytest.mark.store, pytest.mark.timeout(900)]

LETTER = {"to": "sekar@example.id", "in_reply_to": "", "references": "", "text": "Terima kasih."}

# Whoever wants something done, killed as soon as it is committed.
WRITER = """
import json, os, signal, sys
from config.database import Database
from tickets import outbox
url, count, letter = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
with Database(url).transaction() as session:
    for serial in range(count):
        own = {"subject": f"Laporan {serial}", "message_id": f"<{serial}@suar.example>"}
        outbox.put(session, "email", f"row:{serial}", letter | own)
os.kill(os.getpid(), signal.SIGKILL)
"""


def write(house: House, rows: int) -> None:
    """So many rows, by a process that dies of it."""
    words = [sys.executable, "-c", WRITER, house.url, str(rows), json.dumps(LETTER)]
    killed = subprocess.run(words, cwd=REPOSITORY, env=house.environ, check=False, timeout=PATIENT_S)
    assert killed.returncode == -signal.SIGKILL


def sent(house: House) -> Counter[str]:
    """Which letter has left how often, by its subject: one file for each."""
    letters = [message_from_bytes(path.read_bytes()) for path in (house.data / "mail").glob("*.eml")]
    return Counter(str(letter["Subject"]) for letter in letters)


def each_once(house: House, rows: int) -> bool:
    return sent(house) == Counter(f"Laporan {serial}" for serial in range(rows))


POINTS = [
    ("tickets.jobs:_enqueue", "before"),  # read, not enqueued
    ("tickets.jobs:_enqueue", "after"),  # one enqueued, nothing marked
    ("tickets.outbox:mark_enqueued", "after"),  # all enqueued, marked, not committed
    ("rq.worker:SimpleWorker.execute_job", "before"),  # taken out of the line, not begun
    ("ivr.mail_servers:FileSender.send", "before"),  # in the job
    ("ivr.mail_servers:FileSender.send", "after"),  # in the job after its effect: its row is not closed
]


def test_killed_at_every_point_one_after_the_other(house: House) -> None:
    """First who wrote the rows, as soon as they are committed; then a worker at each point; at the end the store loses
    all it had. The last worker does what is left.
    """
    write(house, 30)
    assert (house.open(), house.in_line(), house.marked()) == (30, 0, 0)
    for place, when in POINTS:
        house.dies(place, when)
        if place.startswith("tickets."):
            assert house.marked() == 0
        assert house.open() > 0, "the worker's other thread may have done some"
        house.a_minute_passes()
    house.queue.connection.flushall()
    house.finish()
    assert each_once(house, 30)
    assert house.in_line() == 0


def test_killed_in_the_middle_of_many(house: House) -> None:
    write(house, 30)
    for begun in (3, 14):
        with house.worker() as process:
            until(lambda least=begun: len(sent(house)) >= least, PATIENT_S, "some are sent")
            process.kill()
        house.a_minute_passes()
    house.finish()
    assert each_once(house, 30)
