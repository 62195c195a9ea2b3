"""Keys of programs: what they open, whom they act as, how often they may ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from agent_desk import keys
from agent_desk.keys import WantedKey
from agent_desk.models import Account, ApiKey
from agent_desk.permissions import EVERY_SCOPE, FOR_APPLICATIONS, TABLE, Scope, rule_of
from config.clock import SystemClock
from config.errors import Problem
from router.store.limits import Limits
from tests.agent_desk.routes import every_route
from tests.fixtures.desk import Web
from tests.fixtures.wait import until

pytestmark = pytest.mark.store

MOBILE = WantedKey("aplikasi", (Scope.REPORTS_CREATE,), owner="Tim aplikasi")
MATTER = {"kind": "K", "area": "31.71.06"}


def program(web: Web, wanted: WantedKey) -> httpx.Client:
    """A program with a new key."""
    with web.db.transaction() as session:
        key = keys.create(session, wanted, now=SystemClock().now())
    client = httpx.Client(base_url=web.base_url, headers={"X-API-Key": key})
    web.clients.append(client)  # type: ignore[arg-type] - closed with the others
    return client


def told(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, slug and the scope that was missing."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["slug"], answer.json().get("scope")


def test_an_application_may_what_its_scopes_say_and_nothing_else(web: Web) -> None:
    app = program(web, replace(MOBILE, scopes=(Scope.REPORTS_CREATE, Scope.OUTAGES_READ)))
    assert app.get("/api/v1/outages").status_code == 200
    assert app.get("/api/v1/openapi.json").status_code == 200
    assert told(app.get("/api/v1/reports")) == (403, "scope-missing", "reports:read")
    assert told(app.post("/api/v1/outages", json={"area": "19.71"})) == (403, "scope-missing", "outages:write")
    assert told(app.get("/api/v1/tidak-ada"))[:2] == (404, "not-found")


def test_a_key_of_an_account_may_no_more_than_the_account_and_its_scopes(web: Web) -> None:
    reader = program(web, WantedKey("pembaca", (Scope.OUTAGES_READ,), account="spv1"))
    assert reader.get("/api/v1/outages").status_code == 200
    assert told(reader.post("/api/v1/outages/1/statements", json={})) == (403, "scope-missing", "outages:write")
    cso = program(web, WantedKey("meja", (EVERY_SCOPE,), account="cso1"))
    assert cso.get("/api/v1/customers?q=Gantari").status_code == 200
    assert told(cso.post("/api/v1/outages/1/statements", json={})) == (403, "forbidden", None)


def test_keys_are_for_the_api_and_open_no_page(web: Web) -> None:
    for wanted in (MOBILE, WantedKey("semua", (EVERY_SCOPE,), account="spv1")):
        client = program(web, wanted)
        assert client.get("/papan", headers={"Accept": "text/html"}).headers["location"] == "/masuk?ke=/papan"
        assert client.get("/", headers={"Accept": "text/html"}).headers["location"] == "/masuk"


def test_a_revoked_key_and_the_key_of_a_closed_account_open_nothing(web: Web) -> None:
    app, staff = program(web, MOBILE), program(web, WantedKey("semua", (EVERY_SCOPE,), account="op1"))
    assert app.post("/api/v1/reports", json={}).status_code == 422
    assert staff.get("/api/v1/queues").status_code == 200
    with web.db.transaction() as session:
        keys.revoke(session, "aplikasi", now=SystemClock().now())
        session.execute(update(Account).where(Account.login == "op1").values(active=False))
    for client in (app, staff):
        assert told(client.get("/api/v1/queues"))[:2] == (401, "not-logged-in")


def test_when_a_key_was_used_is_known_to_the_minute(web: Web) -> None:
    app, now = program(web, MOBILE), SystemClock().now()
    app.post("/api/v1/reports", json={})

    def used() -> Any:
        with web.db.reading() as session:
            return session.scalar(select(ApiKey.last_used_at).where(ApiKey.name == "aplikasi"))

    first = used()
    assert abs(first - now) < timedelta(minutes=1)
    app.post("/api/v1/reports", json={})
    assert used() == first
    with web.db.transaction() as session:
        keys.used(session, "aplikasi", now=first + keys.USED_EVERY)
    assert used() == first + keys.USED_EVERY


def test_a_program_that_asks_too_often_is_told_when_to_come_again(web: Web) -> None:
    eager, other = program(web, replace(MOBILE, per_minute=2)), program(web, replace(MOBILE, name="lain"))
    first = eager.post("/api/v1/reports", json={})
    assert first.headers["RateLimit-Policy"] == '"key";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"key";r=1;t=')
    eager.get("/api/v1/reports")
    refused = eager.post("/api/v1/reports", json=MATTER)
    assert told(refused)[:2] == (429, "rate-limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert other.post("/api/v1/reports", json={}).status_code == 422
    metrics = web.client().http.get("/metrics").text
    assert 'key="aplikasi",outcome="limited"' in metrics


def test_reports_are_taken_while_the_store_is_away_and_that_is_counted(web: Web, tmp_path: Path) -> None:
    web.app.state.limits = Limits(f"unix://{tmp_path}/nobody.sock", "main")
    eager = program(web, replace(MOBILE, name="giat", per_minute=1))
    for _ in range(3):
        answer = eager.post("/api/v1/reports", json={})
        assert (answer.status_code, "RateLimit" in answer.headers) == (422, False)
    metrics = until(lambda: web.client().http.get("/metrics").text, 10)
    (line,) = [one for one in metrics.splitlines() if 'key="giat",outcome="unmeasured"' in one and "_total{" in one]
    assert line.endswith(" 3.0")


@pytest.mark.parametrize(
    ("wanted", "slug"),
    [
        (replace(MOBILE, name="Aplikasi!"), "bad-name"),
        (replace(MOBILE, name="demo"), "name-taken"),
        (replace(MOBILE, scopes=()), "unknown-scope"),
        (replace(MOBILE, scopes=("reports:delete",)), "unknown-scope"),
        (replace(MOBILE, scopes=(EVERY_SCOPE,)), "unknown-scope"),
        (replace(MOBILE, scopes=(Scope.CUSTOMERS_READ,)), "unknown-scope"),
        (replace(MOBILE, owner=" "), "owner-missing"),
        (replace(MOBILE, account="siapa"), "unknown-account"),
        (replace(MOBILE, channel="merpati"), "unknown-channel"),
        (replace(MOBILE, per_minute=0), "bad-limit"),
        (replace(MOBILE, per_minute=1_000_001), "bad-limit"),
    ],
)
def test_a_key_that_cannot_be_is_refused_and_changes_nothing(web: Web, wanted: WantedKey, slug: str) -> None:
    with web.db.reading() as session:
        before = session.scalar(select(func.count(ApiKey.id)))
    with pytest.raises(Problem) as fault, web.db.transaction() as session:
        keys.create(session, wanted, now=SystemClock().now())
    assert fault.value.slug == slug
    with web.db.reading() as session:
        assert session.scalar(select(func.count(ApiKey.id))) == before


def test_only_the_hash_of_a_key_is_kept(web: Web) -> None:
    with web.db.transaction() as session:
        key = keys.create(session, MOBILE, now=SystemClock().now())
    with web.db.reading() as session:
        row = session.scalars(select(ApiKey).where(ApiKey.name == "aplikasi")).one()
    assert key.startswith(keys.PREFIX)
    assert key not in str(vars(row))


def test_every_route_of_the_api_has_a_scope_and_every_scope_a_route(web: Web) -> None:
    routes = [(method, path) for method, path in every_route(web.app) if path.startswith("/api/v1/")]
    named = {route: rule_of(*route).scope for route in routes if route[1] != "/api/v1/openapi.json"}
    assert [route for route, scope in named.items() if not scope] == []
    assert {rule.scope for rule in TABLE if rule.scope} == set(Scope)
    assert set(Scope) > FOR_APPLICATIONS


def test_the_description_says_which_scope_a_request_needs(web: Web) -> None:
    paths = httpx.get(f"{web.base_url}/api/v1/openapi.json").json()["paths"]
    rate, read = paths["/api/v1/reports/{number}/rating"]["post"], paths["/api/v1/customers"]["get"]
    assert rate["security"] == [{"key": ["reports:rate"]}, {"bearer": ["reports:rate"]}, {"session": []}]
    assert rate["description"].endswith("Scope: `reports:rate`, applications too.")
    assert read["security"][0] == {"key": ["customers:read"]}
    assert read["description"].endswith("Roles: cso, operator, supervisor. Scope: `customers:read`.")
