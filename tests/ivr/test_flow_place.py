"""Who calls and from where: taken from the telephone and put right with a key; own numbers; configured answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from config import operator as operator_files
from config.schema.menu import CallbackNode, Choice, Node, OwnNumber, QueueNode
from ivr.instructions import Ask, Bye, Wait
from ivr.menu import Menu
from ivr.turn import CallBack, Enqueue
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import (
    DARK,
    IDPEL,
    IN_OUTAGE,
    LIFE_SUPPORT,
    LIT,
    NO_OUTAGE,
    SEVERAL,
    UNKNOWN,
    UTILITY,
    outage,
    premises,
    report,
)

pytestmark = pytest.mark.unit
Dial = Callable[..., ScriptedCaller]
HOSPITAL, LANDLINE, OWN = "+628110000009", "+622112345678", "0211239"


def test_a_known_caller_hears_which_area_he_is_taken_for_before_anything_is_said_of_it(call: Dial) -> None:
    caller = call(IN_OUTAGE)
    assert "Terdaftar di Menteng" in caller.heard.partition("Area Menteng, padam")[0]
    assert caller.heard.endswith("Tempat lain? Tekan enam.")
    assert "Tebet" in call(NO_OUTAGE).heard


def test_in_another_place_he_chooses_among_the_areas_now_affected(call: Dial, world: World) -> None:
    world.outages.append(outage(LIT, id=8, spoken="Tebet padam."))
    caller = call(IN_OUTAGE)
    assert isinstance(caller.presses("6"), Ask)
    assert caller.keys == ["emergency.short", "locate.affected", "locate.item", "locate.elsewhere"]
    assert "Menteng" not in caller.heard, "he has said that he is not there"
    caller.presses("1")
    assert "Tebet padam." in caller.heard
    assert "locate.another" not in caller.keys
    caller.presses("1")
    assert [wish.get("area", LIT) for wish in caller.intents] == [LIT, LIT]
    assert caller.intents[0]["premises"] is None


def test_where_no_other_area_is_affected_he_keys_the_number_of_the_place(call: Dial) -> None:
    caller = call(IN_OUTAGE)
    caller.presses("6")
    assert caller.keys == ["emergency.short", "identify"]
    caller.presses(IDPEL)
    caller.presses("1")
    assert [(wish["premises"], wish["area"]) for wish in caller.intents] == [(2, LIT)]


def test_a_report_made_before_is_not_the_one_of_the_other_place(call: Dial, world: World, menu: Menu) -> None:
    """An operator's menu may offer another place after a report: each gets its own."""
    nodes = {**menu.shape.nodes}
    after = nodes["tercatat"]
    nodes["tercatat"] = after.model_copy(update={"keys": {"6": "tempat_lain", **after.keys}})  # type: ignore[union-attr]
    other = Menu(menu.shape.model_copy(update={"nodes": nodes}), menu.prompts)
    caller = ScriptedCaller(other, world, ani=NO_OUTAGE, region="19")
    caller.dials()
    caller.presses("1")
    caller.presses("6")
    caller.presses("540000000001")
    caller.presses("2")
    assert [(wish["key"], wish["premises"]) for wish in caller.intents] == [
        ("csimulated1:report", 2), ("csimulated1:report:1", 1),
    ]  # fmt: skip
    assert caller.intents[0]["number"] != caller.intents[1]["number"]


def test_who_chose_from_a_list_or_keyed_a_number_is_not_asked_again(call: Dial) -> None:
    caller = call(SEVERAL)
    caller.presses("2")
    assert "locate.another" not in caller.keys
    caller = call(UNKNOWN, region="19")
    caller.presses("1")
    caller.presses("540000000001")
    assert "locate.another" not in caller.keys


def test_what_the_number_says_counts_and_not_where_it_was_issued(call: Dial, world: World) -> None:
    """A mobile carries no geography, and a landline (021: Jakarta) calls by the trunk of Bangka: the trunk's region."""
    for ani in (UNKNOWN, LANDLINE):
        caller = call(ani, region="19")
        assert caller.keys == ["greeting", "emergency.short", "menu.main"]
        assert caller.state.area == ""
        assert "locate.affected" in call(ani, region="31").keys


@pytest.mark.parametrize("how_many", [5, 7])
def test_at_most_five_places_are_listed_and_none_by_name_or_address(call: Dial, world: World, how_many: int) -> None:
    streets = ["Jalan Apel", "Jalan Belimbing", "Jalan Cempaka", "Jalan Duku", "Jalan Elang", "Jalan F", "Jalan G"]
    world.phones = {SEVERAL: [premises(n + 1, LIT, street=streets[n]) for n in range(how_many)]}
    caller = call(SEVERAL)
    assert "Jalan Elang tekan 5" in caller.heard
    assert "tekan 6" not in caller.heard
    assert "Rahasia" not in caller.heard


