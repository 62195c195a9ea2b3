"""The rules of reports (docs/rules.md), pure. Here: what filing needs; the whole table of actions joins it later."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from tickets.kinds import ReportKind

# "± 3 (tiga) jam dari waktu lapor": the promise and the threshold count from the first report (CSO instruction).
PROMISE = timedelta(hours=3)


class Elapsed(StrEnum):
    """How long ago the first report was made, seen from this contact."""

    LT3H = "LT3H"
    GE3H = "GE3H"


def elapsed(reported_at: datetime, now: datetime) -> Elapsed:
    """Exactly 180 minutes counts as three hours or more (C1)."""
    return Elapsed.GE3H if now - reported_at >= PROMISE else Elapsed.LT3H


def excludes_second(kind: ReportKind) -> bool:
    """Whether an open report of this kind forbids a second one for the same premises.

    A G does: the caller's contact belongs to the open report (an enquiry, C12). Two complaints or two
    requests of one customer are two matters.
    """
    return kind is ReportKind.GANGGUAN


def needs_work_order(kind: ReportKind, *, attached: bool) -> bool:
    """A fault of one's own is sent to a crew; one that an outage explains is not."""
    return kind is ReportKind.GANGGUAN and not attached
