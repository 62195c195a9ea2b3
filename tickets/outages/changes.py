"""What has changed since a number last called about an outage (F11): pure, over what it heard then and what is known
now (ADR 62).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from config.operator import operator
from tickets.outages import phrases
from tickets.outages.phrases import Told


@dataclass(frozen=True)
class Facts:
    """What a caller is told of an outage, as far as it can be compared."""

    name: str  # of the place, as it is spoken
    etr: datetime | None
    cause: str = ""  # as it is spoken; of a holding sentence none
    crew: str = ""  # key of `crew` in statements.yaml; "" = nothing is said
    partly: bool = False
    own: bool = False  # in words of a supervisor, which cannot be compared

    def dumps(self) -> dict[str, Any]:
        """For the journal and the database."""
        return {**asdict(self), "etr": self.etr.isoformat() if self.etr else None}

    @classmethod
    def loads(cls, raw: dict[str, Any]) -> Facts:
        """From `dumps`; what this version does not know is dropped."""
        values = {name: value for name, value in raw.items() if name in cls.__dataclass_fields__}
        return cls(**{**values, "etr": datetime.fromisoformat(values["etr"]) if values.get("etr") else None})


@dataclass(frozen=True)
class Heard:
    """What a number heard last, and when. `version` is the statement's; 0 = the holding sentence."""

    at: datetime
    version: int
    facts: Facts


@dataclass(frozen=True)
class Present:
    """What may be said now. `told`: what it is composed from, of a holding sentence its place and estimate alone."""

    version: int
    facts: Facts
    told: Told
    reopened_at: datetime | None = None  # power went again


def since(heard: Heard, present: Present, language: str, *, now: datetime) -> tuple[str, ...] | None:
    """What is new for who heard that; when nothing is, that. None: everything must be told again, because what was
    heard was of another kind (the holding sentence, a supervisor's own words, a larger place).
    """
    was, facts, told = heard.facts, present.facts, present.told
    if heard.version and not present.version and was.etr and not facts.etr:
        return (phrases.gone(was.etr, told, language),)  # the time has come, or was taken back
    again = present.reopened_at is not None and present.reopened_at > heard.at
    if not _comparable(heard, present, again=again):
        return None
    words, said = operator().statements.words(language), []
    if again:
        said.append(phrases.again(told, words, language))
    if facts.partly and not (was.partly and was.name == facts.name):
        said.append(words.partly)
    if facts.cause != was.cause:
        said.append(_cause(told, language))
    if facts.etr != was.etr:
        said.append(_estimate(was.etr, told, language, now))
    if facts.crew != was.crew:
        said.append(phrases.crew(facts.crew, language))
    said = [text for text in said if text] or [phrases.unchanged(facts.etr, now, language)]
    return tuple(text for text in said if text) or None


def _comparable(heard: Heard, present: Present, *, again: bool) -> bool:
    """Whether what has changed says it all."""
    was, facts = heard.facts, present.facts
    same = heard.version == present.version
    if bool(heard.version) != bool(present.version) or (not same and (was.own or facts.own)):
        return False
    if again:
        return present.told.again is not None
    return facts.partly or (was.name == facts.name and not was.partly)


def sounds(told: Told, earlier: list[datetime], language: str) -> list[str]:
    """Every sentence that `since` may need of these facts, whatever of them was heard: their sound is made with the
    statement's. `earlier`: the times that were promised before.
    """
    words = operator().statements.words(language)
    moves = [phrases.moved(before, told, language) for before in earlier]
    more = (phrases.again(told, words, language), phrases.estimate(told, language), _cause(told, language))
    return [text for text in (*more, *moves) if text]


def _cause(told: Told, language: str) -> str:
    template, why = operator().statements.words(language).cause_now, told.why(language)
    return template.format(cause=why) if template and why else ""


def _estimate(before: datetime | None, told: Told, language: str, now: datetime) -> str:
    if before is not None:
        return phrases.moved(before, told, language)
    return phrases.soon(told.etr, now, language) or phrases.estimate(told, language)
