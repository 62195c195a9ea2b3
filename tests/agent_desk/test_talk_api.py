"""Hold, consult, transfer and a supervisor's changes over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from agent_desk.permissions import Role, who_may
from router.agents import CsoState
from router.calls import CallState
from router.store.acd import Acd
from tests.fixtures.desk import DeskClient, Web

pytestmark = [pytest.mark.store, pytest.mark.anyio]

CALL = "c0000000000000001"


@pytest.fixture
async def acd(web: Web) -> AsyncIterator[Acd]:
    acd = web.acd()
    yield acd
    await acd.close()


def ask(person: DeskClient, method: str, path: str, body: Any = None, *, key: str = "") -> httpx.Response:
    headers = {"X-CSRF-Token": person.csrf, **({"Idempotency-Key": key} if key else {})}
    return person.http.request(method, f"/api/v1{path}", json=body, headers=headers)


async def talking(web: Web, acd: Acd) -> DeskClient:
    """cso1 talks; cso2 is free."""
    first, second = web.client("cso1"), web.client("cso2")
    first.ready()
    await acd.admit(
        CALL, carrier="twilio", channel="CA1", ani="+628110000001", trunk="jakarta", region="31", dialled="021123",
        menu="m", cmd="a1",
    )  # fmt: skip
    await acd.enqueue(CALL, queue="gangguan", cmd="q1")
    offer = await acd.offer_next()
    assert offer
    await acd.answered(CALL, offer.token)
    second.ready()
    return first


async def test_a_cso_holds_consults_and_hands_over(web: Web, acd: Acd) -> None:
    cso = await talking(web, acd)
    assert ask(cso, "POST", f"/calls/{CALL}/hold").json()["held"] is True
    assert ask(cso, "POST", f"/calls/{CALL}/resume").json()["held"] is False
    early = ask(cso, "POST", f"/calls/{CALL}/complete")
    assert (early.status_code, early.json()["slug"]) == (409, "no-guest")
    asked = ask(cso, "POST", f"/calls/{CALL}/consult", {"cso": "cso2"}, key="k1")
    assert (asked.json()["guest"], asked.json()["guest_state"]) == ("cso2", "offered")
    assert ask(cso, "POST", f"/calls/{CALL}/consult", {"cso": "cso2"}, key="k1").json() == asked.json()
    busy = ask(cso, "POST", f"/calls/{CALL}/consult", {"cso": "cso3"})
    assert busy.json()["slug"] == "consult-running"
    call = await acd.call(CALL)
    assert call
    await acd.guest_answered(CALL, call.guest_token, leg="CA2")
    done = ask(cso, "POST", f"/calls/{CALL}/complete", key="k2")
    assert (done.status_code, done.json()["cso"], done.json()["state"]) == (200, "cso2", "talking")
    assert ask(cso, "POST", f"/calls/{CALL}/complete", key="k2").json() == done.json(), "asked again, in the wrap-up"
    late = ask(cso, "POST", f"/calls/{CALL}/hold")
    assert late.json()["slug"] == "stale-token"
    longer = ask(cso, "POST", "/agents/cso1/wrap-up", {"seconds": 60})
    assert longer.json()["state"] == "wrap_up"
    assert ask(cso, "POST", "/agents/cso2/wrap-up", {"seconds": 60}).json()["slug"] == "not-your-desk"
    assert ask(cso, "POST", "/agents/cso1/wrap-up", {"seconds": 3000}).json()["slug"] == "wrap-up-limit"


async def test_a_consult_is_taken_back(web: Web, acd: Acd) -> None:
    cso = await talking(web, acd)
    ask(cso, "POST", f"/calls/{CALL}/consult", {"cso": "cso2"})
    assert ask(cso, "DELETE", f"/calls/{CALL}/consult").json()["guest"] == ""
    assert ask(cso, "DELETE", f"/calls/{CALL}/consult").status_code == 200
    other = await acd.cso("cso2")
    assert other
    assert other.state is CsoState.READY


async def test_transfer_and_referral(web: Web, acd: Acd) -> None:
    cso = await talking(web, acd)
    assert ask(cso, "POST", f"/calls/{CALL}/transfer", {"cso": "cso9"}).json()["slug"] == "unknown-cso"
    assert ask(cso, "POST", f"/calls/{CALL}/refer", {"partner": "tidak-ada"}).json()["slug"] == "unknown-partner"
    assert ask(cso, "POST", f"/calls/{CALL}/transfer", {}).status_code == 422
    given = ask(cso, "POST", f"/calls/{CALL}/transfer", {"cso": "cso2"}, key="t1")
    assert (given.json()["state"], given.json()["cso"]) == (CallState.OFFERED, "cso2")
    assert ask(cso, "POST", f"/calls/{CALL}/transfer", {"cso": "cso2"}, key="t1").json() == given.json()


async def test_a_call_is_acted_on_by_its_cso_and_by_supervisors_alone(web: Web, acd: Acd) -> None:
    await talking(web, acd)
    other, supervisor = web.client("cso3"), web.client("spv1")
    for verb, body in (("hold", None), ("complete", None), ("transfer", {"cso": "cso3"})):
        answer = ask(other, "POST", f"/calls/{CALL}/{verb}", body)
        assert (answer.status_code, answer.json()["slug"]) == (403, "not-your-call")
    assert ask(other, "DELETE", f"/calls/{CALL}/consult").json()["slug"] == "not-your-call"
    assert ask(supervisor, "POST", f"/calls/{CALL}/hold").json()["held"] is True
    assert ask(supervisor, "POST", "/calls/c0000000000000009/hold").json()["slug"] == "unknown-call"
    call = await acd.call(CALL)
    assert call
    assert call.cso == "cso1"


async def test_a_supervisor_moves_a_cso(web: Web, acd: Acd) -> None:
    await talking(web, acd)
    supervisor = web.client("spv1")
    change = {"state": "paused", "reason": "rapat", "queues": {"darurat": 5}, "skills": {"en": 3}}
    moved = ask(supervisor, "PATCH", "/agents/cso2", change).json()
    assert (moved["state"], moved["reason"], moved["levels"], moved["skills"]) == (
        "paused", "rapat", {"darurat": 5}, {"en": 3},
    )  # fmt: skip
    assert ask(supervisor, "PATCH", "/agents/cso1", {"state": "logged_out"}).json()["next"] == "logged_out"
    listed = {agent["id"]: agent for agent in ask(supervisor, "GET", "/agents").json()}
    assert (listed["cso2"]["queues"], listed["cso1"]["state"]) == (["darurat"], "talking")
    for body, status, slug in (
        ({"queues": {"tidak-ada": 3}}, 404, "unknown-queue"),
        ({"queues": {"gangguan:5 keluhan": 3}}, 404, "unknown-queue"),
        ({"queues": {"darurat": 6}}, 422, "unknown-level"), ({"skills": {"EN": 3}}, 422, "unknown-skill"),
        ({"state": "talking"}, 422, "invalid"), ({"kata": 1}, 422, "invalid"),
    ):  # fmt: skip
        answer = ask(supervisor, "PATCH", "/agents/cso2", body)
        assert (answer.status_code, answer.json()["slug"]) == (status, slug), body
    assert ask(supervisor, "PATCH", "/agents/cso99", {}).json()["slug"] == "unknown-cso"


def test_who_may() -> None:
    assert who_may("PATCH", "/api/v1/agents/cso1") == {Role.SUPERVISOR}
    for verb in ("hold", "resume", "consult", "complete", "transfer", "refer"):
        assert who_may("POST", f"/api/v1/calls/{CALL}/{verb}") == {Role.CSO, Role.SUPERVISOR}


async def test_a_caller_is_passed_on_to_a_queue_with_the_score(web: Web, acd: Acd) -> None:
    cso = await talking(web, acd)
    before = await acd.call(CALL)
    assert before
    path = f"/calls/{CALL}/transfer"
    assert ask(cso, "POST", path, {"queue": "tidak-ada"}).json()["slug"] == "unknown-queue"
    assert ask(cso, "POST", path, {"queue": "keluhan", "cso": "cso2"}).status_code == 422
    assert ask(web.client("cso3"), "POST", path, {"queue": "keluhan"}).json()["slug"] == "not-your-call"
    given = ask(cso, "POST", path, {"queue": "keluhan"}, key="q1")
    assert (given.json()["state"], given.json()["queue"], given.json()["cso"]) == ("waiting", "keluhan", "")
    assert ask(cso, "POST", path, {"queue": "keluhan"}, key="q1").json() == given.json()
    after = await acd.call(CALL)
    assert after
    assert after.score == before.score
    assert cso.state()["state"] == "wrap_up"
    late = ask(cso, "POST", path, {"queue": "gangguan"}, key="q2")
    assert (late.status_code, late.json()["slug"]) == (409, "stale-token"), "it is nobody's call to pass on any more"
    moved = ask(web.client("spv1"), "POST", path, {"queue": "gangguan"})
    assert moved.json()["queue"] == "gangguan", "a supervisor puts a waiting caller into another queue"
