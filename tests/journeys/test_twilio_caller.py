"""Journeys 1, 5 and 7 through Twilio's webhooks: the caller and the machine."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from config.operator import operator
from router.events import Event
from tests.fixtures.twilio import World
from tests.fixtures.wait import over, until_async
from tickets.models import Report, Subscription
from tickets.outages import outages, phrases, statements

pytestmark = [pytest.mark.journey, pytest.mark.store, pytest.mark.anyio]


async def test_1_deflected_a_caller_in_the_outage_is_told_and_asks_to_be_called_back(twilio: World) -> None:
    caller = twilio.dials("in_outage", "+62717123")
    told = await twilio.hears(caller, "padam")
    assert "Tekan satu" in await twilio.hears(caller, "Tekan satu")
    await twilio.presses(caller, "1")
    await over(caller.ended)
    assert "Terima kasih" in caller.diary.said()[-1]
    assert "pohon tumbang" in " ".join(caller.diary.said()), told

    def reports() -> list[Report]:
        with twilio.db.reading() as session:
            return list(session.scalars(select(Report).where(Report.reporting_kind == "ivr")))

    (report,) = await until_async(reports, 10, "the report is there")
    assert report.outage_id is not None

    def subscribed() -> list[int]:
        with twilio.db.reading() as session:
            return list(session.scalars(select(Subscription.outage_id).where(Subscription.phone == report.phone)))

    assert await until_async(subscribed, 10, "the caller will be told") == [report.outage_id]
    ended = await twilio.told(caller, Event.CALL_ENDED)
    assert ended.data["outcome"] == "announced"


async def test_5_emergency_is_offered_first_and_goes_before_everyone(twilio: World) -> None:
    waiting = twilio.dials("no_outage")
    await twilio.hears(waiting, "tekan satu")
    await twilio.presses(waiting, "0")
    await twilio.queued(waiting)

    emergency = twilio.dials("unknown")
    first = await emergency.diary.until(lambda h: h.kind == "say" and "embilan" in h.data["text"])
    assert not any("tekan satu" in text for text in emergency.diary.said()[: first.number])
    await twilio.presses(emergency, "9")
    call = await twilio.queued(emergency)
    assert call.emergency
    assert call.queue == operator().queues.emergency

    await twilio.ready("cso1")
    leg = await twilio.rings("cso1")
    assert (await twilio.known(emergency)).state == "offered"
    await twilio.talk(emergency, leg)


async def test_5_emergency_is_accepted_while_waiting(twilio: World) -> None:
    caller = twilio.dials("no_outage")
    await twilio.hears(caller, "tekan satu")
    await twilio.presses(caller, "0")
    assert not (await twilio.queued(caller)).emergency
    await caller.diary.until(lambda h: h.kind == "play")
    await twilio.presses(caller, "9")

    async def urgent() -> bool:
        return (await twilio.known(caller)).emergency

    await until_async(urgent, 10, "the emergency is recognised")
    await twilio.hears(caller, "Panggilan darurat")


async def test_7_the_next_caller_hears_what_was_just_published(twilio: World) -> None:
    area = "31.71.06"
    with twilio.db.transaction() as session:
        outage = outages.confirm_outage(
            session, area=area, cause="gangguan gardu", etr=None, by="spv1", now=twilio.clock.now()
        )
    before = twilio.dials("no_outage")
    await twilio.hears(before, phrases.holding(area))

    with twilio.db.transaction() as session:
        text = "Listrik di Menteng padam karena kabel tanah terputus. Perkiraan menyala pukul 23.15 WIB."
        statements.publish(session, outage.id, text=text, by="spv1", now=twilio.clock.now())
    after = twilio.dials("no_outage")
    await twilio.hears(after, "kabel tanah terputus")
