"""Callers of whom nobody told: in the history with an outcome, once, and their numbers kept (real store, real SQL)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from config.database import Database
from ivr.arrivals import calls
from ivr.carriers.asterisk_cel import FILE
from ivr.carriers.asterisk_missed import Importer
from router.calls import CallState, Outcome
from router.events import Event
from router.history.follower import Follower
from router.history.models import CallEvent, CallRecord
from router.store.audit import audit
from router.store.wire import StoreUnavailable, Wire
from tests.fixtures.router import Pool
from tests.fixtures.wait import PATIENT, until_async

pytestmark = [pytest.mark.store, pytest.mark.database, pytest.mark.anyio]
NUMBER = "+628112220001"


@dataclass
class Asterisk:
    """The file that an Asterisk writes, the importer of it, and what became of the calls."""

    pool: Pool
    db: Database
    folder: Path

    def importer(self, node: str = "") -> Importer:
        """A process that has just started."""
        return Importer(self.pool.acd, self.db, self.pool.acd.ended, self.folder, node, clock=self.pool.clock)

    def begins(self, count: int, *, number: str = "08112220001", dialled: str = "123") -> str:
        """A caller's channel; answers the id of its call."""
        second = self.pool.clock.ms() // 1000
        self._write("CHAN_START", f"{second}.{count}", number, (dialled, "from-trunk"), "")
        return f"c{second}x{count}"

    def hangs_up(self, call: str, context: str, cause: int = 16, status: str = "", number: str = "08112220001") -> None:
        """Its end, in a context of the dialplan."""
        extra = f'{{""hangupcause"":{cause},""dialstatus"":""{status}""}}'
        dialled = "123" if context == "from-trunk" else ""
        self._write("HANGUP", call[1:].replace("x", "."), number, (dialled, context), extra)

    def refuses(self, count: int, *, number: str = "08112220001") -> str:
        """At level 4, when as many hear the announcement as may."""
        call = self.begins(count, number=number)
        self.hangs_up(call, "from-trunk", 34, number=number)
        return call

    def _write(self, kind: str, channel: str, number: str, where: tuple[str, str], extra: str) -> None:
        file = self.folder / FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        ms, leg = self.pool.clock.ms(), f"PJSIP/c{channel.replace('.', 'x')}"
        at = f"{ms // 1000}.{ms % 1000:03}000"
        with file.open("a") as opened:
            opened.write(f'"{kind}","{at}","{channel}","{leg}","{number}","{where[0]}","{where[1]}","{extra}"\n')

    async def history(self) -> None:
        """Everything of the journal is written down."""
        while await Follower(self.pool.acd, self.db).once():
            pass

    async def records(self) -> dict[str, CallRecord]:
        """Every call, once all of the journal is written down."""
        await self.history()
        with self.db.reading() as session:
            found = {row.id: row for row in session.scalars(select(CallRecord))}
            session.expunge_all()
            return found

    async def ends(self, call: str) -> int:
        """How often the end of a call was told."""
        await self.history()
        ends = CallEvent.event.in_([Event.CALL_ENDED, Event.CALL_REFUSED])
        with self.db.reading() as session:
            found = session.scalar(select(func.count()).where(CallEvent.call == call, ends))
        return int(found or 0)


@pytest.fixture
def asterisk(pool: Pool, db: Database, tmp_path: Path) -> Asterisk:
    return Asterisk(pool, db, tmp_path)


async def test_who_was_refused_by_the_dialplan_alone_is_in_the_history_and_is_called_back(asterisk: Asterisk) -> None:
    pool, at = asterisk.pool, asterisk.pool.clock.ms()
    call = asterisk.refuses(7)
    pool.later(2)
    assert await asterisk.importer().turn() == 1
    record = (await asterisk.records())[call]
    assert (record.outcome, record.reason, record.ani) == ("refused", "front-full", NUMBER)
    assert (record.trunk, record.region, record.dialled) == ("jakarta", "31", "123")
    assert record.arrived_at is not None
    assert int(record.arrived_at.timestamp() * 1000) == at
    (kept,) = await pool.acd.refused()
    assert (kept.number, kept.call) == (NUMBER, call)
    recalled = await pool.acd.recall_next("gangguan")
    assert recalled == call + "r"
    assert (await pool.call(recalled)).score == at, "the place it would have had"
    assert await audit(pool.acd._url, pool.acd.pool, timeout=PATIENT) == []


