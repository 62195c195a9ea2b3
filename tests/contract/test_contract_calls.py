"""Every flow of the menu, played on every carrier: the same words, the same outcome, the same things written down.

A scenario knows callers, sentences by their keys, keys and telephones, and no carrier (tests/fixtures/carriers.py).
"""

from __future__ import annotations

from typing import Any

import pytest

from config.operator import operator
from router.calls import CallState
from tests.fixtures.carriers import Carriers, Scenario, Stage, fresh, play
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]  # the first one starts both products
OWN = "0211239"


# --- something is known there
def a_known_outage_and_to_be_told(stage: Stage) -> None:
    caller = stage.dials("in_outage", "0717123")
    stage.answers(caller, "outage.options", "1")
    stage.hears(caller, "goodbye.subscribed")
    stage.note("told", stage.notes(caller, "told"))
    (report,) = stage.reports(caller)
    assert report["outage_id"] is not None
    wish = "SELECT phone, outage_id FROM subscription WHERE call = :call"
    found = until(lambda: stage.line.rows(wish, call=stage.call(caller).id), 20, "the subscription", every=0.2)
    stage.note("subscription", found)
    stage.leaves(caller, "announced")


def the_star_repeats(stage: Stage) -> None:
    caller = stage.dials("in_outage", "0717123")
    stage.answers(caller, "outage.options", "*")
    stage.answers(caller, "outage.options", "*")
    stage.hears(caller, "outage.options")
    stage.leaves(caller)


def a_caller_who_calls_again_after_it_was_told(stage: Stage) -> None:
    caller = stage.dials("in_outage", "0717123")
    stage.hears(caller, "outage.options")
    stage.note("told", stage.notes(caller, "told"))
    stage.leaves(caller)


def only_my_building(stage: Stage) -> None:
    caller = stage.dials(next(fresh(stage.line, "19.71.05")), "0717123")
    stage.answers(caller, "outage.options", "2")
    stage.hears(caller, "after.note")
    stage.reports(caller)
    stage.leaves(caller)


def silence_after_the_announcement(stage: Stage) -> None:
    caller = stage.dials("in_outage", "0717123")
    stage.hears(caller, "goodbye")
    stage.leaves(caller, "announced")


def a_holding_statement_and_then_the_approved_one(stage: Stage) -> None:
    area, text = "31.74.01", "Tebet padam karena gangguan gardu. Regu sudah di lokasi."
    number = next(fresh(stage.line, area))
    supervisor = stage.line.desk("spv1")
    outage = supervisor.post("/papan/padam", area=area, sebab="gangguan gardu").raise_for_status().json()["outage"]
    try:
        first = stage.dials(number)
        stage.hears(first, "outage.options")
        holding = stage.notes(first, "told")[0]["holding"]
        stage.leaves(first)
        supervisor.post(f"/papan/padam/{outage}/pernyataan", teks=text).raise_for_status()
        query = "SELECT id FROM outage_statement WHERE text = :text AND rendered_at IS NOT NULL"
        until(lambda: stage.line.rows(query, text=text), 20, "the sound of the statement", every=0.2)
        second = stage.dials(number)
        stage.hears_text(second, text)
        stage.hears(second, "outage.options")
        stage.note("holding", [holding, stage.notes(second, "told")[0]["holding"]])
        assert stage.facts["holding"] == [True, False]
        stage.leaves(second)
    finally:
        supervisor.post(f"/papan/padam/{outage}/nyala").raise_for_status()


# --- whose line, which place
def several_premises(stage: Stage) -> None:
    caller = stage.dials("several_premises", "0717123")
    stage.hears(caller, "locate.several")
    stage.answers(caller, "locate.elsewhere", "2")
    stage.hears(caller, "menu.main")
    stage.note("located", stage.notes(caller, "located"))
    stage.leaves(caller)


def an_unknown_number_chooses_an_area(stage: Stage) -> None:
    caller = stage.dials("unknown", "0717123")
    stage.hears(caller, "locate.affected")
    stage.answers(caller, "locate.elsewhere", "1")
    stage.hears(caller, "outage.options")
    stage.leaves(caller)


def a_withheld_number_cannot_be_told(stage: Stage) -> None:
    caller = stage.dials("withheld", "0717123")
    stage.answers(caller, "locate.elsewhere", "1")
    stage.answers(caller, "outage.options", "1")
    stage.answers(caller, "withheld", "0")
    assert stage.queued(caller, "gangguan").ani == ""
    stage.leaves(caller)


