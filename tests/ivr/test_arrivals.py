"""Who calls from where reaches the detection; and what the next callers hear of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ivr.arrivals import calls
from ivr.instructions import Instruction
from ivr.intents import NAME
from router.events import Entry, Event
from tests.fixtures.ivr_service import AT_TEBET, TEBET, Ivr
from tests.fixtures.tickets import a_premises
from tickets import timers
from tickets.clockwork import HANDLERS, begin
from tickets.detection.arrivals import Call, heard
from tickets.models import Arrival, FollowerPosition, Outage, Premises, WorkOrder
from tickets.outages.outages import confirm_outage
from tickets.states import OutageStatus

Sentence = Callable[[Instruction], str]


def entry(event: Event, call: str, at: int, **data: Any) -> Entry:
    return Entry(f"{at}-0", event, at, "e1", call=call, data=data)


@pytest.mark.unit
def test_calls_are_told_when_they_come_when_they_find_no_line_and_when_they_are_located() -> None:
    told = calls(
        [
            entry(Event.CALL_ARRIVED, "c1", 1000, ani="081234567890", region="31"),
            entry(Event.CALL_NOTED, "c1", 2000, what="keyed", node="utama", keys=1),
            entry(Event.CALL_NOTED, "c1", 3000, what="located", premises=7, area=TEBET),
            entry(Event.CALL_REFUSED, "c2", 4000, ani="+6281234567891", reason="full"),
            entry(Event.CALL_ARRIVED, "c3", 5000, ani="anonymous"),
            entry(Event.CALL_NOTED, "c3", 6000, what="located", premises=None, area=TEBET),
            entry(Event.CALL_ENDED, "c3", 7000),
        ]
    )
    assert [(one.call, one.at.timestamp(), one.phone, one.premises, one.area) for one in told] == [
        ("c1", 1, "+6281234567890", None, ""),
        ("c1", 3, "", 7, TEBET),
        ("c2", 4, "+6281234567891", None, ""),
        ("c3", 5, "", None, ""),
        ("c3", 6, "", None, TEBET),
    ]
    assert all(isinstance(one, Call) for one in told)


@pytest.mark.store
@pytest.mark.anyio
async def test_a_call_is_kept_with_its_place_once(ivr: Ivr) -> None:
    await ivr.arrives(ani=AT_TEBET)
    await ivr.wishes_done()
    with ivr.db.transaction() as session:  # killed before the position was saved
        session.delete(session.get_one(FollowerPosition, (NAME, ivr.pool.acd.pool)))
    await ivr.wishes_done()
    with ivr.db.reading() as session:
        (kept,) = session.scalars(select(Arrival))
        tebet = session.scalars(select(Premises.id).where(Premises.area == TEBET)).one()
    assert (kept.call, kept.phone, kept.premises_id, kept.area) == ("ccall0001", AT_TEBET, tebet, TEBET)


@pytest.mark.store
@pytest.mark.anyio
async def test_nobody_who_phones_first_is_told_that_all_is_well(ivr: Ivr, sentence: Sentence) -> None:
    """Power goes at Tebet. The first callers are asked to report, the next hear that others did, and within two
    minutes everybody hears the holding sentence, although nobody has confirmed anything.
    """
    phones = [f"+62812777000{number}" for number in range(9)]
    with ivr.db.transaction() as session:
        for phone in phones:
            a_premises(session, area=TEBET, phone=phone, feeder="TBT-07")
        begin(session, now=ivr.clock.now())
    told = []
    for number, phone in enumerate(phones[:8]):
        call = f"ccall{number:04}"
        told.append(sentence(await ivr.arrives(call, phone, carrier="twilio")))
        assert "laporan Anda kami teruskan" in sentence(await ivr.keys("1", call)).replace("Laporan", "laporan")
        await ivr.service.hung_up(call)
        await ivr.wishes_done()
        ivr.clock.advance(seconds=10)
    assert all("Lapor listrik padam, tekan satu." in words for words in told)
    others = "beberapa laporan listrik padam dari wilayah Anda"
    assert [others in words for words in told] == [False] * 3 + [True] * 5

    now = ivr.clock.now() + timedelta(minutes=1)
    timers.run_due(ivr.db, HANDLERS, now=now)
    with ivr.db.reading() as session:
        (proposed,) = session.scalars(select(Outage).where(Outage.status_kind == OutageStatus.PREDICTED))
    assert proposed.created_by == "detection"
    last = sentence(await ivr.arrives("ccall0009", phones[8], carrier="twilio"))
    assert "Kami menerima banyak laporan padam dari wilayah" in last
    assert others not in last


@pytest.mark.store
@pytest.mark.anyio
async def test_who_chooses_an_outage_of_a_feeder_from_the_list_belongs_to_it(ivr: Ivr, sentence: Sentence) -> None:
    with ivr.db.transaction() as session:
        a_premises(session, area=TEBET, feeder="TBT-07")
        values = {"cause": "gardu", "etr": None, "by": "spv1", "now": ivr.clock.now()}
        outage = confirm_outage(session, covers=["feeder:TBT-07"], **values).id
    assert "sebagian Tebet" in sentence(await ivr.arrives(ani="+628129999999", carrier="twilio"))
    await ivr.keys("1")  # that place
    await ivr.keys("1")  # tell me when power is back
    await ivr.wishes_done()
    (report,) = ivr.reports()
    assert (report.outage_id, report.premises_id) == (outage, None)
    with ivr.db.reading() as session:
        assert list(session.scalars(select(WorkOrder))) == []
        now = ivr.clock.now()
        found = heard(session, now - timedelta(minutes=5), now)
    assert [(one.feeder, one.reported) for one in found] == [("TBT-07", False), ("TBT-07", True)]
