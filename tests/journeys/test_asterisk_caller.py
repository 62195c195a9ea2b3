"""What a caller hears and gets without a person: the announcement, the callback wish, the latest statement."""

from __future__ import annotations

from typing import Any

import pytest

from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.phones import Phone
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey
OUT = "19.71.05"  # Gerunggang, where the demo's outage is
DARK = "19.71.02"  # Taman Sari, where another one begins


def statement(line: Line, area: str) -> str:
    """The words that callers of an area hear now."""
    query = (
        "SELECT s.text FROM outage_statement s JOIN outage o ON o.id = s.outage_id "
        "WHERE o.area = :area AND s.status = 'published' ORDER BY s.id DESC"
    )
    found = line.rows(query, area=area)
    return str(found[0]["text"]) if found else ""


def test_deflected_hears_what_is_known_and_will_be_told_when_power_is_back(line: Line) -> None:
    caller = line.caller("in_outage")
    caller.dial("0717123")
    caller.wait("CALL_ESTABLISHED")
    call = line.wait_call(caller, CallState.IVR).id
    spoken = line.prompt(statement(line, OUT))
    assert spoken > 5
    until(lambda: caller.heard().loud_seconds() > 0.75 * spoken, 60, "as much speech as the statement is long", every=1)
    told = line.notes(call, "told")
    assert (told[0]["area"], told[0]["holding"]) == (OUT, False)

    caller.press("1")
    caller.wait("CALL_CLOSED", 40)
    assert line.record(call)["outcome"] == "announced"
    filed = until(
        lambda: line.rows(
            "SELECT id, number, kind, reporting_kind, outage_id FROM report WHERE call = :call", call=call
        ),
        30,
        "the report",
        every=0.2,
    )
    assert len(filed) == 1
    report = filed[0]
    assert (report["kind"], report["reporting_kind"]) == ("G", "ivr")
    assert report["number"].startswith("16")
    outage = line.rows("SELECT id FROM outage WHERE area = :area", area=OUT)[0]["id"]
    assert report["outage_id"] == outage
    assert line.rows("SELECT id FROM work_order WHERE report_id = :id", id=report["id"]) == []
    wish = until(lambda: line.rows("SELECT * FROM subscription WHERE call = :call", call=call), 30, "the subscription")
    assert (wish[0]["phone"], wish[0]["outage_id"]) == (line.product.seeded["in_outage"], outage)


def test_one_truth_holding_statement_first_then_what_the_supervisor_published(line: Line) -> None:
    supervisor = line.desk("spv1")
    premises = line.rows("SELECT id FROM premises WHERE area = :area ORDER BY id LIMIT 1", area=DARK)[0]["id"]
    number = line.rows(
        "SELECT p.e164 FROM phone p JOIN premises_phone l ON l.phone_id = p.id WHERE l.premises_id = :id", id=premises
    )[0]["e164"]
    confirmed = supervisor.post("/papan/padam", area=DARK, sebab="gangguan gardu").raise_for_status().json()
    caller = line.caller(number)
    try:
        told = _told(line, caller)
        assert (told["area"], told["holding"]) == (DARK, True)

        text = "Kecamatan Taman Sari padam karena gangguan gardu. Regu sudah di lokasi."
        supervisor.post(f"/papan/padam/{confirmed['outage']}/pernyataan", teks=text).raise_for_status()
        until(
            lambda: line.rows(
                "SELECT id FROM outage_statement WHERE text = :text AND rendered_at IS NOT NULL", text=text
            ),
            15,
            "the sound of the statement",
            every=0.2,
        )
        told = _told(line, caller)
        assert (told["area"], told["holding"]) == (DARK, False)
        spoken = line.prompt(text)
        until(lambda: caller.heard().loud_seconds() > 0.75 * spoken, 40, "the statement is heard", every=0.5)
        fallback = line.product.data / "sounds" / ".fallback.parts"
        until(lambda: line.sound_name(text) in fallback.read_text(), 15, "the fallback says it too", every=0.2)
    finally:
        supervisor.post(f"/papan/padam/{confirmed['outage']}/nyala").raise_for_status()


def test_at_level_four_the_announcement_without_a_question_and_the_emergency_key(line: Line) -> None:
    outside = line.telephone("darurat", tone=900)
    caller = line.caller("no_outage")
    line.ask(lambda acd: acd.set_level(4, reason="uji", by="spv1"))
    try:
        until(lambda: "=4" in _level(line), 10, "the level is known", every=0.1)
        known = {row["id"] for row in line.rows("SELECT id FROM call_record")}
        caller.dial("123")
        caller.wait("CALL_ESTABLISHED")
        until(lambda: caller.heard().loud_seconds() > 1, 10, "the announcement", every=0.2)
        caller.press("9")
        outside.wait("CALL_INCOMING")
        outside.answer()
        until(lambda: caller.hears(900) and outside.hears(1000), 10, "both hear each other", every=0.2)
        kept = until(
            lambda: [row for row in line.rows("SELECT id, ani FROM call_record") if row["id"] not in known],
            10,
            "the number is kept",
            every=0.2,
        )
        assert kept[0]["ani"] == line.product.seeded["no_outage"]
    finally:
        line.ask(lambda acd: acd.set_level(0, reason="uji", by="spv1"))
        until(lambda: "=0" in _level(line), 10, "calm again", every=0.1)


def test_at_level_four_who_comes_when_all_lines_of_the_front_are_taken_is_refused_before_the_answer(line: Line) -> None:
    first, second, third = (line.caller(f"+62811222{n:04}") for n in range(3))
    line.ask(lambda acd: acd.set_level(4, reason="uji", by="spv1"))
    try:
        until(lambda: "=4" in _level(line), 10, "the level is known", every=0.1)
        first.dial("123")
        first.wait("CALL_ESTABLISHED")
        second.dial("123")
        second.wait("CALL_CLOSED")
        assert "CALL_ESTABLISHED" not in second.kinds(), "refused, not answered"
        refused = "SELECT id, outcome, reason, dialled FROM call_record WHERE ani = '+628112220001'"
        (record,) = until(lambda: line.rows(refused), 10, "the history knows of it", every=0.1)
        assert (record["outcome"], record["reason"], record["dialled"]) == ("refused", "front-full", "123")
        assert "+628112220001" in {one.number for one in line.ask(lambda acd: acd.refused())}, "to be called back"
        until(lambda: first.heard().loud_seconds() > 0.5, 10, "the announcement", every=0.1)
        first.press("9")
        until(lambda: line.place(first) not in ("", "full"), 10, "in danger: no caller of the front any more")
        third.dial("123")
        third.wait("CALL_ESTABLISHED")
        assert line.events(record["id"]) == ["call.refused"], "once"
    finally:
        line.ask(lambda acd: acd.set_level(0, reason="uji", by="spv1"))
        until(lambda: "=0" in _level(line), 10, "calm again", every=0.1)


def _level(line: Line) -> str:
    shown = line.console("dialplan show globals").splitlines()
    return next((row.replace(" ", "") for row in shown if "SUAR_LEVEL" in row), "")


def _told(line: Line, caller: Phone) -> dict[str, Any]:
    """Call once more; answers what was announced."""
    if caller.in_call:
        caller.hang_up()
        until(lambda: not caller.in_call, 10, "the call before is over")
    established = caller.count("CALL_ESTABLISHED")
    caller.dial("0717123")
    caller.wait("CALL_ESTABLISHED", times=established + 1)
    call = line.wait_call(caller, CallState.IVR).id
    return until(lambda: line.notes(call, "told"), 15, "something is announced", every=0.2)[0]
