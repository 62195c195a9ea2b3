"""How my report stands: what is told, in whose words, and what may be keyed then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from config.operator import operator
from ivr.instructions import Ask, Bye, Wait
from ivr.speech import prompts
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import DARK, IDPEL, IN_OUTAGE, NO_OUTAGE, UNKNOWN, report
from tickets import scripts
from tickets.kinds import CompletionCode, Intent, ReportKind
from tickets.rules import Elapsed, decide
from tickets.scripts import ALOUD, Facts, Said
from tickets.states import ReportStatus
from tickets.views import ReportView

pytestmark = pytest.mark.unit
Dial = Callable[..., ScriptedCaller]
CALLER = Facts(ALOUD, one_building=True)
OPEN, CLOSED = ReportStatus
STREET = "Jl. Kenanga Raya"
FINISHED = "kemarin pukul 18 lewat 58 WIB"


def words(
    facts: Facts, status: ReportStatus = OPEN, elapsed: Elapsed = Elapsed.LT3H, intent: Intent = Intent.ENQUIRY
) -> dict[str, tuple[Said, ...]]:
    """What the rule table and scripts.yaml give a caller with these facts."""
    decision = decide(ReportKind.GANGGUAN, status, intent, elapsed, False)
    return {"id": scripts.told(decision, facts, operator().scripts)}


def finished(completion: CompletionCode = CompletionCode.DONE, *, premises: int = 2) -> ReportView:
    """A fault that was finished yesterday."""
    facts = replace(CALLER, resolved=FINISHED, completion=completion)
    told = {"said": words(facts, CLOSED), "again": words(facts, CLOSED, intent=Intent.PLN_SIDE)}
    return report(premises, status=CLOSED.value, work_order_status=None, **told)


def test_status_of_my_report(call: Dial, world: World) -> None:
    world.reports.append(report(2, "54100000777*"))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.enroute", "after.note"]
    assert "5 4 1 0 0 0 0 0 7 7 7 sedang" in caller.heard  # the star is not spoken


def test_who_has_no_open_report_is_asked_for_one(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.none", "status.report_now"]
    caller.presses("1")
    assert "report.filed" in caller.keys
    assert caller.intents[0]["premises"] == 2


def test_within_three_hours_the_promise_in_the_words_of_the_cso(call: Dial, world: World) -> None:
    world.reports.append(report(2, work_order_status="assigned", said=words(CALLER)))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.assigned", "script.S1", "after.note"]
    assert "estimasi waktu penyelesaiannya ± 3 jam dari waktu lapor" in caller.heard
    assert "Bapak Ibu dapat memantau melalui PLN Mobile" in caller.heard


def test_within_three_hours_the_crews_street_is_told_when_it_is_known(call: Dial, world: World) -> None:
    world.reports.append(report(2, street=STREET, said=words(CALLER)))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.enroute", "status.position", "script.S1", "after.note"]
    assert f"Regu sekarang di {STREET}" in caller.heard


def test_after_three_hours_the_crew_on_its_way_is_told_with_its_street(call: Dial, world: World) -> None:
    moving = replace(CALLER, crew_mobile=True, en_route=True, street=STREET)
    world.reports.append(report(2, street=STREET, said=words(moving, elapsed=Elapsed.GE3H)))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.number", "script.S2", "after.note"]
    assert f"petugasnya sudah di {STREET} mohon untuk ditunggu" in caller.heard
    assert "3 jam" not in caller.heard, "it would be false by now"


def test_after_three_hours_without_a_position_an_apology(call: Dial, world: World) -> None:
    world.reports.append(report(2, said=words(CALLER, elapsed=Elapsed.GE3H)))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.enroute", "script.S3", "late.question"]
    assert "sudah melampaui perkiraan 3 jam" in caller.heard
    assert "dari waktu lapor" not in caller.heard


def test_a_street_without_its_sound_leaves_no_hole_in_a_sentence(call: Dial, world: World) -> None:
    moving = replace(CALLER, crew_mobile=True, en_route=True, street=STREET)
    world.reports.append(report(2, street="", said=words(moving, elapsed=Elapsed.GE3H)))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.enroute", "after.note"]


def test_several_reports_are_told_faults_first_and_not_more_than_three(call: Dial, world: World) -> None:
    world.reports += [
        report(2, f"5410000000{n}", kind=kind, said=words(CALLER) if kind == "G" else {})
        for n, kind in enumerate("KPGK", start=1)
    ]
    caller = call(NO_OUTAGE)
    caller.presses("2")
    told = ["status.enroute", "script.S1", "status.complaint", "status.request"]
    assert caller.keys == ["emergency.short", *told, "after.note"]
    assert "5 4 1 0 0 0 0 0 0 0 3" in caller.heard
    assert "5 4 1 0 0 0 0 0 0 0 4" not in caller.heard
    assert "regu" not in caller.heard.partition("Keluhan")[2], "nobody is sent for a complaint"


def test_inside_an_outage_its_statement_comes_first_and_no_promise_contradicts_it(call: Dial, world: World) -> None:
    world.reports.append(report(1, "54100000777", outage_id=7, said=words(CALLER)))
    caller = call(UNKNOWN, region="19")
    caller.presses("2")
    caller.presses("540000000001")
    assert caller.keys == ["emergency.short", "outage.announcement", "status.attached", "after.note"]
    assert "3 jam" not in caller.heard
    assert caller.notes[-3]["area"] == DARK


def test_a_report_of_ones_own_inside_an_outage_has_its_own_crew(call: Dial, world: World) -> None:
    world.reports.append(report(1, said=words(CALLER)))
    caller = call(UNKNOWN, region="19")
    caller.presses("2")
    caller.presses("540000000001")
    assert caller.keys == [
        "emergency.short",
        "outage.announcement",
        "status.enroute",
        "script.S1",
        "after.note",
    ]


def test_who_has_heard_the_statement_in_this_call_does_not_hear_it_again(call: Dial, world: World) -> None:
    world.reports.append(report(1, outage_id=7))
    caller = call(IN_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.attached", "after.note"]


# --- finished lately


def test_a_finished_report_is_told_with_its_time_and_may_be_said_to_be_dark_still(call: Dial, world: World) -> None:
    world.reports.append(finished())
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.number", "script.completed", "finished.question"]
    assert "sudah selesai ditangani kemarin pukul 18 lewat 58 WIB" in caller.heard
    caller.presses("1")
    assert caller.keys == ["emergency.short", "report.repeated", "after.note"]
    assert caller.intents == [
        {"kind": "still-dark", "key": "csimulated1:still-dark", "number": "54100000777", "only_me": False}
    ]


def test_each_piece_of_it_has_its_sound_before_anybody_calls(call: Dial, world: World) -> None:
    """But for the street of a crew, which is made when the crew tells where it is."""
    listed = {piece.text for piece in prompts.fixed()}
    moving = replace(CALLER, crew_mobile=True, en_route=True, street=STREET)
    unreached = finished(CompletionCode.PHONE_UNREACHABLE)
    for one in (
        report(2, said=words(CALLER)),
        report(2, said=words(replace(CALLER, one_building=False))),
        report(2, said=words(CALLER, elapsed=Elapsed.GE3H)),
        report(2, street=STREET, said=words(moving, elapsed=Elapsed.GE3H)),
        unreached,
    ):
        world.reports = [one]
        caller = call(NO_OUTAGE)
        caller.presses("2")
        if one is unreached:
            caller.presses("1")
            assert "script.S4" in caller.keys
        assert {piece.text for piece in caller.said} - listed <= {STREET}


def test_a_completion_that_could_not_reach_him_is_told_with_what_is_missing(call: Dial, world: World) -> None:
    world.reports.append(finished(CompletionCode.PHONE_UNREACHABLE))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    caller.presses("1")
    assert caller.keys == ["emergency.short", "report.repeated", "script.S4", "after.note"]
    assert "nomor telepon lain" in caller.heard
    assert isinstance(caller.presses("0"), Wait), "an officer writes it down"


def test_reporting_after_one_was_finished_asks_whether_it_is_that_one(call: Dial, world: World) -> None:
    world.reports.append(finished())
    caller = call(NO_OUTAGE)
    assert isinstance(caller.presses("1"), Ask)
    assert caller.keys == ["emergency.short", "status.number", "script.completed", "finished.question"]
    assert caller.intents == [], "nothing is filed before the caller has said which it is"
    caller.presses("2")
    assert caller.keys == ["emergency.short", "report.filed", "after.note"]
    assert [(wish["kind"], wish["only_me"]) for wish in caller.intents] == [("report", False)]


@pytest.mark.parametrize("key", ["1", "2"])
def test_only_my_building_is_remembered_through_that_question(call: Dial, world: World, key: str) -> None:
    world.reports.append(finished(premises=1))
    caller = call(IN_OUTAGE)
    caller.presses("2")
    caller.presses(key)
    assert [(wish["kind"], wish["only_me"]) for wish in caller.intents] == [
        ("still-dark" if key == "1" else "report", True)
    ]


def test_silence_after_that_question_changes_nothing(call: Dial, world: World) -> None:
    world.reports.append(finished())
    caller = call(NO_OUTAGE)
    caller.presses("2")
    caller.keeps_silent()
    assert isinstance(caller.keeps_silent(), Bye)
    assert caller.intents == []


def test_who_is_not_known_says_first_which_place_is_meant(call: Dial, world: World) -> None:
    world.reports.append(report(2, said=words(CALLER)))
    caller = call(UNKNOWN, region="19")
    caller.presses("2")
    assert "identify" in caller.keys
    caller.presses(IDPEL)
    assert caller.keys == ["emergency.short", "status.enroute", "script.S1", "after.note"]


def test_who_accepts_that_a_late_report_is_repeated_keys_it(call: Dial, world: World) -> None:
    world.reports.append(report(2, said=words(CALLER, elapsed=Elapsed.GE3H)))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.intents == [], "who only asks repeats nothing (C8)"
    caller.presses("1")
    assert caller.keys == ["report.passed_on", "goodbye"]
    assert [(wish["kind"], wish["number"], wish["only_me"]) for wish in caller.intents] == [
        ("still-dark", "54100000777", False)
    ]


def test_nobody_is_offered_a_repetition_where_a_statement_says_when_it_is_over(call: Dial, world: World) -> None:
    world.reports.append(report(1, outage_id=7, said=words(CALLER, elapsed=Elapsed.GE3H)))
    caller = call(UNKNOWN, region="19")
    caller.presses("2")
    caller.presses("540000000001")
    assert caller.keys[-2:] == ["status.attached", "after.note"]


def test_reports_that_could_not_be_read_are_not_said_to_be_none(
    call: Dial, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = world.look_up
    monkeypatch.setattr(world, "look_up", lambda wanted: None if wanted.kind == "asked" else known(wanted))
    caller = call(NO_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "status.unread", "status.report_now"]
