"""The same report told again by telephone (C12), from the key to the ticket: a real store, a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import select

from config.settings import settings
from ivr.instructions import Instruction
from ivr.speech.cache import path_for
from tests.fixtures.ivr_service import AT_MENTENG, AT_TEBET, TEBET, Ivr
from tests.fixtures.tickets import a_report, link_phone
from tickets import completion, history, reports, workorders
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, HistoryKind, ReportingKind
from tickets.models import Crew, Premises, Report, SpecialNeed, WorkOrder
from tickets.outages.again import STILL_DARK
from tickets.states import ReportStatus, WorkOrderEvent

pytestmark = [pytest.mark.anyio, pytest.mark.store]
Said = Callable[[Instruction], str]
STREET = "Jl. Dewi Sartika"
SOON, LATE = 179 * 60, 180 * 60  # seconds after the report
REPORT_IT, STATUS, STILL, ANOTHER = "1", "2", "1", "2"


async def dials(ivr: Ivr, keys: str, *, call: str = "ccall0001", ani: str = AT_TEBET) -> Instruction:
    """One telephone call to its end; answers what was heard last before hanging up."""
    said = await ivr.arrives(call, ani)
    for key in keys:
        said = await ivr.keys(key, call)
    await ivr.service.hung_up(call)
    await ivr.wishes_done()
    return said


def finish(ivr: Ivr, number: str, code: CompletionCode = CompletionCode.DONE) -> None:
    """The command centre finishes it, with a note that is nobody's business."""
    contact = Contact(by="op1", channel=ReportingKind.OTHER, key=f"finish:{number}:{ivr.clock.ms()}")
    with ivr.db.transaction() as session:
        told = {"code": code, "note": "Bapak Rahasia tidak di rumah.", "contact": contact, "now": ivr.clock.now()}
        completion.resolve(session, number, **told)  # type: ignore[arg-type]


def kinds(ivr: Ivr, report: Report) -> list[HistoryKind]:
    with ivr.db.reading() as session:
        return [entry.kind for entry in history.of(session, report.id, tuple(HistoryKind))]


def orders(ivr: Ivr, report: Report) -> int:
    with ivr.db.reading() as session:
        return len(session.scalars(select(WorkOrder).where(WorkOrder.report_id == report.id)).all())


# --- open


@pytest.mark.parametrize("after", [SOON, LATE])
async def test_keyed_again_is_asking_however_late(ivr: Ivr, sentence: Said, after: int) -> None:
    await dials(ivr, REPORT_IT)
    ivr.clock.advance(seconds=after)
    heard = sentence(await dials(ivr, REPORT_IT, call="ccall0002"))
    (report,) = ivr.reports()
    assert " ".join(report.number) in heard
    assert (report.repeats, report.starred) == (0, False)
    assert kinds(ivr, report).count(HistoryKind.COMMENT) == 1
    promise = "± 3 jam dari waktu lapor"
    assert (promise in heard, "melampaui perkiraan" in heard) == ((True, False) if after == SOON else (False, True))


@pytest.mark.parametrize(("after", "repeats"), [(SOON, 0), (LATE, 1)])
async def test_still_dark_inside_an_outage_is_believed(ivr: Ivr, after: int, repeats: int) -> None:
    outage = ivr.menteng_is_dark(text="Menteng padam.")
    await dials(ivr, "1", ani=AT_MENTENG)
    (report,) = ivr.reports()
    assert (report.outage_id, orders(ivr, report)) == (outage, 0)
    ivr.clock.advance(seconds=after)
    await dials(ivr, "2", call="ccall0002", ani=AT_MENTENG)
    (report,) = ivr.reports()
    assert (report.outage_id, orders(ivr, report), report.repeats) == (None, 1, repeats)