def reporting_by_keys(stage: Stage, number: str) -> None:
    """An unknown caller keys the customer's number or the meter's."""
    caller = stage.dials("unknown")
    stage.answers(caller, "menu.main", "1")
    stage.answers(caller, "identify", number + "#")
    stage.hears(caller, "after.note")
    stage.reports(caller)
    stage.leaves(caller)


def place_of(stage: Stage, number: str) -> dict[str, Any]:
    query = (
        "SELECT r.idpel, r.meter FROM premises r JOIN premises_phone l ON l.premises_id = r.id "
        "JOIN phone p ON p.id = l.phone_id WHERE p.e164 = :number"
    )
    return stage.line.rows(query, number=number)[0]


def a_customer_number_is_keyed(stage: Stage) -> None:
    reporting_by_keys(stage, place_of(stage, next(stage.numbers))["idpel"])


def a_meter_number_is_keyed(stage: Stage) -> None:
    reporting_by_keys(stage, place_of(stage, next(stage.numbers))["meter"])


def a_wrong_number_three_times_and_then_a_person(stage: Stage) -> None:
    caller = stage.dials("unknown")
    stage.answers(caller, "menu.main", "1")
    for sentence in ("identify", "identify.unknown", "identify.unknown"):
        stage.answers(caller, sentence, "111111111111#")
    stage.queued(caller, "gangguan")
    stage.leaves(caller)


# --- the menu
def a_report_by_one_key(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "1")
    stage.hears(caller, "after.note")
    (report,) = stage.reports(caller)
    assert report["kind"] == "G"
    stage.leaves(caller)


def the_same_report_again_and_its_status(stage: Stage) -> None:
    number = next(stage.numbers)
    first = stage.dials(number)
    stage.answers(first, "menu.main", "1")
    stage.hears(first, "after.note")
    stage.reports(first)
    stage.leaves(first)
    second = stage.dials(number)
    stage.answers(second, "menu.main", "2")
    stage.answers(second, "after.note", "0")
    stage.queued(second, "gangguan")
    stage.leaves(second)


def no_report_to_tell_of(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "2")
    stage.hears(caller, "status.none")
    stage.answers(caller, "status.report_now", "1")
    stage.hears(caller, "after.note")
    stage.reports(caller)
    stage.leaves(caller)


def compensation(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "5")
    stage.answers(caller, "questions", "1")
    stage.answers(caller, "after.compensation", "0")
    stage.queued(caller, "keluhan")
    stage.leaves(caller)


def complaints(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "3")
    stage.queued(caller, "keluhan")
    stage.hears(caller, "waiting.place")
    stage.leaves(caller)


def new_connections(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "4")
    stage.queued(caller, "permintaan")
    stage.leaves(caller)


def wrong_keys(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "7")
    stage.hears(caller, "again.invalid")
    stage.answers(caller, "menu.main", "7")  # Indonesian, which is spoken
    stage.queued(caller, "gangguan")
    stage.leaves(caller)


def a_telephone_without_keys(stage: Stage) -> None:
    caller = stage.dials()
    stage.hears(caller, "again.silent")
    stage.queued(caller, "gangguan")
    stage.leaves(caller)


def a_place_in_line_is_told_and_life_support_has_a_head_start(stage: Stage) -> None:
    first = stage.waits()
    stage.hears(first, "waiting.place")
    second = stage.waits("life_support")
    stage.note("priority", stage.call(second).priority)
    assert stage.call(second).priority == operator().menu.life_support_priority
    for caller in (second, first):
        stage.leaves(caller)


def a_number_of_their_own(stage: Stage) -> None:
    """Those who must not stay dark dial another number, and are put in line unasked."""
    caller = stage.dials(dialled=OWN)
    assert stage.queued(caller, "gangguan").priority == operator().menu.own_numbers[OWN].priority
    stage.leaves(caller)


def a_voice_note_on_a_report(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "1")
    stage.answers(caller, "after.note", "1")
    stage.hears(caller, "note.speak")
    stage.hears(caller, "note.thanks")  # twenty seconds are the longest
    (report,) = stage.reports(caller)
    query = (
        "SELECT n.kind, r.number FROM recording n JOIN report r ON r.id = n.report_id "
        "WHERE n.call = :call AND n.state = 'kept'"
    )
    found = until(lambda: stage.line.rows(query, call=stage.call(caller).id), 30, "it is kept", every=0.2)
    assert found == [{"kind": "note", "number": report["number"]}]
    stage.leaves(caller, "announced")


def in_english(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "8")
    stage.hears_text(caller, operator().prompts.prompts["menu.main"].text("en"), "en")
    stage.presses(caller, "7")  # Indonesian again
    stage.answers(caller, "menu.main", "0")
    stage.queued(caller, "gangguan")
    stage.leaves(caller)


