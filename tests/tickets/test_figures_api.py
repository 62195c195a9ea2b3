"""Figures of what was really done: read from the database by UP3, ULP and all, as JSON and as a table."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.csv_table import table
from config.database import Database
from tests.fixtures.reports_http import ReportsHttp
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tickets import completion, repeats, reports, workorders
from tickets.contacts import Contact
from tickets.kinds import Intent, ReportingKind, ReportKind, UrgentReason
from tickets.models import Outage, OutagePeriod, Report, WorkOrder
from tickets.states import OutageStatus, WorkOrderEvent, WorkOrderStatus

pytestmark = pytest.mark.database
NOVEMBER = {"since": "2026-11-01", "until": "2026-12-01"}
BELITUNG = "19.71.05"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def contact(key: str) -> Contact:
    return Contact(by="cso1", channel=ReportingKind.CALL, key=key)


def a_fault(db: Database, *, area: str = "31.71.06", now: datetime = NOON, **extra: Any) -> Report:
    with db.transaction() as session:
        home = a_premises(session, area=area)
        return reports.file_report(session, a_report(premises_id=home.id, **extra), now=now)


def mended(db: Database, report: Report, *, arrived: float, started: float, lit: float) -> None:
    """The crew's steps, in minutes after noon."""
    steps = {
        WorkOrderEvent.ACCEPT: arrived - 9,
        WorkOrderEvent.DEPART: arrived - 8,
        WorkOrderEvent.ARRIVE: arrived,
        WorkOrderEvent.START: started,
        WorkOrderEvent.POWER_ON: lit,
        WorkOrderEvent.COMPLETE: lit + 5,
    }
    with db.transaction() as session:
        order = workorders.open_order(session, report.id)
        assert order is not None
        for event, minutes in steps.items():
            workorders.advance(session, order.id, event, by="op1", now=at(minutes))


def an_order(outage: Outage, ulp: str, arrived: float) -> WorkOrder:
    """A place of an outage that was mended: begun five minutes after the arrival, on after ten."""
    return WorkOrder(
        outage_id=outage.id,
        unit="jakarta",
        ulp=ulp,
        status=WorkOrderStatus.DONE,
        created_at=at(1),
        changed_at=at(60),
        reported_at=NOON,
        arrived_at=at(arrived),
        started_at=at(arrived + 5),
        power_on_at=at(arrived + 10),
    )


def figures(http: ReportsHttp, **query: Any) -> dict[tuple[str, str, str], dict[str, Any]]:
    """UP3, ULP and figure → what was answered."""
    answer = http.get("/api/v1/kpi", params={**NOVEMBER, **query})
    assert answer.status_code == 200, answer.text
    return {(one["unit"], one["ulp"], one["figure"]): one for one in answer.json()}


def test_figures_of_what_two_crews_did(db: Database, reports_http: ReportsHttp) -> None:
    with db.transaction() as session:
        a_crew(session)
        a_crew(session, ulp="tebet")
    menteng, tebet = a_fault(db), a_fault(db, area="31.74.01")
    mended(db, menteng, arrived=30, started=35, lit=95)
    mended(db, tebet, arrived=50, started=55, lit=85)
    with db.transaction() as session:
        completion.rate(
            session, menteng.number, stars=5, comment="", by="cso1", channel=ReportingKind.CALL, now=at(120)
        )
        completion.rate(session, tebet.number, stars=1, comment="", by="cso1", channel=ReportingKind.CALL, now=at(120))
    reports_http.clock.advance(seconds=86400)
    by_up3, by_ulp = figures(reports_http), figures(reports_http, by="ulp", unit="jakarta")
    whole = by_up3["jakarta", "", "response_time"]
    assert (whole["value"], whole["median"], whole["count"]) == (40, 40, 2)
    assert by_ulp["jakarta", "menteng", "response_time"]["value"] == 30
    assert by_ulp["jakarta", "tebet", "response_within"]["value"] == 0
    assert by_up3["jakarta", "", "recovery_time"]["value"] == 45
    assert by_up3["jakarta", "", "negative_ratings"]["value"] == 50
    assert by_up3["bangka", "", "response_time"]["value"] is None
    everything = figures(reports_http, by="all")
    assert everything["", "", "response_time"]["count"] == 2
    assert whole["countedFrom"].startswith("lapor sampai regu tiba")
    assert (whole["direction"], whole["target"], whole["threshold"]) == ("less", 28.4, 45)


