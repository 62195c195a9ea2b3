"""menu.yaml: what a caller meets, as data. One class per kind of node; targets are names of nodes, `say` are keys
of prompts.yaml. What the kinds do is in ivr/nodes/, cross-checks are in config/menu_faults.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from config.schema.base import Shape
from config.schema.hours import Holiday, Hours

Key = Annotated[str, Field(pattern=r"^[0-9]$")]
Say = list[str]  # keys of prompts.yaml, spoken one after the other


class Asking(Shape):
    """A node at which the caller keys something. Its announcement starts with the emergency sentence."""

    say: Say = Field(min_length=1, description="The emergency sentence first.")
    tries: int = Field(default=2, ge=1, le=5, description="How often it is asked before `silent` or `invalid`.")
    silent: str = Field(description="Where a caller goes who keys nothing.")
    invalid: str = Field(description="Where a caller goes who keys what is not offered.")
    keys: dict[Key, str] = Field(default_factory=dict)
    another: Say = Field(
        default=[], description="Last of all, to who was placed by the telephone alone: the key for another place."
    )


class Locate(Asking):
    """Whose line, which area: number → premises; several → a numbered list; unknown → areas now affected."""

    kind: Literal["locate"]
    by_phone: bool = Field(
        default=True, description="Look for the telephone's number; without it: another place than the one taken."
    )
    here: Say = Field(default=[], description="To who was placed by the telephone alone: which area it is; {name}.")
    several: Say = Field(description="Before the list of premises.")
    affected: Say = Field(description="Before the list of affected areas.")
    item: str = Field(description="One entry of a list; {name} and {key}.")
    elsewhere: Say = Field(description="After a list: what to press when it is none of these.")
    outage: str = Field(description="Where a caller goes who is placed where an outage is known.")
    clear: str = Field(description="Where a caller goes who is placed anywhere else.")
    reported: Say = Field(default=[], description="Nothing is known there, but others have just reported too.")
    announcements: int = Field(
        default=0, ge=0, le=3, description="Statements of the trunk's region, heard before the list of areas."
    )


class Choice(Asking):
    """A plain menu."""

    kind: Literal["menu"]
    withheld: str = Field(
        default="", description="Where a caller without a number goes instead: a callback is no use to him."
    )


class OutageNode(Asking):
    """The announcement of a known outage, then its options. `say` is spoken before the announcement."""

    kind: Literal["outage"]
    options: Say = Field(min_length=1)
    withheld: str = Field(
        default="", description="The outage node whose options a caller without a number is told instead."
    )
    over: str = Field(description="Where a caller goes when the outage ended meanwhile.")


class Identify(Asking):
    """IDPEL (12 digits) or meter number (11) on one prompt, decided by length. `keys` are single keys."""

    kind: Literal["identify"]
    unknown: Say = Field(description="Spoken when no premises has the number.")
    unread: Say = Field(default=[], description="Before `invalid`, when the register could not be read.")
    then: str = Field(description="Where a located caller goes; a node that sent the caller here comes first.")
    outage: str = Field(description="Where a caller goes whose area turns out to be affected.")
    reported: Say = Field(default=[], description="As of the node that locates.")


class ReportNode(Shape):
    """Files a report without any person, then goes on to `then`."""

    kind: Literal["report"]
    needs: Literal["area", "premises"] = Field(
        default="premises", description="How well a caller must be placed: the building, or is its area enough?"
    )
    identify: str = Field(description="Where a caller goes who is not located well enough.")
    only_me: bool = Field(
        default=False, description="The caller says that only this building is dark: the report joins no outage."
    )
    subscribe: bool = Field(default=False, description="Tell the caller when power is back.")
    withheld: str = Field(default="", description="Where a caller without a number goes who cannot be told.")
    number: Say = Field(description="{number} is read digit by digit.")
    number_follows: Say = Field(description="When no number could be reserved.")
    existing: str = Field(default="", description="Where a caller goes who has already reported it.")
    finished: str = Field(
        default="", description="Where a caller goes whose report was finished lately: is it that one, or a new fault?"
    )
    closed: Say = Field(default=[], description="Before it: which report that is; {number}.")
    then: str


class StatusNode(Shape):
    """Tells how the caller's reports stand, after the statement of an outage that is new to him; then goes on to
    `then`. The promise, the crew's street and how a report was finished are said in the words of scripts.yaml.
    """

    kind: Literal["status"]
    identify: str
    most: int = Field(default=3, ge=1, le=5, description="Reports told; faults first, then the newest.")
    none: Say = Field(description="That there is no open report; never that all is well.")
    none_then: str = Field(default="", description="Where such a caller goes; absent: as all others.")
    unread: Say = Field(default=[], description="Instead of `none` when the reports could not be read.")
    late_then: str = Field(
        default="", description="Where a caller goes to whom a repetition of his late report was offered (S3)."
    )
    by_status: dict[str, Say] = Field(description="Status of the work order or of the report → sentences.")
    otherwise: Say
    attached: Say = Field(default=[], description="The report belongs to the outage just announced; {number}.")
    moving: Say = Field(default=[], description="Before the sentence that says where the crew is (S2); {number}.")
    position: Say = Field(default=[], description="Where the crew is when that sentence is not due; {name}.")
    other_kinds: dict[Literal["K", "P"], Say] = Field(default={}, description="Of complaints, requests; {number}.")
    closed: Say = Field(default=[], description="Before how a finished report was finished; {number}.")
    closed_then: str = Field(default="", description="Where a caller goes whose report was finished lately.")
    then: str


class StillDarkNode(Shape):
    """The report that was told as finished is not: Lapor Ulang by the rule table, then on to `then`."""

    kind: Literal["still_dark"]
    number: Say = Field(min_length=1, description="That it is open again; {number} is read digit by digit.")
    fresh: str = Field(description="Where a caller goes who has no such report.")
    then: str


class InformationNode(Shape):
    """A configured answer to a question that callers ask, then goes on to `then`."""

    kind: Literal["information"]
    say: Say = Field(min_length=1, description="The answer.")
    then: str


class CompensationNode(Shape):
    """Tells what the caller's premises is owed for power that was off, then goes on to `then`."""

    kind: Literal["compensation"]
    identify: str
    owed: Say = Field(description="{percent} of the minimum bill, {regulation}, {month}.")
    nothing: Say = Field(description="{month}")
    uncertain: Say = Field(description="A fact is missing, or the regulation's figures are provisional; {month}.")
    unread: Say = Field(default=[], description="It could not be read.")
    then: str


