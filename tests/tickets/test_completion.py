"""The end of a report: who finishes it, what the customer says to that, what the crew is worth to him."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from config.database import Database
from config.errors import IllegalMove, Invalid, Problem, Refused
from tests.fixtures.contacts import LATE, PLN, G, K, P, again, by_cso, entries, filed, how_many
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tickets import completion, reports, workorders
from tickets.kinds import CompletionCode, HistoryKind, ReportingKind, ReportKind
from tickets.models import Rating, Report, WorkOrder
from tickets.outages import outages
from tickets.reports import ReportOpen
from tickets.states import ReportStatus, WorkOrderEvent

pytestmark = pytest.mark.database

SAID_YES = "Pelanggan: laporan sudah selesai."
WAY = ("ACCEPT", "DEPART", "ARRIVE", "START", "POWER_ON", "COMPLETE")


def driven(db: Database, number: str, *, until: str = "COMPLETE", now: datetime = LATE, note: str = "") -> None:
    """The crew goes its way."""
    with db.transaction() as session:
        order = workorders.open_order(session, reports.by_number(session, number).id)
        assert order is not None
        for name in WAY[: WAY.index(until) + 1]:
            workorders.advance(session, order.id, WorkOrderEvent[name], by="regu1", now=now, note=note)


def resolved(db: Database, number: str, *, code: CompletionCode = CompletionCode.DONE, now: datetime = LATE) -> Report:
    """An operator finishes it."""
    with db.transaction() as session:
        return completion.resolve(
            session, number, code=code, note=" Pelanggan tidak di tempat. ", contact=by_cso(by="op1"), now=now
        )


def answered(db: Database, number: str, *, finished: bool, channel: ReportingKind, now: datetime = LATE) -> Report:
    """The customer's word on it."""
    with db.transaction() as session:
        contact = by_cso(by="mobile", channel=channel, name="")
        return completion.confirm(session, number, finished=finished, contact=contact, now=now)


def rated(db: Database, number: str, *, stars: int = 4, by: str = "mobile", now: datetime = LATE) -> Rating:
    """The customer's stars."""
    with db.transaction() as session:
        channel = ReportingKind.APP if by == "mobile" else ReportingKind.OTHER
        return completion.rate(session, number, stars=stars, comment=" Cepat. ", by=by, channel=channel, now=now)


# Finished: by the crew, by an operator, by staff