def test_told_again_and_opened_again(db: Database, reports_http: ReportsHttp) -> None:
    """A second visit is an errand of its own, from the re-opening on; the report is one that repeated."""
    with db.transaction() as session:
        a_crew(session)
    fault = a_fault(db)
    mended(db, fault, arrived=30, started=35, lit=95)
    with db.transaction() as session:
        again = {"intent": Intent.PLN_SIDE, "urgent": None, "note": "Padam lagi."}
        repeats.lapor_ulang(session, fault.number, **again, contact=contact("a"), now=at(600))
        urgent = {**again, "urgent": UrgentReason.SUPERVISOR}
        repeats.lapor_ulang(session, fault.number, **urgent, contact=contact("b"), now=at(610))
    mended(db, fault, arrived=620, started=625, lit=630)
    reports_http.clock.advance(seconds=86400)
    found = figures(reports_http)
    response = found["jakarta", "", "response_time"]
    assert (response["count"], response["value"]) == (2, 25)  # 30, and 20 from the re-opening
    repeated = found["jakarta", "", "repeated_reports"]
    assert (repeated["count"], repeated["value"]) == (1, 100)


def test_who_told_again_after_the_answer_is_answered_from_then_on(db: Database, reports_http: ReportsHttp) -> None:
    complaint = a_fault(db, kind=ReportKind.KELUHAN, trouble="petugas")
    told = {"note": "Kami hubungi.", "now": at(30)}
    with db.transaction() as session:
        completion.respond(session, complaint.number, contact=contact("a"), **told)
        again = {"intent": Intent.PLN_SIDE, "urgent": None, "note": "Belum ada kabar."}
        repeats.lapor_ulang(session, complaint.number, **again, contact=contact("b"), now=at(600))
        completion.respond(session, complaint.number, contact=contact("c"), **{**told, "now": at(610)})
    reports_http.clock.advance(seconds=86400)
    assert figures(reports_http)["jakarta", "", "first_response"]["value"] == 10


def test_days_are_those_of_the_unit(db: Database, reports_http: ReportsHttp) -> None:
    """17:00 UTC is midnight in Jakarta: the first instant of December is not November's."""
    midnight = datetime.fromisoformat("2026-11-30T17:00:00+00:00")
    for instant in (midnight - timedelta(seconds=1), midnight):
        a_fault(db, kind=ReportKind.KELUHAN, trouble="petugas", now=instant)
    reports_http.clock.advance(seconds=30 * 86400)
    november = figures(reports_http)["jakarta", "", "complaints_per_day"]
    assert (november["count"], november["value"]) == (1, pytest.approx(1 / 30, abs=0.005))
    december = figures(reports_http, since="2026-12-01", until="2027-01-01")["jakarta", "", "complaints_per_day"]
    assert december["count"] == 1


def test_days_that_have_not_begun_do_not_count(db: Database, reports_http: ReportsHttp) -> None:
    a_fault(db, kind=ReportKind.KELUHAN, trouble="petugas")
    found = figures(reports_http, since="2026-11-21")["jakarta", "", "complaints_per_day"]
    assert (found["count"], found["value"]) == (1, 0.5)  # it is the 22nd


def test_an_outage_with_three_places_to_mend_is_one_errand_in_the_database_too(
    db: Database, reports_http: ReportsHttp
) -> None:
    with db.transaction() as session:
        outage = Outage(
            area="31.71",
            status_kind=OutageStatus.RESTORED,
            cause="",
            reported_start=NOON,
            created_at=NOON,
            created_by="spv1",
        )
        session.add(outage)
        session.flush()
        session.add_all(OutagePeriod(outage_id=outage.id, dark_from=NOON, lit_at=at(60)) for _ in range(2))
        for minutes, ulp in ((20, "menteng"), (30, "menteng"), (40, "tebet")):
            session.add(an_order(outage, ulp, minutes))
    reports_http.clock.advance(seconds=86400)
    whole = figures(reports_http)["jakarta", "", "response_time"]
    assert (whole["count"], whole["value"]) == (1, 20)
    of_ulp = figures(reports_http, by="ulp")
    assert [of_ulp["jakarta", ulp, "response_time"]["count"] for ulp in ("menteng", "tebet", "cempaka-putih")] == [
        1,
        1,
        0,
    ]
    with db.transaction() as session:
        again = an_order(outage, "menteng", 310)  # power went again after five hours
        again.reported_at, again.created_at = at(300), at(301)
        session.add_all([again, OutagePeriod(outage_id=outage.id, dark_from=at(300), lit_at=at(320))])
    twice = figures(reports_http)["jakarta", "", "response_time"]
    assert (twice["count"], twice["value"]) == (2, 15)


