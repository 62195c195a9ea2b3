"""What a CSO sees of the rule table about a report as it is kept: steps, refusals, and the sentence to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from agent_desk.accounts import Principal
from agent_desk.permissions import Role, who_may
from config.clock import VirtualClock
from config.database import Database
from config.operator import operator
from config.schema.rules import RuleClock, Rules
from tests.fixtures.reports_http import face
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tickets import decisions, reports, workorders
from tickets.kinds import CompletionCode, Intent, ReportKind
from tickets.models import Crew, Report, ReportHistory
from tickets.rules import RuleForbids, forbid
from tickets.states import REPORT, ReportEvent, WorkOrderEvent

pytestmark = pytest.mark.database

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
def client(db: Database, clock: VirtualClock) -> TestClient:
    """The CSO Hana is asking."""
    return TestClient(face(db, clock, lambda _: Principal(1, "cso1", "Hana", "cso")))


@pytest.fixture
def ask(client: TestClient) -> Ask:
    def get(number: str, status: int = 200, **query: str) -> dict[str, Any]:
        answer = client.get(f"/api/v1/reports/{number}/decision", params=query)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return get


def filed(db: Database, **extra: Any) -> str:
    """The number of a report about a premises of its own."""
    with db.transaction() as session:
        a_crew(session)
        premises = a_premises(session)
        return reports.file_report(session, a_report(premises_id=premises.id, **extra), now=NOON).number


def on_the_way(db: Database, number: str, **crew: Any) -> None:
    """The crew has left for the report; `crew` are its columns."""
    with db.transaction() as session:
        report = reports.by_number(session, number)
        order = workorders.of_report(session, report.id)
        assert order is not None
        for event in (WorkOrderEvent.ACCEPT, WorkOrderEvent.DEPART):
            workorders.advance(session, order.id, event, by="op1", now=NOON)
        found = session.scalars(select(Crew)).one()
        for name, value in {"street": "Jl. Kenanga Raya", "position_at": NOON, **crew}.items():
            setattr(found, name, value)


def closed(db: Database, number: str, code: CompletionCode | None = None, note: str = "", hours: float = 1) -> None:
    with db.transaction() as session:
        report = reports.by_number(session, number)
        report.status = REPORT.next(report.status, ReportEvent.RESOLVE)
        report.resolved_at = NOON + timedelta(hours=hours)
        report.completion_code, report.completion_note = code, note


def names(found: dict[str, Any]) -> list[str]:
    return [said["name"] for said in found["scripts"]]


def test_a_caller_who_asks_early_is_told_the_promise(db: Database, ask: Ask, clock: VirtualClock) -> None:
    number = filed(db)
    clock.advance(seconds=179 * 60)
    found = ask(number, intent="ENQUIRY", salutation="Ibu")
    assert (found["row"], found["required"]) == ("D01", ["DETAIL", "TRACKING"])
    assert {"action": "LAPOR_ULANG", "rule": "R09"}.items() <= found["forbidden"][0].items()
    assert "sisi PLN" in found["forbidden"][0]["why"]
    assert found["scripts"][0]["text"].startswith("Estimasi waktu penyelesaiannya ± 3 (tiga) jam dari waktu lapor, ")
    assert "Handphone Ibu." in found["scripts"][0]["text"]
    assert found["guide"][0]["question"].startswith("Cara memasang PLN Mobile")


def test_after_three_hours_the_position_of_the_crew_is_told_while_it_is_known(
    db: Database, ask: Ask, clock: VirtualClock
) -> None:
    number = filed(db)
    on_the_way(db, number, position_at=NOON + timedelta(minutes=170))
    clock.advance(seconds=180 * 60)
    found = ask(number, intent="PLN_SIDE")
    assert (found["row"], found["required"]) == ("D11", ["TRACKING", "LAPOR_ULANG"])
    assert names(found) == ["S2"]
    assert "petugasnya sudah di Jl. Kenanga Raya" in found["scripts"][0]["text"]
    clock.advance(seconds=5 * 60 + 1)
    assert names(ask(number, intent="PLN_SIDE")) == ["S3"], "a quarter of an hour old"


@pytest.mark.parametrize("crew", [{"has_mobile": False}, {"street": ""}, {"position_at": None}])
def test_a_position_that_is_not_known_is_not_told(
    db: Database, ask: Ask, clock: VirtualClock, crew: dict[str, Any]
) -> None:
    number = filed(db)
    on_the_way(db, number, **{"position_at": NOON + timedelta(hours=4), **crew})
    clock.advance(seconds=4 * 3600)
    assert names(ask(number, intent="BOTH")) == ["S3"]


def test_a_crew_that_has_arrived_is_not_on_its_way(db: Database, ask: Ask, clock: VirtualClock) -> None:
    number = filed(db)
    on_the_way(db, number, position_at=NOON + timedelta(hours=4))
    with db.transaction() as session:
        workorders.advance(session, 1, WorkOrderEvent.ARRIVE, by="op1", now=NOON)
    clock.advance(seconds=4 * 3600)
    assert names(ask(number, intent="PLN_SIDE")) == ["S3"]


@pytest.mark.parametrize("extra", [{"trouble": "padam-area"}, {"trouble": "kedip"}])
def test_pln_mobile_is_promoted_for_one_building_dark_only(db: Database, ask: Ask, extra: dict[str, Any]) -> None:
    assert "PLN Mobile" in ask(filed(db), intent="ENQUIRY")["scripts"][0]["text"]
    assert "PLN Mobile" not in ask(filed(db, **extra), intent="ENQUIRY")["scripts"][0]["text"]


def test_neither_is_it_when_the_neighbours_are_dark_too(db: Database, ask: Ask) -> None:
    number = filed(db)
    with db.transaction() as session:
        reports.by_number(session, number).multiple_premises = True
    assert "PLN Mobile" not in ask(number, intent="ENQUIRY")["scripts"][0]["text"]


def test_urgent_needs_its_reason_and_then_the_repeat_comes_first(db: Database, ask: Ask) -> None:
    number = filed(db)
    assert ask(number, 422, intent="PLN_SIDE", urgent="true") == {"slug": "urgent-reason", "field": "urgent"}
    assert ask(number, intent="PLN_SIDE", urgent="life_support")["row"] == "D10"
    assert ask(number, intent="PLN_SIDE", urgent="")["row"] == "D09"


def test_the_intent_is_never_guessed(db: Database, ask: Ask) -> None:
    number = filed(db)
    assert ask(number, 422) == {"slug": "intent-missing", "field": "intent"}
    assert ask(number, 422, intent="enquiry") == {"slug": "unknown-intent", "field": "intent"}
    assert ask("54999999999", 404, intent="ENQUIRY")["slug"] == "unknown-report"


def test_a_closed_fault_is_repeated_first_and_the_missing_data_are_asked_for(db: Database, ask: Ask) -> None:
    number = filed(db)
    closed(db, number, CompletionCode.PHONE_UNREACHABLE, "nomor tidak aktif")
    found = ask(f"{number}*", intent="CUST_DATA")
    assert (found["number"], found["required"], found["permittedAfterRepeat"]) == (
        number, ["LAPOR_ULANG"], ["UPDATE_LAPORAN"],
    )  # fmt: skip
    assert (found["statusAfter"], found["setsStar"], found["logsRepeat"]) == ("BELUM_SELESAI", True, True)
    assert names(found) == ["S4"]


def test_who_asks_about_a_closed_report_hears_what_the_unit_wrote(db: Database, ask: Ask, clock: VirtualClock) -> None:
    number = filed(db)
    closed(db, number, CompletionCode.DONE, "sekering diganti")
    clock.advance(seconds=2 * 3600)
    assert ask(number, intent="ENQUIRY")["scripts"] == [
        {
            "name": "completed",
            "text": "Laporan Bapak/Ibu sudah selesai ditangani pukul 13 WIB, keterangan petugas: sekering diganti.",
        }
    ]


def test_a_closed_complaint_that_is_not_solved_gets_a_new_number_headed_with_the_old_one(
    db: Database, ask: Ask
) -> None:
    number = filed(db, kind=ReportKind.KELUHAN)
    closed(db, number)
    found = ask(number, intent="PLN_SIDE")
    assert (found["required"], found["newNumber"], found["statusAfter"]) == (["TICKET_BARU"], True, "SELESAI")
    assert found["scripts"] == [{"name": "N1", "text": f"CC.54.HANA Nomor Laporan Terkait G: {number}"}]


@pytest.mark.parametrize(("follows", "row"), [(RuleClock.FIRST_REPORT, "D11"), (RuleClock.LAST_REOPENING, "D09")])
def test_the_operator_says_which_clock_the_rules_follow(
    db: Database, monkeypatch: pytest.MonkeyPatch, follows: RuleClock, row: str
) -> None:
    found = replace(operator(), rules=Rules(rule_clock=follows))
    monkeypatch.setattr(decisions, "operator", lambda: found)
    number = filed(db)
    with db.transaction() as session:
        report = reports.by_number(session, number)
        report.reopened_at = NOON + timedelta(hours=4)
        said = decisions.decision_of(report, Intent.PLN_SIDE, None, now=NOON + timedelta(hours=5))
    assert said.row == row


def test_looking_changes_nothing_and_names_what_the_service_refuses(db: Database, ask: Ask) -> None:
    number = filed(db)

    def everything() -> tuple[Any, ...]:
        with db.reading() as session:
            report = session.scalars(select(Report)).one()
            events = session.scalar(select(func.count()).select_from(ReportHistory))
            return report.status, report.starred, report.repeats, events

    before = everything()
    with db.reading() as session:
        said = decisions.decision_of(reports.by_number(session, number), Intent.PLN_SIDE, None, now=NOON)
    for told in ask(number, intent="PLN_SIDE")["forbidden"]:
        with pytest.raises(RuleForbids) as refused:
            forbid(said, told["action"])
        assert (refused.value.rule, str(refused.value)) == (told["rule"], told["why"])
    assert everything() == before


def test_only_who_serves_callers_sees_what_the_unit_wrote() -> None:
    seen = who_may("GET", "/api/v1/reports/54100000001/decision")
    assert seen == {Role.CSO, Role.SUPERVISOR, Role.OPERATOR}
