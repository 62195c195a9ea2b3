"""Incidents and alerts over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from config.database import Database
from tests.fixtures.reports_http import ReportsHttp
from tests.fixtures.tickets import a_crew
from tickets import timers
from tickets.clockwork import HANDLERS
from tickets.outages import outages

pytestmark = pytest.mark.database

FAULT = {"kind": "G", "area": "31.71.06", "comment": "Gelap.", "phone": "081201000001"}


def _minutes(client: ReportsHttp, db: Database, some: float) -> None:
    client.clock.advance(seconds=some * 60)
    timers.run_due(db, HANDLERS, now=client.clock.now())


def _names(incident: Any, what: str, key: str = "step") -> list[str]:
    return [one[key] for one in incident[what]]


def test_an_incident_from_its_filing_to_its_closure(reports_http: ReportsHttp, db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
    number = reports_http.told("", **FAULT)["number"]
    seen = reports_http.asked(f"/{number}/incident")
    assert (seen["impact"], seen["urgency"], seen["priority"], seen["step"]) == (3, 2, 3, "escalated_functional")
    escalated = ["escalated_functional", "escalated_management"]
    assert _names(seen, "possible") == ["prioritised", "diagnosed", *escalated, "investigated"]
    assert _names(seen, "clocks", "clock") == ["response", "promise"]
    assert seen["clocks"][0]["dueDateTime"] == "2026-11-22T05:45:00Z"
    assert reports_http.refused(f"/{number}/incident/closure", note="") == (409, "not-finished")
    assert reports_http.refused(f"/{number}/incident/told", channel="call") == (409, "not-finished")
    assert reports_http.refused(f"/{number}/incident/diagnosis", note="") == (422, "note-missing")
    reports_http.told(f"/{number}/incident/diagnosis", note="MCB turun.")
    assert reports_http.refused(f"/{number}/incident/diagnosis", note="Lagi.") == (409, "step-done")
    reports_http.told(f"/{number}/incident/escalation", note="Perlu alat berat.")
    reports_http.told(f"/{number}/incident/escalation", note="Masih perlu.")
    _minutes(reports_http, db, 31)
    assert reports_http.asked(f"/{number}/incident")["clocks"][0]["state"] == "warned"
    reports_http.told(f"/{number}/resolve", note="Sekring diganti.")
    assert reports_http.refused(f"/{number}/incident/closure", note="") == (409, "not-told")
    assert reports_http.asked(f"/{number}/incident")["closedDateTime"] is None
    assert reports_http.refused(f"/{number}/incident/told", channel="other") == (422, "note-missing")
    told = reports_http.told(f"/{number}/incident/told", channel="call")
    assert (told["toldDateTime"], _names(told, "possible"), told["clocks"]) == ("2026-11-22T05:31:00Z", ["closed"], [])
    closed = reports_http.told(f"/{number}/incident/closure", note="")
    assert (closed["closedDateTime"], closed["step"], closed["possible"]) == ("2026-11-22T05:31:00Z", "closed", [])
    assert _names(closed, "steps")[-1] == "closed"


def test_a_complaint_is_passed_on_to_who_can_solve_it(reports_http: ReportsHttp) -> None:
    """The second line of a complaint is no crew: a department, a vendor (seed 004 L234, L244-L249)."""
    complaint = {
        "kind": "K",
        "area": "31.71.06",
        "troubleCode": "petugas",
        "comment": "Tidak sopan.",
        "phone": "081201000001",
    }
    number = reports_http.told("", **complaint)["number"]
    assert reports_http.refused(f"/{number}/incident/investigation", note="Sudah ditanya.") == (409, "step-not-now")
    assert reports_http.refused(f"/{number}/incident/forwarding", note="") == (422, "note-missing")
    reports_http.told(f"/{number}/incident/forwarding", note="Bagian SDM.")
    reports_http.told(f"/{number}/incident/forwarding", note="Vendor pelayanan teknik.")
    seen = reports_http.told(f"/{number}/incident/investigation", note="Petugas mengakui.")
    assert _names(seen, "steps")[4:] == ["escalated_functional", "escalated_functional", "investigated"]
    assert _names(seen, "clocks", "clock") == ["answer"]
    reports_http.told(f"/{number}/resolve", note="Petugas ditegur.")
    assert reports_http.refused(f"/{number}/incident/forwarding", note="Lagi.") == (409, "already-finished")


def test_those_whom_no_notice_reached_are_told_otherwise(reports_http: ReportsHttp, db: Database) -> None:
    now = reports_http.clock.now()
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71.06", cause="", etr=None, by="op1", now=now).id
    number, path = reports_http.told("", **FAULT)["number"], f"/api/v1/outages/{outage}/told"
    assert reports_http.post(path, json={"note": "Radio."}).json() == {"reports": 0}  # it is dark still
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="op1", now=now)
    assert reports_http.post(path, json={"note": " "}).json()["slug"] == "note-missing"
    assert reports_http.post("/api/v1/outages/99/told", json={"note": "Radio."}).json()["slug"] == "unknown-outage"
    assert reports_http.post(path, json={"note": "Radio."}).json() == {"reports": 1}
    assert reports_http.post(path, json={"note": "Radio."}).json() == {"reports": 0}
    assert reports_http.asked(f"/{number}/history")[0]["note"] == "Pelanggan diberi tahu dengan cara lain. Radio."


def test_what_the_management_is_asked_goes_up_until_the_report_is_finished(
    reports_http: ReportsHttp, db: Database
) -> None:
    number = reports_http.told("", **FAULT)["number"]

    def asked() -> list[tuple[str, str, int]]:
        listed = reports_http.get("/api/v1/alerts").json()
        mine = [one for one in listed if one["kind"] == "asked"]
        assert all(one["report"] == number and "alat berat" not in one["text"] for one in mine)
        return [(one["text"], one["level"], one["reminders"]) for one in mine]

    assert asked() == []
    reports_http.told(f"/{number}/incident/escalation", note="Perlu alat berat.")
    said = "Keputusan diminta; alasannya ada di riwayat laporan."
    assert asked() == [(said, "supervisor", 0)]
    _minutes(reports_http, db, 15)
    assert asked() == [(said, "supervisor", 1)]
    for _ in range(3):
        _minutes(reports_http, db, 15)
    assert asked() == [(said, "director", 4)]
    reports_http.told(f"/{number}/resolve", note="Trafo diganti.")
    assert asked() == []


def test_a_person_sets_impact_and_urgency(reports_http: ReportsHttp) -> None:
    number = reports_http.told("", **FAULT)["number"]
    path = f"/api/v1/reports/{number}/incident/priority"
    wrong = reports_http.put(path, json={"impact": 4, "urgency": 1, "note": "Puskesmas."})
    assert wrong.status_code == 422
    assert reports_http.put(path, json={"impact": 2, "urgency": 1}).json()["slug"] == "note-missing"
    said = reports_http.put(path, json={"impact": 2, "urgency": 1, "note": "Puskesmas."}).json()
    assert (said["impact"], said["urgency"], said["priority"]) == (2, 1, 1)
    assert said["steps"][-1]["note"] == "prioritas 1. Puskesmas."


def test_alerts_are_listed_and_taken(reports_http: ReportsHttp, db: Database) -> None:
    number = reports_http.told("", **FAULT)["number"]
    _minutes(reports_http, db, 45)
    listed = reports_http.get("/api/v1/alerts", params={"unit": "jakarta"}).json()
    late = next(one for one in listed if one["kind"] == "response-late")
    assert (late["text"], late["report"], late["level"]) == ("Regu belum tiba sesudah 45 menit.", number, "operator")
    assert reports_http.get("/api/v1/alerts", params={"unit": "bangka"}).json() == []
    taken = reports_http.post(f"/api/v1/alerts/{late['id']}/take").json()
    assert (taken["takenBy"], taken["takenAt"]) == ("cso1", "2026-11-22T05:45:00Z")
    assert reports_http.post("/api/v1/alerts/999/take").json()["slug"] == "unknown-alert"
    notes = [one["note"] for one in reports_http.asked(f"/{number}/history")]
    assert "Ditangani: Regu belum tiba sesudah 45 menit." in notes
    reports_http.told(f"/{number}/resolve", note="Sekring diganti.")
    assert reports_http.post(f"/api/v1/alerts/{late['id']}/take").json()["slug"] == "alert-over"
