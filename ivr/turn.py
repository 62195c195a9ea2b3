"""One turn of the dialogue: what goes in (state, caller, signal), what comes out (effects, one instruction).

A turn is a generator without I/O: it yields what it wants done (`Lookup`, `Enqueue`, `Intent`, `Note`), is sent the
answer, and returns the new state and the Instruction. It lives only while one step is answered; between steps there is
nothing but `State`, which any process can read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from config.schema.queues import Announce
from ivr.instructions import Ask, Bye, Fragment, Instruction, Wait
from ivr.menu import Menu
from router.estimate import Told
from tickets.views import CompensationView, KnownOutage, PremisesView, ReportView


@dataclass
class Choice:
    """What a key of a spoken list stands for."""

    name: list[str]  # as it is spoken: area, or street; never a customer's name or full address
    area: str
    premises: int | None = None
    priority: int = 0
    beside: list[str] = field(default_factory=list)  # codes that cover it beside its area's (tickets/outages/scopes.py)


@dataclass
class State:
    """Where a caller is in the menu. Opaque to the store; nothing personal stands in it but ids and area codes."""

    node: str = ""
    language: str = "id"
    offered_language: bool = False  # has heard which key changes it
    greeted: bool = False
    tries: int = 0  # wrong or missing keys at this node
    area: str = ""  # located there; "" = unknown
    beside: list[str] = field(default_factory=list)  # as of the Choice
    premises: int | None = None
    others: bool = False  # has heard that others have reported, too
    choices: list[Choice] = field(default_factory=list)
    outage: int | None = None  # the outage last announced
    told: list[int] = field(default_factory=list)  # outages announced in this call
    after: str = ""  # the node that wanted the caller identified
    number: str = ""  # of the report filed in this call
    filed: bool = False
    noted: bool = False  # a voice note was kept in this call
    recorded: Literal["", "said", "heard"] = ""  # the caller is told of the recording; has heard all of it
    priority: int = 0
    floor: int = 0  # of the number dialled: no place makes it less
    by_phone: bool = False  # placed by the telephone's number alone
    moved: int = 0  # how often another place was meant
    finished: str = ""  # number of the finished report that was told
    only_me: bool = False  # said so before that was told
    queue: str = ""  # in line there
    emergency: bool = False
    place: int = 0  # last one spoken; 0 = none yet
    spoken: float = -1  # seconds in this line when something was last announced; -1 = nothing yet
    round: int = 0  # announcements made in this line
    late: bool = False  # has been told that it takes longer than was promised
    over_limit: bool = False  # has waited longer than the queue's max_wait
    closing: bool = False  # goodbye was said
    full: str = ""  # the queue that took no more callers
    skills: dict[str, int] = field(default_factory=dict)  # asked for there
    offered: bool = False  # has heard in this line which key asks for a callback

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
    kept: bool = False  # calls again instead of being called back: the place stays
    gapped: bool = False  # more callers of the area than officers can take: everything but an officer
    level: int = 0  # of the surge ladder, now
    dialled: str = ""
    now: datetime | None = None  # for the menu's hours; None: everything is open
    zone: str = "WIB"  # of the trunk's region
    recording: frozenset[str] = frozenset()  # the queues whose conversations are recorded now


@dataclass(frozen=True)
class Signal:
    """What happened. `waiting` comes from the wait loop, `back` when nobody answered an offer, `recorded` after a
    Record, with how long the sound is.
    """

    name: Literal["arrive", "next", "waiting", "back", "recorded"]
    digits: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Lookup:
    """Wanted: a fact. The shell answers None (or an empty list) when it cannot be had in time."""

    kind: Literal["phone", "number", "outage", "region", "asked", "reserve", "several", "compensation"]
    value: str
    beside: tuple[str, ...] = ()  # of "outage": as of the State
    but: int | None = None  # of "several": the premises that asks


@dataclass(frozen=True)
class Enqueue:
    """Wanted: a place in line. Answered with the Standing there, also when already in that line; None: it is full."""

    queue: str
    priority: int = 0
    emergency: bool = False
    skills: Mapping[str, int] | None = None  # what the CSO must have; None = as before


@dataclass(frozen=True)
class CallBack:
    """Wanted: the caller hangs up and keeps the place. Answered `agreed`, `later` (outside the hours), or a slug."""

    queue: str
    priority: int = 0
    skills: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Where:
    """Wanted: the Standing in line now."""


@dataclass(frozen=True)
class Standing:
    """How a caller stands in line, and what may be told of the wait."""

    place: int = 0  # 1 = next; 0 = not known
    told: Told | None = None  # None: a CSO is free already, or the store could not be asked
    waited: float = 0.0  # seconds, in this line
    expected_ms: int | None = None  # the mean of what is thought of the wait; None = cannot be estimated
    announce: Announce = field(default_factory=Announce)
    max_wait: float = 0.0  # the queue's own limit, seconds; 0 = none
    callback: bool = False  # a callback is offered, by the surge level or because the wait is long


@dataclass(frozen=True)
class Promised:
    """Wanted before it is spoken: that a CSO will be there between `low_ms` and `high_ms` from now is on record."""

    low_ms: int
    high_ms: int


@dataclass(frozen=True)
class Intent:
    """Wanted: a durable write, executed by ivr/intents.py from the journal."""

    data: dict[str, Any]


@dataclass(frozen=True)
class Note:
    """For the desk's card: something the caller heard or keyed."""

    data: dict[str, Any]


