"""Calling people back over Asterisk: the CSO's telephone rings first, the CSO's leg then dials the caller (ADR 0015).

There is no caller's channel to redirect, so the CSO's leg is made here, and everything it needs to dial the caller
travels on it: from the CSO's answer on, no process of ours is needed until both talk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable

from config.operator import operator
from config.settings import settings
from ivr.carriers.asterisk_ami import AmiDown, Channel
from ivr.carriers.asterisk_nodes import Nodes
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.base import repaired
from router.calls import CallState
from router.events import Entry, Event
from router.store.acd import Acd
from router.store.types import Call

log = logging.getLogger(__name__)

ATTEMPTS = 3
BEFORE = (CallState.OFFERED, CallState.CALLING)
LEG = "callback"  # the context of a CSO's leg that has been answered
# OriginateResponse's Reason (a control frame's number) → why the CSO's telephone did not answer.
REASONS = {"3": "no-answer", "5": "busy", "8": "unreachable", "0": "unreachable"}
STATUSES = {"BUSY": "busy", "NOANSWER": "no-answer", "CHANUNAVAIL": "unreachable", "CONGESTION": "failed"}
GONE = ("", "CANCEL")  # the CSO hung up before the caller answered


class Callbacks:
    """Makes, watches and ends the legs of callbacks."""

    def __init__(self, acd: Acd, link: Nodes) -> None:
        self._acd, self._link = acd, link
        self._asked: set[str] = set()  # tokens whose CSO is being rung on our order

    async def on_entry(self, entry: Entry) -> bool:
        """Whether an entry was about a callback that nobody but its CSO is on the line for, and done."""
        match entry.event:
            case Event.CALL_OFFERED if entry.data.get("virtual"):
                await self.ring(entry.call, entry.token, str(entry.data.get("endpoint", "")))
            case Event.CALL_UNREACHED:
                await self.drop(entry.call, entry.token)
            case Event.CALL_ENDED if entry.data.get("state") in BEFORE and not entry.data.get("channel"):
                await self.drop(entry.call, entry.token)
            case _:
                return False
        return True

    async def ring(self, call: str, token: str, endpoint: str) -> None:
        """Ring the CSO, unless it is no longer wanted; what became of it comes as `OriginateResponse`."""
        if token in self._asked:
            return
        for _ in range(ATTEMPTS):
            known = await self._acd.call(call)
            if known is None or known.token != token or known.state is not CallState.OFFERED:
                return
            try:
                async with asyncio.timeout(settings().redirect_confirm_ms / 1000):
                    home = self._link.home(endpoint)
                    await home.up.wait()
                answer = await home.action(**_originate(known, endpoint, self._acd.pool))
            except (AmiDown, TimeoutError):
                continue
            if answer.get_header("Response") == "Success":
                self._asked.add(token)
                return
            break
        await self._acd.returned(call, token, reason="failed")

    async def rung(self, message: Message) -> None:
        """OriginateResponse: a CSO's telephone that did not answer gives the caller's place back."""
        call, _, token = message.get_header("ActionID", "").partition("/")
        self._asked.discard(token)
        if token and message.get_header("Response") == "Failure":
            await self._acd.returned(call, token, reason=REASONS.get(message.get_header("Reason", ""), "unreachable"))

    async def unreached(self, call: str, token: str, status: str) -> None:
        """The caller did not answer, or the CSO hung up first."""
        reason = "cso-gone" if status in GONE else STATUSES.get(status, "failed")
        await self._acd.unreached(call, token, reason=reason)

    async def drop(self, call: str, token: str) -> None:
        """End the CSO's leg of an offer that is over; the caller's telephone stops ringing by that alone."""
        with contextlib.suppress(AmiDown):  # else the comparison finds a leg without a call
            for channel in await self._link.channels():
                if channel.leg == call and channel.token == token:
                    await self._link.action(Action="Hangup", Channel=channel.name)

    async def look(self, call: Call, channels: Iterable[Channel], *, sure: bool) -> bool:
        """Compare a callback with the channels; answers whether something differs, mends it when `sure`."""
        mine = [channel for channel in channels if channel.token == call.token]
        legs = [channel for channel in mine if channel.leg == call.id]
        callers = [channel for channel in mine if channel.call == call.id and channel.busy]
        match call.state:
            case CallState.OFFERED if any(leg.context == LEG for leg in legs):
                if sure:
                    repaired("unseen-answer", call.id)
                    await self._acd.answered(call.id, call.token, leg=legs[0].name)
                return True
            case CallState.OFFERED if not legs and call.token not in self._asked:
                if sure:
                    repaired("offer-again", call.id)
                    cso = await self._acd.cso(call.cso)
                    await self.ring(call.id, call.token, cso.endpoint if cso else "")
                return True
            case CallState.CALLING if callers:
                if sure:
                    repaired("unseen-answer", call.id)
                    await self._acd.reached(call.id, call.token, channel=callers[0].name)
                return True
            case CallState.CALLING if not legs:
                if sure:
                    repaired("channel-gone", call.id)
                    await self._acd.unreached(call.id, call.token, reason="cso-gone")
                return True
        return False


def _originate(call: Call, endpoint: str, pool: str) -> dict[str, str]:
    """Ring the CSO; the leg carries what it needs to dial the caller and what the caller's leg is rebuilt from (T4)."""
    queues, areas = operator().queues, operator().areas
    known = queues.queues.get(call.queue)
    trunk = areas.trunks.get(call.trunk) or areas.trunks[areas.default_trunk]
    carried = {
        "SUAR_LEG": call.id,
        "SUAR_RT": call.token,
        "SUAR_TO": call.dial,
        "SUAR_FROM": trunk.dialled[0],
        "SUAR_RING": str(round(queues.callback_of(call.queue).ring)),
        "SUAR_Q": call.queue,
        "SUAR_ARR": str(call.arrived),
        "SUAR_PRI": str(call.priority),
        "SUAR_EMG": "1" if call.emergency else "0",
        "SUAR_POOL": pool,
    }
    return {
        "Action": "Originate",
        "ActionID": f"{call.id}/{call.token}",
        "Channel": f"PJSIP/{endpoint}",
        "Context": LEG,
        "Exten": "s",
        "Priority": "1",
        "PreDialGoSub": f"predial,s,1({call.id}^{call.token}^{pool})",
        "Timeout": str(round((known.offer_timeout if known else 15) * 1000)),
        "CallerID": f"<{call.dial}>",
        "Async": "true",
        "Variable": ",".join(f"{name}={value}" for name, value in carried.items()),
    }