class VoiceNoteNode(Shape):
    """The caller says something about the report: that of this call, else the newest open one of the premises."""

    kind: Literal["voice_note"]
    say: Say = Field(min_length=1, description="What to do, and that it is kept; a beep follows.")
    seconds: int = Field(default=20, ge=5, le=60, description="The longest that is kept.")
    silence: int = Field(default=4, ge=2, le=10, description="Seconds of silence that end it.")
    shortest: float = Field(default=1.0, ge=0, le=5, description="Seconds; what is shorter is nothing.")
    thanks: Say = Field(min_length=1, description="It is kept.")
    nothing: Say = Field(min_length=1, description="Nothing was heard.")
    none: Say = Field(min_length=1, description="There is no report that it could belong to.")
    then: str
    retry: str = Field(default="", description="Where a caller goes of whom nothing was heard; absent: as all others.")


class QueueNode(Shape):
    """Puts the caller in line for a person."""

    kind: Literal["queue"]
    queue: str
    skills: dict[str, Annotated[int, Field(ge=1, le=5)]] = Field(
        default_factory=dict, description="What the CSO must have: name → least level."
    )
    say: Say = Field(default_factory=list)


class CallbackNode(Shape):
    """The caller hangs up and is called back when the turn comes, with the place of one who joins the line now."""

    kind: Literal["callback"]
    queue: str
    unable: str = Field(description="Where a caller goes who cannot be called back: no number is shown.")


class ByeNode(Shape):
    """Says goodbye and hangs up."""

    kind: Literal["bye"]
    say: Say = Field(min_length=1)


Node = Annotated[
    Locate
    | Choice
    | OutageNode
    | Identify
    | ReportNode
    | StatusNode
    | StillDarkNode
    | InformationNode
    | CompensationNode
    | VoiceNoteNode
    | QueueNode
    | CallbackNode
    | ByeNode,
    Field(discriminator="kind"),
]