# --- those who must not stay dark


def test_a_public_service_has_a_head_start_as_life_support_has(call: Dial, world: World) -> None:
    world.phones = {**world.phones, HOSPITAL: [premises(6, LIT, public_service=True)]}
    caller = call(HOSPITAL)
    caller.presses("0")
    assert caller.queues == [Enqueue("gangguan", 5)]


def test_a_place_keyed_in_gives_its_head_start_too(call: Dial, world: World) -> None:
    world.numbers = {IDPEL: premises(6, LIT, public_service=True)}
    caller = call(UNKNOWN, region="19")
    caller.presses("2")
    caller.presses(IDPEL)
    caller.presses("0")
    assert caller.queues == [Enqueue("gangguan", 5)]


def test_a_number_of_its_own_leads_at_once_to_a_person_with_a_head_start(call: Dial) -> None:
    caller = call(UNKNOWN, region="19", dialled=OWN)
    assert isinstance(caller.instruction, Wait)
    assert caller.queues == [Enqueue("gangguan", 5)]
    assert {"what": "own-number", "priority": 5} in caller.notes, "the desk's card says so"


def test_on_that_number_an_outage_is_told_first_and_the_officer_stays_at_every_level(call: Dial, world: World) -> None:
    for world.level in (0, 1, 2):
        caller = call(IN_OUTAGE, dialled=OWN)
        assert "outage.announcement" in caller.keys
        assert "outage.options" in caller.keys
        assert isinstance(caller.presses("0"), Wait)
        assert caller.queues == [Enqueue("gangguan", 5)]


@pytest.mark.parametrize(
    ("ani", "dialled", "queues"),
    [(NO_OUTAGE, "", []), (LIFE_SUPPORT, "", ["gangguan"]), (NO_OUTAGE, OWN, ["gangguan"])],
)
def test_in_a_gapped_area_they_keep_the_officer(
    menu: Menu, world: World, ani: str, dialled: str, queues: list[str]
) -> None:
    caller = ScriptedCaller(menu, world, ani=ani, dialled=dialled)
    caller.caller = replace(caller.caller, gapped=True)
    caller.dials()
    if not dialled:
        caller.presses("0")
    assert [one.queue for one in caller.queues] == queues


def test_no_place_takes_the_head_start_of_the_number_away(call: Dial) -> None:
    caller = call(NO_OUTAGE, dialled=OWN)
    assert caller.queues == [Enqueue("gangguan", 5)]
    caller = call(LIFE_SUPPORT)
    caller.presses("6")
    assert caller.state.priority == 0, "another place than that of the machine"
    caller = call(IN_OUTAGE, dialled=OWN)
    caller.presses("6")
    assert caller.state.priority == 5


def test_everybodys_number_gives_none(call: Dial) -> None:
    caller = call(NO_OUTAGE, dialled="021123")
    caller.presses("0")
    assert caller.queues == [Enqueue("gangguan", 0)]


def test_a_number_of_its_own_may_begin_where_everybody_does(call: Dial, menu: Menu, world: World) -> None:
    shape = menu.shape.model_copy(update={"own_numbers": {"0217": OwnNumber(priority=3)}})
    caller = ScriptedCaller(Menu(shape, menu.prompts), world, ani=NO_OUTAGE, dialled="0217")
    caller.dials()
    assert "menu.main" in caller.keys
    caller.presses("0")
    assert caller.queues == [Enqueue("gangguan", 3)]


# --- questions with configured answers


@pytest.mark.parametrize(
    ("key", "answer", "word"),
    [
        ("2", "prepaid.rejected", "dua puluh angka"),
        ("3", "prepaid.forgotten", "bukti pembelian"),
        ("4", "prepaid.empty", "layar meter"),
    ],
)
def test_questions_about_tokens_are_answered_without_a_person(call: Dial, key: str, answer: str, word: str) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("5")
    assert caller.keys == ["emergency.short", "questions"]
    caller.presses(key)
    assert caller.keys[:2] == ["emergency.short", answer]
    assert word in caller.heard
    assert caller.notes[-1] == {"what": "information", "node": caller.notes[-1]["node"]}
    assert isinstance(caller.presses("0"), Wait)
    assert caller.queues == [Enqueue("gangguan")]


