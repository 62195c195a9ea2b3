"""Compensation of what really happened: outages, reports, exemptions; asked for by the API, the desk and billing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agent_desk import desk_data
from agent_desk.accounts import Principal
from config.clock import VirtualClock
from config.database import Database
from config.operator import operator
from config.schema.compensation import Compensation, Exempt
from ivr.facts import Facts
from ivr.turn import Lookup
from tests.fixtures.reports_http import ReportsHttp, face
from tests.fixtures.tickets import a_crew, a_premises, a_report
from tickets import completion, repeats, reports, workorders
from tickets.compensation import answers
from tickets.compensation import facts as compensation_facts
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, Intent, NoticeEvent, OutageKind, ReportingKind
from tickets.models import Exemption, Notice, Outage, OutagePeriod, OutageScope, Premises, Report
from tickets.outages import outages
from tickets.states import OutageStatus, WorkOrderEvent
from tickets.views import CompensationView

pytestmark = pytest.mark.database
DECLARED = [{"since": date(2018, 1, 1), "hours": 1, "times": 3}]


def at(hour: float, day: int = 4) -> datetime:
    """In August 2021 on the clocks of Jakarta."""
    return datetime(2021, 8, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour - 7)


YEARS = 4 + 5 * 365  # in 2026
SEPTEMBER = at(0, 51)  # the 20th


@pytest.fixture(autouse=True)
def _declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every unit has declared one hour and three times a month."""
    shipped = operator()
    table = Compensation.model_validate({**shipped.compensation.model_dump(), "declared": DECLARED})
    files = replace(shipped, compensation=table)
    monkeypatch.setattr(compensation_facts, "operator", lambda: files)


@pytest.fixture
def http(db: Database) -> Iterator[ReportsHttp]:
    """It is the beginning of the day; whoever asks does so in September, unless told."""
    clock = VirtualClock(at(0))
    client = ReportsHttp(face(db, clock, lambda _: Principal(1, "cso1", "Hana", "supervisor")))
    client.clock = clock
    with client:
        yield client


def until(http: ReportsHttp, instant: datetime) -> None:
    http.clock.advance(seconds=max(0, (instant - http.clock.now()).total_seconds()))


def home(db: Database, **extra: Any) -> Premises:
    with db.transaction() as session:
        return a_premises(session, **{"tariff_adjusted": True, "minimum_bill": 100_000, **extra})


def an_outage(db: Database, *spans: tuple[float, float | None], code: str = "31.71.06", **extra: Any) -> int:
    """Dark at these hours of the fourth, in one scope."""
    with db.transaction() as session:
        values = {
            "kind": OutageKind.UNPLANNED,
            "status_kind": OutageStatus.CLOSED,
            "reported_start": at(spans[0][0]),
            **extra,
        }
        outage = Outage(area="31.71.06", cause="", created_at=at(0), created_by="spv1", **values)
        session.add(outage)
        session.flush()
        session.add(OutageScope(outage_id=outage.id, code=code, live=False))
        for begin, end in spans:
            lit = None if end is None else at(end)
            session.add(OutagePeriod(outage_id=outage.id, code=code, dark_from=at(begin), lit_at=lit))
        session.flush()
        return outage.id


