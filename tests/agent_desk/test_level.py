"""The surge level by hand: from the board and over the API, with a reason, by supervisors only, in the log."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from router.history.follower import Follower
from tests.fixtures.desk import Web

pytestmark = pytest.mark.store


def ask(web: Web, method: str, path: str, **json: Any) -> httpx.Response:
    """As a supervisor's program."""
    return httpx.request(method, web.base_url + path, headers={"X-API-Key": web.api_key}, json=json or None)


def test_a_level_by_hand_is_set_read_and_released(web: Web) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    answer = ask(web, "PUT", "/api/v1/level", level=3, reason="gardu induk padam", until=until.isoformat())
    assert answer.status_code == 200, answer.text
    view = ask(web, "GET", "/api/v1/level").json()
    assert (view["level"], view["automatic"]) == (3, 0)
    assert (view["override"]["reason"], view["override"]["by"]) == ("gardu induk padam", "spv1")
    assert datetime.fromisoformat(view["override"]["until"]) == until
    released = ask(web, "DELETE", "/api/v1/level/override?reason=listrik+kembali").json()
    assert (released["level"], released["override"]) == (0, None)


@pytest.mark.parametrize(
    ("slug", "body"),
    [
        ("level-range", {"level": 5, "reason": "uji"}),
        ("level-range", {"level": -1, "reason": "uji"}),
        ("reason-missing", {"level": 2, "reason": " "}),
        ("until-past", {"level": 2, "reason": "uji", "until": "2019-08-04T12:00:00Z"}),
        ("invalid", {"level": "dua", "reason": "uji"}),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(web: Web, slug: str, body: dict[str, Any]) -> None:
    answer = ask(web, "PUT", "/api/v1/level", **body)
    assert (answer.status_code, answer.json()["slug"]) == (422, slug)
    assert ask(web, "GET", "/api/v1/level").json()["override"] is None


def test_a_release_needs_a_reason(web: Web) -> None:
    assert ask(web, "DELETE", "/api/v1/level/override").json()["slug"] == "reason-missing"


def test_a_gap_by_hand(web: Web) -> None:
    body = {"per_s": 2.5, "burst": 10, "reason": "banjir panggilan"}
    (gap,) = ask(web, "PUT", "/api/v1/gaps/31.74", **body).json()["gaps"]
    assert (gap["area"], gap["per_s"], gap["burst"], gap["by"]) == ("31.74", 2.5, 10, "spv1")
    assert ask(web, "PUT", "/api/v1/gaps/31.74", per_s=0, reason="selesai").json()["gaps"] == []
    for area in ("77", "31.7", "jakarta"):
        answer = ask(web, "PUT", f"/api/v1/gaps/{area}", **body)
        assert (answer.status_code, answer.json()["slug"]) == (404, "unknown-area")
    assert ask(web, "PUT", "/api/v1/gaps/31", per_s=-1, reason="uji").json()["slug"] == "rate-range"


def test_who_did_what_and_why_is_in_the_log(web: Web) -> None:
    ask(web, "PUT", "/api/v1/level", level=2, reason="latihan")
    ask(web, "PUT", "/api/v1/gaps/31", per_s=1, burst=1, reason="latihan juga")
    ask(web, "DELETE", "/api/v1/level/override?reason=latihan+selesai")
    asyncio.run(_history(web))
    log = ask(web, "GET", "/api/v1/level/log").json()
    assert [(one["event"], one["level"], one["area"], one["reason"], one["by"]) for one in log[:3]] == [
        ("level", 0, None, "latihan selesai", "spv1"),
        ("gap", None, "31", "latihan juga", "spv1"),
        ("level", 2, None, "latihan", "spv1"),
    ]
    assert [one["hand"] for one in log[:3]] == [False, True, True]
    assert len(ask(web, "GET", "/api/v1/level/log?limit=1").json()) == 1


async def _history(web: Web) -> None:
    acd = web.acd()
    follower = Follower(acd, web.db)
    while await follower.once():
        pass
    await acd.close()


def test_the_board_has_a_small_form_for_supervisors_alone(web: Web) -> None:
    supervisor, operator = web.client("spv1"), web.client("op1")
    assert "Pasang tingkat" in supervisor.page("/papan").text
    assert "Pasang tingkat" not in operator.page("/papan").text
    assert operator.post("/papan/tingkat", tingkat="3", alasan="uji").status_code == 403
    assert supervisor.post("/papan/tingkat", tingkat="3", alasan="").json()["slug"] == "reason-missing"
    assert supervisor.post("/papan/tingkat", tingkat="7", alasan="uji").status_code == 422
    assert supervisor.post("/papan/tingkat", tingkat="3", alasan="gardu padam", menit="30").json() == {"level": 3}
    page = supervisor.page("/papan").text
    assert "gardu padam" in page
    assert "3 · Genting" in page
    assert supervisor.post("/papan/tingkat", tingkat="otomatis", alasan="pulih").json() == {"level": 0}
