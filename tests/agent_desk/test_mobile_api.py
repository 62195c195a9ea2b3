"""PLN Mobile, as its programmers see us: report, follow, rate, "sudah selesai?"."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from agent_desk import keys
from agent_desk.accounts import ATTEMPTS
from agent_desk.keys import WantedKey
from agent_desk.permissions import EVERY_SCOPE
from config.clock import SystemClock
from tests.fixtures.desk import Web
from tickets import completion, workorders
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, ReportingKind
from tickets.models import Crew, Premises, Rating, Report, ReportHistory
from tickets.outages import lookup
from tickets.seed import SAMPLES
from tickets.states import ReportStatus, WorkOrderEvent

pytestmark = pytest.mark.store

PHONE = SAMPLES["no_outage"]


class App:
    """PLN Mobile's backend, with the demo's key."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.paths = web.app.openapi()["paths"]
        self.http = httpx.Client(base_url=web.base_url, headers={"X-API-Key": web.mobile_key}, timeout=20)
        self.http.event_hooks = {"response": [self.is_described]}
        with web.db.reading() as session:
            self.home = lookup.premises_by_phone(session, PHONE)[0]

    def is_described(self, answer: httpx.Response) -> None:
        """Whatever is refused, the description of the operation names it: fuzzing does not come by everything."""
        if answer.status_code < 400:
            return
        method, path = answer.request.method.lower(), answer.request.url.path
        covers = [item for known, item in self.paths.items() if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path)]
        (operation,) = [item[method] for item in covers if method in item]
        told = operation["responses"][str(answer.status_code)]["content"]["application/problem+json"]["examples"]
        assert json.loads(answer.read())["slug"] in told

    def report(self, **told: Any) -> httpx.Response:
        body = {"kind": "G", "idpel": self.home.idpel, "phone": PHONE, "comment": "Rumah gelap.", "onlyMe": True}
        return self.http.post("/api/v1/reports", json={**body, **told})

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.http.post(f"/api/v1{path}", json={"idpel": self.home.idpel, **body})

    def track(self, number: str, **pair: str) -> httpx.Response:
        return self.http.post("/api/v1/tracking", json={**(pair or {"idpel": self.home.idpel}), "number": number})

    def finish(self, number: str) -> None:
        """The unit finishes the report."""
        with self.web.db.transaction() as session:
            staff = Contact("op1", ReportingKind.OTHER, f"uji:{number}")
            note = "Sekring diganti."
            now = SystemClock().now()
            completion.resolve(session, number, code=CompletionCode.DONE, note=note, contact=staff, now=now)


@pytest.fixture
def app(web: Web) -> App:
    found = App(web)
    web.clients.append(found.http)  # type: ignore[arg-type] - closed with the others
    return found


def slug(answer: httpx.Response) -> tuple[int, str, str | None]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["slug"], answer.json().get("field")


def test_a_report_enters_by_itself_and_says_where_it_came_from(app: App) -> None:
    filed = app.report()
    assert filed.status_code == 201, filed.text
    report = filed.json()
    assert (report["reportingKind"], report["status"], report["premises"]) == ("app", "BELUM_SELESAI", app.home.id)
    with app.web.db.reading() as session:
        row = session.scalars(select(Report).where(Report.number == report["number"])).one()
        entry = session.scalars(select(ReportHistory).where(ReportHistory.report_id == row.id)).first()
        assert (row.created_by, row.phone) == ("app:pln-mobile", PHONE)
        assert entry is not None
        assert (entry.by, entry.channel) == ("app:pln-mobile", ReportingKind.APP)


def test_the_premises_may_be_named_by_its_meter(app: App) -> None:
    assert app.report(idpel=None, meter=app.home.meter).json()["premises"] == app.home.id


def test_a_second_fault_gets_the_number_of_the_first_and_what_may_be_done_instead(app: App) -> None:
    number = app.report().json()["number"]
    second = app.report(idpel=None, meter=app.home.meter)
    assert slug(second) == (409, "report-open", None)
    told = second.json()
    assert told["number"] == number
    assert told["actions"] == {
        "ENQUIRY": ["DETAIL", "TRACKING"],
        "CUST_DATA": ["UPDATE_LAPORAN"],
        "PLN_SIDE": ["UPDATE_LAPORAN"],
        "BOTH": ["UPDATE_LAPORAN"],
    }
    done = app.post(f"/reports/{number}/contacts", intent="CUST_DATA", note="Rumah warna hijau.", reporter="Bu Gantari")
    assert (done.status_code, done.json()["steps"]) == (200, ["UPDATE_LAPORAN"])
    assert "Rumah warna hijau." in done.json()["report"]["comment"]
    early = app.post(f"/reports/{number}/contacts", intent="ENQUIRY", note="Kapan?", phone="081201000002")
    assert early.json()["slug"].startswith("rule-r")


