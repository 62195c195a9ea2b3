"""Moves live Twilio calls as the journal tells: rings CSOs, brings callers to them, ends what is left.

It holds no truth. What it remembers (which leg belongs to which offer) can be read again from Twilio, so a connector
that restarts looks at the state, does what is still open, and follows the journal from there.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from config.settings import settings
from ivr.carriers.base import Connector
from ivr.carriers.twilio_callback import CallerLegs
from ivr.carriers.twilio_legs import CsoLegs
from ivr.carriers.twilio_moves import IN_LINE, Moves, waiting
from ivr.carriers.twilio_reconcile import HungUp, Reconciler
from ivr.carriers.twilio_rest import TwilioRest
from router.calls import CallState
from router.events import Entry, Event
from router.store.acd import Acd
from router.store.types import Call, Snapshot

log = logging.getLogger(__name__)

LOOK_BACK_MS = 60_000  # how far a restart reads the journal for moves that were not made or not confirmed
MOVING = (Event.CALL_ANSWERED, Event.CALL_HANDED_OVER)
# What is asked for again after a restart: done twice it changes nothing.
AGAIN = frozenset(
    {Event.CALL_HELD, Event.CALL_RESUMED, Event.CALL_GUEST_LEFT, Event.CALL_TRANSFERRED, Event.CALL_QUEUED}
)


class TwilioConnector(Connector):
    """The journal's follower for the carrier "twilio"."""

    carrier = "twilio"

    def __init__(self, acd: Acd, rest: TwilioRest | None = None, *, hung_up: HungUp | None = None) -> None:
        super().__init__(acd)
        self._rest = rest or TwilioRest(settings())
        self._hung_up: HungUp = hung_up or partial(acd.ended, by="caller")
        self._legs = CsoLegs(acd, self._rest)
        self._callers = CallerLegs(acd, self._rest)
        self._moves = Moves(acd, self._rest, self._hung_up)
        self._confirmed: set[str] = set()  # at a restart: redirects that had arrived

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the journal, and beside it compare the live calls every few seconds; the first to fail ends both."""
        async with asyncio.TaskGroup() as group:
            group.create_task(Reconciler(self.acd, self._rest, self._hung_up).run(stop))
            group.create_task(self.follow(stop))

    # --- after a restart
    async def resync(self, snapshot: Snapshot) -> None:
        """Do again what the last minute asked for, ring what is to be rung and does not ring, bring on callers whose
        redirect was never confirmed.
        """
        newest = int(snapshot.journal.partition("-")[0])
        seen = await self.acd.journal(f"{max(0, newest - LOOK_BACK_MS)}-0", count=100_000)
        self._confirmed = {str(entry.data.get("token")) for entry in seen if _is_meeting(entry)}
        for entry in seen:
            if entry.carrier == self.carrier and entry.event in AGAIN:
                self.lanes.put(entry.call, partial(self.on_entry, entry))
        moved = {entry.token for entry in seen if entry.event in MOVING}
        for call in snapshot.calls:
            if call.carrier == self.carrier and call.state is not CallState.ENDED and call.token:
                self.lanes.put(call.id, partial(self._take_up, call, unmoved=call.token in moved - self._confirmed))

    async def _take_up(self, call: Call, *, unmoved: bool) -> None:
        if call.state is CallState.OFFERED:
            await self._legs.ring_again(call, call.token, call.cso)
        elif call.state is CallState.CALLING:
            await self._callers.ring_again(call)
        elif unmoved:
            await self._moves.bring(call)
        if call.state is CallState.TALKING:
            await self._moves.record(call)
        if call.guest_state == "offered":
            await self._legs.ring_again(call, call.guest_token, call.guest, guest=True)

    # --- the journal
    def _dispatch(self, entry: Entry) -> None:
        # These are news for a job that may be waiting in this call's lane, so they do not queue behind it.
        if _is_meeting(entry):
            self._moves.arrived(str(entry.data.get("token")))
            return
        if entry.event in (Event.CALL_RETURNED, Event.CALL_ENDED):
            self._legs.over(entry.token)
            self._callers.over(entry.token)
        elif entry.event is Event.CALL_GUEST_LEFT:
            self._legs.over(str(entry.data.get("guest_token")))
        elif entry.event is Event.CALL_UNREACHED:
            self._callers.over(entry.token)
        super()._dispatch(entry)

    async def on_entry(self, entry: Entry) -> None:
        """Ring, cancel, bring, hold or end, as the entry asks."""
        match entry.event:
            case Event.CALL_OFFERED:
                await self._legs.ring(entry.call, entry.token, str(entry.data.get("endpoint", "")), entry.queue)
            case Event.CALL_RETURNED:
                await self._legs.drop(entry.token)
            case Event.CALL_DIALLED:
                await self._callers.ring(entry.call, entry.token)
            case Event.CALL_REACHED:
                self._callers.forget(entry.token)
            case Event.CALL_UNREACHED:
                await self._callers.drop(entry.token)
                await self._legs.drop(entry.token)
            case Event.CALL_ANSWERED | Event.CALL_HANDED_OVER:
                await self._bring(entry)
            case Event.CALL_HANDED_BACK if entry.data.get("reason") == "expired":
                call = await self.acd.call(entry.call)
                if call and call.state in IN_LINE:
                    await self._moves.talks_to_partner(call)
            case Event.CALL_ENDED:
                await self._end(entry)
            case _:
                await self._on_conversation(entry)

    async def _on_conversation(self, entry: Entry) -> None:
        """Hold, a guest, a caller who is passed on."""
        data = entry.data
        match entry.event:
            case Event.CALL_HELD | Event.CALL_RESUMED:
                await self._moves.hold(entry.call)
            case Event.CALL_CONSULTED:
                token, endpoint = str(data.get("guest_token")), str(data.get("endpoint", ""))
                await self._legs.ring(entry.call, token, endpoint, entry.queue, guest=True)
            case Event.CALL_GUEST_LEFT:
                await self._let_guest_go(str(data.get("guest_token")), str(data.get("guest")))
            case Event.CALL_TRANSFERRED if data.get("kind") == "attended":
                await self._moves.hold(entry.call)
                await self._legs.drop(str(data.get("from_token")), str(data.get("from_leg") or ""))
            case Event.CALL_TRANSFERRED:  # blind: the offer follows
                await self._pass_on(entry, str(data.get("from_token")))
            case Event.CALL_QUEUED if data.get("from") == CallState.TALKING:
                await self._pass_on(entry, entry.token)

    async def _bring(self, entry: Entry) -> None:
        call = await self.acd.call(entry.call)
        if call and call.token == entry.token:
            await self._moves.bring(call)
            await self._moves.record(call)
        if entry.data.get("reason") == "referred":
            await self._legs.drop(str(entry.data.get("from_token")), str(entry.data.get("leg") or ""))

    async def _pass_on(self, entry: Entry, token: str) -> None:
        """The caller leaves the conversation of `token` for our line; then its CSO's leg has nothing to do any more."""
        call = await self.acd.call(entry.call)
        if call and call.state in IN_LINE and waiting(token) not in self._confirmed:
            await self._moves.to_line(call, token)
        await self._legs.drop(token, str(entry.data.get("leg") or ""))

    async def _let_guest_go(self, token: str, guest: str) -> None:
        if token in self._legs:
            await self._legs.drop(token)
        else:
            await self._legs.drop_ringing(guest)

    async def _end(self, entry: Entry) -> None:
        """The other leg of a call that is over. A caller who is being said goodbye to hangs up by the document."""
        state, leg = entry.data.get("state"), str(entry.data.get("leg") or "")
        await self._callers.drop(entry.token)
        if entry.token in self._legs:
            await self._legs.drop(entry.token)
        elif state == CallState.TALKING and leg:
            await self._rest.complete(leg)
        elif state == CallState.OFFERED and entry.cso:
            await self._legs.drop_ringing(entry.cso)
        if state == CallState.TALKING and entry.data.get("by") != "caller":
            await self._rest.complete(str(entry.data["channel"]))


def _is_meeting(entry: Entry) -> bool:
    return entry.event is Event.CALL_NOTED and entry.data.get("what") == "met"
