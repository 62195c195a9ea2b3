"""Was what callers were told true, were they answered in time? From the call records; published, not only measured."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Database
from router.history.models import CallRecord

WINDOW = timedelta(hours=1)
KEPT_S = 5.0  # figures of the last hour are read again at most so often


@dataclass
class EstimateQuality:
    """Of one queue; None where there was nobody.

    Callers who took a callback are not in it: they were told another instant.
    """

    told: int = 0  # callers who were told a wait
    n: int = 0  # of them connected, with a CSO or at a partner
    mae_s: float | None = None  # mean distance between the middle of the first range told and the real wait of those
    coverage: float | None = None  # share of those whose wait lay within that range
    broken_share: float | None = (
        None  # share of all told for whom the promise was not kept, also if they gave up after it
    )


def estimate_quality(session: Session, pool: str, since: datetime) -> dict[str, EstimateQuality]:
    """By queue, of the callers who were told since then."""
    wanted = (
        CallRecord.queue, CallRecord.promised_at, CallRecord.promised_low_s, CallRecord.promised_high_s,
        CallRecord.promises_broken, CallRecord.answered_at, CallRecord.partner_answered_at, CallRecord.ended_at,
    )  # fmt: skip
    rows = session.execute(
        select(*wanted).where(CallRecord.pool == pool, CallRecord.promised_at >= since, CallRecord.callback.is_(False))
    )
    found: dict[str, list[_Told]] = {}
    for row in rows:
        found.setdefault(row.queue, []).append(_told(row))
    return {queue: _quality(told) for queue, told in found.items()}


@dataclass(frozen=True)
class _Told:
    low: float
    high: float
    wait: float | None  # until connected
    broken: bool


def _told(row: Any) -> _Told:
    connected = min((at for at in (row.answered_at, row.partner_answered_at) if at), default=None)
    stayed = (connected or row.ended_at or row.promised_at) - row.promised_at
    broken = row.promises_broken > 0 or stayed.total_seconds() > row.promised_high_s
    return _Told(row.promised_low_s, row.promised_high_s, stayed.total_seconds() if connected else None, broken)


def _quality(told: list[_Told]) -> EstimateQuality:
    waits = [(one, one.wait) for one in told if one.wait is not None]
    return EstimateQuality(
        told=len(told),
        n=len(waits),
        mae_s=_mean(abs((one.low + one.high) / 2 - wait) for one, wait in waits),
        coverage=_mean(one.low <= wait <= one.high for one, wait in waits),
        broken_share=_mean(one.broken for one in told),
    )


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


def service_levels(
    session: Session, pool: str, since: datetime, within: Mapping[str, float]
) -> dict[str, float | None]:
    """By queue: of the callers who entered it since then and were answered, or gave up after longer than that, the
    share answered within so many seconds; None when there was nobody. `within`: queue → seconds.
    """
    wanted = (
        CallRecord.queue, CallRecord.queued_at, CallRecord.answered_at, CallRecord.partner_answered_at,
        CallRecord.ended_at,
    )  # fmt: skip
    rows = session.execute(
        select(*wanted).where(CallRecord.pool == pool, CallRecord.queued_at >= since, CallRecord.callback.is_(False))
    )
    in_time: dict[str, list[bool]] = {queue: [] for queue in within}
    for row in rows:
        connected = min((at for at in (row.answered_at, row.partner_answered_at) if at), default=None)
        over = connected or row.ended_at
        if row.queue not in within or over is None:
            continue
        prompt = (over - row.queued_at).total_seconds() <= within[row.queue]
        if connected or not prompt:
            in_time[row.queue].append(bool(connected) and prompt)
    return {queue: _mean(answers) if answers else None for queue, answers in in_time.items()}


@dataclass
class LastHour:
    """Both of the last hour, for pages and metrics that ask often."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _read_at: datetime | None = None
    _estimates: dict[str, EstimateQuality] = field(default_factory=dict)
    _levels: dict[str, float | None] = field(default_factory=dict)

    def read(
        self, db: Database, pool: str, now: datetime, within: Mapping[str, float]
    ) -> tuple[dict[str, EstimateQuality], dict[str, float | None]]:
        """Blocking; at most a few seconds old."""
        with self._lock:
            if self._read_at is None or not 0 <= (now - self._read_at).total_seconds() < KEPT_S:
                with db.reading() as session:
                    self._estimates = estimate_quality(session, pool, now - WINDOW)
                    self._levels = service_levels(session, pool, now - WINDOW, within)
                self._read_at = now
            return self._estimates, self._levels
