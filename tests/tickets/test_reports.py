"""Filing a report: once, with a number of its own, attached or sent to a crew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from config.database import Database
from config.errors import Invalid, NotFound, Problem, Refused
from tests.fixtures.tickets import CONNECTION, NOON, a_crew, a_premises, a_report
from tickets import numbers, reports, workorders
from tickets.kinds import ReportingKind, ReportKind
from tickets.models import Report, WorkOrder
from tickets.outages import outages
from tickets.reports import ReportOpen
from tickets.states import ReportStatus, WorkOrderStatus

pytestmark = pytest.mark.database


def _count(db: Database, table: type[Report | WorkOrder]) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_report_has_its_units_prefix_and_nine_digits(db: Database) -> None:
    with db.transaction() as session:
        jakarta = reports.file_report(session, a_report(area="31.71.06"), now=NOON)
        bangka = reports.file_report(session, a_report(area="19.01.01"), now=NOON)
    assert (jakarta.number, bangka.number) == ("54100000001", "16100000001")
    assert (jakarta.unit, jakarta.ulp, bangka.ulp) == ("jakarta", "menteng", "sungailiat")
    assert jakarta.reported_at == NOON
    assert not jakarta.starred


def test_numbers_are_reserved_in_blocks_and_never_twice(db: Database) -> None:
    def reserve(_: int) -> list[str]:
        with db.transaction() as session:
            return numbers.reserve(session, "54", 25)

    with ThreadPoolExecutor(8) as threads:
        blocks = list(threads.map(reserve, range(24)))
    drawn = [number for block in blocks for number in block]
    assert len(set(drawn)) == 24 * 25
    assert all(len(number) == 11 and number.startswith("54") for number in drawn)


def test_a_block_of_an_unknown_unit_is_refused(db: Database) -> None:
    with db.transaction() as session, pytest.raises(Invalid) as fault:
        numbers.reserve(session, "99", 1)
    assert fault.value.slug == "unknown-prefix"


def test_the_number_told_to_the_caller_is_the_number_of_the_report(db: Database) -> None:
    with db.transaction() as session:
        (number,) = numbers.reserve(session, "54", 1)
        report = reports.file_report(session, a_report(area="31.71.06", number=number), now=NOON)
    assert report.number == number


def test_the_same_key_is_the_same_report(db: Database) -> None:
    told = a_report(area="31.71.06", key="c1:report")
    with db.transaction() as session:
        first = reports.file_report(session, told, now=NOON)
    with db.transaction() as session:
        again = reports.file_report(session, told, now=NOON + timedelta(minutes=5))
    assert (again.id, again.reported_at) == (first.id, NOON)
    assert (_count(db, Report), _count(db, WorkOrder)) == (1, 1)


def test_eight_threads_with_one_key_make_one_report(db: Database) -> None:
    told = a_report(area="31.71.06", key="c1:report")

    def file(_: int) -> int:
        with db.transaction() as session:
            return reports.file_report(session, told, now=NOON).id

    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(file, range(16)))
    assert len(ids) == 1
    assert (_count(db, Report), _count(db, WorkOrder)) == (1, 1)


def test_a_key_does_not_stand_for_two_different_reports(db: Database) -> None:
    with db.transaction() as session:
        reports.file_report(session, a_report(area="31", key="k"), now=NOON)
    with db.transaction() as session, pytest.raises(Refused) as fault:
        reports.file_report(session, a_report(area="31", key="k", kind=ReportKind.KELUHAN), now=NOON)
    assert fault.value.slug == "key-reused"


def test_a_g_inside_an_outage_is_attached_and_sends_nobody(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
        premises = a_premises(session, area="31.71.06")
        report = reports.file_report(
            session, a_report(premises_id=premises.id, reporting_kind=ReportingKind.IVR, by="ivr"), now=NOON
        )
    assert (report.outage_id, report.reporting_kind) == (outage.id, ReportingKind.IVR)
    assert _count(db, WorkOrder) == 0


def test_only_my_building_is_not_explained_by_the_outage(db: Database) -> None:
    with db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
        report = reports.file_report(session, a_report(area="31.71.06", only_me=True), now=NOON)
    assert report.outage_id is None
    assert report.multiple_premises is False
    assert _count(db, WorkOrder) == 1


@pytest.mark.parametrize("kind", [ReportKind.KELUHAN, ReportKind.PERMINTAAN])
def test_complaints_and_requests_are_not_attached_and_send_nobody(db: Database, kind: ReportKind) -> None:
    with db.transaction() as session:
        outages.confirm_outage(session, area="31", cause="", etr=None, by="spv1", now=NOON)
        report = reports.file_report(session, a_report(kind=kind, area="31.71.06"), now=NOON)
    assert report.outage_id is None
    assert _count(db, WorkOrder) == 0


@pytest.mark.parametrize(
    ("kind", "channel", "clocked"),
    [
        (ReportKind.GANGGUAN, ReportingKind.CALL, False),
        (ReportKind.GANGGUAN, ReportingKind.APP, False),
        (ReportKind.GANGGUAN, ReportingKind.WHATSAPP, True),
        (ReportKind.GANGGUAN, ReportingKind.EMAIL, True),
        (ReportKind.GANGGUAN, ReportingKind.WEB, True),
        (ReportKind.KELUHAN, ReportingKind.CALL, True),
        (ReportKind.PERMINTAAN, ReportingKind.APP, True),
    ],
)
def test_complaints_requests_and_whatever_is_written_must_be_answered_within_a_day(
    db: Database, kind: ReportKind, channel: ReportingKind, clocked: bool
) -> None:
    with db.transaction() as session:
        report = reports.file_report(session, a_report(kind=kind, area="31", reporting_kind=channel), now=NOON)
    assert report.respond_by == (NOON + timedelta(hours=24) if clocked else None)


def test_a_report_keeps_what_was_told_and_what_was_asked(db: Database) -> None:
    told = a_report(
        kind=ReportKind.PERMINTAAN,
        area="31",
        reporter="Gantari",
        mobile="0812 0100 0002",
        email="gantari@contoh.example",
        address="Jl. Melur 4",
        details={**CONNECTION, "alamat": "  Jl. Melur 4 "},
    )
    with db.transaction() as session:
        made = reports.file_report(session, told, now=NOON)
    with db.reading() as session:
        row = session.get_one(Report, made.id)
    assert (row.trouble_code, row.details) == ("sambungan-baru", CONNECTION)
    assert (row.reporter, row.mobile, row.email) == ("Gantari", "+6281201000002", "gantari@contoh.example")


@pytest.mark.parametrize(
    ("wanted", "slug"),
    [
        ({"trouble": "listrik-hilang"}, "unknown-category"),
        ({"kind": ReportKind.KELUHAN, "trouble": "padam"}, "unknown-category"),
        ({"kind": ReportKind.KELUHAN, "trouble": "kompensasi"}, "premises-missing"),
        ({"kind": ReportKind.PERMINTAAN, "details": {}}, "detail-missing"),
        ({"kind": ReportKind.PERMINTAAN, "trouble": ""}, "category-missing"),
    ],
)
def test_what_a_category_wants_is_wanted_of_every_report(db: Database, wanted: dict[str, object], slug: str) -> None:
    with pytest.raises(Invalid) as fault, db.transaction() as session:
        reports.file_report(session, a_report(area="31", **wanted), now=NOON)
    assert fault.value.slug == slug
    assert _count(db, Report) == 0


def test_a_fault_is_given_to_a_crew_at_once(db: Database) -> None:
    with db.transaction() as session:
        crew = a_crew(session)
        report = reports.file_report(session, a_report(area="31.71.06"), now=NOON)
        order = workorders.of_report(session, report.id)
    assert order is not None
    assert (order.status, order.crew, order.number) == (WorkOrderStatus.ASSIGNED.value, crew.name, report.number)


def test_a_second_g_of_the_same_premises_is_refused_with_the_first_ones_number(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session)
        first = reports.file_report(session, a_report(premises_id=premises.id), now=NOON)
    with db.transaction() as session, pytest.raises(ReportOpen) as fault:
        reports.file_report(session, a_report(premises_id=premises.id), now=NOON)
    assert fault.value.extra == {"number": first.number, "report": first.id}
    assert first.number not in str(fault.value)
    assert _count(db, Report) == 1


def test_the_same_premises_reported_by_eight_threads_at_once_has_one_report(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session)

    def file(n: int) -> str:
        try:
            with db.transaction() as session:
                return reports.file_report(session, a_report(premises_id=premises.id, key=f"k{n}"), now=NOON).number
        except Problem as fault:
            return fault.slug

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(file, range(8)))
    assert answers.count("report-open") == 7
    assert _count(db, Report) == 1


def test_after_the_first_is_finished_a_new_g_is_taken(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session)
        first = reports.file_report(session, a_report(premises_id=premises.id), now=NOON)
        first.status = ReportStatus.SELESAI
    with db.transaction() as session:
        second = reports.file_report(session, a_report(premises_id=premises.id), now=NOON)
    assert second.number != first.number


@pytest.mark.parametrize(
    ("wanted", "kind", "slug"),
    [
        ({}, Invalid, "area-missing"),
        ({"area": "77.01"}, Invalid, "unknown-area"),
        ({"premises_id": 999_999}, NotFound, "unknown-premises"),
    ],
)
def test_a_report_without_a_place_changes_nothing(
    db: Database, wanted: dict[str, object], kind: type[Problem], slug: str
) -> None:
    with pytest.raises(kind) as fault, db.transaction() as session:
        reports.file_report(session, a_report(**wanted), now=NOON)
    assert fault.value.slug == slug
    assert _count(db, Report) == 0


def test_a_number_is_found_with_and_without_its_star(db: Database) -> None:
    with db.transaction() as session:
        report = reports.file_report(session, a_report(area="31"), now=NOON)
    with db.reading() as session:
        assert reports.by_number(session, report.number).id == report.id
        assert reports.by_number(session, f"{report.number}*").id == report.id
        with pytest.raises(NotFound):
            reports.by_number(session, "54999999999")


def test_the_premises_says_the_area_whatever_else_is_told(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session, area="31.71.06")
        report = reports.file_report(session, a_report(premises_id=premises.id, area="19.71.01"), now=NOON)
    assert (report.area, report.unit, report.number[:2]) == ("31.71.06", "jakarta", "54")
