"""A voice note on a real Asterisk: ended by a key, by hanging up, by silence; told to the report, heard on the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.operator import operator
from tests.fixtures.asterisk import Line
from tests.fixtures.phones import Phone, Sound
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
VOICE = 1000
SPEAK = operator().prompts.prompts["note.speak"].id


def begins_to_speak(line: Line, caller: Phone) -> Path:
    """A report is filed, a note is asked for, the tone was heard; answers the file that grows."""
    before = {row["id"] for row in line.rows("SELECT id FROM recording")}
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().seconds > 0.5, 10, "the menu speaks")
    caller.press("1")
    call = until(lambda: (now := line.live(caller)) and now, 10, "the call is known").id
    # The second of a premises is told to the history of the first.
    filed = "SELECT id FROM report WHERE call = :call UNION SELECT id FROM report_event WHERE call = :call"
    until(lambda: line.rows(filed, call=call), 15, "the report is filed", every=0.1)
    caller.press("1")

    def asked() -> list[dict[str, Any]]:
        return [row for row in line.rows("SELECT id FROM recording WHERE call = :c", c=call) if row["id"] not in before]

    until(asked, 15, "a note is expected", every=0.1)
    file = line.product.data / "recordings" / "incoming" / "notes" / f"{call}.wav"
    until(lambda: file.exists() and file.stat().st_size > 48_000, line.prompt(SPEAK) + 15, "three seconds", every=0.1)
    return file


def kept(line: Line, call: str, state: str = "kept", seconds: float = 15) -> dict[str, Any]:
    """The row, once it is known what became of the sound."""
    query = "SELECT * FROM recording WHERE call = :call AND state = :state"
    return until(lambda: line.rows(query, call=call, state=state), seconds, f"the note is {state}", every=0.2)[0]


def test_what_a_caller_says_is_kept_with_the_report(line: Line) -> None:
    caller = line.caller("no_outage", tone=VOICE)
    file = begins_to_speak(line, caller)
    caller.press("#")
    row = kept(line, file.stem)
    assert 2.5 < row["seconds"] < 8
    said = Sound.read(line.product.data / "recordings" / "notes" / row["file"])
    assert said.tail(2).has(VOICE)
    assert not file.exists()
    until(lambda: line.place(caller) == "do", 10, "the caller is asked what next")
    (told,) = line.rows(
        "SELECT note, call FROM report_event WHERE report_id = :id AND key LIKE 'recorded:%'", id=row["report_id"]
    )
    assert told["note"].startswith("Catatan suara dari pelapor")

    desk = line.desk("cso1")
    sound = desk.http.get(f"/rekaman/catatan/{row['id']}", headers={"Range": "bytes=0-99"})
    assert (sound.status_code, sound.headers["content-type"], len(sound.content)) == (206, "audio/wav", 100)
    caller.hang_up()


def test_who_hangs_up_while_speaking_has_spoken(line: Line) -> None:
    caller = line.caller("no_outage", tone=VOICE)
    file = begins_to_speak(line, caller)
    caller.hang_up()
    caller.wait("CALL_CLOSED")
    row = kept(line, file.stem, seconds=80)
    assert row["seconds"] > 2.5