def another_place_than_that_of_the_telephone(stage: Stage) -> None:
    """Somebody in Jakarta asks how it stands at home, on Bangka."""
    caller = stage.dials("", "0717123")
    stage.answers(caller, "locate.another", "6")
    stage.hears(caller, "locate.affected")
    stage.answers(caller, "locate.elsewhere", "1")
    stage.hears(caller, "outage.options")
    stage.leaves(caller)


def a_question_about_tokens(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "5")
    stage.answers(caller, "questions", "2")
    stage.hears(caller, "prepaid.rejected")
    stage.answers(caller, "after.information", "1")
    stage.answers(caller, "questions", "4")
    stage.answers(caller, "prepaid.still_dark", "1")
    stage.hears(caller, "after.note")
    stage.reports(caller)
    stage.leaves(caller)


# --- an emergency, from every state
def urgent(stage: Stage, caller: Any) -> None:
    stage.presses(caller, operator().menu.emergency.key)
    stage.hears(caller, "emergency.connecting")
    assert stage.queued(caller, "darurat").emergency
    stage.leaves(caller)


def an_emergency_in_the_announcement(stage: Stage) -> None:
    caller = stage.dials("in_outage", "0717123")
    stage.hears(caller, "outage.options")
    urgent(stage, caller)


def an_emergency_in_the_first_question(stage: Stage) -> None:
    caller = stage.dials("unknown", "0717123")
    stage.hears(caller, "locate.elsewhere")
    urgent(stage, caller)


def an_emergency_in_the_menu(stage: Stage) -> None:
    caller = stage.dials()
    stage.hears(caller, "menu.main")
    urgent(stage, caller)


def an_emergency_while_a_number_is_keyed(stage: Stage) -> None:
    caller = stage.dials("unknown")
    stage.answers(caller, "menu.main", "1")
    stage.hears(caller, "identify")
    stage.presses(caller, "9#")
    assert stage.queued(caller, "darurat").emergency
    stage.leaves(caller)


def an_emergency_in_line(stage: Stage) -> None:
    caller = stage.waits()
    stage.hears(caller, "queue.officer")
    urgent(stage, caller)


def an_emergency_after_a_report(stage: Stage) -> None:
    caller = stage.dials()
    stage.answers(caller, "menu.main", "1")
    stage.hears(caller, "after.note")
    urgent(stage, caller)


# --- the surge ladder
def busy(stage: Stage) -> None:
    stage.level(1)
    caller = stage.dials("unknown", "0717123")
    stage.hears(caller, "locate.elsewhere")
    stage.leaves(caller)


def surge(stage: Stage) -> None:
    stage.level(2)
    dark = stage.dials("in_outage", "0717123")
    stage.hears(dark, "outage.options_callback")
    stage.leaves(dark)
    lit = stage.dials()
    stage.answers(lit, "menu.short", "0")
    stage.queued(lit, "gangguan")
    stage.leaves(lit)


def critical(stage: Stage) -> None:
    stage.level(3)
    dark = stage.dials("in_outage", "0717123")
    stage.hears(dark, "outage.options_short")
    stage.hears(dark, "goodbye")
    stage.leaves(dark, "announced")
    lit = stage.dials()
    stage.answers(lit, "menu.short", "0")
    stage.answers(lit, "queue.callback_or_partner", "0")
    stage.hears(lit, "callback.offer")  # the last that is said there
    stage.state(lit, CallState.WAITING)
    stage.leaves(lit)


SCENARIOS: list[Scenario] = [
    a_known_outage_and_to_be_told, a_caller_who_calls_again_after_it_was_told, the_star_repeats, only_my_building,
    silence_after_the_announcement, a_holding_statement_and_then_the_approved_one, several_premises,
    an_unknown_number_chooses_an_area, a_withheld_number_cannot_be_told, a_customer_number_is_keyed,
    a_meter_number_is_keyed, a_wrong_number_three_times_and_then_a_person, a_report_by_one_key,
    the_same_report_again_and_its_status, no_report_to_tell_of, compensation, complaints, new_connections, wrong_keys,
    a_telephone_without_keys, a_place_in_line_is_told_and_life_support_has_a_head_start,
    a_number_of_their_own, a_voice_note_on_a_report, in_english, another_place_than_that_of_the_telephone,
    a_question_about_tokens,
    an_emergency_in_the_announcement, an_emergency_in_the_first_question, an_emergency_in_the_menu,
    an_emergency_while_a_number_is_keyed, an_emergency_in_line, an_emergency_after_a_report, busy, surge, critical,
]  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_on_every_carrier_the_same(scenario: Scenario, carriers: Carriers) -> None:
    play(scenario, carriers)
