"""The table of what falls due: kind of a timer → who does it. The jobs read it (ivr/jobs.py) and the simulation, no
service does: who arms a timer needs to know its own kind only (tickets/timers.py), so nothing imports in a circle.

A handler stands with the service it belongs to, beside the kind's name. It is called once, late at times and never
early, and looks first whether its reason still stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from tickets.detection import tick
from tickets.incidents import alerts, clocks, escalation, untold
from tickets.notices import batches, notices, notified
from tickets.outages import attached, outages, planned, statements
from tickets.timers import Handler
from tickets.workorders import giving, silence

HANDLERS: dict[str, Handler] = {
    alerts.REMIND: escalation.remind,
    attached.GO_ON: attached.go_on,
    batches.AGAIN: batches.go_on,
    clocks.TIMER: clocks.strike,
    notices.BEGINS: notices.begin,
    notices.ENDS: notices.end,
    notified.TOLD: notified.tell,
    outages.BEGINS: planned.begin,
    statements.EXPIRES: statements.expire,
    giving.RETRY: giving.retry,
    tick.LOOK: tick.look,
    silence.SILENT: silence.fell_silent,
    untold.SWEEP: untold.sweep,
    untold.TIMER: untold.remind,
}

# What goes on for ever and that nobody's deed begins: the worker arms it when it starts. Armed already it stays.
STANDING: dict[str, Callable[[Session, datetime], None]] = {tick.LOOK: tick.start, untold.SWEEP: untold.start}


def begin(session: Session, *, now: datetime) -> None:
    """Arm what goes on for ever."""
    for start in STANDING.values():
        start(session, now)