@pytest.mark.parametrize("need", ["life_support", "public_service"])
async def test_who_must_not_stay_dark_is_repeated_before_three_hours(ivr: Ivr, need: str) -> None:
    with ivr.db.transaction() as session:
        home = session.scalars(select(Premises).where(Premises.area != TEBET)).one()
        flags = {"life_support": False, "public_service": False, need: True}
        session.add(SpecialNeed(premises_id=home.id, **flags))
    ivr.menteng_is_dark(text="Menteng padam.")
    await dials(ivr, "1", ani=AT_MENTENG)
    ivr.clock.advance(seconds=SOON)
    await dials(ivr, "2", call="ccall0002", ani=AT_MENTENG)
    (report,) = ivr.reports()
    assert (report.repeats, report.urgent) == (1, need)


# --- finished


@pytest.mark.parametrize("after", [SOON, LATE])
@pytest.mark.parametrize("key", [REPORT_IT, STATUS])
async def test_still_dark_after_it_was_finished_opens_it_again(ivr: Ivr, sentence: Said, after: int, key: str) -> None:
    await dials(ivr, REPORT_IT)
    (first,) = ivr.reports()
    ivr.clock.advance(seconds=after)
    finish(ivr, first.number)
    heard = sentence(await dials(ivr, key, call="ccall0002"))
    assert "sudah selesai ditangani pukul" in heard
    assert "Rahasia" not in heard, "what a unit wrote by hand is not read out"
    await dials(ivr, key + STILL, call="ccall0003")
    (report,) = ivr.reports()
    assert (report.number, report.status, report.starred) == (first.number, ReportStatus.BELUM_SELESAI, True)
    assert (report.repeats, report.reported_at) == (1, first.reported_at)
    assert orders(ivr, report) == 2
    with ivr.db.reading() as session:
        (entry,) = history.of(session, report.id, (HistoryKind.REPEAT,))
    assert (entry.note, entry.call, entry.channel) == (STILL_DARK, "ccall0003", ReportingKind.IVR)


async def test_another_fault_after_it_was_finished_is_a_new_report(ivr: Ivr) -> None:
    await dials(ivr, REPORT_IT)
    finish(ivr, ivr.reports()[0].number)
    await dials(ivr, REPORT_IT + ANOTHER, call="ccall0002")
    first, second = ivr.reports()
    assert (first.status, first.starred) == (ReportStatus.SELESAI, False)
    assert (second.status, second.number == first.number) == (ReportStatus.BELUM_SELESAI, False)


async def test_a_report_of_long_ago_or_confirmed_by_its_customer_is_not_asked_about(ivr: Ivr, sentence: Said) -> None:
    await dials(ivr, REPORT_IT)
    finish(ivr, ivr.reports()[0].number)
    with ivr.db.transaction() as session:
        yes = Contact(by="sms", channel=ReportingKind.SMS, key="yes")
        completion.confirm(session, ivr.reports()[0].number, finished=True, contact=yes, now=ivr.clock.now())
    assert "Masih padam sejak itu" not in sentence(await dials(ivr, STATUS, call="ccall0002"))
    await dials(ivr, REPORT_IT, call="ccall0003")
    assert len(ivr.reports()) == 2
    finish(ivr, ivr.reports()[1].number)
    ivr.clock.advance(seconds=73 * 3600)
    await dials(ivr, REPORT_IT, call="ccall0004")
    assert len(ivr.reports()) == 3


async def test_still_dark_belongs_to_the_fault_that_is_open_by_then(ivr: Ivr) -> None:
    """Between the question and the answer somebody of the house has reported anew."""
    await dials(ivr, REPORT_IT)
    finish(ivr, ivr.reports()[0].number)
    await ivr.arrives("ccall0002", AT_TEBET)
    await ivr.keys(REPORT_IT, "ccall0002")
    with ivr.db.transaction() as session:
        home = ivr.reports()[0].premises_id
        reports.file_report(session, a_report(premises_id=home), now=ivr.clock.now())
    await ivr.keys(STILL, "ccall0002")
    await ivr.wishes_done()
    first, second = ivr.reports()
    assert first.status is ReportStatus.SELESAI
    assert STILL_DARK in second.comment


