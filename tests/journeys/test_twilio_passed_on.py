"""Hold, consult, conference and passing a caller on, on Twilio: every leg is where the store says, nobody is lost."""

from __future__ import annotations

import pytest

from config.operator import operator
from ivr.telephone.machine import Leg
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from tests.fixtures.twilio import World
from tests.fixtures.wait import over, until_async

pytestmark = [pytest.mark.journey, pytest.mark.store, pytest.mark.anyio]


async def consulting(twilio: World) -> tuple[Leg, Leg, Leg]:
    """cso1 has put the caller on hold and talks with cso2."""
    caller, first = await twilio.talks("cso1")
    known = await twilio.known(caller)
    await twilio.acd.hold(known.id, known.token)
    await twilio.ready("cso2")
    await twilio.acd.consult(known.id, known.token, cso="cso2", cmd="consult")
    second = await twilio.rings("cso2")
    second.pick_up()
    await twilio.together(first, second)
    return caller, first, second


async def ended_well(twilio: World, caller: Leg, cso: Leg, name: str) -> None:
    """The CSO hangs up; the call ends with that CSO, and no leg is left."""
    cso.hang_up()
    await over(caller.ended)
    end = await twilio.told(caller, Event.CALL_ENDED)
    assert (end.data["outcome"], end.cso) == ("answered", name)
    await twilio.state(name, CsoState.WRAP_UP)
    assert twilio.exchange.rooms == {}


async def test_a_blind_transfer_that_nobody_answers_goes_back_to_the_line(twilio: World) -> None:
    caller, _ = await twilio.talks("cso1")
    await twilio.ready("cso2")
    known = await twilio.known(caller)
    await twilio.acd.transfer(known.id, known.token, cso="cso2", cmd="transfer")
    (await twilio.rings("cso2")).hang_up("no-answer")
    assert (await twilio.told(caller, Event.CALL_RETURNED)).data["reason"] == "no-answer"
    assert (await twilio.known(caller)).score == known.score
    await twilio.ready("cso3")
    third = await twilio.rings("cso3")
    third.pick_up()
    await twilio.together(caller, third)


async def test_an_attended_transfer_gives_the_caller_to_the_one_who_was_asked(twilio: World) -> None:
    caller, first, second = await consulting(twilio)
    known = await twilio.known(caller)
    await twilio.acd.complete(known.id, known.token, cmd="complete")
    await over(first.ended)
    await twilio.together(caller, second)
    await twilio.state("cso1", CsoState.WRAP_UP)
    await ended_well(twilio, caller, second, "cso2")


async def test_a_consult_that_is_given_up_leaves_the_caller_with_the_first(twilio: World) -> None:
    caller, first, second = await consulting(twilio)
    known = await twilio.known(caller)
    await twilio.acd.guest_left(known.id, known.guest_token, reason="cancelled")
    await over(second.ended)
    await twilio.state("cso2", CsoState.READY)
    await twilio.acd.resume(known.id, known.token)
    await twilio.together(caller, first)
    await ended_well(twilio, caller, first, "cso1")


async def test_a_consult_that_is_given_up_while_it_rings_stops_ringing(twilio: World) -> None:
    caller, first = await twilio.talks("cso1")
    known = await twilio.known(caller)
    await twilio.ready("cso2")
    guest = await twilio.acd.consult(known.id, known.token, cso="cso2", cmd="consult")
    leg = await twilio.rings("cso2")
    await twilio.acd.guest_left(known.id, guest.token, reason="cancelled")
    await over(leg.ended)
    assert leg.status == "canceled"
    await twilio.together(caller, first)


async def test_a_guest_and_a_caller_who_is_not_held_are_a_conference(twilio: World) -> None:
    caller, first, second = await consulting(twilio)
    known = await twilio.known(caller)
    await twilio.acd.resume(known.id, known.token)
    await twilio.together(caller, first, second)
    second.hang_up()
    await twilio.state("cso2", CsoState.READY)
    await twilio.together(caller, first)
    await ended_well(twilio, caller, first, "cso1")


async def test_a_caller_who_hangs_up_ends_it_for_both_csos(twilio: World) -> None:
    caller, first, second = await consulting(twilio)
    caller.hang_up()
    for leg in (first, second):
        await over(leg.ended)
    await twilio.state("cso1", CsoState.WRAP_UP)
    await twilio.state("cso2", CsoState.READY)


async def test_a_cso_who_hangs_up_on_a_conversation_of_three_leaves_the_caller_to_the_guest(twilio: World) -> None:
    caller, first, second = await consulting(twilio)
    first.hang_up()
    await twilio.together(caller, second)
    assert (await twilio.known(caller)).cso == "cso2"


