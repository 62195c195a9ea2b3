"""One report and its outage by hand: linked, unlinked, listed; in the service and over HTTP."""

from __future__ import annotations

import pytest

from config.database import Database
from config.errors import Problem
from tests.fixtures.contacts import by_cso
from tests.fixtures.reports_http import ReportsHttp
from tests.fixtures.tickets import NOON, a_crew, a_report
from tickets import completion, history, reports, workorders
from tickets.kinds import CompletionCode, HistoryKind
from tickets.models import Report, WorkOrder
from tickets.outages import attached, links, outages
from tickets.states import ReportStatus, WorkOrderEvent, WorkOrderStatus


def _file(db: Database, **extra: object) -> str:
    with db.transaction() as session:
        return reports.file_report(session, a_report(**{"area": "31.71.06", **extra}), now=NOON).number


def _outage(db: Database, area: str = "31.74") -> int:
    with db.transaction() as session:
        return outages.confirm_outage(session, area=area, cause="", etr=None, by="spv1", now=NOON).id


def _link(db: Database, number: str, outage: int) -> str:
    """ "" or the slug of the refusal."""
    try:
        with db.transaction() as session:
            links.link(session, number, outage, by="op1", now=NOON)
    except Problem as fault:
        return fault.slug
    return ""


def _unlink(db: Database, number: str) -> str:
    try:
        with db.transaction() as session:
            links.unlink(session, number, by="op1", now=NOON)
    except Problem as fault:
        return fault.slug
    return ""


def _seen(db: Database, number: str) -> tuple[Report, WorkOrder | None]:
    with db.reading() as session:
        report = reports.by_number(session, number)
        return report, workorders.newest(session, report)[0]


def test_a_linked_report_loses_its_order_and_its_crew_gets_the_next(db: Database) -> None:
    with db.transaction() as session:
        crew = a_crew(session).id
    mine = [_file(db) for _ in range(3)]
    waiting = _file(db, only_me=True)
    outage = _outage(db)
    assert _link(db, mine[0], outage) == ""
    report, order = _seen(db, mine[0])
    assert (report.outage_id, order) == (outage, None)
    _, next_order = _seen(db, waiting)
    assert next_order is not None
    assert next_order.crew_id == crew
    with db.reading() as session:
        told = history.of(session, report.id)[0]
    assert (told.kind, told.by, told.new) == (HistoryKind.CHANGE, "op1", {"outage": outage, "multiplePremises": None})


def test_linking_twice_is_linking_once(db: Database) -> None:
    number, outage = _file(db), _outage(db)
    assert [_link(db, number, outage) for _ in range(2)] == ["", ""]
    with db.reading() as session:
        assert len(history.of(session, reports.by_number(session, number).id, [HistoryKind.CHANGE])) == 1


def test_an_unlinked_report_has_a_crew_and_is_not_marked_again(db: Database) -> None:
    outage = _outage(db, "31.71")
    number = _file(db)
    assert _unlink(db, number) == ""
    report, order = _seen(db, number)
    assert (report.outage_id, report.multiple_premises) == (None, False)
    assert order is not None
    with db.transaction() as session:
        attached.follow(session, outage, by="spv1", now=NOON)
    assert _seen(db, number)[0].outage_id is None
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=NOON)
    assert _seen(db, number)[0].status is ReportStatus.BELUM_SELESAI
    assert _unlink(db, number) == "not-attached"


def test_whoever_linked_it_may_link_what_said_only_this_building(db: Database) -> None:
    number, outage = _file(db, only_me=True), _outage(db)
    assert _link(db, number, outage) == ""
    assert _seen(db, number)[0].multiple_premises is None


def test_what_cannot_belong_to_an_outage_is_refused_by_name(db: Database) -> None:
    outage = _outage(db)
    assert _link(db, _file(db, kind="K", trouble="petugas"), outage) == "not-a-fault"
    assert _link(db, _file(db, trouble="bahaya"), outage) == "hazard-apart"
    assert _link(db, _file(db), 999) == "unknown-outage"
    assert _link(db, "54999999999", outage) == "unknown-report"
    finished = _file(db)
    with db.transaction() as session:
        completion.resolve(session, finished, code=CompletionCode.DONE, note="Selesai.", contact=by_cso(), now=NOON)
    assert _link(db, finished, outage) == "report-finished"
    assert _unlink(db, finished) == "report-finished"
    number = _file(db)
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=NOON)
    assert _link(db, number, outage) == "outage-over"
    assert _seen(db, number)[0].outage_id is None


def test_a_crew_that_has_put_power_on_finishes_its_report_itself(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    number, outage = _file(db), _outage(db)
    order = _seen(db, number)[1]
    assert order is not None
    for event in ("accept", "depart", "arrive", "start", "power_on"):
        with db.transaction() as session:
            workorders.advance(session, order.id, WorkOrderEvent(event), by="op1", now=NOON)
    assert _link(db, number, outage) == "power-is-on"
    report, order = _seen(db, number)
    assert report.outage_id is None
    assert order is not None
    assert order.status is WorkOrderStatus.POWER_ON


def test_the_reports_of_an_outage_are_listed_page_by_page_and_counted(db: Database) -> None:
    outage, empty = _outage(db, "31.71"), _outage(db, "31.74")
    numbers = [_file(db) for _ in range(5)]
    with db.transaction() as session:
        completion.resolve(session, numbers[0], code=CompletionCode.DONE, note="Selesai.", contact=by_cso(), now=NOON)
    with db.reading() as session:
        first = [row.number for row in links.of(session, outage, limit=3)]
        rest = [row.number for row in links.of(session, outage, before=first[-1], limit=3)]
        every = [row.number for row in links.of(session, outage, open_only=False)]
        assert links.count(session, [outage, empty]) == {outage: 4, empty: 0}
    assert [*first, *rest] == numbers[:0:-1]
    assert every == numbers[::-1]


def test_programs_link_list_and_unlink(db: Database, reports_http: ReportsHttp) -> None:
    outage, number = _outage(db), _file(db)
    linked = reports_http.put(f"/api/v1/reports/{number}/outage", json={"outage": outage}).json()
    assert (linked["outage"], linked["workOrder"]["status"]) == (outage, "cancelled")
    listed = reports_http.get(f"/api/v1/outages/{outage}/reports").json()
    assert [one["number"] for one in listed] == [number]
    unlinked = reports_http.delete(f"/api/v1/reports/{number}/outage").json()
    assert (unlinked["outage"], unlinked["workOrder"]["status"]) == (None, "waiting")
    assert reports_http.get("/api/v1/outages/999/reports").json()["slug"] == "unknown-outage"
    refused = reports_http.put(f"/api/v1/reports/{number}/outage", json={"outage": 999})
    assert (refused.status_code, refused.json()["slug"]) == (404, "unknown-outage")


@pytest.mark.parametrize("body", [{}, {"outage": 0}, {"outage": "all"}, {"outage": 1, "more": 2}])
def test_a_link_that_says_nothing_changes_nothing(db: Database, reports_http: ReportsHttp, body: object) -> None:
    number = _file(db)
    assert reports_http.put(f"/api/v1/reports/{number}/outage", json=body).status_code == 422
    assert _seen(db, number)[0].outage_id is None