Effect = Lookup | Enqueue | CallBack | Where | Promised | Intent | Note
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

    def key(self, what: str) -> str:
        """By which a wish of this call is done once: once a call, and once more for another place."""
        return f"{self.caller.call}:{what}" + (f":{self.state.moved}" if self.state.moved else "")

    def greeting(self) -> list[Fragment]:
        """The greeting, once a call."""
        if self.state.greeted:
            return []
        self.state.greeted = True
        return self.text(self.menu.shape.greeting)

    def other_languages(self) -> list[Fragment]:
        """Once: the key of each other language, said in that language."""
        choice, state = self.menu.shape.language, self.state
        if choice is None or state.offered_language:
            return []
        state.offered_language = True
        others = [language for language in choice.keys if language != state.language]
        return [piece for language in others for key in choice.offer for piece in self.menu.say(key, language)]

    def language_keys(self) -> str:
        """The keys by which this caller would change the language."""
        choice = self.menu.shape.language
        return "".join(key for name, key in choice.keys.items() if name != self.state.language) if choice else ""

    def ask(self, say: Sequence[str], rest: Sequence[Fragment], *, digits: int = 1) -> Ask:
        """Greeting, the emergency sentence (first of `say`), what was to be said, the other languages, the question."""
        shape = self.menu.shape
        opening = self.text(self._opening(say))
        told = [*self.greeting(), *opening, *self.said, *self.other_languages()]
        fragments = [*told, *self.text(say[1:]), *rest]
        return Ask(tuple(fragments), digits, first_timeout=shape.first_timeout, inter_timeout=shape.inter_timeout)

    def _opening(self, say: Sequence[str]) -> Sequence[str]:
        """The emergency sentence; whoever has heard one in this call hears the last, short one."""
        sentences = self.menu.shape.emergency.sentences
        return sentences[-1:] if self.state.greeted and say[0] in sentences else say[:1]

    def bye(self, keys: Sequence[str]) -> Bye:
        """What was to be said, goodbye."""
        self.state.closing = True
        return Bye((*self.greeting(), *self.said, *self.text(keys)))

    def callback_key(self) -> str:
        """The key with which this caller may ask to be called back; "" when not."""
        rules = self.menu.shape.waiting.callback
        return rules.key if rules and self.caller.ani and not self.state.emergency else ""

    def join(self, queue: str) -> None:
        """From now on in this line: nothing was announced there yet."""
        state = self.state
        state.queue, state.place, state.spoken, state.round, state.offered = queue, 0, -1.0, 0, False

    def wait(self, standing: Standing) -> Flow:
        """In line: the emergency sentence, what is to be announced by the queue's rule, music."""
        state, rules = self.state, self.menu.shape.waiting
        over_limit = state.over_limit
        said = [*self.said, *(yield from self._announced(standing))]
        # Offered once; and again whenever a caller is told that it takes longer than it should (R9).
        longer = self._broken(standing) or state.over_limit > over_limit
        if self.callback_key() and rules.callback and (longer or (standing.callback and not state.offered)):
            state.offered = True
            said += self.text(rules.callback.offer)
        if said and not state.emergency:
            said = [*self.text([rules.opening]), *said]
        keys = "" if state.emergency else self.menu.shape.emergency.key + self.callback_key() + self.language_keys()
        return Wait(
            (*self.greeting(), *said),
            state.queue,
            keys=keys,
            round_seconds=rules.round_seconds,
            music=standing.announce.music,
        )

    def _announced(self, standing: Standing) -> Generator[Effect, Any, list[Fragment]]:
        """Place and wait, one of the queue's own sentences; out of turn when what was told cannot be kept."""
        state, announce, told = self.state, standing.announce, standing.told
        speaks = announce.estimate and not state.emergency and told is not None
        broken = self._broken(standing)
        first = state.spoken < 0
        said: list[Fragment] = []
        if 0 < standing.max_wait < standing.waited and not state.over_limit:
            state.over_limit = True
            said += self.text(self.menu.shape.waiting.over_limit)
        if not (first or broken or standing.waited - state.spoken >= announce.every):
            return said
        if announce.place and standing.place > 0 and (state.place == 0 or standing.place < state.place):
            state.place = standing.place
            said += self._place(standing.place)
        if speaks and told is not None:
            said += yield from self._estimate(told, first=first)
        if announce.prompts and not first:
            said += self.known_text([announce.prompts[(state.round - 1) % len(announce.prompts)]])
        state.spoken, state.round = standing.waited, state.round + 1
        return said

    def _broken(self, standing: Standing) -> bool:
        """Whether what was told cannot be kept, and this is said now."""
        told = standing.told
        return standing.announce.estimate and not self.state.emergency and told is not None and told.broken

    def _estimate(self, told: Told, *, first: bool) -> Generator[Effect, Any, list[Fragment]]:
        rules = self.menu.shape.waiting
        if not rules.between:  # a menu from before estimates were spoken
            return []
        if told.new:
            yield Promised(told.low_ms, told.high_ms)
        said = self.text(rules.late) if told.broken else []
        self.state.late = self.state.late or told.broken
        if told.high is None and told.low is None:
            return [*said, *(self.text([rules.nobody] if rules.nobody and (first or told.broken) else []))]
        if told.high is None:
            return [*said, *self.text([rules.beyond], low=str(told.low))]
        if told.low:
            return [*said, *self.text([rules.between], low=str(told.low), high=str(told.high))]
        if told.high > 1:
            return [*said, *self.text([rules.within], high=str(told.high))]
        return [*said, *self.text([rules.soon])]

    def known_text(self, keys: Sequence[str]) -> list[Fragment]:
        """The fragments of sentences that another file names: a call's menu may be older than that file."""
        return self.text([key for key in keys if key in self.menu.prompts.prompts])

    def _place(self, place: int) -> list[Fragment]:
        rules = self.menu.shape.waiting
        if place > rules.spoken_places:
            return self.text([rules.far])
        return self.text([rules.place], place=str(place))


