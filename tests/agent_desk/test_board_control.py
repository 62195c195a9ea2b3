"""What a supervisor does on the board: a CSO's state and queues, an area's gap, a partner; and the partners' chips."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from agent_desk import words
from agent_desk.board_view import board_view
from agent_desk.pool import Pool
from router.agents import CsoState
from router.store.acd import Acd
from router.store.types import Breaker, Partner
from tests.fixtures.desk import DeskClient, Web
from tests.fixtures.wait import until

pytestmark = [pytest.mark.store, pytest.mark.anyio]
CSO, AREA, PARTNER = "/papan/kendali/cso", "/papan/kendali/wilayah", "/papan/kendali/mitra"


@pytest.fixture
async def acd(web: Web) -> AsyncIterator[Acd]:
    acd = web.acd()
    yield acd
    await acd.close()


@pytest.fixture
def spv(web: Web) -> DeskClient:
    return web.client("spv1")


def chip(spv: DeskClient, name: str = "mitra") -> str:
    view = spv.http.get("/papan/angka").json()
    return next(str(one["word"]) for one in view["partners"] if one["name"] == name)


async def test_a_csos_state_and_queues(web: Web, acd: Acd, spv: DeskClient) -> None:
    web.client("cso1").ready()
    said = spv.post(CSO, cso="cso1", keadaan="istirahat", alasan="pengarahan", antrean=["keluhan", "darurat"])
    assert said.json() == {"said": "cso1: istirahat, antrean Keluhan dan tagihan dan Darurat."}
    cso = await acd.cso("cso1")
    assert cso
    assert (cso.state, cso.reason, set(cso.queues)) == (CsoState.PAUSED, "pengarahan", {"keluhan", "darurat"})
    assert spv.post(CSO, cso="cso1", keadaan="siap").json() == {"said": "cso1: siap."}
    again = await acd.cso("cso1")
    assert again
    assert set(again.queues) == {"keluhan", "darurat"}, "what is not chosen stays"
    assert spv.post(CSO, cso="cso1", keadaan="keluar").status_code == 200
    gone = await acd.cso("cso1")
    assert gone is None or gone.state is CsoState.LOGGED_OUT


async def test_who_is_logged_out_is_told_of_at_the_field(web: Web, acd: Acd, spv: DeskClient) -> None:
    cso = web.client("cso1")
    cso.ready()
    cso.ask("keluar")
    for form in ({"keadaan": "siap"}, {"keadaan": "istirahat", "alasan": "makan"}, {"antrean": "keluhan"}):
        refused = spv.post(CSO, cso="cso1", **form)
        assert (refused.status_code, refused.json()["slug"], refused.json()["field"]) == (409, "logged-out", "cso")
    assert spv.post(CSO, cso="cso1", keadaan="keluar").status_code == 200


async def test_during_a_call_it_is_for_after_it(web: Web, acd: Acd, spv: DeskClient) -> None:
    web.client("cso1").ready()
    await acd.admit(
        "c0000000001",
        carrier="twilio",
        channel="CA1",
        ani="",
        trunk="jakarta",
        region="31",
        dialled="",
        menu="",
        cmd="a",
    )
    await acd.enqueue("c0000000001", queue="gangguan", cmd="q")
    offer = await acd.offer_next()
    assert offer
    await acd.answered(offer.call, offer.token)
    said = spv.post(CSO, cso="cso1", keadaan="istirahat", alasan="teknis").json()["said"]
    assert said == "cso1: bicara, sesudah ini istirahat."


@pytest.mark.parametrize(
    ("path", "form", "refused"),
    [
        (CSO, {"cso": "cso9", "keadaan": "siap"}, (404, "unknown-cso")),
        (CSO, {"cso": "cso1"}, (422, "nothing-to-change")),
        (CSO, {"cso": "cso1", "keadaan": "istirahat"}, (422, "reason-missing")),
        (CSO, {"cso": "cso1", "antrean": "tidak-ada"}, (404, "unknown-queue")),
        (AREA, {"area": "77", "laju": "1", "alasan": "uji"}, (404, "unknown-area")),
        (AREA, {"area": "31.74", "laju": "1"}, (422, "reason-missing")),
        (AREA, {"area": "31.74", "laju": "-1", "alasan": "uji"}, (422, "invalid")),
        (PARTNER, {"mitra": "tidak-ada", "buka": "0", "alasan": "uji"}, (404, "unknown-partner")),
        (PARTNER, {"mitra": "mitra", "buka": "0", "alasan": " "}, (422, "reason-missing")),
    ],
)
async def test_what_is_refused_is_named_and_changes_nothing(
    web: Web, acd: Acd, path: str, form: dict[str, str], refused: tuple[int, str]
) -> None:
    web.client("cso1").ready()
    answer = web.client("spv1").post(path, **form)
    assert (answer.status_code, answer.json()["slug"]) == refused
    cso = await acd.cso("cso1")
    assert cso
    assert cso.state is CsoState.READY
    assert (await acd.gauges()).gaps == ()


async def test_an_area_is_gapped_for_a_while_and_let_go(acd: Acd, spv: DeskClient) -> None:
    spv.post(AREA, area="31.74", laju="2.5", jatah="10", menit="30", alasan="banjir panggilan").raise_for_status()
    gauges = await acd.gauges()
    (gap,) = gauges.gaps
    assert (gap.area, gap.per_s, gap.burst, gap.by, gap.reason) == ("31.74", 2.5, 10, "spv1", "banjir panggilan")
    assert 0 < gap.until - gauges.at <= 30 * 60_000
    page = spv.page("/papan").text
    assert "2,5 penelepon per detik sampai" in page
    assert "banjir panggilan" in page
    assert spv.post(AREA, area="31.74", laju="0", alasan="pulih").json()["said"].endswith("tidak dibatasi.")
    assert (await acd.gauges()).gaps == ()


async def test_a_partner_is_shut_and_opened_and_everybody_sees_it(web: Web, acd: Acd, spv: DeskClient) -> None:
    director = web.client("dir1")
    assert chip(director) == "Buka"
    spv.post(PARTNER, mitra="mitra", buka="0", alasan="latihan").raise_for_status()
    assert await asyncio.to_thread(until, lambda: chip(director) == "Tutup", 5)
    shut = next(one for one in await acd.partners() if one.name == "mitra")
    assert (shut.open, shut.by, shut.reason) == (False, "spv1", "latihan")
    spv.post(PARTNER, mitra="mitra", buka="1", alasan="selesai").raise_for_status()
    assert await asyncio.to_thread(until, lambda: chip(director) == "Buka", 5)
    await acd.partner_state("mitra", reachable=False, by="probe", reason="silent")
    assert await asyncio.to_thread(until, lambda: chip(director) == "Tak terjangkau", 5)


@pytest.mark.parametrize(
    ("breaker", "word", "css"), [("closed", "Buka", "ok"), ("half", "Dicoba", "warn"), ("open", "Diputus", "bad")]
)
async def test_a_breaker_is_shown(breaker: str, word: str, css: str) -> None:
    partner = Partner("mitra", calls=0, cap=20, open=True, reachable=None, breaker=Breaker(breaker))
    assert words.partner_look(partner) == (word, css)


async def test_why_a_csos_offer_came_back_stands_in_the_cell(web: Web, acd: Acd) -> None:
    web.client("cso1").ready()
    await acd.admit(
        "c0000000001",
        carrier="twilio",
        channel="CA1",
        ani="",
        trunk="jakarta",
        region="31",
        dialled="",
        menu="",
        cmd="a",
    )
    await acd.enqueue("c0000000001", queue="gangguan", cmd="q")
    offer = await acd.offer_next()
    assert offer
    await acd.ringing(offer.call, offer.token)
    await acd.returned(offer.call, offer.token, reason="no-answer")
    snapshot = await acd.snapshot()
    (cell,) = board_view(Pool.of(snapshot), snapshot.at)["grid"]
    assert cell["word"] == "Tidak menjawab, tidak dijawab"


async def test_supervisors_alone_have_it(web: Web, spv: DeskClient) -> None:
    assert "Ubah CSO" in spv.page("/papan").text
    operator = web.client("op1")
    assert "Ubah CSO" not in operator.page("/papan").text
    for path in (CSO, AREA, PARTNER):
        assert operator.post(path).status_code == 403
    card = spv.http.post(
        PARTNER, data={"mitra": "mitra", "buka": "0", "alasan": "uji"},
        headers={"X-CSRF-Token": spv.csrf, "HX-Request": "true", "Accept": "text/html"},
    )  # fmt: skip
    assert "Pusat kontak mitra: ditutup." in card.text


async def test_a_cso_writes_a_minute_longer_until_the_queues_limit(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    assert cso.post("/meja/wrapup/tambah").json()["slug"] == "illegal-move"
    await acd.admit(
        "c0000000001",
        carrier="twilio",
        channel="CA1",
        ani="",
        trunk="jakarta",
        region="31",
        dialled="",
        menu="",
        cmd="a",
    )
    await acd.enqueue("c0000000001", queue="gangguan", cmd="q")
    offer = await acd.offer_next()
    assert offer
    await acd.answered(offer.call, offer.token)
    await acd.ended(offer.call, by="caller")
    before = cso.state()["wrap_until"]
    assert "Tambah 1 menit" in cso.page("/meja").text
    assert cso.post("/meja/wrapup/tambah").json()["wrap_until"] == before + 60_000
    for _ in range(5):
        last = cso.post("/meja/wrapup/tambah")
    assert last.json()["slug"] == "wrap-up-limit"
