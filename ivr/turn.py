"""One turn of the dialogue: what goes in (state, caller, signal), what comes out (effects, one instruction).

A turn is a generator without I/O: it yields what it wants done (`Lookup`, `Enqueue`, `Intent`, `Note`), is sent the
answer, and returns the new state and the Instruction. It lives only while one step is answered; between steps there is
nothing but `State`, which any process can read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from ivr.instructions import Ask, Bye, Fragment, Instruction, Wait
from ivr.menu import Menu
from tickets.views import KnownOutage, PremisesView, ReportView


@dataclass
class Choice:
    """What a key of a spoken list stands for."""

    name: list[str]  # as it is spoken: area, or street; never a customer's name or full address
    area: str
    premises: int | None = None
    priority: int = 0


@dataclass
class State:
    """Where a caller is in the menu. Opaque to the store; nothing personal stands in it but ids and area codes."""

    node: str = ""
    language: str = "id"
    greeted: bool = False
    tries: int = 0  # wrong or missing keys at this node
    area: str = ""  # located there; "" = unknown
    premises: int | None = None
    choices: list[Choice] = field(default_factory=list)
    outage: int | None = None  # the outage last announced
    after: str = ""  # the node that wanted the caller identified
    number: str = ""  # of the report filed in this call
    filed: bool = False
    priority: int = 0
    queue: str = ""  # in line there
    emergency: bool = False
    place: int = 0  # last one spoken; 0 = none yet
    closing: bool = False  # goodbye was said

    def dumps(self) -> str:
        """For the store."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def loads(cls, text: str) -> State:
        """From the store. Fields that this version does not know are dropped: two versions may serve side by side."""
        raw = json.loads(text) if text else {}
        known = {f.name for f in fields(cls)}
        raw = {key: value for key, value in raw.items() if key in known}
        raw["choices"] = [Choice(**choice) for choice in raw.get("choices", [])]
        return cls(**raw)


@dataclass(frozen=True)
class Caller:
    """What is known of the call itself."""

    call: str
    ani: str  # E.164; "" = withheld
    region: str  # area code of the trunk
    triage: bool = False  # only the emergency lines are left, or the trunk's region is gapped
    gapped: bool = False  # more callers of the area than officers can take: everything but an officer


@dataclass(frozen=True)
class Signal:
    """What happened. `waiting` comes from the wait loop, `back` when nobody answered an offer."""

    name: Literal["arrive", "next", "waiting", "back"]
    digits: str = ""


@dataclass(frozen=True)
class Lookup:
    """Wanted: a fact. The shell answers None (or an empty list) when it cannot be had in time."""

    kind: Literal["phone", "number", "outage", "region", "reports", "reserve"]
    value: str


@dataclass(frozen=True)
class Enqueue:
    """Wanted: a place in line. Answered with the place (1 = next; 0 = not known), also when already in that line."""

    queue: str
    priority: int = 0
    emergency: bool = False
    skills: Mapping[str, int] | None = None  # what the CSO must have; None = as before


@dataclass(frozen=True)
class Where:
    """Wanted: the place in line now."""


@dataclass(frozen=True)
class Intent:
    """Wanted: a durable write, executed by ivr/intents.py from the journal."""

    data: dict[str, Any]


@dataclass(frozen=True)
class Note:
    """For the desk's card: something the caller heard or keyed."""

    data: dict[str, Any]


Effect = Lookup | Enqueue | Where | Intent | Note
Flow = Generator[Effect, Any, Instruction]  # a part of a turn, working on that turn's own state
Dialogue = Generator[Effect, Any, tuple["State", Instruction]]  # a whole turn
MAX_CHOICES = 5  # more than five nobody remembers (facts of the field: F1)