async def test_however_often_it_is_read_it_is_told_once(asterisk: Asterisk) -> None:
    call = asterisk.refuses(7)
    assert await asterisk.importer().turn() == 1
    for file in (asterisk.folder / FILE).parent.glob("*.json"):
        file.unlink()  # killed between telling and keeping
    assert await asterisk.importer().turn() == 0
    asterisk.pool.later(7200)  # the store has forgotten it, the history has not
    await asterisk.pool.acd._do("call", call)
    for file in (asterisk.folder / FILE).parent.glob("*.json"):
        file.unlink()
    await asterisk.history()
    await _forget(asterisk.pool, call)
    assert await asterisk.importer().turn() == 0
    assert await asterisk.ends(call) == 1


async def test_what_is_old_waits_for_a_history_that_is_behind(asterisk: Asterisk) -> None:
    """Its end may stand in the journal, which the history has not read yet, while the store has forgotten the call."""
    call = asterisk.refuses(7)
    await asterisk.importer().turn()
    for file in (asterisk.folder / FILE).parent.glob("*.json"):
        file.unlink()
    await _forget(asterisk.pool, call)
    asterisk.pool.later(3600)
    importer = asterisk.importer()
    assert await importer.turn() == 0
    await asterisk.history()
    assert await importer.turn() == 0
    assert await asterisk.ends(call) == 1


async def test_a_withheld_number_is_counted_and_nobody_is_called_back(asterisk: Asterisk) -> None:
    call = asterisk.refuses(7, number="")
    assert await asterisk.importer().turn() == 1
    assert (await asterisk.records())[call].outcome == "refused"
    assert await asterisk.pool.acd.refused() == []
    assert (await asterisk.pool.acd.gauges()).withheld_refused == 1


@pytest.mark.parametrize(
    ("context", "status", "outcome", "kept"),
    [
        ("fallback", "", Outcome.LOST, True),
        ("step", "", Outcome.LOST, True),
        ("full", "", Outcome.ANNOUNCED, True),
        ("emergency", "NOANSWER", Outcome.LOST, True),
        ("emergency", "ANSWER", Outcome.ANSWERED, False),
    ],
)
async def test_who_came_and_went_while_nobody_of_ours_was_alive(
    asterisk: Asterisk, context: str, status: str, outcome: Outcome, kept: bool
) -> None:
    call = asterisk.begins(1)
    asterisk.pool.later(40)
    asterisk.hangs_up(call, context, status=status)
    asterisk.pool.later(6)
    assert await asterisk.importer().turn() == 1
    record = (await asterisk.records())[call]
    assert (record.outcome, record.ended_by, record.ani) == (outcome, "cel", NUMBER)
    assert bool(await asterisk.pool.acd.refused()) == kept
    assert await asterisk.ends(call) == 1


async def test_who_was_served_by_a_dialplan_of_the_operators_own_is_no_lost_caller(asterisk: Asterisk) -> None:
    call = asterisk.begins(1)
    asterisk.hangs_up(call, "fax-of-the-office")
    asterisk.pool.later(6)
    assert await asterisk.importer().turn() == 0
    assert call not in await asterisk.records()
    assert await asterisk.pool.acd.refused() == []


async def test_a_step_that_is_under_way_may_still_tell_of_the_call(asterisk: Asterisk) -> None:
    call = asterisk.begins(1)
    asterisk.hangs_up(call, "step")
    importer = asterisk.importer()
    assert await importer.turn() == 0
    await asterisk.pool.arrives(call, ani=NUMBER)
    assert await importer.turn() == 0
    assert (await asterisk.pool.call(call)).outcome == Outcome.LEFT_IVR
    asterisk.pool.later(10)
    assert await importer.turn() == 0
    assert await asterisk.ends(call) == 1


@pytest.mark.parametrize("waits", [False, True])
async def test_a_call_whose_end_nobody_saw_ends_as_what_it_was(asterisk: Asterisk, waits: bool) -> None:
    call = asterisk.begins(1)
    await (asterisk.pool.waits if waits else asterisk.pool.arrives)(call)
    asterisk.hangs_up(call, "wait")
    assert await asterisk.importer().turn() == 0, "no call that nobody had told of"
    known = await asterisk.pool.call(call)
    assert (known.state, known.by) == (CallState.ENDED, "cel")
    assert known.outcome == (Outcome.ABANDONED if waits else Outcome.LEFT_IVR)
    assert await asterisk.pool.lines_in_use() == set()


