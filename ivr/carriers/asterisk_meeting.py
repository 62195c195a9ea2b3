"""Hold, consult, conference and attended transfer on Asterisk: where each leg of a conversation has to be.

Until the first of them the two talk in the Dial of the offer. From then on the caller is in a room named by the call
([meet]) and the CSOs' legs ([join]) are in it, or aside in one of their own: a caller who is alone hears music. What is
wanted follows from the store's call alone, so an entry of the journal, its repetition and a connector that comes back
all ask for the same comparison.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from config.errors import Problem
from config.operator import operator
from config.settings import settings
from ivr.carriers.asterisk_ami import AmiDown, Channel
from ivr.carriers.asterisk_callback import REASONS
from ivr.carriers.asterisk_names import beside
from ivr.carriers.asterisk_nodes import Nodes
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.base import repaired
from ivr.endings import cso_left
from router.calls import CallState
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Call

log = logging.getLogger(__name__)

ATTEMPTS = 4
MEET, JOIN = "meet", "join"  # contexts: of the caller, of the CSOs
TALKING = "talking"  # also of a guest
GUEST = "guest"  # in the ActionID of a guest's leg, and before its token in that leg's unique name


@dataclass(frozen=True)
class Spot:
    """Where a channel is. `busy` and `peer` are a caller's: who speaks with the caller, by which leg."""

    context: str
    exten: str
    token: str
    busy: str
    peer: str


