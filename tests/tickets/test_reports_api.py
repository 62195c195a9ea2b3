"""MONITORING TIKET over HTTP: the working days of a CSO, told as in the instruction, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.database import Database
from tests.fixtures.reports_http import ReportsHttp
from tests.fixtures.tickets import CONNECTION, NOON, a_crew, a_premises
from tickets import workorders
from tickets.models import Crew
from tickets.outages import lookup, outages
from tickets.states import WorkOrderEvent

pytestmark = pytest.mark.database

FAULT = {"kind": "G", "area": "31.71.06", "comment": "Gelap.", "phone": "081201000001"}
COMPLAINT = {"kind": "K", "area": "31.71.06", "troubleCode": "petugas"}
CALL = "c0000000000000001"


def hours(client: ReportsHttp, some: float) -> None:
    """Time goes by."""
    client.clock.advance(seconds=some * 3600)


def test_case_b_a_finished_fault_is_still_dark(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        crew = a_crew(session, login="regu1").name
    number = reports_http.told("", **FAULT)["number"]
    hours(reports_http, 1)
    done = reports_http.told(
        f"/{number}/resolve", note="Nomor tidak bisa dihubungi.", completionCode="phone_unreachable"
    )
    assert (done["status"], done["completionCode"]) == ("SELESAI", "phone_unreachable")
    assert done["workOrder"]["status"] == "cancelled"
    hours(reports_http, 0.5)
    assert reports_http.refused(f"/{number}/update", intent="CUST_DATA", changes={"phone": "081201000002"}) == (
        409, "rule-r19",
    )  # fmt: skip
    again = reports_http.told(
        f"/{number}*/lapor-ulang", intent="BOTH", note="Masih gelap.", changes={"phone": "081201000002"}, call=CALL
    )
    assert (again["number"], again["displayNumber"], again["status"]) == (number, f"{number}*", "BELUM_SELESAI")
    assert (again["dateTimeOfReport"], again["starredDateTime"]) == ("2026-11-22T05:00:00Z", "2026-11-22T06:30:00Z")
    assert (again["phone"], again["resolvedDateTime"], again["completionNote"]) == ("+6281201000002", None, "")
    assert again["workOrder"]["crew"] == crew
    (starred,) = reports_http.asked("/starred", unit="jakarta")
    assert starred["number"] == number
    assert reports_http.asked("/starred", unit="bangka") == []


def test_case_c_an_open_fault_after_three_hours(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **FAULT)["number"]
    hours(reports_http, 2.99)
    body = {"intent": "PLN_SIDE", "note": "Petugas belum datang.", "call": CALL}
    assert reports_http.refused(f"/{number}/lapor-ulang", **body) == (409, "rule-r11")
    urgent = {**body, "urgent": "public_service"}
    assert reports_http.told(f"/{number}/lapor-ulang", **urgent)["repeats"] == 1
    hours(reports_http, 0.01)
    assert reports_http.told(f"/{number}/lapor-ulang", **body)["repeats"] == 2
    later, first = reports_http.asked(f"/{number}/log")
    assert (first["intent"], first["urgent"], first["note"]) == ("PLN_SIDE", "public_service", "Petugas belum datang.")
    assert (later["by"], later["channel"], later["call"], later["urgent"]) == ("cso1", "call", CALL, None)
    assert later["at"] == "2026-11-22T08:00:00Z"


def test_detail_has_the_notes_of_every_lapor_ulang_and_who_took_them(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **COMPLAINT)["number"]
    reports_http.told(f"/{number}/lapor-ulang", intent="PLN_SIDE", note="Belum ada kabar.")
    detail = reports_http.asked(f"/{number}")
    assert [(one["note"], one["by"]) for one in detail["log"]] == [("Belum ada kabar.", "cso1")]
    assert (detail["category"], detail["troubleCode"]) == ("Pelayanan petugas", "petugas")
    assert (detail["respondBy"], detail["displayNumber"]) == ("2026-11-23T05:00:00Z", number)


def test_a_finished_complaint_goes_on_under_a_new_number(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **COMPLAINT)["number"]
    reports_http.told(f"/{number}/resolve", note="Sudah dijelaskan.")
    assert reports_http.refused(f"/{number}/lapor-ulang", intent="PLN_SIDE", note="Belum.") == (409, "rule-r16")
    (heading,) = reports_http.asked(f"/{number}/decision", intent="PLN_SIDE")["scripts"]
    new = reports_http.told(f"/{number}/follow-up", intent="PLN_SIDE", note="Terulang lagi.")
    assert new["comment"] == f"{heading['text']}\nTerulang lagi."
    assert new["comment"] == f"CC.54.HANA Nomor Laporan Terkait G: {number}\nTerulang lagi."
    assert reports_http.asked(f"/{new['number']}")["related"] == number
    assert reports_http.asked(f"/{number}")["followUps"] == [new["number"]]
    assert reports_http.asked(f"/{number}")["status"] == "SELESAI"


def test_the_tabs_of_issue_history(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **FAULT)["number"]
    reports_http.told(f"/{number}/update", intent="CUST_DATA", changes={"mobile": "0812 0100 0003"}, call=CALL)
    reports_http.told(f"/{number}/comments", note="Regu meminta patokan.")
    hours(reports_http, 4)
    reports_http.told(f"/{number}/lapor-ulang", intent="PLN_SIDE", note="Belum datang.")
    tabs = {tab: reports_http.asked(f"/{number}/history", tab=tab) for tab in ("comments", "changed", "transition")}
    assert [one["note"] for one in tabs["comments"]] == ["Regu meminta patokan."]
    (change,) = tabs["changed"]
    assert (change["old"], change["new"], change["call"]) == ({"mobile": ""}, {"mobile": "+6281201000003"}, CALL)
    assert [one["new"] for one in tabs["transition"]] == [{"status": "BELUM_SELESAI"}]
    kinds = [one["kind"] for one in reports_http.asked(f"/{number}/history")]
    assert kinds == ["repeat", "comment", "change", "transition"]
    assert reports_http.asked(f"/{number}/history", tab="rating") == []
    assert reports_http.get(f"/api/v1/reports/{number}/history?tab=semua").status_code == 422


def test_case_a_where_the_crew_is_and_how_far_it_has_come(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        crew = a_crew(session, login="regu1", plate="B 9401 SR").id
    report = reports_http.told("", **FAULT)
    number, order = report["number"], report["workOrder"]["id"]
    seen = reports_http.asked(f"/{number}/tracking")
    assert (seen["plate"], seen["position"], seen["positionKnown"]) == ("B 9401 SR", None, "not-under-way")
    for minutes, event in ((10, WorkOrderEvent.ACCEPT), (20, WorkOrderEvent.DEPART)):
        with db.transaction() as session:
            workorders.advance(session, order, event, by="regu1", now=NOON + timedelta(minutes=minutes))
    assert reports_http.asked(f"/{number}/tracking")["positionKnown"] == "not-yet"
    with db.transaction() as session:
        row = session.get_one(Crew, crew)
        row.lat, row.lon, row.street, row.position_at = -6.2, 106.8, "Jl. Cempaka", NOON + timedelta(minutes=25)
    hours(reports_http, 0.5)
    seen = reports_http.asked(f"/{number}/tracking")
    assert (seen["orderStatus"], seen["positionKnown"], seen["positionNote"]) == ("enroute", "yes", "")
    assert seen["position"] == {"lat": -6.2, "lon": 106.8, "street": "Jl. Cempaka", "at": "2026-11-22T05:25:00Z"}
    assert [(rung["word"], rung["at"], rung["state"]) for rung in seen["ladder"]] == [
        ("Lapor", "2026-11-22T05:00:00Z", "done"),
        ("Penugasan regu", "2026-11-22T05:00:00Z", "done"),
        ("Dalam perjalanan", "2026-11-22T05:20:00Z", "cur"),
        ("Dalam pengerjaan", None, ""),
        ("Nyala", None, ""),
        ("Selesai", None, ""),
    ]
    hours(reports_http, 1)
    assert reports_http.asked(f"/{number}/tracking")["positionKnown"] == "old"


def test_a_crew_without_apkt_mobile_has_no_position_and_that_is_said(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, has_mobile=False, lat=-6.2, lon=106.8, position_at=NOON)
    number = reports_http.told("", **FAULT)["number"]
    seen = reports_http.asked(f"/{number}/tracking")
    assert (seen["position"], seen["positionKnown"]) == (None, "no-mobile")
    assert "tidak memakai APKT Mobile" in seen["positionNote"]


def test_what_an_outage_explains_shows_the_outage_and_no_crew(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        etr = NOON + timedelta(hours=2)
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=etr, by="spv1", now=NOON).id
    seen = reports_http.asked(f"/{reports_http.told('', **FAULT)['number']}/tracking")
    assert (seen["outage"], seen["estimatedRestorationTime"], seen["crew"]) == (outage, "2026-11-22T07:00:00Z", None)


def test_after_it_is_open_again_what_the_last_crew_did_is_over(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
        home = a_premises(session).id
    report = reports_http.told("", **FAULT, premises=home)
    number, order = report["number"], report["workOrder"]["id"]
    for event in ("ACCEPT", "DEPART", "ARRIVE", "START", "POWER_ON", "COMPLETE"):
        with db.transaction() as session:
            workorders.advance(session, order, WorkOrderEvent[event], by="regu1", now=NOON)
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON).id
    hours(reports_http, 1)
    reports_http.told(f"/{number}/lapor-ulang", intent="PLN_SIDE", note="Padam lagi.")
    seen = reports_http.asked(f"/{number}/tracking")
    assert (seen["outage"], seen["orderStatus"], seen["crew"]) == (outage, "", None)
    assert [rung["state"] for rung in seen["ladder"]] == ["cur", "", "", "", "", ""]
    assert reports_http.asked(f"/{number}")["workOrder"] is None
    with db.reading() as session:
        (known,) = lookup.open_reports(session, [home])
        assert known.work_order_status is None


def test_a_cancelled_order_sends_nobody(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    report = reports_http.told("", **FAULT)
    with db.transaction() as session:
        workorders.advance(session, report["workOrder"]["id"], WorkOrderEvent.CANCEL, by="op1", now=NOON)
    seen = reports_http.asked(f"/{report['number']}/tracking")
    assert (seen["orderStatus"], seen["crew"], seen["positionKnown"]) == ("", None, "no-crew")


def test_when_it_is_finished_only_the_final_status_is_told(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    number = reports_http.told("", **FAULT)["number"]
    reports_http.told(f"/{number}/resolve", note="MCB diganti.")
    seen = reports_http.asked(f"/{number}/tracking")
    assert (seen["status"], seen["completionNote"]) == ("SELESAI", "MCB diganti.")
    assert (seen["ladder"], seen["crew"], seen["plate"], seen["position"]) == ([], None, None, None)


@pytest.mark.parametrize("kind", ["K", "P"])
def test_only_faults_are_tracked(reports_http: ReportsHttp, kind: str) -> None:
    told = {"kind": kind, "area": "31"}
    if kind == "P":
        told |= {"troubleCode": "sambungan-baru", "details": CONNECTION}
    number = reports_http.told("", **told)["number"]
    answer = reports_http.get(f"/api/v1/reports/{number}/tracking")
    assert (answer.status_code, answer.json()["slug"]) == (409, "rule-r23")


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({"note": "Belum datang."}, "intent-missing"),
        ({"note": "Belum datang.", "intent": ""}, "intent-missing"),
        ({"note": "Belum datang.", "intent": "MARAH"}, "unknown-intent"),
        ({"note": "Belum datang.", "intent": "PLN_SIDE", "urgent": True}, "urgent-reason"),
        ({"note": "Belum datang.", "intent": "PLN_SIDE", "urgent": "penting"}, "urgent-reason"),
        ({"note": "  ", "intent": "PLN_SIDE"}, "note-missing"),
        ({"intent": "PLN_SIDE"}, "note-missing"),
    ],
)
def test_a_contact_says_why_and_what(reports_http: ReportsHttp, body: dict[str, object], slug: str) -> None:
    number = reports_http.told("", **COMPLAINT)["number"]
    assert reports_http.refused(f"/{number}/lapor-ulang", **body) == (422, slug)
    assert reports_http.asked(f"/{number}/log") == []


@pytest.mark.parametrize("path", ["update", "follow-up"])
def test_every_step_of_a_contact_says_why(reports_http: ReportsHttp, path: str) -> None:
    number = reports_http.told("", **COMPLAINT)["number"]
    body = {"changes": {"reporter": "Gantari"}} if path == "update" else {"note": "Belum."}
    assert reports_http.refused(f"/{number}/{path}", **body) == (422, "intent-missing")
    assert len(reports_http.asked(f"/{number}/history")) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/54100000001/lapor-ulang", {"intent": "PLN_SIDE", "note": "x", "changes": {"phone": "12"}}),
        ("/54100000001/lapor-ulang", {"intent": "PLN_SIDE", "note": "nol \0"}),
        ("/54100000001/lapor-ulang", {"intent": "PLN_SIDE", "note": "x", "bintang": True}),
        ("/54100000001/update", {"intent": "CUST_DATA", "changes": {"number": "1"}}),
        ("/54100000001/update", {"intent": "CUST_DATA", "changes": {"email": "bukan"}}),
        ("/54100000001/resolve", {"note": "x", "completionCode": "hilang"}),
        ("/5410000000/update", {"intent": "CUST_DATA", "changes": {"phone": "0812"}}),
    ],
)
def test_a_body_of_the_wrong_shape_changes_nothing(
    reports_http: ReportsHttp, path: str, body: dict[str, object]
) -> None:
    number = reports_http.told("", **COMPLAINT)["number"]
    assert number == "54100000001"
    assert reports_http.post(f"/api/v1/reports{path}", json=body).status_code == 422
    assert len(reports_http.asked(f"/{number}/history")) == 1


def test_a_repeated_request_gets_its_first_answer(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **COMPLAINT)["number"]
    body = {"intent": "PLN_SIDE", "note": "Belum ada kabar."}
    answers = [
        reports_http.post(f"/api/v1/reports/{number}/lapor-ulang", json=body, headers={"Idempotency-Key": "a1"}).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len(reports_http.asked(f"/{number}/log")) == 1


def test_in_one_call_the_lapor_ulang_comes_before_the_update(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **FAULT)["number"]
    hours(reports_http, 3)
    data = {"intent": "BOTH", "changes": {"address": "Jl. Melur 5"}, "call": CALL}
    assert reports_http.refused(f"/{number}/update", **data) == (409, "rule-r21")
    reports_http.told(f"/{number}/lapor-ulang", intent="BOTH", note="Belum datang.", call=CALL)
    assert reports_http.told(f"/{number}/update", **data)["address"] == "Jl. Melur 5"


def test_a_request_keeps_what_was_asked_and_a_wrong_answer_names_its_field(reports_http: ReportsHttp) -> None:
    told = {"kind": "P", "area": "31.71.06", "troubleCode": "sambungan-baru", "details": CONNECTION}
    made = reports_http.told("", **told)
    assert (made["details"], made["respondBy"]) == (CONNECTION, "2026-11-23T05:00:00Z")
    wrong = reports_http.post("/api/v1/reports", json={**told, "details": {**CONNECTION, "daya": "7"}})
    assert (wrong.status_code, wrong.json()["slug"], wrong.json()["field"]) == (422, "detail-wrong", "daya")
    known = reports_http.get("/api/v1/report-categories").json()
    (asked,) = [one for one in known if (one["kind"], one["code"]) == ("P", "sambungan-baru")]
    assert [field["name"] for field in asked["fields"]] == list(CONNECTION)


def test_an_answer_stops_the_clock_and_without_one_the_report_is_overdue(reports_http: ReportsHttp) -> None:
    first, second = (reports_http.told("", **COMPLAINT)["number"] for _ in range(2))
    reports_http.told("", **FAULT)
    hours(reports_http, 23.9)
    assert reports_http.asked("/overdue") == []
    reports_http.told(f"/{first}/comments", note="Pelanggan sudah ditelepon.", answered=True)
    hours(reports_http, 0.1)
    assert [one["number"] for one in reports_http.asked("/overdue")] == [second]
    assert reports_http.asked(f"/{first}")["respondedDateTime"] == "2026-11-23T04:54:00Z"
    reports_http.told(f"/{second}/resolve", note="Dijelaskan.")
    assert reports_http.asked("/overdue") == []
    hours(reports_http, 1)
    reports_http.told(f"/{first}/lapor-ulang", intent="PLN_SIDE", note="Belum beres.")
    assert reports_http.asked(f"/{first}")["respondBy"] == "2026-11-24T06:00:00Z"


def test_lists_by_kind_category_status_channel_and_page(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session, area="19.01.01").id
    numbers = [reports_http.told("", **COMPLAINT)["number"] for _ in range(3)]
    reports_http.told("", kind="G", premises=premises, reportingKind="web")
    reports_http.told(f"/{numbers[0]}/resolve", note="Dijelaskan.")

    def found(**query: object) -> list[str]:
        return [one["number"] for one in reports_http.asked("", **query)]

    assert found(kind="K") == found(category="petugas") == found(channel="call") == list(reversed(numbers))
    assert found(kind="K", status="SELESAI") == [numbers[0]]
    assert found(channel="web") == found(unit="bangka") == found(ulp="sungailiat") == ["16100000001"]
    page = found(unit="jakarta", limit=2)
    assert page == [numbers[2], numbers[1]]
    assert found(unit="jakarta", limit=2, before=page[-1]) == [numbers[0]]
    assert reports_http.get("/api/v1/reports?before=54999999999").status_code == 404


def test_worklists_begin_with_who_has_waited_longest(reports_http: ReportsHttp) -> None:
    faults = [reports_http.told("", **FAULT)["number"] for _ in range(2)]
    complaints = [reports_http.told("", **COMPLAINT)["number"] for _ in range(2)]
    for number in faults:
        reports_http.told(f"/{number}/resolve", note="Selesai.")
    reports_http.told(f"/{complaints[0]}/comments", note="Sudah ditelepon.", answered=True)
    for number in reversed(faults):
        hours(reports_http, 1)
        reports_http.told(f"/{number}/lapor-ulang", intent="PLN_SIDE", note="Masih gelap.")
    reports_http.told(f"/{complaints[0]}/lapor-ulang", intent="PLN_SIDE", note="Belum beres.")
    hours(reports_http, 24)
    for path, expected in (("/starred", faults), ("/overdue", complaints)):
        assert [one["number"] for one in reports_http.asked(path)] == expected[::-1]


def test_a_complaint_goes_on_under_one_number_at_a_time(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **COMPLAINT)["number"]
    reports_http.told(f"/{number}/resolve", note="Sudah dijelaskan.")
    body = {"intent": "PLN_SIDE", "note": "Terulang lagi."}
    second = reports_http.told(f"/{number}/follow-up", **body)["number"]
    answer = reports_http.post(f"/api/v1/reports/{number}/follow-up", json=body)
    assert (answer.status_code, answer.json()["slug"], answer.json()["number"]) == (409, "report-open", second)
    reports_http.told(f"/{second}/resolve", note="Sudah.")
    assert reports_http.told(f"/{number}/follow-up", **body)["number"] not in (number, second)


def test_what_a_supervisor_decides_a_cso_does_not(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **FAULT)["number"]
    body = {"intent": "PLN_SIDE", "note": "Belum datang.", "urgent": "supervisor"}
    assert reports_http.refused(f"/{number}/lapor-ulang", **body) == (403, "supervisor-only")
    reports_http.role = "supervisor"
    assert reports_http.told(f"/{number}/lapor-ulang", **body)["urgent"] == "supervisor"
