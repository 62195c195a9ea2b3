"""Journeys 2, 3, 4 and 8 through Twilio's webhooks and REST: the caller, the CSOs and a partner centre."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from config.operator import operator
from ivr.telephone.machine import Leg
from router.agents import CsoState
from router.calls import CallState
from router.dispatcher import configure
from router.events import Event
from router.history.models import CallRecord
from tests.fixtures.twilio import World
from tests.fixtures.wait import over, until_async

pytestmark = [pytest.mark.journey, pytest.mark.store, pytest.mark.anyio]


async def waits(twilio: World, sample: str) -> Leg:
    """A caller who has asked for an officer."""
    caller = twilio.dials(sample)
    await twilio.hears(caller, "tekan satu")
    await twilio.presses(caller, "0")
    await twilio.queued(caller)
    return caller


async def record(twilio: World, caller: Leg) -> CallRecord:
    """The call record, once history has it."""
    name = (await twilio.told(caller, Event.CALL_ENDED)).call

    def found() -> CallRecord | None:
        with twilio.db.reading() as session:
            return session.scalar(select(CallRecord).where(CallRecord.id == name, CallRecord.ended_at.is_not(None)))

    return await until_async(found, 15, "the call record")  # type: ignore[return-value]


async def test_2_answered_by_the_cso_who_has_been_free_longest(twilio: World) -> None:
    await twilio.ready("cso1")
    await twilio.later(5)
    await twilio.ready("cso2")
    caller = await waits(twilio, "has_open_report")
    leg = await twilio.rings("cso1")
    await twilio.told(caller, Event.CALL_RINGING)
    events = [entry.event for entry in await twilio.journal(caller)]
    assert events.index(Event.CALL_OFFERED) < events.index(Event.CALL_RINGING), "the screen pop comes before the ring"

    await twilio.talk(caller, leg)
    assert (await twilio.known(caller)).state is CallState.TALKING
    await twilio.later(42)
    leg.hang_up()
    await over(caller.ended)
    await twilio.state("cso1", CsoState.WRAP_UP)
    await twilio.later(31)
    await twilio.state("cso1", CsoState.READY)

    kept = await record(twilio, caller)
    assert kept.outcome == "answered"
    assert all((kept.arrived_at, kept.queued_at, kept.offered_at, kept.answered_at, kept.ended_at))


async def test_3_no_answer_the_caller_keeps_the_place_and_the_next_cso_gets_the_call(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = await waits(twilio, "no_outage")
    first = await twilio.rings("cso1")
    score = (await twilio.known(caller)).score
    later = await waits(twilio, "unknown")

    await until_async(lambda: "ring" in twilio.pace.waiting)
    twilio.pace.let_pass("ring")
    await over(first.ended)
    assert first.status == "no-answer"
    await twilio.state("cso1", CsoState.NOT_ANSWERING)
    assert (await twilio.known(caller)).score == score

    await twilio.ready("cso2")
    second = await twilio.rings("cso2")
    assert (await twilio.known(caller)).cso == "cso2"
    assert (await twilio.known(later)).state is CallState.WAITING
    await twilio.talk(caller, second)


async def test_3_a_cso_who_declines(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = await waits(twilio, "no_outage")
    (await twilio.rings("cso1")).hang_up("busy")
    assert (await twilio.told(caller, Event.CALL_RETURNED)).data["reason"] == "declined"
    assert (await twilio.known(caller)).state is CallState.WAITING


async def test_8_overflow_to_a_partner_who_answers(twilio: World) -> None:
    caller = await waits(twilio, "no_outage")
    await twilio.later(operator().queues.queues["gangguan"].overflow.max_wait + 1)  # type: ignore[union-attr]
    address = operator().partners.partners["mitra"].twilio
    partner = await until_async(lambda: twilio.exchange.ringing_at(address), 15, "the partner rings")
    partner.pick_up()
    await twilio.told(caller, Event.CALL_PARTNER_ANSWERED)
    await twilio.later(operator().partners.partners["mitra"].short + 1)
    partner.hang_up()
    await twilio.hears_goodbye(caller)
    kept = await record(twilio, caller)
    assert (kept.outcome, kept.partner) == ("partner_answered", "mitra")


async def test_8_a_partner_who_answers_and_drops_gives_the_caller_back(twilio: World) -> None:
    caller = await waits(twilio, "no_outage")
    score = (await twilio.known(caller)).score
    await twilio.later(operator().queues.queues["gangguan"].overflow.max_wait + 1)  # type: ignore[union-attr]
    address = operator().partners.partners["mitra"].twilio
    partner = await until_async(lambda: twilio.exchange.ringing_at(address), 15, "the partner rings")
    partner.pick_up()
    await twilio.told(caller, Event.CALL_PARTNER_ANSWERED)
    partner.hang_up()
    assert (await twilio.told(caller, Event.CALL_HANDED_BACK)).data["reason"] == "dropped"
    assert (await twilio.known(caller)).score == score
    await twilio.ready("cso1")
    await twilio.talk(caller, await twilio.rings("cso1"))


async def test_8_a_partner_who_does_not_answer_gives_the_caller_back(twilio: World) -> None:
    caller = await waits(twilio, "no_outage")
    score = (await twilio.known(caller)).score
    await twilio.later(operator().queues.queues["gangguan"].overflow.max_wait + 1)  # type: ignore[union-attr]
    address = operator().partners.partners["mitra"].twilio
    partner = await until_async(lambda: twilio.exchange.ringing_at(address), 15, "the partner rings")
    await twilio.ready("cso1")
    partner.hang_up("busy")
    await twilio.told(caller, Event.CALL_HANDED_BACK)
    leg = await twilio.rings("cso1")
    assert (await twilio.known(caller)).score == score
    await twilio.talk(caller, leg)


async def test_8_the_cap_of_the_partner_is_kept(twilio: World) -> None:
    cap = 1
    rules = operator().partners.partners["mitra"].model_copy(update={"cap": cap})
    partners = operator().partners.model_copy(update={"partners": {"mitra": rules}})
    await twilio.stop("dispatcher")
    small = replace(operator(), partners=partners)
    await configure(twilio.acd, small)
    first = await waits(twilio, "no_outage")
    await twilio.later(1)
    callers = [first, await waits(twilio, "unknown")]
    await twilio.later(operator().queues.queues["gangguan"].overflow.max_wait + 60)  # type: ignore[union-attr]
    assert await twilio.acd.overflow_next() is not None
    assert await twilio.acd.overflow_next() is None
    states = [(await twilio.known(caller)).state for caller in callers]
    assert states == [CallState.PARTNER, CallState.WAITING]
