"""Called back through Twilio: the key, the goodbye, the CSO first, then the caller's telephone."""

from __future__ import annotations

import pytest

from ivr.telephone.machine import Leg
from router.agents import CsoState
from router.calls import CallState
from router.events import Event
from tests.fixtures.twilio import World
from tests.fixtures.wait import over, until_async

pytestmark = [pytest.mark.journey, pytest.mark.store, pytest.mark.anyio]


async def hangs_up_with_a_place(twilio: World) -> Leg:
    """A caller who asked to be called back; the first leg is over."""
    caller = twilio.dials("no_outage")
    await twilio.hears(caller, "tekan satu")
    await twilio.presses(caller, "0")
    await twilio.queued(caller)
    await twilio.hears(caller, "Untuk kami telepon kembali")
    await twilio.presses(caller, "1")
    await twilio.hears_goodbye(caller)
    known = await twilio.known(caller)
    assert (known.state, known.virtual) == (CallState.WAITING, True)
    return caller


async def is_rung(twilio: World, caller: Leg) -> Leg:
    """The caller's telephone rings."""
    number = (await twilio.known(caller)).dial

    def ringing() -> Leg | None:
        leg = twilio.exchange.ringing_at(number)
        return leg if leg and leg.status == "ringing" else None

    return await until_async(ringing, 15, "the caller's telephone rings")  # type: ignore[return-value]


async def test_nobody_answers_and_the_place_stays(twilio: World) -> None:
    caller = await hangs_up_with_a_place(twilio)
    score = (await twilio.known(caller)).score
    await twilio.ready("cso1")
    cso = await twilio.rings("cso1")
    cso.pick_up()
    called = await is_rung(twilio, caller)
    called.hang_up("no-answer")
    await over(cso.ended)
    await twilio.state("cso1", CsoState.READY)
    known = await twilio.known(caller)
    assert (known.state, known.attempts, known.score) == (CallState.SCHEDULED, 1, score)


async def test_a_cso_who_hangs_up_first_was_no_attempt(twilio: World) -> None:
    caller = await hangs_up_with_a_place(twilio)
    await twilio.ready("cso1")
    cso = await twilio.rings("cso1")
    cso.pick_up()
    called = await is_rung(twilio, caller)
    cso.hang_up()
    await over(called.ended)
    assert (await twilio.known(caller)).attempts == 0


async def test_a_connector_that_comes_back_rings_a_caller_whom_nobody_rang(twilio: World) -> None:
    caller = await hangs_up_with_a_place(twilio)
    await twilio.ready("cso1")
    cso = await twilio.rings("cso1")
    await twilio.stop("connector")
    cso.pick_up()
    await twilio.told(caller, Event.CALL_DIALLED)
    twilio.start("connector", twilio.new_connector().run)
    called = await is_rung(twilio, caller)

    await twilio.stop("connector")
    twilio.start("connector", twilio.new_connector().run)
    await twilio.together(cso)
    called.pick_up()
    await twilio.together(called, cso)
    assert (await twilio.known(caller)).attempts == 0
    rung = [leg for leg in twilio.exchange.legs.values() if leg.called == called.called]
    assert rung == [called], "the second connector found the telephone ringing"
