"""Which calls gave up? A list and a table of calls that are over, by outcome, queue and time."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent_desk import words
from router.calls import Outcome
from router.history.models import CallRecord
from tests.fixtures.desk import DeskClient, Web

pytestmark = pytest.mark.store

NUMBER = "+6281200004417"


def ended(web: Web, *, pool: str = "", minutes_ago: float = 5, **fields: Any) -> str:
    """A record of the history: in line a minute after the arrival, over a minute later."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    values: dict[str, Any] = {
        "id": f"c{len(fields)}{int(minutes_ago * 1000):010}", "carrier": "asterisk", "ani": NUMBER, "queue": "gangguan",
        "outcome": "abandoned", "arrived_at": at, "queued_at": at + timedelta(seconds=60),
        "ended_at": at + timedelta(seconds=120),
    } | fields  # fmt: skip
    with web.db.transaction() as session:
        session.add(CallRecord(pool=pool or web.store.pool, **values))
    return str(values["id"])


def listed(person: DeskClient, **asked: Any) -> list[dict[str, Any]]:
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    answer = person.http.get("/api/v1/calls", params={"since": since, **asked})
    found: list[dict[str, Any]] = answer.raise_for_status().json()
    return found


def test_those_who_gave_up_newest_first(web: Web) -> None:
    older, newer = ended(web, minutes_ago=9), ended(web, minutes_ago=3)
    ended(web, minutes_ago=4, outcome="answered", answered_at=datetime.now(UTC))
    ended(web, minutes_ago=5, outcome="")  # still on the line
    ended(web, minutes_ago=6, pool="timur")
    spv = web.client("spv1")
    found = listed(spv, outcome="abandoned")
    assert [one["id"] for one in found] == [newer, older]
    assert (found[0]["outcome"], found[0]["queue"], found[0]["waited_s"]) == ("abandoned", "gangguan", 60.0)
    assert len(listed(spv)) == 3, "every outcome, not the live ones, not another pool's"
    assert len(listed(spv, outcome=["abandoned", "answered"])) == 3
    assert [one["id"] for one in listed(spv, outcome="abandoned", limit=1, offset=1)] == [older]


def test_by_queue_and_time(web: Web) -> None:
    here = ended(web, minutes_ago=30, queue="keluhan")
    ended(web, minutes_ago=5)
    spv = web.client("spv1")
    assert [one["id"] for one in listed(spv, queue="keluhan")] == [here]
    ago = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
    assert [one["queue"] for one in listed(spv, since=ago)] == ["gangguan"]
    assert [one["id"] for one in listed(spv, until=ago)] == [here]
    get = spv.http.get
    assert get("/api/v1/calls", params={"queue": "x"}).json()["slug"] == "unknown-queue"
    assert get("/api/v1/calls", params={"since": "2026-08-04T12:00:00"}).json()["slug"] == "zone-missing"
    assert get("/api/v1/calls", params={"outcome": "x"}).status_code == 422


def test_without_a_time_it_is_today_by_the_clock_of_the_region(web: Web) -> None:
    ended(web, minutes_ago=60 * 25)
    assert web.client("spv1").http.get("/api/v1/calls").json() == []


def test_a_call_that_was_never_in_line_waited_nothing(web: Web) -> None:
    ended(web, outcome="refused", queue="", queued_at=None)
    (one,) = listed(web.client("spv1"), outcome="refused")
    assert one["waited_s"] is None


def test_numbers_are_covered_unless_who_may_call_back_asks_for_them(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    ended(web)
    ended(web, minutes_ago=6, ani="")
    ended(web, minutes_ago=7, callback=True, callback_number="+6281200001111")
    spv = web.client("spv1")
    assert [one["number"] for one in listed(spv)] == ["••••4417", "", "••••1111"]
    caplog.set_level("INFO")
    assert [one["number"] for one in listed(spv, numbers="whole")] == [NUMBER, "", "+6281200001111"]
    assert "whole numbers was read by spv1" in caplog.text
    assert NUMBER not in caplog.text
    assert listed(web.client("op1"), numbers="whole")[0]["number"] == NUMBER
    for login in ("dir1", "eng1"):
        person = web.client(login)
        assert listed(person)[0]["number"] == "••••4417"
        refused = person.http.get("/api/v1/calls", params={"numbers": "whole"})
        assert (refused.status_code, refused.json()["slug"]) == (403, "numbers-covered")
    assert web.client("cso1").http.get("/api/v1/calls").status_code == 403


def test_as_a_table(web: Web) -> None:
    call = ended(web, reason="=1+1")
    spv = web.client("spv1")
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    answer = spv.http.get("/api/v1/calls", params={"since": since, "format": "csv", "numbers": "whole"})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["id"], row["outcome"], row["waited_s"]) == (call, "abandoned", "60.0")
    assert row["reason"] == "'=1+1", "no formula in a table program"
    assert row["number"] == "'" + NUMBER


def test_the_board_leads_there(web: Web) -> None:
    call = ended(web)
    ended(web, minutes_ago=7, outcome="announced", ani="+6281200009999")
    spv = web.client("spv1")
    assert 'href="/papan/panggilan"' in spv.page("/papan").text
    page = spv.page("/papan/panggilan?sejak=minggu").text
    assert "Menutup saat antre" in page
    assert "••••4417" in page
    assert "••••9999" not in page, "those who gave up, as long as nothing else is chosen"
    assert NUMBER not in page
    link = page.partition('href="/api/v1/calls?')[2].partition('"')[0].replace("&amp;", "&")
    assert call in spv.http.get(f"/api/v1/calls?{link}").text
    every = spv.page("/papan/panggilan?sejak=minggu&hasil=semua&antrean=gangguan").text
    assert "••••9999" in every
    long_ago = datetime.now(UTC) - timedelta(days=3)
    ended(web, minutes_ago=8, arrived_at=long_ago)
    assert words.moment(long_ago, datetime.now(UTC)) in spv.page("/papan/panggilan?sejak=minggu").text, "with its day"
    unknown = spv.page("/papan/panggilan?antrean=tidak-ada")
    assert (unknown.status_code, "Antrean itu tidak dikenal" in unknown.text) == (404, True)
    nothing = spv.page("/papan/panggilan?sejak=minggu&hasil=moved").text
    assert "Tidak ada panggilan seperti itu" in nothing
    assert spv.http.get("/papan/panggilan?hasil=x").status_code == 422


def test_every_outcome_has_a_word() -> None:
    assert set(words.OUTCOMES) == set(Outcome)


def test_the_list_is_not_read_on_the_event_loop(web: Web) -> None:
    """A long table must not hold up the desks."""
    from router.calls_api import read_calls

    assert not asyncio.iscoroutinefunction(read_calls)


def test_what_ended_before_this_process_began_is_counted(web: Web) -> None:
    ended(web)
    ended(web, minutes_ago=60 * 48)
    assert 'suar_calls_total{outcome="abandoned"} 2.0' in web.client().http.get("/metrics").text
