"""Logging in, staying logged in, and who may open what."""

from __future__ import annotations

import re

import httpx
import pytest

from agent_desk import accounts
from agent_desk.permissions import ANYONE, HOME, Role, who_may
from tests.agent_desk.routes import every_route
from tests.fixtures.desk import DeskClient, Web

pytestmark = pytest.mark.store


def test_every_role_comes_to_its_own_page(web: Web) -> None:
    homes = {"cso1": "/meja", "spv1": "/papan", "dir1": "/papan", "op1": "/papan", "regu1": "/regu", "eng1": "/papan"}
    for login, home in homes.items():
        answer = web.client().login(login, web.logins[login])
        assert (answer.status_code, answer.headers["location"]) == (303, home), login


def test_wrong_name_and_wrong_password_look_the_same(web: Web) -> None:
    texts = []
    for login in ("cso1", "siapa-saja"):
        answer = web.client().login(login, "bukan-ini")
        assert answer.status_code == 401
        assert "suar" not in answer.cookies
        texts.append(re.sub(r'value="[^"]*"|content="[^"]*"|X-CSRF-Token":"[^"]*"', "", answer.text))
    assert texts[0] == texts[1]


def test_five_failures_bring_a_pause_even_for_the_right_password(web: Web) -> None:
    client = web.client()
    lefts = [client.login("cso2", "salah").text for _ in range(5)]
    assert "Tersisa 4 percobaan" in lefts[0]
    refused = client.login("cso2", web.logins["cso2"])
    assert refused.status_code == 429
    assert "Bisa dicoba lagi pukul" in refused.text
    assert web.client().login("cso3", web.logins["cso3"]).status_code == 303  # nobody else is held up


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(web: Web) -> None:
    answer = web.client().login("spv1", web.logins["spv1"])
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("suar="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_form_without_the_token_is_refused(web: Web) -> None:
    client = web.client("cso1")
    for headers in ({}, {"X-CSRF-Token": "tebakan"}):
        answer = client.http.post("/meja/keadaan", data={"keadaan": "siap"}, headers=headers)
        assert (answer.status_code, answer.json()["slug"]) == (403, "csrf")
    assert client.state()["state"] == "paused"
    assert web.client().http.post("/masuk", data={"username": "cso1", "password": "x"}).status_code == 403
    assert client.http.post("/meja/keadaan", data={"keadaan": "siap", "csrf": client.csrf}).status_code == 200


def test_a_revoked_login_is_over_everywhere(web: Web) -> None:
    client, other = web.client("spv1"), web.client("spv1")
    with web.db.transaction() as session:
        accounts.revoke_all(session, "spv1")
    for one in (client, other):
        assert one.http.get("/papan/angka").status_code == 401
        assert one.page("/papan").headers["location"].startswith("/masuk")


def test_leaving_takes_a_cso_out_of_the_queues(web: Web) -> None:
    client = web.client("cso1")
    client.ready()
    assert client.post("/keluar").status_code == 303
    assert client.http.get("/meja/keadaan").status_code == 401
    again = web.client("cso1")
    assert again.state()["state"] == "paused"


def test_after_login_only_a_page_of_ours_that_the_role_may_see(web: Web) -> None:
    for target, lands in (("/papan", "/papan"), ("/meja", "/papan"), ("https://lain.example/", "/papan")):
        client = web.client()
        page = client.page(f"/masuk?ke={target}")
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert token
        form = {"username": "spv1", "password": web.logins["spv1"], "ke": target, "csrf": token[1]}
        assert client.http.post("/masuk", data=form).headers["location"] == lands


def test_every_route_and_every_role(web: Web) -> None:
    """The table is the truth: what it allows is never 401 or 403 for want of a role, what it forbids always is."""
    logins = {"cso4": Role.CSO, "spv1": Role.SUPERVISOR, "dir1": Role.DIRECTOR, "op1": Role.OPERATOR}
    logins |= {"regu1": Role.CREW, "mitra1": Role.PARTNER, "eng1": Role.ENGINEER}
    people: dict[str, DeskClient] = {role: web.client(login) for login, role in logins.items()}
    people[ANYONE] = web.client()
    routes = [route for route in every_route(web.app) if not route[1].endswith("/aliran")]
    assert len(routes) > 25
    for method, path in routes:
        roles = who_may(method, path)
        assert roles, f"{method} {path} is missing in agent_desk/permissions.py"
        if path in ("/masuk", "/keluar") or path.startswith(("/telepon", "/twilio")):
            continue  # they change the login under test, or are decided elsewhere
        for role, person in people.items():
            answer = _ask(person, method, path)
            refused = answer.status_code in (401, 403) and answer.json().get("slug") in ("not-logged-in", "forbidden")
            assert refused == (role not in roles), f"{role} {method} {path}: {answer.status_code}"


def _ask(person: DeskClient, method: str, path: str) -> httpx.Response:
    return person.http.request(method, path, headers={"X-CSRF-Token": person.csrf, "Accept": "application/json"})


def test_every_role_has_a_home_it_may_see() -> None:
    assert all(role in who_may("GET", HOME[role]) for role in Role)


def test_an_api_key_opens_the_api_without_a_form_token(web: Web) -> None:
    bare = httpx.Client(base_url=web.base_url)
    assert bare.get("/api/v1/queues").status_code == 401
    for headers in ({"X-API-Key": web.api_key}, {"Authorization": f"Bearer {web.api_key}"}):
        answer = bare.get("/api/v1/queues", headers=headers)
        assert answer.status_code == 200
        assert {queue["name"] for queue in answer.json()} >= {"gangguan", "darurat"}
    wrong = bare.get("/api/v1/queues", headers={"X-API-Key": "bukan"})
    assert (wrong.status_code, wrong.headers["content-type"]) == (401, "application/problem+json")
