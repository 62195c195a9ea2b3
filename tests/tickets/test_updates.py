"""Update Laporan, comments and new numbers: data that change, and both in one contact."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from config.database import Database
from config.errors import Invalid, Problem, Refused
from tests.fixtures.contacts import (
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
from tests.fixtures.tickets import NOON
from tickets import repeats, reports, timers
from tickets.clockwork import HANDLERS
from tickets.customers import search
from tickets.incidents import alerts
from tickets.kinds import AlertKind, HistoryKind, ReportingKind, ReportKind, UrgentReason
from tickets.models import Report, WorkOrder
from tickets.outages import outages
from tickets.rules import Action
from tickets.schemas import Changes
from tickets.states import ReportStatus

pytestmark = pytest.mark.database


# R10: a K, however soon; R20, C11: data that come with the Lapor Ulang


@pytest.mark.parametrize("kind", [K, P])
def test_an_open_complaint_is_told_again_at_any_time(db: Database, kind: ReportKind) -> None:
    number = filed(db, kind)
    report = again(db, number, PLN, now=NOON + timedelta(minutes=1))
    assert (report.repeats, report.starred) == (1, False)
    assert how_many(db, WorkOrder) == 0


def test_who_comes_back_after_an_answer_starts_the_day_anew(db: Database) -> None:
    number = filed(db, K)
    with db.transaction() as session:
        reports.by_number(session, number).responded_at = NOON
    report = again(db, number, PLN)
    assert (report.respond_by, report.responded_at) == (LATE + timedelta(hours=24), None)


def test_data_of_a_finished_g_are_entered_in_the_lapor_ulang(db: Database) -> None:
    number = filed(db, closed=True, phone="081201000001")
    report = again(db, number, DATA, changes=Changes(phone="0812 0100 0002", reporter="Gantari"))
    assert (report.phone, report.reporter, report.starred) == ("+6281201000002", "Gantari", True)
    (entry,) = entries(db, number, HistoryKind.CHANGE)
    assert entry.old == {"phone": "+6281201000001", "reporter": ""}
    assert entry.new == {"phone": "+6281201000002", "reporter": "Gantari"}


def test_after_it_is_open_again_an_update_is_possible_in_the_same_contact(db: Database) -> None:
    number = filed(db, closed=True)
    contact = by_cso(call="c0000000000000002")
    again(db, number, BOTH, contact=contact)
    assert changed(db, number, BOTH, now=LATE, contact=by_cso(call=contact.call)).phone == "+6281201000009"


# R11, R12, R18: Update Laporan


def test_an_update_changes_what_is_told_and_keeps_both_values(db: Database) -> None:
    number = filed(db, phone="081201000001", comment="Gelap.")
    changes = Changes(phone="081201000001", mobile="0812-0100-0003", address="Jl. Melur 5", comment="Pagar hijau.")
    report = changed(db, number, DATA, changes=changes)
    assert (report.mobile, report.address, report.comment) == ("+6281201000003", "Jl. Melur 5", "Gelap.\nPagar hijau.")
    (entry,) = entries(db, number, HistoryKind.CHANGE)
    assert (entry.by, entry.at, entry.note) == ("cso1", SOON, "Pagar hijau.")
    assert entry.old == {"mobile": "", "address": ""}
    assert entry.new == {"mobile": "+6281201000003", "address": "Jl. Melur 5"}
    assert report.reported_at == NOON


def test_before_three_hours_what_is_wrong_is_added_to_the_keterangan(db: Database) -> None:
    number = filed(db, comment="Gelap.")
    report = changed(db, number, PLN, changes=Changes(comment="Petugas belum datang."))
    assert report.comment == "Gelap.\nPetugas belum datang."
    assert report.repeats == 0


def test_a_full_keterangan_keeps_its_newest_words_and_the_history_all(db: Database) -> None:
    number = filed(db, comment="a" * 1990)
    report = changed(db, number, DATA, changes=Changes(comment="b" * 100))
    assert len(report.comment) == 2000
    assert report.comment.startswith("…aaa")
    assert report.comment.endswith("b" * 100)
    assert entries(db, number, HistoryKind.CHANGE)[0].note == "b" * 100


@pytest.mark.parametrize("changes", [Changes(), Changes(reporter="  ", comment=" \n")])
def test_an_update_of_nothing_is_refused(db: Database, changes: Changes) -> None:
    number = filed(db)
    with pytest.raises(Invalid) as fault:
        changed(db, number, DATA, changes=changes)
    assert fault.value.slug == "changes-missing"


@pytest.mark.parametrize(
    "told", [{"mobile": "12"}, {"email": "bukan surat"}, {"address": "nol \0"}, {"comment": "x" * 1001}]
)
def test_changes_of_the_wrong_shape_are_refused(told: dict[str, str]) -> None:
    with pytest.raises((Invalid, ValueError)) as fault:
        Changes(**told)
    if isinstance(fault.value, Problem):
        assert fault.value.field == "mobile"


def test_whom_danger_takes_out_of_his_outage_is_missed_when_nobody_answers_him(db: Database) -> None:
    with db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
    number = filed(db, reporting_kind=ReportingKind.WHATSAPP)
    report = changed(db, number, DATA, urgent=UrgentReason.HAZARD)
    assert report.outage_id is None
    timers.run_due(db, HANDLERS, now=NOON + timedelta(hours=24))
    with db.reading() as session:
        late = [one.report_id for one in alerts.open_alerts(session) if one.kind is AlertKind.ANSWER_LATE]
    assert late == [report.id]


# R21: both in one contact


@pytest.mark.parametrize(("kind", "now"), [(G, LATE), (K, SOON), (P, SOON)])
def test_in_one_contact_the_lapor_ulang_comes_first(db: Database, kind: ReportKind, now: datetime) -> None:
    number, call = filed(db, kind), "c0000000000000003"
    with pytest.raises(Refused) as fault:
        changed(db, number, BOTH, now=now, contact=by_cso(call=call))
    assert fault.value.slug == "rule-r21"
    again(db, number, BOTH, now=now, contact=by_cso(call=call))
    assert changed(db, number, BOTH, now=now, contact=by_cso(call=call)).phone == "+6281201000009"


def test_another_contacts_lapor_ulang_does_not_count(db: Database) -> None:
    number = filed(db)
    again(db, number, BOTH, contact=by_cso(call="c0000000000000004"))
    for contact in (by_cso(call="c0000000000000005"), by_cso()):
        with pytest.raises(Refused) as fault:
            changed(db, number, BOTH, now=LATE, contact=contact)
        assert fault.value.slug == "rule-r21"


# R16, R17, C3, C4: a closed complaint


@pytest.mark.parametrize("kind", [K, P])
def test_a_finished_complaint_goes_on_under_a_new_number_that_names_it(db: Database, kind: ReportKind) -> None:
    number = filed(db, kind, closed=True, phone="081201000001", reporter="Gantari")
    with db.transaction() as session:
        new = repeats.follow_up(
            session, number, intent=PLN, urgent=None, note="Masih salah.", contact=by_cso(), now=LATE
        )
        old = reports.by_number(session, number)
    assert new.number != number
    assert (new.kind, new.status, new.related_id, new.starred) == (kind, ReportStatus.BELUM_SELESAI, old.id, False)
    assert new.comment == f"CC.54.HANA Nomor Laporan Terkait G: {number}\nMasih salah."
    assert (new.reported_at, new.respond_by) == (LATE, LATE + timedelta(hours=24))
    assert (new.trouble_code, new.details, new.phone, new.reporter) == (
        old.trouble_code, old.details, "+6281201000001", "Gantari",
    )  # fmt: skip
    assert (old.status, old.starred) == (ReportStatus.SELESAI, False)
    assert entries(db, number)[0].new == {"related": new.number}


def test_data_only_become_a_comment_of_the_finished_complaint(db: Database) -> None:
    number = filed(db, K, closed=True)
    contact = by_cso()
    with db.transaction() as session:
        done = repeats.apply(
            session, number, intent=DATA, urgent=None, note="Nomor baru.", changes=Changes(phone="081201000007"),
            contact=contact, now=LATE,
        )  # fmt: skip
    assert (done.report.number, done.steps) == (number, (Action.COMMENT,))
    (entry,) = entries(db, number, HistoryKind.COMMENT)
    assert (entry.note, entry.new) == ("Nomor baru.", {"phone": "+6281201000007"})
    assert how_many(db, Report) == 1


def test_what_was_changed_is_found_by_its_new_value(db: Database) -> None:
    number = filed(db, phone="081201000001", reporter="Gantari Jenggarana")
    changed(db, number, DATA, changes=Changes(phone="081201000055"))
    with db.reading() as session:
        assert [row.number for row in search.reports(session, "081201000055").rows] == [number]
        assert search.reports(session, "081201000001").rows == []
