"""What the connector does to a live channel: each move is confirmed by its destination or tried again (T2)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prometheus_client import Counter

from config.operator import operator
from config.settings import settings
from ivr.carriers.asterisk_ami import AmiDown, Channel
from ivr.carriers.asterisk_callback import Callbacks
from ivr.carriers.asterisk_meeting import MEET, Meeting
from ivr.carriers.asterisk_nodes import Nodes
from ivr.carriers.base import repaired
from ivr.line import recorded
from router.calls import CallState, Outcome
from router.store.acd import Acd
from router.store.types import Call

log = logging.getLogger(__name__)

REDIRECTS = Counter("suar_redirects_total", "Redirects by target and outcome.", ["target", "outcome"])
ATTEMPTS = 5
MOVING = {"offer": CallState.OFFERED, "partner": CallState.PARTNER}
GONE = ("does not exist", "no such channel")  # the only certain end; "not up" may be a redirect under way

HungUp = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class At:
    """Where a caller's channel is: who speaks with the caller ("" = nobody), the last redirect's token, the context."""

    busy: str
    token: str
    context: str


class Moves:
    """Redirects and hang-ups. `hung_up(call, by=…)` tells the store of a channel that is gone."""

    def __init__(self, acd: Acd, link: Nodes, hung_up: HungUp) -> None:
        self._acd = acd
        self._link = link
        self._hung_up = hung_up
        self._confirmed: dict[str, asyncio.Event] = {}
        self.callbacks = Callbacks(acd, link)
        self.meeting = Meeting(acd, link)

    def arrived(self, token: str) -> None:
        """The first line of a destination ran."""
        if token in self._confirmed:
            self._confirmed[token].set()
        self.meeting.arrived(token)

    def pending(self, token: str) -> bool:
        """Whether a redirect with this token is under way."""
        return token in self._confirmed

    async def bring(self, call: str, token: str, context: str, exten: str) -> None:
        """Redirect the caller to an offer or a partner, until confirmed or no longer wanted."""
        if token in self._confirmed:
            return
        self._confirmed[token] = asyncio.Event()
        try:
            for _ in range(ATTEMPTS):
                known = await self._acd.call(call)
                if known is None or known.token != token or known.state is not MOVING[context]:
                    return
                if await self._try(known, token, context, exten):
                    return
            REDIRECTS.labels(context, "failed").inc()
            await self._give_up(call, token, context)
        finally:
            del self._confirmed[token]

    async def _try(self, call: Call, token: str, context: str, exten: str) -> bool:
        """True when there is nothing left to do: confirmed, or the caller is gone or speaks already."""
        try:
            async with asyncio.timeout(settings().redirect_confirm_ms / 1000):
                await self._link.of(call.channel).up.wait()
                if await self._nothing_to_do(call, token, context):
                    return True
                ring = operator().queues.queues[call.queue].offer_timeout if call.queue in _queues() else 15
                answers = await self._link.actions(
                    _set(call.channel, "SUAR_RT", token),
                    _set(call.channel, "SUAR_BUSY", ""),
                    _set(call.channel, "SUAR_POOL", self._acd.pool),
                    _set(call.channel, "SUAR_RING", str(round(ring))),
                    _set(call.channel, "SUAR_REC", "1" if recorded(call) else ""),
                    _set(call.channel, "SUAR_VIA", self._link.way(call.channel, exten) if context == "offer" else ""),
                    _redirect(call.channel, context, exten),
                )
                if any(_gone(answer.get_header("Message", "")) for answer in answers):
                    REDIRECTS.labels(context, "gone").inc()
                    await self._is_gone(call)
                    return True
                await self._confirmed[token].wait()
        except (AmiDown, TimeoutError):
            REDIRECTS.labels(context, "unconfirmed").inc()
            log.warning("call %s: redirect to %s not confirmed", call.id, context)
            await asyncio.sleep(0.05)
            return False
        REDIRECTS.labels(context, "confirmed").inc()
        return True

    async def at(self, channel: str) -> At | None:
        """Where a caller's channel is at this moment; None when it is gone."""
        names = ("SUAR_BUSY", "SUAR_RT", "CHANNEL(context)")
        answers = await self._link.actions(
            *({"Action": "Getvar", "Channel": channel, "Variable": name} for name in names)
        )
        if any(_gone(answer.get_header("Message", "")) for answer in answers):
            return None
        return At(*(answer.get_header("Value", "") for answer in answers))

    async def _nothing_to_do(self, call: Call, token: str, context: str) -> bool:
        """Gone, there already (a second redirect would stop the ringing), or somebody speaks with the caller: then
        nothing of ours may take the caller away.
        """
        there = await self.at(call.channel)
        if there is None:
            await self._is_gone(call)
        elif passed_on(call, there):  # a person parts the two, not our bookkeeping
            return False
        elif there.busy:
            await self.speaks(call.id, there.busy)
        return there is None or there.busy != "" or (there.token, there.context) == (token, context)

    async def _is_gone(self, call: Call) -> None:
        if not await self.died_with_asterisk(call):
            await self._hung_up(call.id, by="channel-gone")

    async def died_with_asterisk(self, call: Call) -> bool:
        """Whether a call without a channel is from before its Asterisk started, or that is dead: lost, and its number
        kept for calling back. Nobody hung up.
        """
        link = self._link.of(call.channel)
        if not link.dead and max(call.arrived, call.answered) >= link.born:
            return False
        repaired("asterisk-died", call.id)
        repaired("asterisk-died", call.id)
        await self._acd.ended(call.id, by="carrier", outcome=Outcome.LOST)
        return True

    async def speaks(self, call: str, busy: str) -> None:
        """A conversation that the store knows nothing of: it goes on, and the store stops offering the caller."""
        repaired(f"unseen-{busy}", call)
        outcome = Outcome.PARTNER_ANSWERED if busy == "partner" else Outcome.ANSWERED
        by = "emergency-telephone" if busy == "emergency" else "unseen-answer"
        await self._acd.ended(call, by=by, outcome=outcome)

    async def _give_up(self, call: str, token: str, context: str) -> None:
        if context == "offer":
            await self._acd.returned(call, token, reason="failed")
        else:
            await self._acd.hand_back(call, token, reason="failed")

    async def back_to_line(self, call: str, channel: str, token: str) -> None:
        """Take a caller out of an offer that is over; the CSO's telephone stops ringing by that alone (T6)."""
        there = await self.at(channel)
        if there is None or there.token != token or there.context not in (*MOVING, MEET):
            return
        if there.busy:
            await self.speaks(call, there.busy)
            return
        REDIRECTS.labels("wait", "sent").inc()
        await self._link.actions(_set(channel, "SUAR_PLAY", ""), _redirect(channel, "wait", "s"))

    async def out_of_conversation(self, channel: str, *, waits: bool) -> None:
        """A CSO passes the caller on: a person parts the two, not our bookkeeping. `waits`: back to the line, else the
        next redirect takes the caller away. The CSO's leg ends by that alone.
        """
        there = await self.at(channel)
        if there is None or there.busy != "talking":
            return
        moves = [_set(channel, "SUAR_BUSY", "")]
        if waits:
            moves += [_set(channel, "SUAR_PLAY", ""), _redirect(channel, "wait", "s")]
        await self._link.actions(*moves)

    async def hang_up(self, channel: str) -> None:
        """End a channel that should not be there any more."""
        await self._link.action(Action="Hangup", Channel=channel)

    async def remember(self, channel: str, **variables: str) -> None:
        """Write on the channel what a lost store is rebuilt from (T4)."""
        await self._link.actions(*(_set(channel, name, value) for name, value in variables.items()))

    async def level(self, level: int) -> None:
        """The level the dialplan acts on without asking us; each pool that shares an Asterisk has its own."""
        await self._link.everywhere(Action="Setvar", Variable=f"SUAR_LEVEL_{self._acd.pool}", Value=str(level))


def passed_on(call: Call, there: At | Channel) -> bool:
    """Whether it is only a conversation out of which a CSO has passed this caller on, the last one or one before it."""
    return there.busy == "talking" and call.passed != "" and _turn(there.token) <= _turn(call.passed)


def _turn(token: str) -> int:
    """Tokens begin with a number that grows from one offer to the next."""
    number = token.partition("-")[0]
    return int(number) if number.isdigit() else 0


def _queues() -> dict[str, object]:
    return dict(operator().queues.queues)


def _set(channel: str, name: str, value: str) -> dict[str, str]:
    return {"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value}


def _redirect(channel: str, context: str, exten: str) -> dict[str, str]:
    return {"Action": "Redirect", "Channel": channel, "Context": context, "Exten": exten, "Priority": "1"}


def _gone(message: str) -> bool:
    return any(word in message.lower() for word in GONE)