def asked(
    http: ReportsHttp, premises: Premises, month: str | None = "2021-08", *, now: datetime = SEPTEMBER
) -> dict[str, Any]:
    until(http, now)
    query = {"idpel": premises.idpel, **({"month": month} if month else {})}
    answer = http.get("/api/v1/compensation", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def contact(key: str) -> Contact:
    return Contact(by="cso1", channel=ReportingKind.CALL, key=key)


def reported(db: Database, premises: Premises, hour: float, **extra: Any) -> Report:
    with db.transaction() as session:
        return reports.file_report(session, a_report(premises_id=premises.id, trouble="padam", **extra), now=at(hour))


def finished(db: Database, report: Report, hour: float, code: CompletionCode = CompletionCode.DONE) -> None:
    with db.transaction() as session:
        completion.resolve(session, report.number, code=code, note="Selesai.", contact=contact("x"), now=at(hour))


def test_hours_of_an_outage_are_owed_for(db: Database, http: ReportsHttp) -> None:
    menteng, tebet = home(db), home(db, area="31.74.01")
    an_outage(db, (12, 15.5))
    found = asked(http, menteng)
    assert (found["darkMinutes"], found["interruptions"], found["percent"], found["amount"]) == (210, 1, 75, 75_000)
    assert (found["regulation"], found["provisional"]) == ("Permen ESDM 18/2019", "")
    assert (found["declaredHours"], found["final"], found["missing"]) == (1, True, [])
    assert found["sentence"].startswith("Agustus 2021: padam 3 jam 30 menit, 1 kali. Kompensasi 75 %")
    assert asked(http, tebet)["percent"] == 0


@pytest.mark.parametrize("code", ["31", "31.71", "ulp:menteng", "feeder:MTG-03"])
def test_whatever_scope_covered_it(db: Database, http: ReportsHttp, code: str) -> None:
    an_outage(db, (12, 15.5), code=code)
    assert asked(http, home(db, feeder="MTG-03"))["darkMinutes"] == 210
    other = home(db, area="19.71.05", feeder="PKP-01")
    assert asked(http, other)["darkMinutes"] == 0


def test_two_outages_and_a_report_over_the_same_hours_count_once(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    an_outage(db, (12, 14))
    an_outage(db, (13, 15), code="ulp:menteng")
    finished(db, reported(db, menteng, 11.5), 14.5)
    found = asked(http, menteng)
    assert (found["darkMinutes"], found["interruptions"]) == (210, 1)


def test_flapping_supply_counts_each_time(db: Database, http: ReportsHttp) -> None:
    an_outage(db, (12, 12.1), (13, 13.1), (14, 14.1), (15, 15.1))
    found = asked(http, home(db))
    assert (found["darkMinutes"], found["interruptions"]) == (24, 4)
    assert (found["percent"], found["amount"]) == (35, 35_000)  # too often, though not too long


def test_one_building_alone_is_owed_by_its_own_report(db: Database, http: ReportsHttp) -> None:
    with db.transaction() as session:
        a_crew(session)
    menteng, neighbour = home(db), home(db)
    report = reported(db, menteng, 12, only_me=True)
    with db.transaction() as session:
        order = workorders.open_order(session, report.id)
        assert order is not None
        hours = {"ACCEPT": 12.1, "DEPART": 12.2, "ARRIVE": 12.5, "START": 12.6, "POWER_ON": 14, "COMPLETE": 16}
        for step, hour in hours.items():
            workorders.advance(session, order.id, WorkOrderEvent[step], by="op1", now=at(hour))
    assert asked(http, menteng)["darkMinutes"] == 120  # until the crew said so, not until the form was closed
    assert asked(http, neighbour)["darkMinutes"] == 0


def test_opened_again_it_was_dark_again(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    report = reported(db, menteng, 8, only_me=True)
    finished(db, report, 9)
    with db.transaction() as session:
        again = {"intent": Intent.PLN_SIDE, "urgent": None, "note": "Padam lagi.", "contact": contact("y")}
        repeats.lapor_ulang(session, report.number, **again, now=at(12))
    finished(db, report, 14)
    found = asked(http, menteng)
    assert (found["darkMinutes"], found["interruptions"]) == (180, 2)


def test_a_complaint_or_a_dim_lamp_is_not_dark(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    with db.transaction() as session:
        told = a_report(premises_id=menteng.id, trouble="tegangan-rendah", only_me=True)
        reports.file_report(session, told, now=at(8))
    assert asked(http, menteng)["darkMinutes"] == 0


def test_what_lasts_is_not_final(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    an_outage(db, (12, None), status_kind=OutageStatus.CONFIRMED)
    found = asked(http, menteng, now=at(18))
    assert (found["darkMinutes"], found["final"]) == (360, False)
    assert found["sentence"].endswith("Bulan ini belum selesai atau listrik masih padam.")
    assert asked(http, menteng)["final"] is False  # the month is over, the dark is not


# --- what is not held against the utility


def put(http: ReportsHttp, path: str, **body: Any) -> Any:
    return http.put(f"/api/v1{path}/exemption", json=body)


def test_force_majeure_is_decided_by_a_person_and_taken_back(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    outage = an_outage(db, (12, 15.5))
    report = reported(db, menteng, 13)
    with db.transaction() as session:
        session.get_one(Report, report.id).outage_id = outage
    finished(db, report, 15)
    told = put(http, f"/outages/{outage}", reason="force_majeure", note="Gempa bumi.")
    assert (told.status_code, told.json()["by"]) == (200, "cso1")
    found = asked(http, menteng)
    assert (found["darkMinutes"], found["exemptMinutes"], found["percent"]) == (0, 210, 0)
    put(http, f"/outages/{outage}", reason=None, note="Bukan gempa.")
    assert asked(http, menteng)["percent"] == 75
    with db.reading() as session:
        assert [row.reason for row in session.scalars(select(Exemption).order_by(Exemption.id))] == [
            Exempt.FORCE_MAJEURE, None,
        ]  # fmt: skip


def test_a_fault_in_the_customers_own_installation(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    report = reported(db, menteng, 8, only_me=True)
    finished(db, report, 14)
    assert asked(http, menteng)["percent"] == 100
    put(http, f"/reports/{report.number}", reason="not_negligent", note="Instalasi pelanggan.")
    assert asked(http, menteng)["percent"] == 0


def test_what_is_exempt_does_not_hide_what_is_not(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    exempt = an_outage(db, (12, 15))
    an_outage(db, (14, 16), code="ulp:menteng")
    put(http, f"/outages/{exempt}", reason="safety", note="Kebakaran gedung.")
    found = asked(http, menteng)
    assert (found["darkMinutes"], found["exemptMinutes"], found["interruptions"]) == (120, 120, 1)


@pytest.mark.parametrize(("hours_before", "percent"), [(24, 0), (23.9, 75)])
def test_planned_work_is_exempt_if_it_was_announced_a_day_before(
    db: Database, http: ReportsHttp, hours_before: float, percent: int
) -> None:
    """Permen ESDM 27/2017 Pasal 7 ayat 2."""
    menteng = home(db)
    outage = an_outage(db, (12, 15.5), kind=OutageKind.PLANNED)
    told_at = at(12 - hours_before)
    with db.transaction() as session:
        plain: dict[str, Any] = {
            "scopes": [],
            "partial": False,
            "text": "",
            "spoken": "",
            "source": 0,
            "after": [],
            "batches": 0,
        }
        session.add(
            Notice(
                outage_id=outage, event=NoticeEvent.PLANNED, occasion="1", created_at=told_at, created_by="spv1",
                begins_at=told_at, **plain,
            )
        )  # fmt: skip
    assert asked(http, menteng)["percent"] == percent


def test_planned_work_that_nobody_announced_is_owed_for(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    an_outage(db, (12, 15.5), kind=OutageKind.PLANNED)
    assert asked(http, menteng)["percent"] == 75


@pytest.mark.parametrize(
    ("path", "body", "status", "slug"),
    [
        ("/outages/99", {"reason": "safety", "note": "x"}, 404, "unknown-outage"),
        ("/reports/54999999999", {"reason": "safety", "note": "x"}, 404, "unknown-report"),
        ("/outages/1", {"reason": "planned", "note": "x"}, 422, "exempt-planned"),
        ("/outages/1", {"reason": "safety", "note": " "}, 422, "note-missing"),
    ],
)
def test_a_wrong_exemption_changes_nothing(
    db: Database, http: ReportsHttp, *, path: str, body: dict[str, str], status: int, slug: str
) -> None:
    an_outage(db, (12, 15.5))
    answer = put(http, path, **body)
    assert (answer.status_code, answer.json()["slug"]) == (status, slug)
    with db.reading() as session:
        assert session.scalars(select(Exemption)).all() == []


# --- who asks


def test_without_a_month_it_is_the_one_it_was_dark_in_last(db: Database, http: ReportsHttp) -> None:
    menteng = home(db)
    an_outage(db, (12, 15.5))
    assert [asked(http, menteng, None, now=at(20, day))["month"] for day in (4, 51, 90)] == [
        "2021-08", "2021-08", "2021-10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ({"idpel": "549999999999"}, 404, "unknown-premises"),
        ({"month": "2021-13"}, 422, "month"),
        ({"month": "2021-10"}, 422, "month"),
    ],
)
def test_a_wrong_question_is_refused(
    db: Database, http: ReportsHttp, query: dict[str, str], status: int, slug: str
) -> None:
    until(http, SEPTEMBER)
    answer = http.get("/api/v1/compensation", params={"idpel": home(db).idpel, **query})
    assert (answer.status_code, answer.json()["slug"]) == (status, slug)


def test_a_caller_hears_only_what_is_certain(db: Database) -> None:
    menteng, unbilled, unknown = home(db), home(db, minimum_bill=None), home(db, area="31.74.01")
    an_outage(db, (12, 15.5))
    facts = Facts(db, VirtualClock(at(20)))

    def hears(premises: Premises) -> CompensationView:
        found: CompensationView = facts.read(Lookup("compensation", str(premises.id)), need_audio=True)
        return found

    assert hears(menteng) == CompensationView("Agustus", "Peraturan Menteri E S D M nomor 18 tahun 2019", 75)
    assert hears(unbilled).percent == 75  # the percent does not need the bill
    assert hears(unknown).percent == 0
    provisional = "Permen ESDM 2/2025 has not been read"
    with db.transaction() as session:
        for period in session.scalars(select(OutagePeriod)):
            period.dark_from, period.lit_at = at(12, YEARS), at(15.5, YEARS)
    found = Facts(db, VirtualClock(at(20, YEARS))).read(Lookup("compensation", str(menteng.id)), need_audio=True)
    assert found.percent is None, provisional


def test_a_cso_reads_it_on_the_callers_card(db: Database) -> None:
    menteng = home(db)
    an_outage(db, (12, 15.5))
    with db.reading() as session:
        card = desk_data.card(session, None, now=at(20), premises_id=menteng.id)
        nobody = desk_data.card(session, None, now=at(20))
    assert "Kompensasi 75 % rekening minimum (Rp 75.000)" in card.compensation
    assert nobody.compensation == ""


def test_billing_gets_a_line_for_whoever_is_owed_or_could_be(
    db: Database, http: ReportsHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "CHUNK", 2)
    an_outage(db, (12, 15.5))
    owed = [home(db) for _ in range(3)]
    unbilled, lit = home(db, minimum_bill=None), home(db, area="31.74.01")
    far = home(db, area="19.71.05")
    until(http, SEPTEMBER)
    answer = http.get("/api/v1/compensation/table", params={"unit": "jakarta", "month": "2021-08"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = {row["idpel"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert rows.keys() == {*(one.idpel for one in owed), unbilled.idpel}
    assert lit.idpel not in answer.text
    assert far.idpel not in answer.text
    first = rows[owed[0].idpel]
    assert (first["month"], first["percent"], first["amount"], first["final"]) == ("2021-08", "75", "75000", "ya")
    assert (rows[unbilled.idpel]["amount"], rows[unbilled.idpel]["missing"]) == ("", "minimum-bill")
    for query, slug in (({"unit": "atlantis"}, "unknown-unit"), ({"month": "2021-12"}, "month")):
        refused = http.get("/api/v1/compensation/table", params={"unit": "jakarta", "month": "2021-08", **query})
        assert refused.json()["slug"] == slug


def test_the_life_of_an_outage_is_what_is_added_up(db: Database, http: ReportsHttp) -> None:
    """Through the services: confirmed with an earlier start, restored."""
    menteng = home(db)
    with db.transaction() as session:
        told = {"area": "31.71.06", "cause": "", "etr": None, "by": "spv1"}
        outage = outages.confirm_outage(session, **told, reported_start=at(11), now=at(12)).id
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=at(15))
    found = asked(http, menteng)
    assert (found["darkMinutes"], found["interruptions"], found["percent"]) == (240, 1, 75)
