"""The shell of the flow: loads a call, drives one turn, fulfils its wishes, saves it, answers an instruction.

No step holds anything in this process: whatever a turn decided is in the store before the answer leaves, and the
same question (call and token) gets the same answer from any process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from config.clock import Clock, SystemClock
from config.database import Database, database
from config.errors import NotFound, Problem, Refused
from config.logging import told
from config.operator import operator
from config.settings import settings
from ivr import instructions_json
from ivr.again import begin_again, lives_on
from ivr.background import Background
from ivr.endings import partner_ended, talk_ended
from ivr.facts import Facts
from ivr.flow import is_emergency, join, step
from ivr.instructions import Bye, Instruction, Reject, Renamed, Wait
from ivr.line import call_back, enqueue, where
from ivr.menu import Menu, Menus
from ivr.numbers import Numbers, from_database
from ivr.signals import Arrival, Step
from ivr.speech.cache import audible
from ivr.trunks import prefix_of, region_of, trunk_of, zone_of
from ivr.turn import (
    CallBack,
    Caller,
    Dialogue,
    Effect,
    Enqueue,
    Intent,
    Lookup,
    Note,
    Promised,
    Signal,
    Standing,
    State,
    Turn,
    Where,
)
from router.calls import CallState, Outcome
from router.pools import Pools, named
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Admission, Call

log = logging.getLogger(__name__)
T = TypeVar("T")
IN_LINE = frozenset({CallState.WAITING, CallState.OFFERED})
IVR_STATES = IN_LINE | {CallState.IVR}
ON_THE_WAY = frozenset({CallState.PARTNER, CallState.MOVING})
AFTER = {"after-offer": talk_ended, "after-partner": partner_ended}
SHARE_FOR_FACTS = 0.6  # of the deadline: a slow database costs the caller the announcement, never the call


class StepFailed(Problem):
    """No answer in time. The carrier answers nothing, and its fallback takes the caller (T1)."""

    slug = "step-failed"
    status = 503


class IvrService:
    """Implements ivr.port.IvrPort. `start` before the first step, `stop` at the end."""

    def __init__(
        self,
        acd: Acd,
        db: Database,
        menus: Menus,
        numbers: Numbers,
        clock: Clock | None = None,
        *,
        deadline_ms: int = 1000,
        pools: Pools | None = None,
    ) -> None:
        self.acd = acd
        self._pools = pools or Pools(acd, ())
        self._menus = menus
        self._numbers = numbers
        self._clock = clock or SystemClock()
        self._facts = Facts(db, self._clock)
        self._deadline = deadline_ms / 1000
        self._background = Background(db, menus, self._clock)

    async def start(self) -> None:
        """Reserve report numbers, begin to look after the menu and the last announcement."""
        await self._numbers.start(unit.prefix for unit in operator().areas.units.values())
        await self._background.start()

    async def stop(self) -> None:
        """End what `start` began."""
        await self._background.stop()
        await self._numbers.settled()
        await self._pools.close()

    def last_announcement(self) -> str:
        """The newest statement that may be said to anybody; "" when nothing is known anywhere (for fallbacks)."""
        return self._background.announcement

    # --- the verbs of the port

    async def arrived(self, arrival: Arrival, token: str) -> Instruction:
        """A new call. A repeated arrival gets the answer that the call got last."""
        return await self._in_time(self._arrived(arrival, token))

    async def step(self, step: Step) -> Instruction:
        """The next instruction of a call; raises StepFailed, or NotFound (unknown-call) unless it resumes."""

        async def there() -> Instruction:
            return await (await self._for(step.call))._step(step)

        return await self._in_time(there())

    async def hung_up(self, call: str, *, by: str = "caller", channel: str = "") -> None:
        """The caller's leg is gone. Whoever sees it says so; the first one counts. `channel`, where it is known: late
        news of a leg that the call has left (it was called back) end nothing.
        """
        acd = await self._pools.of(call)
        known = await acd.call(call)
        if known is None or known.state is CallState.ENDED or (channel and known.channel not in ("", channel)):
            return
        said_goodbye = known.state is CallState.IVR and State.loads(known.flow).closing
        await acd.ended(call, by=by, outcome=Outcome.ANNOUNCED if said_goodbye else None)

    # --- how

    async def _for(self, call: str) -> IvrService:
        """This service, or itself with the pool that the call was moved to."""
        acd = await self._pools.of(call)
        if acd is self.acd:
            return self
        there = copy(self)
        there.acd = acd
        return there

    async def _in_time(self, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._deadline):
                return await answer
        except (TimeoutError, StoreUnavailable) as fault:
            raise StepFailed("no answer within the deadline of a step") from fault

    async def _arrived(self, arrival: Arrival, token: str) -> Instruction:
        trunk, region = trunk_of(arrival)
        try:
            admission = await self._admit(arrival, trunk, region)
        except NotFound as fault:  # the store was configured from an older areas.yaml: only the total counts
            log.error("a call came by a trunk that the store does not know (%s)", fault.slug)
            admission = await self._admit(arrival, "", region)
        if not admission.admitted:
            return Reject()
        call = await self._call(arrival.call)
        if call.answer:
            return instructions_json.loads(call.answer)
        return await self._turn(call, token, Signal("arrive"), triage=admission.reserve)

    async def _admit(self, arrival: Arrival, trunk: str, region: str) -> Admission:
        return await self.acd.admit(
            arrival.call,
            carrier=arrival.carrier,
            channel=arrival.channel,
            ani=arrival.ani,
            trunk=trunk,
            region=region,
            dialled=arrival.dialled,
            menu=self._menus.current().version,
            cmd=f"{arrival.call}:arrive",
        )

    async def _step(self, asked: Step) -> Instruction:
        if asked.name == "resume":
            await self._adopt(asked)
        call = await self._call(asked.call)
        if call.step == asked.token and call.answer:
            return instructions_json.loads(call.answer)
        if lives_on(call, asked.name, asked.extra):
            return await self._again(call, asked)
        if call.virtual:  # the old line says more than its goodbye: the place is kept already
            return Bye()
        if asked.name in AFTER:
            over = await AFTER[asked.name](self.acd, call, asked.extra)
            again = await self._call(call.id)
            return await (self._goodbye(again, asked.token) if over else self._turn(again, asked.token, Signal("back")))
        return await self._next(call, asked)

    async def _next(self, call: Call, asked: Step) -> Instruction:
        signal, menu = self._signal(call, asked), self._menu_of(call)
        # On the way to a partner an emergency is taken back, to another pool it goes on as one; no other key counts.
        urgent = call.state in ON_THE_WAY and is_emergency(menu, signal.digits)
        in_goodbye = call.state is CallState.IVR and State.loads(call.flow).closing
        if in_goodbye and call.answer and signal.digits and not is_emergency(menu, signal.digits):
            return instructions_json.loads(call.answer)  # a key cut it short: the same from its beginning
        if call.state in IVR_STATES or urgent:
            return await self._turn(call, asked.token, signal)
        if call.state is CallState.ENDED:
            return Bye()
        # A redirect is on its way to this channel.
        return Wait((), call.queue, keys=menu.shape.emergency.key if call.state in ON_THE_WAY else "")

    async def _again(self, call: Call, asked: Step) -> Instruction:
        urgent = is_emergency(self._menu_of(call), asked.digits) or asked.extra.get("emergency") == "1"
        name = await begin_again(self.acd, call, emergency=call.emergency or urgent)
        step = "resume" if asked.name == "resume" else "waiting"
        return Renamed(name, await self._step(replace(asked, call=name, name=step)))

    def _signal(self, call: Call, asked: Step) -> Signal:
        if asked.name == "resume":  # the fallback offers one thing to press, and may have been told it before
            urgent = asked.digits or (asked.extra.get("emergency") == "1" and not call.emergency)
            return Signal("waiting", self._menu_of(call).shape.emergency.key if urgent else "")
        if asked.name == "recorded":
            return Signal("recorded", asked.digits, seconds=_int(asked.extra.get("recorded_ms", "")) / 1000)
        return Signal("waiting" if asked.name == "waiting" else "next", asked.digits)

    async def _adopt(self, asked: Step) -> None:
        """A caller comes out of the fallback: what the channel carries rebuilds the call (T4)."""
        call = await self.acd.call(asked.call)
        if call is not None and call.state is not CallState.IVR:
            return
        extra, queues = asked.extra, operator().queues
        emergency = bool(asked.digits) or extra.get("emergency") == "1"
        queue = extra.get("queue", "")
        queue = queues.emergency if emergency else queue if queue in queues.queues else queues.last_resort
        trunk = extra.get("trunk", "") or operator().areas.default_trunk
        await self.acd.adopt(
            asked.call,
            carrier=extra.get("carrier", "") or "asterisk",
            channel=extra.get("channel", ""),
            ani=extra.get("ani", ""),
            trunk=trunk,
            region=region_of(trunk),
            queue=queue,
            arrived=_int(extra.get("arrived", "")) or self._clock.ms(),
            priority=_int(extra.get("priority", "")),
            emergency=emergency,
        )

    async def _call(self, call: str) -> Call:
        known = await self.acd.call(call)
        if known is None:
            raise NotFound("no such call", slug="unknown-call")
        return known

    async def _turn(self, call: Call, token: str, signal: Signal, *, triage: bool = False) -> Instruction:
        caller = Caller(
            call.id,
            call.ani,
            call.region,
            triage,
            kept=bool(call.kept),
            gapped=call.gapped,
            level=call.level,
            dialled=call.dialled,
            now=self._clock.now(),
            zone=zone_of(call.region),
            recording=self._background.recording,
        )
        state = _state(call)
        try:
            menu = self._menus.version(call.menu) if call.menu else self._menus.current()
            dialogue = step(menu, state, caller, signal)
        except NotFound:  # the call's menu was never written here: a person can still be reached
            log.error("menu %s is not known here; the call goes to a person", call.menu)
            queue = state.queue or operator().queues.last_resort
            dialogue = join(self._menus.current(), state, caller, queue)
        return await self._drive(call, token, dialogue)

    async def _goodbye(self, call: Call, token: str) -> Instruction:
        state = _state(call)
        state.closing = state.greeted = True
        turn = Turn(self._menu_of(call), state, Caller(call.id, call.ani, call.region))
        return await self._save(call, token, state, turn.bye(turn.menu.shape.goodbye))

    def _menu_of(self, call: Call) -> Menu:
        with contextlib.suppress(NotFound):
            return self._menus.version(call.menu)
        return self._menus.current()

    async def _drive(self, call: Call, token: str, dialogue: Dialogue) -> Instruction:
        wanted: list[Intent | Note] = []
        known: dict[Lookup, Any] = {}  # facts of this turn
        answer: Any = None
        facts_until = asyncio.get_running_loop().time() + self._deadline * SHARE_FOR_FACTS
        while True:
            try:
                effect = dialogue.send(answer)
            except StopIteration as end:
                state, instruction = end.value
                return await self._save(call, token, state, instruction, wanted)
            answer = None
            if isinstance(effect, Intent | Note):
                wanted.append(effect)
            else:
                answer = await self._fulfil(call, token, effect, facts_until, known)

    async def _save(
        self, call: Call, token: str, state: State, instruction: Instruction, wanted: list[Intent | Note] | None = None
    ) -> Instruction:
        """State, durable wishes and answer become one entry of the store; a repeated token gets the earlier answer."""
        notes = [wish.data for wish in wanted or () if isinstance(wish, Note)]
        saved = self.acd.step(
            call.id,
            token=token,
            flow=state.dumps(),
            answer=instructions_json.dumps(instruction),
            intents=[wish.data for wish in wanted or () if isinstance(wish, Intent)],
            notes=notes,
        )
        told = asyncio.gather(*(self._tell(call.id, note) for note in notes))  # leaves in the same write
        answer, _ = await asyncio.gather(saved, told)
        return instructions_json.loads(answer)

    async def _tell(self, call: str, note: dict[str, Any]) -> None:
        """What the store counts of the notes. It can cost the caller nothing but being counted."""
        try:
            if note["what"] == "located" and note["area"]:
                await self.acd.locate(call, note["area"])
            elif note["what"] == "triage":
                await self.acd.triaged(call)
        except Problem as problem:
            log.warning("call %s: %s was not counted (%s)", call, note["what"], problem.slug)

    async def _fulfil(self, call: Call, token: str, effect: Effect, until: float, known: dict[Lookup, Any]) -> Any:
        if isinstance(effect, Enqueue):
            return await enqueue(self.acd, call, token, effect)
        if isinstance(effect, CallBack):
            return await call_back(self.acd, call, effect, now=self._clock.ms(), token=token)
        if isinstance(effect, Where):
            return await where(self.acd, call) or Standing()
        if isinstance(effect, Promised):
            with contextlib.suppress(Refused):  # offered meanwhile: it will not be heard
                promise = {"low_ms": effect.low_ms, "high_ms": effect.high_ms}
                await self.acd.promise(call.id, **promise, cmd=f"{call.id}:{token}:promise")
            return None
        assert isinstance(effect, Lookup)  # noqa: S101 - the other kinds never come here
        if effect.kind == "reserve":
            return self._numbers.take(prefix_of(effect.value or call.region))
        if effect not in known:
            known.update(await self._look_up(call, effect, until))
        return known.get(effect)

    async def _look_up(self, call: Call, wanted: Lookup, until: float) -> dict[Lookup, Any]:
        need_audio = call.carrier != "twilio"
        if asyncio.get_running_loop().time() >= until:  # an earlier fact took all the time there is
            return {}
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.to_thread(self._facts.ahead, wanted, need_audio=need_audio, ani=call.ani)
        except (TimeoutError, SQLAlchemyError, LookupError) as fault:  # LookupError: an area no longer in areas.yaml
            log.error("the fact %s could not be had: %s", wanted.kind, told(fault))
            return {}


def _state(call: Call) -> State:
    """The flow's state, brought in line with the store: it knows best whether a call is in a queue."""
    state = State.loads(call.flow)
    state.queue = call.queue if call.state in IN_LINE else ""
    if state.queue:
        state.emergency, state.greeted = call.emergency, True
    return state


def _int(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def build(acd: Acd, *, plays: bool = False) -> IvrService:
    """The service of this process, from its settings. `acd` stays the caller's to close. `plays`: its callers hear
    sounds, so a changed menu waits for them; else the carrier speaks text.
    """
    now, db = settings(), database()
    ready = (lambda menu: audible(menu.texts())) if plays else (lambda menu: True)
    menus = Menus(now.config_dir, now.data.resolve() / "menus", audible=ready)
    pools = Pools(acd, named(operator().queues, acd.pool))
    return IvrService(acd, db, menus, from_database(db), deadline_ms=now.step_deadline_ms, pools=pools)
