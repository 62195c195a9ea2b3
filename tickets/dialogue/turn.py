"""One turn of the written dialogue: its state, what it may wish for, how it hears and speaks (dialogue.py)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from config.errors import Problem
from config.operator import Operator
from config.schema.messages import HAZARD
from config.schema.reports import DetailField, ReportCategory
from tickets.dialogue import hearing
from tickets.kinds import Intent, ReportKind, UrgentReason
from tickets.outages import phrases
from tickets.views import KnownOutage, PremisesView

VERSION = 1  # of the state; a state of another version is begun again


@dataclass
class State:
    """What is remembered of a conversation. All of it is JSON."""

    ask: str = ""  # the open question; "" = nothing yet, "done" = nothing more
    language: str = "id"
    kind: str = ""  # G, K or P
    category: str = ""  # a key of reports.yaml
    urgent: bool = False
    premises: int | None = None
    area: str = ""
    place: str = ""  # street of the sender's own premises, else the area's name
    only_me: bool = False
    scoped: bool = False  # `only_me` was said, one way or the other
    text: str = ""  # what was told, as the report will keep it
    answers: dict[str, str | int] = field(default_factory=dict)
    field_name: str = ""
    skipped: list[str] = field(default_factory=list)
    choices: list[list[Any]] = field(default_factory=list)  # what the numbers of the open list stand for
    report: str = ""  # the report that is talked about
    report_kind: str = ""
    intent: str = ""  # Intent value that waits for the report to be chosen
    finished: str = ""  # when it was, in words
    outage: int | None = None
    tries: int = 0
    misses: int = 0


@dataclass(frozen=True)
class Sender:
    """Who writes, and now: facts of this message."""

    now: datetime
    text: str
    phone: str = ""  # E.164; "" = not known
    letter: bool = False  # an answer takes hours: as few questions as possible
    attachments: int = 0
    link: str = ""  # of the page where a report is followed
    reachable: bool = True  # whether anybody can be answered


@dataclass(frozen=True)
class About:
    """A report as its reporter may know it."""

    number: str
    kind: str
    open: bool
    premises: int | None
    reported_at: datetime
    resolved_at: datetime | None
    respond_by: datetime | None
    attached: bool  # to an outage
    work_order: str  # WorkOrderStatus value, "" when there is none
    area: str = ""
    said: tuple[str, ...] = ()  # what the rules give to say about it now (tickets/scripts.py)


@dataclass(frozen=True)
class Answered:
    """What the table of rules did about a report (tickets/rules.py)."""

    about: About  # of the new report when there is one
    done: tuple[str, ...]  # Action values, in their order
    reopened: bool


# --- wishes: yielded by the dialogue, fulfilled by conversations.py


@dataclass(frozen=True)
class SendersPremises:
    """→ list[PremisesView]: those of the sender's telephone number."""


@dataclass(frozen=True)
class PremisesNumber:
    """→ PremisesView | None"""

    digits: str


@dataclass(frozen=True)
class OutageIn:
    """→ KnownOutage | None"""

    area: str
    premises: int | None = None


@dataclass(frozen=True)
class ReportsAt:
    """→ list[About]: the G of these premises that are open or were lately finished, the newest first."""

    premises: int


@dataclass(frozen=True)
class OwnReports:
    """→ list[About]: what the sender has open, and lately finished, the newest first."""


@dataclass(frozen=True)
class ReportNumber:
    """→ About | None. Only the sender's own, or with the customer or meter number of its premises."""

    number: str
    place: str = ""


@dataclass(frozen=True)
class File:
    """→ About, or the Problem that forbids it"""

    state: State


@dataclass(frozen=True)
class Subscribe:
    """→ bool: this number is told when power is back."""

    outage: int


@dataclass(frozen=True)
class Again:
    """→ Answered, or the Problem that forbids it. Somebody comes back about a report."""

    number: str
    intent: Intent
    urgent: UrgentReason | None
    note: str
    mobile: str = ""


@dataclass(frozen=True)
class Comment:
    """→ None: one line in the report's history."""

    number: str
    text: str


Reading = SendersPremises | PremisesNumber | OutageIn | ReportsAt | OwnReports | ReportNumber
Wish = Reading | File | Subscribe | Again | Comment
Flow = Generator[Wish, Any, None]
Found = Generator[Wish, Any, Any]