class Emergency(Shape):
    """Wire down, fire, shock: one key, valid everywhere."""

    key: Key = "9"
    queue: str
    sentences: Say = Field(
        min_length=1,
        description="One of these opens every announcement that asks for a key; after the first of a call the last.",
    )
    say: Say = Field(min_length=1, description="Spoken when the key was pressed.")


class CallbackOffer(Shape):
    """In line: a key, and the caller is called back when the turn comes."""

    key: Key = "1"
    offer: Say = Field(min_length=1, description="Which key it is.")
    agreed: Say = Field(min_length=1, description="Before hanging up.")
    later: Say = Field(min_length=1, description="The same outside the hours in which somebody may be rung.")
    exists: Say = Field(min_length=1, description="This number is to be called back already; the caller waits on.")
    exists_bye: Say = Field(min_length=1, description="The same when the queue is full.")
    failed: Say = Field(min_length=1, description="It cannot be noted now; the caller waits on.")
    no_number: Say = Field(min_length=1, description="A withheld number cannot be called back; the caller waits on.")
    no_number_full: Say = Field(min_length=1, description="The same when the queue is full: then goodbye.")
    kept: Say = Field(min_length=1, description="To who calls again instead of being called back: the place stays.")


class Waiting(Shape):
    """In line: spoken on entering and whenever the place got better."""

    round_seconds: int = Field(default=20, ge=5, le=120, description="Music between two announcements of the place.")
    opening: str = Field(description="The emergency sentence.")
    place: str = Field(description="{place}")
    far: str = Field(description="Instead of a place beyond `spoken_places`.")
    spoken_places: int = Field(default=60, ge=1, le=200)
    soon: str = Field(default="", description="The wait: less than a minute. Empty, here and below: not said.")
    within: str = Field(default="", description="Less than {high} minutes.")
    between: str = Field(default="", description="{low} to {high} minutes.")
    beyond: str = Field(default="", description="More than {low} minutes.")
    nobody: str = Field(default="", description="It cannot be estimated.")
    late: Say = Field(default_factory=list, description="Longer than was told: said before the new estimate.")
    over_limit: Say = Field(default_factory=list, description="Once, beyond the queue's `max_wait`.")
    callback: CallbackOffer | None = None
    full: Say = Field(default_factory=list, description="The queue takes no more callers.")
    full_bye: Say = Field(default_factory=list, description="And then goodbye.")
    again: Say = Field(default_factory=list, description="When a CSO did not answer and the caller is back in line.")


class Triage(Shape):
    """Emergencies only, the others make room: the last lines of the trunk, a gapped area, surge level 4."""

    announcements: int = Field(
        default=1, ge=0, le=3, description="Statements of the trunk's region; not heard on the last lines."
    )
    say: Say = Field(min_length=1)
    bye: Say = Field(min_length=1)
    no_number: Say = Field(default=[], description="Instead of `bye` to a withheld number: nothing could be noted.")


class OwnNumber(Shape):
    """A number of its own, for those who must not stay dark: hospitals, water works, homes with life support."""

    start: str = Field(default="", description='The first node; "" = that of everybody.')
    priority: int = Field(default=0, ge=0, le=9, description="Head start in every line, as of life support.")


class AtLevel(Shape):
    """From a level of the surge ladder on: who is sent to a node enters another one instead."""

    everybody: dict[str, str] = Field(default={}, description="Node → the node entered instead.")
    affected: dict[str, str] = Field(
        default={}, description="The same for callers of an area that is dark, and before it; not for life support."
    )


class LanguageChoice(Shape):
    """Another language by one key, valid at every question and in line; it is kept for the call."""

    keys: dict[str, Key] = Field(description="Language → key. The key means nothing else anywhere.")
    offer: Say = Field(
        min_length=1,
        description="Once, after what is known of the caller's place; each other language is offered in itself.",
    )

    def chosen(self, digits: str) -> str:
        """The language of a key; "" when it is none. Pressed several times in a row it is the same choice."""
        return next((name for name, key in self.keys.items() if 0 < len(digits) <= 3 and not digits.strip(key)), "")


