"""A caller who is not real: dials, listens, presses keys. The flow he meets is the real one, run without a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from config.clock import VirtualClock
from config.operator import prefixes
from config.schema.queues import Announce
from ivr.flow import step
from ivr.instructions import Ask, Bye, Fragment, Instruction, Reject, Renamed, Wait
from ivr.menu import Menu
from ivr.turn import (
    CallBack,
    Caller,
    Effect,
    Enqueue,
    Intent,
    Lookup,
    Note,
    Promised,
    Signal,
    Standing,
    State,
    Where,
    run,
)
from router.estimate import Told
from tickets.outages.scopes import Place
from tickets.views import CompensationView, KnownOutage, PremisesView, ReportView

CHARACTERS_A_SECOND = 14  # of a voice at 160 words a minute
THINKING_S = 1.5
KEYING_S = 0.7  # each key of a number that is read off a bill, and the hash after it


@dataclass
class World:
    """What is true outside the call."""

    phones: Mapping[str, list[PremisesView]] = field(default_factory=dict)
    numbers: Mapping[str, PremisesView] = field(default_factory=dict)  # IDPEL or meter
    outages: list[KnownOutage] = field(default_factory=list)
    reports: list[ReportView] = field(default_factory=list)
    compensation: CompensationView | None = None
    reserved: list[str] = field(default_factory=lambda: [f"54{n}" for n in range(100000001, 100000100)])
    several: set[str] = field(default_factory=set)  # areas several others have just reported from
    place: int = 1
    told: Told | None = None
    announce: Announce = field(default_factory=lambda: Announce(every=20))
    max_wait: float = 0.0
    level: int = 0  # of the surge ladder
    callback: bool = True  # a callback is offered to whoever waits
    callback_answer: str = "agreed"  # what the store says to who asks for one

    def look_up(self, wanted: Lookup) -> Any:
        """The fact, as ivr.facts would read it from SQL."""
        found: Any = None
        match wanted.kind:
            case "phone":
                found = self.phones.get(wanted.value, [])
            case "number":
                found = [self.numbers[wanted.value]] if wanted.value in self.numbers else []
            case "outage":
                here = set(Place(wanted.value, wanted.beside).codes())
                found = next((one for one in self.outages if here & set(one.codes or (one.area,))), None)
            case "region":
                found = [one for one in self.outages if wanted.value in prefixes(one.area)]
            case "several":
                found = wanted.value in self.several
            case "asked":
                mine = [one for one in self.reports if str(one.premises_id) == wanted.value]
                mine.sort(key=lambda one: one.reported_at, reverse=True)
                found = sorted(mine, key=lambda one: (one.kind != "G", not one.open))
            case "compensation":
                found = self.compensation
            case "reserve":
                found = self.reserved.pop(0) if self.reserved else ""
        return found


@dataclass
class Line:
    """One thing that happened in the call, at `at` seconds from the pick-up."""

    at: float
    who: Literal["suar", "caller"]
    what: str


def estimated_seconds(fragment: Fragment) -> float:
    """How long a sentence takes when its sound is not at hand."""
    return max(0.4, len(fragment.text) / CHARACTERS_A_SECOND)


class ScriptedCaller:
    """One call. Between two steps only the state's text is kept, as in the store."""

    def __init__(
        self,
        menu: Menu,
        world: World,
        *,
        ani: str = "",
        region: str = "31",
        triage: bool = False,
        dialled: str = "",
        seconds: Callable[[Fragment], float] = estimated_seconds,
    ) -> None:
        self.menu, self.world = menu, world
        self.caller = Caller("csimulated1", ani, region, triage, dialled=dialled)
        self.clock = VirtualClock(datetime(2019, 8, 4, 5, 0, tzinfo=UTC))
        self.instruction: Instruction = Reject()
        self.intents: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.queues: list[Enqueue] = []
        self.promises: list[Promised] = []
        self.callbacks: list[CallBack] = []
        self.lines: list[Line] = []
        self._began = self.clock.ms()
        self._seconds = seconds
        self._stored = ""
        self._queued = 0.0

    # --- what the caller does

    def dials(self) -> Instruction:
        """The call arrives."""
        return self._step(Signal("arrive"))

    def presses(self, digits: str) -> Instruction:
        """Listens to the end, then keys."""
        self.clock.advance(seconds=THINKING_S + (KEYING_S * len(f"{digits}#") if len(digits) > 1 else 0))
        self.lines.append(Line(self.seconds, "caller", f"[{digits}]"))
        return self._step(Signal("next", digits))

    def keeps_silent(self) -> Instruction:
        """Keys nothing; in line that is the next round."""
        if isinstance(self.instruction, Ask):
            self.clock.advance(seconds=self.instruction.first_timeout)
        elif isinstance(self.instruction, Wait):
            self.clock.advance(seconds=self.instruction.round_seconds)
        self.lines.append(Line(self.seconds, "caller", "…"))
        return self._step(Signal("waiting" if isinstance(self.instruction, Wait) else "next"))

    def speaks(self, seconds: float) -> Instruction:
        """Says something after the tone; 0 = nothing."""
        self.clock.advance(seconds=seconds)
        self.lines.append(Line(self.seconds, "caller", "(speaks)" if seconds else "…"))
        return self._step(Signal("recorded", seconds=seconds))

    def is_not_answered(self) -> Instruction:
        """The CSO who was rung did not pick up."""
        return self._step(Signal("back"))

    # --- what can be seen of it

    @property
    def state(self) -> State:
        """Where the flow stands."""
        return State.loads(self._stored)

    @property
    def seconds(self) -> float:
        """Since the pick-up."""
        return (self.clock.ms() - self._began) / 1000

    @property
    def heard(self) -> str:
        """The last thing said, as one text."""
        return " ".join(fragment.text for fragment in self.said)

    @property
    def said(self) -> tuple[Fragment, ...]:
        """The fragments of the last instruction."""
        return () if isinstance(self.instruction, Reject | Renamed) else self.instruction.say

    @property
    def keys(self) -> list[str]:
        """The sentences of the last instruction, by key, each once; without the offer of other languages."""
        choice = self.menu.shape.language
        keys = dict.fromkeys(fragment.key.partition(":")[0] for fragment in self.said)
        return [key for key in keys if choice is None or key not in choice.offer]

    @property
    def over(self) -> bool:
        """Whether goodbye was said."""
        return isinstance(self.instruction, Bye)

    def transcript(self) -> str:
        """The dialogue, a line each."""
        return "\n".join(f"{line.at:5.1f}  {line.who:<6}  {line.what}" for line in self.lines)

    # --- how

    def _step(self, signal: Signal) -> Instruction:
        caller = replace(self.caller, level=self.world.level, now=self.clock.now())
        state, self.instruction = run(step(self.menu, self.state, caller, signal), self._perform)
        self._stored = state.dumps()
        for fragment in self.said:
            self.lines.append(Line(self.seconds, "suar", fragment.text))
            self.clock.advance(seconds=self._seconds(fragment))
        return self.instruction

    def _standing(self) -> Standing:
        world, waited = self.world, self.seconds - self._queued
        found = Standing(world.place, world.told, waited, announce=world.announce, max_wait=world.max_wait)
        return replace(found, callback=world.callback)

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Lookup():
                return self.world.look_up(effect)
            case Enqueue():
                self.queues.append(effect)
                self._queued = self.seconds
                return self._standing()
            case CallBack():
                self.callbacks.append(effect)
                return self.world.callback_answer
            case Where():
                return self._standing()
            case Promised():
                self.promises.append(effect)
            case Intent():
                self.intents.append(effect.data)
            case Note():
                self.notes.append(effect.data)
        return None
