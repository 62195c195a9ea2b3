"""The life of an outage over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.reports_http import ReportsHttp
from tests.fixtures.tickets import NOON
from tickets.kinds import ReportingKind

pytestmark = pytest.mark.database

HOUR = timedelta(hours=1)
URL = "/api/v1/outages"


def said(instant: Any) -> str:
    return str(instant.isoformat())


def done(http: ReportsHttp, path: str, **body: Any) -> Any:
    """A POST that must be done."""
    answer = http.post(f"{URL}{path}", json=body)
    assert answer.is_success, answer.text
    return answer.json()


def refused(http: ReportsHttp, path: str, **body: Any) -> tuple[int, str]:
    answer = http.post(f"{URL}{path}", json=body)
    return answer.status_code, answer.json()["slug"]


def an_outage(http: ReportsHttp, **body: Any) -> Any:
    facts = {"scopes": ["31.71"], "cause": "pohon tumbang", "estimatedRestorationTime": said(NOON + 2 * HOUR)}
    return done(http, "", **{**facts, **body})


def test_an_outage_from_its_start_to_its_end(reports_http: ReportsHttp) -> None:
    http = reports_http
    outage = an_outage(http)
    assert (outage["statusKind"], outage["outageKind"], outage["scopes"]) == ("confirmed", "unplanned", ["31.71"])
    assert (outage["area"], outage["communityDescriptor"]) == ("31.71", "Jakarta Pusat")
    own = f"/{outage['id']}"
    draft = done(http, f"{own}/drafts")
    assert (draft["status"], draft["version"], draft["approverName"]) == ("draft", 1, None)
    assert done(http, f"{own}/statements/1/approve")["status"] == "approved"
    published = done(http, f"{own}/statements/1/publish")
    assert (published["status"], published["estimatedRestorationTime"]) == ("published", "2026-11-22T07:00:00Z")

    estimate = done(http, f"{own}/estimates", estimatedRestorationTime=said(NOON + 3 * HOUR), reason="alat belum tiba")
    assert (estimate["version"], estimate["reason"], estimate["authorName"]) == (2, "alat belum tiba", "cso1")
    newest = http.get(f"{URL}{own}/statements").json()[0]
    assert "Perkiraan diperbarui: pukul 15 WIB, semula pukul 14 WIB." in newest["text"]
    part = done(http, f"{own}/partially-restored", scopes=["31.71.05"])
    assert (part["statusKind"], part["scopes"]) == ("partiallyRestored", ["31.71.06"])
    assert done(http, f"{own}/restored")["restoredDateTime"] == "2026-11-22T05:00:00Z"
    again = done(http, f"{own}/reopen", note="penyulang trip lagi")
    assert (again["statusKind"], again["restoredDateTime"], again["estimatedRestorationTime"]) == (
        "confirmed", None, None,
    )  # fmt: skip
    done(http, f"{own}/restored")
    assert done(http, f"{own}/close")["statusKind"] == "closed"

    detail = http.get(f"{URL}{own}").json()
    assert [one["event"] for one in detail["history"]] == [
        "close", "restore", "reopen", "restore", "restore_partially", "estimate", "confirm",
    ]  # fmt: skip
    assert [one["version"] for one in detail["estimates"]] == [3, 2, 1]
    assert {one["scope"] for one in detail["periods"]} == {"31.71", "31.71.06"}
    assert all(one["end"] for one in detail["periods"])
    assert http.get(URL).json() == []
    assert [one["id"] for one in http.get(URL, params={"status": "closed"}).json()] == [outage["id"]]


def test_planned_work_is_announced_and_called_off(reports_http: ReportsHttp) -> None:
    http = reports_http
    work = {
        "scopes": ["ulp:menteng"], "cause": "pemeliharaan", "reportedStartTime": said(NOON + 24 * HOUR),
        "estimatedRestorationTime": said(NOON + 27 * HOUR),
    }  # fmt: skip
    planned = done(http, "/planned", **work)
    assert (planned["statusKind"], planned["outageKind"], planned["scopes"]) == (
        "scheduled", "planned", ["ulp:menteng"],
    )  # fmt: skip
    assert http.get(URL).json() == []
    assert [one["id"] for one in http.get(URL, params={"status": "scheduled"}).json()] == [planned["id"]]
    assert refused(http, f"/{planned['id']}/restored") == (409, "illegal-move")
    assert done(http, f"/{planned['id']}/dismiss", note="hujan")["statusKind"] == "closed"
    assert refused(http, "/planned", **{**work, "estimatedRestorationTime": work["reportedStartTime"]}) == (
        422, "etr-before-start",
    )  # fmt: skip


def test_a_village_a_ulp_and_a_feeder_that_do_not_exist_are_problems(reports_http: ReportsHttp) -> None:
    for scope, slug in (("31.71.99", "unknown-area"), ("ulp:x", "unknown-ulp"), ("feeder:X", "unknown-feeder")):
        assert refused(reports_http, "", scopes=[scope]) == (422, slug)
    assert refused(reports_http, "") == (422, "scopes-missing")
    assert refused(reports_http, "/99/estimates", estimatedRestorationTime=None, reason="x") == (404, "unknown-outage")
    assert reports_http.get(f"{URL}/99").status_code == 404
    assert reports_http.get(f"{URL}/99/statements").json()["slug"] == "unknown-outage"


@pytest.mark.usefixtures("two_people")
def test_a_statement_approved_by_its_author_changes_nothing(reports_http: ReportsHttp) -> None:
    http = reports_http
    own = f"/{an_outage(http)['id']}"
    draft = done(http, f"{own}/drafts", text="Segera menyala.")
    assert refused(http, f"{own}/statements/1/approve") == (409, "two-people")
    assert refused(http, f"{own}/statements", text="Segera menyala.") == (409, "two-people")
    assert http.get(f"{URL}{own}/statements").json() == [draft]
    http.login = "spv2"
    assert done(http, f"{own}/statements/1/approve")["approverName"] == "spv2"


def test_an_application_sees_what_was_published_and_nobodys_deeds(reports_http: ReportsHttp) -> None:
    http = reports_http
    own = f"/{an_outage(http)['id']}"
    done(http, f"{own}/statements", text="Regu di lokasi.")
    done(http, f"{own}/drafts", text="Belum disetujui.")
    http.channel = ReportingKind.APP
    assert [one["text"] for one in http.get(f"{URL}{own}/statements").json()] == ["Regu di lokasi."]
    assert http.get(f"{URL}{own}").json()["history"] == []


def test_what_was_written_for_another_time_is_refused(reports_http: ReportsHttp) -> None:
    http = reports_http
    own = f"/{an_outage(http)['id']}/statements"
    late = said(NOON + 5 * HOUR)
    assert refused(http, own, text="Nyala pukul 17.", estimatedRestorationTime=late) == (409, "statement-outdated")
    assert done(http, own, text="Nyala pukul 14.", estimatedRestorationTime=said(NOON + 2 * HOUR))["version"] == 1
    assert refused(http, f"{own}/7/withdraw") == (404, "unknown-statement")
    assert done(http, f"{own}/1/withdraw")["status"] == "withdrawn"
