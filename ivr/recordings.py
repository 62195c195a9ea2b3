"""Sounds that were recorded come to where they are kept: off Asterisk's folder, or from the carrier that has them.

Nobody waits for it and nothing of a call depends on it. A sound is taken when nothing is written to it any more; each
step can be done twice, so a collector that dies leaves nothing behind but work.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError

from config.clock import Clock
from config.database import Database
from config.errors import Problem
from config.settings import settings
from ivr.sound_file import seconds_of
from router.calls import CallState
from router.store.acd import Acd, StoreUnavailable
from tickets import recordings
from tickets.kinds import RecordingKind, RecordingState
from tickets.models import Recording

log = logging.getLogger(__name__)

DONE = Counter("suar_recordings_total", "Recordings by kind and what became of them.", ["kind", "outcome"])
ROOM = Gauge("suar_recording_room_bytes", "Room on the disk of the recordings; -1 when nothing can be written there.")
EVERY_S = 2.0
QUIET_S = 3.0  # nothing written for so long: finished
GOODBYE_S = 20.0  # after the end of a conversation the caller's channel lives on, with seconds of sound not yet written
NOTHING_S = 300.0  # a file without sound for so long has none
FORGOTTEN_S = 120.0  # the same of a call that the store knows nothing of (any more)
NOBODYS_S = 86_400.0  # a sound that belongs to no report
AGAIN = timedelta(seconds=4)
SHORTEST_S = 1.0
_CALL = re.compile(r"c[0-9a-z]{8,40}")


class AtCarrier(Protocol):
    """A carrier that has recorded. Blocking; both raise Problem or OSError when it cannot be asked."""

    def fetch(self, source: str, to: Path) -> bool:
        """Write the sound to a file; False: it has none."""
        ...

    def delete(self, source: str) -> None:
        """Deleted there too."""
        ...


def room() -> int:
    """Bytes that may still be recorded on the disk; -1 when the folder is not there or cannot be written."""
    folder = settings().recordings_dir / "incoming"
    if not os.access(folder, os.W_OK | os.X_OK):
        return -1
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return -1


def possible() -> bool:
    """Whether something new may be recorded."""
    return room() >= settings().recording_free_mb * 1_000_000


class Collector:
    """One loop. A second one beside it does no harm."""

    def __init__(self, acd: Acd, db: Database, clock: Clock, carrier: AtCarrier | None = None) -> None:
        self._acd, self._db, self._clock, self._carrier = acd, db, clock, carrier
        self._told_full = self._troubled = False

    async def run(self, stop: asyncio.Event) -> None:
        """Look every two seconds until told to stop; what is away is said once."""
        with contextlib.suppress(OSError):  # told as a missing folder
            for kind in ("notes", "calls"):
                _incoming(kind).mkdir(parents=True, exist_ok=True)
        while not stop.is_set():
            try:
                await self.once()
                self._troubled = False
            except (StoreUnavailable, SQLAlchemyError, OSError) as fault:
                if not self._troubled:
                    log.warning("recordings are waiting: %s", type(fault).__name__)
                self._troubled = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)

    async def once(self) -> None:
        """Take everything that is finished now."""
        await asyncio.to_thread(self._notes)
        for file in await asyncio.to_thread(lambda: list(_sounds("calls"))):
            if await self._is_over(file):
                await asyncio.to_thread(self._take_call, file)

    # --- what somebody has asked for
    def _notes(self) -> None:
        self._look_at_room()
        now = self._clock.now()
        with self._db.reading() as session:
            found = list(recordings.due(session, now=now))
        for row in found:
            try:
                self._one(row, now)
            except (Problem, OSError) as fault:
                log.warning("recording %d cannot be had now: %s", row.id, type(fault).__name__)
                self._later(row, now, absent=False)
        for file in _sounds("notes"):
            if self._quiet(file) > NOBODYS_S:
                file.unlink(missing_ok=True)
                DONE.labels(RecordingKind.NOTE, "nobodys").inc()

    def _one(self, row: Recording, now: datetime) -> None:
        if row.kind is RecordingKind.NOTE and row.report_id is None:  # at the carrier, and nobody's
            self._forget_nobodys(row)
            return
        target = recordings.path_of(row)
        target.parent.mkdir(parents=True, exist_ok=True)
        if row.source:
            there = target.exists() or self._fetch(row, target)
        else:
            there = self._move(_incoming("notes") / row.file, target)
        if not there:
            self._later(row, now, absent=True)
            return
        seconds = seconds_of(target)
        with self._db.transaction() as session:
            if seconds < SHORTEST_S:
                recordings.empty(session, row.id, due_at=row.due_at)
            else:
                recordings.kept(session, row.id, seconds=seconds, now=now)
        if seconds < SHORTEST_S:
            target.unlink(missing_ok=True)
        if row.source and self._carrier is not None and not settings().twilio_keeps_recordings:
            self._carrier.delete(row.source)
        DONE.labels(row.kind, "empty" if seconds < SHORTEST_S else "kept").inc()

    def _forget_nobodys(self, row: Recording) -> None:
        if self._carrier is None:
            return
        self._carrier.delete(row.source)
        with self._db.transaction() as session:
            recordings.nobodys(session, row.id)
        DONE.labels(row.kind, "nobodys").inc()

    def _fetch(self, row: Recording, target: Path) -> bool:
        if self._carrier is None:
            return False
        draft = target.with_suffix(".part")
        try:
            if not self._carrier.fetch(row.source, draft):
                return False
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return True

    def _move(self, file: Path, target: Path) -> bool:
        """Only what is not being written to. Moved before the death of a collector, it is there already."""
        if file.exists():
            if self._quiet(file) < QUIET_S:
                return False
            shutil.move(file, target)
        return target.exists()

    def _later(self, row: Recording, now: datetime, *, absent: bool) -> None:
        with self._db.transaction() as session:
            if recordings.later(session, row.id, now=now, after=AGAIN, absent=absent) is RecordingState.LOST:
                DONE.labels(row.kind, "lost").inc()
                log.warning("the sound of recording %d never came", row.id)

    # --- conversations
    async def _is_over(self, file: Path) -> bool:
        quiet = self._quiet(file)
        if quiet < QUIET_S:
            return False
        call = await self._acd.call(file.stem)
        if call is None:
            return quiet >= FORGOTTEN_S
        return call.state is CallState.ENDED and self._clock.ms() - call.ended >= GOODBYE_S * 1000

    def _take_call(self, file: Path) -> None:
        seconds = seconds_of(file)
        if seconds < SHORTEST_S:
            if self._quiet(file) >= NOTHING_S:
                file.unlink(missing_ok=True)
                DONE.labels(RecordingKind.CALL, "empty").inc()
            return
        kept = settings().recordings_dir / "calls"
        kept.mkdir(parents=True, exist_ok=True)
        with self._db.transaction() as session:
            row = recordings.call_recorded(
                session, call=file.stem, file=file.name, seconds=seconds, now=self._clock.now()
            )
            target = recordings.path_of(row)
        shutil.move(file, target)  # dying before it, the next look finds the same row
        DONE.labels(RecordingKind.CALL, "kept").inc()

    # --- how
    def _quiet(self, file: Path) -> float:
        """Seconds since something was written."""
        try:
            return self._clock.ms() / 1000 - file.stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def _look_at_room(self) -> None:
        free = room()
        ROOM.set(free)
        full = free < settings().recording_free_mb * 1_000_000
        if full and not self._told_full:
            log.error("nothing is recorded: %s", "the folder is missing" if free < 0 else "the disk is nearly full")
        self._told_full = full


def _incoming(kind: str) -> Path:
    return settings().recordings_dir / "incoming" / kind


def _sounds(kind: str) -> Iterator[Path]:
    folder = _incoming(kind)
    if folder.is_dir():
        yield from (one for one in sorted(folder.glob("*.wav")) if _CALL.fullmatch(one.stem))
