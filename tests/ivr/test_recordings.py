"""What becomes of the sounds that were recorded: tied to their report, kept for a time, lost aloud."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from config.clock import VirtualClock
from config.database import Database
from ivr import intents
from ivr.recordings import Collector
from tests.fixtures.recorded import sound
from tests.fixtures.router import Pool
from tests.fixtures.tickets import NOON, a_premises, a_report
from tickets import history, reports
from tickets import recordings as rows
from tickets.kinds import RecordingKind, RecordingState
from tickets.models import Recording

pytestmark = [pytest.mark.database, pytest.mark.store, pytest.mark.anyio]
CALL = "c0000000000000001"
WISH = {"kind": "voice-note", "key": f"{CALL}:note", "number": "", "report": f"{CALL}:report", "seconds": 20}
OVER = {"kind": "voice-note-over", "key": f"{CALL}:note"}


class Notes:
    """The worker's part, on a clock of its own."""

    def __init__(self, db: Database, pool: Pool) -> None:
        self.db, self.clock = db, VirtualClock(NOON)
        self.collector = Collector(pool.acd, db, self.clock)

    def files(self) -> int:
        with self.db.transaction() as session:
            new = a_report(premises_id=a_premises(session).id, key=f"{CALL}:report", call=CALL)
            return reports.file_report(session, new, now=NOON).id

    def wishes(self, *wishes: dict[str, object]) -> None:
        with self.db.transaction() as session:
            for wish in wishes:
                intents.execute(session, CALL, wish, at=self.clock.now())

    async def later(self, seconds: float) -> Recording:
        self.clock.advance(seconds=seconds)
        await self.collector.once()
        with self.db.reading() as session:
            return session.scalars(select(Recording)).one()


@pytest.fixture
def notes(db: Database, pool: Pool) -> Notes:
    """No report yet."""
    return Notes(db, pool)


async def test_it_is_tied_to_the_report_and_told_in_its_history(notes: Notes, folder: Path) -> None:
    number = notes.files()
    notes.wishes(WISH)
    sound(folder / "notes" / f"{CALL}.wav", 7.2, NOON + timedelta(seconds=9))
    assert (await notes.later(10)).state is RecordingState.EXPECTED, "the caller may still be speaking"
    notes.wishes(OVER)
    row = await notes.later(5)
    assert (row.state, row.report_id, round(row.seconds, 1)) == (RecordingState.KEPT, number, 7.2)
    assert rows.path_of(row).is_file()
    assert "+62" not in rows.path_of(row).name
    with notes.db.reading() as session:
        told = history.of(session, number)[0]
        assert (told.note, told.call) == ("Catatan suara dari pelapor, 7 detik.", CALL)
        assert [one.seconds for one in rows.notes_of(session, number)] == [7]


async def test_who_hangs_up_while_speaking_has_spoken(notes: Notes, folder: Path) -> None:
    notes.files()
    notes.wishes(WISH)
    sound(folder / "notes" / f"{CALL}.wav", 3, NOON + timedelta(seconds=14))
    assert (await notes.later(49)).state is RecordingState.EXPECTED
    assert (await notes.later(2)).state is RecordingState.KEPT


async def test_a_wish_done_twice_is_one_note(notes: Notes, folder: Path) -> None:
    notes.files()
    sound(folder / "notes" / f"{CALL}.wav", 3, NOON)
    notes.wishes(WISH, OVER)
    await notes.later(5)
    notes.wishes(WISH, OVER)
    row = await notes.later(5)
    assert row.state is RecordingState.KEPT
    with notes.db.reading() as session:
        assert row.report_id is not None
        said = [one.note for one in history.of(session, row.report_id)]
        assert sum("Catatan suara" in note for note in said) == 1


async def test_silence_is_no_note(notes: Notes, folder: Path) -> None:
    notes.files()
    notes.wishes(WISH, OVER)
    file = sound(folder / "notes" / f"{CALL}.wav", 0.4, NOON)
    row = await notes.later(5)
    assert row.state is RecordingState.EMPTY
    assert not file.exists()
    assert not rows.path_of(row).exists()


async def test_a_second_try_is_not_given_up_for_the_first(notes: Notes, folder: Path) -> None:
    notes.files()
    notes.wishes(WISH, OVER)
    sound(folder / "notes" / f"{CALL}.wav", 0.4, NOON)
    await notes.later(5)
    notes.wishes(WISH)
    sound(folder / "notes" / f"{CALL}.wav", 6, NOON + timedelta(seconds=20))
    assert (await notes.later(30)).state is RecordingState.EXPECTED
    notes.wishes(OVER)
    assert (await notes.later(5)).state is RecordingState.KEPT


async def test_a_sound_that_never_comes_is_lost_and_said(notes: Notes, folder: Path) -> None:
    notes.files()
    notes.wishes(WISH, OVER)
    assert (await notes.later(60)).state is RecordingState.EXPECTED
    for _ in range(2):
        row = await notes.later(3600)
    assert row.state is RecordingState.LOST


async def test_it_goes_when_it_is_too_old_and_with_its_report(notes: Notes, folder: Path) -> None:
    number = notes.files()
    notes.wishes(WISH, OVER)
    sound(folder / "notes" / f"{CALL}.wav", 3, NOON)
    row = await notes.later(5)
    with notes.db.transaction() as session:
        assert rows.forget(session, now=NOON + timedelta(days=89)) == 0
    assert rows.path_of(row).exists()
    with notes.db.transaction() as session:
        assert rows.forget(session, now=NOON + timedelta(days=91)) == 1
    assert not rows.path_of(row).exists()
    with notes.db.transaction() as session:
        assert rows.notes_of(session, number) == []
        assert rows.remove_of_report(session, number, by="spv1", now=NOON) == 0