def phone(number: str) -> Generator[Effect, Any, list[PremisesView]]:
    """The premises of a telephone number, at most five."""
    found = (yield Lookup("phone", number)) if number else []
    return list(found or [])[:MAX_CHOICES]


def premises_number(digits: str) -> Generator[Effect, Any, list[PremisesView] | None]:
    """The premises with this IDPEL or meter number, if there is one; None when it could not be read."""
    found: list[PremisesView] | None = yield Lookup("number", digits)
    return found


def outage_in(state: State) -> Generator[Effect, Any, KnownOutage | None]:
    """The live outage that covers the place where the caller is."""
    wanted = Lookup("outage", state.area, tuple(state.beside))
    found: KnownOutage | None = (yield wanted) if state.area else None
    return found


def outages_near(region: str) -> Generator[Effect, Any, list[KnownOutage]]:
    """The live outages of a region, one per place, at most five."""
    found: list[KnownOutage] = (yield Lookup("region", region)) or []
    return list({outage.area_name: outage for outage in found}.values())[:MAX_CHOICES]


def several_reported(state: State) -> Generator[Effect, Any, bool]:
    """Whether several others have just reported a fault where the caller is; said once a call."""
    if state.others or not state.area:
        return False
    state.others = bool((yield Lookup("several", state.area, tuple(state.beside), but=state.premises)))
    return state.others


def compensation(premises: int) -> Generator[Effect, Any, CompensationView | None]:
    """What a premises is owed; None when that cannot be read now."""
    found: CompensationView | None = yield Lookup("compensation", str(premises))
    return found


def asked_reports(premises: int | None) -> Generator[Effect, Any, list[ReportView]]:
    """What may be told of the reports of a premises, faults first: open ones, and a fault finished lately."""
    found = (yield Lookup("asked", str(premises))) if premises is not None else []
    return list(found or [])


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
