"""One call on a CSO's desk, from the pop to ready again; the live state is moved by the test as the carriers would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from agent_desk.models import WrapUp
from router.agents import CsoState
from router.store.acd import Acd
from router.store.types import Offer
from tests.fixtures.desk import DeskClient, Web
from tests.fixtures.wait import until_async
from tickets.models import Premises, Report, SpecialNeed
from tickets.outages import outages
from tickets.seed import SAMPLES

pytestmark = [pytest.mark.store, pytest.mark.anyio]


@pytest.fixture
async def acd(web: Web) -> AsyncIterator[Acd]:
    acd = web.acd()
    yield acd
    await acd.close()


async def offered(
    acd: Acd, call: str = "c0000000000000001", sample: str = "no_outage", *, priority: int = 0, **line: bool
) -> Offer:
    """A caller of the demo reaches the queue and is offered to whoever is ready."""
    await acd.admit(
        call, carrier="twilio", channel="CA" + "0" * 32, ani=SAMPLES[sample], trunk="jakarta", region="31",
        dialled="021123", menu="m1", cmd=f"admit-{call}",
    )  # fmt: skip
    queue = "darurat" if line.get("emergency") else "gangguan"
    await acd.enqueue(call, queue=queue, priority=priority, emergency=bool(line.get("emergency")), cmd=f"queue-{call}")
    offer = await acd.offer_next()
    assert offer is not None
    return offer


async def test_a_call_from_the_pop_to_ready_again(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    assert cso.ready()["state"] == "ready"
    with cso.stream() as stream:
        stream.until("snapshot", state="ready")
        offer = await offered(acd)
        pop = stream.until("entry", state="offered", call=offer.call)
        assert pop.data["desk"]["line"]["number"] == "0812 •••• 0102"
        assert pop.data["desk"]["token"] == offer.token
        card = cso.page(f"/meja/panggilan/{offer.call}").text
        assert "Belum ada gangguan yang diketahui" in card
        assert SAMPLES["no_outage"][3:] not in card  # the number stays covered

        await acd.ringing(offer.call, offer.token)
        await acd.answered(offer.call, offer.token)
        stream.until("entry", state="talking", call=offer.call)

        premises = _only_premises(card)
        saved = cso.report(persil=premises, panggilan=offer.call, keterangan="Pagar hitam", gangguan="padam")
        assert saved["number"].startswith("54")
        assert saved["workOrder"]["crew"]
        again = cso.report(persil=premises, panggilan=offer.call, keterangan="Pagar hitam", gangguan="padam")
        assert again["number"] == saved["number"]  # the same key: one report, however often it is sent

        await acd.ended(offer.call, by="caller")
        stream.until("entry", state="wrap_up", call=offer.call)
        assert cso.wrap_up("laporan")["state"] == "ready"
        stream.until("entry", state="ready", call="")
    with web.db.reading() as session:
        report = session.scalars(select(Report).where(Report.number == saved["number"])).one()
        assert (report.created_by, report.call, report.phone) == ("cso1", offer.call, SAMPLES["no_outage"])
        result = session.get(WrapUp, (offer.call, "cso1"))
        assert result is not None
        assert (result.cso, result.result) == ("cso1", "laporan")


def _only_premises(card: str) -> int:
    _, _, rest = card.partition('name="persil" value="')
    return int(rest.partition('"')[0])


async def test_a_caller_from_a_dark_area_brings_the_exact_sentence(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd, sample="in_outage")
    card = cso.page(f"/meja/panggilan/{offer.call}").text
    assert "Sampaikan pernyataan" in card
    assert "Area Gerunggang, padam sejak" in card
    assert "Harus disampaikan" in cso.page("/meja/pernyataan?area=19.71.05").text


async def test_an_outage_of_the_callers_feeder_is_told_as_his(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd, sample="no_outage")
    premises = _only_premises(cso.page(f"/meja/panggilan/{offer.call}").text)
    with web.db.transaction() as session:
        home = session.get_one(Premises, int(premises))
        home.feeder = "UJI-01"
        session.flush()
        values = {"cause": "gardu", "etr": None, "by": "spv1", "now": datetime.now(UTC)}
        outages.confirm_outage(session, covers=["feeder:UJI-01"], **values)
        area = home.area
    assert "Harus disampaikan" not in cso.page(f"/meja/pernyataan?area={area}").text  # his neighbours have power
    for page in ("/meja", f"/meja/pernyataan?area={area}&persil={premises}"):
        assert "Harus disampaikan" in cso.page(page).text


async def test_an_open_report_is_said_before_a_second_one_is_written(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd, sample="has_open_report")
    card = cso.page(f"/meja/panggilan/{offer.call}").text
    assert "jangan buat laporan kedua" in card
    premises = _only_premises(card)
    second = cso.post("/meja/laporan", kunci="kunci-dua", persil=premises, panggilan=offer.call)
    assert (second.status_code, second.json()["slug"]) == (409, "report-open")
    joined = cso.report(key="kunci-dua", persil=premises, panggilan=offer.call, gabung="true")
    assert joined["number"] == second.json()["number"]


async def test_who_must_not_stay_dark_is_marked_on_the_card(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd, priority=5)
    card = cso.page(f"/meja/panggilan/{offer.call}").text
    assert "Didahulukan" in card
    assert "Layanan publik" not in card
    with web.db.transaction() as session:
        session.add(SpecialNeed(premises_id=_only_premises(card), life_support=False, public_service=True))
    assert "Layanan publik" in cso.page(f"/meja/panggilan/{offer.call}").text


async def test_a_caller_who_is_elsewhere_is_not_shown_where_he_was_taken_for(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd, sample="several_premises")
    card = cso.page(f"/meja/panggilan/{offer.call}").text
    home = _only_premises(card)
    for at, note in enumerate([{"what": "located", "premises": home, "area": ""}, {"what": "elsewhere", "area": ""}]):
        await acd.note(offer.call, cmd=f"place-{at}", note=note)
        shown = [f'data-persil="{home}"', "Menyatakan bukan di tempat itu"][at]
        await until_async(lambda: shown in cso.page(f"/meja/panggilan/{offer.call}").text, 10, "the card")  # noqa: B023
    assert f'data-persil="{home}"' not in cso.page(f"/meja/panggilan/{offer.call}").text


async def test_several_premises_are_chosen_among(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd, sample="several_premises")
    card = cso.page(f"/meja/panggilan/{offer.call}").text
    assert card.count('name="persil"') == 3
    assert "3 persil di nomor ini" in card
    chosen = cso.page(f"/meja/panggilan/{offer.call}?persil={_only_premises(card)}").text
    assert "checked" in chosen


async def test_an_unknown_caller_is_found_by_idpel(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd, sample="unknown")
    path = f"/meja/panggilan/{offer.call}"
    assert "Nomor belum dikenal" in cso.page(path).text
    assert "minta dibacakan ulang" in cso.page(f"{path}?nomor=999999999999").text
    assert cso.http.get(f"{path}?nomor=123").json()["slug"] == "idpel-length"


async def test_an_emergency_is_told_before_anything_else(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd, sample="in_outage", emergency=True)
    assert "Pastikan keselamatan dulu" in cso.page(f"/meja/panggilan/{offer.call}").text


async def test_a_state_asked_for_during_a_call_comes_after_it(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    offer = await offered(acd)
    await acd.answered(offer.call, offer.token)
    asked = cso.ask("istirahat", "makan")
    assert (asked["state"], asked["next"]) == ("talking", "paused")
    await acd.ended(offer.call, by="caller")
    assert cso.wrap_up("info")["state"] == "paused"
    assert cso.state()["reason"] == "makan"


async def test_no_answer_and_a_caller_who_gives_up_leave_no_ghost(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    with cso.stream() as stream:
        offer = await offered(acd)
        stream.until("entry", state="offered")
        await acd.returned(offer.call, offer.token, reason="no-answer")
        stream.until("entry", state="not_answering", call="", line=None)
        cso.ready()
        second = await acd.offer_next()
        assert second is not None
        stream.until("entry", state="offered")
        await acd.ended(second.call, by="caller")
        stream.until("entry", state="ready", call="", line=None)
    assert cso.page("/meja").text.count("Belum ada penelepon") == 1


async def test_another_ones_call_and_nonsense_are_refused_clearly(web: Web, acd: Acd) -> None:
    cso, other = web.client("cso1"), web.client("cso2")
    cso.ready()
    offer = await offered(acd)
    assert other.http.get(f"/meja/panggilan/{offer.call}").json()["slug"] == "not-your-call"
    assert cso.http.get("/meja/panggilan/c9999999999999999").json()["slug"] == "unknown-call"
    assert cso.post("/meja/keadaan", keadaan="istirahat").json()["slug"] == "reason-missing"
    assert cso.post("/meja/keadaan", keadaan="terbang").status_code == 422
    assert cso.post("/meja/wrapup", hasil="").status_code == 422
    assert (
        cso.post("/meja/laporan", kunci="kunci-uji", telepon="bukan nomor", area="31.71.06").json()["slug"] == "phone"
    )
    assert cso.post("/meja/laporan", kunci="kunci-uji").json()["slug"] == "area-missing"


async def test_what_the_caller_heard_and_keyed_is_on_the_card(web: Web, acd: Acd) -> None:
    cso = web.client("cso1")
    cso.ready()
    call = "c0000000000000009"
    await acd.admit(
        call, carrier="twilio", channel="CA1", ani="", trunk="bangka", region="19", dialled="0717123", menu="m",
        cmd="a",
    )  # fmt: skip
    owed = {"what": "compensation", "percent": 75}
    notes = [{"what": "told", "outage": 1}, owed, {"what": "keyed", "node": "menu", "keys": 1, "key": "0"}]
    wishes = [{"kind": "report", "key": "k1", "phone": "+628110000999"}, {"kind": "voice-note", "key": "k2"}]
    await acd.step(call, token="t1", flow="", answer="", notes=notes, intents=wishes)
    await acd.enqueue(call, queue="gangguan", cmd="q")
    assert await acd.offer_next() is not None

    def card() -> str:
        return cso.page(f"/meja/panggilan/{call}").text

    await until_async(lambda: "Mendengar pengumuman padam" in card(), 5)
    assert "Mendengar kompensasi tempatnya" in card()
    assert "Membuat laporan lewat IVR" in card()
    assert "Menambah catatan suara" in card()
    assert '<span class="k">0</span>Menekan tombol' in card()
    assert "Nomor tersembunyi" in card()


async def test_the_desk_of_a_cso_whom_the_store_forgot_works_again(web: Web, acd: Acd) -> None:
    cso: DeskClient = web.client("cso1")
    await acd.ask_state("cso1", CsoState.LOGGED_OUT)
    assert cso.ready()["state"] == "ready"


async def test_a_call_that_was_passed_on_has_a_result_of_each_cso(web: Web, acd: Acd) -> None:
    first, second = web.client("cso1"), web.client("cso2")
    first.ready()
    offer = await offered(acd)
    await acd.answered(offer.call, offer.token)
    second.ready()
    guest = await acd.consult(offer.call, offer.token, cso="cso2", cmd="k1")
    assert second.page(f"/meja/panggilan/{offer.call}").status_code == 200, "a guest sees the card of the call"
    await acd.guest_answered(offer.call, guest.token)
    await acd.complete(offer.call, offer.token, cmd="k2")
    assert first.wrap_up("laporan")["state"] == "ready"
    assert first.page(f"/meja/panggilan/{offer.call}").status_code == 403
    await acd.ended(offer.call, by="caller")
    assert second.wrap_up("info")["state"] == "ready"
    with web.db.reading() as session:
        found = session.scalars(select(WrapUp).where(WrapUp.call == offer.call).order_by(WrapUp.cso)).all()
        assert [(row.cso, row.result) for row in found] == [("cso1", "laporan"), ("cso2", "info")]
