"""What Twilio tells late, twice or in another order changes nothing: every kind of callback, at every point."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from config.operator import operator
from ivr.telephone.machine import Leg
from ivr.telephone.webhooks import Webhooks
from router.calls import CallState
from router.events import Event
from tests.fixtures.twilio import TOKEN, World
from tests.fixtures.wait import until_async

pytestmark = [pytest.mark.journey, pytest.mark.store, pytest.mark.anyio]


@dataclass
class News:
    """Everything that was told so far, and what it is worth when it comes once more."""

    world: World
    told: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    replayed: set[str] = field(default_factory=set)

    def listen(self) -> None:
        """From now on."""
        report = self.world.exchange.report

        def remember(url: str, parameters: dict[str, str], sid: str) -> None:
            self.told.append((url, parameters))
            report(url, parameters, sid)

        self.world.exchange.report = remember  # type: ignore[method-assign]

    async def again(self, caller: Leg) -> None:
        """Backwards, and shuffled: nothing moves."""
        await until_async(lambda: not self.world.exchange._reports, 10, "the first time")
        before = await self._all(caller)
        shuffled = random.Random(123).sample(self.told, len(self.told))  # noqa: S311 - an order, no secret
        webhooks = Webhooks(TOKEN)
        for url, parameters in [*reversed(self.told), *shuffled]:
            answer = await webhooks.post(url, parameters)
            assert answer.status == 200, urlsplit(url).path
            self.replayed.add(urlsplit(url).path)
        webhooks.close()
        assert await self._all(caller) == before

    async def _all(self, caller: Leg) -> Any:
        snapshot = await self.world.acd.snapshot()
        csos = [(cso.id, cso.state, cso.call) for cso in snapshot.csos]
        events = [(entry.event, entry.token) for entry in await self.world.journal(caller)]
        return await self.world.known(caller), csos, events


async def test_a_conversation_with_all_that_happens_in_one(twilio: World) -> None:
    news = News(twilio)
    news.listen()
    await twilio.ready("cso1")
    caller = await twilio.waits()
    (await twilio.rings("cso1")).hang_up("busy")  # the first offer is returned
    await twilio.told(caller, Event.CALL_RETURNED)
    await news.again(caller)

    await twilio.ready("cso2")
    first = await twilio.rings("cso2")
    await twilio.told(caller, Event.CALL_RINGING)
    await news.again(caller)
    await twilio.talk(caller, first)
    await news.again(caller)

    known = await twilio.known(caller)
    await twilio.acd.hold(known.id, known.token)
    await twilio.ready("cso3")
    await twilio.acd.consult(known.id, known.token, cso="cso3", cmd="consult")
    guest = await twilio.rings("cso3")
    guest.pick_up()
    await twilio.together(first, guest)
    await news.again(caller)
    guest.hang_up()
    await twilio.told(caller, Event.CALL_GUEST_LEFT)
    await news.again(caller)

    await twilio.acd.refer(known.id, known.token, partner="mitra", cmd="refer")
    address = operator().partners.partners["mitra"].twilio
    partner = await until_async(lambda: twilio.exchange.ringing_at(address), 15, "the partner rings")
    partner.pick_up()
    await twilio.told(caller, Event.CALL_PARTNER_ANSWERED)
    await news.again(caller)
    caller.hang_up()
    await twilio.told(caller, Event.CALL_ENDED)
    await news.again(caller)
    assert news.replayed >= {f"/twilio/{kind}" for kind in ("cso-status", "guest-status", "partner-status", "status")}


async def test_a_caller_who_is_called_back(twilio: World) -> None:
    news = News(twilio)
    news.listen()
    caller = await twilio.waits()
    await twilio.hears(caller, operator().prompts.prompts["callback.offer"].id)
    await twilio.presses(caller, "1")
    await twilio.hears_goodbye(caller)
    assert (await twilio.known(caller)).state is CallState.WAITING
    await news.again(caller)  # the end of the first leg is not the end of the place
    await twilio.ready("cso1")
    (await twilio.rings("cso1")).pick_up()
    number = (await twilio.known(caller)).dial
    called = await until_async(lambda: twilio.exchange.ringing_at(number), 15, "the caller's telephone rings")
    await news.again(caller)
    called.pick_up()
    await twilio.told(caller, Event.CALL_REACHED)
    await news.again(caller)
    called.hang_up()
    await twilio.told(caller, Event.CALL_ENDED)
    await news.again(caller)
    assert "/twilio/reached-status" in news.replayed
