"""What a browser or a program can send that no form of ours would."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from agent_desk.shield import MOST_BYTES
from tests.fixtures.desk import Web

pytestmark = pytest.mark.store

HUGE = "9" * 30


@pytest.mark.parametrize(
    "path",
    [f"/meja/panggilan/tanpa?persil={HUGE}", f"/meja/tracking/{HUGE}", "/meja/panggilan/tanpa?persil=-1"],
)
def test_a_number_no_row_can_have_is_wrong_input(web: Web, path: str) -> None:
    answer = web.client("cso1").http.get(path)
    assert (answer.status_code, answer.json()["slug"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("login", "path", "form"),
    [
        ("", "/masuk", {"username": "cso1\0", "password": "x"}),
        ("regu1", "/regu/1/langkah", {"langkah": "accept", "catatan": "nol \0"}),
        ("cso1", "/meja/laporan", {"kunci": "kunci-nol", "area": "31.71.06", "keterangan": "nol \0"}),
    ],
)
def test_the_zero_character_is_wrong_input(web: Web, login: str, path: str, form: dict[str, Any]) -> None:
    client = web.client(login)
    if not login:
        client.csrf = token(client.page("/masuk").text)
    answer = client.post(path, **form)
    assert (answer.status_code, answer.json()["slug"]) == (422, "invalid")


def test_a_missing_page_does_not_spoil_the_form_that_is_open(web: Web) -> None:
    visitor = web.client()
    csrf = token(visitor.page("/masuk").text)
    assert visitor.page("/apple-touch-icon.png").status_code == 404  # browsers ask by themselves
    form = {"username": "spv1", "password": web.logins["spv1"], "csrf": csrf}
    assert visitor.http.post("/masuk", data=form).status_code == 303


@pytest.mark.parametrize("told", [True, False])
def test_a_body_without_end_is_refused_before_it_is_read(web: Web, told: bool) -> None:
    piece = b"a" * 65536
    pieces = MOST_BYTES // len(piece) + 2
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if told:
        headers["Content-Length"] = str(len(piece) * pieces)
    body = (piece for _ in range(pieces))
    answer = httpx.post(f"{web.base_url}/lacak", content=body, headers=headers)
    assert (answer.status_code, answer.json()["slug"]) == (413, "content-too-large")


@pytest.mark.parametrize(
    ("line", "body", "status", "slug"),
    [
        ("POST /api/v1/reports", b"{", 422, "invalid"),
        ("POST /api/v1/reports", b"\xff\xfe", 422, "invalid"),
        ("POST /api/v1/reports", b"[]", 422, "invalid"),
        ("GET /api/v1/reports/54999", None, 422, "invalid"),
        ("GET /api/v1/calls/%00", None, 404, "unknown-call"),
        ("GET /api/v1/calls/x%3Fy", None, 404, "unknown-call"),
        ("POST /api/v1/work-orders/1/menari", None, 422, "invalid"),
        ("PATCH /api/v1/reports", b"{}", 405, "method-not-allowed"),
        ("GET /api/v1/", None, 404, "not-found"),
        ("GET /static/%2e%2e/app.py", None, 404, "not-found"),
    ],
)
def test_every_fault_is_a_problem_document(web: Web, line: str, body: bytes | None, status: int, slug: str) -> None:
    method, path = line.split(" ")
    headers = {"X-API-Key": web.api_key, "Content-Type": "application/json"}
    answer = httpx.request(method, web.base_url + path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["slug"]) == (status, slug), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_names_and_statements_are_text_on_every_page(web: Web) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    supervisor, cso = web.client("spv1"), web.client("cso1")
    outage = supervisor.post("/papan/padam", area="31.74.01", sebab=hostile[:100]).json()["outage"]
    supervisor.post(f"/papan/padam/{outage}/pernyataan", teks=hostile)
    cso.report(area="31.71.06", keterangan=hostile)
    crew = web.client("regu1")
    for client, path in ((supervisor, "/papan"), (cso, "/meja"), (cso, "/meja/pernyataan"), (crew, "/regu")):
        page = client.page(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path


def token(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found
    return found[1]