def test_the_crew_finishes_a_fault_with_its_last_step(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
    number = filed(db, reporting_kind=ReportingKind.WHATSAPP)
    driven(db, number, note="MCB diganti.")
    with db.reading() as session:
        report = reports.by_number(session, number)
    assert (report.status, report.resolved_at) == (ReportStatus.SELESAI, LATE)
    assert (report.completion_code, report.completion_note) == (CompletionCode.DONE, "MCB diganti.")
    assert report.responded_at == LATE  # who wrote to us has been answered by the deed


@pytest.mark.parametrize(("until", "left"), [("ACCEPT", "cancelled"), ("POWER_ON", "done")])
def test_an_operator_finishes_a_fault_and_its_order_ends_with_it(db: Database, until: str, left: str) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
    number = filed(db)
    driven(db, number, until=until)
    report = resolved(db, number, code=CompletionCode.PHONE_UNREACHABLE)
    assert (report.status, report.completion_code) == (ReportStatus.SELESAI, CompletionCode.PHONE_UNREACHABLE)
    assert report.completion_note == "Pelanggan tidak di tempat."
    with db.reading() as session:
        order = workorders.of_report(session, report.id)
    assert order is not None
    assert order.status == left
    assert entries(db, number, HistoryKind.TRANSITION)[0].new == {
        "status": "SELESAI",
        "completionCode": "phone_unreachable",
    }


@pytest.mark.parametrize("kind", [K, P])
def test_staff_finish_a_complaint_or_a_request(db: Database, kind: ReportKind) -> None:
    report = resolved(db, filed(db, kind))
    assert (report.status, report.resolved_at, report.responded_at) == (ReportStatus.SELESAI, LATE, LATE)


def test_a_report_is_finished_once_and_never_without_a_note(db: Database) -> None:
    number = filed(db, K)
    with pytest.raises(Invalid) as fault, db.transaction() as session:
        completion.resolve(session, number, code=CompletionCode.DONE, note=" ", contact=by_cso(), now=LATE)
    assert fault.value.slug == "note-missing"
    resolved(db, number)
    with pytest.raises(IllegalMove):
        resolved(db, number, now=LATE + timedelta(hours=1))
    with db.reading() as session:
        assert reports.by_number(session, number).resolved_at == LATE


# C9: is it finished?


def test_a_yes_is_kept_and_closes_what_is_finished(db: Database) -> None:
    number = filed(db, closed=True)
    assert answered(db, number, finished=True, channel=ReportingKind.APP).status is ReportStatus.SELESAI
    said = [entry.note for entry in entries(db, number, HistoryKind.COMMENT)]
    assert said == ["Ditutup. Pelanggan: sudah selesai.", "Pelanggan diberi tahu lewat aplikasi.", SAID_YES]


def test_a_no_in_pln_mobile_opens_a_new_number_that_is_linked(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
        premises = a_premises(session).id
    number = filed(db, closed=True, premises_id=premises, phone="081201000001")
    new = answered(db, number, finished=False, channel=ReportingKind.APP)
    with db.reading() as session:
        old = reports.by_number(session, number)
        order = workorders.of_report(session, new.id)
    assert new.number != number
    assert (new.kind, new.related_id, new.reporting_kind, new.phone) == (G, old.id, ReportingKind.APP, "+6281201000001")
    assert (new.status, new.reported_at, new.starred) == (ReportStatus.BELUM_SELESAI, LATE, False)
    assert (old.status, old.starred, old.reported_at) == (ReportStatus.SELESAI, False, NOON)
    assert order is not None
    assert order.status == "assigned"
    with pytest.raises(ReportOpen):
        answered(db, number, finished=False, channel=ReportingKind.APP)  # the new one is the one to go on with


@pytest.mark.parametrize("channel", [ReportingKind.CALL, ReportingKind.IVR, ReportingKind.WHATSAPP])
def test_a_no_by_telephone_opens_the_same_number_again_with_its_star(db: Database, channel: ReportingKind) -> None:
    number = filed(db, closed=True)
    report = answered(db, number, finished=False, channel=channel)
    assert (report.number, report.starred, report.status) == (number, True, ReportStatus.BELUM_SELESAI)
    assert report.reported_at == NOON
    (entry,) = entries(db, number, HistoryKind.REPEAT)
    assert (entry.channel, entry.note) == (channel, "Pelanggan: laporan belum selesai.")


@pytest.mark.parametrize("channel", [ReportingKind.CALL, ReportingKind.APP])
def test_a_no_to_a_complaint_is_a_new_number_whatever_the_channel(db: Database, channel: ReportingKind) -> None:
    number = filed(db, K, closed=True)
    assert answered(db, number, finished=False, channel=channel).number != number


def test_what_is_open_is_not_asked_about(db: Database) -> None:
    number = filed(db)
    for finished in (True, False):
        with pytest.raises(Refused) as fault:
            answered(db, number, finished=finished, channel=ReportingKind.APP)
        assert fault.value.slug == "not-finished"


def test_customers_who_say_no_while_others_report_wait_for_each_other_in_one_order(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
        premises = [a_premises(session).id for _ in range(24)]
    numbers = [filed(db, closed=True, premises_id=one) for one in premises]

    def touch(n: int) -> str:
        if n % 2:
            return filed(db)
        return answered(db, numbers[n // 2], finished=False, channel=ReportingKind.APP).number

    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(touch, range(48)))  # a deadlock raises
    assert len(made) == 48
    assert made.isdisjoint(numbers)


# R27: the crew that came


def test_the_customer_rates_the_crew_that_came(db: Database) -> None:
    with db.transaction() as session:
        crew = a_crew(session, login="regu1").id
    number = filed(db)
    driven(db, number)
    rating = rated(db, number, stars=5)
    assert (rating.stars, rating.crew_id, rating.resolved_at, rating.comment) == (5, crew, LATE, "Cepat.")
    (entry,) = entries(db, number, HistoryKind.RATING)
    assert (entry.new, entry.channel) == ({"stars": 5}, ReportingKind.APP)


def test_the_crew_of_the_first_time_is_not_rated_for_the_second(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
    number, later = filed(db), LATE + timedelta(hours=1)
    driven(db, number)
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=later)
    again(db, number, PLN, now=later)
    with db.transaction() as session:
        outages.restore_outage(session, outage.id, by="op1", now=later)
    assert rated(db, number, now=later).crew_id is None


def test_each_completion_is_rated_once(db: Database) -> None:
    number = filed(db, closed=True)
    rated(db, number)
    with pytest.raises(Refused) as fault:
        rated(db, number, stars=1, by="regu1")
    assert fault.value.slug == "already-rated"
    again(db, number, PLN)
    with pytest.raises(Refused) as early:
        rated(db, number)
    assert early.value.slug == "not-finished"
    resolved(db, number, now=LATE + timedelta(hours=1))
    rated(db, number, stars=2)
    assert sorted(row.new["stars"] for row in entries(db, number, HistoryKind.RATING) if row.new) == [2, 4]


def test_stars_from_the_crews_telephone_give_way_to_the_customers_own(db: Database) -> None:
    number = filed(db, closed=True)
    rated(db, number, stars=5, by="regu1")
    with pytest.raises(Refused) as fault:
        rated(db, number, stars=4, by="regu1")  # the crew enters them once
    assert fault.value.slug == "already-rated"
    rated(db, number, stars=2)
    with db.reading() as session:
        (kept,) = session.scalars(select(Rating)).all()
    assert (kept.stars, kept.by) == (2, "mobile")
    assert [(row.old, row.new) for row in entries(db, number, HistoryKind.RATING)] == [
        ({"stars": 5}, {"stars": 2}),
        (None, {"stars": 5}),
    ]


@pytest.mark.parametrize("stars", [0, 6, -1])
def test_there_are_one_to_five_stars(db: Database, stars: int) -> None:
    number = filed(db, closed=True)
    with pytest.raises(Invalid) as fault:
        rated(db, number, stars=stars)
    assert (fault.value.slug, fault.value.field) == ("stars", "stars")


def test_eight_ratings_at_once_are_one(db: Database) -> None:
    number = filed(db, closed=True)

    def rate(_: int) -> str:
        try:
            return str(rated(db, number).stars)
        except Problem as fault:
            return fault.slug

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(rate, range(8)))
    assert sorted(answers) == ["4", *["already-rated"] * 7]


def test_crew_and_operator_who_finish_at_once_finish_it_once(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
    number = filed(db)
    driven(db, number, until="POWER_ON")
    with db.reading() as session:
        order = workorders.of_report(session, reports.by_number(session, number).id)
    assert order is not None

    def end(n: int) -> str:
        try:
            if n % 2:
                return resolved(db, number).status.value
            with db.transaction() as session:
                workorders.advance(session, order.id, WorkOrderEvent.COMPLETE, by="regu1", now=LATE)
            return "crew"
        except Problem as fault:
            return fault.slug

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(end, range(8)))
    assert answers.count("illegal-move") == 7
    assert len(entries(db, number, HistoryKind.TRANSITION)) == 2
    assert how_many(db, WorkOrder) == 1
    with db.reading() as session:
        done = select(func.count()).select_from(Report).where(Report.status == ReportStatus.SELESAI)
        assert session.scalar(done) == 1
    with db.transaction() as session:
        assert reports.file_report(session, a_report(area="31"), now=LATE).status is ReportStatus.BELUM_SELESAI