def test_a_meter_with_kwh_left_and_no_light_is_reported_with_one_key(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    for key in ("5", "4", "1"):
        caller.presses(key)
    assert "report.filed" in caller.keys
    assert len(caller.intents) == 1


def test_another_question_and_silence_ends_politely(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    for key in ("5", "2", "1"):
        caller.presses(key)
    assert caller.keys == ["emergency.short", "questions"]
    caller.presses("2")
    assert isinstance(caller.keeps_silent(), Bye)


def test_one_more_answer_is_yaml_alone(menu: Menu, world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("utility")
    for file in UTILITY.glob("*.yaml"):
        (folder / file.name).write_text(file.read_text())
    texts = {name: (folder / f"{name}.yaml").read_text() for name in ("menu", "prompts")}
    added = texts["menu"].replace('"4": kwh_habis,', '"4": kwh_habis, "5": segel,')
    added = added.replace("  sesudah_prabayar:", SEAL + "  sesudah_prabayar:")
    (folder / "menu.yaml").write_text(added)
    (folder / "prompts.yaml").write_text(texts["prompts"] + SAID)
    files = operator_files.load(folder)
    caller = ScriptedCaller(Menu(files.menu, files.prompts), world, ani=NO_OUTAGE)
    caller.dials()
    caller.presses("5")
    caller.presses("5")
    assert "Segel hanya dibuka petugas." in caller.heard


SEAL = "  segel: {kind: information, say: [prepaid.seal], then: sesudah_prabayar}\n"
SAID = "  prepaid.seal:\n    id: Segel hanya dibuka petugas.\n    en: Only an officer may open a seal.\n"


# --- being called back instead of waiting


def lines(menu: Menu) -> list[str]:
    """Every node that leads into a line."""
    return [name for name, node in menu.shape.nodes.items() if isinstance(node, QueueNode)]


def outside_the_hours(menu: Menu) -> list[Node]:
    """What is chosen while nobody serves: there is no line to wait in."""
    shape = menu.shape
    closed = [shape.nodes[name] for hours in shape.hours.values() for name in hours.instead.values()]
    return [shape.nodes[target] for node in closed if isinstance(node, Choice) for target in node.keys.values()]


def test_a_callback_is_offered_on_every_way_into_a_line(menu: Menu, world: World) -> None:
    for name in lines(menu):
        shape = menu.shape.model_copy(update={"start": name})
        caller = ScriptedCaller(Menu(shape, menu.prompts), world, ani=NO_OUTAGE)
        waiting = caller.dials()
        assert isinstance(waiting, Wait), name
        assert "callback.offer" in caller.keys, name
        assert "1" in waiting.keys, name
        assert isinstance(caller.presses("1"), Bye), name
        assert [one.queue for one in caller.callbacks] == [waiting.queue]
    ways = {node.unable for node in menu.shape.nodes.values() if isinstance(node, CallbackNode)}
    closed = {ways_out.unable for ways_out in outside_the_hours(menu) if isinstance(ways_out, CallbackNode)}
    assert ways - closed <= {*lines(menu)}, "who cannot be called back waits"


def test_a_callback_keeps_the_head_start(call: Dial, world: World) -> None:
    world.level = 3
    caller = call(LIFE_SUPPORT)
    caller.presses("0")
    caller.presses("1")
    assert caller.callbacks == [CallBack("gangguan", 5)]


def test_the_first_word_about_the_place_and_the_whole_call_stay_within_their_time(call: Dial, world: World) -> None:
    """By the estimate of the simulation; tests/ivr/test_speech.py measures the real voice."""
    world.reports.append(report(2))
    for ani, key in ((IN_OUTAGE, "1"), (NO_OUTAGE, "2")):
        caller = call(ani)
        first = next(line.at for line in caller.lines if "Terdaftar di" in line.what)
        assert first <= 10
        caller.presses(key)
        if not caller.over:
            caller.keeps_silent()
        assert caller.over
        assert caller.seconds <= 75


def test_a_premises_of_a_wide_outage_hears_its_own_area(call: Dial, world: World) -> None:
    (home,) = world.phones[IN_OUTAGE]
    world.phones = {IN_OUTAGE: [replace(home, area=DARK)]}
    world.outages = [replace(outage(), area="31.71", area_name="Jakarta Pusat", codes=("31.71",), spoken="Padam.")]
    caller = call(IN_OUTAGE)
    assert caller.keys[2:4] == ["locate.here", "outage.announcement"]
    assert "Terdaftar di Menteng Padam." in caller.heard
