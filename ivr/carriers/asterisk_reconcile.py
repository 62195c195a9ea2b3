"""Compares live channels with live calls and repairs both ways (R10); each repair is told and counted.

The snapshot is always older than the channel list: a call in it without a channel is gone for certain, and a
channel that contradicts it is looked at again in the call's own lane before anything is done.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from config.operator import operator
from ivr.carriers.asterisk_ami import Channel
from ivr.carriers.asterisk_meeting import MEET, amiss, is_stray
from ivr.carriers.asterisk_moves import MOVING, HungUp, Moves, passed_on
from ivr.carriers.asterisk_nodes import Nodes
from ivr.carriers.base import Lanes, e164, repaired
from ivr.trunks import trunk_dialled
from router.calls import CallState, Outcome
from router.store.acd import Acd
from router.store.types import Call, Snapshot

log = logging.getLogger(__name__)

LISTENING = frozenset({"wait", "fallback"})  # contexts in which a caller waits for somebody
OUTSIDE = "emergency"  # and in which the dialplan alone rings a telephone for one in danger
REBUILT = LISTENING | MOVING.keys() | {MEET, OUTSIDE}  # of whom the IVR still asks, the next step rebuilds the call
LIVE = frozenset(CallState) - {CallState.ENDED}
IN_LINE = frozenset({CallState.WAITING, CallState.OFFERED, CallState.PARTNER, CallState.MOVING})


class Reconciler:
    """One per connector; remembers what was amiss in the last look, for an event may just be on its way."""

    def __init__(self, acd: Acd, link: Nodes, moves: Moves, lanes: Lanes, hung_up: HungUp) -> None:
        self._acd = acd
        self._link = link
        self._moves = moves
        self._lanes = lanes
        self._hung_up = hung_up
        self._doubtful: set[str] = set()
        self.channels = 0  # in the last look

    @property
    def doubts(self) -> bool:
        """Whether the next look is to mend something."""
        return bool(self._doubtful)

    async def compare(self, snapshot: Snapshot, *, full: bool, node: str | None = None) -> None:
        """Compare everything once. `full`: after a restart of any side (of one `node` alone), when no event can be on
        its way. The calls of a node that is away are left as they are until it is known to be dead.
        """
        heard = self._link.heard()
        channels = await self._link.channels(heard)
        self.channels = len(channels)
        callers = {channel.call: channel for channel in channels if channel.call and not channel.leg}
        legs = _by_call(channels)
        doubted, self._doubtful = self._doubtful, set()
        for call in snapshot.calls:
            if call.carrier != "asterisk" or call.state not in LIVE:
                continue
            at = self._link.of(call.channel)
            sure = call.id in doubted or (full and node in (None, at.node.name))
            if call.virtual and self._link.whole(heard):  # else its legs may be where nobody has looked
                self._lanes.put(call.id, partial(self._look_back, call.id, channels, sure=sure))
            elif not call.virtual and at.node.name in heard:
                self._look(call, callers.get(call.id), legs.get(call.id, []), sure=sure)
            elif not call.virtual and at.dead:  # its lane may wait for the confirmation of a redirect
                self._lanes.put(f"{call.id} end", partial(self._lost, call.id))
        self._look_over_there(snapshot.calls)
        await self._look_for_unknown(snapshot, callers, legs, doubted)
        await self._acd.renew(callers)
        await self._moves.level(snapshot.level)  # a dialplan that was read again has lost it
        if full:
            log.info("compared %d calls with %d channels", len(snapshot.calls), len(channels))

    async def _look_for_unknown(
        self, snapshot: Snapshot, callers: dict[str, Channel], legs: dict[str, list[Channel]], doubted: set[str]
    ) -> None:
        """Callers whom the store does not know, and legs of CSOs without a caller."""
        known = {call.id for call in snapshot.calls}
        for name, channel in callers.items():
            if name not in known and channel.pool == self._acd.pool and channel.context in REBUILT:
                self._lanes.put(name, partial(self._adopt, channel, alone=name not in legs))
        back = {call.id for call in snapshot.calls if call.virtual}
        for call_id in legs.keys() - callers.keys() - back:
            for leg in legs[call_id]:
                if leg.pool == self._acd.pool:
                    await self._end_zombie(leg, sure=leg.name in doubted)

    async def _look_back(self, call: str, channels: list[Channel], *, sure: bool) -> None:
        """A callback has no caller's channel before it is reached."""
        known = await self._acd.call(call)
        if known is not None and known.virtual and await self._moves.callbacks.look(known, channels, sure=sure):
            self._doubtful.add(call)

    def _look(self, call: Call, channel: Channel | None, legs: list[Channel], *, sure: bool) -> None:
        """Doubt first, mend at the second look."""
        for leg in legs:
            if is_stray(call, leg):
                self._doubtful.add(call.id)
                if sure:
                    self._lanes.put(call.id, partial(self._moves.meeting.end_stray, leg))
        talks = call.state is CallState.TALKING
        if channel is not None and not _differs(call, channel) and not (talks and amiss(call, channel, legs)):
            return
        self._doubtful.add(call.id)
        if sure:
            mend = partial(self._lost, call.id) if channel is None else partial(self._mend, call.id, channel, legs)
            self._lanes.put(call.id, mend)

    def _look_over_there(self, calls: Iterable[Call]) -> None:
        """A CSO who is registered at a node that has died hears nothing any more, nor does the caller."""
        dead = [node for node, link in self._link.links.items() if link.dead]
        for call in calls if dead else ():
            if call.state is CallState.TALKING and any(self._link.leads_to(call.leg, node) for node in dead):
                self._lanes.put(call.id, partial(self._back_to_line, call.id, call.leg))

    async def _back_to_line(self, call: str, leg: str) -> None:
        known = await self._acd.call(call)
        if known is not None and known.state is CallState.TALKING and known.leg == leg:
            repaired("cso-died-with-asterisk", call)
            await self._acd.enqueue(call, queue=known.queue, cmd=f"{call}:{known.token}:node")

    async def _end_zombie(self, leg: Channel, *, sure: bool) -> None:
        """A CSO's leg whose caller is gone would ring or stay silent for ever (T6)."""
        self._doubtful.add(leg.name)
        if sure:
            repaired("zombie-leg", leg.leg)
            await self._moves.hang_up(leg.name)

    async def adopt_named(self, call: str) -> None:
        """A caller reached the fallback: the store should know about it."""
        for channel in await self._link.channels():
            if channel.call == call and channel.pool == self._acd.pool:
                await self._adopt(channel)

    async def in_danger(self, call: str) -> None:
        """The dialplan rings a telephone outside for this caller: before everyone in our own line too, until somebody
        answers.
        """
        await self.adopt_named(call)
        known = await self._acd.call(call)
        if known is not None and known.state in IN_LINE and not known.emergency:
            await self._acd.enqueue(call, queue=operator().queues.emergency, emergency=True, cmd=f"{call}:outside")

    async def _lost(self, call: str) -> None:
        known = await self._acd.call(call)
        if known is None or known.state not in LIVE or await self._moves.died_with_asterisk(known):
            return
        repaired("channel-gone", call)
        lost = known.state in (CallState.TALKING, CallState.PARTNER, CallState.OFFERED, CallState.WAITING)
        await self._acd.ended(call, by="reconciliation", outcome=Outcome.LOST if lost else None)

    async def _mend(self, call: str, channel: Channel, legs: list[Channel]) -> None:
        known, now = await self._acd.call(call), await self._now(channel)
        if known is None or now is None:
            return
        if known.state is CallState.WAITING and _differs(known, now):
            await self._mend_waiting(known, now)
        elif _differs(known, now):
            await self._mend_state(known, now, legs)
        elif known.state is CallState.TALKING and now.busy == "talking":
            await self._moves.meeting.mend(known, now, legs)

    async def _mend_state(self, known: Call, channel: Channel, legs: list[Channel]) -> None:
        call = known.id
        match known.state:
            case CallState.IVR:
                await self._adopt(channel)
            case CallState.OFFERED if channel.token == known.token and channel.busy == "talking":
                repaired("unseen-answer", call)
                leg = next((one.name for one in legs if one.token == known.token), "")
                await self._acd.answered(call, known.token, leg=leg)
            case CallState.OFFERED:
                repaired("offer-again", call)
                cso = await self._acd.cso(known.cso)
                await self._moves.bring(call, known.token, "offer", cso.endpoint if cso else "")
            case CallState.PARTNER if channel.token == known.token and channel.busy == "partner":
                repaired("unseen-partner", call)
                await self._acd.partner_answered(call, known.token)
            case CallState.PARTNER:
                repaired("hand-over-again", call)
                await self._moves.bring(call, known.token, "partner", known.partner)
            case CallState.TALKING:
                repaired("talking-in-line", call)
                await self._acd.enqueue(call, queue=known.queue, cmd=f"{call}:{known.token}:repair")

    async def _mend_waiting(self, known: Call, channel: Channel) -> None:
        if passed_on(known, channel):
            repaired("passed-on", known.id)
            await self._moves.out_of_conversation(channel.name, waits=True)
        elif channel.busy:
            await self._moves.speaks(known.id, channel.busy)
        elif channel.context == OUTSIDE:
            await self.in_danger(known.id)
        else:
            repaired("stale-offer", known.id)
            await self._moves.back_to_line(known.id, channel.name, channel.token)

    async def _now(self, channel: Channel) -> Channel | None:
        """The list is older than this lane: the caller may have been brought, or answered, in the meantime."""
        there = await self._moves.at(channel.name)
        if there is None:
            return None
        variables = {**channel.variables, "SUAR_RT": there.token, "SUAR_BUSY": there.busy}
        return replace(channel, context=there.context, variables=variables)

    async def _adopt(self, channel: Channel, *, alone: bool = False) -> None:
        """Rebuild a call from what its channel carries (T4). `alone`: no CSO's leg belongs to it."""
        known = await self._acd.call(channel.call)
        if alone and channel.context == MEET and (known is None or known.state is CallState.ENDED):
            repaired("left-alone", channel.call)
            await self._moves.meeting.over(channel.name)
            return
        if known is not None and known.state is not CallState.IVR:
            return
        queues, carried = operator().queues, channel.variables
        emergency = carried.get("SUAR_EMG") == "1"
        queue = queues.emergency if emergency else carried.get("SUAR_Q", "")
        trunk = trunk_dialled(carried.get("SUAR_DIALLED", ""))
        adopted = await self._acd.adopt(
            channel.call,
            carrier="asterisk",
            channel=channel.name,
            ani=e164(carried.get("SUAR_ANI", "")),
            trunk=trunk,
            region=operator().areas.trunks[trunk].region,
            queue=queue if queue in queues.queues else queues.last_resort,
            arrived=_int(carried.get("SUAR_ARR", "")),
            priority=_int(carried.get("SUAR_PRI", "")),
            emergency=emergency,
        )
        if adopted:
            repaired("adopted", channel.call)
            if channel.busy:
                await self._moves.speaks(channel.call, channel.busy)


def _by_call(channels: list[Channel]) -> dict[str, list[Channel]]:
    """The legs of CSOs, by the call they belong to."""
    found: dict[str, list[Channel]] = {}
    for channel in channels:
        if channel.leg:
            found.setdefault(channel.leg, []).append(channel)
    return found


def _differs(call: Call, channel: Channel) -> bool:
    """Whether a channel is where its call cannot be."""
    match call.state:
        case CallState.IVR:
            return channel.context in LISTENING or channel.context == OUTSIDE
        case CallState.OFFERED | CallState.PARTNER:
            there = MOVING.get(channel.context) is call.state and channel.token == call.token
            return not there or (channel.busy != "" and not _known_answer(call))
        case CallState.TALKING:
            return channel.context in LISTENING
        case CallState.WAITING:
            outside = channel.context == OUTSIDE and (channel.busy != "" or not call.emergency)
            return outside or (channel.context in MOVING and channel.app == "Dial") or channel.context == MEET
    return False


def _known_answer(call: Call) -> bool:
    return call.state is CallState.PARTNER and call.answered > 0


def _int(text: str) -> int:
    return int(text) if text.isdigit() else 0
