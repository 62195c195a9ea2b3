"""Moves live Asterisk channels as the journal tells, and tells the store what the channels do.

It holds no truth: what is offered stands in the store, who is alive stands in Asterisk. After any restart (its own,
the store's, Asterisk's) both are compared and repaired both ways (ivr/carriers/asterisk_reconcile.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from config.errors import Problem
from config.operator import operator
from config.settings import settings
from ivr.carriers.asterisk_ami import AmiDown
from ivr.carriers.asterisk_meeting import GUEST
from ivr.carriers.asterisk_moves import HungUp, Moves
from ivr.carriers.asterisk_nodes import Nodes
from ivr.carriers.asterisk_notices import NOTICE, not_reached
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.asterisk_reconcile import Reconciler
from ivr.carriers.asterisk_telephones import Telephones
from ivr.carriers.base import SILENT_SECONDS, Connector, e164
from ivr.endings import cso_left
from ivr.trunks import as_dialled, trunk_dialled
from router.calls import CallState, Outcome
from router.events import Entry, Event
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Snapshot

log = logging.getLogger(__name__)

TICK_SECONDS, RARELY_SECONDS = 5.0, 30.0
CHANNELS_A_SECOND = 40  # are compared, so that a full house does not cost a core; a millisecond or more each
BY_HAND = frozenset({"desk", "supervisor"})  # an end that the channel does not know of yet
REASONS = {
    "BUSY": "busy",
    "NOANSWER": "no-answer",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "unreachable",
    "LOST": "dropped",
}


class AsteriskConnector(Connector):
    """The journal's follower for the carrier "asterisk"."""

    carrier = "asterisk"

    def __init__(self, acd: Acd, hung_up: HungUp) -> None:
        super().__init__(acd)
        self._hung_up = hung_up
        self.link = Nodes.connect(settings().nodes, self._on_event, self._on_up)
        self.moves = Moves(acd, self.link, hung_up)
        self.telephones = Telephones(acd, self.link, self.lanes)
        self._reconciler = Reconciler(acd, self.link, self.moves, self.lanes, hung_up)

    async def run(self, stop: asyncio.Event) -> None:
        """Everything at once until `stop`."""
        tasks = [asyncio.create_task(one) for one in (self.link.run(stop), self.follow(stop), self._tick(stop))]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def living(self) -> bool:
        """The journal is followed, and each Asterisk's manager answers or is being called."""
        return super().living() and time.monotonic() - self.link.alive < SILENT_SECONDS

    async def _tick(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(pause(self._reconciler.channels, doubt=self._reconciler.doubts))
            await self._compare(full=False)

    async def _on_up(self, node: str) -> None:
        await self._compare(full=True, node=node)

    async def resync(self, snapshot: Snapshot) -> None:
        """After a start, or after the store was away."""
        if self.link.heard():
            await self._compare(full=True)

    async def _compare(self, *, full: bool, node: str | None = None) -> None:
        try:
            await (self.telephones.read() if full else self.telephones.read_now_and_then())
            await self.telephones.tell()
            await self._reconciler.compare(await self.acd.snapshot(), full=full, node=node)
        except (AmiDown, StoreUnavailable) as fault:
            log.warning("not compared now: %s", type(fault).__name__)

    # --- the journal
    async def on_entry(self, entry: Entry) -> None:
        """Bring, take back or end, as the entry asks."""
        if await self.moves.callbacks.on_entry(entry) or await self._on_conversation(entry):
            return
        match entry.event:
            case Event.CALL_QUEUED if entry.data.get("from") == "talking":
                await self._remember(entry)
                await self._pass_on(entry, waits=True)
            case Event.CALL_QUEUED | Event.CALL_ADOPTED | Event.CALL_RECEIVED:
                await self._remember(entry)
            case Event.CALL_TRANSFERRED if entry.data.get("kind") == "blind":
                await self._pass_on(entry, waits=False)  # call.offered follows
            case Event.CALL_OFFERED:
                await self.moves.bring(entry.call, entry.token, "offer", str(entry.data.get("endpoint", "")))
            case Event.CALL_HANDED_OVER:
                if entry.data.get("reason") == "referred":
                    await self._pass_on(entry, waits=False)
                await self.moves.bring(entry.call, entry.token, "partner", str(entry.data.get("partner", "")))
            case Event.CALL_RETURNED | Event.CALL_HANDED_BACK:
                await self._take_back(entry)
            case Event.CALL_ENDED if entry.data.get("by") in BY_HAND:
                await self._end(entry)

    async def _on_conversation(self, entry: Entry) -> bool:
        """Whether an entry was about hold, a guest or the end of a conversation among several, and done."""
        meeting, data = self.moves.meeting, entry.data
        with contextlib.suppress(AmiDown):  # the comparison after the next connection finds what is missing
            match entry.event:
                case Event.CALL_HELD | Event.CALL_RESUMED | Event.CALL_GUEST_ANSWERED:
                    await meeting.arrange(entry.call)
                case Event.CALL_CONSULTED:
                    await meeting.ring(entry.call, str(data.get("guest_token")), str(data.get("endpoint")))
                case Event.CALL_GUEST_LEFT:
                    await meeting.let_go(str(data.get("guest_token")))
                case Event.CALL_TRANSFERRED if data.get("kind") == "attended":
                    await meeting.arrange(entry.call)
                    await meeting.dismiss(str(data.get("from_leg") or ""))
                case Event.CALL_ENDED if data.get("by") == "cso":
                    await meeting.over(str(data.get("channel")))
                case _:
                    return False
        return True

    async def on_pool_entry(self, entry: Entry) -> None:
        """The surge level: the dialplan acts on 4 without asking. A CSO who has logged in: is the telephone there?"""
        if entry.event is Event.LEVEL:
            with contextlib.suppress(AmiDown):  # told again when the connection is back
                await self.moves.level(int(entry.data.get("level", 0)))
        elif entry.event is Event.CSO_STATE and entry.carrier == self.carrier and entry.data.get("state") == "paused":
            self.lanes.put(f"cso {entry.cso}", partial(self.telephones.logged_in, entry.cso))

    async def _remember(self, entry: Entry) -> None:
        call = await self.acd.call(entry.call)
        if call is not None:
            with contextlib.suppress(AmiDown):
                await self.moves.remember(
                    call.channel,
                    SUAR_Q=call.queue,
                    SUAR_PRI=str(call.priority),
                    SUAR_EMG="1" if call.emergency else "0",
                    SUAR_POOL=self.acd.pool,
                )

    async def _pass_on(self, entry: Entry, *, waits: bool) -> None:
        with contextlib.suppress(AmiDown):
            await self.moves.out_of_conversation(str(entry.data.get("channel", "")), waits=waits)
            await self.moves.meeting.dismiss(str(entry.data.get("leg") or ""))

    async def _take_back(self, entry: Entry) -> None:
        call = await self.acd.call(entry.call)
        if call is not None and call.virtual:
            await self.moves.callbacks.drop(entry.call, entry.token)
        elif call is not None:
            with contextlib.suppress(AmiDown):
                await self.moves.back_to_line(call.id, call.channel, entry.token)

    async def _end(self, entry: Entry) -> None:
        call = await self.acd.call(entry.call)
        if call is not None:
            with contextlib.suppress(AmiDown):
                await self.moves.hang_up(call.channel)

    # --- Asterisk
    def _on_event(self, message: Message) -> None:
        name = message.get_header("Event", "")
        if name == "UserEvent" and message.get_header("pool", self.acd.pool) != self.acd.pool:
            return  # another pool's, on the same Asterisk
        if name == "UserEvent":
            self._on_user_event(message)
        elif name == "ContactStatus":
            self.telephones.changed(message)
        elif name == "Hangup" and message.variables.get("SUAR_CALL"):
            call = message.variables["SUAR_CALL"]
            # Not in the call's lane: a redirect that waits for its confirmation there is over by this.
            self._tell(f"{call} end", partial(self._hung_up, call, by="caller"))
        elif name == "OriginateResponse":
            action = message.get_header("ActionID", "")
            if action.startswith(NOTICE):
                self._tell(action, partial(asyncio.to_thread, not_reached, message))
                return
            rung = self.moves.meeting.rung if action.endswith(GUEST) else self.moves.callbacks.rung
            self._tell(action.partition("/")[0], partial(rung, message))
        elif name == "DialState" and message.get_header("DialStatus") == "RINGING":
            self._on_ringing(message)

    def _on_ringing(self, message: Message) -> None:
        call, token = message.variables.get("SUAR_CALL", ""), message.variables.get("SUAR_RT", "")
        if call and token and message.get_header("Context") == "offer":
            self._tell(call, partial(self.acd.ringing, call, token))
        elif message.get_header("DestUniqueid", "").startswith(f"{GUEST}-"):
            call, token = message.dest_variables.get("SUAR_LEG", ""), message.dest_variables.get("SUAR_RT", "")
            self._tell(call, partial(self.acd.guest_ringing, call, token))

    def _on_user_event(self, message: Message) -> None:
        call, token = message.get_header("call", ""), message.get_header("token", "")
        match message.get_header("UserEvent"):
            case "SuarAt":
                self.moves.arrived(token)
            case "SuarAnswered":
                self._tell(call, partial(self._answered, call, token, message.get_header("leg", "")))
            case "SuarReached":
                self._tell(call, partial(self.acd.reached, call, token, channel=message.get_header("channel", "")))
            case "SuarUnreached":
                self._tell(call, partial(self.moves.callbacks.unreached, call, token, message.get_header("status", "")))
            case "SuarPartnerAnswered":
                self._tell(call, partial(self.acd.partner_answered, call, token))
            case "SuarAfter" | "SuarAfterPartner":
                self._tell(call, self._after(message, call, token))
            case "SuarFallback":
                self.lanes.put(call, partial(self._reconciler.adopt_named, call))
            case "SuarEmergency":
                spoken, rung = partial(self.moves.speaks, call, "emergency"), partial(self._reconciler.in_danger, call)
                self._tell(call, spoken if message.get_header("at") == "answered" else rung)
            case "SuarFull":
                self._tell(call, partial(self._full, message))
            case _:
                self._on_meeting(message, call, token)

    def _on_meeting(self, message: Message, call: str, token: str) -> None:
        match message.get_header("UserEvent"):
            case "SuarGuestAnswered":
                leg = message.get_header("leg", "")
                self._tell(call, partial(self.moves.meeting.answered, call, token, leg))
            case "SuarLeft":
                self._tell(call, partial(self.moves.meeting.left, call, token))

    def _after(self, message: Message, call: str, token: str) -> Callable[[], Awaitable[object]]:
        """What Dial came back with. The step of the dialplan says the same: either may be away."""
        to_partner = message.get_header("UserEvent") == "SuarAfterPartner"
        status = message.get_header("status", "")
        if status == "ANSWER" and to_partner:
            talked = message.get_header("talked", "")
            return partial(self.acd.partner_left, call, token, talked_ms=int(talked) if talked.isdigit() else None)
        if status == "ANSWER":
            return partial(self._hung_up_by_cso, call, token)
        if to_partner:
            return partial(self.acd.hand_back, call, token, reason=REASONS.get(status, "failed"))
        return partial(self.acd.returned, call, token, reason=_reason(status, message.get_header("rang", "")))

    def _tell(self, call: str, verb: Callable[[], Awaitable[object]]) -> None:
        """Say it in the call's lane; that somebody said it before, or it is over, is no fault."""

        async def say() -> None:
            for pause in (0.2, 0.5, 1.0, 2.0, 0.0):
                try:
                    await verb()
                    return
                except (StoreUnavailable, SQLAlchemyError):
                    await asyncio.sleep(pause)
                except Problem as problem:
                    log.debug("call %s: %s", call, problem.slug)
                    return
            log.error("call %s: neither store nor database could be told", call)

        self.lanes.put(call, say)

    async def _hung_up_by_cso(self, call: str, token: str) -> None:
        """A hand that was quicker than the redirect out of a conversation ends nothing."""
        known = await self.acd.call(call)
        if known is not None and known.state is not CallState.ENDED:
            await cso_left(self.acd, known, token)

    async def _answered(self, call: str, token: str, leg: str) -> None:
        try:
            await self.acd.answered(call, token, leg=leg)
        except StoreUnavailable:
            raise
        except Problem:
            known = await self.acd.call(call)
            if known is not None and known.token != token:
                if known.virtual:
                    await self.moves.callbacks.drop(call, token)
                else:
                    await self.moves.speaks(call, "talking")

    async def _full(self, message: Message) -> None:
        """A caller whom the dialplan served alone at level 4: kept, so that the number can be called back."""
        call, dialled = message.get_header("call", ""), as_dialled(message.get_header("dialled", ""))
        trunk = trunk_dialled(dialled)
        await self.acd.admit(
            call,
            carrier=self.carrier,
            channel=message.get_header("Channel", ""),
            ani=e164(message.get_header("ani", "")),
            trunk=trunk,
            region=operator().areas.trunks[trunk].region,
            dialled=dialled,
            menu="",
            cmd=f"{call}:full",
            alone=True,
        )
        await self.acd.ended(call, by="level", outcome=Outcome.ANNOUNCED)


def pause(channels: int, *, doubt: bool) -> float:
    """Seconds until the next comparison: rarer the more there is to compare, soon when something was amiss."""
    return TICK_SECONDS if doubt else min(RARELY_SECONDS, max(TICK_SECONDS, channels / CHANNELS_A_SECOND))


def _reason(status: str, rang: str) -> str:
    """A telephone that never rang is dead, whatever Dial calls it."""
    if status == "NOANSWER" and not rang:
        return "unreachable"
    return REASONS.get(status, "failed")
