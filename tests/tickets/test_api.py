"""The HTTP face: CIM's names, and problems with a slug for whatever is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from agent_desk.accounts import Principal
from config.clock import VirtualClock
from config.database import Database
from tests.fixtures.reports_http import face
from tests.fixtures.tickets import NOON, a_crew, a_premises

pytestmark = pytest.mark.database


@pytest.fixture
def client(db: Database) -> TestClient:
    """The router in an application of its own; `spv1` is asking."""
    return TestClient(face(db, VirtualClock(NOON), lambda _: Principal(1, "spv1", "", "supervisor")))


def test_a_report_from_filing_to_history(client: TestClient, db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session).id
        crew = a_crew(session).name
    told = {"kind": "G", "premises": premises, "phone": "0812 0100 0001", "comment": "Gelap.", "onlyMe": True}
    filed = client.post("/api/v1/reports", json=told)
    assert filed.status_code == 201
    report = filed.json()
    assert report["number"].startswith("54")
    assert (report["status"], report["starred"], report["reportingKind"]) == ("BELUM_SELESAI", False, "call")
    assert report["dateTimeOfReport"].startswith("2026-11-22T05:00:00")
    assert report["multiplePremises"] is False
    assert (report["workOrder"]["crewStatus"], report["workOrder"]["crew"]) == ("assigned", crew)

    detail = client.get(f"/api/v1/reports/{report['number']}*").json()
    assert {name: detail[name] for name in report} == report
    assert [one["number"] for one in client.get("/api/v1/reports?unit=jakarta").json()] == [report["number"]]
    assert client.get("/api/v1/reports?unit=bangka").json() == []
    (entry,) = client.get(f"/api/v1/reports/{report['number']}/history").json()
    assert (entry["by"], entry["kind"], entry["new"]) == ("spv1", "transition", {"status": "BELUM_SELESAI"})

    order = report["workOrder"]["id"]
    moved = client.post(f"/api/v1/work-orders/{order}/accept").json()
    assert (moved["status"], moved["nextEvents"]) == ("accepted", ["depart", "return", "cancel"])
    assert [one["id"] for one in client.get("/api/v1/work-orders").json()] == [order]


def test_a_repeated_idempotency_key_gives_the_first_answer(client: TestClient) -> None:
    body = {"kind": "K", "area": "31.71.06"}
    answers = [client.post("/api/v1/reports", json=body, headers={"Idempotency-Key": "a1"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(client.get("/api/v1/reports").json()) == 1


def test_an_outage_and_its_statement(client: TestClient) -> None:
    made = client.post(
        "/api/v1/outages", json={"area": "19.71", "cause": "pohon tumbang", "causeKind": "treeDown"}
    ).json()
    assert (made["statusKind"], made["communityDescriptor"]) == ("confirmed", "Kota Pangkalpinang")
    said = client.post(f"/api/v1/outages/{made['id']}/statements", json={})
    assert said.status_code == 201
    assert said.json()["text"].startswith("Area Kota Pangkalpinang, padam sejak pukul 12 WIB karena pohon tumbang.")
    assert [one["version"] for one in client.get(f"/api/v1/outages/{made['id']}/statements").json()] == [1]
    assert len(client.get("/api/v1/outages").json()) == 1
    assert client.post(f"/api/v1/outages/{made['id']}/restored").json()["statusKind"] == "restored"
    assert client.get("/api/v1/outages").json() == []
    assert len(client.get("/api/v1/outages?live=false").json()) == 1


def test_customers_are_found(client: TestClient, db: Database) -> None:
    with db.transaction() as session:
        a_premises(session, idpel="540000000012", name="Gantari Jenggarana", phone="+6281201000001")
    for query in ("540000000012", "081201000001", "Gantari"):
        answer = client.get("/api/v1/customers", params={"q": query})
        (found,) = answer.json()
        assert answer.headers["Suar-Narrow"] == "false"
        assert (found["idpel"], found["areaName"]) == ("540000000012", "Menteng")


def test_reports_are_found_as_they_are_typed(client: TestClient) -> None:
    told = {"kind": "K", "area": "31.71.06", "phone": "0812 0100 0001"}
    number, other = (client.post("/api/v1/reports", json=told).json()["number"] for _ in range(2))
    for query, found in ((number, [number]), (f"{number}*", [number]), ("0812", [other, number]), ("xyz", [])):
        answer = client.get("/api/v1/reports", params={"q": query})
        assert ([one["number"] for one in answer.json()], answer.headers["Suar-Narrow"]) == (found, "false")
    assert client.get("/api/v1/reports", params={"q": "0812", "limit": 1}).headers["Suar-Narrow"] == "true"
    assert client.get("/api/v1/reports", params={"q": "0812", "unit": "bangka"}).json() == []


@pytest.mark.parametrize(
    ("request_line", "body", "status", "slug"),
    [
        ("GET /api/v1/reports/54999999999", None, 404, "unknown-report"),
        ("GET /api/v1/reports/54999", None, 422, None),
        ("POST /api/v1/reports", {"kind": "X", "area": "31"}, 422, None),
        ("POST /api/v1/reports", {"kind": "G", "area": "31", "nama": "x"}, 422, None),
        ("POST /api/v1/reports", {"kind": "G", "area": "31", "phone": "12"}, 422, "phone"),
        ("POST /api/v1/reports", {"kind": "G", "area": "31", "phone": False}, 422, None),
        ("POST /api/v1/reports", {"kind": "G", "area": "31", "mobile": 81200}, 422, None),
        ("POST /api/v1/reports", {"kind": "G", "area": "31; DROP TABLE report"}, 422, None),
        ("POST /api/v1/reports", {"kind": "G"}, 422, "area-missing"),
        ("POST /api/v1/reports", {"kind": "G", "premises": 10**30}, 422, None),
        ("POST /api/v1/reports", {"kind": "G", "area": "31", "comment": "nol \0"}, 422, None),
        ("GET /api/v1/customers?q=abc%00", None, 422, "query-characters"),
        ("GET /api/v1/reports?unit=%00", None, 422, None),
        ("POST /api/v1/outages", {"area": "77"}, 422, "unknown-area"),
        ("POST /api/v1/outages", {"area": "31", "estimatedRestorationTime": "2026-11-22T06:00:00"}, 422, None),
        ("POST /api/v1/outages/999/statements", {}, 404, "unknown-outage"),
        ("POST /api/v1/outages/99999999999/statements", {}, 422, None),
        ("POST /api/v1/work-orders/999/accept", None, 404, "unknown-work-order"),
        ("POST /api/v1/work-orders/999/dance", None, 422, None),
        ("GET /api/v1/customers?q=08", None, 422, "query-short"),
        ("GET /api/v1/reports?q=%25%25%25", None, 422, "query-short"),
        ("GET /api/v1/reports?q=" + "a" * 61, None, 422, "query-long"),
        ("GET /api/v1/customers?q=0812x", None, 422, "phone"),
        ("GET /api/v1/reports?limit=100000", None, 422, None),
    ],
)
def test_wrong_input_is_a_problem_and_changes_nothing(
    client: TestClient, request_line: str, body: Any, status: int, slug: str | None
) -> None:
    method, path = request_line.split(" ", 1)
    answer = client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    if slug:
        assert answer.json()["slug"] == slug
    assert client.get("/api/v1/reports").json() == []
    assert client.get("/api/v1/outages?live=false").json() == []
