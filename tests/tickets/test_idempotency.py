"""A writing request sent again: the first answer, whatever has happened since; and one effect, whoever sends it."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from agent_desk.accounts import Principal
from config.clock import VirtualClock
from config.database import Database
from tests.fixtures.reports_http import face
from tests.fixtures.tickets import NOON, a_premises
from tests.fixtures.wait import until
from tickets import idempotency
from tickets.idempotency import KEPT, REPLAYED, KeyReused, Named, StillRunning, Writer, fingerprint
from tickets.models import Customer, KeptAnswer, Report
from tickets.states import ReportStatus

pytestmark = pytest.mark.database

MATTER = {"kind": "K", "area": "31.71.06", "comment": "Tagihan keliru."}
NAMED = Named("pln-mobile", "POST /api/v1/reports", "kunci", fingerprint("/api/v1/reports", b"{}"))


@pytest.fixture
def client(db: Database) -> TestClient:
    """The API in an application of its own; the header X-Who says who asks."""
    return TestClient(
        face(db, VirtualClock(NOON), lambda request: Principal(1, request.headers.get("X-Who", "cso1"), "", "cso"))
    )


def send(client: TestClient, body: Any, key: str = "a1", path: str = "/api/v1/reports", who: str = "cso1") -> Any:
    headers = {"Idempotency-Key": key, "X-Who": who}
    if isinstance(body, bytes):
        return client.post(path, content=body, headers={**headers, "Content-Type": "application/json"})
    return client.post(path, json=body, headers=headers)


def filed(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count(Report.id))) or 0


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["slug"]


def test_the_same_request_gets_the_first_answer_again_whatever_has_happened_since(
    client: TestClient, db: Database
) -> None:
    first = send(client, MATTER)
    with db.transaction() as session:
        session.scalars(select(Report)).one().status = ReportStatus.SELESAI
    again = send(client, MATTER)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert filed(db) == 1


@pytest.mark.parametrize("key", ["a1", '"a1"'])
def test_spaces_the_order_of_fields_and_the_drafts_quotes_make_no_other_request(client: TestClient, key: str) -> None:
    first = send(client, MATTER)
    told = b'{ "comment": "Tagihan keliru.",\n "area": "31.71.06", "kind": "K" }'
    assert send(client, told, key=key).json() == first.json()


def test_another_body_or_address_with_the_key_is_refused_and_changes_nothing(client: TestClient, db: Database) -> None:
    send(client, MATTER)
    other = send(client, {**MATTER, "comment": "Lain."})
    assert slug(other) == (422, "key-reused")
    assert other.json()["field"] == "Idempotency-Key"
    assert filed(db) == 1
    first, second = (client.post("/api/v1/outages", json={"area": area}).json()["id"] for area in ("19.71", "31.71"))
    assert send(client, {}, path=f"/api/v1/outages/{first}/statements").status_code == 201
    assert slug(send(client, {}, path=f"/api/v1/outages/{second}/statements")) == (422, "key-reused")


def test_what_no_route_reads_is_no_fault_of_ours(client: TestClient) -> None:
    outage = client.post("/api/v1/outages", json={"area": "19.71"}).json()["id"]
    for body in (b"[" * 100_000, b"\xff"):
        assert send(client, body, key="b2", path=f"/api/v1/outages/{outage}/statements").status_code in (400, 422)
    assert send(client, b"[" * 100_000, path=f"/api/v1/outages/{outage}/restored").status_code == 200


def test_a_key_belongs_to_who_sent_it_and_to_one_route(client: TestClient, db: Database) -> None:
    send(client, MATTER)
    assert REPLAYED not in send(client, MATTER, who="cso2").headers
    assert filed(db) == 2
    assert send(client, {"area": "19.71"}, path="/api/v1/outages").status_code == 201


@pytest.mark.parametrize("key", ["a" * 65, "sa\ttu", '"', 'a"b', "kunci\x7f"])
def test_a_key_of_the_wrong_shape_is_refused(client: TestClient, db: Database, key: str) -> None:
    assert send(client, MATTER, key=key).status_code == 422
    assert filed(db) == 0


def test_without_a_key_every_request_is_a_new_one(client: TestClient, db: Database) -> None:
    assert send(client, MATTER, key="").json()["number"] != send(client, MATTER, key="").json()["number"]
    with db.reading() as session:
        assert session.scalars(select(KeptAnswer)).all() == []


def test_a_refused_request_keeps_nothing_and_is_judged_again(client: TestClient, db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session).id
    fault = {"kind": "G", "premises": premises}
    send(client, fault, key="lain")
    assert slug(send(client, fault)) == (409, "report-open")
    with db.transaction() as session:
        session.scalars(select(Report)).one().status = ReportStatus.SELESAI
    assert send(client, fault).status_code == 201
    assert filed(db) == 2


def test_the_second_of_two_at_once_is_told_that_the_first_still_runs(db: Database) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(session: Session) -> dict[str, str]:
        entered.set()
        assert leave.wait(20)
        return {"jawaban": "pertama"}

    def write() -> Writer:
        return Writer(db, NAMED, status=201, now=NOON)

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(lambda: write()(slow))
        until(entered.is_set, 20, "the first request runs")
        with pytest.raises(StillRunning) as told:
            write()(slow)
        leave.set()
        assert first.result(20) == {"jawaban": "pertama"}
    assert (told.value.slug, told.value.status) == ("request-running", 409)
    again: Any = write()(slow)
    assert (again.status_code, again.body) == (201, b'{"jawaban": "pertama"}')


def _customer(session: Session) -> dict[str, int]:
    row = Customer(name="Satu kali")
    session.add(row)
    session.flush()
    return {"id": row.id}


def _of_a_process(url: str, turn: int) -> int:
    db = Database(url)
    answer: Any = Writer(db, NAMED, status=201, now=NOON)(_customer)
    db.dispose()
    return int(answer["id"]) if isinstance(answer, dict) else int(httpx.Response(200, content=answer.body).json()["id"])


def test_web_processes_that_get_the_same_request_have_one_effect_and_one_answer(db: Database) -> None:
    url = db.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        answers = list(processes.map(_of_a_process, [url] * 8, range(8)))
    assert len(set(answers)) == 1
    with db.reading() as session:
        assert session.scalar(select(func.count(Customer.id))) == 1


def test_an_answer_is_kept_for_two_days(db: Database) -> None:
    Writer(db, NAMED, status=200, now=NOON)(_customer)
    with db.transaction() as session:
        assert idempotency.forget(session, now=NOON + KEPT) == 0
    with pytest.raises(KeyReused):
        Writer(db, replace(NAMED, fingerprint="lain"), status=200, now=NOON)(_customer)
    with db.transaction() as session:
        assert idempotency.forget(session, now=NOON + KEPT + timedelta(seconds=1)) == 1
    assert timedelta(hours=24) <= KEPT


def test_old_answers_go_a_few_at_a_time(db: Database) -> None:
    for serial in range(5):
        Writer(db, replace(NAMED, key=f"kunci-{serial}"), status=200, now=NOON)(lambda _: {})
    later = NOON + KEPT + timedelta(seconds=1)
    for expected in (2, 2, 1, 0):
        with db.transaction() as session:
            assert idempotency.forget(session, now=later, most=2) == expected
