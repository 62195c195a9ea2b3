"""Lapor Ulang: what the service does, what it refuses and by which rule."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from config.database import Database
from config.errors import Invalid, Refused
from tests.fixtures.contacts import (
    ASKS,
    BOTH,
    DATA,
    LATE,
    PLN,
    SOON,
    G,
    K,
    P,
    again,
    by_cso,
    changed,
    entries,
    filed,
    how_many,
)
from tests.fixtures.tickets import NOON, a_crew, a_premises
from tickets import repeats, reports, workorders
from tickets.kinds import CompletionCode, HistoryKind, Intent, ReportingKind, ReportKind, UrgentReason
from tickets.models import Report, WorkOrder
from tickets.outages import outages
from tickets.reports import ReportOpen
from tickets.schemas import Changes
from tickets.states import ReportStatus, WorkOrderEvent

pytestmark = pytest.mark.database


# R09, R13, R25: an open G, three hours later


def test_after_three_hours_an_open_g_is_told_again_under_its_number(db: Database) -> None:
    number = filed(db)
    report = again(db, number, PLN, note="  Petugas belum datang. ", contact=by_cso(call="c0000000000000001"))
    assert (report.number, report.status, report.starred) == (number, ReportStatus.BELUM_SELESAI, False)
    assert (report.repeats, report.last_repeat_at, report.reported_at) == (1, LATE, NOON)
    (entry,) = entries(db, number, HistoryKind.REPEAT)
    assert (entry.at, entry.by, entry.channel, entry.call) == (LATE, "cso1", ReportingKind.CALL, "c0000000000000001")
    assert (entry.note, entry.new) == ("Petugas belum datang.", {"intent": "PLN_SIDE", "urgent": None})
    assert how_many(db, WorkOrder) == 1


@pytest.mark.parametrize("note", ["", "  \n "])
def test_a_lapor_ulang_without_a_note_is_none(db: Database, note: str) -> None:
    number = filed(db)
    with pytest.raises(Invalid) as fault:
        again(db, number, PLN, note=note)
    assert (fault.value.slug, fault.value.field) == ("note-missing", "note")
    assert entries(db, number, HistoryKind.REPEAT) == []


def test_urgent_opens_lapor_ulang_before_the_three_hours_and_the_reason_is_kept(db: Database) -> None:
    number = filed(db)
    again(db, number, PLN, now=SOON, urgent=UrgentReason.LIFE_SUPPORT)
    (entry,) = entries(db, number, HistoryKind.REPEAT)
    assert entry.new == {"intent": "PLN_SIDE", "urgent": "life_support"}


def test_who_only_asks_after_three_hours_may_be_offered_a_lapor_ulang(db: Database) -> None:  # C8
    number = filed(db)
    assert again(db, number, ASKS).repeats == 1


def test_who_only_asks_changes_no_data_on_the_way(db: Database) -> None:
    number = filed(db)
    with pytest.raises(Refused) as fault:
        again(db, number, ASKS, changes=Changes(phone="081201000002"))
    assert fault.value.slug == "rule-r18"
    assert entries(db, number, HistoryKind.REPEAT) == []


# What is refused, and by which rule


@pytest.mark.parametrize(
    ("kind", "closed", "intent", "now", "rule"),
    [
        (G, False, PLN, SOON, "R11"),
        (G, False, BOTH, SOON, "R11"),
        (G, False, ASKS, SOON, "R09"),
        (G, False, DATA, LATE, "R12"),
        (G, True, ASKS, LATE, "R09"),
        (K, False, ASKS, LATE, "R10"),
        (K, False, DATA, SOON, "R12"),
        (K, True, PLN, LATE, "R16"),
        (K, True, ASKS, LATE, "R16"),
        (P, True, BOTH, LATE, "R16"),
    ],
)
def test_a_forbidden_lapor_ulang_names_its_rule_and_changes_nothing(
    db: Database, *, kind: ReportKind, closed: bool, intent: Intent, now: datetime, rule: str
) -> None:
    number = filed(db, kind, closed=closed)
    before = len(entries(db, number))
    with pytest.raises(Refused) as fault:
        again(db, number, intent, now=now)
    assert (fault.value.slug, getattr(fault.value, "extra", {})) == (f"rule-{rule.lower()}", {"rule": rule})
    assert len(entries(db, number)) == before
    with db.reading() as session:
        report = reports.by_number(session, number)
    assert (report.repeats, report.starred) == (0, False)


@pytest.mark.parametrize(
    ("kind", "closed", "intent", "now", "rule"),
    [
        (G, True, DATA, SOON, "R19"),
        (K, True, DATA, SOON, "R19"),
        (P, True, PLN, SOON, "R19"),
        (G, False, ASKS, SOON, "R18"),
        (K, False, ASKS, SOON, "R18"),
        (G, False, BOTH, LATE, "R21"),
        (K, False, BOTH, SOON, "R21"),
    ],
)
def test_a_forbidden_update_names_its_rule_and_changes_nothing(
    db: Database, *, kind: ReportKind, closed: bool, intent: Intent, now: datetime, rule: str
) -> None:
    number = filed(db, kind, closed=closed)
    with pytest.raises(Refused) as fault:
        changed(db, number, intent, now=now)
    assert fault.value.slug == f"rule-{rule.lower()}"
    assert entries(db, number, HistoryKind.CHANGE) == []
    with db.reading() as session:
        assert reports.by_number(session, number).phone == ""


@pytest.mark.parametrize(
    ("kind", "closed", "intent", "rule"),
    [(G, False, PLN, "R14"), (G, True, PLN, "R14"), (K, False, PLN, "R16"), (K, True, ASKS, "R16")],
)
def test_a_forbidden_new_number_names_its_rule(
    db: Database, kind: ReportKind, closed: bool, intent: Intent, rule: str
) -> None:
    number = filed(db, kind, closed=closed)
    with pytest.raises(Refused) as fault, db.transaction() as session:
        repeats.follow_up(session, number, intent=intent, urgent=None, note="Belum.", contact=by_cso(), now=LATE)
    assert fault.value.slug == f"rule-{rule.lower()}"
    assert how_many(db, Report) == 1


# R14, R15, C2, C6, C7: a closed G is open again


@pytest.mark.parametrize("now", [SOON, LATE])
def test_a_finished_g_is_open_again_under_its_number_with_a_star_and_a_crew(db: Database, now: datetime) -> None:
    with db.transaction() as session:
        crew = a_crew(session).name
    number = filed(db, closed=True)
    report = again(db, number, PLN, now=now)
    assert (report.number, report.status, report.starred) == (number, ReportStatus.BELUM_SELESAI, True)
    assert (report.starred_at, report.reopened_at, report.resolved_at) == (now, now, None)
    assert (report.reported_at, report.repeats) == (NOON, 1)
    with db.reading() as session:
        order = workorders.of_report(session, report.id)
        assert reports.by_number(session, f"{number}*").id == report.id
    assert order is not None
    assert (order.status, order.crew, order.starred) == ("assigned", crew, True)
    moved = entries(db, number, HistoryKind.TRANSITION)[0]
    assert moved.old == {"status": "SELESAI", "completionCode": "done", "completionNote": "Selesai."}
    assert moved.new == {"status": "BELUM_SELESAI"}


def test_opened_twice_it_has_one_star_of_the_first_time_and_two_entries_in_the_log(db: Database) -> None:
    number = filed(db, closed=True)
    again(db, number, PLN, now=LATE)
    with db.transaction() as session:
        report = reports.by_number(session, number)
        order = workorders.open_order(session, report.id)
        assert order is not None
        workorders.advance(session, order.id, WorkOrderEvent.CANCEL, by="op1", now=LATE)
        workorders.finish(session, report, CompletionCode.DONE, "", by="op1", channel=ReportingKind.OTHER, now=LATE)
    later = LATE + timedelta(hours=1)
    report = again(db, number, PLN, now=later)
    assert (report.starred, report.starred_at, report.reopened_at) == (True, LATE, later)
    assert (report.repeats, report.reported_at, report.number) == (2, NOON, number)
    assert len(entries(db, number, HistoryKind.REPEAT)) == 2


def test_what_a_live_outage_explains_is_attached_and_gets_no_crew(db: Database) -> None:
    number = filed(db, closed=True)
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=LATE)
    orders = how_many(db, WorkOrder)
    assert again(db, number, PLN).outage_id == outage.id
    assert how_many(db, WorkOrder) == orders


def test_power_that_is_back_answers_who_wrote_and_who_writes_again_starts_the_day_anew(db: Database) -> None:
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
    number = filed(db, reporting_kind=ReportingKind.WHATSAPP)
    with db.transaction() as session:
        outages.restore_outage(session, outage.id, by="op1", now=SOON)
        assert reports.by_number(session, number).responded_at == SOON
    report = again(db, number, PLN, contact=by_cso(channel=ReportingKind.WHATSAPP))
    assert (report.respond_by, report.responded_at) == (LATE + timedelta(hours=24), None)


def test_a_nested_fault_after_the_outage_gets_a_crew_of_its_own(db: Database) -> None:
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
    number = filed(db)
    with db.transaction() as session:
        outages.restore_outage(session, outage.id, by="op1", now=NOON)
    report = again(db, number, PLN)
    assert (report.outage_id, report.starred) == (None, True)
    assert how_many(db, WorkOrder) == 1


def test_danger_told_later_is_not_explained_by_the_outage_and_gets_a_crew(db: Database) -> None:
    with db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
    told, noted = filed(db), filed(db)
    assert again(db, told, PLN, now=SOON, urgent=UrgentReason.HAZARD).outage_id is None
    assert changed(db, noted, DATA, urgent=UrgentReason.HAZARD).outage_id is None
    assert how_many(db, WorkOrder) == 2


def test_no_later_reason_takes_the_place_of_danger(db: Database) -> None:
    number = filed(db, closed=True, trouble="bahaya")
    with db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=LATE)
    report = again(db, number, PLN, urgent=UrgentReason.LIFE_SUPPORT)
    assert (report.urgent, report.outage_id) == (UrgentReason.HAZARD, None)


def test_only_this_building_is_not_explained_by_an_outage_later_either(db: Database) -> None:
    number = filed(db, closed=True, only_me=True)
    with db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=LATE)
    assert again(db, number, PLN).outage_id is None


def test_an_open_g_that_nobody_works_on_any_more_gets_a_new_order(db: Database) -> None:
    number = filed(db)
    with db.transaction() as session:
        order = workorders.open_order(session, reports.by_number(session, number).id)
        assert order is not None
        workorders.advance(session, order.id, WorkOrderEvent.CANCEL, by="op1", now=NOON)
    again(db, number, PLN)
    assert how_many(db, WorkOrder) == 2


def test_the_premises_other_open_g_is_the_one_to_go_on_with(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session).id
    first = filed(db, closed=True, premises_id=premises)
    second = filed(db, premises_id=premises)
    with pytest.raises(ReportOpen) as fault:
        again(db, first, PLN)
    assert fault.value.number == second
    with db.reading() as session:
        assert reports.by_number(session, first).status is ReportStatus.SELESAI
