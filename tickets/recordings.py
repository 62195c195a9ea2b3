"""What was recorded, of which report or call, for how long it is kept, and who has listened (docs/recording.md).

A row is there before its sound: it says where the sound belongs. Whoever finds the sound (ivr/recordings.py) calls
`kept`, `empty` or `lost`. Files are removed first and told afterwards, so that nothing stays that SQL forgot.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.errors import NotFound
from config.settings import settings
from tickets import history
from tickets.incidents import incidents
from tickets.kinds import HistoryKind, RecordingKind, RecordingState, ReportingKind
from tickets.models import Recording, RecordingAccess, Report
from tickets.once import insert_once

log = logging.getLogger(__name__)
K, S = RecordingKind, RecordingState
FINISHING = timedelta(seconds=30)  # after the longest that may be said: time to hear the instruction, and the beep
PATIENCE = timedelta(hours=1)  # after which a sound that was asked for will not come any more
LISTENING = timedelta(minutes=1)  # the parts in which a browser fetches one sound are one access


@dataclass(frozen=True)
class Heard:
    """A sound that can be heard. Seconds are rounded up to one."""

    id: int
    kind: str  # RecordingKind value
    call: str
    at: datetime
    seconds: int

    @classmethod
    def of(cls, row: Recording) -> Heard:
        return cls(row.id, row.kind.value, row.call, row.asked_at, max(1, round(row.seconds)))


def path_of(row: Recording) -> Path:
    """Where the sound of a recording is kept."""
    return settings().recordings_dir / f"{row.kind.value}s" / row.file


def expect_note(session: Session, *, call: str, number: str, report_key: str, seconds: int, now: datetime) -> Recording:
    """A caller is about to speak about a report: that of `report_key`, else of `number`. Once for a call; when nothing
    was said the first time the same row is used again. Raises NotFound (`unknown-report`).
    """
    key = note_key(call)
    row = Recording(
        key=key,
        kind=K.NOTE,
        state=S.EXPECTED,
        call=call,
        report_id=_report(session, report_key, number).id,
        file=f"{call}.wav",
        source="",
        asked_at=now,
        due_at=now + timedelta(seconds=seconds) + FINISHING,
        seconds=0.0,
        removed_by="",
    )
    due_at = row.due_at
    kept, is_new = insert_once(session, row, lambda: _by_key(session, key))
    if not is_new and kept.state in (S.EXPECTED, S.EMPTY, S.LOST):
        kept.state, kept.asked_at, kept.due_at = S.EXPECTED, now, now if kept.source else due_at
        kept.report_id = row.report_id
    return kept


def note_spoken(session: Session, call: str, *, silent: bool = False, now: datetime) -> None:
    """The caller has finished: its sound can be taken now; `silent`: there is none."""
    row = _by_key(session, note_key(call), lock=True)
    if row is not None and row.state is S.EXPECTED:
        row.due_at = now
        if silent and not row.source:
            row.state = S.EMPTY


def at_carrier(session: Session, *, kind: RecordingKind, call: str, source: str, now: datetime) -> None:
    """The carrier has a sound of this call, to be fetched by the name `source`. Told again it changes nothing. A note
    may be told before the wish that it belongs to is done: it waits for it for an hour, then it is nobody's.
    """
    if session.scalar(select(Recording.id).where(Recording.source == source, Recording.call == call)):
        return
    key = note_key(call) if kind is K.NOTE else f"{kind.value}:{source}"
    row = _by_key(session, key, lock=True)
    if row is not None and kind is K.NOTE:
        if row.state in (S.EXPECTED, S.EMPTY, S.LOST) and not row.source:
            row.state, row.source, row.due_at = S.EXPECTED, source, now
            return
        row, key = None, f"{kind.value}:{source}"  # said once more than was asked for
    new = Recording(
        key=key,
        kind=kind,
        state=S.EXPECTED,
        call=call,
        report_id=None,
        file=f"{call}.{source}.wav",
        source=source,
        asked_at=now,
        due_at=now + PATIENCE if kind is K.NOTE else now,
        seconds=0.0,
        removed_by="",
    )
    insert_once(session, new, lambda: _by_key(session, key))


def note_key(call: str) -> str:
    """The one name of a call's note."""
    return f"{call}:note"