class Meeting:
    """Moves the legs of conversations, makes and ends those of guests."""

    def __init__(self, acd: Acd, link: Nodes) -> None:
        self._acd, self._link = acd, link
        self._confirmed: dict[str, asyncio.Event] = {}
        self._asked: set[str] = set()  # tokens of guests who are being rung on our order

    def arrived(self, token: str) -> None:
        """The first line of a place ran; `token` is the leg's, a stroke and the place."""
        if token in self._confirmed:
            self._confirmed[token].set()

    async def where(self, channel: str) -> Spot | None:
        """Where a channel is at this moment; None when it is gone. Raises AmiDown."""
        names = ("CHANNEL(context)", "CHANNEL(exten)", "SUAR_RT", "SUAR_BUSY", "BRIDGEPEER")
        answers = await self._link.actions(*(_get(channel, name) for name in names))
        if any(answer.get_header("Response") == "Error" for answer in answers):
            return None
        context, exten, token, busy, peer = (answer.get_header("Value", "") for answer in answers)
        return Spot(context, exten, token, busy, beside(channel, peer))

    # --- everybody to where the store's call wants them
    async def arrange(self, call: str) -> None:
        """Move whoever is elsewhere, until confirmed or no longer wanted."""
        for _ in range(ATTEMPTS):
            known = await self._acd.call(call)
            if known is None or known.state is not CallState.TALKING:
                return
            try:
                async with asyncio.timeout(settings().redirect_confirm_ms / 1000):
                    await self._link.of(known.channel).up.wait()
                    await self._move(known)
                return
            except (AmiDown, TimeoutError):
                log.warning("call %s: the legs were not moved", call)
                await asyncio.sleep(0.05)

    async def _move(self, call: Call) -> None:
        caller = await self.where(call.channel)
        if caller is None or caller.busy != TALKING:  # gone, which is told, or in line, which is mended
            return
        if caller.context != MEET and not _apart(call):
            return
        place = _place(call)
        moves: list[dict[str, str]] = [_set(call.channel, "SUAR_RT", call.token)]
        expected: set[str] = set()
        for token, leg in _legs(call, caller.peer):
            if not leg:  # nobody told which it is
                return
            at = await self.where(leg)
            if at is None:
                await self.left(call.id, token)
                return
            if (at.context, at.exten) != (JOIN, place):
                moves.append(_redirect(leg, JOIN, place))
                expected.add(f"{token}/{place}")
        if caller.context != MEET:  # the CSO's leg would end with the Dial: both at once
            moves[1] = {**_redirect(call.channel, MEET, "s"), **_extra(moves[1])}
            expected.add(f"{call.token}/{MEET}")
        await self._carry_out(moves, expected)

    async def _carry_out(self, moves: list[dict[str, str]], expected: set[str]) -> None:
        self._confirmed |= {token: asyncio.Event() for token in expected}
        try:
            await self._link.actions(*moves)
            for token in expected:
                await self._confirmed[token].wait()
        finally:
            for token in expected:
                self._confirmed.pop(token, None)

    async def dismiss(self, leg: str) -> None:
        """End a leg that has nothing to do here any more. In the caller's Dial it ends by the caller's redirect."""
        at = await self.where(leg) if leg else None
        if at is not None and at.context == JOIN:
            await self._hang_up(leg)

    async def over(self, channel: str) -> None:
        """The last CSO has left a caller who may be alone in the room: on to what comes after a conversation."""
        at = await self.where(channel)
        if at is not None and (at.context, at.exten) == (MEET, "s"):
            await self._link.actions(_redirect(channel, MEET, "after"))

    async def left(self, call: str, token: str) -> None:
        """A CSO's leg has ended by itself. It ends the conversation only when it was one with the caller: who is on
        hold was not said goodbye to, and a guest goes on talking.
        """
        known = await self._acd.call(call)
        if known is None or not token:
            return
        if token == known.guest_token:
            await self._acd.guest_left(call, token, reason="left")
        elif known.state is not CallState.TALKING or token != known.token:
            return
        elif known.guest_state == TALKING:
            await self._acd.complete(call, token, cmd=f"{token}:left")
        else:
            await cso_left(self._acd, known, token)

    # --- the guest
    async def ring(self, call: str, token: str, endpoint: str) -> None:
        """Ring a CSO who is consulted; what became of it comes as `OriginateResponse`, or from [guest]."""
        known = await self._acd.call(call)
        if token in self._asked or known is None or known.guest_token != token or known.guest_state == TALKING:
            return
        try:
            async with asyncio.timeout(settings().redirect_confirm_ms / 1000):
                link = self._link.of(known.channel)
                await link.up.wait()
            dialled = f"{endpoint}{self._link.way(known.channel, endpoint)}"
            answer = await link.action(**_originate(known, dialled, self._acd.pool))
        except (AmiDown, TimeoutError):
            return  # the comparison after the next connection finds a guest whom nobody rings
        if answer.get_header("Response") == "Success":
            self._asked.add(token)
        else:
            await self._acd.guest_left(call, token, reason="failed")

    async def rung(self, message: Message) -> None:
        """OriginateResponse: a telephone that did not answer."""
        call, token, _ = message.get_header("ActionID", "").split("/")
        self._asked.discard(token)
        if message.get_header("Response") == "Failure":
            reason = REASONS.get(message.get_header("Reason", ""), "unreachable")
            await self._acd.guest_left(call, token, reason=reason)

    async def answered(self, call: str, token: str, leg: str) -> None:
        """The guest is on the line; one who is no longer wanted is let go."""
        try:
            await self._acd.guest_answered(call, token, leg=leg)
        except StoreUnavailable:
            raise
        except Problem:
            await self._hang_up(leg)

    async def let_go(self, token: str) -> None:
        """The guest's telephone stops ringing, or the leg ends."""
        self._asked.discard(token)
        await self._link.everywhere(Action="Hangup", Channel=f"{GUEST}-{token}")

    async def _hang_up(self, leg: str) -> None:
        await self._link.action(Action="Hangup", Channel=leg)

    # --- after a restart of any side
    async def end_stray(self, leg: Channel) -> None:
        """A leg in a room whose conversation was passed on, or whose guest was let go, meanwhile."""
        known = await self._acd.call(leg.leg)
        if known is not None and is_stray(known, leg):
            repaired("stray-leg", known.id)
            await self.dismiss(leg.name)

    async def mend(self, call: Call, caller: Channel, legs: Iterable[Channel]) -> None:
        """What differs from the store, in the lane of the call and with the call as it is now."""
        if not amiss(call, caller, legs):
            return
        repaired("conversation", call.id)
        by_token = {leg.token: leg for leg in legs}
        guest = by_token.get(call.guest_token) if call.guest else None
        if guest is None and call.guest and call.guest_state != TALKING:
            cso = await self._acd.cso(call.guest)
            await self.ring(call.id, call.guest_token, cso.endpoint if cso else "")
        elif guest is not None and guest.context == JOIN and call.guest_state != TALKING:
            await self.answered(call.id, call.guest_token, guest.name)
        await self.arrange(call.id)


