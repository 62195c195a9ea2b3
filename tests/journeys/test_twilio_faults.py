"""What telephony does to a design, on Twilio: repeated webhooks, lost redirects, a connector that dies."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from config.operator import operator
from config.redis import sync_redis
from config.settings import settings
from ivr.carriers.twilio_reconcile import Reconciler
from ivr.carriers.twilio_rest import TwilioRest
from ivr.carriers.twilio_trail import call_id
from ivr.telephone.machine import Fetch, Leg
from ivr.telephone.webhooks import Webhooks
from router.agents import CsoState
from router.calls import CallState
from router.dispatcher import configure
from router.events import Event
from tests.fixtures.twilio import TOKEN, World
from tests.fixtures.wait import over, until_async

pytestmark = [pytest.mark.journey, pytest.mark.store, pytest.mark.anyio]


async def waits(twilio: World, sample: str = "no_outage") -> Leg:
    """A caller who has asked for an officer."""
    caller = twilio.dials(sample)
    await twilio.hears(caller, "tekan satu")
    await twilio.presses(caller, "0")
    await twilio.queued(caller)
    return caller


async def test_a_repeated_webhook_gets_the_same_document_and_does_nothing_twice(twilio: World) -> None:
    asked: list[tuple[str, dict[str, str]]] = []
    first = Webhooks(TOKEN)
    fetch = twilio.exchange.fetch

    async def every_question_twice(leg: Leg, wanted: Fetch) -> str:
        parameters = leg.parameters() | wanted.more
        before = await first.post(wanted.url, parameters)
        asked.append((wanted.url, parameters))
        document = await fetch(leg, wanted)
        assert before.body == document, urlsplit(wanted.url).path
        return document

    twilio.exchange.fetch = every_question_twice  # type: ignore[method-assign]
    caller = twilio.dials("in_outage", "+62717123")
    await twilio.hears(caller, "Tekan satu")
    await twilio.presses(caller, "0")
    await twilio.queued(caller)
    await caller.diary.until(lambda h: h.kind == "play")
    events = [entry.event for entry in await twilio.journal(caller)]
    assert events.count(Event.CALL_ARRIVED) == 1
    assert events.count(Event.CALL_QUEUED) == 1
    steps = [parse_qs(urlsplit(url).query)["step"][0] for url, _ in asked if "step=" in url]
    assert len(steps) == len(set(steps)), "every step has a token of its own"

    await twilio.ready("cso1")
    leg = await twilio.rings("cso1")
    await twilio.talk(caller, leg)
    events = [entry.event for entry in await twilio.journal(caller)]
    assert events.count(Event.CALL_ANSWERED) == 1
    first.close()


async def test_a_redirect_that_never_arrives_is_sent_again(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = await waits(twilio)
    lost: list[str] = []
    execute = caller.execute

    def lose_the_first(fetch: Fetch) -> None:
        if "/meet" in fetch.url and not lost:
            lost.append(fetch.url)
        else:
            execute(fetch)

    caller.execute = lose_the_first  # type: ignore[method-assign]
    await twilio.talk(caller, await twilio.rings("cso1"))
    assert lost


async def test_a_connector_that_died_before_the_redirect_does_it_when_it_is_back(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = await waits(twilio)
    leg = await twilio.rings("cso1")
    await twilio.stop("connector")
    leg.pick_up()
    await twilio.told(caller, Event.CALL_ANSWERED)
    twilio.start("connector", twilio.new_connector().run)
    await caller.diary.until(lambda h: h.kind == "meet" and h.data["members"] == 2, seconds=15)


async def test_a_connector_that_comes_back_leaves_a_conversation_alone(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = await waits(twilio)
    leg = await twilio.rings("cso1")
    await twilio.talk(caller, leg)
    await twilio.stop("connector")
    twilio.start("connector", twilio.new_connector().run)
    other = await waits(twilio, "unknown")
    await twilio.ready("cso2")
    await twilio.talk(other, await twilio.rings("cso2"))
    assert not caller.ended.is_set()
    assert [h.data["members"] for h in caller.diary.happenings if h.kind == "meet"][-1] == 2
    leg.hang_up()
    await over(caller.ended)


async def test_a_connector_that_died_before_ringing_rings_when_it_is_back(twilio: World) -> None:
    await twilio.stop("connector")
    await twilio.ready("cso1")
    caller = await waits(twilio)
    await twilio.told(caller, Event.CALL_OFFERED)
    twilio.start("connector", twilio.new_connector().run)
    await twilio.talk(caller, await twilio.rings("cso1"))


async def test_a_cso_who_picks_up_too_late_is_not_connected(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = await waits(twilio)
    leg = await twilio.rings("cso1")
    await twilio.stop("connector")
    await twilio.acd.returned((await twilio.known(caller)).id, (await twilio.known(caller)).token, reason="no-answer")
    leg.pick_up()
    await over(leg.ended)
    assert (await twilio.known(caller)).state is CallState.WAITING


async def test_a_call_whose_end_nobody_told_is_found_in_the_list(twilio: World) -> None:
    caller = await waits(twilio)
    caller.reporting = type(caller.reporting)()  # the status callback is lost
    caller.hang_up()
    look = Reconciler(twilio.acd, TwilioRest(settings()), twilio.service.hung_up).look
    await look()
    assert (await twilio.known(caller)).state is CallState.WAITING, "one list may be older than an arrival"
    await look()
    assert (await twilio.told(caller, Event.CALL_ENDED)).data["outcome"] == "abandoned"


async def test_a_cso_who_moves_to_another_telephone_keeps_the_conversation(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = await waits(twilio)
    await twilio.talk(caller, await twilio.rings("cso1"))
    await twilio.acd.log_in("cso1", queues=["gangguan"], endpoint="client:cso1-baru", carrier="twilio")
    look = Reconciler(twilio.acd, TwilioRest(settings()), twilio.service.hung_up).look
    for _ in range(3):
        await look()
    assert (await twilio.known(caller)).state is CallState.TALKING


async def test_a_caller_whom_the_store_has_forgotten_is_put_back_in_line(twilio: World) -> None:
    caller = await waits(twilio)
    await caller.diary.until(lambda h: h.kind == "play")
    arrived = (await twilio.known(caller)).arrived
    forget()
    await configure(twilio.acd, operator())  # as the dispatcher does at a new start of the store

    async def back() -> bool:
        twilio.pace.let_pass("music")
        twilio.pace.let_pass("silence")
        call = await twilio.acd.call(call_id(caller.sid))
        return call is not None and call.state is CallState.WAITING

    await until_async(back, 15, "the call is back")
    assert (await twilio.known(caller)).arrived == arrived
    await twilio.ready("cso1")
    await twilio.talk(caller, await twilio.rings("cso1"))
    await twilio.state("cso1", CsoState.TALKING)


async def test_a_conversation_that_the_store_has_forgotten_is_known_again(twilio: World) -> None:
    caller, leg = await twilio.talks("cso1")
    before = await twilio.known(caller)
    await twilio.acd.hold(before.id, before.token)
    await twilio.together(leg)
    forget()
    await configure(twilio.acd, operator())
    await twilio.acd.log_in("cso1", queues=["gangguan"], endpoint="client:cso1", carrier="twilio")
    await twilio.look()()
    now = await twilio.known(caller)
    assert (now.state, now.cso, now.leg, now.channel) == (CallState.TALKING, "cso1", leg.sid, caller.sid)
    assert (now.ani, now.trunk, now.queue, now.arrived) == (before.ani, before.trunk, before.queue, before.arrived)
    await twilio.state("cso1", CsoState.TALKING)
    await twilio.look()()
    assert (await twilio.known(caller)).held
    await twilio.acd.resume(now.id, now.token)
    await twilio.together(caller, leg)

    await twilio.ready("cso2")
    await twilio.acd.transfer(now.id, now.token, cso="cso2", cmd="transfer")
    second = await twilio.rings("cso2")
    second.pick_up()
    await twilio.together(caller, second)
    await twilio.later(31)
    await twilio.state("cso1", CsoState.PAUSED)


def forget() -> None:
    """The store comes back empty (functions stay loaded, as after a restart without its file)."""
    client = sync_redis(settings().store_url)
    client.flushall()
    client.close()
