"""ITIL's ten steps of an incident (seed 004 L124–L133, L218–L228): who does each, when it may be done, by which clock.
All of them, and nothing else: no I/O.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from config.errors import Refused
from tickets.kinds import Clock, IncidentStep


class Actor(StrEnum):
    """Who does a step (seed 004 L244–L249: lines of support)."""

    CHANNEL = "channel"  # whoever is told: CSO, IVR, a written channel, an application
    SYSTEM = "system"
    FIRST_LINE = "firstLine"  # CSO
    COMMAND = "command"  # operator, supervisor
    CREW = "crew"  # second line
    MANAGEMENT = "management"  # supervisor, director


@dataclass(frozen=True)
class Row:
    """One step. `finished`: only before the report is finished (False), only after it (True), or whenever (None)."""

    word: str  # as people see it
    actors: tuple[Actor, ...]
    after: tuple[IncidentStep, ...]
    finished: bool | None
    clock: Clock | None  # by when it must be done
    by_hand: bool = False  # a person says so; all others are written by what happens
    again: bool = False  # may be done more than once in the life of an incident


_S = IncidentStep
STEPS: dict[IncidentStep, Row] = {
    _S.IDENTIFIED: Row("Dikenali", (Actor.CHANNEL,), (), False, None),
    _S.LOGGED: Row("Dicatat", (Actor.SYSTEM,), (_S.IDENTIFIED,), False, None),
    _S.CATEGORISED: Row("Dikategorikan", (Actor.CHANNEL,), (_S.LOGGED,), False, None),
    _S.PRIORITISED: Row(
        "Diprioritaskan", (Actor.SYSTEM, Actor.COMMAND), (_S.CATEGORISED,), False, None, by_hand=True, again=True
    ),
    _S.DIAGNOSED: Row("Didiagnosis", (Actor.FIRST_LINE,), (_S.PRIORITISED,), False, Clock.ANSWER, by_hand=True),
    _S.FUNCTIONALLY_ESCALATED: Row(
        "Eskalasi fungsional",
        (Actor.SYSTEM, Actor.FIRST_LINE, Actor.COMMAND),
        (_S.PRIORITISED,),
        False,
        Clock.RESPONSE,
        by_hand=True,
        again=True,
    ),
    _S.MANAGEMENT_ESCALATED: Row(
        "Eskalasi manajemen",
        (Actor.SYSTEM, Actor.FIRST_LINE, Actor.COMMAND),
        (_S.PRIORITISED,),
        False,
        None,
        by_hand=True,
        again=True,
    ),
    _S.INVESTIGATED: Row(
        "Diinvestigasi",
        (Actor.CREW, Actor.FIRST_LINE, Actor.COMMAND),
        (_S.FUNCTIONALLY_ESCALATED,),
        False,
        Clock.RESPONSE,
        by_hand=True,
    ),
    _S.RESOLVED: Row("Dipulihkan", (Actor.CREW, Actor.COMMAND), (_S.PRIORITISED,), True, Clock.RECOVERY),
    _S.CLOSED: Row(
        "Ditutup", (Actor.SYSTEM, Actor.FIRST_LINE, Actor.COMMAND), (_S.RESOLVED,), True, Clock.TOLD, by_hand=True
    ),
}
BEGUN = (_S.IDENTIFIED, _S.LOGGED, _S.CATEGORISED, _S.PRIORITISED)  # done with the filing, for good


def check(step: IncidentStep, done: Collection[IncidentStep], *, finished: bool, told: bool) -> None:
    """Whether the step may be done now. Raises Refused: `step-done`, `already-finished`, `not-finished`, `not-told`
    (closed before the customer knows, seed 004 L234), `step-not-now` (what comes before it is missing).
    """
    row = STEPS[step]
    if step in done and not row.again:
        raise Refused("Langkah itu sudah dilakukan.", slug="step-done")
    if row.finished is False and finished:
        raise Refused("Laporan itu sudah selesai.", slug="already-finished")
    if row.finished and not finished:
        raise Refused("Laporan itu belum selesai.", slug="not-finished")
    if step is _S.CLOSED and not told:
        raise Refused("Pelanggan belum diberi tahu; beri tahu dahulu, lalu tutup.", slug="not-told")
    if not set(row.after) <= {*done}:
        raise Refused("Langkah sebelumnya belum dilakukan.", slug="step-not-now")


def possible(done: Collection[IncidentStep], *, finished: bool, told: bool) -> list[IncidentStep]:
    """The steps that may be done now, in their order."""
    found = []
    for step in STEPS:
        try:
            check(step, done, finished=finished, told=told)
        except Refused:
            continue
        found.append(step)
    return found