async def test_who_is_called_back_hung_up_without_an_end(asterisk: Asterisk) -> None:
    call = asterisk.begins(1)
    await asterisk.pool.waits(call)
    await asterisk.pool.acd.call_back(call, number=NUMBER, cmd="cb")
    asterisk.hangs_up(call, "do")
    await asterisk.importer().turn()
    assert (await asterisk.pool.call(call)).state is CallState.WAITING


async def test_the_end_of_a_leg_that_the_call_has_left_ends_nothing(asterisk: Asterisk) -> None:
    """Whoever was called back talks on another leg."""
    call = asterisk.begins(1)
    await asterisk.pool.arrives(call, channel="PJSIP/called-back-1")
    asterisk.hangs_up(call, "do")
    await asterisk.importer().turn()
    assert (await asterisk.pool.call(call)).state is CallState.IVR


async def test_who_was_on_the_line_when_asterisk_died_is_lost_and_called_back(asterisk: Asterisk) -> None:
    known, call = asterisk.begins(7, number="0811999999"), asterisk.begins(8)
    await asterisk.pool.arrives(known)
    asterisk.pool.later(30)
    asterisk.begins(0, number="0811888888")
    assert await asterisk.importer().turn() == 1
    records = await asterisk.records()
    assert records[call].outcome == "lost"
    assert not records[known].outcome, "the comparison with Asterisk tells of those whom the store knows"
    assert [one.number for one in await asterisk.pool.acd.refused()] == [NUMBER]


async def test_while_the_store_is_away_nothing_is_lost(asterisk: Asterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    importer = asterisk.importer()
    await importer.turn()
    call = asterisk.refuses(7)

    async def away(*_: object) -> int:
        raise StoreUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(asterisk.pool.acd, "missed", away)
        with pytest.raises(StoreUnavailable):
            await importer.turn()
    assert await importer.turn() == 1
    assert (await asterisk.records())[call].outcome == "refused"


async def test_two_nodes_count_their_channels_alike(asterisk: Asterisk) -> None:
    call = asterisk.refuses(7)
    assert await asterisk.importer("b").turn() == 1
    assert set(await asterisk.records()) == {f"{call}xb"}


async def test_an_outage_is_told_of_arrivals_at_the_instant_they_came(asterisk: Asterisk) -> None:
    at = asterisk.pool.clock.ms()
    asterisk.refuses(7)
    asterisk.pool.later(1800)
    await asterisk.history()
    await asterisk.importer().turn()
    (came,) = calls(await asterisk.pool.told())
    assert int(came.at.timestamp() * 1000) == at
    assert (await asterisk.pool.acd.gauges()).arrivals.minute == 0, "the ladder asks how many come now"


async def test_the_ladder_counts_who_was_refused_a_moment_ago(asterisk: Asterisk) -> None:
    asterisk.refuses(7)
    await asterisk.importer().turn()
    gauges = await asterisk.pool.acd.gauges()
    assert (gauges.arrivals.minute, gauges.refusals.minute, gauges.regions["31"].minute) == (1, 1, 1)


async def test_no_number_is_logged(asterisk: Asterisk, caplog: pytest.LogCaptureFixture) -> None:
    asterisk.refuses(7)
    asterisk.hangs_up(asterisk.begins(8), "fallback")
    asterisk.pool.later(10)
    await asterisk.importer().turn()
    assert "8112220001" not in caplog.text


async def _forget(pool: Pool, call: str) -> None:
    """Half an hour after its end the store does not know a call."""
    wire = Wire(pool.acd._url)
    await wire.call("DEL", f"suar:{{{pool.acd.pool}}}:call:{call}")
    wire.close()


async def test_a_folder_that_cannot_be_written_now_is_tried_again(
    asterisk: Asterisk, caplog: pytest.LogCaptureFixture
) -> None:
    (asterisk.folder / "log").write_text("in the way")
    reading = asyncio.create_task(asterisk.importer().run())
    await until_async(lambda: reading.done() or "log waits" in caplog.text, 5, "it was tried")
    (asterisk.folder / "log").unlink()
    asterisk.refuses(1)

    async def written() -> bool:
        return bool(await asterisk.records())

    await until_async(written, 10, "the call is in the history")
    reading.cancel()