def nobodys(session: Session, recording: int) -> None:
    """A note that belongs to no report; it is deleted where it was made."""
    row = _locked(session, recording)
    row.state, row.source = S.REMOVED, ""


def call_recorded(session: Session, *, call: str, file: str, seconds: float, now: datetime) -> Recording:
    """The sound of a conversation is where it belongs. Once for a file."""
    key = f"call:{file}"
    row = Recording(
        key=key,
        kind=K.CALL,
        state=S.KEPT,
        call=call,
        report_id=None,
        file=file,
        source="",
        asked_at=now,
        due_at=now,
        seconds=seconds,
        removed_by="",
    )
    return insert_once(session, row, lambda: _by_key(session, key))[0]


def due(session: Session, *, now: datetime, limit: int = 50) -> Sequence[Recording]:
    """Those whose sound is to be looked for."""
    rows = select(Recording).where(Recording.state == S.EXPECTED, Recording.due_at <= now)
    return session.scalars(rows.order_by(Recording.due_at, Recording.id).limit(limit)).all()


def later(session: Session, recording: int, *, now: datetime, after: timedelta, absent: bool) -> RecordingState:
    """Looked for again, more and more rarely. `absent`: it was not there, and after an hour will not come any more;
    else nobody could be asked, and it is not given up. Answers what it is now.
    """
    row = _locked(session, recording)
    if row.state is S.EXPECTED:
        age = now - row.asked_at
        if absent and age > PATIENCE:
            row.state = S.LOST
        row.due_at = now + min(max(after, age / 8), PATIENCE)
    return row.state


def kept(session: Session, recording: int, *, seconds: float, now: datetime) -> None:
    """Its sound is where it belongs; of a note the report's history tells it."""
    row = _locked(session, recording)
    if row.state is not S.EXPECTED:
        return
    row.state, row.seconds, row.source = S.KEPT, seconds, ""
    if row.report_id is not None:
        history.write(
            session,
            row.report_id,
            HistoryKind.COMMENT,
            by="ivr",
            channel=ReportingKind.IVR,
            now=now,
            note=f"Catatan suara dari pelapor, {max(1, round(seconds))} detik.",
            new={"recording": row.id},
            key=f"recorded:{row.key}"[:120],
            call=row.call,
        )


def empty(session: Session, recording: int, *, due_at: datetime) -> None:
    """Nothing was said, as far as who looked at `due_at` knows: a caller who is just trying again is not given up."""
    row = _locked(session, recording)
    if row.state is S.EXPECTED and row.due_at == due_at:
        row.state, row.source = S.EMPTY, ""


# --- who asks for it
def notes_of(session: Session, report_id: int) -> list[Heard]:
    """The voice notes of a report that can be heard, the newest first."""
    rows = select(Recording).where(Recording.report_id == report_id, Recording.state == S.KEPT)
    return [Heard.of(row) for row in session.scalars(rows.order_by(Recording.id.desc()))]


def of_calls(session: Session, calls: Sequence[str]) -> dict[str, list[Heard]]:
    """The conversations of some calls that can be heard, in their order."""
    rows = select(Recording).where(Recording.call.in_(calls), Recording.kind == K.CALL, Recording.state == S.KEPT)
    found: dict[str, list[Heard]] = {}
    for row in session.scalars(rows.order_by(Recording.id)):
        found.setdefault(row.call, []).append(Heard.of(row))
    return found


def one(session: Session, recording: int) -> Heard:
    """One that can be heard. Raises NotFound (`unknown-recording`)."""
    row = session.get(Recording, recording)
    if row is None or row.state is not S.KEPT:
        raise NotFound("Rekaman itu tidak ada.", slug="unknown-recording")
    return Heard.of(row)