@dataclass
class Turn:
    """The working values of one turn: `state` is its own; `said` collects what is spoken before the next question."""

    menu: Menu
    state: State
    caller: Caller
    said: list[Fragment] = field(default_factory=list)

    def text(self, keys: Sequence[str], /, **values: str | list[str]) -> list[Fragment]:
        """The fragments of some sentences."""
        return [piece for key in keys for piece in self.menu.say(key, self.state.language, **values)]

    def say(self, keys: Sequence[str], /, **values: str | list[str]) -> None:
        """Speak this before whatever comes next."""
        self.said += self.text(keys, **values)

    def greeting(self) -> list[Fragment]:
        """The greeting, once a call."""
        if self.state.greeted:
            return []
        self.state.greeted = True
        return self.text(self.menu.shape.greeting)

    def ask(self, say: Sequence[str], rest: Sequence[Fragment], *, digits: int = 1) -> Ask:
        """Greeting, the emergency sentence (first of `say`), what was to be said, the question."""
        fragments = [*self.greeting(), *self.text(say[:1]), *self.said, *self.text(say[1:]), *rest]
        shape = self.menu.shape
        return Ask(tuple(fragments), digits, first_timeout=shape.first_timeout, inter_timeout=shape.inter_timeout)

    def bye(self, keys: Sequence[str]) -> Bye:
        """What was to be said, goodbye."""
        self.state.closing = True
        return Bye((*self.greeting(), *self.said, *self.text(keys)))

    def wait(self, place: int) -> Wait:
        """In line: the emergency sentence, the place when it is news and good, music."""
        state, rules = self.state, self.menu.shape.waiting
        news = place > 0 and (state.place == 0 or place < state.place)
        if news:
            state.place = place
        said = [*self.said, *(self._place(place) if news else ())]
        if said and not state.emergency:
            said = [*self.text([rules.opening]), *said]
        key = "" if state.emergency else self.menu.shape.emergency.key
        return Wait((*self.greeting(), *said), state.queue, keys=key, round_seconds=rules.round_seconds)

    def _place(self, place: int) -> list[Fragment]:
        rules = self.menu.shape.waiting
        if place > rules.spoken_places:
            return self.text([rules.far])
        return self.text([rules.place], place=f"ke-{place}" if self.state.language == "id" else str(place))


def phone(number: str) -> Generator[Effect, Any, list[PremisesView]]:
    """The premises of a telephone number, at most five."""
    found = (yield Lookup("phone", number)) if number else []
    return list(found or [])[:MAX_CHOICES]


def premises_number(digits: str) -> Generator[Effect, Any, PremisesView | None]:
    """The premises with this IDPEL or meter number."""
    found: PremisesView | None = yield Lookup("number", digits)
    return found


def outage_in(area: str) -> Generator[Effect, Any, KnownOutage | None]:
    """The live outage that covers an area."""
    found: KnownOutage | None = (yield Lookup("outage", area)) if area else None
    return found


def outages_near(region: str) -> Generator[Effect, Any, list[KnownOutage]]:
    """The live outages of a region, one per area, at most five."""
    found: list[KnownOutage] = (yield Lookup("region", region)) or []
    return list({outage.area: outage for outage in found}.values())[:MAX_CHOICES]


def open_reports(premises: int | None) -> Generator[Effect, Any, list[ReportView]]:
    """The open reports of a premises, newest first."""
    found = (yield Lookup("reports", str(premises))) if premises is not None else []
    return sorted(found or [], key=lambda report: report.reported_at, reverse=True)


def reserved_number(area: str) -> Generator[Effect, Any, str]:
    """A report number kept for this call; "" when none is left."""
    found: str | None = yield Lookup("reserve", area)
    return found or ""


def run(dialogue: Dialogue, perform: Callable[[Effect], Any]) -> tuple[State, Instruction]:
    """Drive a turn to its end (simulation, tests; the service has the same loop with `await`)."""
    answer: Any = None
    while True:
        try:
            effect = dialogue.send(answer)
        except StopIteration as end:
            state, instruction = end.value
            return state, instruction
        answer = perform(effect)