async def test_the_personal_data_of_a_report_take_its_notes_along(notes: Notes, folder: Path) -> None:
    number = notes.files()
    notes.wishes(WISH, OVER)
    sound(folder / "notes" / f"{CALL}.wav", 3, NOON)
    row = await notes.later(5)
    with notes.db.transaction() as session:
        assert rows.remove_of_report(session, number, by="spv1", now=notes.clock.now()) == 1
        assert history.of(session, number)[0].note == "Catatan suara dihapus."
    assert not rows.path_of(row).exists()


async def test_a_conversation_is_taken_when_its_call_is_over_and_not_while_goodbye_is_said(
    db: Database, pool: Pool, folder: Path
) -> None:
    collector = Collector(pool.acd, db, pool.clock)
    await pool.talks(CALL)
    file = folder / "calls" / f"{CALL}.wav"

    async def after(seconds: float) -> list[str]:
        pool.clock.advance(seconds=seconds)
        await collector.once()
        with db.reading() as session:
            return [one.call for found in rows.of_calls(session, [CALL]).values() for one in found]

    sound(file, 30, pool.clock.now())
    assert await after(60) == [], "a conversation: on hold nothing is written"
    await pool.acd.ended(CALL, by="caller")
    assert await after(10) == [], "the channel is still there, and so may be the last seconds of its sound"
    assert await after(15) == [CALL]
    assert not file.exists()
    assert await after(15) == [CALL]


async def test_a_call_that_the_store_forgot_still_has_its_sound_and_an_empty_file_goes(
    db: Database, pool: Pool, folder: Path
) -> None:
    collector = Collector(pool.acd, db, pool.clock)
    known, empty = folder / "calls" / "c0000000000000007.wav", folder / "calls" / "c0000000000000008.wav"
    other = folder / "calls" / "of somebody else.wav"
    for file, seconds in ((known, 9), (empty, 0), (other, 9)):
        sound(file, seconds, pool.clock.now())
    pool.clock.advance(seconds=100)
    await collector.once()
    assert known.exists()
    pool.clock.advance(seconds=100)
    await collector.once()
    assert (known.exists(), empty.exists()) == (False, True)
    pool.clock.advance(seconds=200)
    await collector.once()
    assert (empty.exists(), other.exists()) == (False, True)


SID = f"RE{'0a' * 16}"


class Away:
    """A carrier that cannot be asked, and then does not have it."""

    def __init__(self) -> None:
        self.away, self.deleted = True, []

    def fetch(self, source: str, to: Path) -> bool:
        to.write_bytes(b"half of it")
        if self.away:
            raise OSError("away")
        return False

    def delete(self, source: str) -> None:
        self.deleted.append(source)


@pytest.fixture
def away(notes: Notes, pool: Pool) -> Away:
    carrier = Away()
    notes.collector = Collector(pool.acd, notes.db, notes.clock, carrier)
    return carrier


async def test_a_conversation_that_the_carrier_names_is_noted_in_both_databases(notes: Notes, folder: Path) -> None:
    call = f"CA{'0b' * 16}a"
    with notes.db.transaction() as session:
        rows.at_carrier(session, kind=RecordingKind.CALL, call=call, source=SID, now=NOON)
    with notes.db.reading() as session:
        row = session.scalars(select(Recording)).one()
        assert rows.path_of(row).name == f"{call}.{SID}.wav"


async def test_a_sound_at_a_carrier_that_is_away_is_not_given_up(notes: Notes, away: Away, folder: Path) -> None:
    with notes.db.transaction() as session:
        rows.at_carrier(session, kind=RecordingKind.CALL, call=CALL, source=SID, now=NOON)
    for _ in range(30):
        row = await notes.later(3600)
    assert row.state is RecordingState.EXPECTED
    assert [*folder.parent.rglob("*.part")] == [], "half a sound is not left lying"
    away.away = False
    assert (await notes.later(3600)).state is RecordingState.LOST, "the carrier says that it has none"


async def test_a_note_that_is_still_at_the_carrier_goes_there_with_its_report(
    notes: Notes, away: Away, folder: Path
) -> None:
    number = notes.files()
    notes.wishes(WISH)
    with notes.db.transaction() as session:
        rows.at_carrier(session, kind=RecordingKind.NOTE, call=CALL, source=SID, now=NOON)
        assert rows.remove_of_report(session, number, by="admin", now=NOON) == 1
    assert (await notes.later(1)).state is RecordingState.REMOVED
    assert away.deleted == [SID]


async def test_one_sound_that_cannot_be_deleted_keeps_no_other_from_it(
    notes: Notes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with notes.db.transaction() as session:
        for name in ("first", "second"):
            rows.call_recorded(session, call=CALL, file=f"{name}.wav", seconds=9, now=NOON)
    unlink = Path.unlink

    def refuses(path: Path, missing_ok: bool = False) -> None:
        if path.name == "first.wav":
            raise PermissionError
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuses)
    with notes.db.transaction() as session:
        assert rows.forget(session, now=NOON + timedelta(days=4000)) == 1
    with notes.db.reading() as session:
        states = {row.file: row.state for row in session.scalars(select(Recording))}
    assert states == {"first.wav": RecordingState.KEPT, "second.wav": RecordingState.REMOVED}