def heard(
    session: Session, recording: int, kind: RecordingKind, *, by: str, role: str, now: datetime, report: str = ""
) -> Recording:
    """Somebody listens: it is written down who. `report`: only if it belongs to the report of this number. Raises
    NotFound (`unknown-recording`: also of another kind, or removed).
    """
    row = session.get(Recording, recording)
    wanted = _report(session, "", report).id if report else None
    if row is None or row.kind is not kind or row.state is not S.KEPT or (report and row.report_id != wanted):
        raise NotFound("Rekaman itu tidak ada.", slug="unknown-recording")
    before = select(func.count()).where(
        RecordingAccess.recording_id == row.id, RecordingAccess.by == by, RecordingAccess.at > now - LISTENING
    )
    if not session.scalar(before):
        session.add(RecordingAccess(recording_id=row.id, by=by, role=role, at=now))
        session.flush()
    return row


def listeners(session: Session, recording: int) -> Sequence[RecordingAccess]:
    """Who has listened, the newest first."""
    rows = select(RecordingAccess).where(RecordingAccess.recording_id == recording)
    return session.scalars(rows.order_by(RecordingAccess.id.desc())).all()


# --- what is not kept
def remove(session: Session, recording: int, *, by: str, now: datetime) -> None:
    """The sound is gone; that it was there stays known. Raises NotFound."""
    row = _locked(session, recording)
    path_of(row).unlink(missing_ok=True)
    if row.state is S.KEPT and row.report_id is not None and by != "system":
        history.write(
            session,
            row.report_id,
            HistoryKind.CHANGE,
            by=by,
            channel=ReportingKind.OTHER,
            now=now,
            note="Catatan suara dihapus.",
            old={"recording": row.id},
        )
    row.state, row.removed_at, row.removed_by = S.REMOVED, now, by


def remove_of_report(session: Session, report_id: int, *, by: str, now: datetime) -> int:
    """The voice notes go with the personal data of their report; answers how many there were."""
    rows = select(Recording.id).where(Recording.report_id == report_id, Recording.state.in_((S.KEPT, S.EXPECTED)))
    found = session.scalars(rows).all()
    for recording in found:
        row = _locked(session, recording)
        if row.state is S.EXPECTED and row.source:
            row.report_id, row.due_at = None, now  # nobody's: deleted where it was made
        else:
            remove(session, recording, by=by, now=now)
    return len(found)


def forget(session: Session, *, now: datetime, most: int = 1000) -> int:
    """Sounds that were kept for long enough (settings) are removed, some at a time; answers how many."""
    days = {K.NOTE: settings().voice_note_days, K.CALL: settings().call_recording_days}
    gone = 0
    for kind, kept_for in days.items():
        old = select(Recording.id).where(
            Recording.kind == kind, Recording.state == S.KEPT, Recording.asked_at <= now - timedelta(days=kept_for)
        )
        for recording in session.scalars(old.order_by(Recording.asked_at).limit(most - gone)).all():
            try:
                remove(session, recording, by="system", now=now)
                gone += 1
            except OSError as fault:  # one that cannot be deleted keeps no other from it
                log.error("recording %d could not be deleted: %s", recording, type(fault).__name__)
    return gone


def _report(session: Session, key: str, number: str) -> Report:
    found = session.scalar(select(Report).where(Report.key == key)) if key else None
    return found or incidents.seen(session, number)


def _by_key(session: Session, key: str, *, lock: bool = False) -> Recording | None:
    row = select(Recording).where(Recording.key == key)
    return session.scalar(row.with_for_update() if lock else row)


def _locked(session: Session, recording: int) -> Recording:
    row = session.get(Recording, recording, with_for_update=ROW_LOCK, populate_existing=True)
    if row is None:
        raise NotFound("Rekaman itu tidak ada.", slug="unknown-recording")
    return row