async def test_done_twice_is_done_once(ivr: Ivr) -> None:
    await dials(ivr, REPORT_IT)
    finish(ivr, ivr.reports()[0].number)
    await ivr.arrives("ccall0002", AT_TEBET)
    await ivr.keys(REPORT_IT, "ccall0002")
    for _ in range(2):
        await ivr.keys(STILL, "ccall0002", token="same")
    await ivr.wishes_done()
    assert ivr.reports()[0].repeats == 1


async def test_what_is_missing_is_asked_for_in_the_words_of_the_cso(ivr: Ivr, sentence: Said) -> None:
    await dials(ivr, REPORT_IT)
    finish(ivr, ivr.reports()[0].number, CompletionCode.PHONE_UNREACHABLE)
    heard = sentence(await dials(ivr, STATUS + STILL, call="ccall0002"))
    assert "nomor telepon lain yang dapat dihubungi" in heard


# --- at once


async def test_two_calls_at_once_are_one_report_and_both_numbers_lead_to_it(ivr: Ivr, sentence: Said) -> None:
    calls = ("ccall0001", "ccall0002")
    for call in calls:
        await ivr.arrives(call, AT_TEBET)
    heard = await asyncio.gather(*(ivr.keys(REPORT_IT, call) for call in calls))
    await ivr.wishes_done()
    (report,) = ivr.reports()
    assert kinds(ivr, report).count(HistoryKind.COMMENT) == 1
    _all_lead_to(ivr, report, [sentence(one) for one in heard])


async def test_two_numbers_of_one_house_at_once_are_one_report(ivr: Ivr, sentence: Said) -> None:
    other = "+628120000003"
    with ivr.db.transaction() as session:
        link_phone(session, other, session.scalars(select(Premises).where(Premises.area == TEBET)).one())
    calls = {"ccall0001": AT_TEBET, "ccall0002": other}
    for call, ani in calls.items():
        await ivr.arrives(call, ani)
    heard = await asyncio.gather(*(ivr.keys(REPORT_IT, call) for call in calls))
    await ivr.wishes_done()
    (report,) = ivr.reports()
    _all_lead_to(ivr, report, [sentence(one) for one in heard])


def _all_lead_to(ivr: Ivr, report: Report, heard: list[str]) -> None:
    """Whichever number a caller heard and wrote down, the report is found by it."""
    told = ["".join(c for c in one.partition("nomor")[2].partition("Simpan")[0] if c.isdigit()) for one in heard]
    assert all(len(number) == 11 for number in told)
    with ivr.db.reading() as session:
        assert {reports.by_number(session, number).id for number in told} == {report.id}


# --- where the crew is


async def test_the_crews_street_is_told_while_it_is_fresh(ivr: Ivr, sentence: Said) -> None:
    await dials(ivr, REPORT_IT)
    (report,) = ivr.reports()
    with ivr.db.transaction() as session:
        order = workorders.open_order(session, report.id)
        assert order is not None
        for event in (WorkOrderEvent.ACCEPT, WorkOrderEvent.DEPART):
            workorders.advance(session, order.id, event, by="regu1", now=ivr.clock.now())
        crew = session.scalars(select(Crew)).one()
        crew.lat, crew.lon, crew.position_at, crew.street = -6.2, 106.8, ivr.clock.now(), STREET
    assert STREET not in sentence(await dials(ivr, STATUS, call="ccall0002")), "it has no sound yet"
    folder = settings().sounds_dir
    folder.mkdir(parents=True, exist_ok=True)
    path_for(STREET).write_bytes(b"RIFF")
    try:
        assert f"Regu sekarang di {STREET}" in sentence(await dials(ivr, STATUS, call="ccall0003"))
        ivr.clock.advance(seconds=15 * 60 + 1)
        assert STREET not in sentence(await dials(ivr, STATUS, call="ccall0004")), "too old to be told"
        ivr.clock.advance(seconds=LATE)
        with ivr.db.transaction() as session:
            session.scalars(select(Crew)).one().position_at = ivr.clock.now()
        assert f"petugasnya sudah di {STREET}" in sentence(await dials(ivr, STATUS, call="ccall0005"))
    finally:
        path_for(STREET).unlink()