def amiss(call: Call, caller: Channel, legs: Iterable[Channel]) -> bool:
    """Whether the legs of a conversation are elsewhere than the store's call wants them."""
    by_token = {leg.token: leg for leg in legs}
    guest = by_token.get(call.guest_token) if call.guest else None
    if call.guest and (guest is None or (guest.context == JOIN and call.guest_state != TALKING)):
        return True
    if caller.context != MEET and not _apart(call):
        return False
    wanted = [call.token, call.guest_token] if call.guest_state == TALKING else [call.token]
    there = (JOIN, _place(call))
    legs_there = [token in by_token and (by_token[token].context, by_token[token].exten) == there for token in wanted]
    return caller.context != MEET or not all(legs_there)


def is_stray(call: Call, leg: Channel) -> bool:
    """Whether a leg is in a room without having anything to do with the call as it is."""
    over = call.state is CallState.ENDED  # but for a conversation that nobody told of, which goes on
    return leg.context == JOIN and not over and leg.token not in (call.token, call.guest_token)


def _apart(call: Call) -> bool:
    """Whether the Dial of the offer is no longer enough."""
    return bool(call.held) or call.guest_state == TALKING


def _place(call: Call) -> str:
    return "aside" if call.held else "with"


def _legs(call: Call, peer: str) -> list[tuple[str, str]]:
    """Token and channel of the CSOs who talk; an answer that was found later was told without its leg."""
    found = [(call.token, call.leg or peer)]
    return [*found, (call.guest_token, call.guest_leg)] if call.guest_state == TALKING else found


def _originate(call: Call, endpoint: str, pool: str) -> dict[str, str]:
    known = operator().queues.queues.get(call.queue)
    return {
        "Action": "Originate",
        "ActionID": f"{call.id}/{call.guest_token}/{GUEST}",
        "Channel": f"PJSIP/{endpoint}",
        "ChannelId": f"{GUEST}-{call.guest_token}",
        "Context": GUEST,
        "Exten": "s",
        "Priority": "1",
        "PreDialGoSub": f"predial,s,1({call.id}^{call.guest_token}^{pool})",
        "Timeout": str(round((known.offer_timeout if known else 15) * 1000)),
        "CallerID": f"<{call.ani}>",
        "Async": "true",
        "Variable": f"SUAR_LEG={call.id},SUAR_RT={call.guest_token},SUAR_POOL={pool}",
    }


def _get(channel: str, name: str) -> dict[str, str]:
    return {"Action": "Getvar", "Channel": channel, "Variable": name}


def _set(channel: str, name: str, value: str) -> dict[str, str]:
    return {"Action": "Setvar", "Channel": channel, "Variable": name, "Value": value}


def _redirect(channel: str, context: str, exten: str) -> dict[str, str]:
    return {"Action": "Redirect", "Channel": channel, "Context": context, "Exten": exten, "Priority": "1"}


def _extra(redirect: dict[str, str]) -> dict[str, str]:
    return {f"Extra{name}": redirect[name] for name in ("Channel", "Context", "Exten", "Priority")}
