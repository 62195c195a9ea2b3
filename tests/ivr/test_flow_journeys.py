"""What callers meet: each test is one telephone call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from config.operator import operator
from ivr.instructions import Ask, Bye, Wait
from ivr.turn import Enqueue
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import (
    ANNOUNCEMENT,
    DARK,
    IDPEL,
    IN_OUTAGE,
    LIFE_SUPPORT,
    LIT,
    METER,
    NO_OUTAGE,
    SEVERAL,
    UNKNOWN,
    outage,
    report,
)
from tickets.views import CompensationView

pytestmark = pytest.mark.unit
Dial = Callable[..., ScriptedCaller]


def test_a_caller_from_a_dark_area_is_told_and_wants_to_be_told_when_power_is_back(call: Dial) -> None:
    caller = call(IN_OUTAGE)
    known = ["locate.here", "outage.announcement", "outage.options", "locate.another"]
    assert caller.keys == ["greeting", "emergency", *known]
    assert ANNOUNCEMENT in caller.heard

    assert isinstance(caller.presses("1"), Bye)
    assert caller.keys == ["report.attached", "goodbye.subscribed"]
    assert "5 4 1 0 0 0 0 0 0 0 1" in caller.heard  # the number, digit by digit
    wishes = {wish["kind"]: wish for wish in caller.intents}
    assert wishes["report"] == {
        "kind": "report", "key": "csimulated1:report", "number": "54100000001", "premises": 1, "area": DARK,
        "beside": [], "trouble": "padam", "only_me": False, "phone": IN_OUTAGE,
    }  # fmt: skip
    assert wishes["subscribe"] == {
        "kind": "subscribe", "key": "csimulated1:subscribe", "outage": 7, "phone": IN_OUTAGE,
    }  # fmt: skip


def test_only_my_building_is_dark(call: Dial) -> None:
    caller = call(IN_OUTAGE)
    caller.presses("2")
    assert caller.keys == ["emergency.short", "report.filed", "after.note"]
    assert [wish["only_me"] for wish in caller.intents] == [True]
    assert isinstance(caller.presses("0"), Wait)
    assert caller.queues == [Enqueue("gangguan")]


def test_silence_after_the_announcement_ends_politely(call: Dial) -> None:
    caller = call(IN_OUTAGE)
    assert isinstance(caller.keeps_silent(), Ask)
    # Not the whole speech again.
    assert caller.keys == ["emergency.short", "again.silent", "outage.options", "locate.another"]
    assert isinstance(caller.keeps_silent(), Bye)
    assert caller.keys == ["goodbye"]
    assert caller.state.closing
    assert caller.intents == []


def test_the_star_repeats_everything_and_costs_no_try(call: Dial) -> None:
    caller = call(IN_OUTAGE)
    for _ in range(4):
        caller.presses("*")
        assert "outage.announcement" in caller.keys
    assert isinstance(caller.keeps_silent(), Ask)


def test_before_any_statement_the_holding_statement_is_heard(call: Dial, world: World) -> None:
    world.outages[:] = [outage(statement_id=None, spoken="Kami menerima banyak laporan.", holding=True)]
    caller = call(IN_OUTAGE)
    assert "outage.holding" in caller.keys
    told = {"what": "told", "outage": 7, "statement": None, "holding": True, "area": DARK}
    assert caller.notes[-1] == {**told, "version": 0, "news": False, "facts": {}}


def test_a_known_caller_elsewhere_reports_with_one_key(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    assert caller.keys == ["greeting", "emergency.short", "locate.here", "menu.main", "locate.another"]
    caller.presses("1")
    assert "report.filed" in caller.keys
    assert caller.intents[0]["premises"] == 2
    assert not any(wish["kind"] == "subscribe" for wish in caller.intents)


@pytest.mark.parametrize(
    ("key", "queue"), [("0", "gangguan"), ("3", "keluhan"), ("4", "permintaan")], ids=["officer", "bill", "request"]
)
def test_the_menu_leads_to_a_person(call: Dial, key: str, queue: str) -> None:
    caller = call(NO_OUTAGE)
    waiting = caller.presses(key)
    assert isinstance(waiting, Wait)
    assert waiting.queue == queue
    assert caller.keys == ["emergency.short", "queue.officer", "waiting.place", "callback.offer"]
    assert "urutan ke-1" in caller.heard


def test_several_premises_are_named_by_area_or_street_and_never_by_customer(call: Dial) -> None:
    caller = call(SEVERAL)
    assert caller.keys == ["greeting", "emergency", "locate.several", "locate.item", "locate.elsewhere"]
    assert "Untuk Menteng tekan 1 Untuk Jalan Kenanga tekan 2 Untuk Jalan Melati tekan 3" in caller.heard
    assert "Rahasia" not in caller.heard
    assert "12" not in caller.heard
    caller.presses("1")
    assert "outage.announcement" in caller.keys


def test_two_premises_in_one_street_are_told_apart_by_their_last_digits(call: Dial, world: World) -> None:
    one, two, _ = world.phones[SEVERAL]
    twins = [replace(two, id=5, idpel="540000001111"), replace(two, id=6, idpel="540000002222")]
    world.phones = {SEVERAL: [one, *twins]}
    caller = call(SEVERAL)
    assert "Jalan Kenanga 1 1 1 1 tekan 2" in caller.heard
    assert "Jalan Kenanga 2 2 2 2 tekan 3" in caller.heard


def test_none_of_the_list_leads_to_the_menu(call: Dial) -> None:
    caller = call(SEVERAL)
    caller.presses("0")
    assert "menu.main" in caller.keys


def test_an_unknown_caller_chooses_among_the_affected_areas(call: Dial) -> None:
    caller = call(UNKNOWN)
    assert caller.keys == ["greeting", "emergency", "locate.affected", "locate.item", "locate.elsewhere"]
    caller.presses("1")
    assert "outage.announcement" in caller.keys
    caller.presses("1")
    report_wish = caller.intents[0]
    assert (report_wish["premises"], report_wish["area"]) == (None, DARK)
    assert caller.over


def test_an_outage_of_a_feeder_is_told_to_who_is_on_it_and_to_who_chooses_it(call: Dial, world: World) -> None:
    part = outage(codes=("feeder:MTG-03",), area_name="sebagian Menteng")
    world.outages[:] = [part]
    assert "outage.announcement" not in call(IN_OUTAGE).keys  # his feeder is not known
    (home,) = world.phones[IN_OUTAGE]
    world.phones = {**world.phones, IN_OUTAGE: [replace(home, beside=("ulp:menteng", "feeder:MTG-03"))]}
    assert "outage.announcement" in call(IN_OUTAGE).keys
    caller = call(UNKNOWN)
    assert "sebagian Menteng" in caller.heard
    caller.presses("1")
    assert "outage.announcement" in caller.keys


def test_an_unknown_caller_of_a_calm_region_hears_the_menu(call: Dial) -> None:
    caller = call(UNKNOWN, region="19")
    assert caller.keys == ["greeting", "emergency.short", "menu.main"]


@pytest.mark.parametrize("number", [IDPEL, METER], ids=["idpel", "meter"])
def test_an_unknown_caller_keys_a_number_and_reports(call: Dial, number: str) -> None:
    caller = call(UNKNOWN, region="19")
    asked = caller.presses("1")
    assert isinstance(asked, Ask)
    # With twelve keys taken, the hash would be an empty answer to the next question and cut off what it says.
    assert asked.digits == 12 + len("#")
    caller.presses(number)
    assert "report.filed" in caller.keys
    assert caller.intents[0]["premises"] == 2
    assert number not in str(caller.notes)  # the desk gets the premises, not the digits


def test_a_keyed_premises_in_a_dark_area_hears_the_announcement_first(call: Dial) -> None:
    caller = call(UNKNOWN, region="19")
    caller.presses("1")
    caller.presses("540000000001")
    assert "outage.announcement" in caller.keys
    assert caller.intents == []


def test_an_unknown_number_is_said_so_and_asked_again_twice_then_a_person(call: Dial) -> None:
    caller = call(UNKNOWN, region="19")
    caller.presses("1")
    for wrong in ("888888888888", "12345"):
        assert isinstance(caller.presses(wrong), Ask)
        assert caller.keys == ["emergency.short", "identify.unknown", "identify"]
    assert isinstance(caller.presses("111111111111"), Wait)
    assert caller.queues == [Enqueue("gangguan")]


def test_a_number_that_could_not_be_looked_up_is_not_said_to_be_wrong(
    call: Dial, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = world.look_up
    monkeypatch.setattr(world, "look_up", lambda wanted: None if wanted.kind == "number" else known(wanted))
    caller = call(UNKNOWN, region="19")
    caller.presses("1")
    assert isinstance(caller.presses(IDPEL), Wait)
    assert "identify.unread" in caller.keys
    assert "identify.unknown" not in caller.keys
    assert caller.queues == [Enqueue("gangguan")]


def test_still_dark_from_a_chosen_area_asks_which_building(call: Dial) -> None:
    caller = call(UNKNOWN)
    caller.presses("1")
    caller.presses("2")
    assert "identify" in caller.keys
    caller.presses("540000000001")
    assert "report.filed" in caller.keys  # the announcement of that outage was heard already
    assert caller.intents[0]["only_me"]


def test_a_withheld_number_can_do_all_but_be_told(call: Dial) -> None:
    caller = call("")
    caller.presses("1")
    caller.presses("1")
    assert caller.keys == ["emergency.short", "withheld"]
    assert caller.intents == []
    assert isinstance(caller.presses("0"), Wait)


# --- nobody who phones first is told that all is well


def test_the_first_caller_of_a_place_hears_nothing_about_it_and_how_to_report(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    assert caller.keys == ["greeting", "emergency.short", "locate.here", "menu.main", "locate.another"]
    assert "Lapor listrik padam, tekan satu." in caller.heard


def test_the_fourth_caller_hears_that_others_have_reported(call: Dial, world: World) -> None:
    world.several = {LIT}
    caller = call(NO_OUTAGE)
    known = ["locate.here", "locate.reported", "menu.main", "locate.another"]
    assert caller.keys == ["greeting", "emergency.short", *known]
    assert caller.notes[-1] == {"what": "others", "area": LIT}
    caller.presses("1")
    assert "report.filed" in caller.keys


def test_who_is_located_by_keys_hears_it_then_and_once(call: Dial, world: World) -> None:
    world.several = {LIT}
    caller = call(UNKNOWN, region="19")
    caller.presses("2")
    caller.presses(IDPEL)
    assert "locate.reported" in caller.keys
    caller.presses("1")
    assert "locate.reported" not in caller.keys


def test_in_a_busy_hour_it_is_said_too(call: Dial, world: World) -> None:
    world.several, world.level = {LIT}, 1
    assert "locate.reported" in call(NO_OUTAGE).keys


def test_a_known_outage_is_announced_instead(call: Dial, world: World) -> None:
    world.several = {DARK}
    caller = call(IN_OUTAGE)
    assert "outage.announcement" in caller.keys
    assert "locate.reported" not in caller.keys


def test_where_a_fact_cannot_be_had_nothing_is_claimed(
    call: Dial, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "look_up", lambda _wanted: None)
    caller = call(NO_OUTAGE)
    assert caller.keys == ["greeting", "emergency.short", "menu.main"]


def test_no_sentence_claims_that_there_is_no_outage() -> None:
    claims = re.compile(r"(tidak|belum) ada (gangguan|padam|pemadaman)|normal|no (known )?(outage|power cut)", re.I)
    said = [text for prompt in operator().prompts.prompts.values() for text in (prompt.id, prompt.en)]
    assert said
    assert [text for text in said if claims.search(text)] == []


def test_reporting_the_same_again_tells_how_the_first_report_stands(call: Dial, world: World) -> None:
    world.reports.append(report(2))
    caller = call(NO_OUTAGE)
    caller.presses("1")
    assert "status.enroute" in caller.keys
    assert caller.intents[0]["number"] == ""  # it becomes a line in the history of the first (C12)


def test_no_number_left_is_said_honestly(call: Dial, world: World) -> None:
    world.reserved.clear()
    caller = call(NO_OUTAGE)
    caller.presses("1")
    assert "report.number_follows" in caller.keys
    assert caller.intents[0]["number"] == ""


def test_a_wrong_key_is_told_and_asked_again(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("7")
    assert caller.keys == ["emergency.short", "again.invalid", "menu.main", "locate.another"]


def test_a_telephone_without_keys_reaches_a_person(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.keeps_silent()
    assert isinstance(caller.keeps_silent(), Wait)


def test_the_place_is_told_when_it_gets_better_and_never_when_it_gets_worse(call: Dial, world: World) -> None:
    world.place = 3
    caller = call(NO_OUTAGE)
    caller.presses("0")
    assert "urutan ke-3" in caller.heard
    told = []
    for world.place in (3, 5, 2, 0, 1):
        caller.keeps_silent()
        told.append(caller.heard.partition("urutan ")[2])
    assert told == ["", "", "ke-2", "", "ke-1"]


def test_after_an_unanswered_offer_the_caller_is_back_in_line_without_greetings(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("0")
    assert isinstance(caller.is_not_answered(), Wait)
    assert caller.keys == ["emergency.short", "waiting.again"]


def test_emergency_from_the_queue(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("0")
    waiting = caller.presses("9")
    assert isinstance(waiting, Wait)
    assert (waiting.queue, waiting.keys) == ("darurat", "")
    assert caller.queues[-1] == Enqueue("darurat", 0, emergency=True)
    assert "emergency.connecting" in caller.keys


def test_a_premises_with_life_support_has_a_head_start(call: Dial) -> None:
    caller = call(LIFE_SUPPORT)
    caller.presses("0")
    assert caller.queues == [Enqueue("gangguan", 5)]


def test_the_last_lines_take_emergencies_only(call: Dial) -> None:
    caller = call(IN_OUTAGE, triage=True)
    assert caller.keys == ["greeting", "emergency", "triage.others"]
    assert isinstance(caller.keeps_silent(), Bye)
    assert caller.queues == []

    caller = call(IN_OUTAGE, triage=True)
    caller.presses("9")
    assert caller.queues == [Enqueue("darurat", 0, emergency=True)]


def test_a_caller_hears_what_his_place_is_owed_and_by_which_regulation(call: Dial, world: World) -> None:
    rule = "Peraturan Menteri E S D M nomor 18 tahun 2019"
    world.compensation = CompensationView(month="November", regulation=rule, percent=75)
    caller = call(NO_OUTAGE)
    caller.presses("5")
    assert isinstance(caller.presses("1"), Ask)
    assert caller.keys == ["emergency.short", "compensation.owed", "after.compensation"]
    assert f"Menurut {rule} kompensasi tempat Anda untuk bulan November adalah 75 persen" in caller.heard
    waiting = caller.presses("0")
    assert isinstance(waiting, Wait)
    assert waiting.queue == "keluhan"


@pytest.mark.parametrize(("percent", "said"), [(0, "compensation.nothing"), (None, "compensation.uncertain")])
def test_no_percent_is_told_that_is_none_or_not_certain(
    call: Dial, world: World, percent: int | None, said: str
) -> None:
    world.compensation = CompensationView(month="November", regulation="Peraturan Menteri", percent=percent)
    caller = call(NO_OUTAGE)
    caller.presses("5")
    caller.presses("1")
    assert said in caller.keys
    assert "persen" not in caller.heard
    assert isinstance(caller.keeps_silent(), Bye)


def test_a_compensation_that_cannot_be_read_now_is_said_so_and_leads_to_an_officer(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("5")
    caller.presses("1")
    assert caller.keys == ["emergency.short", "compensation.unread", "after.compensation"]


def test_who_is_not_known_says_first_which_place_is_meant(call: Dial, world: World) -> None:
    world.compensation = CompensationView(month="November", regulation="Peraturan Menteri", percent=0)
    caller = call(UNKNOWN)
    caller.presses("0")  # none of the dark areas
    caller.presses("5")
    caller.presses("1")
    assert "identify" in caller.keys
    caller.presses(IDPEL)
    assert "compensation.nothing" in caller.keys
