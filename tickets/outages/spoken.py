"""An outage as it is spoken: the facts behind its words, and every sound that is made of them beforehand, so that
nothing is rendered while a caller waits.
"""

from __future__ import annotations

from datetime import datetime
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.operator import operator
from tickets import outbox
from tickets.kinds import OutageKind
from tickets.models import Outage, OutageEstimate, Statement
from tickets.outages import changes, phrases, scopes
from tickets.outages.phrases import Pieces, Told
from tickets.states import OutageStatus

MOST = 20  # earlier estimates that a caller may have heard


def may_promise(outage: Outage, now: datetime) -> datetime | None:
    """The time that may be promised now."""
    return outage.etr if outage.etr is not None and outage.etr > now else None


def promised(outage: Outage, *, now: datetime) -> datetime | None:
    """The estimate that is told while no statement is: until that time has come; never where a second person is to
    look first (ADR 47).
    """
    return None if operator().statements.two_people else may_promise(outage, now)


def holding(outage: Outage, *, now: datetime) -> str:
    """What is said of it while no statement is."""
    return " ".join(holding_pieces(outage, held(outage, now=now)).said())


def holding_pieces(outage: Outage, told: Told, language: str = "id") -> Pieces:
    """The same in pieces, of what `held` gives."""
    zone, estimate = told.zone, ""
    if told.etr is not None:
        estimate = phrases.promise(told.etr, told.since, zone, language=language)
    if outage.kind is OutageKind.PLANNED:
        return phrases.planned_pieces(told.place(language), estimate, language)
    return phrases.holding_pieces(outage.area, told.place(language), estimate, language)


def held(outage: Outage, *, now: datetime, name_en: str = "") -> Told:
    """What a holding sentence is composed from: its times are those of the day on which it went dark."""
    since = outage.reported_start
    return Told(
        area=outage.area,
        since=since,
        cause="",
        etr=promised(outage, now=now),
        as_of=since,
        name=scopes.name(outage),
        name_en=name_en,
        partly=outage.status_kind is OutageStatus.PARTIALLY_RESTORED,
    )


def pieces(told: Told, statement: Statement, language: str = "id") -> Pieces:
    """What was published, as it is spoken; of what `told_of` gives."""
    return phrases.written(statement.text, told, language) if statement.own else phrases.pieces(told, language)


def told_of(outage: Outage, statement: Statement) -> Told:
    """The facts that a statement was written with; of one from before they were kept, those of now."""
    if statement.facts is not None:
        return Told.loads(statement.facts)
    as_of = statement.published_at or statement.created_at
    return Told(
        area=outage.area,
        since=outage.reported_start,
        cause=outage.cause,
        cause_kind=outage.cause_kind,
        etr=statement.etr,
        as_of=as_of,
        name=scopes.name(outage),
    )


def sounds(session: Session, outage: Outage, statement: Statement | None, *, now: datetime) -> dict[str, list[str]]:
    """Every text that may be needed of it, by language: of a statement, or (None) of its place and holding sentence
    before and after the promised time. With what who calls again may hear.
    """
    estimates = select(OutageEstimate.etr).where(OutageEstimate.outage_id == outage.id, OutageEstimate.etr.is_not(None))
    earlier = [etr for etr in session.scalars(estimates.order_by(OutageEstimate.version.desc()).limit(MOST)) if etr]
    found: dict[str, list[str]] = {}
    facts = [told_of(outage, statement)] if statement is not None else _held(session, outage, now)
    for language in operator().menu.languages:
        texts: list[str] = []
        for told in facts:
            said = pieces(told, statement, language) if statement else holding_pieces(outage, told, language)
            texts += [*said.said(), *changes.sounds(told, [one for one in earlier if one != told.etr], language)]
        found[language] = list(dict.fromkeys(texts))
    if statement is not None:
        found["id"] = [statement.text, *found.get("id", ())]
    else:
        found["id"] = [holding(outage, now=now), scopes.name(outage), *found.get("id", ())]
        if outage.etr is not None:
            found["id"].append(holding(outage, now=outage.etr))
    return found


def _held(session: Session, outage: Outage, now: datetime) -> list[Told]:
    """Before and after the time that is promised."""
    name = scopes.name_en(outage, scopes.of(session, outage.id, live=True))
    instants = [now, outage.etr] if outage.etr is not None and outage.etr > now else [now]
    return [held(outage, now=at, name_en=name) for at in instants]


def prepare_holding(session: Session, outage: Outage, *, now: datetime) -> None:
    """The sounds of its place and of its holding sentence are made: before and after the promised time."""
    texts = sounds(session, outage, None, now=now)
    mark = crc32("".join(text for each in texts.values() for text in each).encode())
    _render(session, f"holding:{outage.id}:{mark:08x}", texts, None)  # another name or time is another sound


def prepare(session: Session, outage: Outage, statement: Statement, *, now: datetime) -> None:
    """The sounds of a statement that is published; only then callers on Asterisk hear it."""
    _render(session, f"statement:{statement.id}", sounds(session, outage, statement, now=now), statement.id)


def _render(session: Session, key: str, texts: dict[str, list[str]], statement: int | None) -> None:
    outbox.put(session, "render", key, {"texts": texts, "statement": statement})