@dataclass
class Turn:
    """The state as it changes, and what is said."""

    book: Operator
    state: State
    sender: Sender
    said: list[str] = field(default_factory=list)
    MOST_MISSES: ClassVar[int] = 8  # customer numbers that led nowhere, within one memory of a sender

    @property
    def heard(self) -> str:
        """The message in plain words."""
        return hearing.plain(self.sender.text)

    def say(self, key: str, **values: str) -> None:
        """A sentence of messages.yaml."""
        self.said.append(self.sentence(key, **values))

    def sentence(self, key: str, **values: str) -> str:
        """The same, not said yet."""
        return self.book.messages.sentences[key].text(self.state.language).format(**values)

    def hears(self, *keys: str) -> bool:
        """Whether words of one of these lists stand in the message."""
        return any(hearing.longest(self.heard, self.book.messages.words[key]) for key in keys)

    def ordered(self, *keys: str) -> bool:
        """The same in a message that is hardly more than these words."""
        return len(self.heard.split()) <= hearing.BRIEF and self.hears(*keys)

    def pick(self, most: int, *, least: int = 1) -> int | None:
        """The number that answers a list."""
        return hearing.choice(self.sender.text, most, least=least)

    def hazard(self) -> bool:
        """Whether the message speaks of danger to life."""
        return hearing.longest(self.heard, self.book.messages.categories[HAZARD]) > 0

    def topic(self) -> tuple[str, str]:
        """Kind and category the message is about; "" for what it does not tell."""
        words = self.book.messages
        category = hearing.best(self.heard, words.categories)
        if category:
            return kind_of(self.book, category), category
        return hearing.best(self.heard, {kind: words.words[kind] for kind in ReportKind}), ""

    def needs_premises(self) -> bool:
        """Whether this complaint or request is about a customer's premises and nothing else."""
        return self.state.kind != ReportKind.GANGGUAN and self.category().premises

    def missing_fields(self) -> list[DetailField]:
        """What has been neither answered nor skipped."""
        known = (*self.state.answers, *self.state.skipped)
        return [one for one in self.category().fields if one.name not in known]

    def asked_field(self) -> DetailField:
        """The one that was asked last."""
        return next(one for one in self.category().fields if one.name == self.state.field_name)

    def category(self) -> ReportCategory:
        """Of the report that is being made."""
        return self.book.reports.of(self.state.kind)[self.state.category]

    def time(self, instant: datetime, area: str = "") -> str:
        """An instant on the clocks of an area."""
        zone = self.book.unit_of(area)[1].zone if area else "WIB"
        return phrases.written_time(instant, zone, self.sender.now, language=self.state.language)

    def unclear(self) -> None:
        """Not understood: said so, with a way out when it goes on; the open question follows by itself."""
        self.state.tries += 1
        if not self.sender.attachments or self.sender.text.strip():
            self.say("unclear")
        if self.state.tries >= 3:
            self.say("help")

    def open(self, question: str) -> None:
        """This is asked now."""
        self.state.ask, self.state.tries = question, 0

    def begin(self) -> None:
        """Forget what was told; whom we speak with, and how often a wrong number was tried, stays."""
        old = self.state
        self.state = State(language=old.language, misses=old.misses)

    def at(self, premises: PremisesView, *, own: bool) -> None:
        """The place is known. The street is said to nobody but the one whose number belongs to it."""
        self.state.premises, self.state.area = premises.id, premises.area
        self.state.place = premises.street if own else premises.area_name

    def tell(self, outage: KnownOutage) -> None:
        """The official word."""
        self.state.outage = outage.id
        self.said.append(outage.spoken)

    def refused(self, fault: Problem) -> None:
        """A rule forbids it: why, in the rule's own words."""
        self.say("refused", reason=fault.title)


def kind_of(book: Operator, category: str) -> str:
    """The kind of report a category belongs to."""
    return next((kind.value for kind in ReportKind if category in book.reports.of(kind.value)), "")


def listed(rows: Sequence[str], *, first: int = 1) -> str:
    """A numbered list."""
    return "\n".join(f"{number}. {row}" for number, row in enumerate(rows, first))
