"""Errors without tracebacks, health, headers, the crew's and the customer's pages."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select, update

from tests.fixtures.desk import Web
from tests.fixtures.wait import until
from tickets.models import Crew, Premises, Report

pytestmark = pytest.mark.store


def test_errors_are_problem_documents_for_programs_and_sentences_for_people(web: Web) -> None:
    key = {"X-API-Key": web.api_key}
    cases = [
        ("GET", "/api/v1/tidak-ada", 404, "not-found"),
        ("DELETE", "/api/v1/queues", 405, "method-not-allowed"),
        ("POST", "/api/v1/reports", 422, "invalid"),
        ("GET", "/api/v1/calls/c0000000000000000", 404, "unknown-call"),
    ]
    for method, path, status, slug in cases:
        answer = httpx.request(method, web.base_url + path, headers=key)
        assert (answer.status_code, answer.json()["slug"]) == (status, slug), path
        assert answer.headers["content-type"] == "application/problem+json"
    person = web.client("spv1")
    for path in ("/tidak-ada", "/papan/tidak-ada", "/meja"):
        page = person.page(path)
        assert page.status_code in (403, 404)
        assert "Ke halaman awal" in page.text


def test_a_fault_of_ours_is_a_polite_page_and_a_log_without_its_words(
    web: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    words = "".join(["0812", "3456", "7890"])  # whole only in the exception's text

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(words)

    person = web.client("spv1")
    monkeypatch.setattr("agent_desk.board.board_view", broken)
    page, answer = person.page("/papan"), person.http.get("/papan/angka")
    assert (page.status_code, answer.status_code) == (500, 500)
    assert "Ada kesalahan di pihak kami" in page.text
    assert answer.json()["slug"] == "internal-error"
    assert "RuntimeError at GET /papan" in caplog.text
    assert words not in page.text + answer.text + caplog.text
    assert "Traceback" not in page.text + answer.text


def test_health_and_metrics(web: Web) -> None:
    client = web.client()
    assert client.http.get("/livez").json() == {"status": "ok"}
    assert until(lambda: client.http.get("/readyz").status_code == 200, 10)
    text = client.http.get("/metrics").text
    for name in (
        "suar_queue_callers{",
        'suar_csos{state="ready"}',
        "suar_lines_in_use",
        "suar_sse_clients",
        "suar_calls_total{",
        "suar_estimate_mae_seconds",
        "suar_estimate_coverage",
        "suar_promises_broken_share",
    ):
        assert name in text


def test_the_policy_allows_nothing_from_elsewhere(web: Web) -> None:
    page = web.client().page("/masuk")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert " style=" not in page.text
    sheet = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in web.client().http.get(sheet).headers["cache-control"]


def test_no_page_of_ours_holds_inline_style_or_script(web: Web) -> None:
    for login, path in (("cso1", "/meja"), ("spv1", "/papan"), ("regu1", "/regu"), ("", "/lacak"), ("", "/telepon")):
        text = web.client(login).page(path).text
        assert " style=" not in text, path
        assert " onclick=" not in text, path


def test_a_crew_moves_its_own_order_step_by_step(web: Web) -> None:
    cso, crew = web.client("cso1"), web.client("regu1")
    with web.db.reading() as session:
        premises = session.scalars(select(Premises.id).where(Premises.area == "31.71.06").limit(1)).one()
    saved = cso.report(persil=premises, keterangan="Gelap sejak magrib")
    assert "Gelap sejak magrib" in crew.page("/regu").text
    order = int(crew.page("/regu").text.partition('action="/regu/')[2].partition("/")[0])
    for step in ("accept", "depart", "arrive", "start", "power_on", "complete"):
        answer = crew.post(f"/regu/{order}/langkah", langkah=step)
        assert answer.status_code == 200, (step, answer.text)
    assert crew.post(f"/regu/{order}/langkah", langkah="arrive").json()["slug"] == "illegal-move"
    assert crew.post(f"/regu/{order}/langkah", langkah="terbang").json()["slug"] == "unknown-step"
    assert "Selesai" in cso.page(f"/meja/tracking/{saved['report']}").text


def test_tracking_tells_the_state_and_nothing_else(web: Web) -> None:
    cso = web.client("cso1")
    with web.db.reading() as session:
        premises = session.scalars(select(Premises).where(Premises.area == "31.71.06").limit(1)).one()
        idpel, meter = premises.idpel, premises.meter
    number = cso.report(persil=premises.id)["number"]
    anyone = web.client()
    page = anyone.page("/lacak")
    anyone.csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]

    def ask(place: str | None, report: str) -> httpx.Response:
        return anyone.post("/lacak", pelanggan=place, nomor=report)

    for place in (idpel, meter):
        shown = ask(place, number)
        assert shown.status_code == 200
        assert "Perjalanan laporan" in shown.text
        assert premises.address not in shown.text
    wrong = [ask(idpel, "54999999999"), ask("111111111111", number)]
    texts = {w.text.replace("54999999999", "").replace(number, "").replace(idpel, "").replace("1" * 12, "")
             .replace("Tersisa 4", "").replace("Tersisa 3", "") for w in wrong}  # fmt: skip
    assert len(texts) == 1
    assert {w.status_code for w in wrong} == {404}
    for _ in range(3):
        ask(idpel, "54999999999")
    assert ask(idpel, number).status_code == 429


def test_knowing_one_pair_buys_no_further_attempts(web: Web) -> None:
    with web.db.reading() as session:
        number, idpel = session.execute(
            select(Report.number, Premises.idpel).join(Premises, Premises.id == Report.premises_id).limit(1)
        ).one()
    anyone = web.client()
    anyone.csrf = anyone.page("/lacak").text.partition('name="csrf" value="')[2].partition('"')[0]
    answers = []
    for guess in range(8):
        answers.append(anyone.post("/lacak", pelanggan=idpel, nomor=f"5400000000{guess}").status_code)
        anyone.post("/lacak", pelanggan=idpel, nomor=number)
    assert answers == [404] * 5 + [429] * 3


def test_the_tracking_of_another_customer_is_not_found(web: Web) -> None:
    with web.db.reading() as session:
        report = session.scalars(select(Report).limit(1)).one()
    anyone = web.client()
    anyone.csrf = anyone.page("/lacak").text.partition('name="csrf" value="')[2].partition('"')[0]
    assert anyone.post("/lacak", pelanggan="123456789012", nomor=report.number).status_code == 404


def test_a_crew_account_without_a_crew_moves_nothing(web: Web) -> None:
    crew = web.client("regu1")
    with web.db.transaction() as session:
        session.execute(update(Crew).values(login=None))
    assert "Regu belum diatur" in crew.page("/regu").text
    answer = crew.post("/regu/1/langkah", langkah="accept")
    assert (answer.status_code, answer.json()["slug"]) == (403, "no-crew")


def test_an_operator_sees_statements_and_writes_none(web: Web) -> None:
    operator, supervisor = web.client("op1"), web.client("spv1")
    assert "Setujui dan terbitkan" in supervisor.page("/papan").text
    page = operator.page("/papan").text
    assert "Setujui dan terbitkan" not in page
    assert "Sudah nyala" in page
    assert "Catat padam" in page
    answer = operator.post("/papan/padam/1/pernyataan", teks="Segera menyala.")
    assert (answer.status_code, answer.json()["slug"]) == (403, "forbidden")
