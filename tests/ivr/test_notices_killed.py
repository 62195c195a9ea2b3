"""The real worker tells a street of an outage and is killed at every point: everybody is told, nobody twice. It tells a
reporter that his report is finished.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.fixtures.mortal import PATIENT_S, House
from tests.fixtures.notices import a_street, announced, dark
from tests.fixtures.tickets import a_report
from tests.fixtures.wait import until
from tickets import completion, reports
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, NoticeEvent, RecipientStatus, ReportingKind, ReportKind
from tickets.models import NoticeRecipient

pytestmark = [pytest.mark.database, pytest.mark.store, pytest.mark.timeout(900)]

COUNT = 1_700  # four batches


def prepared(house: House) -> list[str]:
    with house.db.transaction() as session:
        numbers = a_street(session, COUNT)
    # without an estimate: this worker's clock is the real one, and a notice ends with the time it promises
    announced(house.db, dark(house.db, etr=None), NoticeEvent.START)
    return numbers


def sent(house: House) -> Counter[str]:
    """How often each number was written to."""
    files = [path.read_text().splitlines() for path in (house.data / "sms").glob("*.jsonl")]
    return Counter(json.loads(line)["to"] for lines in files for line in lines)


POINTS = [
    ("tickets.notices.recipients:collect", "after"),  # a page, not committed
    ("tickets.notices.recipients:put", "after"),  # its batches, not committed
    ("tickets.notices.batches:claim", "after"),  # asked for, not committed
    ("ivr.sender:FileSender.send", "before"),  # committed that it is being sent, not sent
    ("ivr.sender:FileSender.send", "after"),  # sent, not known
    ("tickets.notices.batches:settle_all", "after"),  # not committed
    ("tickets.notices.batches:finish", "after"),  # its row is not closed
]


def test_killed_at_every_point_one_after_the_other(house: House) -> None:
    numbers = prepared(house)
    for place, when in POINTS:
        house.dies(place, when)
        assert house.open() > 0
        house.a_minute_passes()
    house.finish()
    assert sent(house) == Counter(numbers)
    with house.db.reading() as session:
        assert set(session.scalars(select(NoticeRecipient.status))) == {RecipientStatus.SENT}


def test_killed_in_the_middle(house: House) -> None:
    numbers = prepared(house)
    with house.worker() as process:
        until(lambda: bool(sent(house)), PATIENT_S, "some have been told")
        process.kill()
    house.a_minute_passes()
    house.finish()
    assert sent(house) == Counter(numbers)


def test_who_reported_is_told_that_it_is_finished(house: House) -> None:
    """Six minutes ago, so that his five are over."""
    now = datetime.now(UTC) - timedelta(minutes=6)
    with house.db.transaction() as session:
        new = a_report(kind=ReportKind.KELUHAN, area="31.71.06", phone="+628120000001")
        number = reports.file_report(session, new, now=now).number
        contact = Contact("op1", ReportingKind.OTHER, "selesai")
        completion.resolve(session, number, code=CompletionCode.DONE, note="Dijelaskan.", contact=contact, now=now)
    house.finish()
    assert sent(house) == Counter(["+628120000001"])
