"""Wishes of callers become tickets: each once, none lost, a bad one in nobody's way."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from ivr import intents
from ivr.intents import Intents
from tests.fixtures.ivr_service import AT_TEBET, TEBET, Ivr
from tickets.models import FollowerPosition

pytestmark = [pytest.mark.anyio, pytest.mark.store]


def a_report(key: str, **extra: Any) -> dict[str, Any]:
    return {"kind": "report", "key": key, "area": TEBET, "premises": None, "phone": AT_TEBET, **extra}


async def wish(ivr: Ivr, call: str, *wishes: dict[str, Any]) -> None:
    await ivr.pool.arrives(call)
    await ivr.pool.acd.step(call, token="t1", flow="{}", answer="{}", intents=wishes)


async def test_a_bad_wish_is_set_aside_and_the_next_ones_are_done(ivr: Ivr, caplog: pytest.LogCaptureFixture) -> None:
    bad = [
        {"kind": "no such kind", "key": "a"},
        {"key": "no kind"},
        a_report("b", premises=999_999),
        a_report("c", trouble="no such trouble"),
        a_report("d", area="no code"),
        {"kind": "subscribe", "key": "e", "outage": 999_999, "phone": AT_TEBET},
        {"kind": "subscribe", "key": "f", "phone": AT_TEBET},
    ]
    await wish(ivr, "ccall0001", *bad, a_report("good", number="54100000001"))
    await ivr.wishes_done()
    assert [report.number for report in ivr.reports()] == ["54100000001"]
    assert caplog.text.count("was set aside") == len(bad)
    assert AT_TEBET not in caplog.text
    assert "no such trouble" not in caplog.text


async def test_done_twice_is_done_once(ivr: Ivr) -> None:
    await wish(ivr, "ccall0001", a_report("ccall0001:report", number="54100000001"))
    await ivr.wishes_done()
    with ivr.db.transaction() as session:  # killed before the position was saved
        session.delete(session.get_one(FollowerPosition, (intents.NAME, ivr.pool.acd.pool)))
    await ivr.wishes_done()
    assert len(ivr.reports()) == 1


async def test_a_follower_goes_on_where_the_last_one_was(ivr: Ivr, monkeypatch: pytest.MonkeyPatch) -> None:
    await wish(ivr, "ccall0001", a_report("first"))
    await ivr.wishes_done()
    done: list[str] = []
    monkeypatch.setattr(intents, "execute", lambda _s, _c, data, *, at: done.append(data["key"]))
    await wish(ivr, "ccall0002", a_report("second"))
    await ivr.wishes_done()
    assert done == ["second"]


async def test_a_database_that_is_away_loses_nothing(ivr: Ivr, monkeypatch: pytest.MonkeyPatch) -> None:
    await wish(ivr, "ccall0001", a_report("first"))
    follower, real = Intents(ivr.pool.acd, ivr.db), intents.execute

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, Exception())

    monkeypatch.setattr(intents, "execute", away)
    with pytest.raises(OperationalError):
        await follower.once()
    monkeypatch.setattr(intents, "execute", real)
    await ivr.wishes_done()
    assert len(ivr.reports()) == 1


async def test_the_clock_counts_from_the_wish(ivr: Ivr) -> None:
    at = ivr.clock.now()
    await wish(ivr, "ccall0001", a_report("first"))
    ivr.clock.advance(seconds=7200)  # the worker was down
    await ivr.wishes_done()
    assert ivr.reports()[0].reported_at == at


@pytest.mark.parametrize("ani", ["+62717123", "+6212345", "anonim"])
async def test_a_number_that_cannot_be_called_back_does_not_cost_the_report(ivr: Ivr, ani: str) -> None:
    await wish(ivr, "ccall0001", {**a_report("first"), "phone": ani})
    await ivr.wishes_done()
    assert [report.phone for report in ivr.reports()] == [""]