async def test_a_cso_who_hangs_up_on_a_caller_on_hold_sends_the_caller_back_to_the_line(twilio: World) -> None:
    caller, first = await twilio.talks("cso1")
    known = await twilio.known(caller)
    await twilio.acd.hold(known.id, known.token)
    await twilio.together(first)
    seen = len(caller.diary.happenings)
    first.hang_up()
    await twilio.hears_music(caller, seen)
    await twilio.ready("cso2")
    second = await twilio.rings("cso2")
    second.pick_up()
    await twilio.together(caller, second)


async def test_a_referral_brings_the_caller_to_the_partner(twilio: World) -> None:
    caller, first = await twilio.talks("cso1")
    known = await twilio.known(caller)
    await twilio.acd.refer(known.id, known.token, partner="mitra", cmd="refer")
    address = operator().partners.partners["mitra"].twilio
    partner = await until_async(lambda: twilio.exchange.ringing_at(address), 15, "the partner rings")
    await over(first.ended)
    partner.pick_up()
    await twilio.told(caller, Event.CALL_PARTNER_ANSWERED)
    await twilio.state("cso1", CsoState.WRAP_UP)
    await twilio.later(operator().partners.partners["mitra"].short + 1)
    partner.hang_up()
    await twilio.hears_goodbye(caller)
    assert (await twilio.told(caller, Event.CALL_ENDED)).data["outcome"] == "partner_answered"


async def test_a_connector_that_was_away_makes_every_move_when_it_is_back(twilio: World) -> None:
    caller, first = await twilio.talks("cso1")
    known = await twilio.known(caller)
    await twilio.ready("cso2")
    await twilio.stop("connector")
    await twilio.acd.hold(known.id, known.token)
    await twilio.acd.consult(known.id, known.token, cso="cso2", cmd="consult")
    twilio.start("connector", twilio.new_connector().run)
    second = await twilio.rings("cso2")
    second.pick_up()
    await twilio.together(first, second)

    await twilio.stop("connector")
    known = await twilio.known(caller)
    await twilio.acd.complete(known.id, known.token, cmd="complete")
    twilio.start("connector", twilio.new_connector().run)
    await over(first.ended)
    await twilio.together(caller, second)

    await twilio.stop("connector")
    known = await twilio.known(caller)
    await twilio.acd.enqueue(known.id, queue="keluhan", cmd="queue")
    twilio.start("connector", twilio.new_connector().run)
    await over(second.ended)
    await twilio.ready("cso3")
    third = await twilio.rings("cso3")
    third.pick_up()
    await twilio.together(caller, third)


async def test_a_cso_whose_end_nobody_told_leaves_the_caller_to_the_guest(twilio: World) -> None:
    caller, first, second = await consulting(twilio)
    first.reporting = type(first.reporting)()  # the status callback is lost
    first.hang_up()
    look = twilio.look()
    for _ in range(2):
        await look()
    await twilio.together(caller, second)


async def test_a_partner_whose_answer_nobody_told_keeps_the_caller(twilio: World) -> None:
    """The webhook of the answer is lost: at the next look the store knows, and nobody tears the caller away."""
    caller, _ = await twilio.talks("cso1")
    known = await twilio.known(caller)
    await twilio.acd.refer(known.id, known.token, partner="mitra", cmd="refer")
    address = operator().partners.partners["mitra"].twilio
    partner = await until_async(lambda: twilio.exchange.ringing_at(address), 15, "the partner rings")
    partner.reporting = type(partner.reporting)()
    partner.pick_up()
    await twilio.look()()
    assert (await twilio.known(caller)).partner_answered
    await twilio.later(60)
    assert (await twilio.known(caller)).state is CallState.PARTNER


async def test_a_partner_whose_answer_was_seen_by_nobody_until_the_deadline_keeps_the_caller(twilio: World) -> None:
    caller, _ = await twilio.talks("cso1")
    known = await twilio.known(caller)
    await twilio.acd.refer(known.id, known.token, partner="mitra", cmd="refer")
    address = operator().partners.partners["mitra"].twilio
    partner = await until_async(lambda: twilio.exchange.ringing_at(address), 15, "the partner rings")
    partner.reporting = type(partner.reporting)()
    partner.pick_up()
    await twilio.later(60)
    await twilio.told(caller, Event.CALL_ENDED)
    await twilio.ready("cso2")
    assert not caller.ended.is_set()
    assert partner.status == "in-progress"
    partner.hang_up()
    await twilio.hears_goodbye(caller)
    await twilio.state("cso2", CsoState.READY)
