"""The event streams: a snapshot and what follows it equal a fresh snapshot; leaving browsers leave nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from agent_desk import accounts
from agent_desk.pool import Pool
from router.agents import CsoState
from router.calls import CallState
from router.store.acd import Acd
from tests.fixtures.desk import Web
from tests.fixtures.wait import until

pytestmark = [pytest.mark.store, pytest.mark.anyio]


@pytest.fixture
async def acd(web: Web) -> AsyncIterator[Acd]:
    acd = web.acd()
    yield acd
    await acd.close()


async def arrive(acd: Acd, n: int, *, queue: str = "gangguan") -> str:
    call = f"c{n:016d}"
    await acd.admit(
        call, carrier="twilio", channel=f"CA{n}", ani=f"+62811000{n:04d}", trunk="jakarta", region="31",
        dialled="021123", menu="m", cmd=f"a{n}",
    )  # fmt: skip
    if queue:
        await acd.enqueue(call, queue=queue, cmd=f"q{n}")
    return call


async def busy_minute(acd: Acd) -> None:
    """Some of everything: answered, returned, given up, emergency, handed to nobody, wrap-up, a pause."""
    for n in range(1, 6):
        await arrive(acd, n)
    await arrive(acd, 6, queue="")
    await acd.enqueue("c0000000000000006", queue="darurat", emergency=True, cmd="q6")
    for cso in ("cso1", "cso2"):
        await acd.ask_state(cso, CsoState.READY)
    first = await acd.offer_next()
    second = await acd.offer_next()
    assert first
    assert second
    await acd.ringing(first.call, first.token)
    await acd.answered(first.call, first.token)
    await acd.returned(second.call, second.token, reason="no-answer")
    await acd.ask_state(second.cso, CsoState.READY)
    third = await acd.offer_next()
    assert third
    await acd.answered(third.call, third.token)
    await acd.ask_state(third.cso, CsoState.PAUSED, reason="salat")
    await acd.ended(third.call, by="caller")
    await acd.ended("c0000000000000005", by="caller")


async def a_conversation_of_three(acd: Acd) -> None:
    """Located, held, consulted, taken over; and a guest who does not come."""
    for cso in ("cso3", "cso4", "cso5"):
        await acd.ask_state(cso, CsoState.READY)
    call = await arrive(acd, 7)
    await acd.locate(call, "31.71")
    offer = await acd.offer_next()
    assert offer
    await acd.answered(offer.call, offer.token)
    await acd.hold(offer.call, offer.token)
    await acd.resume(offer.call, offer.token)
    await acd.hold(offer.call, offer.token)
    other = next(cso.id for cso in (await acd.snapshot()).csos if cso.state is CsoState.READY)
    guest = await acd.consult(offer.call, offer.token, cso=other, cmd="k7")
    await acd.guest_answered(offer.call, guest.token)
    await acd.complete(offer.call, offer.token, cmd="t7")
    third = next(cso.id for cso in (await acd.snapshot()).csos if cso.state is CsoState.READY)
    await acd.consult(offer.call, guest.token, cso=third, cmd="k8")
    await acd.assign(third, queues={"keluhan": 5}, skills={"en": 2}, by="spv1")


async def test_a_snapshot_and_the_entries_after_it_equal_a_fresh_snapshot(web: Web, acd: Acd) -> None:
    for cso in ("cso1", "cso2", "cso3", "cso4", "cso5"):
        await acd.log_in(cso, queues=["gangguan", "darurat"], endpoint=f"client:{cso}", carrier="twilio")
    pool = Pool.of(await acd.snapshot())
    await busy_minute(acd)
    await a_conversation_of_three(acd)
    for entry in await acd.journal(pool.journal, count=1000):
        pool.fold(entry)
    fresh = Pool.of(await acd.snapshot())
    assert pool.journal == fresh.journal
    assert pool.csos == fresh.csos
    assert pool.lines == fresh.lines
    assert {c: seen(x) for c, x in pool.calls.items()} == {c: seen(x) for c, x in fresh.calls.items()}


def seen(call: object) -> object:
    """What pages read of a call; the rest (menu, last steps, dialled, leg) is the carriers' business."""
    return replace(
        call, menu="", step="", answer="", flow="", dialled="", leg="", partner_answered=0, offered=0, answered=0,
        channel="", score=0.0, token="" if call.state is CallState.WAITING else call.token,  # type: ignore[attr-defined]
    )  # type: ignore[type-var] # fmt: skip


