"""A voice note and a recorded conversation through Twilio: told, recorded there, fetched, deleted there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from config.operator import operator
from config.settings import settings
from ivr import background
from ivr.carriers.twilio_sounds import TwilioSounds
from ivr.recordings import Collector
from ivr.telephone.machine import Leg
from tests.fixtures.twilio import World
from tests.fixtures.wait import over, until_async
from tickets import recordings
from tickets.kinds import RecordingState
from tickets.models import Recording, Report, ReportHistory

pytestmark = [pytest.mark.journey, pytest.mark.store, pytest.mark.anyio]


async def kept(twilio: World) -> Recording:
    """The recording, once the worker has fetched it."""
    collector = Collector(twilio.acd, twilio.db, twilio.clock, TwilioSounds(settings()))

    async def found() -> Recording | None:
        await collector.once()
        with twilio.db.reading() as session:
            return session.scalar(select(Recording).where(Recording.state == RecordingState.KEPT))

    return await until_async(found, 15, "the recording is kept")  # type: ignore[return-value]


async def speaks(twilio: World) -> Leg:
    """A report is filed, a note is asked for, the caller speaks."""
    caller = twilio.dials("no_outage")
    await twilio.hears(caller, "tekan satu")
    await twilio.presses(caller, "1")
    await twilio.hears(caller, "Catatan suara")
    await twilio.presses(caller, "1")
    await caller.diary.until(lambda h: h.kind == "record")
    await until_async(lambda: "talk" in twilio.pace.waiting, 10, "the tape runs")
    return caller


async def test_a_voice_note_is_fetched_and_deleted_at_the_carrier(twilio: World) -> None:
    caller = await speaks(twilio)
    twilio.clock.advance(seconds=7)
    assert caller.press("#")
    await twilio.hears(caller, "sudah kami simpan")
    row = await kept(twilio)
    assert round(row.seconds) == 7
    assert recordings.path_of(row).read_bytes().startswith(b"RIFF")
    with twilio.db.reading() as session:
        report = session.scalars(select(Report).where(Report.call == row.call)).one()
        assert row.report_id == report.id
        told = session.scalars(select(ReportHistory).where(ReportHistory.report_id == report.id)).all()
    assert any(entry.note.startswith("Catatan suara") for entry in told)
    assert twilio.exchange.tapes.known == {}, "deleted there"


async def test_who_hangs_up_while_speaking_has_spoken(twilio: World) -> None:
    caller = await speaks(twilio)
    twilio.clock.advance(seconds=4)
    caller.hang_up()
    assert round((await kept(twilio)).seconds) == 4


async def test_silence_is_told_kindly_and_the_emergency_key_is_heard_while_recording(twilio: World) -> None:
    caller = await speaks(twilio)
    assert caller.press("#")
    await twilio.hears(caller, "tidak ada yang kami simpan")
    await twilio.presses(caller, "1")
    await until_async(lambda: "talk" in twilio.pace.waiting, 10, "the tape runs")
    twilio.clock.advance(seconds=2)
    assert caller.press("9")
    call = await twilio.queued(caller)
    assert (call.emergency, call.queue) == (True, operator().queues.emergency)


@pytest.fixture
def recorded_queue(twilio: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """queues.yaml: `record: true` for faults."""
    (tmp_path / "recordings" / "incoming").mkdir(parents=True)
    files = operator()
    queue = files.queues.queues["gangguan"].model_copy(update={"record": True})
    queues = files.queues.model_copy(update={"queues": {**files.queues.queues, "gangguan": queue}})
    monkeypatch.setattr(background, "operator", lambda: replace(files, queues=queues))
    twilio.service._background.look()


@pytest.mark.usefixtures("recorded_queue")
async def test_a_conversation_is_recorded_on_the_callers_leg_through_a_transfer(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = twilio.dials("no_outage")
    await twilio.hears(caller, "tekan satu")
    await twilio.presses(caller, "0")
    await twilio.hears(caller, "direkam")
    await twilio.queued(caller)
    first = await twilio.rings("cso1")
    await twilio.talk(caller, first)
    await until_async(lambda: twilio.exchange.tapes.of(caller.sid), 10, "it is recorded")
    await twilio.ready("cso2")
    call = await twilio.known(caller)
    await twilio.acd.transfer(call.id, call.token, cso="cso2", cmd="transfer")
    second = await twilio.rings("cso2")
    second.pick_up()
    await twilio.together(caller, second)
    tapes = f"{caller.sid}/Recordings.json"
    await until_async(
        lambda: [method for method, path, _ in twilio.rest.requests if path.endswith(tapes)].count("GET") == 2,
        10,
        "the second conversation found it running",
    )
    await twilio.later(42)
    assert len(twilio.exchange.tapes.of(caller.sid)) == 1, "one recording, begun once"
    caller.hang_up()
    await over(second.ended)
    row = await kept(twilio)
    assert (row.call, row.kind.value, round(row.seconds)) == (call.id, "call", 42)
    assert twilio.exchange.tapes.known == {}
    asked = [form for method, path, form in twilio.rest.requests if path.endswith(tapes) and form]
    assert len(asked) == 1


@pytest.mark.usefixtures("recorded_queue")
async def test_who_has_left_a_note_before_is_recorded_as_well(twilio: World) -> None:
    await twilio.ready("cso1")
    caller = await speaks(twilio)
    twilio.clock.advance(seconds=7)
    assert caller.press("#")
    await twilio.hears(caller, "sudah kami simpan")
    await twilio.presses(caller, "0")
    await twilio.hears(caller, "direkam")
    await twilio.queued(caller)
    leg = await twilio.rings("cso1")
    await twilio.talk(caller, leg)
    await until_async(
        lambda: {tape.source for tape in twilio.exchange.tapes.of(caller.sid)} >= {"StartCallRecordingAPI"},
        10,
        "it is recorded",
    )
    caller.hang_up()
    await over(leg.ended)


async def test_who_was_not_told_is_not_recorded(twilio: World) -> None:
    caller, _ = await twilio.talks()
    await twilio.later(10)
    assert twilio.exchange.tapes.known == {}
    assert not any("direkam" in said for said in caller.diary.said())
