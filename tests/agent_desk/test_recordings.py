"""Who may hear what was recorded, in parts too, and that it is written down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from agent_desk.permissions import Role, who_may
from config.settings import settings
from tests.fixtures.desk import Web
from tests.fixtures.recorded import sound
from tests.fixtures.tickets import NOON, a_premises, a_report
from tickets import recordings, reports, workorders
from tickets.models import Crew, RecordingAccess

pytestmark = pytest.mark.store
CALL = "c0000000000000042"


def a_note(web: Web) -> tuple[int, int, int]:
    """A voice note of four seconds: its id, its report and the order of that report, which regu1 has."""
    now = web.app.state.clock.now()
    with web.db.transaction() as session:
        premises = a_premises(session).id
        report = reports.file_report(session, a_report(premises_id=premises, only_me=True, key="k"), now=now)
        order = workorders.open_order(session, report.id)
        assert order is not None
        order.crew_id = session.scalars(select(Crew).where(Crew.login == "regu1")).one().id
        row = recordings.expect_note(session, call=CALL, number="", report_key="k", seconds=20, now=now)
        file = recordings.path_of(row)
        file.parent.mkdir(parents=True)
        sound(file, 4, NOON)
        recordings.kept(session, row.id, seconds=4, now=now)
        return row.id, premises, order.id


def a_conversation(web: Web) -> int:
    with web.db.transaction() as session:
        row = recordings.call_recorded(
            session, call=CALL, file=f"{CALL}.wav", seconds=60, now=web.app.state.clock.now()
        )
        file = recordings.path_of(row)
        file.parent.mkdir(parents=True)
        sound(file, 60, NOON)
        return row.id


def listeners(web: Web, recording: int) -> list[tuple[str, str]]:
    with web.db.reading() as session:
        return [(one.by, one.role) for one in recordings.listeners(session, recording)]


def test_the_table() -> None:
    R = Role
    assert who_may("GET", "/rekaman/panggilan/1") == {R.SUPERVISOR}
    assert who_may("GET", "/papan/rekaman/1") == who_may("POST", "/papan/rekaman/1/hapus") == {R.SUPERVISOR}
    assert who_may("GET", "/rekaman/catatan/1") == {R.CSO, R.SUPERVISOR, R.OPERATOR}
    assert who_may("GET", "/regu/1/catatan/1") == {R.CREW}


def test_a_voice_note_is_on_the_desk_and_in_parts_as_browsers_ask(web: Web) -> None:
    note, premises, _ = a_note(web)
    desk = web.client("cso1")
    assert f'src="/rekaman/catatan/{note}"' in desk.page(f"/meja/panggilan/tanpa?persil={premises}").text
    whole = desk.http.get(f"/rekaman/catatan/{note}")
    assert (whole.status_code, len(whole.content)) == (200, 44 + 4 * 16000)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["cache-control"] == "no-store"
    part = desk.http.get(f"/rekaman/catatan/{note}", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert listeners(web, note) == [("cso1", "cso")], "the parts of one sound are one access"
    web.client("op1").http.get(f"/rekaman/catatan/{note}", headers={"Range": "bytes=500-"}).raise_for_status()
    assert listeners(web, note) == [("op1", "operator"), ("cso1", "cso")]


def test_a_conversation_is_the_supervisors(web: Web) -> None:
    recording = a_conversation(web)
    for login in ("cso1", "op1", "eng1", "dir1", "regu1"):
        assert web.client(login).http.get(f"/rekaman/panggilan/{recording}").status_code == 403
        assert web.client(login).http.get(f"/papan/rekaman/{recording}").status_code == 403
    # Nor by the door of the notes.
    refused = web.client("cso1").http.get(f"/rekaman/catatan/{recording}")
    assert (refused.status_code, refused.json()["slug"]) == (404, "unknown-recording")
    assert listeners(web, recording) == []

    supervisor = web.client("spv1")
    page = supervisor.page(f"/papan/rekaman/{recording}").text
    assert ("Belum ada yang mendengarkan" in page, f'src="/rekaman/panggilan/{recording}"' in page) == (True, True)
    assert supervisor.http.get(f"/rekaman/panggilan/{recording}").status_code == 200
    assert listeners(web, recording) == [("spv1", "supervisor")]
    assert "<td>spv1</td>" in supervisor.page(f"/papan/rekaman/{recording}").text

    supervisor.post(f"/papan/rekaman/{recording}/hapus")
    gone = supervisor.http.get(f"/rekaman/panggilan/{recording}")
    assert (gone.status_code, gone.json()["slug"]) == (404, "unknown-recording")
    assert list((settings().recordings_dir / "calls").iterdir()) == []


def test_a_crew_hears_what_was_said_about_an_order_in_its_hands(web: Web) -> None:
    note, _, order = a_note(web)
    regu, path = web.client("regu1"), f"/regu/{order}/catatan/{note}"
    assert path in regu.page("/regu").text
    assert regu.http.get(path).status_code == 200
    assert listeners(web, note) == [("regu1", "crew")]
    assert regu.http.get(f"/rekaman/catatan/{note}").status_code == 403
    with web.db.transaction() as session:
        other = reports.file_report(session, a_report(area="31.71.06", only_me=True), now=web.app.state.clock.now())
        second = workorders.open_order(session, other.id)
        assert second is not None
        elsewhere = second.id
        second.crew_id = None
    assert regu.http.get(f"/regu/{elsewhere}/catatan/{note}").json()["slug"] == "not-your-work-order"
    with web.db.transaction() as session:
        row = workorders.open_order(session, other.id)
        assert row is not None
        row.crew_id = session.scalars(select(Crew).where(Crew.login == "regu1")).one().id
    # Its own order, but the note of another report.
    assert regu.http.get(f"/regu/{elsewhere}/catatan/{note}").json()["slug"] == "unknown-recording"
    for step in ("accept", "depart", "arrive", "start", "power_on", "complete"):
        regu.post(f"/regu/{order}/langkah", langkah=step).raise_for_status()
    assert regu.http.get(path).json()["slug"] == "unknown-work-order", "the work is done"


def test_a_sound_that_somebody_took_away_is_no_fault_of_ours(web: Web) -> None:
    recording = a_conversation(web)
    Path(settings().recordings_dir / "calls" / f"{CALL}.wav").unlink()
    answer = web.client("spv1").http.get(f"/rekaman/panggilan/{recording}")
    assert (answer.status_code, answer.json()["slug"]) == (404, "unknown-recording")


def test_who_listens_again_later_is_written_down_again(web: Web) -> None:
    recording = a_conversation(web)
    web.client("spv1").http.get(f"/rekaman/panggilan/{recording}").raise_for_status()
    with web.db.transaction() as session:
        session.scalars(select(RecordingAccess)).one().at -= timedelta(minutes=2)
    web.client("spv1").http.get(f"/rekaman/panggilan/{recording}").raise_for_status()
    assert len(listeners(web, recording)) == 2
