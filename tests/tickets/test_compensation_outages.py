"""What outages do to the time that counts for one premises: until when it was dark, and what need not be read."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Database
from config.schema.compensation import Exempt, Regulation
from tests.fixtures.tickets import NOON, a_premises, a_report
from tickets import reports, timers
from tickets.clockwork import HANDLERS
from tickets.compensation import answers, exemptions
from tickets.models import Premises, Report
from tickets.outages import attached, outages
from tickets.states import ReportStatus

pytestmark = pytest.mark.database

HOUR = timedelta(hours=1)


def confirmed(db: Database, area: str, *, now: datetime = NOON) -> int:
    with db.transaction() as session:
        return outages.confirm_outage(session, area=area, cause="", etr=None, by="spv1", now=now).id


def restored(db: Database, outage: int, *, now: datetime) -> None:
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=now)


def home(db: Database) -> int:
    with db.transaction() as session:
        return a_premises(session).id


def dark(db: Database, premises: int) -> timedelta:
    """In November, as it is told a day later."""
    with db.reading() as session:
        return answers.of_premises(session, Premises.id == premises, "2026-11", now=NOON + 24 * HOUR).dark.time


def test_a_report_of_an_outage_is_dark_until_power_was_on_not_until_its_row_was_reached(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With sixty thousand the last are finished a while after the restore; hours later when the worker was away."""
    monkeypatch.setattr(attached, "AT_ONCE", 1)
    outage, homes = confirmed(db, "31.71.06"), [home(db), home(db)]
    for one in homes:
        with db.transaction() as session:
            reports.file_report(session, a_report(premises_id=one), now=NOON)
    restored(db, outage, now=NOON + HOUR)
    timers.run_due(db, HANDLERS, now=NOON + 3 * HOUR)
    with db.reading() as session:
        assert {one.status for one in session.scalars(select(Report))} == {ReportStatus.SELESAI}
    assert [dark(db, one) for one in homes] == [HOUR, HOUR]


def test_who_asks_for_one_premises_does_not_wait_for_what_was_dark_elsewhere(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, far = confirmed(db, "31.71.06"), confirmed(db, "19.71")
    for outage in (mine, far):
        restored(db, outage, now=NOON + HOUR)
    read: list[int] = []
    known = exemptions.outages_exempt

    def seen(session: Session, regulation: Regulation, ids: Sequence[int]) -> dict[int, Exempt]:
        read.extend(ids)
        return known(session, regulation, ids)

    monkeypatch.setattr(exemptions, "outages_exempt", seen)
    assert dark(db, home(db)) == HOUR
    assert read == [mine]


def test_billing_sees_who_would_be_owed_if_what_is_missing_were_known(db: Database) -> None:
    """Nobody has declared a number of interruptions (compensation.yaml)."""
    outage, _ = confirmed(db, "31.71.06"), home(db)
    restored(db, outage, now=NOON + HOUR)
    (line,) = csv.DictReader("".join(answers.table(db, "jakarta", "2026-11", now=NOON + 24 * HOUR)).splitlines())
    assert (line["interruptions"], line["percent"], line["missing"]) == ("1", "", "declared-times")
