"""What the flow wants to know, read from SQL. Each read is short, never waits for a writer, and runs in a thread."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from config.clock import Clock
from config.database import Database
from config.languages import FIRST
from config.operator import operator
from ivr.speech.cache import sound_of
from ivr.turn import Lookup
from tickets.asked import reports_of
from tickets.compensation import answers
from tickets.detection.arrivals import several_reported
from tickets.outages import lookup, phrases
from tickets.outages.scopes import Place
from tickets.views import KnownOutage, ReportView


class Facts:
    """Answers a Lookup. `need_audio`: only statements whose sound is rendered may be announced (Asterisk);
    Twilio speaks text, so it may announce a statement at once.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def read(self, wanted: Lookup, *, need_audio: bool, ani: str = "") -> Any:
        """The fact; blocking, so call it through a thread. `ani`: the number that calls, "" when withheld."""
        with self._db.reading() as session:
            return self._read(session, wanted, need_audio, ani)

    def ahead(self, wanted: Lookup, *, need_audio: bool, ani: str = "") -> dict[Lookup, Any]:
        """The fact and, of whom one premises is known by the telephone, what a menu asks for next: one visit to another
        thread and to the database instead of three. What cannot be had ahead is left out.
        """
        with self._db.reading() as session:
            found = {wanted: self._read(session, wanted, need_audio, ani)}
            if wanted.kind == "phone" and len(found[wanted]) == 1:
                home = found[wanted][0]
                outage = Lookup("outage", home.area, home.beside)
                several = Lookup("several", home.area, home.beside, but=home.id)
                with suppress(LookupError):  # an area that is no longer in areas.yaml
                    found[outage] = self._read(session, outage, need_audio, ani)
                    if found[outage] is None:
                        found[several] = self._read(session, several, need_audio, ani)
        return found

    def _read(self, session: Session, wanted: Lookup, need_audio: bool, ani: str) -> Any:
        now = self._clock.now()
        found: Any
        known: Any
        match wanted.kind:
            case "phone":
                found = lookup.premises_by_phone(session, wanted.value)
            case "number":
                known = lookup.premises_by_number(session, wanted.value)
                found = [known] if known else []
            case "outage":
                place = Place(wanted.value, wanted.beside)
                known = lookup.known_outage(session, place, now=now, need_audio=need_audio, phone=ani)
                found = audible(known) if known and need_audio else known
            case "region":
                known = lookup.outages_in_region(session, wanted.value, now=now, need_audio=need_audio, phone=ani)
                found = [audible(one) for one in known] if need_audio else known
            case "several":
                place = Place(wanted.value, wanted.beside)
                found = several_reported(session, place, but=wanted.but, now=now)
            case "asked":
                found = [_speakable(one, need_audio) for one in reports_of(session, int(wanted.value), now=now)]
            case "compensation":
                found = answers.of_caller(session, int(wanted.value), now=now)
            case _:
                raise ValueError(f"no fact {wanted.kind}")
        return found


def _speakable(report: ReportView, need_audio: bool) -> ReportView:
    """Without the crew's street while that has no sound: a sentence with a hole says nothing (Asterisk)."""
    if not need_audio or not report.street or _made([report.street]):
        return report
    return replace(report, street="")


def audible(outage: KnownOutage) -> KnownOutage:
    """Until the sounds of its place and of its holding sentence are made, those of the area around it, which are made
    at the start. What is published has its sound.
    """
    around_it = operator().area_name(outage.area)
    if not _made([outage.area_name]) and _made([around_it]):
        outage = replace(outage, area_name=around_it)
    if not outage.holding:
        return outage
    said = {}
    for language in phrases.LANGUAGES:
        own, around = outage.pieces(language), phrases.holding_pieces(outage.area, language=language).said()
        said[language] = around if not _made(own, language) and _made(around, language) else own
    return replace(outage, said=said)


def _made(texts: Iterable[str], language: str = FIRST) -> bool:
    return all(sound_of(text, language).exists() for text in texts)