class Fallback(Shape):
    """Where a caller is who cannot be answered, on a carrier that asks us for every word (Twilio)."""

    say: Say = Field(default=["fallback"], min_length=1, description="Any key is an emergency here.")
    telephone: Say = Field(default=["fallback.telephone"], description="Before the emergency telephone is rung.")


class Menu(Shape):
    languages: list[str] = Field(default=["id"], min_length=1, description="The first is spoken.")
    language: LanguageChoice | None = Field(default=None, description="Wanted when there are several languages.")
    start: str
    greeting: Say
    emergency: Emergency
    waiting: Waiting
    triage: Triage
    fallback: Fallback = Fallback()
    goodbye: Say = Field(min_length=1, description="After a conversation.")
    recording: Say = Field(
        default=["recording.notice"],
        description="That the conversation is recorded: said, whole, before the line of a queue with `record`.",
    )
    again_silent: Say
    again_invalid: Say
    repeat_key: Annotated[str, Field(pattern=r"^[*#]$")] = "*"
    first_timeout: int = Field(default=6, ge=2, le=30, description="Seconds of silence before the first key.")
    inter_timeout: int = Field(default=3, ge=1, le=10, description="Seconds between keys.")
    life_support_priority: int = Field(
        default=5, ge=0, le=9, description="Points of priority of a premises where somebody depends on power to live."
    )
    public_service_priority: int = Field(
        default=5, ge=0, le=9, description="The same of a hospital, a waterworks and the like."
    )
    own_numbers: dict[Annotated[str, Field(pattern=r"^[0-9]{3,20}$")], OwnNumber] = Field(
        default={}, description="Dialled number (one of a trunk's, areas.yaml) → what its callers meet."
    )
    levels: dict[Annotated[int, Field(ge=1, le=4)], AtLevel] = Field(
        default={}, description="What the surge ladder changes; a higher level keeps what the lower ones say."
    )
    hours: dict[str, Hours] = Field(default={}, description="Outside of them another node is entered.")
    holidays: list[Holiday] = Field(default=[], description="Public holidays: 08-17 every year, 2027-03-10 once.")
    nodes: dict[str, Node] = Field(min_length=1)

    def entered(self, name: str, level: int, *, affected: bool, closed: Collection[str] = ()) -> str:
        """The node that is entered by whoever is sent to `name` at a surge level, `closed` being the names of `hours`
        in which nobody serves now. The level comes first; what stands in for a node outside its hours stands.
        """
        found = self._at_level(name, level, affected=affected)
        return next((self.hours[one].instead[found] for one in closed if found in self.hours[one].instead), found)

    def _at_level(self, name: str, level: int, *, affected: bool) -> str:
        for who in ("affected", "everybody") if affected else ("everybody",):
            for number in range(level, 0, -1):
                if number in self.levels and (found := getattr(self.levels[number], who).get(name)):
                    return str(found)
        return name

    def starts(self) -> list[str]:
        """Every node a call may begin at."""
        return [self.start, *(own.start for own in self.own_numbers.values() if own.start)]

    def closed(self, now: datetime | None, caller_zone: str) -> frozenset[str]:
        """The names of `hours` in which nobody serves at `now`; without an instant everything is open."""
        if now is None:
            return frozenset()
        return frozenset(name for name, one in self.hours.items() if not one.open(now, self.holidays, caller_zone))

    def instead(self, name: str) -> Iterator[str]:
        """Every node that may be entered instead of `name` at some level and hour."""
        tables = [table for level in self.levels.values() for table in (level.everybody, level.affected)]
        found = [name, *(table[name] for table in tables if name in table)]
        yield from found[1:]
        yield from (one.instead[at] for one in self.hours.values() for at in found if at in one.instead)


_TARGETS = (
    *("silent", "invalid", "outage", "clear", "over", "identify"),
    *("withheld", "existing", "unable", "then", "none_then", "retry"),
    *("finished", "closed_then", "late_then", "fresh"),
)


def targets(node: Node) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every place of a node's fields that names another node, with that name."""
    if isinstance(node, Asking):
        yield from ((("keys", key), target) for key, target in node.keys.items())
    for name in _TARGETS:
        target = getattr(node, name, "")
        if target:
            yield (name,), target
