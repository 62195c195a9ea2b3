"""The same fault told a second time: it belongs to the first report, and the rule table says what it means (C12)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config.database import Database
from tests.fixtures.contacts import LATE, SOON, entries, how_many, waits_for_us
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tests.fixtures.wait import until
from tickets import completion, reports
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, HistoryKind, ReportingKind, UrgentReason
from tickets.models import Report, WorkOrder
from tickets.outages import outages
from tickets.outages.again import ASKS, DANGER, ONLY_HERE, OVERDUE, file_or_apply, still_dark
from tickets.schemas import NewReport
from tickets.states import ReportStatus

pytestmark = pytest.mark.database

BY_IVR = {"key": "c9:report", "reporting_kind": ReportingKind.IVR, "by": "ivr", "call": "c9"}


@pytest.fixture
def first(db: Database) -> Report:
    """A report of noon about a premises; one crew is on duty."""
    with db.transaction() as session:
        a_crew(session)
        premises = a_premises(session)
        return reports.file_report(session, a_report(premises_id=premises.id), now=NOON)


@pytest.fixture
def keyed(db: Database, first: Report) -> Callable[..., Report]:
    """The caller keys the report in again."""

    def again(now: datetime, *, only_me: bool = False) -> Report:
        new = a_report(premises_id=first.premises_id, only_me=only_me, **BY_IVR)
        with db.transaction() as session:
            return file_or_apply(session, new, now=now)

    return again


@pytest.mark.parametrize("now", [SOON, LATE])
def test_who_keys_the_same_fault_in_again_is_asking(
    db: Database, first: Report, keyed: Callable[..., Report], now: datetime
) -> None:
    for _ in range(2):
        report = keyed(now)
        assert (report.id, report.repeats) == (first.id, 0)
    (entry,) = entries(db, first.number, HistoryKind.COMMENT)
    assert (entry.note, entry.channel, entry.call) == (ASKS, ReportingKind.IVR, "c9")


def test_still_dark_within_three_hours_is_told_to_the_crew(
    db: Database, first: Report, keyed: Callable[..., Report]
) -> None:
    for _ in range(2):
        report = keyed(SOON, only_me=True)
        assert (report.id, report.repeats, report.comment) == (first.id, 0, ONLY_HERE)
    assert len(entries(db, first.number, HistoryKind.CHANGE)) == 1
    assert how_many(db, WorkOrder) == 1


def test_still_dark_after_three_hours_is_a_lapor_ulang(
    db: Database, first: Report, keyed: Callable[..., Report]
) -> None:
    for _ in range(2):
        report = keyed(LATE, only_me=True)
        assert (report.number, report.repeats, report.starred, report.reported_at) == (first.number, 1, False, NOON)
    (entry,) = entries(db, first.number, HistoryKind.REPEAT)
    assert (entry.note, entry.at, entry.by, entry.channel) == (ONLY_HERE, LATE, "ivr", ReportingKind.IVR)
    assert how_many(db, WorkOrder) == 1


def test_what_a_cso_wrote_goes_into_the_first_report(db: Database, first: Report) -> None:
    merged = a_report(premises_id=first.premises_id, comment="Pagar hijau.")
    with db.transaction() as session:
        assert file_or_apply(session, merged, now=SOON).id == first.id
    assert entries(db, first.number, HistoryKind.COMMENT)[0].note == "Pagar hijau."


@pytest.mark.parametrize(("comment", "note"), [("Kabel putus.", "Kabel putus."), ("", DANGER)])
def test_danger_at_a_premises_with_an_open_report_makes_that_one_urgent(
    db: Database, first: Report, comment: str, note: str
) -> None:
    merged = a_report(premises_id=first.premises_id, trouble="bahaya", comment=comment)
    with db.transaction() as session:
        report = file_or_apply(session, merged, now=SOON)
    assert (report.id, report.urgent, report.repeats) == (first.id, UrgentReason.HAZARD, 1)
    assert entries(db, first.number, HistoryKind.REPEAT)[0].note == note


@pytest.mark.parametrize("now", [NOON, LATE])
def test_whose_building_alone_stays_dark_gets_a_crew_although_the_first_report_was_attached(
    db: Database, now: datetime
) -> None:
    with db.transaction() as session:
        a_crew(session)
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
        premises = a_premises(session, area="31.71.06")
        first = reports.file_report(session, a_report(premises_id=premises.id), now=NOON)
        assert first.outage_id == outage.id
    for _ in range(2):
        with db.transaction() as session:
            again = a_report(premises_id=premises.id, only_me=True, **BY_IVR)
            report = file_or_apply(session, again, now=now)
            assert (report.id, report.outage_id, report.multiple_premises) == (first.id, None, False)
    assert how_many(db, WorkOrder) == 1
    with db.reading() as session:
        both = select(Report.priority, WorkOrder.priority).join(WorkOrder, WorkOrder.report_id == Report.id)
        assert session.execute(both).one() == (3, 3), "one house, no longer an outage"
    with db.transaction() as session:
        outages.restore_outage(session, outage.id, by="spv1", now=now)
        assert session.get_one(Report, first.id).status is ReportStatus.BELUM_SELESAI


def test_a_report_that_is_finished_in_that_very_moment_swallows_nobody(db: Database, first: Report) -> None:
    """The caller's premises is dark: neither a comment on a finished report nor silence will do."""
    new: NewReport = a_report(premises_id=first.premises_id, **BY_IVR)
    by_operator = Contact(by="op1", channel=ReportingKind.OTHER, key="op")

    def keyed() -> str:
        with db.transaction() as session:
            return file_or_apply(session, new, now=SOON).number

    with ThreadPoolExecutor(1) as threads:
        with db.transaction() as session:
            told = {"code": CompletionCode.DONE, "note": "Selesai.", "contact": by_operator, "now": SOON}
            completion.resolve(session, first.number, **told)
            caller = threads.submit(keyed)
            until(lambda: waits_for_us(db), 20, "the caller's transaction waits for the operator's")
        second = caller.result(timeout=20)
    with db.reading() as session:
        assert reports.by_number(session, first.number).status is ReportStatus.SELESAI
        assert reports.by_number(session, second).status is ReportStatus.BELUM_SELESAI
    assert second != first.number


def test_another_premises_of_the_same_caller_is_another_fault(db: Database, first: Report) -> None:
    with db.transaction() as session:
        other = a_premises(session)
        second = file_or_apply(session, a_report(premises_id=other.id, **BY_IVR), now=NOON + timedelta(minutes=1))
        assert second.id != first.id


def test_a_caller_repeats_by_a_key_what_takes_longer_than_three_hours(db: Database, first: Report) -> None:
    contact = Contact(by="ivr", channel=ReportingKind.IVR, key="c9:still-dark", call="c9")
    for _ in range(2):
        with db.transaction() as session:
            report = still_dark(session, first.number, only_me=False, contact=contact, now=LATE)
            assert (report.number, report.repeats, report.starred) == (first.number, 1, False)
    (entry,) = entries(db, first.number, HistoryKind.REPEAT)
    assert entry.note == OVERDUE, "it was never said to be finished"