@pytest.mark.parametrize(
    ("told", "status", "fault", "field"),
    [
        ({"idpel": "123"}, 422, "invalid", "idpel"),
        ({"idpel": None, "meter": "12345678901x"}, 422, "invalid", "meter"),
        ({"idpel": "999999999999"}, 404, "unknown-premises", "idpel"),
        ({"idpel": None, "meter": "99999999999"}, 404, "unknown-premises", "meter"),
        ({"meter": "10000000001"}, 422, "premises-twice", "premises"),
        ({"idpel": None, "area": "31.71.06"}, 422, "premises-by-number", "idpel"),
        ({"idpel": None, "premises": 1}, 422, "premises-by-number", "premises"),
        ({"phone": ""}, 422, "phone-missing", "phone"),
        ({"phone": "12"}, 422, "phone", "phone"),
        ({"reportingKind": "call"}, 422, "reporting-kind", "reportingKind"),
    ],
)
def test_wrong_input_is_a_problem_and_changes_nothing(
    app: App, told: dict[str, Any], status: int, fault: str, field: str
) -> None:
    assert slug(app.report(**told)) == (status, fault, field)
    with app.web.db.reading() as session:
        assert lookup.open_reports(session, [app.home.id]) == []


def test_a_report_is_followed_by_idpel_or_meter_and_number(app: App) -> None:
    number = app.report().json()["number"]
    by_idpel, by_meter = app.track(number), app.track(f"{number}*", meter=app.home.meter)
    assert by_idpel.json() == by_meter.json()
    told = by_idpel.json()
    assert (told["number"], told["status"], told["mayAnswer"]) == (number, "BELUM_SELESAI", False)
    assert told["ladder"][0]["word"] == "Lapor"
    assert app.home.customer_name not in by_idpel.text
    assert PHONE not in by_idpel.text


def test_where_the_crew_is_shows_while_it_is_on_its_way_and_has_the_mobile_application(app: App) -> None:
    number = app.report().json()["number"]
    now = SystemClock().now()
    with app.web.db.transaction() as session:
        report = session.scalars(select(Report).where(Report.number == number)).one()
        order = workorders.of_report(session, report.id)
        assert order is not None
        if order.crew is None:
            workorders.advance(session, order.id, WorkOrderEvent.ASSIGN, by="op1", now=now)
        workorders.advance(session, order.id, WorkOrderEvent.ACCEPT, by="op1", now=now)
    assert app.track(number).json()["crew"] is None
    with app.web.db.transaction() as session:
        workorders.advance(session, order.id, WorkOrderEvent.DEPART, by="op1", now=now)
        plate = workorders.view(session, order.id).plate
        crew = session.scalars(select(Crew).where(Crew.plate == plate)).one()
        crew.has_mobile, crew.lat, crew.lon, crew.street, crew.position_at = True, -6.2, 106.8, "Jl. Kenanga", now
    shown = app.track(number).json()["crew"]
    assert (shown["plate"], shown["lat"], shown["street"]) == (plate, -6.2, "Jl. Kenanga")
    with app.web.db.transaction() as session:
        crew = session.scalars(select(Crew).where(Crew.plate == plate)).one()
        crew.has_mobile = False
    shown = app.track(number).json()["crew"]
    assert (shown["plate"], shown["lat"], shown["street"], shown["positionAt"]) == (plate, None, "", None)


def test_wrong_pairs_all_get_the_same_answer_and_few_tries(app: App) -> None:
    number = app.report().json()["number"]
    with app.web.db.reading() as session:
        other = session.scalars(select(Premises.idpel).where(Premises.id != app.home.id).limit(1)).one()
    wrong = [app.track(number, idpel=other), app.track("54999999999"), app.track("54999999998", idpel="999999999999")]
    assert {slug(answer) for answer in wrong} == {(404, "unknown-pair", None)}
    assert len({answer.text for answer in wrong}) == 1
    for serial in range(ATTEMPTS):
        app.track(f"549999990{serial:02}", idpel=other)
    paused = app.track(number, idpel=other)
    assert slug(paused) == (429, "too-many-attempts", None)
    assert int(paused.headers["Retry-After"]) > 0
    assert app.track(number).status_code == 200  # who knows his own two numbers is not kept out by others
    for serial in range(ATTEMPTS):
        app.track(number, idpel=f"9999999990{serial:02}")
    assert slug(app.track(number))[:2] == (429, "too-many-attempts")


