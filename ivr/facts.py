"""What the flow wants to know, read from SQL. Each read is short, never waits for a writer, and runs in a thread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from config.clock import Clock
from config.database import Database
from ivr.speech.cache import path_for
from ivr.turn import Lookup
from tickets.asked import reports_of
from tickets.compensation import answers
from tickets.detection.arrivals import several_reported
from tickets.outages import lookup
from tickets.outages.scopes import Place
from tickets.views import ReportView


class Facts:
    """Answers a Lookup. `need_audio`: only statements whose sound is rendered may be announced (Asterisk);
    Twilio speaks text, so it may announce a statement at once.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def read(self, wanted: Lookup, *, need_audio: bool) -> Any:
        """The fact; blocking, so call it through a thread."""
        with self._db.reading() as session:
            return self._read(session, wanted, need_audio)

    def _read(self, session: Session, wanted: Lookup, need_audio: bool) -> Any:
        now = self._clock.now()
        found: Any
        match wanted.kind:
            case "phone":
                found = lookup.premises_by_phone(session, wanted.value)
            case "number":
                found = lookup.premises_by_number(session, wanted.value)
            case "outage":
                place = Place(wanted.value, wanted.beside)
                found = lookup.known_outage(session, place, now=now, need_audio=need_audio)
            case "region":
                found = lookup.outages_in_region(session, wanted.value, now=now, need_audio=need_audio)
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
    if not need_audio or not report.street or path_for(report.street).exists():
        return report
    return replace(report, street="")