async def test_every_event_of_the_stream_holds_the_desk_as_a_new_page_would_see_it(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    web.client("cso2")
    with cso.stream() as stream:
        start = stream.until("snapshot")
        await busy_minute(acd)
        ids = [start.id]
        state = (await acd.cso("cso1")).state.value  # type: ignore[union-attr]
        last = stream.until("entry", state=state)
        ids.append(last.id)
    with cso.stream(after=start.id) as again:
        resumed = again.until("snapshot")
    desk, fresh = last.data["desk"], resumed.data["desk"]
    assert {**desk, "now": 0} == {**fresh, "now": 0}
    assert resumed.data["missed"], "what happened meanwhile is told"
    assert [tuple(map(int, one.split("-"))) for one in ids] == sorted(tuple(map(int, one.split("-"))) for one in ids)


async def test_browsers_that_leave_leave_nothing_behind(web: Web) -> None:
    cso = web.client("cso1")
    for _ in range(3):
        streams = [web.client("cso1").stream() for _ in range(5)]
        for stream in streams:
            stream.__enter__()
            stream.until("snapshot")
        assert web.app.state.live.listeners == 5
        for stream in streams:
            stream.__exit__()
        until(lambda: web.app.state.live.listeners == 0, 10, "every stream's end was noticed")
    assert cso.state()["state"] == "paused"


async def test_a_revoked_login_ends_its_stream(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_desk.desk_stream.BEAT", 0.2)
    cso = web.client("cso1")
    with cso.stream() as stream:
        stream.until("snapshot")
        with web.db.transaction() as session:
            accounts.revoke_all(session, "cso1")
        stream.until("bye")
        assert stream.next() is None


async def test_a_stopping_server_ends_the_streams_at_once(web: Web) -> None:
    with web.client("cso1").stream() as desk, web.client("spv1").stream("/papan/aliran") as board:
        desk.until("snapshot")
        board.until("board")
        web.app.state.live.stop()
        while desk.next() is not None:
            pass
        while board.next() is not None:
            pass


async def test_the_board_moves_with_the_calls(web: Web, acd: Acd) -> None:
    web.client("cso1").ready()
    with web.client("spv1").stream("/papan/aliran") as board:
        board.until("board", known=True)
        await arrive(acd, 1)
        while (seen_now := board.until("board").data)["calls"]["waiting"] != 1:
            pass
        assert seen_now["lines"]["used"] == 1
        assert seen_now["csos"]["ready"] == 1
        assert [cell["id"] for cell in seen_now["grid"]] == ["cso1"]


async def test_a_published_statement_reaches_every_desk_within_three_seconds(web: Web) -> None:
    supervisor, cso = web.client("spv1"), web.client("cso1")
    with cso.stream() as stream:
        stream.until("snapshot")
        confirmed = supervisor.post("/papan/padam", area="31.74.01", sebab="gangguan penyulang", perkiraan="21.30")
        assert confirmed.status_code == 201
        stream.until("news")
        outage = confirmed.json()["outage"]
        assert "kalimat sementara" in cso.page("/meja/pernyataan?area=31.74.01").text
        published = supervisor.post(f"/papan/padam/{outage}/pernyataan", teks="Tebet padam. Menyala pukul 21.30 WIB.")
        assert published.json()["version"] == 1
        stream.until("news")
    assert "Tebet padam. Menyala pukul 21.30 WIB." in cso.page("/meja/pernyataan?area=31.74.01").text
    assert supervisor.post(f"/papan/padam/{outage}/nyala").status_code == 201
    assert "Tebet padam" not in cso.page("/meja/pernyataan").text