def test_figures_as_a_table(db: Database, reports_http: ReportsHttp) -> None:
    answer = reports_http.get("/api/v1/kpi", params={**NOVEMBER, "format": "csv", "unit": "jakarta"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["figure"] == "response_time"
    assert rows[0]["measuredIn"] == "menit"
    assert {row["unit"] for row in rows} == {"jakarta"}


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ({"until": "2026-11-01"}, 422, "period"),
        ({"until": "2028-01-01"}, 422, "period"),
        ({"since": "0001-01-01", "until": "0001-02-01"}, 422, "period"),
        ({"unit": "atlantis"}, 404, "unknown-unit"),
    ],
)
def test_an_impossible_period_and_an_unknown_unit_are_refused(
    reports_http: ReportsHttp, query: dict[str, str], status: int, slug: str
) -> None:
    for path in ("/api/v1/kpi", "/api/v1/kpi/card", "/api/v1/kpi/categories"):
        answer = reports_http.get(path, params={**NOVEMBER, **query})
        assert (answer.status_code, answer.json()["slug"]) == (status, slug)


def test_what_was_reported_by_category_and_month(db: Database, reports_http: ReportsHttp) -> None:
    """Months are those of the unit: half past eleven in the evening of 30 November is no December yet."""
    late = datetime.fromisoformat("2026-11-30T16:30:00+00:00")
    for instant in (NOON, late, late + timedelta(hours=1)):
        a_fault(db, kind=ReportKind.KELUHAN, trouble="petugas", now=instant)
    a_fault(db, kind=ReportKind.KELUHAN, trouble="pohon", area="19.71.05")
    a_fault(db)
    query = {"since": "2026-11-01", "until": "2027-01-01"}
    answer = reports_http.get("/api/v1/kpi/categories", params=query).json()
    found = {(one["unit"], one["month"], one["kind"], one["label"]): one["reports"] for one in answer}
    assert found == {
        ("bangka", "2026-11", "K", "Pohon, tiang atau kabel mengganggu (belum berbahaya)"): 1,
        ("jakarta", "2026-11", "G", "Padam, satu bangunan"): 1,
        ("jakarta", "2026-11", "K", "Pelayanan petugas"): 2,
        ("jakarta", "2026-12", "K", "Pelayanan petugas"): 1,
    }
    table = reports_http.get("/api/v1/kpi/categories", params={**query, "unit": "bangka", "format": "csv"}).text
    assert table.splitlines()[0] == "unit,month,kind,category,label,reports"
    assert len(table.splitlines()) == 2


# --- the score card


def card(http: ReportsHttp, **query: Any) -> dict[str, Any]:
    answer = http.get("/api/v1/kpi/card", params={**NOVEMBER, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return {**found, "lines": {line["entry"]: line for line in found["lines"]}}


def test_what_cannot_be_counted_is_entered_with_who_and_when(db: Database, reports_http: ReportsHttp) -> None:
    reports_http.clock.advance(seconds=86400)
    before = card(reports_http)
    assert (before["weights"], before["lines"]["retensi"]["state"]) == (90, "belum diisi")
    assert before["lines"]["waktu_penyelesaian"]["state"] == "belum ada data"
    body = {**NOVEMBER, "value": 76, "note": "survei"}
    told = reports_http.put("/api/v1/kpi/card/retensi", json=body)
    assert told.status_code == 200, told.text
    reports_http.put("/api/v1/kpi/card/retensi", json={**body, "value": 40})
    after = card(reports_http)
    line = after["lines"]["retensi"]
    assert (line["state"], line["realised"], line["score"]) == ("diisi", 40, 0.5)
    assert (line["enteredBy"], line["enteredDateTime"][:10], line["note"]) == ("cso1", "2026-11-23", "survei")
    assert after["covered"] == round(before["covered"] + 100 * 10 / 90, 2)
    assert card(reports_http, unit="jakarta")["lines"]["retensi"]["state"] == "belum diisi"  # entered for all


@pytest.mark.parametrize(
    ("entry", "body", "status", "slug"),
    [
        ("dokumentasi", {}, 409, "entry-counted"),
        ("lain", {}, 404, "unknown-entry"),
        ("retensi", {"unit": "atlantis"}, 404, "unknown-unit"),
        ("retensi", {"until": "2026-10-01"}, 422, "period"),
    ],
)
def test_a_wrong_entry_changes_nothing(
    reports_http: ReportsHttp, entry: str, body: dict[str, str], status: int, slug: str
) -> None:
    answer = reports_http.put(f"/api/v1/kpi/card/{entry}", json={**NOVEMBER, "value": 80, **body})
    assert (answer.status_code, answer.json()["slug"]) == (status, slug)
    assert all(line["enteredBy"] is None for line in card(reports_http)["lines"].values())


def test_no_cell_of_a_table_is_a_formula() -> None:
    told = table(["apa"], [["=HYPERLINK(1)"], ["+62811"], ["@x"], ["-1"], ["\tx"], [-1], [None], ['é, "x"']])
    assert told.splitlines() == ["apa", "'=HYPERLINK(1)", "'+62811", "'@x", "'-1", "'\tx", "-1", '""', '"é, ""x"""']