def test_a_finished_report_is_rated_once(app: App) -> None:
    number = app.report().json()["number"]
    assert slug(app.post(f"/reports/{number}/rating", stars=5))[:2] == (409, "not-finished")
    app.finish(number)
    assert app.track(number).json()["mayAnswer"]
    rated = app.post(f"/reports/{number}/rating", stars=4, comment="Cepat.")
    assert (rated.status_code, rated.json()["stars"]) == (201, 4)
    assert slug(app.post(f"/reports/{number}/rating", stars=1))[:2] == (409, "already-rated")
    assert slug(app.post(f"/reports/{number}/rating", stars=6))[:2] == (422, "invalid")
    with app.web.db.reading() as session:
        row = session.scalars(select(Rating)).one()
        assert (row.stars, row.channel, row.by) == (4, ReportingKind.APP, "app:pln-mobile")


def test_a_customer_who_says_that_it_is_finished_is_asked_once(app: App) -> None:
    number = app.report().json()["number"]
    app.finish(number)
    for _ in range(2):
        yes = app.post(f"/reports/{number}/confirmation", finished=True)
        assert (yes.status_code, yes.json()["number"], yes.json()["status"]) == (200, number, "SELESAI")
    assert not app.track(number).json()["mayAnswer"]
    assert slug(app.post(f"/reports/{number}/confirmation", finished=False))[:2] == (409, "already-confirmed")


def test_a_supervisors_reason_is_no_customers(app: App) -> None:
    number = app.report().json()["number"]
    asked = {"intent": "PLN_SIDE", "note": "Cepat."}
    refused = app.post(f"/reports/{number}/contacts", urgent="supervisor", **asked)
    assert slug(refused) == (403, "supervisor-only", "urgent")
    urgent = app.post(f"/reports/{number}/contacts", urgent="hazard", **asked)
    assert urgent.json()["steps"] == ["LAPOR_ULANG"]
    assert urgent.json()["report"]["workOrder"]["status"]


def test_a_customer_who_says_that_it_is_not_finished_gets_a_new_number(app: App) -> None:
    number = app.report().json()["number"]
    app.finish(number)
    headers = {"Idempotency-Key": "tidak-1"}
    body = {"idpel": app.home.idpel, "finished": False, "comment": "Masih gelap."}
    path = f"/api/v1/reports/{number}/confirmation"
    new, again = (app.http.post(path, json=body, headers=headers) for _ in range(2))
    assert new.json() == again.json()
    assert new.json()["number"] != number
    assert (new.json()["status"], new.json()["reportingKind"]) == ("BELUM_SELESAI", "app")
    with app.web.db.reading() as session:
        old = session.scalars(select(Report).where(Report.number == number)).one()
        row = session.scalars(select(Report).where(Report.number == new.json()["number"])).one()
        assert (old.status, old.starred, row.related_id) == (ReportStatus.SELESAI, False, old.id)
    assert not app.track(number).json()["mayAnswer"]
    assert slug(app.post(f"/reports/{number}/contacts", intent="PLN_SIDE", note="Halo"))[:2] == (409, "not-open")


@pytest.mark.parametrize(
    ("path", "body"),
    [("rating", {"stars": 5}), ("confirmation", {"finished": True}), ("contacts", {"intent": "ENQUIRY", "note": "x"})],
)
def test_an_application_proves_that_the_report_is_its_customers(app: App, path: str, body: dict[str, Any]) -> None:
    number = app.report().json()["number"]
    app.finish(number)
    address = f"/api/v1/reports/{number}/{path}"
    assert slug(app.http.post(address, json=body)) == (422, "premises-by-number", "idpel")
    wrong = app.http.post(address, json={**body, "idpel": "999999999999"})
    assert slug(wrong) == (404, "unknown-pair", None)
    with app.web.db.transaction() as session:
        staff = keys.create(session, WantedKey("meja", (EVERY_SCOPE,), account="cso1"), now=SystemClock().now())
    answer = httpx.post(app.web.base_url + address, json=body, headers={"X-API-Key": staff})
    assert answer.status_code in (200, 201) or answer.json()["slug"] == "not-open"


def test_nothing_else_is_open_to_it(app: App) -> None:
    number = app.report().json()["number"]
    for path in (f"/reports/{number}", f"/reports/{number}/history", "/reports", "/customers?q=Gantari"):
        assert slug(app.http.get(f"/api/v1{path}"))[:2] == (403, "scope-missing")
    assert slug(app.http.get("/api/v1/work-orders"))[:2] == (403, "scope-missing")
    assert app.http.get("/api/v1/outages").status_code == 200
